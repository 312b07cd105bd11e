"""Cash: what a customer has said to pay at the door, and whether he may."""

from __future__ import annotations

from sqlmodel import Session, col, select

from servicehub.domain.order import OrderStatus
from servicehub.domain.payment import CASH, PaymentStatus
from servicehub.models.order import Order
from servicehub.models.payment import Payment
from servicehub.settings import get_settings


def is_taken(order: Order) -> bool:
    """Whether it may be paid at the door: the visit is over, and the platform is who is paid."""
    return order.status is OrderStatus.AWAITING_BALANCE and get_settings().settlement_mode == "self_operated"


def waiting(session: Session, order: Order) -> Payment | None:
    """What the customer has said to pay in cash, and the technician has not confirmed."""
    query = select(Payment).where(
        Payment.order_id == order.id, Payment.channel == CASH, Payment.status == PaymentStatus.PENDING
    )
    return session.exec(query.order_by(col(Payment.id).desc())).first()
