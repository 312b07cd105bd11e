"""What the simulated platforms share: their books, which outlive a restart, what goes wrong, and how messages are sent."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from servicehub import clock
from servicehub.gateway_sim.keys import Keys

ZONE = ZoneInfo("Asia/Shanghai")
RETRY_AFTER_S = (1.0, 2.0, 5.0, 15.0, 60.0)
"""The platforms' hours, compressed."""
TIMEOUT_S = 5.0
REFUNDS_APART = timedelta(seconds=60)
"""The least time between two refunds of one payment, where a platform wants any."""
Message = Callable[[], tuple[bytes, dict[str, str]]]
"""Builds a message anew for every sending: a fresh signature around the same event."""


@dataclass(slots=True)
class Faults:
    """What goes wrong; by default nothing does."""

    drop: float = 0.0
    """Share of messages that are lost on their way."""
    duplicates: int = 0
    """Each message is sent so many times more."""
    delay_s: float = 0.0
    hold: bool = False
    """Messages are kept until they are asked for."""
    forge: bool = False
    """Messages carry a wrong signature."""
    probe: bool = False
    """A message with a deliberately wrong signature goes ahead of each, as WeChat Pay sends them."""
    lose_answers: int = 0
    """So many of the next writing requests are carried out, and their answer breaks off on its way."""
    hang: int = 0
    """So many of the next writing requests are carried out and never answered."""
    errors: int = 0
    """So many of the next requests are answered with an error of the platform, and not carried out."""
    share_ahead_s: float = 0.0
    """How far the clock is ahead by which shares are judged: too early, or released."""
    share_pending: int = 0
    """So many of the next questions about shares are told that they are still under way."""
    share_fails: int = 0
    """So many of the next shares are accepted and come to nothing."""
    return_fails: int = 0
    """So many of the next returns come to nothing."""
    accounts_closed: int = 0
    """So many of the next refunds find the payer's account closed, and are refused."""
    refunds_abnormal: int = 0
    """So many of the next refunds are accepted, and come to nothing because the payer's card is void."""
    transfer_pending: int = 0
    """So many of the next transfers, or looks at them, are still being accepted."""
    transfer_stuck: int = 0
    """So many of the next transfers are accepted, and hang until they are asked for once more."""
    transfer_no_money: int = 0
    """So many of the next transfers find the merchant's account empty."""

    def take(self, name: str) -> bool:
        """Whether this time goes wrong; counts it."""
        left: int = getattr(self, name)
        setattr(self, name, max(left - 1, 0))
        return bool(left)


class BrokenOff(Response):
    """An answer of which the first byte arrives, and then the connection ends."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Promise more than comes."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"64")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})


@dataclass(slots=True)
class Platform:
    """One simulated world. Documents are plain JSON, by kind and number."""

    keys: Keys
    faults: Faults = field(default_factory=Faults)
    retry_after_s: tuple[float, ...] = RETRY_AFTER_S
    refunds_apart: timedelta = REFUNDS_APART
    held: list[tuple[str, Message]] = field(default_factory=list)
    sent: list[tuple[str, int]] = field(default_factory=list)
    """Messages that were taken or refused: where they went, and the status that came back (0: none)."""
    dice: random.Random = field(default_factory=lambda: random.Random(1))
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _books: sqlite3.Connection = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._books = sqlite3.connect(self.keys.home / "books.db", isolation_level=None, check_same_thread=False)
        self._books.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
            "CREATE TABLE IF NOT EXISTS document (kind TEXT, no TEXT, body TEXT, PRIMARY KEY (kind, no))"
        )

    def close(self) -> None:
        """Let go of the file."""
        self._books.close()

    def get(self, kind: str, no: str) -> dict[str, Any] | None:
        """The document of that kind and number."""
        with self._lock:
            row = self._books.execute("SELECT body FROM document WHERE kind = ? AND no = ?", (kind, no)).fetchone()
        found: dict[str, Any] | None = json.loads(row[0]) if row else None
        return found

    def put(self, kind: str, no: str, document: dict[str, Any]) -> None:
        """Keep the document."""
        with self._lock:
            self._books.execute("INSERT OR REPLACE INTO document VALUES (?, ?, ?)", (kind, no, json.dumps(document)))

    def every(self, kind: str) -> Iterator[dict[str, Any]]:
        """All documents of a kind, by number."""
        yield from (document for _no, document in self.numbered(kind))

    def numbered(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """All documents of a kind with their numbers, by number."""
        with self._lock:
            rows = self._books.execute("SELECT no, body FROM document WHERE kind = ? ORDER BY no", (kind,)).fetchall()
        yield from ((no, json.loads(body)) for no, body in rows)

    def forget(self) -> None:
        """Empty the books."""
        with self._lock:
            self._books.execute("DELETE FROM document")

    def stumbles(self) -> bool:
        """Whether this request meets an error of the platform."""
        return self.faults.take("errors")

    async def answered(self, answer: Response) -> Response:
        """The answer to a writing request as it arrives: whole, broken off, or never."""
        if self.faults.take("hang"):
            await asyncio.Event().wait()
        return BrokenOff() if self.faults.take("lose_answers") else answer

    def send(self, url: str, message: Message) -> None:
        """Deliver a message until it is taken; in the background, as often and as late as the faults say."""
        if self.faults.hold:
            self.held.append((url, message))
            return
        for _ in range(1 + self.faults.duplicates):
            task = asyncio.get_running_loop().create_task(self._deliver(url, message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def release(self, *, backwards: bool = False) -> int:
        """Send what was held, in the order in which it happened or the other way round; how many."""
        self.faults.hold = False
        held, self.held = self.held, []
        for url, message in reversed(held) if backwards else held:
            self.send(url, message)
        return len(held)

    async def _deliver(self, url: str, message: Message) -> None:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
            for wait_s in (self.faults.delay_s, *self.retry_after_s):
                await asyncio.sleep(wait_s)
                if self.dice.random() < self.faults.drop:
                    continue
                content, headers = message()
                try:
                    status = (await client.post(url, content=content, headers=headers)).status_code
                except httpx.HTTPError:
                    status = 0
                self.sent.append((url, status))
                if 200 <= status < 300:
                    return


def now() -> datetime:
    """By the platforms' clock, which is the product's: a demo's may run ahead of the machine's."""
    return clock.now().astimezone(ZONE)
