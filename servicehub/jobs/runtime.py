"""The life of the background work of one process: start with the process, stop within two seconds, be seen to be alive.

Roles: `all` runs everything, `web` only stores jobs, `worker` runs jobs and competes for the pulse. The housekeeping of the job
engine (heartbeat, jobs of dead processes, old jobs) is here because it has to do with processes, not with the trade.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import threading
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlmodel import Session, col, select

from servicehub import bus, clock, outbox
from servicehub.db import Database, close_database, migrations, open_database
from servicehub.jobs import handlers, ticks
from servicehub.jobs.engine import DbosEngine, Retry
from servicehub.jobs.pulse import Pulse
from servicehub.models.job import Worker
from servicehub.settings import Settings, get_settings

HEARTBEAT_S = 5
DEAD_AFTER = timedelta(seconds=30)
FORGET_EVERY = 60
"""Heartbeats between two deletions of old jobs."""
REGISTERED = (handlers, ticks)
"""Importing these registers every handler and duty."""
_log = logging.getLogger(__name__)


class Runtime:
    """Background work of this process. `start` and `stop` block: call them in a thread."""

    def __init__(self, database: Database, role: str, *, retry: Retry | None = None) -> None:
        if database.is_sqlite and role != "all":
            raise ValueError(f"role {role!r} needs PostgreSQL: SQLite has one writing process")
        self._database, self._role = database, role
        self._works = role != "web"
        # SQLite has one process: keeping its name lets it resume its own jobs at the next start
        self.id = "embedded" if database.is_sqlite else f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:6]}"
        self.engine = DbosEngine(database, executor_id=self.id, runs_jobs=self._works, retry=retry)
        self.pulse = Pulse(database)
        self._started_at = clock.machine_now()
        self._stopping = threading.Event()
        self._keeper = threading.Thread(target=self._keep_house, name="housekeeping", daemon=True)

    def start(self) -> None:
        """Start the engine, then everything that needs it."""
        self.engine.start()
        outbox.set_engine(self.engine)
        if self._works:
            self._keeper.start()
            self.pulse.start()

    def stop(self) -> None:
        """Stop in the opposite order, within two seconds."""
        self._stopping.set()
        if self._works:
            self.pulse.stop(timeout_s=0.5)
            if self._keeper.is_alive():
                self._keeper.join(0.5)
        outbox.set_engine(None)
        self.engine.stop(timeout_s=0.5)

    def _keep_house(self) -> None:
        beats = 0
        while True:
            try:
                self.keep_house(forget=beats % FORGET_EVERY == 0)
            except Exception:  # noqa: BLE001 - housekeeping tries again at the next beat
                _log.exception("housekeeping failed")
            beats += 1
            if self._stopping.wait(HEARTBEAT_S):
                return

    def keep_house(self, *, forget: bool) -> None:
        """One beat: be alive, take over from the dead, try again what seemed to kill them, forget what is old."""
        now = clock.machine_now()
        summary = {name: record.as_json() for name, record in self.pulse.records.items()}
        self._database.write_now(show_alive, self.id, self._role, started_at=self._started_at, now=now, ticks=summary)
        for dead in self._database.read_now(dead_workers, now):
            adopted = self.engine.adopt(dead)
            _log.warning("process %s died; %d of its jobs run again", dead, adopted)
            self._database.write_now(bury, dead, now)  # last: a crash before this only repeats the adoption
        if revived := self.engine.revive():
            _log.warning("%d jobs during which this program died run again", revived)
        if forget:
            self.engine.forget()


def show_alive(
    session: Session, worker_id: str, role: str, *, started_at: datetime, now: datetime, ticks: dict[str, Any]
) -> None:
    """Write this process's heartbeat."""
    worker = session.get(Worker, worker_id) or Worker(id=worker_id, role=role, started_at=started_at, seen_at=now)
    worker.started_at, worker.seen_at, worker.ticks = started_at, now, ticks
    session.add(worker)


def dead_workers(session: Session, now: datetime) -> list[str]:
    """Processes whose last heartbeat is too old."""
    return list(session.exec(select(Worker.id).where(col(Worker.seen_at) < now - DEAD_AFTER)))


def bury(session: Session, worker_id: str, now: datetime) -> None:
    """Remove a dead process, unless it has come back."""
    worker = session.get(Worker, worker_id)
    if worker is not None and worker.seen_at < now - DEAD_AFTER:
        session.delete(worker)


def make_ready(settings: Settings) -> None:
    """Bring the embedded database to this program's schema; a server's is changed by `servicehub db upgrade` only.

    Raises:
        RuntimeError: the server's database has another schema.
    """
    url = settings.sqlalchemy_url
    if settings.is_sqlite:
        migrations.upgrade(url)
    elif migrations.current(url) != migrations.head():
        have = migrations.current(url) or "no schema"
        raise RuntimeError(
            f"this program needs schema {migrations.head()}, the database has {have}: run `servicehub migrate`"
        )


@contextlib.asynccontextmanager
async def lifespan(settings: Settings | None = None, *, retry: Retry | None = None) -> AsyncIterator[Runtime]:
    """Database, bus and background work for as long as the application serves."""
    chosen = settings or get_settings()
    await asyncio.to_thread(make_ready, chosen)
    async with contextlib.AsyncExitStack() as stack:
        database = await asyncio.to_thread(open_database, chosen)
        stack.push_async_callback(asyncio.to_thread, close_database)
        await stack.enter_async_context(_hints(chosen))
        runtime = Runtime(database, chosen.role, retry=retry)
        stack.push_async_callback(asyncio.to_thread, runtime.stop)
        await asyncio.to_thread(runtime.start)
        yield runtime


@contextlib.asynccontextmanager
async def _hints(settings: Settings) -> AsyncIterator[None]:
    chosen = bus.RedisBus(settings.redis_url, channel=bus.CHANNEL) if settings.redis_url else bus.LocalBus()
    replaced = bus.use(chosen)
    try:
        await chosen.start()
        yield
    finally:
        await chosen.stop()
        bus.use(replaced)
