"""Customers' points: earned when an order is settled, spent by payments, given back, taken back, and expired.

Owns lots and uses. Points stand in the ledger in fen (`points:<customer>`, guarded); a lot changes in the transaction that moves
them, under the lock of the account, so that the lots' remainders are the account's balance. Whoever takes points away leaves what
open payments have reserved: a reservation may spend the lots that lived when it was made.

    earned       comp:points -> points      points:<order>           with the order's settlement
    spent        points -> escrow           pay:<no>                 `payments.keep`
    given back   refund_due -> points       refund:<no>              `refunds.record_result`
    taken back   points -> comp:points      points-back:<refund no>  a refund after the settlement
    expired      points -> comp:points      points-expired:<lot>
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import bus
from servicehub.domain import points as rules
from servicehub.domain.payment import POINTS, PaymentStatus
from servicehub.models.ledger import Account
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund, load_reserved
from servicehub.models.points import PointsLot, PointsUse, load_lots, load_points_policy, load_uses
from servicehub.services import ledger, shares, sums
from servicehub.services.due import each


def living(session: Session, customer_id: int, *, at: datetime) -> int:
    """Points that have not expired at `at`; the caller has locked the account."""
    return rules.living(load_lots(session, customer_id), at)


def earn(session: Session, order: Order, *, now: datetime) -> int:
    """Points for the money that an order was settled with, once; how many. None where a company is paid."""
    order_id, owner = order.id or 0, order.customer_id
    policy = load_points_policy(session, order.city_id, now)
    points = 0 if order.lead_id else policy.earned(sums.money_net(session, order))
    if not points or shares.is_partner(session, order_id):
        return 0
    lines = {ledger.POINTS_COST: points, ledger.tender(POINTS, owner): -points}
    _id, is_new = ledger.post(session, f"points:{order_id}", rules.EARNED, ledger.order_ref(order_id), lines, now=now)
    if not is_new:
        return 0
    session.add(_lot(order, points, now, policy.expires_at(now)))
    session.flush()
    bus.publish(session, bus.customer(owner))
    return points


def spend(session: Session, payment: Payment, *, since: datetime) -> None:
    """Take what a payment has just spent from the lots that lived at `since`, those that expire first."""
    owner = session.get_one(Order, payment.order_id).customer_id
    parts = rules.taken(load_lots(session, owner), payment.amount_fen, at=since)
    _lessen(session, parts)
    session.add_all(PointsUse(payment_id=payment.id or 0, lot_id=lot_id, points=n) for lot_id, n in parts.items())
    session.flush()


def give_back(session: Session, refund: Refund, *, now: datetime) -> None:
    """The points of a refund are the customer's again: in their lots, or in a new one when those end too soon."""
    order = session.get_one(Order, refund.order_id)
    for part in rules.returns(load_uses(session, refund.payment_id), refund.amount_fen, now=now):
        use = session.get_one(PointsUse, (refund.payment_id, part.lot_id))
        use.returned += part.points
        session.add(use)
        if part.is_new:
            session.add(_lot(order, part.points, now, part.expires_at, refund))
        else:
            _lessen(session, {part.lot_id: -part.points})
    session.flush()


def take_back(session: Session, order: Order, before_fen: int, key: str, *, now: datetime) -> int:
    """A settled order's money went back: the points that it earned go, too, as far as there are any; how many.

    `before_fen`: its money before the refund. Its own lot first, then those that expire first; never what is reserved.
    """
    lot = session.exec(
        select(PointsLot).where(PointsLot.order_id == order.id, col(PointsLot.refund_id).is_(None))
    ).first()
    if lot is None:
        return 0
    policy, owner = load_points_policy(session, order.city_id, lot.earned_at), order.customer_id
    wanted = policy.earned(before_fen) - policy.earned(sums.money_net(session, order))
    account = ledger.tender(POINTS, owner)
    ledger.locked_balances(session, [account])
    lots = load_lots(session, owner)
    points = min(wanted, max(rules.living(lots, now) - load_reserved(session, POINTS, owner, now=now), 0))
    if not points:
        return 0
    lines = {account: points, ledger.POINTS_COST: -points}
    ref = ledger.order_ref(order.id or 0)
    _id, is_new = ledger.post(session, f"points-back:{key}", rules.TAKEN_BACK, ref, lines, now=now)
    if is_new:
        _lessen(session, rules.taken(lots, points, at=now, first=lot.id or 0))
    return points if is_new else 0


