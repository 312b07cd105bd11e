"""Orders that earn and spend points, as short commands for tests. Built on `tests.journey`."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import col, select

from servicehub.domain.payment import POINTS, PaymentStatus
from servicehub.domain.points import POINTS_KIND
from servicehub.models.catalog import Policy
from servicehub.models.order import Order
from servicehub.models.payment import Payment
from servicehub.models.points import PointsLot
from servicehub.services import (
    ledger,
    orders,
    payments,
    points,
    policies,
    tenders,
)
from tests.journey import World

LATER = ("2026-03-05 14:00", "2026-03-06 14:00", "2026-03-07 14:00")


def rule(world: World, **document: int) -> None:
    """The city's rules of points."""
    version = policies.newest_version(world.session, world.town.city_id, POINTS_KIND) + 1
    row = Policy(
        city_id=world.town.city_id, kind=POINTS_KIND, version=version, document=document, effective_at=world.now
    )
    world.session.add(row)
    world.session.flush()


def balance(world: World) -> int:
    """The points in the books; the lots say the same."""
    owner = world.customer.user_id
    held = ledger.balance(world.session, ledger.tender(POINTS, owner))
    lots = world.session.scalar(
        sa.select(sa.func.sum(col(PointsLot.remaining))).where(col(PointsLot.customer_id) == owner)
    )
    assert held == int(lots or 0)
    assert points.problems(world.session) == []
    return held


def earned(world: World, per_yuan: int = 20) -> Order:
    """A completed order of 100 yuan that earned points."""
    rule(world, per_yuan=per_yuan)
    return world.completed()


def later(world: World, at: str = LATER[0]) -> Order:
    return world.book(start_at=world.town.local(at))


def opened(world: World, order: Order, *ours: str, channel: str = "simulator") -> Payment:
    item, _due = payments.due(world.session, order)
    return payments.open_payment(
        world.session, world.customer, order, item, channel, "wechat", ours=ours or (POINTS,), now=world.now
    )


def kept(world: World, order: Order) -> dict[str, int]:
    rows = world.session.exec(
        select(Payment).where(Payment.order_id == order.id, Payment.status == PaymentStatus.KEPT)
    ).all()
    return {row.channel: row.amount_fen for row in rows}


def cancel(world: World, order: Order) -> int:
    """On the terms that were shown; what goes back, in fen."""
    terms = orders.cancel_preview(world.session, world.customer, order.no, now=world.now)
    orders.cancel(
        world.session, world.customer, order.no, reason="", expected_refund_fen=terms.refund_fen, now=world.now
    )
    return terms.refund_fen


def free(world: World) -> int:
    return tenders.free(world.session, POINTS, world.customer.user_id, now=world.now)
