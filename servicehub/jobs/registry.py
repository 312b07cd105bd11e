"""What runs without a user, by name: handlers of deferred jobs and ticks. Owns the two lists; runs nothing.

A handler `fn(database, payload)` runs at least once per job, in a thread: it is idempotent, opens its own transactions and may use
the network between them. A tick `fn(session, now) -> rows` runs again and again: it handles what is due at `now`, at most `limit`
rows a call, and says how many it handled.
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
DEFAULT_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Tick:
    """A level-triggered piece of work: running it twice, late, or in two processes at once changes nothing."""

    name: str
    run: TickFunction
    every_s: int
    limit: int
    """Rows a call handles at most: it is called again at once while it returns this many."""


_handlers: dict[str, Handler] = {}
_ticks: dict[str, Tick] = {}


def handler(name: str) -> Callable[[Handler], Handler]:
    """Register the function that runs the deferred jobs called `name`."""

    def register(fn: Handler) -> Handler:
        if _handlers.setdefault(name, fn) is not fn:
            raise ValueError(f"two handlers are called {name!r}")
        return fn

    return register


def tick(*, every_s: int, limit: int = DEFAULT_LIMIT, name: str = "") -> Callable[[TickFunction], TickFunction]:
    """Register a tick that is due every `every_s` seconds."""

    def register(fn: TickFunction) -> TickFunction:
        called = name or fn.__name__
        if called in _ticks:
            raise ValueError(f"two ticks are called {called!r}")
        _ticks[called] = Tick(called, fn, every_s, limit)
        return fn

    return register


def handler_of(name: str) -> Handler:
    """The handler of the jobs called `name`.

    Raises:
        LookupError: nobody registered it.
    """
    try:
        return _handlers[name]
    except KeyError:
        raise LookupError(f"no handler for jobs called {name!r}") from None


def ticks() -> tuple[Tick, ...]:
    """Every registered tick, in order of registration."""
    return tuple(_ticks.values())