def expire_due(session: Session, now: datetime, *, limit: int = 200) -> int:
    """Take off what has expired; returns how many lots. A customer whose points are reserved for an open payment comes later."""
    reserved = (
        sa.select(col(Payment.id))
        .join(Order, col(Order.id) == col(Payment.order_id))
        .where(col(Order.customer_id) == col(PointsLot.customer_id), col(Payment.channel) == POINTS)
        .where(col(Payment.status) == PaymentStatus.PENDING, col(Payment.expires_at) > now)
        .exists()
    )
    due = session.exec(
        select(PointsLot)
        .where(col(PointsLot.remaining) > 0, col(PointsLot.expires_at) <= now, ~reserved)
        .order_by(col(PointsLot.customer_id), col(PointsLot.id))
        .limit(limit)
    ).all()
    return each(session, due, lambda lot: _expire(session, lot, now))


def problems(session: Session) -> list[str]:
    """Sentences about accounts whose lots do not add up to their balance; empty when all do."""
    code = sa.literal(f"{POINTS}:").concat(sa.cast(col(PointsLot.customer_id), sa.String))
    lots = (
        sa.select(code.label("code"), sa.func.sum(col(PointsLot.remaining)).label("points"))
        .group_by(col(PointsLot.customer_id))
        .subquery()
    )
    held = sa.func.coalesce(col(Account.balance_fen), 0)
    wrong = sa.select(lots.c.code, lots.c.points, held).outerjoin(Account, col(Account.code) == lots.c.code)
    found = session.execute(wrong.where(lots.c.points != held)).all()
    lost = sa.select(col(Account.code), sa.literal(0), held).outerjoin(lots, col(Account.code) == lots.c.code)
    lost = lost.where(col(Account.code).like(f"{POINTS}:%"), held != 0, lots.c.code.is_(None))
    return [f"{name} holds {fen}, its lots {points}" for name, points, fen in (*found, *session.execute(lost))]


def _expire(session: Session, lot: PointsLot, now: datetime) -> None:
    account = ledger.tender(POINTS, lot.customer_id)
    ledger.locked_balances(session, [account])
    session.refresh(lot)
    if not lot.remaining or load_reserved(session, POINTS, lot.customer_id, now=now):
        return
    lines = {account: lot.remaining, ledger.POINTS_COST: -lot.remaining}
    ref = ledger.order_ref(lot.order_id)
    ledger.post(session, f"points-expired:{lot.id}", rules.EXPIRED, ref, lines, now=now)
    _lessen(session, {lot.id or 0: lot.remaining})
    bus.publish(session, bus.customer(lot.customer_id))


def _lot(order: Order, points: int, now: datetime, until: datetime, refund: Refund | None = None) -> PointsLot:
    return PointsLot(
        customer_id=order.customer_id, order_id=order.id or 0, refund_id=refund.id if refund else None, points=points,
        remaining=points, earned_at=now, expires_at=until,
    )  # fmt: skip


def _lessen(session: Session, parts: Mapping[int, int]) -> None:
    """Take points off lots; a CHECK holds each between nothing and all of it."""
    for lot_id, points in parts.items():
        session.execute(
            sa.update(PointsLot)
            .where(col(PointsLot.id) == lot_id)
            .values(remaining=PointsLot.remaining - points)
            .execution_options(synchronize_session="fetch")
        )
