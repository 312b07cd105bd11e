"""What an operator may see, where the city's day begins, and instants as seconds in SQL. Shared by the operators' queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import Session, col

from servicehub.domain.access import Actor, Permission, Role
from servicehub.models.catalog import City
from servicehub.models.order import Order

FIRST_DAY = date(2000, 1, 1)
"""Nothing was booked before."""


@dataclass(frozen=True, slots=True)
class CityDay:
    """The city's running day as UTC instants, half-open, and the same day a week earlier."""

    tz: str
    start: datetime
    end: datetime
    week_start: datetime
    week_end: datetime
    week_now: datetime
    """A week ago at the same time of day."""


def guard(actor: Actor, permission: Permission) -> None:
    """Raises: NotAllowed unless the actor is an operator whose role has `permission`."""
    actor.require_role(Role.OPERATOR)
    actor.require(permission)


def city_of(session: Session, actor: Actor) -> City:
    return session.get_one(City, actor.city_id)


def orders_of(actor: Actor) -> list[Any]:
    """Conditions on `Order`: the actor's city and, for a city manager of some districts, those."""
    conditions: list[Any] = [col(Order.city_id) == actor.city_id]
    if actor.district_ids:
        conditions.append(col(Order.district_id).in_(actor.district_ids))
    return conditions


def day_of(text: str, today: date) -> date:
    """The day that a browser asks for (ISO); today for anything else, for days to come and for those before `FIRST_DAY`."""
    try:
        wanted = date.fromisoformat(text)
    except ValueError:
        return today
    return wanted if FIRST_DAY <= wanted <= today else today


def midnight(now: datetime, tz: str, days: int = 0) -> datetime:
    """The instant at which the city's day of `now`, moved by `days`, begins."""
    local = now.astimezone(ZoneInfo(tz)).date() + timedelta(days=days)
    return datetime(local.year, local.month, local.day, tzinfo=ZoneInfo(tz)).astimezone(UTC)


def city_day(now: datetime, tz: str) -> CityDay:
    """The day of `now` in `tz`; `week_now` is as far into its day as `now` is into its own."""
    start, week_start = midnight(now, tz), midnight(now, tz, -7)
    return CityDay(
        tz=tz,
        start=start,
        end=midnight(now, tz, 1),
        week_start=week_start,
        week_end=midnight(now, tz, -6),
        week_now=week_start + (now - start),
    )


class epoch(FunctionElement[int]):  # noqa: N801 - a SQL function
    """Whole seconds since the Unix epoch of an instant column, on both databases."""

    type = sa.BigInteger()
    inherit_cache = True


@compiles(epoch, "sqlite")
def _epoch_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"CAST(strftime('%s', {compiler.process(element.clauses, **kw)}) AS INTEGER)"


@compiles(epoch, "postgresql")
def _epoch_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"CAST(FLOOR(EXTRACT(EPOCH FROM {compiler.process(element.clauses, **kw)})) AS BIGINT)"


def whole(value: datetime | float) -> Any:
    """A number written into the statement itself, so that it may stand in GROUP BY."""
    return sa.literal_column(str(int(value.timestamp() if isinstance(value, datetime) else value)), sa.BigInteger())
