"""A job engine that keeps jobs in memory: for tests and for runs on a clock of their own (demo, bench).

Owns no durability. The engine of the real thing is `jobs.engine`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from servicehub import clock
from servicehub.db import AFTER_COMMIT, Database
from servicehub.jobs.registry import handler_of


@dataclass(frozen=True, slots=True)
class Deferred:
    """A job as it was asked for."""

    name: str
    payload: dict[str, Any]
    key: str | None
    due_at: datetime


@dataclass
class Recorder:
    """Implements `outbox.Engine`."""

    asked: list[Deferred] = field(default_factory=list)
    """Everything deferred, whatever became of its transaction."""
    jobs: list[Deferred] = field(default_factory=list)
    """What committed transactions deferred and nobody has run yet; a repeated key is kept once."""
    _keys: set[tuple[str, str]] = field(default_factory=set)

    def defer(
        self, session: Session, name: str, payload: Mapping[str, Any], *, key: str | None, delay_s: float
    ) -> None:
        """Note the job; it counts once the transaction is committed."""
        job = Deferred(name, dict(payload), key, clock.now() + timedelta(seconds=delay_s))
        self.asked.append(job)
        session.info.setdefault(AFTER_COMMIT, []).append(lambda: self._keep(job))

    def named(self, name: str) -> list[dict[str, Any]]:
        """Payloads of everything deferred under `name`, in order."""
        return [job.payload for job in self.asked if job.name == name]

    def take_due(self, now: datetime | None) -> list[Deferred]:
        """Remove and return the jobs due at `now` (all when None), oldest due first."""
        due = sorted((job for job in self.jobs if now is None or job.due_at <= now), key=lambda job: job.due_at)
        self.jobs = [job for job in self.jobs if job not in due]
        return due

    def _keep(self, job: Deferred) -> None:
        if job.key is not None:
            if (job.name, job.key) in self._keys:
                return
            self._keys.add((job.name, job.key))
        self.jobs.append(job)


def run_deferred(database: Database, recorder: Recorder, now: datetime | None = None) -> int:
    """Run what is due at `now` (everything when None) until nothing is; returns how many jobs ran. Errors are the caller's."""
    ran = 0
    while due := recorder.take_due(now):
        for job in due:
            handler_of(job.name)(database, job.payload)
            ran += 1
    return ran
