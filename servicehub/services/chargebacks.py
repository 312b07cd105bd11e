"""Chargebacks: booked when a channel says that a bank has taken a payment back, and again when it was given back.

Owns the rows. What was taken is an expense until the bank decides for us (`chargeback:<channel>`), so the channel's cash is what
it really is, and the technicians' earnings of the order wait; whom it costs in the end is for people to say. The order's status
is not moved: its timeline says what happened.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.channel import Outcome, OutcomeKind, Report
from servicehub.domain.chargeback import TAKEN, ChargebackStatus, is_news
from servicehub.models.chargeback import Chargeback
from servicehub.models.order import Order
from servicehub.models.payment import Payment
from servicehub.services import ledger, settlements, shares, transitions

_S = ChargebackStatus


def heard(session: Session, report: Report, now: datetime) -> Outcome:
    """What a channel says of a chargeback: kept and booked once, whatever order its messages come in."""
    payment = _payment(session, report)
    if payment is None or not report.no or report.amount_fen <= 0:
        return Outcome(OutcomeKind.SUSPECT)
    mine = (payment.order_id, payment.id or 0)
    session.execute(sa.select(col(Order.id)).where(col(Order.id) == payment.order_id).with_for_update())
    known = _known(session, report)
    if known is not None:
        if known.payment_id != payment.id or (known.taken_at is not None and known.amount_fen != report.amount_fen):
            return Outcome(OutcomeKind.SUSPECT, *mine)
        if not is_news(known.status, report.chargeback):
            return Outcome(OutcomeKind.DUPLICATE, *mine)
    row = known or Chargeback(
        channel=report.channel,
        no=report.no,
        payment_id=payment.id or 0,
        order_id=payment.order_id,
        amount_fen=report.amount_fen,
        status=report.chargeback,
        created_at=now,
    )
    _move(session, row, payment, report, now)
    return Outcome(OutcomeKind.CHARGEBACK, *mine)


def _move(session: Session, row: Chargeback, payment: Payment, report: Report, now: datetime) -> None:
    row.status, row.amount_fen = report.chargeback, report.amount_fen
    if row.status in TAKEN and row.taken_at is None:
        row.taken_at = now
        _post(session, row, payment, "chargeback", row.amount_fen, now)
    if row.status is _S.WON:
        row.returned_at = now
        _post(session, row, payment, "chargeback_won", -row.amount_fen, now)
    session.add(row)
    session.flush()
    order = session.get_one(Order, row.order_id)
    (settlements.freeze if row.status is _S.OPEN else settlements.unfreeze)(session, order)
    transitions.note(session, order, f"chargeback_{row.status.value}", now=now, data={"fen": row.amount_fen})


def _post(session: Session, row: Chargeback, payment: Payment, kind: str, fen: int, now: datetime) -> None:
    lines = {ledger.chargebacks(row.channel): fen, shares.held_at(payment): -fen}
    ledger.post(session, f"{kind}:{row.channel}:{row.no}", kind, ledger.order_ref(row.order_id), lines, now=now)


def _payment(session: Session, report: Report) -> Payment | None:
    """The payment is named by the channel's own number of it."""
    if not report.channel_no:
        return None
    query = select(Payment).where(Payment.channel == report.channel, Payment.channel_no == report.channel_no)
    return session.exec(query).first()


def _known(session: Session, report: Report) -> Chargeback | None:
    query = select(Chargeback).where(Chargeback.channel == report.channel, Chargeback.no == report.no)
    return session.exec(query.with_for_update().execution_options(populate_existing=True)).first()
