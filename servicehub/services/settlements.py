"""Settlement: a finished order's escrow becomes commission and the technician's earning, which matures after some days.

Owns earnings and their entries. The split is `domain.settlement`; its rule is the one that the technician saw before accepting.
The order row itself is not touched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import bus
from servicehub.domain import settlement
from servicehub.domain.cancellation import CancelQuote
from servicehub.domain.money import BP
from servicehub.domain.policy import OrderPolicy
from servicehub.domain.settlement import Rate, Split
from servicehub.errors import LedgerRefused
from servicehub.models.base import among
from servicehub.models.catalog import Category
from servicehub.models.customer import Coupon, CouponGrant
from servicehub.models.order import Order, OrderLine
from servicehub.models.payment import Earning
from servicehub.models.technician import Technician
from servicehub.services import ledger, policies
from servicehub.services.due import each

CANCELLATION_RULE = "cancellation"


def take_home(session: Session, order: Order, technician: Technician) -> Split:
    """What `technician` would get for the order at its whole price; `as_document()` is what an acceptance freezes."""
    return take_homes(session, [(order, technician)])[0]


def take_homes(session: Session, pairs: Sequence[tuple[Order, Technician]]) -> list[Split]:
    """`take_home` for many; the lines of all orders in one statement."""
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    ids = [order.id for order, _technician in pairs]
    for line in session.exec(select(OrderLine).where(among(col(OrderLine.order_id), ids)).order_by(col(OrderLine.id))):
        lines[line.order_id].append(line)
    rules: dict[int, OrderPolicy] = {}
    found = []
    for order, technician in pairs:
        policy = rules.get(order.policy_id) or rules.setdefault(order.policy_id, policies.of_order(session, order))
        rate = policy.commission.rate(technician.level, policy.version)
        found.append(_split(session, order, policy, rate, None, lines[order.id or 0]))
    return found


def settle(session: Session, order: Order, *, now: datetime) -> Earning | None:
    """Divide what is held for the order. Once: a repetition returns the first earning. None when nothing is held.

    Raises: LedgerRefused for an order without a technician.
    """
    order_id = order.id or 0
    if earned := of_order(session, order_id):
        return earned
    paid = ledger.balance(session, ledger.escrow(order_id))
    if not paid:
        return None
    technician = _technician(session, order)
    policy = policies.of_order(session, order)
    priced = session.exec(select(OrderLine).where(OrderLine.order_id == order_id)).all()
    split = _split(session, order, policy, _frozen_rate(order, technician, policy), paid, priced)
    pending = ledger.pending(technician.id or 0, order_id)
    lines = {
        ledger.escrow(order_id): split.paid_fen,
        ledger.SUBSIDY: split.subsidy_fen,
        ledger.COMMISSION: -split.commission_fen,
        pending: -split.net_fen,
    }
    ledger.post(session, f"settle:{order_id}", "settlement", ledger.order_ref(order_id), lines, now=now)
    category = session.get_one(Category, order.category_id).slug
    matures_at = policy.settlement.matures_at(technician.level, category, now)
    return _earn(session, order_id, technician, "service", split, matures_at, now)


def settle_cancellation(session: Session, order: Order, quote: CancelQuote, *, now: datetime) -> Earning | None:
    """Share the cancellation fee; the rest stays in escrow for `refunds.request`. None when there is no fee."""
    if not quote.fee_fen:
        return None
    order_id = order.id or 0
    if earned := of_order(session, order_id):
        return earned
    technician = _technician(session, order)
    lines = {
        ledger.escrow(order_id): quote.fee_fen,
        ledger.CANCELLATION_INCOME: -quote.platform_fen,
        ledger.pending(technician.id or 0, order_id): -quote.technician_fen,
    }
    ledger.post(session, f"cancel:{order_id}", "cancellation", ledger.order_ref(order_id), lines, now=now)
    share = Split(quote.fee_fen, 0, quote.technician_fen, 0, 0, 0, quote.technician_fen, CANCELLATION_RULE, 0)
    days = policies.of_order(session, order).settlement.cancellation_days
    return _earn(session, order_id, technician, "cancellation_fee", share, now + timedelta(days=days), now)


def mature_due(session: Session, now: datetime, *, limit: int = 200) -> int:
    """Make available what has matured, debts first; returns how many earnings. Idempotent, and safe in several processes."""
    due = session.exec(
        select(Earning)
        .where(col(Earning.matured_at).is_(None), col(Earning.matures_at) <= now, col(Earning.frozen).is_(False))
        .order_by(col(Earning.matures_at), col(Earning.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    return each(session, due, lambda earning: _mature(session, earning, now))


def freeze(session: Session, order: Order) -> bool:
    """A dispute keeps the order's earning from maturing; False when there is none to freeze."""
    return _set_frozen(session, order, frozen=True)


