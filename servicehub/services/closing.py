"""Closing what is still unpaid: here at once, and at the channel after the commit."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import outbox
from servicehub.domain.order import OrderStatus
from servicehub.domain.payment import HERE, PaymentStatus
from servicehub.models.order import Order
from servicehub.models.payment import Payment
from servicehub.services import guarantees


def close_open(session: Session, order: Order) -> int:
    """Close what is still unpaid of the order, and its guarantee, here at once and at the channel after the commit.

    Returns how many payments the channels are told of.
    """
    closed = _close(session, col(Payment.order_id) == order.id)
    guarantees.let_go(session, order)
    return closed


def close_of(session: Session, proposal_id: int) -> int:
    """Close what is still unpaid of one add-on; otherwise as `close_open`."""
    return _close(session, col(Payment.proposal_id) == proposal_id)


def lapse_later(session: Session, payment: Payment, *, now: datetime) -> None:
    """When its time is over, the payment is looked at a last time (job `payment_lapse`)."""
    delay = (payment.expires_at - now) // timedelta(seconds=1) + 1
    outbox.defer(session, "payment_lapse", {"no": payment.no}, key=f"lapse:{payment.no}", delay_s=max(delay, 1))


def close_lapsed(session: Session, no: str, *, now: datetime) -> int:
    """Close a payment whose time is over, with what tenders of ours had set aside for it; returns as `close_open`.

    An order that is held until it is paid ends with all of its payments, by its own timer.
    """
    payment = session.exec(select(Payment).where(Payment.no == no)).one()
    if session.get_one(Order, payment.order_id).status is OrderStatus.PENDING_PAYMENT:
        return 0
    return _close(
        session,
        col(Payment.order_id) == payment.order_id,
        col(Payment.item) == payment.item,
        col(Payment.proposal_id).is_not_distinct_from(payment.proposal_id),
        col(Payment.expires_at) <= now,
    )


def _close(session: Session, *which: sa.ColumnElement[bool]) -> int:
    closed = session.execute(
        sa.update(Payment)
        .where(*which, col(Payment.status) == PaymentStatus.PENDING)
        .values(status=PaymentStatus.CLOSED)
        .returning(col(Payment.no), col(Payment.channel))
        .execution_options(synchronize_session=False)
    )
    numbers = sorted(no for no, channel in closed if channel not in HERE and not no.startswith(guarantees.PREFIX))
    for no in numbers:
        outbox.defer(session, "payment_close", {"no": no}, key=f"close:{no}")
    return len(numbers)
