"""What an order's payments and refunds come to: sums that several services ask for, and that change nothing."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.domain.payment import POINTS, PRICE_ITEMS, PaymentStatus
from servicehub.models.order import Order, OrderLine
from servicehub.models.payment import Payment, Refund
from servicehub.services import ledger


def kept(session: Session, order: Order) -> int:
    """What was paid for the order, refunds not deducted."""
    return _sum(session, sa.select(sa.func.sum(col(Payment.amount_fen))).where(*_kept_of(order)))


def paid_net(session: Session, order: Order) -> int:
    """What the customer has paid and was not promised back, points among it."""
    return _net(session, *_kept_of(order))


def money_net(session: Session, order: Order) -> int:
    """`paid_net` without what points have paid: what earns points, and what an invoice is about."""
    return _net(session, *_kept_of(order), col(Payment.channel) != POINTS)


def balance_due(session: Session, order: Order) -> int:
    """What is still to be paid of the price. A refund does not make it grow."""
    return max(order.total_fen - kept(session, order), 0)


def escrow(session: Session, order: Order) -> int:
    """The customer's money that is still held for the order."""
    return ledger.balance(session, ledger.escrow(order.id or 0))


def line_sum(session: Session, order: Order, kind: str) -> int:
    """The sum of the order's price lines of `kind`."""
    lines = (col(OrderLine.order_id) == order.id, col(OrderLine.kind) == kind)
    return _sum(session, sa.select(sa.func.sum(col(OrderLine.amount_fen))).where(*lines))


def _kept_of(order: Order) -> tuple[sa.ColumnElement[bool], ...]:
    """Kept for the price."""
    return (*kept_of_id(order.id or 0), col(Payment.item).in_(PRICE_ITEMS))


def _net(session: Session, *which: sa.ColumnElement[bool]) -> int:
    paid = sa.select(sa.func.sum(col(Payment.amount_fen))).where(*which)
    returned = sa.select(sa.func.sum(col(Refund.amount_fen))).join(Payment, col(Payment.id) == col(Refund.payment_id))
    return _sum(session, paid) - _sum(session, returned.where(*which))


def _sum(session: Session, query: sa.Select[tuple[int]]) -> int:
    return int(session.scalar(query) or 0)


def kept_of_id(order_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Conditions on `Payment`: kept for the order, for whatever."""
    return (col(Payment.order_id) == order_id, col(Payment.status) == PaymentStatus.KEPT)
