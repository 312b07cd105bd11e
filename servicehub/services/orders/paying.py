"""What verified money does to an order. It never revives a dead order blindly: the time is taken again, or the money goes back.

`payments.record` has put the report into the inbox; here the order answers with keep or late, in the same transaction.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from servicehub.domain.access import SYSTEM
from servicehub.domain.order import OrderEvent, OrderMode, OrderStatus
from servicehub.domain.payment import PlanItem
from servicehub.domain.technician import CellKind
from servicehub.errors import CouponUnusable, NobodyAvailable, SlotTaken, SlotUnavailable
from servicehub.models.order import Order
from servicehub.models.payment import Payment, waits_for_balance
from servicehub.services import (
    capturing,
    coupons,
    crews,
    dispatching,
    guarantees,
    notices,
    payments,
    scheduling,
    sums,
    transitions,
)
from servicehub.services.orders.booking import search_from
from servicehub.services.payments import Outcome, OutcomeKind


def payment_recorded(session: Session, outcome: Outcome, *, now: datetime) -> None:
    """Let the order answer to a payment. Anything but PAID needs no answer."""
    if outcome.kind not in (OutcomeKind.PAID, OutcomeKind.HELD):
        return
    order = session.get_one(Order, outcome.order_id)
    session.refresh(order)
    if outcome.kind is OutcomeKind.HELD:
        _secured(session, order, now)
        return
    payment = session.get_one(Payment, outcome.payment_id)
    if payment.item is PlanItem.TIP:
        _tip(session, order, payment, now)
        return
    match order.status:
        case OrderStatus.PENDING_PAYMENT:
            _first_payment(session, order, payment, now)
        case OrderStatus.AWAITING_BALANCE | OrderStatus.DISPUTED if waits_for_balance(session, order):
            _balance(session, order, payment, now)
        case OrderStatus.EXPIRED:
            _after_expiry(session, order, payment, now)
        case OrderStatus.CANCELLED:
            if not capturing.share_fee(session, order, payment, now=now):
                _too_late(session, order, payment, now)
        case _:
            payments.mark_extra(session, payment, now=now)


def _first_payment(session: Session, order: Order, payment: Payment, now: datetime) -> None:
    paid_fen = payments.keep(session, payment, now=now)
    payments.close_open(session, order)  # what was opened at another channel
    _look_for_somebody(session, order, now, paid_at=now)
    notices.tell_customer(session, order, "paid", key=f"paid:{order.no}", now=now, amount_fen=paid_fen)


def _secured(session: Session, order: Order, now: datetime) -> None:
    """The guarantee is held: as good as paid for who looks for somebody, and no money."""
    if order.status is not OrderStatus.PENDING_PAYMENT:
        guarantees.let_go(session, order)
        return
    _look_for_somebody(session, order, now, paid_at=None)
    notices.tell_customer(session, order, "secured", key=f"secured:{order.no}", now=now)


def _look_for_somebody(session: Session, order: Order, now: datetime, *, paid_at: datetime | None) -> None:
    coupons.use(session, order)
    chosen = order.requested_technician_id
    if chosen is not None and order.crew_size > 1:
        scheduling.release(session, order.id or 0, kept_for=chosen)  # of those who were held with him
    held = chosen is not None and scheduling.promote(session, order.id or 0, CellKind.JOB) > 0
    if held:
        dispatching.offer_requested(session, order, now=now)
    else:
        if order.mode is OrderMode.GRAB:
            scheduling.release(session, order.id or 0)  # the hall may be faster than the one who was held
        transitions.advance(
            session,
            order,
            OrderEvent.PAY,
            SYSTEM,
            now=now,
            paid_at=paid_at,
            technician_id=None,
            dispatch_at=search_from(order.mode, now),
        )
        dispatching.search(session, order, now=now)
    crews.fill(session, order, now=now)


def _tip(session: Session, order: Order, payment: Payment, now: datetime) -> None:
    """For everybody who came; sent back if nobody did after all."""
    came = [order, *(c for c in crews.companions(session, order) if c.finished_at is not None)]
    people = [member.technician_id for member in came if member.technician_id is not None]
    if order.finished_at is None or not people:
        payments.mark_late(session, payment, now=now)
        return
    payments.keep_tip(session, payment, people, now=now)
    transitions.hint(session, order)


def _balance(session: Session, order: Order, payment: Payment, now: datetime) -> None:
    paid_fen = payments.keep(session, payment, now=now)
    if sums.balance_due(session, order) == 0:
        payments.close_open(session, order)
        paid_at = order.paid_at or now
        transitions.advance(session, order, OrderEvent.PAY_BALANCE, SYSTEM, now=now, paid_at=paid_at)
        notices.tell_customer(session, order, "paid", key=f"balance:{order.no}", now=now, amount_fen=paid_fen)


def _after_expiry(session: Session, order: Order, payment: Payment, now: datetime) -> None:
    """The hold ran out before the money came: revive the order if it can still be served as it was sold, else refund."""
    try:
        with session.begin_nested():
            if order.paid_at is not None:  # it had been paid and ended otherwise: nobody found
                raise NobodyAvailable(order.no)
            scheduling.require_somebody(session, order, now=now)
            if order.coupon_grant_id is not None:
                coupons.lock(session, order, order.coupon_grant_id, now=now)
            payments.keep(session, payment, now=now)
            coupons.use(session, order)
            mode = OrderMode.CHOOSE if order.requested_technician_id else order.mode
            transitions.advance(
                session, order, OrderEvent.REVIVE, SYSTEM, now=now, paid_at=now, cancelled_at=None, technician_id=None,
                mode=mode, dispatch_at=search_from(mode, now),
            )  # fmt: skip
            dispatching.search(session, order, now=now)
            crews.fill(session, order, now=now)
    except (NobodyAvailable, SlotTaken, SlotUnavailable, CouponUnusable):
        session.refresh(order)
        session.refresh(payment)
        _too_late(session, order, payment, now)


def _too_late(session: Session, order: Order, payment: Payment, now: datetime) -> None:
    payments.mark_late(session, payment, now=now)
    transitions.advance(session, order, OrderEvent.LATE_PAY, SYSTEM, now=now, data={"payment": payment.no})
    notices.tell_customer(
        session, order, "late_payment", key=f"late:{payment.no}", now=now, amount_fen=payment.amount_fen
    )
