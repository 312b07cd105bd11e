"""Closing what is still unpaid: here at once, and at the channel after the commit."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub import outbox
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
