"""What the lists of payments and of refunds are narrowed by: state, channel, item, days of the city, and a number."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.domain.access import Actor, Permission, Role
from servicehub.domain.payment import PlanItem
from servicehub.models.order import Order
from servicehub.models.payment import Payment
from servicehub.queries.operator.scope import FIRST_DAY
from servicehub.texts import Locale, money
from servicehub.viewmodels.operator import Choice
from servicehub.viewmodels.operator_payments import Choices

PAGE = 20
LONGEST = 64
"""Of a number that is looked for."""
REASONS = tuple(money.REFUND_REASONS)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list shows. Unknown values of the names mean all; `first` and `last` are days (ISO), both included."""

    state: str = ""
    channel: str = ""
    item: str = ""
    reason: str = ""
    first: str = ""
    last: str = ""
    q: str = ""
    page: int = 1


def narrowed(wanted: Wanted, **changes: Any) -> Wanted:
    """`wanted` with other values, back on its first page unless `page` is among them."""
    return replace(wanted, **{"page": 1, **changes})


def choices(session: Session, actor: Actor, *, locale: Locale) -> Choices:
    """Channels that were ever paid through, items and reasons. Raises: NotAllowed for who sees neither list."""
    actor.require_role(Role.OPERATOR)
    if not actor.may(Permission.LEDGER_READ):
        actor.require(Permission.ORDER_REFUND)
    used = session.execute(sa.select(col(Payment.channel)).distinct().order_by(col(Payment.channel))).scalars()
    return Choices(
        channels=tuple(Choice(value=one, text=money.of(locale, money.METHODS, one)) for one in used),
        items=tuple(Choice(value=one.value, text=money.of(locale, money.PLAN_ITEMS, one.value)) for one in PlanItem),
        reasons=tuple(Choice(value=one, text=money.of(locale, money.REFUND_REASONS, one)) for one in REASONS),
    )


def of_payment(wanted: Wanted) -> list[Any]:
    """Conditions on `Payment`."""
    found = [col(Payment.channel) == wanted.channel] if wanted.channel else []
    if wanted.item in tuple(PlanItem):
        found.append(col(Payment.item) == PlanItem(wanted.item))
    return found


def between(wanted: Wanted, at: Any, tz: str) -> list[Any]:
    """Conditions on an instant: of the city's days that were asked for."""
    first, last = (_midnight(text, tz, days) for text, days in ((wanted.first, 0), (wanted.last, 1)))
    found = [at >= first] if first else []
    return [*found, at < last] if last else found


def about(q: str, *numbers: Any) -> list[Any]:
    """A condition on the beginning of a number of ours or a channel's, or on the order's number or its end; none for no text."""
    text = q.strip()[:LONGEST]
    if not text:
        return []
    found = [number.startswith(text, autoescape=True) for number in numbers]
    if text.isascii() and text.isdigit():
        order = col(Order.no)
        found += [order == text] if len(text) == 16 else [order.startswith(text), order.endswith(text)]
    return [sa.or_(*found)]


def pages_of(total: int, page: int) -> tuple[int, int]:
    """How many pages there are, and the asked one within them."""
    pages = max(1, -(-total // PAGE))
    return pages, min(max(1, page), pages)


def short(no: str) -> str:
    """A long number's beginning and end."""
    return no if len(no) <= 16 else f"{no[:7]}…{no[-4:]}"


def _midnight(text: str, tz: str, days: int) -> datetime | None:
    try:
        on = date.fromisoformat(text)
    except ValueError:
        return None
    if not FIRST_DAY <= on <= date(2999, 12, 31):
        return None
    on += timedelta(days=days)
    return datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(tz))
