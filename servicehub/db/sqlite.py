"""Transactions on SQLite: one writing thread with group commit, several reading threads.

Every write of the process goes through one connection, up to 64 calls to a COMMIT, each call behind its own savepoint:
a refused call undoes only itself. A caller hears "done" only after the COMMIT that made it durable.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from servicehub.db.engines import sqlite_engine
from servicehub.db.lanes import Job, Lanes
from servicehub.db.sessions import run_hooks, session_on
from servicehub.errors import Overloaded

GROUP = 64
"""Most calls that share one COMMIT."""


class _BatchLost(Exception):
    """The outer transaction is gone or its COMMIT was refused: nothing of the batch is stored."""


class SqliteStore:
    """The embedded store. `write_lane` and `read_lane` are the only ways in."""

    def __init__(
        self, url: sa.URL, *, readers: int, limit: int, urgent_limit: int, committed: Callable[[float], None]
    ) -> None:
        self._committed = committed
        self._write_engine = sqlite_engine(url, begin="BEGIN IMMEDIATE", threads=1)
        self._read_engine = sqlite_engine(url, begin="BEGIN", threads=readers, query_only=True)
        with self._write_engine.connect():  # WAL is set here, before the first reader could meet a rollback journal
            pass
        self.write_lane = Lanes(
            "write", threads=1, batch=GROUP, limit=limit, urgent_limit=urgent_limit, run=self._write
        )
        self.read_lane = Lanes("read", threads=readers, batch=1, limit=limit, urgent_limit=urgent_limit, run=self._read)

    def close(self) -> None:
        """Finish queued calls, fold the write-ahead log back into the file and disconnect."""
        self.write_lane.close()
        self.read_lane.close()
        self._read_engine.dispose()
        self._write_engine.dispose()

    def _write(self, jobs: list[Job]) -> None:
        try:
            done = self._commit(jobs)
        except Exception as error:  # noqa: BLE001 - whatever it was, every caller must hear of it
            if len(jobs) > 1:
                for job in jobs:  # one by one, so that only the guilty call fails
                    self._write([job])
                return
            cause = error.__cause__ if isinstance(error, _BatchLost) and error.__cause__ else error
            jobs[0].finish(None, cause)
            return
        for job, session, result, failure in done:
            if failure is None and session is not None:
                run_hooks(session)
            job.finish(result, failure)
        self._committed(max(job.waited_s() for job in jobs))

    def _commit(self, jobs: list[Job]) -> list[tuple[Job, Session | None, Any, BaseException | None]]:
        with self._write_engine.connect() as connection:
            try:
                outer = connection.begin()
            except sa.exc.OperationalError as error:
                raise Overloaded("the database file is locked by another process") from error
            done = [self._attempt(connection, job) for job in jobs]
            try:
                outer.commit()
            except Exception as error:
                outer.rollback()
                raise _BatchLost from error
            return done

    def _attempt(self, connection: sa.Connection, job: Job) -> tuple[Job, Session | None, Any, BaseException | None]:
        session = session_on(connection)
        try:
            result = job.fn(session, *job.args, **job.kwargs)
            session.commit()
        except BaseException as error:
            try:
                session.rollback()
                session.close()
            except sa.exc.DBAPIError as lost:  # SQLite undid the whole transaction by itself (disk full, I/O error)
                raise _BatchLost from lost
            if not connection.connection.dbapi_connection.in_transaction:  # type: ignore[union-attr]
                raise _BatchLost from error
            return job, None, None, error
        session.close()
        return job, session, result, None

    def _read(self, jobs: list[Job]) -> None:
        for job in jobs:
            try:
                with self._read_engine.connect() as connection, connection.begin(), session_on(connection) as session:
                    result = job.fn(session, *job.args, **job.kwargs)
            except BaseException as error:  # noqa: BLE001 - handed to the caller through its future
                job.finish(None, error)
            else:
                job.finish(result, None)
