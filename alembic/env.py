"""How Alembic meets the product: which database, which tables are ours, how our column types are written into scripts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context
from sqlalchemy.types import TypeDecorator

import servicehub.models
from servicehub.db.engines import normalised, sqlite_engine
from servicehub.settings import get_settings

OURS = "sh_"


def is_ours(
    _object: object,
    name: str | None,
    kind: str,
    reflected: bool,  # noqa: FBT001 - Alembic's signature
    compared_to: object,
) -> bool:
    """Leave alone what other software keeps in the same database (the job engine's tables)."""
    return not (kind == "table" and reflected and compared_to is None and not str(name).startswith(OURS))


def render_plain_type(kind: str, item: Any, _autogenerate: Any) -> str | bool:
    """Write the database type inside our column types, so that scripts need SQLAlchemy only."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def engine_for(url: sa.URL) -> sa.Engine:
    """An engine for changes of the schema: one transaction, no foreign-key checks while SQLite rebuilds a table."""
    if url.get_backend_name() != "sqlite":
        return sa.create_engine(url, poolclass=sa.NullPool)
    engine = sqlite_engine(url, begin="BEGIN IMMEDIATE", threads=1)

    @sa.event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA foreign_keys=OFF")

    return engine


def run() -> None:
    """Run the asked steps in one transaction on the asked database, or on the configured one."""
    url = normalised(context.config.attributes.get("url") or get_settings().sqlalchemy_url)
    engine = engine_for(url)
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=servicehub.models.metadata,
            include_object=is_ours,
            render_item=render_plain_type,
            render_as_batch=connection.dialect.name == "sqlite",
            transactional_ddl=True,
            compare_type=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
