"""Refunds: promised in the ledger first, sent under a number that never changes, booked when the channel confirms.

Owns refund rows. `request` takes money from the order's escrow; after settlement it is clawed back from those who got it. The
channel is asked by `workflows.refunds`, outside any transaction. A refund belongs to one payment; together they never exceed it.
What people do about refused ones is `services.failed_refunds`.
"""

from __future__ import annotations

import secrets
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import bus, outbox
from servicehub.domain.channel import Outcome, OutcomeKind, RefundRequest, RefundState, Report
from servicehub.domain.money import BP
from servicehub.domain.payment import HERE, OURS, POINTS, RETURNED, WALLET, RefundStatus
from servicehub.domain.refund import wait_s
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.services import ledger, points, shares, sums
from servicehub.services.refund_plans import Plan, plan

RETRY_FIRST_S, RETRY_LONGEST_S = 30, 3600


def request(
    session: Session, order: Order, amount_fen: int, reason: str, *, now: datetime, technician_bp: int = BP
) -> list[Refund]:
    """Promise `amount_fen` of what was paid, and send it after the commit: channels first, then the balance, then points.

    What tenders of ours had paid is there again at once; cash comes to the balance. Points that a settled order had earned with
    what goes back are taken back.

    `technician_bp`: after settlement, how much of the technician's part the technician gives back; the platform bears the rest.

    What a rule promises is promised also to a payment that had as many refunds as its channel allows: people give it to the balance
    once the channel has refused it.

    Raises: RefundTooLarge beyond what was paid and not yet promised back; then nothing is promised.
    """
    session.execute(sa.select(col(Order.id)).where(col(Order.id) == order.id).with_for_update())
    planned = plan(session, order, amount_fen, technician_bp=technician_bp, locked=True, is_rule=True)
    return carry_out(session, order, planned, reason, now=now)


def carry_out(session: Session, order: Order, planned: Plan, reason: str, *, now: datetime) -> list[Refund]:
    """Do what was planned in this transaction, with the order locked."""
    money_fen = sums.money_net(session, order)
    made = []
    for part in planned.parts:
        refund = _row(session, part.payment, part.amount_fen, reason, now)
        lines = {**part.sources, ledger.refund_due(order.id or 0): -part.amount_fen}
        kind = "clawback" if part.is_clawed else "refund_due"
        ledger.post(session, f"refund-due:{refund.no}", kind, ledger.order_ref(order.id or 0), lines, now=now)
        if not part.is_clawed or not shares.give_back(session, part.payment, refund, part.room_fen, now=now):
            _send(session, part.payment, refund)
        if part.payment.channel in HERE:
            record_result(session, refund.no, RefundState.SUCCEEDED, now=now)
        made.append(refund)
    points.take_back(session, order, money_fen, made[0].no, now=now)
    return made


def create(session: Session, payment: Payment, amount_fen: int, reason: str, *, now: datetime) -> Refund:
    """The row of a refund whose money is (or is about to be) in `refund_due`, and the job that sends it to a channel."""
    refund = _row(session, payment, amount_fen, reason, now)
    _send(session, payment, refund)
    return refund


def _row(session: Session, payment: Payment, amount_fen: int, reason: str, now: datetime) -> Refund:
    refund = Refund(
        no=f"R{secrets.token_hex(15)}",
        payment_id=payment.id or 0,
        order_id=payment.order_id,
        amount_fen=amount_fen,
        reason=reason,
        status=RefundStatus.NEW,
        created_at=now,
    )
    session.add(refund)
    session.flush()
    return refund


def _send(session: Session, payment: Payment, refund: Refund) -> None:
    if payment.channel not in HERE:
        outbox.defer(session, "refund", {"no": refund.no}, key=f"refund:{refund.no}:0")


def begin(session: Session, no: str, *, now: datetime) -> RefundRequest | None:
    """Count a try and say what to send; None when the refund is booked or was refused, or waits.

    It waits for a share to come back first, and where a channel wants time between two refunds of a payment, for that time after
    the other one: then it is tried again.
    """
    refund = locked(session, no)
    if refund is None or refund.status not in (RefundStatus.NEW, RefundStatus.SENT) or shares.waits(session, refund):
        return None
    payment = _payment_alone(session, refund)
    if seconds := wait_s(payment.channel, _others_sent_at(session, refund), now):
        outbox.defer(session, "refund", {"no": no}, key=f"refund:{no}:wait:{now.timestamp()}", delay_s=seconds)
        return None
    is_retry = refund.status is RefundStatus.NEW and refund.tries > 0
    refund.status, refund.tries, refund.sent_at = RefundStatus.SENT, refund.tries + 1, now
    session.add(refund)
    session.flush()
    returned = shares.carried_fen(session, refund, payment.channel)
    return _asked(refund, payment, return_fen=returned, is_retry=is_retry)


