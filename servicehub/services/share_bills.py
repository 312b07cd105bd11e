"""Shares in a company's bill: whose number a line has, what of them nobody told us, and what we have booked.

Owns nothing that is stored: the rows are `services.shares`', what does not fit is `services.reconciliation`'s. A channel that has
no number of ours for each share names the payment; then kind, amount and day say which share a line is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.reconciliation import BillLine, LineKind
from servicehub.domain.sharing import OPEN, RETURNS_WITH_REFUND, ShareKind, ShareStatus
from servicehub.models.payment import Payment, Refund
from servicehub.models.reconciliation import Bill, BillRow
from servicehub.models.sharing import Share

LINES = {ShareKind.SHARE: LineKind.SHARE, ShareKind.RETURN: LineKind.SHARE_RETURN}
NO_CHARS = 40
"""As many of a stranger's number are kept."""
Key = tuple[LineKind, str]


def named(
    session: Session, channel: str, lines: Sequence[BillLine], begins: datetime, ends: datetime
) -> list[BillLine]:
    """The lines of the day from `begins` to `ends`, those of shares under the shares' own numbers, each number once.

    What is unfrozen moves nothing and is left out. A stranger's line without a number of its own gets the channel's.
    """
    numbers = {line.no for line in lines if line.kind.is_shared}
    if not numbers:
        return list(lines)
    query = (
        select(Share, Payment.no)
        .join(Payment, col(Payment.id) == col(Share.payment_id))
        .where(Payment.channel == channel, sa.or_(col(Share.no).in_(numbers), col(Payment.no).in_(numbers)))
        .order_by(col(Share.id))
    )
    rows = [(row, payment_no) for row, payment_no in session.exec(query)]
    kinds = {row.no: row.kind for row, _payment_no in rows}
    elsewhere = _billed(session, channel, kinds, begins)
    seen: set[Key] = set()
    found = []
    for line in lines:
        if not line.kind.is_shared:
            found.append(line)
            continue
        own = kinds.get(line.no)
        if own is ShareKind.UNFREEZE:
            continue
        no = line.no
        if own is None or LINES[own] is not line.kind:
            fitting = [row for row, payment_no in rows if payment_no == no and LINES.get(row.kind) is line.kind]
            free = [row for row in fitting if (line.kind, row.no) not in elsewhere | seen]
            no = _likeliest(free, line, begins, ends) or (line.channel_no if fitting else no)
        if (line.kind, no[:NO_CHARS]) in seen:
            no = line.channel_no
        found.append(replace(line, no=no[:NO_CHARS]))
        seen.add(found[-1].key)
    return found


def unheard(session: Session, channel: str, lines: Iterable[BillLine]) -> list[tuple[str, str]]:
    """What the bill has and nobody told us: kind (`share`, or `refund` where that one carries the return) and our number.

    Also what the channel refused and then did, when the amount is still the one that it was asked for.
    """
    amounts = {line.no: line.amount_fen for line in lines if line.kind.is_shared}
    query = (
        select(Share, Refund.no)
        .join(Payment, col(Payment.id) == col(Share.payment_id))
        .outerjoin(Refund, col(Refund.id) == col(Share.refund_id))
        .where(Payment.channel == channel, col(Share.no).in_(amounts))
        .where(col(Share.status).in_((*OPEN, ShareStatus.FAILED)))
        .order_by(col(Share.id))
    )
    carried = channel in RETURNS_WITH_REFUND
    return [
        ("refund", refund_no) if carried and refund_no else ("share", row.no)
        for row, refund_no in session.exec(query)
        if row.status is not ShareStatus.FAILED or row.amount_fen == amounts[row.no]
    ]


def booked(session: Session, channel: str, begins: datetime, ends: datetime) -> dict[Key, int]:
    """Shares that arrived and shares that went back in a span of time, by kind and our number."""
    query = (
        select(Share)
        .join(Payment, col(Payment.id) == col(Share.payment_id))
        .where(Payment.channel == channel, Share.status == ShareStatus.SUCCEEDED, col(Share.kind).in_(LINES))
        .where(col(Share.done_at) >= begins, col(Share.done_at) < ends)
    )
    return {(LINES[row.kind], row.no): row.amount_fen for row in session.exec(query)}


def is_ours(session: Session, channel: str, no: str) -> bool:
    """Whether a number is of a share of ours at the channel."""
    query = select(Share.id).join(Payment, col(Payment.id) == col(Share.payment_id))
    return session.exec(query.where(Payment.channel == channel, Share.no == no)).first() is not None


def _billed(session: Session, channel: str, numbers: Collection[str], begins: datetime) -> set[Key]:
    """What the bills of other days have of these numbers."""
    query = (
        select(BillRow.kind, BillRow.no)
        .join(Bill, col(Bill.id) == col(BillRow.bill_id))
        .where(Bill.channel == channel, Bill.day != begins.date(), col(BillRow.no).in_(numbers))
    )
    return {(LineKind(kind), no) for kind, no in session.exec(query)}


def _likeliest(rows: Sequence[Share], line: BillLine, begins: datetime, ends: datetime) -> str:
    """Which of a payment's shares a line is: first of its amount, then of its day, then in order; empty for none."""

    def rank(row: Share) -> tuple[bool, bool, bool]:
        of_day = row.done_at is not None and begins <= row.done_at < ends
        return row.status is ShareStatus.VOID, row.amount_fen != line.amount_fen, not of_day

    return min(rows, key=rank).no if rows else ""
