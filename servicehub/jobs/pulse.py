"""The pulse: once a second, run the duties that are due. Owns when; what a duty does is its own.

A duty never overlaps itself, an error in one is logged and counted and stops no other, and only one process of several pulses.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from servicehub import clock
from servicehub.db import Database
from servicehub.db.leadership import Leadership
from servicehub.jobs.registry import Duty, duties

THREADS = 4
"""Duties that may run at the same moment: a long matching round must not hold up expiring offers."""
_log = logging.getLogger(__name__)


@dataclass
class Record:
    """What one duty has done since the process started."""

    last_at: datetime | None = None
    took_ms: int = 0
    runs: int = 0
    rows: int = 0
    errors: int = 0
    last_error: str = ""

    def as_json(self) -> dict[str, Any]:
        """For the worker's row, which the health page reads."""
        return {
            "last_at": self.last_at.isoformat() if self.last_at else None,
            "took_ms": self.took_ms,
            "runs": self.runs,
            "rows": self.rows,
            "errors": self.errors,
            "last_error": self.last_error,
        }


class Pulse:
    """Runs duties in threads until it is stopped."""

    def __init__(
        self, database: Database, chosen: Iterable[Duty] | None = None, *, now: Callable[[], datetime] = clock.now
    ) -> None:
        self._database, self._now = database, now
        self._duties = tuple(duties() if chosen is None else chosen)
        self.records = {duty.name: Record() for duty in self._duties}
        self._due_s = dict.fromkeys(self.records, 0.0)
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._leadership = Leadership(database.url, "pulse")
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="duty")
        self._thread = threading.Thread(target=self._beat_until_stopped, name="pulse", daemon=True)

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self, timeout_s: float = 1.5) -> None:
        """Stop beating; waits at most `timeout_s` for running duties (they are safe to run again)."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._leadership.release()

    def beat(self, monotonic_s: float) -> list[str]:
        """Start every duty that is due and idle; returns their names."""
        with self._lock:
            due = [duty for duty in self._duties if self._due_s[duty.name] <= monotonic_s]
            started = [duty for duty in due if duty.name not in self._busy]
            for duty in started:
                self._due_s[duty.name] = monotonic_s + duty.every_s
                self._busy.add(duty.name)
        for duty in started:
            self._pool.submit(self._run, duty)
        return [duty.name for duty in started]

    def _beat_until_stopped(self) -> None:
        while not self._stopping.wait(1.0):
            try:
                if self._leadership.held():
                    self.beat(time.monotonic())
            except Exception:  # noqa: BLE001 - the pulse outlives whatever a beat may raise
                _log.exception("a beat failed")

    def _run(self, duty: Duty) -> None:
        record, began_s = self.records[duty.name], time.monotonic()
        record.runs += 1
        try:
            record.rows += duty.run(self._database, self._now())
        except Exception as error:  # noqa: BLE001 - one duty's error must not stop the others
            record.errors += 1
            record.last_error = f"{type(error).__name__}: {error}"[:300]
            _log.exception("duty %s failed", duty.name)
        finally:
            record.last_at, record.took_ms = self._now(), round((time.monotonic() - began_s) * 1000)
            with self._lock:
                self._busy.discard(duty.name)


def run_ticks(database: Database, now: datetime, *, only: Iterable[str] | None = None) -> int:
    """Run every duty once (or those named) at `now`, in this thread; returns the rows handled. Errors are the caller's."""
    wanted = None if only is None else set(only)
    return sum(duty.run(database, now) for duty in duties() if wanted is None or duty.name in wanted)
