"""What the platform does by itself when an order's timer fires. Level-triggered: a late, repeated or concurrent run is harmless."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import SYSTEM
from servicehub.domain.order import ORDER, OrderEvent, OrderStatus
from servicehub.domain.payment import PaymentStatus
from servicehub.models.order import Order
from servicehub.models.payment import Payment
from servicehub.services import coupons, crews, ending, guarantees, notices, transitions
from servicehub.services.due import each

"""The coupon batch that keeps the promise when nobody came or nobody was found."""
ASKING = timedelta(minutes=2)
"""How long past its deadline an unpaid order waits while its payment channel is asked whether money came."""


def _is_being_asked(now: datetime) -> Any:
    """The order has an open payment that the channel may know more of than we do."""
    unpaid = sa.exists().where(col(Payment.order_id) == col(Order.id), col(Payment.status) == PaymentStatus.PENDING)
    unanswered = sa.or_(unpaid, guarantees.is_waiting())
    waits = sa.and_(col(Order.status) == OrderStatus.PENDING_PAYMENT, col(Order.deadline_at) > now - ASKING)
    return sa.and_(waits, unanswered)


def to_ask_about(session: Session, now: datetime, *, limit: int = 50) -> list[int]:
    """Orders whose time to pay is over while a payment is open, oldest first: ask its channel, then `expire`."""
    query = select(Order.id).where(_is_being_asked(now), col(Order.deadline_at) <= now)
    return [order_id or 0 for order_id in session.exec(query.order_by(col(Order.deadline_at)).limit(limit))]


def expire(session: Session, order_id: int, *, now: datetime) -> bool:
    """End one unpaid order whose time is over; False when it was paid, ended or given more time meanwhile."""
    order = session.exec(select(Order).where(Order.id == order_id).with_for_update()).one()
    if order.status is not OrderStatus.PENDING_PAYMENT or (order.deadline_at or now) > now:
        return False
    _pay_timeout(session, order, now)
    return True


def fire_due(session: Session, now: datetime, *, limit: int = 100) -> int:
    """Fire the timer of every order whose deadline passed; returns how many. ASSIGNED is left to `dispatching.expire_due`.

    An unpaid order with an open payment is left to `to_ask_about` for a while, so that money on its way is not turned away.
    """
    watched = [status for status in ORDER.timers if status is not OrderStatus.ASSIGNED]
    due = session.exec(
        select(Order)
        .where(col(Order.status).in_(watched), col(Order.deadline_at) <= now, ~_is_being_asked(now))
        .order_by(col(Order.deadline_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    return each(session, due, lambda order: _ACTIONS[ORDER.timers[order.status]](session, order, now))


def _pay_timeout(session: Session, order: Order, now: datetime) -> None:
    ending.end_unpaid(session, order, OrderEvent.PAY_TIMEOUT, SYSTEM, now=now)


def _match_timeout(session: Session, order: Order, now: datetime) -> None:
    ending.end_in_full(session, order, OrderEvent.MATCH_TIMEOUT, SYSTEM, now=now, reason="nobody_found")
    coupons.apologise(session, order.customer_id, key=f"nobody:{order.no}", now=now)
    if order.lead_id is not None:
        lead = crews.lead_of(session, order)
        notices.tell_customer(session, lead, "crew_short", key=f"crew-short:{order.no}", now=now)


def _no_show(session: Session, order: Order, now: datetime) -> None:
    ending.back_to_matching(session, order, OrderEvent.NO_SHOW, SYSTEM, now=now, reason="technician_no_show")
    coupons.apologise(session, order.customer_id, key=f"no-show:{order.no}:{order.version}", now=now)


def _alarm(session: Session, order: Order, now: datetime) -> None:
    transitions.advance(session, order, OrderEvent.ALARM, SYSTEM, now=now)


def _balance_overdue(session: Session, order: Order, now: datetime) -> None:
    transitions.advance(session, order, OrderEvent.BALANCE_OVERDUE, SYSTEM, now=now, reason="balance_overdue")
    notices.tell_customer(session, order, "balance_overdue", key=f"overdue:{order.no}", now=now)


def _auto_confirm(session: Session, order: Order, now: datetime) -> None:
    ending.complete(session, order, OrderEvent.AUTO_CONFIRM, SYSTEM, now=now)


def _escalate(session: Session, order: Order, now: datetime) -> None:
    transitions.advance(session, order, OrderEvent.ESCALATE, SYSTEM, now=now)


def _aftersale_end(session: Session, order: Order, now: datetime) -> None:
    transitions.advance(session, order, OrderEvent.AFTERSALE_END, SYSTEM, now=now)


_ACTIONS: dict[OrderEvent, Callable[[Session, Order, datetime], None]] = {
    OrderEvent.PAY_TIMEOUT: _pay_timeout,
    OrderEvent.MATCH_TIMEOUT: _match_timeout,
    OrderEvent.NO_SHOW: _no_show,
    OrderEvent.ALARM: _alarm,
    OrderEvent.BALANCE_OVERDUE: _balance_overdue,
    OrderEvent.AUTO_CONFIRM: _auto_confirm,
    OrderEvent.ESCALATE: _escalate,
    OrderEvent.AFTERSALE_END: _aftersale_end,
}
