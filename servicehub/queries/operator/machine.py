"""How many of the city's orders are in each status now. One statement."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.domain.access import Actor, Permission
from servicehub.domain.order import OrderStatus
from servicehub.models.order import Order
from servicehub.queries.operator.scope import guard, orders_of


def census(session: Session, actor: Actor) -> dict[str, int]:
    """Every status with its count. Raises: NotAllowed without order:read."""
    guard(actor, Permission.ORDER_READ)
    rows = session.execute(
        sa.select(Order.status, sa.func.count()).where(*orders_of(actor)).group_by(col(Order.status))
    ).all()
    found = {OrderStatus(status).value: int(n) for status, n in rows}
    return {status.value: found.get(status.value, 0) for status in OrderStatus}
