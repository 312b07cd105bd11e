"""What every table shares: names, column types and the rule that instants are aware UTC."""

import json
from collections.abc import Collection
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = SQLModel.metadata

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""Big integer that still autoincrements as a primary key on SQLite."""
JSON = sa.JSON()


class UtcDateTime(TypeDecorator[datetime]):
    """An instant. Refuses naive values on the way in; gives aware UTC on the way out on every database."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class IdList(TypeDecorator[list[int]]):
    """Any number of ids as one parameter: an array, or JSON where there are no arrays."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Any) -> Any:
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else ARRAY(sa.BigInteger))

    def process_bind_param(self, value: Collection[int] | None, dialect: Any) -> Any:
        ids = sorted(value or ())
        return json.dumps(ids) if dialect.name == "sqlite" else ids


class among(FunctionElement[bool]):  # noqa: N801 - reads as what it is in SQL
    """`among(column, ids)`: whether the column is one of very many ids.

    `column IN (…)` says the same with a parameter for each id, which is compiled and parsed anew for every number of them.
    """

    type = sa.Boolean()
    inherit_cache = True

    def __init__(self, column: Any, ids: Collection[int] | sa.BindParameter[Any]) -> None:
        given = isinstance(ids, sa.BindParameter)
        super().__init__(column, ids if given else sa.bindparam("ids", list(ids), type_=IdList(), unique=True))


@compiles(among)
def _among_json(element: Any, compiler: Any, **kw: Any) -> str:
    column, ids = element.clauses
    return f"{compiler.process(column, **kw)} IN (SELECT value FROM json_each({compiler.process(ids, **kw)}))"


@compiles(among, "postgresql")
def _among_array(element: Any, compiler: Any, **kw: Any) -> str:
    column, ids = element.clauses
    return f"{compiler.process(column, **kw)} = ANY({compiler.process(ids, **kw)})"


def stored_as_value(enum: type[StrEnum], *, name: str = "") -> sa.Enum:
    """An enum column that stores the value and checks it, without a native database enum.

    `name` tells apart the checks of two columns of one enum in one table.
    """
    return sa.Enum(
        enum,
        values_callable=lambda e: [m.value for m in e],
        native_enum=False,
        create_constraint=True,
        length=32,
        name=name or enum.__name__.lower(),
    )


def pk() -> Any:
    """Column of a surrogate primary key."""
    return sa.Column(BIG, primary_key=True, autoincrement=True)


def fk(target: str, *, nullable: bool = False, index: bool = False, **kw: Any) -> Any:
    """Column of a foreign key to `target` (`sh_table.id`)."""
    return sa.Column(BIG, sa.ForeignKey(target), nullable=nullable, index=index, **kw)


def at(*, nullable: bool = False, index: bool = False) -> Any:
    """Column of an instant."""
    return sa.Column(UtcDateTime(), nullable=nullable, index=index)
