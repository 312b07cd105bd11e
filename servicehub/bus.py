"""Hints that something changed: topics are published after the commit, and whoever watches reads the database again.

Owns topic names and delivery within a process or, through Redis, between processes. A hint carries no data and may be lost or
merged: nothing may depend on it for correctness.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator
from typing import Any, Protocol

import redis.asyncio as aioredis
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.orm import Session

RESYNC = "__resync__"
"""Sent to every subscriber when hints may have been lost: read everything again."""
CHANNEL = "servicehub:hints"
PENDING_LIMIT = 1000
"""Different topics that may wait for one slow subscriber; beyond, it gets one RESYNC instead."""
_AFTER_COMMIT, _TOPICS = "after_commit", "bus_topics"  # keys of Session.info; the first is run by the database
_log = logging.getLogger(__name__)


def order(no: str) -> str:
    """One order: its status, visit, messages."""
    return f"order:{no}"


def customer(customer_id: int) -> str:
    """Everything that one customer sees."""
    return f"customer:{customer_id}"


def technician(technician_id: int) -> str:
    """One technician's offers, day, earnings, notices."""
    return f"technician:{technician_id}"


def dispatch(city: str) -> str:
    """A city's board: orders to place, offers, alarms."""
    return f"dispatch:{city}"


def overview(city: str) -> str:
    """A city's figures."""
    return f"overview:{city}"


def positions(city: str) -> str:
    """Where a city's technicians are."""
    return f"positions:{city}"


class Subscription:
    """The hints of one watcher: each waiting topic once, in order of first publication."""

    def __init__(self, topics: frozenset[str]) -> None:
        self._topics = topics
        self._loop = asyncio.get_running_loop()
        self._pending: dict[str, None] = {}
        self._lock = threading.Lock()
        self._wake = asyncio.Event()

    def offer(self, topics: tuple[str, ...]) -> None:
        """Note the topics that this watcher asked for; callable from any thread."""
        wanted = [topic for topic in topics if topic in self._topics or topic == RESYNC]
        if not wanted:
            return
        with self._lock:
            self._pending.update(dict.fromkeys(wanted))
            if len(self._pending) > PENDING_LIMIT:
                self._pending = {RESYNC: None}
        with contextlib.suppress(RuntimeError):  # the watcher's loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(self._wake.set)

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        while True:
            with self._lock:
                topic = next(iter(self._pending), None)
                if topic is not None:
                    del self._pending[topic]
                    return topic
                self._wake.clear()
            await self._wake.wait()


class EventBus(Protocol):
    """Where hints go."""

    def publish_now(self, *topics: str) -> None:
        """Send hints at once, from any thread; never raises and never waits for a subscriber."""

    def subscribe(self, *topics: str) -> contextlib.AbstractAsyncContextManager[Subscription]:
        """`async with bus().subscribe(…) as hints: async for topic in hints: …`"""

    async def start(self) -> None:
        """Begin to receive."""

    async def stop(self) -> None:
        """Stop receiving."""


class LocalBus:
    """Hints within this process."""

    def __init__(self) -> None:
        self._watchers: set[Subscription] = set()
        self._lock = threading.Lock()

    def publish_now(self, *topics: str) -> None:
        """See `EventBus`."""
        self._deliver(topics)

    @contextlib.asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncIterator[Subscription]:
        """See `EventBus`."""
        subscription = Subscription(frozenset(topics))
        with self._lock:
            self._watchers.add(subscription)
        try:
            yield subscription
        finally:
            with self._lock:
                self._watchers.discard(subscription)

    async def start(self) -> None:
        """See `EventBus`."""

    async def stop(self) -> None:
        """See `EventBus`."""

    def _deliver(self, topics: tuple[str, ...]) -> None:
        with self._lock:
            watchers = tuple(self._watchers)
        for watcher in watchers:
            watcher.offer(topics)


class RedisBus(LocalBus):
    """Hints between processes: one publishing and one subscribed connection each; Redis is never waited for when it is away."""

    def __init__(self, url: str, *, channel: str = CHANNEL, retry_s: float = 0.5) -> None:
        super().__init__()
        self._url, self._channel, self._retry_s = url, channel, retry_s
        self._sender: Redis = Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)
        self._receiving: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    def publish_now(self, *topics: str) -> None:
        """See `EventBus`. When Redis does not answer, this process's own watchers still hear."""
        if not topics:
            return
        try:
            self._sender.publish(self._channel, "\n".join(topics))
        except RedisError:
            _log.warning("redis did not take %d hints", len(topics))
            self._deliver(topics)

    async def start(self) -> None:
        """See `EventBus`. Returns once the first subscription stands, or after five seconds without Redis."""
        self._receiving = asyncio.create_task(self._receive_for_ever(), name="bus-redis")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), 5)

    async def stop(self) -> None:
        """See `EventBus`."""
        if self._receiving is not None:
            self._receiving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._receiving
        self._sender.close()

    async def _receive_for_ever(self) -> None:
        while True:
            try:
                await self._receive()
            except (RedisError, OSError):
                _log.warning("lost the redis subscription; trying again")
            await asyncio.sleep(self._retry_s)

    async def _receive(self) -> None:
        client: Any = aioredis.Redis.from_url(self._url, socket_connect_timeout=2, health_check_interval=10)
        async with client, client.pubsub(ignore_subscribe_messages=True) as subscribed:
            await subscribed.subscribe(self._channel)
            await subscribed.get_message(timeout=2)  # the confirmation
            if self._ready.is_set():
                self._deliver((RESYNC,))
            self._ready.set()
            async for message in subscribed.listen():
                self._deliver(tuple(message["data"].decode().split("\n")))


_bus: EventBus = LocalBus()


def bus() -> EventBus:
    """The process's bus; local until `use` says otherwise."""
    return _bus


def use(chosen: EventBus) -> EventBus:
    """Make `chosen` the process's bus; returns the one it replaces."""
    global _bus
    replaced, _bus = _bus, chosen
    return replaced


def publish(session: Session, *topics: str) -> None:
    """Hint at `topics` once this transaction is committed; nothing is sent if it is rolled back."""
    waiting: dict[str, None] | None = session.info.get(_TOPICS)
    if waiting is None:
        waiting = session.info[_TOPICS] = {}
        collected = waiting
        session.info.setdefault(_AFTER_COMMIT, []).append(lambda: bus().publish_now(*collected))
    waiting.update(dict.fromkeys(topics))


def pending(session: Session) -> tuple[str, ...]:
    """What this transaction will hint at."""
    return tuple(session.info.get(_TOPICS, ()))
