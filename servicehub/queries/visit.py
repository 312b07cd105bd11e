"""What a visit is called, and what is done in it: one service, or several that were booked together."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, select

from servicehub.domain.order import OrderStatus
from servicehub.models.base import among
from servicehub.models.catalog import ServiceItem
from servicehub.models.order import Order, OrderLine
from servicehub.texts import N_, Locale, formats, pick, say

UNSETTLED = (OrderStatus.PENDING_PAYMENT, OrderStatus.MATCHING)
WORK = ("service", "add_on")
"""Kinds of lines that are done at the door."""


def title(locale: Locale, item: ServiceItem, order: Order | int) -> str:
    """`空调清洗`, or `空调清洗，另加 1 项` when several services were booked together: the order's, or so many more."""
    name = pick(locale, item.name_zh, item.name_en)
    more = order if isinstance(order, int) else len(order.further_ids)
    return say(locale, N_("{service} and {n} more"), service=name, n=more) if more else name


def when(locale: Locale, order: Order, now: datetime, tz: str) -> str:
    """`11月23日 周一 14:00–16:00`; while its time is not settled, between which instants it begins."""
    if order.window_from is None or order.window_until is None or order.status not in UNSETTLED:
        return formats.span(order.start_at, order.end_at, now, tz, locale=locale)
    first, last = (
        formats.day_time(order.window_from, now, tz, locale=locale),
        formats.clock_time(order.window_until, tz),
    )
    return say(locale, N_("{first}–{last}, to be settled"), first=first, last=last)


def works(session: Session, orders: Collection[Order], *, locale: Locale) -> dict[int, tuple[str, ...]]:
    """Order -> everything that is done in its visit, as it was sold: `空调清洗 × 2`; a companion's is his lead's."""
    sold = {order.id or 0: order.lead_id or order.id or 0 for order in orders}
    query = select(OrderLine).where(among(col(OrderLine.order_id), set(sold.values())), col(OrderLine.kind).in_(WORK))
    found: dict[int, list[str]] = {order_id: [] for order_id in sold.values()}
    for line in session.exec(query.order_by(col(OrderLine.id))) if sold else ():
        name = pick(locale, line.name_zh, line.name_en)
        found[line.order_id].append(f"{name} × {line.quantity}" if line.quantity > 1 else name)
    return {order_id: tuple(found[priced]) for order_id, priced in sold.items()}
