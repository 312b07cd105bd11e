"""What runs without a user, by name: handlers of deferred jobs, ticks and rounds. Owns the lists; runs nothing.

- A handler `fn(database, payload)` runs at least once per job, in a thread: it is idempotent, opens its own transactions and may
  use the network between them.
- A tick `fn(session, now) -> rows` handles what is due at `now` inside one transaction, at most `limit` rows, and says how many.
- A round `fn(database, now) -> rows` is a tick that computes long or uses the network between transactions of its own.
Ticks and rounds are level-triggered: running one twice, late, or in two processes at once changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from servicehub.db import Database

Handler = Callable[[Database, Mapping[str, Any]], None]
TickFunction = Callable[[Session, datetime], int]
RoundFunction = Callable[[Database, datetime], int]
DEFAULT_LIMIT = 200
"""Rows that a tick handles in one transaction."""


@dataclass(frozen=True, slots=True)
class Duty:
    """A tick or a round: what to run, and every how many seconds."""

    name: str
    every_s: int
    step: RoundFunction
    """One transaction of a tick, or one whole round."""
    limit: int | None
    """The step is repeated at once while it returns this many rows; None: never."""

    def run(self, database: Database, now: datetime) -> int:
        """Handle everything that is due at `now`; returns the rows handled."""
        total = rows = self.step(database, now)
        while self.limit is not None and rows >= self.limit:
            rows = self.step(database, now)
            total += rows
        return total


_handlers: dict[str, Handler] = {}
_duties: dict[str, Duty] = {}


def handler(name: str) -> Callable[[Handler], Handler]:
    """Register the function that runs the deferred jobs called `name`."""

    def register(fn: Handler) -> Handler:
        if _handlers.setdefault(name, fn) is not fn:
            raise ValueError(f"two handlers are called {name!r}")
        return fn

    return register


def tick(*, every_s: int, limit: int = DEFAULT_LIMIT) -> Callable[[TickFunction], TickFunction]:
    """Register a tick. `limit` is the number of rows at which `fn` stops by itself."""

    def register(fn: TickFunction) -> TickFunction:
        def step(database: Database, now: datetime) -> int:
            return database.write_now(fn, now)

        _add(Duty(fn.__name__, every_s, step, limit))
        return fn

    return register


def round_of(*, every_s: int) -> Callable[[RoundFunction], RoundFunction]:
    """Register a round; it is called once each time."""

    def register(fn: RoundFunction) -> RoundFunction:
        _add(Duty(fn.__name__, every_s, fn, limit=None))
        return fn

    return register


def _add(duty: Duty) -> None:
    if duty.name in _duties:
        raise ValueError(f"two duties are called {duty.name!r}")
    _duties[duty.name] = duty


def handler_of(name: str) -> Handler:
    """The handler of the jobs called `name`.

    Raises:
        LookupError: nobody registered it.
    """
    try:
        return _handlers[name]
    except KeyError:
        raise LookupError(f"no handler for jobs called {name!r}") from None


def duties() -> tuple[Duty, ...]:
    """Every registered tick and round, in order of registration."""
    return tuple(_duties.values())
