"""Taking what is due from a guarantee: as the payment of its number, stored first, taken once, booked like every other payment.

Owns the decision and its retries. The channel is asked by `workflows.guaranteeing`, outside any transaction. When nothing can be
taken the order waits for its customer's payment as if there had been no guarantee; money that comes later finds its place by the
rules of `services.payments`: kept if nothing else was, else returned.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, select

from servicehub import outbox
from servicehub.domain.cancellation import CancelQuote
from servicehub.domain.guarantee import CaptureRequest, GuaranteeStatus, method_of
from servicehub.domain.order import OrderStatus
from servicehub.domain.payment import PaymentStatus, PlanItem
from servicehub.models.catalog import ServiceItem
from servicehub.models.guarantee import Guarantee
from servicehub.models.order import Order
from servicehub.models.payment import Payment
from servicehub.services import guarantees, notices, payments, settlements, sums, transitions

AGAIN_S = (15, 30, 120, 600, 1800, 3600)
"""After the first, second, … try; then as after the last one."""
MOST_TRIES = 30
"""About a day."""
LIFE = timedelta(days=30)
_S = GuaranteeStatus


def intend(session: Session, order: Order, *, now: datetime) -> int:
    """The visit is done: take what is due of it, at most what was guaranteed, and return it; 0 without a guarantee."""
    payments.lock_order(session, order.id or 0)
    guarantee = guarantees.held(session, order)
    due_fen = sums.balance_due(session, order)
    if guarantee is None or not due_fen:
        return 0
    taken_fen = min(due_fen, guarantee.amount_fen)
    _begin(session, guarantee, taken_fen, now)
    return taken_fen


def intend_fee(
    session: Session, order: Order, quote: CancelQuote, companions: Sequence[Order], *, now: datetime
) -> None:
    """The order was cancelled for a fee: take it, and share it when it has come."""
    guarantee = guarantees.held(session, order)
    if guarantee is None:
        return
    guarantee.fee = {
        "technician": quote.technician_fen,
        "platform": quote.platform_fen,
        "companions": [one.id for one in companions],
    }
    _begin(session, guarantee, quote.fee_fen, now)


def share_fee(session: Session, order: Order, payment: Payment, *, now: datetime) -> bool:
    """Keep and share a fee that has come; False when the payment is none."""
    guarantee = guarantees.by_no(session, payment.no)
    if guarantee is None or guarantee.fee is None:
        return False
    fee = guarantee.fee
    payments.keep(session, payment, now=now)
    quote = CancelQuote(payment.amount_fen, 0, int(fee["technician"]), int(fee["platform"]), "late")
    companions = [session.get_one(Order, order_id) for order_id in fee["companions"]]
    settlements.settle_cancellation(session, order, quote, companions=companions, now=now)
    transitions.hint(session, order)
    return True


def begin(session: Session, no: str) -> tuple[str, CaptureRequest] | None:
    """Count a try and say what to take, and of which channel; None when it is not wanted any more."""
    guarantee = guarantees.by_no(session, no, lock=True)
    payment = session.exec(select(Payment).where(Payment.no == no)).first()
    if guarantee is None or payment is None or guarantee.status is not _S.CAPTURING:
        return None
    guarantee.tries += 1
    session.add(guarantee)
    session.flush()
    order = session.get_one(Order, guarantee.order_id)
    title = session.get_one(ServiceItem, order.service_item_id).name_zh
    at = guarantee.capture_at or payment.created_at
    return guarantee.channel, CaptureRequest(no, payment.amount_fen, title, at, guarantee.tries)


def again(session: Session, no: str, *, now: datetime) -> bool:
    """Ask again later; False when it was asked often enough, and given up."""
    guarantee = guarantees.by_no(session, no, lock=True)
    if guarantee is None or guarantee.status is not _S.CAPTURING:
        return False
    if guarantee.tries >= MOST_TRIES:
        failed(session, no, now=now)
        return False
    delay = AGAIN_S[min(max(guarantee.tries, 1), len(AGAIN_S)) - 1]
    outbox.defer(session, "guarantee_capture", {"no": no}, key=f"capture:{no}:{guarantee.tries}", delay_s=delay)
    return True


def failed(session: Session, no: str, *, now: datetime) -> bool:
    """Nothing could be taken: the customer pays by himself, and is told so. What is still held is released."""
    guarantee = guarantees.by_no(session, no)
    if guarantee is None:
        return False
    payments.lock_order(session, guarantee.order_id)
    guarantee = guarantees.by_no(session, no, lock=True)
    payment = session.exec(select(Payment).where(Payment.no == no).with_for_update()).first()
    if guarantee is None or guarantee.status is not _S.CAPTURING:
        return False
    guarantee.status, guarantee.ended_at = _S.FAILED, now
    session.add(guarantee)
    if payment is not None and payment.status is PaymentStatus.PENDING:
        payment.status = PaymentStatus.CLOSED
        session.add(payment)
    session.flush()
    guarantees.release_later(session, no, "failed")
    order = session.get_one(Order, guarantee.order_id)
    if order.status is OrderStatus.AWAITING_BALANCE:
        notices.tell_customer(session, order, "guarantee_failed", key=f"guarantee:{no}", now=now)
    transitions.hint(session, order)
    return True


def _begin(session: Session, guarantee: Guarantee, amount_fen: int, now: datetime) -> None:
    guarantee.status, guarantee.capture_at = _S.CAPTURING, now
    session.add(guarantee)
    payment = Payment(
        no=guarantee.no,
        order_id=guarantee.order_id,
        item=PlanItem.FULL,
        channel=guarantee.channel,
        method=method_of(guarantee.channel),
        amount_fen=amount_fen,
        status=PaymentStatus.PENDING,
        created_at=now,
        expires_at=now + LIFE,
    )
    session.add(payment)
    session.flush()
    outbox.defer(session, "guarantee_capture", {"no": guarantee.no}, key=f"capture:{guarantee.no}:0")
