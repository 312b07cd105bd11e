"""The engine of deferred jobs: DBOS Transact behind `outbox.Engine`, in the product's own database.

Owns storing a job with the caller's transaction, running it at least once, trying again later, forgetting it in the end. Holds no
business truth. DBOS is used for one workflow, `servicehub.job`, whose version is pinned so that jobs outlive a deployment.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from dbos import DBOS, DBOSClient
from dbos import DBOSPortableJSONSerializer as JsonSerializer
from sqlalchemy.orm import Session

from servicehub import clock
from servicehub.db import Database
from servicehub.db.engines import prepare_sqlite
from servicehub.errors import Invalid, NotAllowed, NotFound
from servicehub.jobs.registry import handler_of

QUEUE = "jobs"
WORKFLOW = "servicehub.job"
SCHEMA = "dbos"
VERSION = "1"
"""Never changed: a new version would strand the jobs that the old one stored."""
CONCURRENCY = 16
POLL_S = 0.25
DEAD_LETTER_AFTER = 20
"""Crashes of the whole process during one job after which the job is put aside."""
ASIDE = timedelta(minutes=10)
LONGER, MOST_LIVES = 4, 6
"""A job that was put aside gets another life after `ASIDE`, then after four times as long, until it has had six."""
CRASHED = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"
"""What DBOS calls a job that was put aside."""
KEEP_DONE = timedelta(hours=24)
KEEP_FAILED = timedelta(days=30)
_log = logging.getLogger(__name__)
_active: DbosEngine | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """When a failed job is tried again: exponential, bounded."""

    first_s: float = 2.0
    factor: float = 2.0
    longest_s: float = 3600.0
    attempts: int = 20

    def delay_s(self, attempt: int) -> float:
        """Seconds to wait after the failure of `attempt` (1 is the first)."""
        return min(self.longest_s, self.first_s * self.factor ** (attempt - 1))


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that was given up."""

    id: str
    name: str
    payload: dict[str, Any]
    error: str


@DBOS.workflow(name=WORKFLOW, max_recovery_attempts=DEAD_LETTER_AFTER)
def _job(name: str, payload: dict[str, Any], attempt: int) -> str:
    if _active is None:
        raise RuntimeError("the engine is gone")
    return _active.perform(DBOS.workflow_id or "", name, payload, attempt)


