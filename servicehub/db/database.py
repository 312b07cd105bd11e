"""The database of this process: one way to write, one way to read, the same on SQLite and PostgreSQL.

Owns transactions: nothing else commits. Owns no table and no rule.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, TypeVar

import sqlalchemy as sa
from sqlmodel import Session

from servicehub.db.engines import normalised
from servicehub.db.lanes import Job
from servicehub.db.postgres import PostgresStore
from servicehub.db.sqlite import SqliteStore
from servicehub.settings import Settings

T = TypeVar("T")
QUEUE_LIMIT = 1024
"""Calls that may wait for a thread before browsing is refused."""
URGENT_LIMIT = 256
"""Calls of the reserved lane (money) that may wait."""
SQLITE_READERS = 4
POSTGRES_WRITERS = 8
POSTGRES_READERS = 6
KEPT_LATENCIES = 512


@dataclass(frozen=True, slots=True)
class Pressure:
    """How hard the database is pressed: waiting calls, and seconds from asking to durable over the last writes."""

    writes_queued: int
    reads_queued: int
    oldest_write_s: float
    write_p99_s: float


class Database:
    """Runs `fn(session, *args, **kwargs)` in a transaction of its own, on threads of its own.

    `fn` never commits; what it returns are plain values or rows, which stay readable after the transaction. If it raises,
    nothing is stored and the caller gets the exception.
    """

    def __init__(self, source: Settings | str) -> None:
        self.url: sa.URL = normalised(source if isinstance(source, str) else source.sqlalchemy_url)
        self.is_sqlite: bool = self.url.get_backend_name() == "sqlite"
        self._latencies: deque[float] = deque(maxlen=KEPT_LATENCIES)
        self._closing = threading.Lock()
        self._open = True
        self._store = self._make_store()

    def _make_store(self) -> SqliteStore | PostgresStore:
        bounds = {"limit": QUEUE_LIMIT, "urgent_limit": URGENT_LIMIT}
        if self.is_sqlite:
            return SqliteStore(self.url, readers=SQLITE_READERS, committed=self._latencies.append, **bounds)
        return PostgresStore(
            self.url,
            writers=POSTGRES_WRITERS,
            readers=POSTGRES_READERS,
            committed=self._latencies.append,
            **bounds,
        )

    async def write(
        self, fn: Callable[Concatenate[Session, ...], T], *args: Any, urgent: bool = False, **kwargs: Any
    ) -> T:
        """Run `fn` in a writing transaction; returns after the COMMIT.

        Raises:
            Overloaded: too many calls wait. `urgent=True` (money) uses a reserved lane that is served first.
        """
        return await asyncio.wrap_future(self._store.write_lane.submit(Job(fn, args, kwargs), urgent=urgent))

    async def read(self, fn: Callable[Concatenate[Session, ...], T], *args: Any, **kwargs: Any) -> T:
        """Run `fn` on a snapshot that it cannot change.

        Raises:
            Overloaded: too many calls wait.
        """
        return await asyncio.wrap_future(self._store.read_lane.submit(Job(fn, args, kwargs), urgent=False))

    def write_now(
        self, fn: Callable[Concatenate[Session, ...], T], *args: Any, urgent: bool = False, **kwargs: Any
    ) -> T:
        """`write` for threads: blocks until the COMMIT."""
        result: T = self._store.write_lane.submit(Job(fn, args, kwargs), urgent=urgent).result()
        return result

    def read_now(self, fn: Callable[Concatenate[Session, ...], T], *args: Any, **kwargs: Any) -> T:
        """`read` for threads."""
        result: T = self._store.read_lane.submit(Job(fn, args, kwargs), urgent=False).result()
        return result

    def pressure(self) -> Pressure:
        """What the health page and the metrics show."""
        recent = sorted(self._latencies)
        return Pressure(
            writes_queued=self._store.write_lane.queued(),
            reads_queued=self._store.read_lane.queued(),
            oldest_write_s=self._store.write_lane.oldest_s(),
            write_p99_s=recent[(len(recent) * 99) // 100] if recent else 0.0,
        )

    def close(self) -> None:
        """Finish what is queued and disconnect; a second call does nothing."""
        with self._closing:
            if self._open:
                self._open = False
                self._store.close()
