"""What a job brings its technician, before it is his: the same rule and the same division of the price that settle it later."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain import proposal
from servicehub.domain.commission import Case, Rate
from servicehub.domain.money import BP
from servicehub.domain.policy import OrderPolicy
from servicehub.domain.proposal import Extra
from servicehub.domain.settlement import Split, settle
from servicehub.models.catalog import Policy
from servicehub.models.commissions import load_cases
from servicehub.models.customer import Coupon, CouponGrant
from servicehub.models.order import Order, OrderLine
from servicehub.models.technician import Technician


def policies(session: Session, orders: Sequence[Order]) -> dict[int, OrderPolicy]:
    """The rules that these orders froze, by policy id."""
    ids = {order.policy_id for order in orders}
    rows = session.exec(select(Policy).where(col(Policy.id).in_(ids))).all() if ids else []
    return {row.id or 0: OrderPolicy.of(row.document, row.version) for row in rows}


def estimates(session: Session, technician: Technician, orders: Sequence[Order]) -> dict[int, Split]:
    """Order id -> how its price would be divided if this technician served it."""
    if not orders:
        return {}
    ids = {order.lead_id or order.id or 0 for order in orders}
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    for line in session.exec(select(OrderLine).where(col(OrderLine.order_id).in_(ids))).all():
        lines[line.order_id].append(line)
    funders = _funders(session, ids)
    rules = policies(session, orders)
    cases = load_cases(session, [(order, technician) for order in orders])
    return {
        order.id or 0: settle(
            lines[order.lead_id or order.id or 0],
            rate=rules[order.policy_id].commission.choose(case, rules[order.policy_id].version),
            pass_through=rules[order.policy_id].commission.pass_through,
            funder_platform_bp=funders.get(order.lead_id or order.id, BP),
            seat=order.seat,
            people=order.crew_size,
        )
        for order, case in zip(orders, cases, strict=True)
    }


def gain(session: Session, technician: Technician, order: Order, more: Sequence[Extra]) -> int:
    """What `more` brings the technician of the order beside its price as it is now, by the rule that it froze; in fen."""
    sold = order.lead_id or order.id or 0
    policy = policies(session, [order])[order.policy_id].commission
    frozen = "rate_bp" in order.commission
    rate = Rate.frozen(order.commission) if frozen else policy.choose(*_case(session, order, technician))
    return proposal.gain(
        session.exec(select(OrderLine).where(OrderLine.order_id == sold).order_by(col(OrderLine.id))).all(),
        more,
        rate=rate,
        pass_through=policy.pass_through,
        funder_platform_bp=_funders(session, {sold}).get(sold, BP),
        seat=order.seat,
        people=order.crew_size,
    )


def _case(session: Session, order: Order, technician: Technician) -> tuple[Case, int]:
    return load_cases(session, [(order, technician)])[0], policies(session, [order])[order.policy_id].version


def _funders(session: Session, ids: Collection[int]) -> dict[int, int]:
    """Order -> which share of its coupon the platform pays, for those that have one."""
    query = (
        sa.select(col(Order.id), col(Coupon.funder_platform_bp))
        .join(CouponGrant, col(CouponGrant.id) == col(Order.coupon_grant_id))
        .join(Coupon, col(Coupon.id) == col(CouponGrant.coupon_id))
    )
    return dict(session.execute(query.where(col(Order.id).in_(ids))).all())