class DbosEngine:
    """Implements `outbox.Engine`. `start` and `stop` block: call them in a thread."""

    def __init__(self, database: Database, *, executor_id: str, runs_jobs: bool, retry: Retry | None = None) -> None:
        self._database, self._executor_id, self._runs_jobs = database, executor_id, runs_jobs
        self._retry = retry or Retry()
        self._engine = _engine_for(database)
        self._client: DBOSClient | None = None
        self._running = 0
        self._idle = threading.Condition()

    def start(self) -> None:
        """Create or update the engine's tables, then begin to run jobs (if this process does)."""
        global _active  # noqa: PLW0603 - DBOS itself is one per process
        if self._runs_jobs:
            _active = self
            self._launch()
        elif not self._database.is_sqlite:
            DBOS.migrate(self._database.url.render_as_string(hide_password=False), schema=SCHEMA)
        self._client = DBOSClient(
            system_database_engine=self._engine, dbos_system_schema=SCHEMA, serializer=JsonSerializer()
        )

    def stop(self, timeout_s: float = 1.0) -> None:
        """Take no new job, wait a moment for running ones; what is cut off runs again elsewhere or later."""
        global _active  # noqa: PLW0603
        if self._runs_jobs:
            DBOS.destroy()
            with self._idle:
                self._idle.wait_for(lambda: self._running == 0, timeout_s)
            _active = None
        if self._client is not None:
            self._client.destroy()
        self._engine.dispose()

    def defer(
        self, session: Session, name: str, payload: Mapping[str, Any], *, key: str | None, delay_s: float
    ) -> None:
        """See `outbox.defer`."""
        options = _options(f"{name}:{key}" if key is not None else f"{name}:{uuid4()}", delay_s)
        self._connected().enqueue_in_transaction(session, options, name, dict(payload), 1)

    def perform(self, job_id: str, name: str, payload: dict[str, Any], attempt: int) -> str:
        """Run one attempt; called by DBOS in one of its threads."""
        with self._idle:
            self._running += 1
        try:
            handler_of(name)(self._database, payload)
        except Exception as error:
            hopeless = isinstance(error, Invalid | NotAllowed | NotFound) or attempt >= self._retry.attempts
            if hopeless:
                _log.exception("job %s given up after %d attempts", job_id, attempt)
                raise
            delay_s = self._retry.delay_s(attempt)
            _log.warning("job %s failed (%s); again in %.0f s", job_id, error, delay_s)
            options = _options(f"{_life_of(job_id)}~{attempt + 1}", delay_s)
            self._connected().enqueue(options, name, payload, attempt + 1)
            return f"failed: {error}"
        finally:
            with self._idle:
                self._running -= 1
                self._idle.notify_all()
        return "done"

    def adopt(self, dead_executor_id: str) -> int:
        """Let the jobs run again that a dead process was running; returns how many."""
        client = self._connected()
        orphans = client.list_workflows(
            executor_id=dead_executor_id, status="PENDING", load_input=False, load_output=False
        )
        if orphans:
            client.resume_workflows([job.workflow_id for job in orphans], queue_name=QUEUE)
        return len(orphans)

    def forget(self, batch: int = 1000) -> int:
        """Delete old finished jobs, at most `batch` of each kind; returns how many."""
        gone = 0
        for status, age in (
            ("SUCCESS", KEEP_DONE),
            ("CANCELLED", KEEP_DONE),
            ("ERROR", KEEP_FAILED),
            (CRASHED, KEEP_FAILED),
        ):
            old = self._connected().list_workflows(
                status=status,
                completed_before=(clock.machine_now() - age).isoformat(),
                limit=batch,
                load_input=False,
                load_output=False,
            )
            if old:
                self._connected().delete_workflows([job.workflow_id for job in old])
            gone += len(old)
        return gone

    def waiting(self, limit: int = 1000) -> int:
        """Jobs that are stored and not yet done, counted up to `limit`."""
        states = ["ENQUEUED", "DELAYED", "PENDING"]
        return len(self._connected().list_workflows(status=states, limit=limit, load_input=False, load_output=False))

    def failed(self, limit: int = 50) -> list[FailedJob]:
        """Jobs that were given up, newest first."""
        found = self._connected().list_workflows(status=["ERROR", CRASHED], limit=limit, sort_desc=True)
        return [_failed(job) for job in found]

    def run_again(self, job: FailedJob) -> None:
        """Give a failed job a new life of its own."""
        again = _options(f"{_life_of(job.id).partition('#')[0]}#again-{uuid4().hex[:8]}", 0)
        self._connected().enqueue(again, job.name, job.payload, 1)

    def revive(self, limit: int = 1000) -> int:
        """Give another life to jobs during which the process died too often, when they have rested; returns how many.

        Most of them did nothing wrong: they ran beside the one that killed it, or the machine was in trouble for a while.
        """
        client, now, revived = self._connected(), clock.machine_now().timestamp(), 0
        for job in client.list_workflows(status=CRASHED, limit=limit, load_output=False):
            key, _, life = _life_of(job.workflow_id).partition("#")
            lived = int(life) if life.isdigit() else 1
            rest_s = ASIDE.total_seconds() * LONGER ** (lived - 1)
            if lived >= MOST_LIVES or now - (job.updated_at or 0) / 1000 < rest_s:
                continue
            crashed = _failed(job)
            client.enqueue(_options(f"{key}#{lived + 1}", 0), crashed.name, crashed.payload, 1)
            client.delete_workflows([job.workflow_id])  # last: a crash before this only enqueues the same life again
            revived += 1
        return revived

    def _launch(self) -> None:
        DBOS(
            config={
                "name": "servicehub",
                "system_database_url": self._database.url.render_as_string(hide_password=False),
                "system_database_engine": self._engine,
                "dbos_system_schema": SCHEMA,
                "application_version": VERSION,
                "executor_id": self._executor_id,
                "serializer": JsonSerializer(),
                "max_executor_threads": CONCURRENCY * 2,
                "use_listen_notify": False,
                "log_level": "ERROR",
            }
        )
        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=CONCURRENCY, polling_interval_sec=POLL_S)

    def _connected(self) -> DBOSClient:
        if self._client is None:
            raise RuntimeError("the job engine has not been started")
        return self._client


def _engine_for(database: Database) -> sa.Engine:
    """DBOS's own connections to the product's database; on SQLite it wants its own way of beginning transactions."""
    if not database.is_sqlite:
        return sa.create_engine(database.url, pool_size=10, max_overflow=0, pool_pre_ping=True)
    engine = sa.create_engine(database.url, pool_size=10, max_overflow=0)

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        prepare_sqlite(connection)

    return engine


def _life_of(job_id: str) -> str:
    """What all attempts of one life of a job have in common: its key, and after a # which life it is, from the second on."""
    return job_id.partition("~")[0]


def _options(job_id: str, delay_s: float) -> Any:
    options: dict[str, Any] = {"queue_name": QUEUE, "workflow_name": WORKFLOW, "workflow_id": job_id}
    if delay_s > 0:
        options["delay_seconds"] = delay_s
    return options


def _failed(job: Any) -> FailedJob:
    name, payload, _attempt = job.input["args"]
    return FailedJob(job.workflow_id, name, payload, str(job.error))
