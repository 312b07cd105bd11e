"""Transactions on SQLite or PostgreSQL. `await db.write(fn, …)` and `await db.read(fn, …)` are all that edges need.

`fn(session, *args, **kwargs)` never commits. Only the edges (state, api, workflows, jobs, demo, cli, bench) import this package.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, TypeVar

from sqlmodel import Session

from servicehub.db.database import Database, Pressure
from servicehub.db.sessions import AFTER_COMMIT
from servicehub.settings import Settings, get_settings

__all__ = [
    "AFTER_COMMIT",
    "Database",
    "Pressure",
    "close_database",
    "database",
    "open_database",
    "read",
    "read_now",
    "write",
    "write_now",
]

T = TypeVar("T")
_current: Database | None = None


def open_database(source: Settings | str | None = None) -> Database:
    """Open the process's database (the configured one by default). Called by lifespans and commands, never at import."""
    global _current  # noqa: PLW0603 - the process has exactly one database
    if _current is not None:
        raise RuntimeError("the database is already open")
    _current = Database(source if source is not None else get_settings())
    return _current


def close_database() -> None:
    """Close the process's database; harmless when none is open."""
    global _current
    opened, _current = _current, None
    if opened is not None:
        opened.close()


def database() -> Database:
    """The process's open database.

    Raises:
        RuntimeError: nothing has opened it yet.
    """
    if _current is None:
        raise RuntimeError("no database is open: call open_database() in the lifespan or the command first")
    return _current


async def write(fn: Callable[Concatenate[Session, ...], T], *args: Any, urgent: bool = False, **kwargs: Any) -> T:
    """`Database.write` on the process's database."""
    return await database().write(fn, *args, urgent=urgent, **kwargs)


async def read(fn: Callable[Concatenate[Session, ...], T], *args: Any, **kwargs: Any) -> T:
    """`Database.read` on the process's database."""
    return await database().read(fn, *args, **kwargs)


def write_now(fn: Callable[Concatenate[Session, ...], T], *args: Any, urgent: bool = False, **kwargs: Any) -> T:
    """`Database.write_now` on the process's database."""
    return database().write_now(fn, *args, urgent=urgent, **kwargs)


def read_now(fn: Callable[Concatenate[Session, ...], T], *args: Any, **kwargs: Any) -> T:
    """`Database.read_now` on the process's database."""
    return database().read_now(fn, *args, **kwargs)
