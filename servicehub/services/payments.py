"""Payments: opened under our own numbers, booked when a channel reports them, each report exactly once.

The contract with the order, all in one transaction of the caller:

    outcome = payments.record(session, report, now=now)              inbox row; finds the payment; books what needs no decision
    orders.payment_recorded(session, outcome, now=now)               decides about PAID only, and answers with exactly one of
        payments.keep(session, payment, now=now)                         the money is the order's: cash -> escrow
        payments.mark_late(session, payment, now=now)                    the order is dead: cash -> refund due, returned in full

Outcome.kind: PAID wants that decision. EXTRA (the item was paid before) is already booked and on its way back. REFUND is a refund's
end, booked. DUPLICATE, SUSPECT (unknown number or wrong amount: kept in the inbox, nothing moved) and IGNORED need nothing.
This module imports nothing of orders and moves no order. Refunds are `services.refunds`.
"""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from servicehub import outbox
from servicehub.domain.access import Actor, Role
from servicehub.domain.channel import Report
from servicehub.domain.order import OrderStatus, PaymentPlan
from servicehub.domain.payment import PaymentStatus, PlanItem
from servicehub.errors import NotFound, TransitionRefused
from servicehub.models.order import Order, OrderLine
from servicehub.models.payment import ChannelEvent, Payment, Refund
from servicehub.services import ledger, refunds

QUERY_AFTER_S = (30, 120, 300)
"""Silence after opening a payment: when the channel is asked, and once more before the payment expires."""
BALANCE_LIFE = timedelta(hours=2)
"""How long one attempt to pay a balance stays open; there may be many."""
_log = logging.getLogger(__name__)


class OutcomeKind(StrEnum):
    PAID = "paid"
    EXTRA = "extra"
    DUPLICATE = "duplicate"
    SUSPECT = "suspect"
    REFUND = "refund"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a channel's report came to. Ids are 0 where there is nothing."""

    kind: OutcomeKind
    order_id: int = 0
    payment_id: int = 0
    refund_id: int = 0


def due(session: Session, order: Order) -> tuple[PlanItem, int]:
    """Which item the order waits for, and its amount.

    Raises: TransitionRefused when it waits for no payment.
    """
    if order.status is OrderStatus.PENDING_PAYMENT:
        item = PlanItem.DEPOSIT if order.payment_plan is PaymentPlan.DEPOSIT else PlanItem.FULL
        return item, order.first_due_fen
    if order.status is OrderStatus.AWAITING_BALANCE:
        item = PlanItem.FULL if order.payment_plan is PaymentPlan.AFTER else PlanItem.BALANCE
        return item, balance_due(session, order)
    raise TransitionRefused(order.no, state=order.status.value, event="pay")


def open_payment(
    session: Session, actor: Actor, order: Order, item: PlanItem, channel: str, method: str, *, now: datetime
) -> Payment:
    """The payment for `item`, stored before the channel is asked. An open one of the same kind is used again.

    Raises: NotFound for somebody else's order, TransitionRefused when the order does not wait for this item.
    """
    if actor.role is not Role.SYSTEM and (actor.role is not Role.CUSTOMER or actor.user_id != order.customer_id):
        raise NotFound(f"order {order.no}")
    lock_order(session, order.id or 0)
    wanted, amount_fen = due(session, order)
    if wanted is not item or amount_fen <= 0:
        raise TransitionRefused(order.no, state=order.status.value, event="pay")
    again = session.exec(
        select(Payment).where(
            Payment.order_id == order.id, Payment.item == item, Payment.channel == channel, Payment.method == method,
            Payment.status == PaymentStatus.PENDING, Payment.amount_fen == amount_fen, col(Payment.expires_at) > now,
        )
    ).first()  # fmt: skip
    if again is not None:
        return again
    hold_ends = order.deadline_at if order.status is OrderStatus.PENDING_PAYMENT else None
    payment = Payment(
        no=f"P{secrets.token_hex(15)}",
        order_id=order.id or 0,
        item=item,
        channel=channel,
        method=method,
        amount_fen=amount_fen,
        status=PaymentStatus.PENDING,
        created_at=now,
        expires_at=hold_ends or now + BALANCE_LIFE,
    )
    session.add(payment)
    session.flush()
    query_later(session, payment, 0, now=now)
    return payment