def unfreeze(session: Session, order: Order) -> bool:
    """The dispute is over."""
    return _set_frozen(session, order, frozen=False)


def of_order(session: Session, order_id: int) -> Earning | None:
    """The order's earning, if it was settled."""
    return session.exec(select(Earning).where(Earning.order_id == order_id)).first()


def _split(
    session: Session,
    order: Order,
    policy: OrderPolicy,
    rate: Rate,
    paid_fen: int | None,
    lines: Sequence[OrderLine],
) -> Split:
    return settlement.settle(
        lines,
        rate=rate,
        pass_through=policy.commission.pass_through,
        funder_platform_bp=_funder(session, order),
        paid_fen=paid_fen,
    )


def _frozen_rate(order: Order, technician: Technician, policy: OrderPolicy) -> Rate:
    """The rate shown at acceptance; the level's of today for an order that froze none."""
    shown = order.commission
    if "rate_bp" in shown:
        return Rate(str(shown["rule"]), int(shown["rate_bp"]))
    return policy.commission.rate(technician.level, policy.version)


def _funder(session: Session, order: Order) -> int:
    if order.coupon_grant_id is None:
        return BP
    query = select(Coupon.funder_platform_bp).join(CouponGrant, col(CouponGrant.coupon_id) == col(Coupon.id))
    found = session.exec(query.where(CouponGrant.id == order.coupon_grant_id)).first()
    return BP if found is None else found


def _technician(session: Session, order: Order) -> Technician:
    if order.technician_id is None:
        raise LedgerRefused(f"order {order.no} has no technician to settle with")
    return session.get_one(Technician, order.technician_id)


def _earn(
    session: Session,
    order_id: int,
    technician: Technician,
    kind: str,
    split: Split,
    matures_at: datetime,
    now: datetime,
) -> Earning:
    earning = Earning(
        order_id=order_id,
        technician_id=technician.id or 0,
        kind=kind,
        labour_fen=split.labour_fen,
        pass_through_fen=split.pass_through_fen,
        coupon_share_fen=split.coupon_share_fen,
        commission_fen=split.commission_fen,
        rule=split.rule,
        net_fen=split.net_fen,
        created_at=now,
        matures_at=matures_at,
    )
    session.add(earning)
    session.flush()
    bus.publish(session, bus.technician(technician.id or 0))
    return earning


def _mature(session: Session, earning: Earning, now: datetime) -> None:
    technician_id, order_id = earning.technician_id, earning.order_id
    pending, debt = ledger.pending(technician_id, order_id), ledger.debt(technician_id)
    balances = ledger.locked_balances(session, (pending, debt))
    left, repaid = balances[pending], min(balances[pending], balances[debt])
    if left:
        lines = {pending: left, debt: -repaid, ledger.available(technician_id): repaid - left}
        ledger.post(session, f"mature:{order_id}", "mature", ledger.order_ref(order_id), lines, now=now)
    earning.matured_at = now
    session.add(earning)
    session.flush()
    bus.publish(session, bus.technician(technician_id))


def _set_frozen(session: Session, order: Order, *, frozen: bool) -> bool:
    changed = session.execute(
        sa.update(Earning)
        .where(col(Earning.order_id) == order.id, col(Earning.matured_at).is_(None))
        .values(frozen=frozen)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]
