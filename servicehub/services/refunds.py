"""Refunds: promised in the ledger first, sent under a number that never changes, booked when the channel confirms.

Owns refund rows. `request` takes money from the order's escrow; after settlement it is clawed back from those who got it. The
channel is asked by `workflows.refunds`, outside any transaction. A refund belongs to one payment; together they never exceed it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import bus, outbox
from servicehub.domain.channel import RefundRequest, RefundState
from servicehub.domain.money import BP, scaled, share_bp
from servicehub.domain.money import split as divided
from servicehub.domain.payment import PaymentStatus, RefundStatus
from servicehub.errors import LedgerRefused, RefundTooLarge
from servicehub.models.ledger import JournalEntry, Posting
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.services import ledger, settlements

RETRY_FIRST_S, RETRY_LONGEST_S = 30, 3600


def request(
    session: Session, order: Order, amount_fen: int, reason: str, *, now: datetime, technician_bp: int = BP
) -> list[Refund]:
    """Promise `amount_fen` of what was paid, newest payment first, and send it after the commit.

    `technician_bp`: after settlement, how much of the technician's part the technician gives back; the platform bears the rest.

    Raises: RefundTooLarge beyond what was paid and not yet promised back; then nothing is promised.
    """
    order_id = order.id or 0
    session.execute(sa.select(col(Order.id)).where(col(Order.id) == order_id).with_for_update())
    rooms = _rooms(session, order_id)
    if not 0 < amount_fen <= sum(room for _payment, room in rooms):
        raise RefundTooLarge(order.no, limit_fen=sum(room for _payment, room in rooms))
    made = []
    for payment, room in rooms:
        part = min(room, amount_fen)
        if part > 0:
            refund = create(session, payment, part, reason, now=now)
            _promise(session, order, refund, technician_bp, now)
            made.append(refund)
            amount_fen -= part
    return made


def create(session: Session, payment: Payment, amount_fen: int, reason: str, *, now: datetime) -> Refund:
    """The row of a refund whose money is (or is about to be) in `refund_due`, and the job that sends it."""
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
    outbox.defer(session, "refund", {"no": refund.no}, key=f"refund:{refund.no}:0")
    return refund


def begin(session: Session, no: str) -> RefundRequest | None:
    """Count a try and say what to send; None when the refund is done."""
    refund = _locked(session, no)
    if refund is None or refund.status is RefundStatus.SUCCEEDED:
        return None
    payment = session.get_one(Payment, refund.payment_id)
    refund.status, refund.tries = RefundStatus.SENT, refund.tries + 1
    session.add(refund)
    session.flush()
    return RefundRequest(no, payment.no, payment.channel, refund.amount_fen, payment.amount_fen, refund.tries)


def again(session: Session, no: str) -> int:
    """Ask again later; returns in how many seconds."""
    refund = _locked(session, no)
    if refund is None or refund.status is RefundStatus.SUCCEEDED:
        return 0
    delay = min(RETRY_FIRST_S << min(max(refund.tries - 1, 0), 10), RETRY_LONGEST_S)
    outbox.defer(session, "refund", {"no": no}, key=f"refund:{no}:{refund.tries}", delay_s=delay)
    return delay


def record_result(session: Session, no: str, state: RefundState, *, now: datetime) -> bool:
    """What the channel said. Success is booked once; failure is kept for people to see and may still become success."""
    refund = _locked(session, no)
    if refund is None or refund.status is RefundStatus.SUCCEEDED:
        return False
    if state is RefundState.FAILED:
        refund.status = RefundStatus.FAILED
    elif state is RefundState.SUCCEEDED:
        refund.status, refund.done_at = RefundStatus.SUCCEEDED, now
        payment = session.get_one(Payment, refund.payment_id)
        lines = {
            ledger.refund_due(refund.order_id): refund.amount_fen,
            ledger.cash(payment.channel): -refund.amount_fen,
        }
        ledger.post(session, f"refund:{no}", "refund", ledger.order_ref(refund.order_id), lines, now=now)
    else:
        return False
    session.add(refund)
    session.flush()
    order = session.get_one(Order, refund.order_id)
    bus.publish(session, bus.order(order.no), bus.customer(order.customer_id))
    return True


def _rooms(session: Session, order_id: int) -> list[tuple[Payment, int]]:
    """Kept payments, newest first, with what may still be refunded of each."""
    promised = (
        select(col(Refund.payment_id), sa.func.sum(col(Refund.amount_fen)))
        .where(Refund.order_id == order_id)
        .group_by(col(Refund.payment_id))
    )
    gone: dict[int, int] = {payment_id: int(fen) for payment_id, fen in session.execute(promised)}
    payments = session.exec(
        select(Payment)
        .where(Payment.order_id == order_id, Payment.status == PaymentStatus.KEPT)
        .order_by(col(Payment.id).desc())
    ).all()
    return [(payment, payment.amount_fen - gone.get(payment.id or 0, 0)) for payment in payments]


def _promise(session: Session, order: Order, refund: Refund, technician_bp: int, now: datetime) -> None:
    """Move the refund's money to `refund_due`: from the escrow, or from those who got it."""
    order_id, amount = order.id or 0, refund.amount_fen
    escrow = ledger.escrow(order_id)
    if ledger.locked_balances(session, [escrow])[escrow] >= amount:
        kind, lines = "refund_due", {escrow: amount}
    else:
        kind, lines = "clawback", _clawed(session, order, amount, technician_bp)
    lines[ledger.refund_due(order_id)] = -amount
    ledger.post(session, f"refund-due:{refund.no}", kind, ledger.order_ref(order_id), lines, now=now)


