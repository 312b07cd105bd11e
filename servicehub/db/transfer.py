"""Moving an installation from SQLite to PostgreSQL: every row, in one transaction, counted and summed on both sides.

Owns the copy. Knows no table: the caller hands over the metadata. The job engine's tables are not copied (the ticks find
deadlines again), so deferred jobs must have run before (`waiting`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from servicehub.db.engines import normalised, sqlite_engine

BATCH = 1000
_UNFINISHED = "status IN ('ENQUEUED', 'DELAYED', 'PENDING')"


@dataclass(frozen=True, slots=True)
class Copied:
    """One table on both sides: rows, and the sum of every integer column (money, counters, ids)."""

    table: str
    rows: int
    sums: dict[str, int]


class NotEmpty(Exception):
    """The target already holds rows: nothing was copied."""


class Different(Exception):
    """The sides differ after the copy: nothing was stored."""


def waiting(url: str) -> int:
    """Jobs of an embedded database that have not run; they would stay behind."""
    with _reading(url) as source:
        if not sa.inspect(source).has_table("workflow_status"):
            return 0
        count: int = source.scalar(sa.text(f"SELECT count(*) FROM workflow_status WHERE {_UNFINISHED}"))  # noqa: S608
        return count


def copy(source_url: str, target_url: str, metadata: sa.MetaData) -> list[Copied]:
    """Copy every table of `metadata` from an SQLite file to a migrated, empty PostgreSQL database.

    Raises:
        NotEmpty: the target has rows of its own.
        Different: a count or a sum differs afterwards.
    """
    tables = metadata.sorted_tables
    target_engine = sa.create_engine(normalised(target_url), poolclass=sa.NullPool)
    with _reading(source_url) as source, target_engine.begin() as target:
        _refuse_rows(target, tables)
        for table in tables:
            target.execute(sa.text(f'ALTER TABLE "{table.name}" DISABLE TRIGGER USER'))
        for table in tables:
            target.execute(table.delete())  # what the schema itself put there
            _copy_table(source, target, table)
        target.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
        for table in tables:
            target.execute(sa.text(f'ALTER TABLE "{table.name}" ENABLE TRIGGER USER'))
            _advance_sequence(target, table)
        return [_compared(source, target, table) for table in tables]


@contextlib.contextmanager
def _reading(url: str) -> Iterator[sa.Connection]:
    engine = sqlite_engine(normalised(url), begin="BEGIN", threads=1, query_only=True)
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    finally:
        engine.dispose()


def _refuse_rows(target: sa.Connection, tables: list[sa.Table]) -> None:
    for table in tables:
        if not table.foreign_keys and len(table.columns) == 1:
            continue  # constants that the schema itself stores
        if target.scalar(sa.select(sa.func.count()).select_from(table)):
            raise NotEmpty(table.name)


def _copy_table(source: sa.Connection, target: sa.Connection, table: sa.Table) -> None:
    rows = source.execution_options(yield_per=BATCH).execute(sa.select(table).order_by(*table.primary_key.columns))
    for part in rows.mappings().partitions():
        target.execute(table.insert(), [dict(row) for row in part])


def _advance_sequence(target: sa.Connection, table: sa.Table) -> None:
    column = table.autoincrement_column
    if column is None:
        return
    sequence = target.scalar(sa.select(sa.func.pg_get_serial_sequence(table.name, column.name)))
    highest = target.scalar(sa.select(sa.func.max(column)))
    if sequence and highest:
        target.execute(sa.select(sa.func.setval(sequence, highest)))


def _compared(source: sa.Connection, target: sa.Connection, table: sa.Table) -> Copied:
    integers = [column for column in table.columns if isinstance(column.type, sa.Integer)]
    facts = sa.select(sa.func.count(), *(sa.func.coalesce(sa.func.sum(column), 0) for column in integers))
    before, after = (
        [int(value) for value in side.execute(facts.select_from(table)).one()] for side in (source, target)
    )
    if before != after:
        raise Different(f"{table.name}: {before} before, {after} after")
    return Copied(table.name, before[0], dict(zip((c.name for c in integers), before[1:], strict=True)))
