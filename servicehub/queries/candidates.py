"""Who could do an order now, ranked and explained: what an operator sees before deciding, and how full the decision's funnel is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from servicehub import matching
from servicehub.domain.access import Actor, Permission
from servicehub.errors import NotFound
from servicehub.models.order import Order
from servicehub.models.situations import Situation, load_situations


def situations(
    session: Session, orders: Sequence[Order], *, now: datetime, technician_ids: Collection[int] | None = None
) -> dict[int, Situation]:
    """Order id -> job, candidates and policy, in a few set statements for any number of orders."""
    return load_situations(session, orders, now=now, technician_ids=technician_ids)


def ranking(session: Session, actor: Actor, no: str, *, now: datetime) -> matching.Ranking:
    """Every candidate of an order, best first, with the reasons against the others; also of an order that was placed by the
    customer's own choice, which only the automatic search leaves to that one technician.

    Raises: NotAllowed, NotFound (also for another city's order or another district's for a narrowed role).
    """
    actor.require(Permission.DISPATCH_READ)
    query = select(Order).where(Order.no == no, Order.city_id == actor.city_id)
    if actor.district_ids:
        query = query.where(col(Order.district_id).in_(actor.district_ids))
    order = session.exec(query).first()
    if order is None:
        raise NotFound(f"order {no}")
    has_it = order.technician_id or order.requested_technician_id
    found = load_situations(session, [order], now=now, by_hand=has_it)[order.id or 0]
    return found.ranking()


def ranking_document(session: Session, actor: Actor, no: str, *, now: datetime) -> list[dict[str, object]]:
    """`ranking` in the form in which decisions are stored, so that one screen shows both. Raises: NotAllowed, NotFound."""
    return ranking(session, actor, no, now=now).as_document()