def asked(session: Session, no: str) -> RefundRequest | None:
    """What the channel was asked last, so that it can be asked what became of it; counts nothing. None without such a refund."""
    refund = session.exec(select(Refund).where(Refund.no == no)).first()
    return _asked(refund, session.get_one(Payment, refund.payment_id)) if refund else None


def _asked(refund: Refund, payment: Payment, *, return_fen: int = 0, is_retry: bool = False) -> RefundRequest:
    own = payment.no.startswith("G") and payment.channel == "wechat"  # collected under a number of the platform's
    return RefundRequest(
        refund.no,
        payment.no,
        payment.channel,
        refund.amount_fen,
        payment.amount_fen,
        refund.tries,
        channel_no=(payment.channel_no or "") if own else "",
        return_fen=return_fen,
        is_retry=is_retry,
    )


def _payment_alone(session: Session, refund: Refund) -> Payment:
    """The refund's payment, of which no other refund can begin until the end of this transaction."""
    query = select(Payment).where(Payment.id == refund.payment_id).with_for_update(key_share=True)
    return session.exec(query.execution_options(populate_existing=True)).one()


def _others_sent_at(session: Session, refund: Refund) -> datetime | None:
    """When the channel was asked last for another refund of the same payment."""
    others = col(Refund.payment_id) == refund.payment_id, col(Refund.id) != refund.id
    found: datetime | None = session.scalar(sa.select(sa.func.max(col(Refund.sent_at))).where(*others))
    return found


def again(session: Session, no: str) -> int:
    """Ask again later; returns in how many seconds."""
    refund = locked(session, no)
    if refund is None or refund.status in RETURNED:
        return 0
    delay = min(RETRY_FIRST_S << min(max(refund.tries - 1, 0), 10), RETRY_LONGEST_S)
    outbox.defer(session, "refund", {"no": no}, key=f"refund:{no}:{refund.tries}", delay_s=delay)
    return delay


def record_result(session: Session, no: str, state: RefundState, *, now: datetime) -> bool:
    """What the channel said. Success is booked once; failure is kept for people to act on and may still become success."""
    refund = locked(session, no)
    if refund is None or refund.status in RETURNED:
        return False
    if state is RefundState.FAILED:
        refund.status = RefundStatus.FAILED
    elif state is RefundState.SUCCEEDED:
        refund.status, refund.done_at, refund.first_by, refund.proposal = RefundStatus.SUCCEEDED, now, None, ""
        payment = session.get_one(Payment, refund.payment_id)
        owner = session.get_one(Order, refund.order_id).customer_id
        target = _target(payment, owner)
        shares.returned_with(session, refund, now=now)
        lines = {ledger.refund_due(refund.order_id): refund.amount_fen, target: -refund.amount_fen}
        ledger.post(session, f"refund:{no}", "refund", ledger.order_ref(refund.order_id), lines, now=now)
        if payment.channel == POINTS:
            points.give_back(session, refund, now=now)
    else:
        return False
    session.add(refund)
    session.flush()
    hint(session, session.get_one(Order, refund.order_id))
    return True


def hint(session: Session, order: Order) -> None:
    """Something about a refund of the order is different."""
    bus.publish(session, bus.order(order.no), bus.customer(order.customer_id), bus.overview(str(order.city_id)))


def _target(payment: Payment, owner: int) -> str:
    """The account to which a payment's money goes back."""
    if payment.channel in HERE:
        return ledger.tender(payment.channel if payment.channel in OURS else WALLET, owner)
    return shares.held_at(payment)


def locked(session: Session, no: str) -> Refund | None:
    """The refund, which nobody else can change until the end of this transaction."""
    query = select(Refund).where(Refund.no == no).with_for_update().execution_options(populate_existing=True)
    return session.exec(query).first()


def heard(session: Session, report: Report, now: datetime) -> Outcome:
    """What a channel says of the end of a refund, booked once. What is unknown, of another amount, or too late, is suspect."""
    refund = session.exec(select(Refund).where(Refund.no == report.no)).first()
    if refund is None or refund.amount_fen != report.amount_fen:
        return Outcome(OutcomeKind.SUSPECT)
    booked = record_result(session, refund.no, report.refund_state, now=now)
    kind = OutcomeKind.REFUND if booked else OutcomeKind.DUPLICATE
    if refund.status is RefundStatus.BALANCE and report.refund_state is RefundState.SUCCEEDED:
        kind = OutcomeKind.SUSPECT  # it arrived after all: the customer has it twice
    return Outcome(kind, refund.order_id, refund.payment_id, refund.id or 0)
