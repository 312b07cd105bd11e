"""Work that waits for a database thread: two bounded first-in-first-out lanes and the threads that serve them.

Owns fairness, the limit and the reserved lane. Knows nothing of SQL: what a batch means is given by the caller.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from servicehub.errors import Overloaded

_thread = threading.local()


@dataclass(slots=True, eq=False)
class Job:
    """One call of `fn(session, *args, **kwargs)`; `future` is completed only when its outcome is durable."""

    fn: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    future: Future[Any] = field(default_factory=Future)
    queued_at: float = field(default_factory=time.monotonic)

    def waited_s(self) -> float:
        """Seconds since the call was asked for."""
        return time.monotonic() - self.queued_at

    def finish(self, result: Any, error: BaseException | None) -> None:
        """Tell the waiting caller."""
        if error is not None:
            self.future.set_exception(error)
        else:
            self.future.set_result(result)


class Lanes:
    """Threads that take jobs in order, urgent ones first, and hand them to `run` in batches of at most `batch`."""

    def __init__(
        self, name: str, *, threads: int, batch: int, limit: int, urgent_limit: int, run: Callable[[list[Job]], None]
    ) -> None:
        self._run, self._batch = run, batch
        self._limit, self._urgent_limit = limit, urgent_limit
        self._normal: deque[Job] = deque()
        self._urgent: deque[Job] = deque()
        self._waiting = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"db-{name}-{i}", daemon=True) for i in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, job: Job, *, urgent: bool) -> Future[Any]:
        """Queue a job.

        Raises:
            Overloaded: the job's lane is full.
            RuntimeError: called from a database thread (which would wait for itself), or after `close`.
        """
        if getattr(_thread, "serving", False):
            raise RuntimeError("a function that runs in a transaction must not open another one")
        with self._waiting:
            if self._closed:
                raise RuntimeError("the database is closed")
            lane, limit = (self._urgent, self._urgent_limit) if urgent else (self._normal, self._limit)
            if len(lane) >= limit:
                raise Overloaded(queued=len(lane))
            lane.append(job)
            self._waiting.notify()
        return job.future

    def queued(self) -> int:
        """Jobs that wait for a thread."""
        with self._waiting:
            return len(self._normal) + len(self._urgent)

    def oldest_s(self) -> float:
        """Seconds that the longest waiting job has waited."""
        with self._waiting:
            heads = [lane[0].queued_at for lane in (self._normal, self._urgent) if lane]
        return time.monotonic() - min(heads) if heads else 0.0

    def close(self, timeout_s: float = 10.0) -> None:
        """Finish what is queued, then stop the threads."""
        with self._waiting:
            self._closed = True
            self._waiting.notify_all()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _take(self) -> list[Job]:
        with self._waiting:
            while not self._urgent and not self._normal and not self._closed:
                self._waiting.wait()
            batch: list[Job] = []
            while len(batch) < self._batch and (self._urgent or self._normal):
                job = (self._urgent or self._normal).popleft()
                if job.future.set_running_or_notify_cancel():
                    batch.append(job)
            if (self._urgent or self._normal) and len(self._threads) > 1:
                self._waiting.notify()
            return batch

    def _serve(self) -> None:
        _thread.serving = True
        while True:
            batch = self._take()
            if batch:
                self._run(batch)
            elif self._closed and not self.queued():
                return
