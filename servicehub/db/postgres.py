"""Transactions on PostgreSQL: a bounded number of threads with one psycopg connection each.

The threads take calls in order (the pool never makes a thread wait). A call is repeated when PostgreSQL says that it may:
serialisation failure, deadlock, or a connection lost before COMMIT was sent. A COMMIT without an answer is not repeated.
A read is one snapshot from its first statement to its last, as on SQLite, so that the figures of a page belong together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
import tenacity

from servicehub.db.engines import postgres_engine
from servicehub.db.lanes import Job, Lanes
from servicehub.db.sessions import run_hooks, session_on
from servicehub.errors import Unavailable

REPEATABLE = frozenset({"40001", "40P01"})
ATTEMPTS = 6


def may_repeat(error: BaseException) -> bool:
    """Whether the same call may succeed if it is run again from its start."""
    if not isinstance(error, sa.exc.DBAPIError):
        return False
    return getattr(error.orig, "sqlstate", None) in REPEATABLE or error.connection_invalidated


_repeat = tenacity.Retrying(
    retry=tenacity.retry_if_exception(may_repeat),
    stop=tenacity.stop_after_attempt(ATTEMPTS),
    wait=tenacity.wait_random_exponential(multiplier=0.02, max=0.5),
    reraise=True,
)


class PostgresStore:
    """The server store. Reads and writes have their own threads, so that a slow report cannot stop orders."""

    def __init__(
        self,
        url: sa.URL,
        *,
        writers: int,
        readers: int,
        limit: int,
        urgent_limit: int,
        committed: Callable[[float], None],
    ) -> None:
        self._committed = committed
        self._engine = postgres_engine(url, threads=writers + readers)
        self.write_lane = Lanes(
            "write", threads=writers, batch=1, limit=limit, urgent_limit=urgent_limit, run=self._write
        )
        self.read_lane = Lanes("read", threads=readers, batch=1, limit=limit, urgent_limit=urgent_limit, run=self._read)

    def close(self) -> None:
        """Finish queued calls and disconnect."""
        self.write_lane.close()
        self.read_lane.close()
        self._engine.dispose()

    def _write(self, jobs: list[Job]) -> None:
        self._serve(jobs, self._write_once)

    def _read(self, jobs: list[Job]) -> None:
        self._serve(jobs, self._read_once)

    def _serve(self, jobs: list[Job], once: Callable[[Job], Any]) -> None:
        for job in jobs:
            try:
                result = _repeat.copy()(once, job)
            except BaseException as error:  # noqa: BLE001 - handed to the caller through its future
                job.finish(None, error)
            else:
                job.finish(result, None)

    def _write_once(self, job: Job) -> Any:
        with self._engine.connect() as connection:
            outer = connection.begin()
            session = session_on(connection)
            try:
                result = job.fn(session, *job.args, **job.kwargs)
                session.commit()
                session.close()
            except BaseException:
                outer.rollback()
                session.close()
                raise
            self._commit(outer)
        run_hooks(session)
        self._committed(job.waited_s())
        return result

    def _commit(self, outer: sa.RootTransaction) -> None:
        try:
            outer.commit()
        except sa.exc.DBAPIError as error:
            if error.connection_invalidated:
                raise Unavailable("the answer to COMMIT was lost; reload before trying again") from error
            raise

    def _read_once(self, job: Job) -> Any:
        with self._engine.connect() as connection:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin(), session_on(connection) as session:
                return job.fn(session, *job.args, **job.kwargs)
