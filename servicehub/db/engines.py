"""Engines: how a connection to SQLite or PostgreSQL is made and in which state it must be.

Owns URLs, pragmas, driver options and the SQL function that old SQLite versions lack. Opens no transaction of its own.
"""

from __future__ import annotations

import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

PRAGMAS = {
    "journal_mode": "WAL",
    "synchronous": "FULL",
    "busy_timeout": "30000",
    "foreign_keys": "ON",
    "recursive_triggers": "ON",
    "temp_store": "MEMORY",
    "cache_size": "-65536",
}
POSTGRES_OPTIONS = "-c timezone=UTC -c lock_timeout=10s -c statement_timeout=60s"
_NEEDS_UNIXEPOCH = sys.version_info >= (3, 12) and sqlite3.sqlite_version_info < (3, 42)


def normalised(url: str) -> sa.URL:
    """The URL with the driver that this product uses; refuses databases it was not made for."""
    parsed = sa.make_url(url.replace("postgres://", "postgresql://", 1) if url.startswith("postgres://") else url)
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() != "sqlite":
        raise ValueError(f"unsupported database {parsed.get_backend_name()!r}: use SQLite or PostgreSQL")
    if not parsed.database or parsed.database == ":memory:":
        raise ValueError("SQLite needs a file: several threads share the database")
    return parsed


def sqlite_engine(url: sa.URL, *, begin: str, threads: int, query_only: bool = False) -> sa.Engine:
    """An engine whose transactions start with `begin`, on connections that survive threads and power loss."""
    if url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, pool_size=threads, max_overflow=0, connect_args={"check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not open transactions by itself
        prepare_sqlite(connection)
        if query_only:
            connection.execute("PRAGMA query_only=ON")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def prepare_sqlite(connection: sqlite3.Connection) -> None:
    """Bring a raw connection into the product's state.

    Raises:
        RuntimeError: this SQLite build does not enforce foreign keys.
    """
    cursor = connection.cursor()
    for name, value in PRAGMAS.items():
        cursor.execute(f"PRAGMA {name}={value}")
    if cursor.execute("PRAGMA foreign_keys").fetchone() != (1,):
        raise RuntimeError("this SQLite does not enforce foreign keys")
    cursor.close()
    if _NEEDS_UNIXEPOCH:  # the job engine asks for unixepoch('subsec'), which SQLite has from 3.42
        connection.create_function("unixepoch", 1, lambda _modifier: time.time())  # allow: clock - SQL


def postgres_engine(url: sa.URL, *, threads: int) -> sa.Engine:
    """A pool as large as its threads, so that no thread ever waits inside the pool."""
    return sa.create_engine(
        url, pool_size=threads, max_overflow=0, pool_pre_ping=True, connect_args={"options": POSTGRES_OPTIONS}
    )
