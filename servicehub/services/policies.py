"""Reading versioned policies: the one in force for a city, and the one that an order froze."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from servicehub.domain.policy import ORDER_KIND, OrderPolicy
from servicehub.errors import NotFound
from servicehub.models.catalog import Policy
from servicehub.models.order import Order


def in_force(session: Session, city_id: int, kind: str, now: datetime) -> Policy:
    """The newest version of `kind` that is in force at `now`. Raises: NotFound for a city without one."""
    policy = session.exec(
        select(Policy)
        .where(Policy.city_id == city_id, Policy.kind == kind, col(Policy.effective_at) <= now)
        .order_by(col(Policy.version).desc())
        .limit(1)
    ).first()
    if policy is None:
        raise NotFound(f"policy {kind} of city {city_id}")
    return policy


def order_policy(session: Session, city_id: int, now: datetime) -> tuple[int, OrderPolicy]:
    """(id, rules) by which a new order of the city is priced."""
    row = in_force(session, city_id, ORDER_KIND, now)
    return row.id or 0, OrderPolicy.of(row.document, row.version)


def of_order(session: Session, order: Order) -> OrderPolicy:
    """The rules that the order froze when it was made."""
    row = session.get_one(Policy, order.policy_id)
    return OrderPolicy.of(row.document, row.version)


def document(session: Session, city_id: int, kind: str, now: datetime) -> dict[str, Any]:
    """The document in force, or an empty one when the city never adopted any."""
    try:
        return in_force(session, city_id, kind, now).document
    except NotFound:
        return {}