def query_later(session: Session, payment: Payment, step: int, *, now: datetime) -> bool:
    """Ask the channel at the ladder's `step` if it has said nothing by then; False beyond the last step."""
    last = (payment.expires_at - payment.created_at - timedelta(seconds=20)) // timedelta(seconds=1)
    rungs = [*(s for s in QUERY_AFTER_S if s < last), max(last, 1)]
    if step >= len(rungs):
        return False
    delay = payment.created_at + timedelta(seconds=rungs[step]) - now
    seconds = max(delay // timedelta(seconds=1), 1)
    outbox.defer(
        session, "payment_query", {"no": payment.no, "step": step}, key=f"query:{payment.no}:{step}", delay_s=seconds
    )
    return True


def record(session: Session, report: Report, *, now: datetime) -> Outcome:
    """Take a verified report: the inbox row and its effect. The same event has its effect once."""
    if not _take_in(session, report, now):
        return Outcome(OutcomeKind.DUPLICATE)
    outcome = _refund_ended(session, report, now) if report.kind == "refund" else _paid(session, report, now)
    session.execute(
        sa.update(ChannelEvent)
        .where(col(ChannelEvent.channel) == report.channel, col(ChannelEvent.event_id) == report.event_id)
        .values(result=outcome.kind.value)
        .execution_options(synchronize_session=False)
    )
    if outcome.kind is OutcomeKind.SUSPECT:
        _log.error("suspect report of %s about %s", report.channel, report.no)
    return outcome


def keep(session: Session, payment: Payment, *, now: datetime) -> None:
    """The money belongs to the order. Raises: LedgerRefused when it was booked otherwise."""
    _arrived(session, payment, PaymentStatus.KEPT, now)
    lines = {ledger.cash(payment.channel): payment.amount_fen, ledger.escrow(payment.order_id): -payment.amount_fen}
    ledger.post(session, f"pay:{payment.no}", "payment", ledger.order_ref(payment.order_id), lines, now=now)


def mark_late(session: Session, payment: Payment, *, now: datetime) -> None:
    """The money came for an order that is dead: it goes back in full."""
    _send_back(session, payment, PaymentStatus.LATE, "late_payment", now)


def mark_extra(session: Session, payment: Payment, *, now: datetime) -> None:
    """The item was already paid: the money goes back in full."""
    _send_back(session, payment, PaymentStatus.EXTRA, "extra_payment", now)


def close_open(session: Session, order: Order) -> int:
    """Close what is still unpaid of the order, here at once and at the channel after the commit; returns how many."""
    closed = session.execute(
        sa.update(Payment)
        .where(col(Payment.order_id) == order.id, col(Payment.status) == PaymentStatus.PENDING)
        .values(status=PaymentStatus.CLOSED)
        .returning(col(Payment.no))
        .execution_options(synchronize_session=False)
    )
    numbers = sorted(closed.scalars())
    for no in numbers:
        outbox.defer(session, "payment_close", {"no": no}, key=f"close:{no}")
    return len(numbers)


def lock_order(session: Session, order_id: int) -> None:
    """Serialise whatever moves money of one order."""
    session.execute(sa.select(col(Order.id)).where(col(Order.id) == order_id).with_for_update())


def kept(session: Session, order: Order) -> int:
    """What was paid for the order, refunds not deducted."""
    return _sum(session, sa.select(sa.func.sum(col(Payment.amount_fen))).where(*_kept_of(order)))


def paid_net(session: Session, order: Order) -> int:
    """What the customer has paid and was not promised back."""
    returned = (
        sa.select(sa.func.sum(col(Refund.amount_fen)))
        .join(Payment, col(Payment.id) == col(Refund.payment_id))
        .where(*_kept_of(order))
    )
    return kept(session, order) - _sum(session, returned)


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


def _paid(session: Session, report: Report, now: datetime) -> Outcome:
    query = select(Payment).where(Payment.no == report.no, Payment.channel == report.channel)
    payment = session.exec(query).first()
    if payment is None:
        return Outcome(OutcomeKind.SUSPECT)
    lock_order(session, payment.order_id)
    session.refresh(payment, with_for_update=True)
    mine = (payment.order_id, payment.id or 0)
    if payment.amount_fen != report.amount_fen:
        return Outcome(OutcomeKind.SUSPECT, *mine)
    if payment.status not in (PaymentStatus.PENDING, PaymentStatus.CLOSED):
        return Outcome(OutcomeKind.DUPLICATE, *mine)
    payment.channel_no, payment.paid_at = report.channel_no or None, now
    session.add(payment)
    session.flush()
    if session.exec(select(Payment.id).where(*_kept_of_id(payment.order_id), Payment.item == payment.item)).first():
        mark_extra(session, payment, now=now)
        return Outcome(OutcomeKind.EXTRA, *mine)
    return Outcome(OutcomeKind.PAID, *mine)


def _refund_ended(session: Session, report: Report, now: datetime) -> Outcome:
    refund = session.exec(select(Refund).where(Refund.no == report.no)).first()
    if refund is None or refund.amount_fen != report.amount_fen:
        return Outcome(OutcomeKind.SUSPECT)
    booked = refunds.record_result(session, refund.no, report.refund_state, now=now)
    kind = OutcomeKind.REFUND if booked else OutcomeKind.DUPLICATE
    return Outcome(kind, refund.order_id, refund.payment_id, refund.id or 0)


def _take_in(session: Session, report: Report, now: datetime) -> bool:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = insert(ChannelEvent).values(
        channel=report.channel, event_id=report.event_id, raw=report.raw, result="received", received_at=now
    )
    taken = session.execute(row.on_conflict_do_nothing().returning(col(ChannelEvent.event_id)))
    return taken.first() is not None


def _arrived(session: Session, payment: Payment, status: PaymentStatus, now: datetime) -> None:
    moved = session.execute(
        sa.update(Payment)
        .where(col(Payment.id) == payment.id)
        .where(col(Payment.status).in_((PaymentStatus.PENDING, PaymentStatus.CLOSED)))
        .values(status=status, paid_at=payment.paid_at or now)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise TransitionRefused(payment.no, state=payment.status.value, event=status.value)
    session.refresh(payment)


def _send_back(session: Session, payment: Payment, status: PaymentStatus, reason: str, now: datetime) -> None:
    _arrived(session, payment, status, now)
    due_account = ledger.refund_due(payment.order_id)
    lines = {ledger.cash(payment.channel): payment.amount_fen, due_account: -payment.amount_fen}
    ledger.post(session, f"pay:{payment.no}", "returned", ledger.order_ref(payment.order_id), lines, now=now)
    refunds.create(session, payment, payment.amount_fen, reason, now=now)


def _kept_of(order: Order) -> tuple[sa.ColumnElement[bool], ...]:
    return _kept_of_id(order.id or 0)


def _kept_of_id(order_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (col(Payment.order_id) == order_id, col(Payment.status) == PaymentStatus.KEPT)


def _sum(session: Session, query: sa.Select[tuple[int]]) -> int:
    return int(session.scalar(query) or 0)