def _clawed(session: Session, order: Order, amount: int, technician_bp: int) -> dict[str, int]:
    """Who gives back `amount` of a settled order: every component of its split in proportion, summing up exactly in the end."""
    order_id = order.id or 0
    earned = settlements.of_visit(session, order)
    split: dict[str, int] = {}
    for earning in earned:
        for account, fen in ledger.lines_of(session, f"settle:{earning.order_id}").items():
            split[account] = split.get(account, 0) + fen
    paid = split.get(ledger.escrow(order_id), 0)
    before = _clawed_before(session, order_id)
    if before + amount > paid:
        raise LedgerRefused(f"order {order.no}: {amount} is neither in escrow nor settled")
    commission = _part(-split.get(ledger.COMMISSION, 0), before, amount, paid)
    subsidy = _part(split.get(ledger.SUBSIDY, 0), before, amount, paid)
    technician = amount + subsidy - commission
    if technician < 0:
        commission, technician = commission + technician, 0
    borne = share_bp(technician, technician_bp)
    weights = [earning.net_fen for earning in earned]
    taken: dict[str, int] = {}
    for earning, part in zip(earned, divided(borne, weights if any(weights) else [1] * len(weights)), strict=True):
        taken |= _taken(session, earning.technician_id, earning.order_id, part)
    return taken | {
        ledger.COMMISSION: commission,
        ledger.SUBSIDY: -subsidy,
        ledger.DISPUTE_COST: technician - borne,
    }


def _part(whole: int, before: int, amount: int, paid: int) -> int:
    return scaled(whole, before + amount, paid) - scaled(whole, before, paid)


def _clawed_before(session: Session, order_id: int) -> int:
    query = (
        sa.select(sa.func.sum(col(Posting.amount_fen)))
        .join(JournalEntry, col(JournalEntry.id) == col(Posting.entry_id))
        .where(col(JournalEntry.ref) == ledger.order_ref(order_id), col(JournalEntry.kind) == "clawback")
        .where(col(Posting.account) == ledger.refund_due(order_id))
    )
    return -int(session.scalar(query) or 0)


def _taken(session: Session, technician_id: int, order_id: int, amount: int) -> dict[str, int]:
    """`amount` from the technician: this order's pending earning, then what is available, then as a debt."""
    sources = (ledger.pending(technician_id, order_id), ledger.available(technician_id))
    balances: Mapping[str, int] = ledger.locked_balances(session, sources)
    lines = {}
    for account in sources:
        lines[account] = min(balances[account], amount)
        amount -= lines[account]
    return lines | {ledger.debt(technician_id): amount}


def _locked(session: Session, no: str) -> Refund | None:
    query = select(Refund).where(Refund.no == no).with_for_update().execution_options(populate_existing=True)
    return session.exec(query).first()
