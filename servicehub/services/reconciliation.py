"""Reconciliation: a channel's bill of a day is stored, matched with the books, worked down to zero and closed.

Owns bills, their rows and differences. The channel's fees are booked from the bill. What does not fit is never edited away: one
person says why, a second one agrees, and the difference moves between the channel's cash and its suspense account. A company's
bill proves two accounts: its own, which `mirror:*` follows, and by its lines of shares the platform's `cash:*`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import bus
from servicehub.domain.access import Actor, Permission
from servicehub.domain.channel import Report
from servicehub.domain.chargeback import ChargebackStatus
from servicehub.domain.payment import PaymentStatus, RefundStatus
from servicehub.domain.reconciliation import (
    BillLine,
    DifferenceKind,
    DifferenceStatus,
    Found,
    LineKind,
    Outcome,
    compare,
)
from servicehub.domain.withdrawal import ON_ITS_WAY, WithdrawalStatus
from servicehub.errors import Conflict, NotFound, ReasonMissing, SecondPersonNeeded, StillDifferent
from servicehub.models.chargeback import Chargeback
from servicehub.models.ledger import JournalEntry, Posting
from servicehub.models.payment import Payment, Refund
from servicehub.models.reconciliation import Bill, BillRow, Difference
from servicehub.models.withdrawal import Withdrawal
from servicehub.services import audits, ledger, share_bills
from servicehub.settings import get_settings

ZONE = ZoneInfo("Asia/Shanghai")
"""In which the channels' days begin."""
ARRIVED = (PaymentStatus.KEPT, PaymentStatus.EXTRA, PaymentStatus.LATE)
MOVES = ("payment", "tip", "returned", "refund", "withdrawal", "chargeback", "chargeback_won")
"""Kinds of entries that move a channel's money, besides fees and corrections."""
SHARED = ("share", "share_return")
"""Kinds of entries that move money between a company's account and the platform's."""
CAME_BACK = (WithdrawalStatus.FAILED, WithdrawalStatus.EXPIRED)
"""Ends of payouts for which a channel may have taken the money before."""
Amounts = dict[tuple[LineKind, str], int]


def day_of(now: datetime) -> date:
    """The channels' day."""
    return now.astimezone(ZONE).date()


def is_closed(session: Session, channel: str, day: date) -> bool:
    """Whether the day's bill is closed."""
    bill = _bill(session, channel, day)
    return bill is not None and bill.closed_at is not None


def is_partner() -> bool:
    """Whether the bills are those of a company's account."""
    return get_settings().settlement_mode == "partner"


def named(session: Session, channel: str, day: date, lines: Sequence[BillLine]) -> list[BillLine]:
    """The lines of a day's bill under our numbers, as `share_bills.named`."""
    return share_bills.named(session, channel, lines, *_window(day))


def missing_payments(session: Session, channel: str, lines: Collection[BillLine]) -> list[str]:
    """Our numbers of payments that the bill has and we have not booked: the message about them was lost."""
    numbers = [line.no for line in lines if line.kind is LineKind.PAYMENT]
    query = select(Payment.no).where(
        col(Payment.no).in_(numbers), Payment.channel == channel, col(Payment.status).not_in(ARRIVED)
    )
    return sorted(session.exec(query))


def of_banks(channel: str, lines: Collection[BillLine]) -> list[Report]:
    """What a bill says of chargebacks, as if the channel had told it: what is known has no effect."""
    told = {LineKind.CHARGEBACK: ChargebackStatus.OPEN, LineKind.CHARGEBACK_WON: ChargebackStatus.WON}
    return [
        Report(
            channel, f"bill-{line.kind}-{line.no}"[:64], "chargeback", line.no, line.amount_fen, line.channel_no,
            chargeback=told[line.kind],
        )
        for line in sorted(lines, key=lambda line: line.kind)
        if line.kind in told
    ]  # fmt: skip


def take(session: Session, channel: str, day: date, lines: Sequence[BillLine], *, now: datetime) -> int:
    """Store the bill, match it, and book its fees; returns how many differences are open. Again with a newer bill: the same.

    Raises: Conflict for a closed day.
    """
    bill = _bill(session, channel, day, lock=True) or Bill(channel=channel, day=day, pulled_at=now)
    if bill.closed_at is not None:
        raise Conflict(f"{channel} {day} is closed")
    bill.pulled_at = now
    session.add(bill)
    session.flush()
    session.execute(sa.delete(BillRow).where(col(BillRow.bill_id) == bill.id))
    session.add_all(
        BillRow(
            bill_id=bill.id or 0, kind=line.kind, no=line.no, channel_no=line.channel_no, amount_fen=line.amount_fen,
            fee_fen=line.fee_fen,
        )
        for line in lines
    )  # fmt: skip
    session.flush()
    outcome, shared = _compared(session, bill, lines)
    _keep(session, bill, outcome, shared, now)
    _book_fees(session, bill, now)
    return _open_count(session, bill)


def propose(session: Session, actor: Actor, difference_id: int, *, reason: str, now: datetime) -> None:
    """Say why something does not fit. Audited. Raises: NotAllowed, NotFound, ReasonMissing, Conflict when it is not open."""
    found = _open(session, actor, difference_id)
    if not reason.strip():
        raise ReasonMissing(str(difference_id))
    if found.status is not DifferenceStatus.OPEN:
        raise Conflict(f"difference {difference_id} is {found.status}")
    _move(session, found, DifferenceStatus.PROPOSED, first_by=actor.user_id, reason=reason.strip()[:200])
    audits.record(session, actor, "reconciliation.propose", f"difference:{difference_id}", reason, now=now)


def agree(session: Session, actor: Actor, difference_id: int, *, now: datetime) -> None:
    """Agree as the second person: the difference goes to suspense, or of a share of ours between both accounts. Audited.

    Raises: NotAllowed, NotFound, Conflict when nobody proposed anything, SecondPersonNeeded for the one who did.
    """
    found = _open(session, actor, difference_id)
    if found.status is not DifferenceStatus.PROPOSED:
        raise Conflict(f"difference {difference_id} is {found.status}")
    if found.first_by == actor.user_id:
        raise SecondPersonNeeded(str(difference_id))
    _move(session, found, DifferenceStatus.RESOLVED, second_by=actor.user_id, done_at=now)
    bill = session.get_one(Bill, found.bill_id)
    if found.net_fen:
        kind, counterpart = _counterpart(session, bill, found)
        lines = {_held_at(bill.channel): found.net_fen, counterpart: -found.net_fen}
        ledger.post(session, f"recon:{difference_id}", kind, f"bill:{bill.channel}:{bill.day}", lines, now=now)
    audits.record(session, actor, "reconciliation.agree", f"difference:{difference_id}", found.reason, now=now)


def close(session: Session, actor: Actor, channel: str, day: date, *, now: datetime) -> None:
    """Close the day: everything fits or was resolved, and nothing is unexplained. Audited.

    Raises: NotAllowed, NotFound without a bill, Conflict when it is closed, StillDifferent.
    """
    actor.require(Permission.RECONCILE)
    bill = _bill(session, channel, day, lock=True)
    if bill is None:
        raise NotFound(f"bill {channel} {day}")
    if bill.closed_at is not None:
        raise Conflict(f"{channel} {day} is closed")
    if _open_count(session, bill) or bill.unexplained_fen or bill.shared_unexplained_fen:
        raise StillDifferent(f"{channel} {day}")
    bill.closed_at, bill.closed_by = now, actor.user_id
    session.add(bill)
    session.flush()
    audits.record(session, actor, "reconciliation.close", f"bill:{channel}:{day}", now=now)
    bus.publish(session, bus.overview(str(actor.city_id)))


def _compared(session: Session, bill: Bill, lines: Sequence[BillLine]) -> tuple[Outcome, Outcome]:
    """What the whole bill comes to, and its lines of shares alone."""
    begins, ends = _window(bill.day)
    around = {
        **_ours(session, bill.channel, begins - timedelta(days=1), begins),
        **_ours(session, bill.channel, ends, ends + timedelta(days=1)),
    }
    neighbours = sa.select(col(Bill.id)).where(
        Bill.channel == bill.channel, col(Bill.day).in_((bill.day - timedelta(days=1), bill.day + timedelta(days=1)))
    )
    rows = session.exec(select(BillRow.kind, BillRow.no).where(col(BillRow.bill_id).in_(neighbours))).all()
    elsewhere = {(LineKind(kind), no) for kind, no in rows}
    ours = _ours(session, bill.channel, begins, ends)
    taken = {no for kind, no in elsewhere | {line.key for line in lines} if kind is LineKind.PAYOUT}
    around |= _under_way(session, bill.channel, lines, taken, begins)
    due = _to_come_back(session, bill.channel, taken, begins, ends)
    due = {key: fen for key, fen in due.items() if key not in elsewhere}
    shared = compare(
        (line for line in lines if line.kind.is_shared), _of_shares(ours), around=_of_shares(around), billed_elsewhere=elsewhere
    )  # fmt: skip
    return compare(lines, ours, around=around, billed_elsewhere=elsewhere, due=due), shared


def _of_shares(amounts: Amounts) -> Amounts:
    return {key: fen for key, fen in amounts.items() if key[0].is_shared}


def _under_way(
    session: Session, channel: str, lines: Sequence[BillLine], taken: Collection[str], begins: datetime
) -> Amounts:
    """What a bill may have of payouts without a booking of ours: taken before the payee says yes, and back when he does not.

    Money that was taken for one that had ended before the day, or comes back of one that was never taken, is no such thing.
    """
    numbers = {line.no for line in lines if line.kind in (LineKind.PAYOUT, LineKind.PAYOUT_BACK)}
    found: Amounts = {}
    for row in _payouts(session, channel, numbers, (*ON_ITS_WAY, *CAME_BACK)):
        fen = row.amount_fen - row.fee_fen
        if row.done_at is None or row.done_at >= begins:
            found[LineKind.PAYOUT, row.no] = fen
        if row.status in CAME_BACK and row.no in taken:
            found[LineKind.PAYOUT_BACK, row.no] = fen
    return found


def _to_come_back(session: Session, channel: str, taken: set[str], begins: datetime, ends: datetime) -> Amounts:
    """Of payouts that the channel took money for, those that came to nothing in a span of time."""
    rows = _payouts(session, channel, taken, CAME_BACK)
    return {
        (LineKind.PAYOUT_BACK, row.no): row.amount_fen - row.fee_fen
        for row in rows
        if row.done_at is not None and begins <= row.done_at < ends
    }


def _payouts(
    session: Session, channel: str, numbers: Collection[str], statuses: Collection[WithdrawalStatus]
) -> list[Withdrawal]:
    query = select(Withdrawal).where(
        col(Withdrawal.no).in_(numbers), Withdrawal.channel == channel, col(Withdrawal.status).in_(statuses)
    )
    return list(session.exec(query))


def _keep(session: Session, bill: Bill, outcome: Outcome, shared: Outcome, now: datetime) -> None:
    known = {
        (one.line_kind, one.no): one for one in session.exec(select(Difference).where(Difference.bill_id == bill.id))
    }
    for found in outcome.differences:
        row = known.pop((found.kind, found.no), None)
        if row is None:
            row = Difference(bill_id=bill.id or 0, line_kind=found.kind, no=found.no, **_facts(found))
        elif row.status in (DifferenceStatus.OPEN, DifferenceStatus.GONE):
            row.kind, row.their_fen, row.our_fen = found.difference, found.their_fen, found.our_fen
            row.status, row.done_at = DifferenceStatus.OPEN, None
        session.add(row)
    for row in known.values():
        if row.status in (DifferenceStatus.OPEN, DifferenceStatus.PROPOSED):
            row.status, row.done_at = DifferenceStatus.GONE, now
            session.add(row)
    bill.matched, bill.other_day = outcome.matched, outcome.other_day
    bill.net_fen, bill.fee_fen = outcome.net_fen, outcome.fee_fen
    bill.ledger_fen = _ledger_net(session, bill.channel, *_window(bill.day))
    bill.unexplained_fen = outcome.unexplained_fen(bill.ledger_fen)
    arrived = _posted(session, (ledger.cash(bill.channel),), SHARED, *_window(bill.day)) if is_partner() else 0
    bill.shared_fen, bill.shared_unexplained_fen = -shared.net_fen, -shared.unexplained_fen(-arrived)
    session.add(bill)
    session.flush()


def _facts(found: Found) -> dict[str, Any]:
    facts: Mapping[str, DifferenceKind | DifferenceStatus | int] = {
        "kind": found.difference,
        "their_fen": found.their_fen,
        "our_fen": found.our_fen,
        "status": DifferenceStatus.OPEN,
    }
    return dict(facts)


def _held_at(channel: str) -> str:
    """The account whose bill it is."""
    return ledger.mirror(channel) if is_partner() else ledger.cash(channel)


def _counterpart(session: Session, bill: Bill, found: Difference) -> tuple[str, str]:
    """Kind of entry and account: what of a share is elsewhere than our books say is at the other end of it."""
    if found.line_kind.is_shared and is_partner() and share_bills.is_ours(session, bill.channel, found.no):
        return "share_difference", ledger.cash(bill.channel)
    return "reconciliation", ledger.suspense(bill.channel)


def _book_fees(session: Session, bill: Bill, now: datetime) -> None:
    """What the channel kept, less what was booked from an earlier pull of the same bill."""
    fees = ledger.mirror_fees if is_partner() else ledger.channel_fees
    ref, account = f"bill:{bill.channel}:{bill.day}", fees(bill.channel)
    booked, times = session.execute(
        sa.select(sa.func.coalesce(sa.func.sum(col(Posting.amount_fen)), 0), sa.func.count())
        .join(JournalEntry, col(JournalEntry.id) == col(Posting.entry_id))
        .where(col(JournalEntry.ref) == ref, col(JournalEntry.kind) == "channel_fee", col(Posting.account) == account)
    ).one()
    more = bill.fee_fen - int(booked)
    if more:
        lines = {account: more, _held_at(bill.channel): -more}
        ledger.post(session, f"fee:{bill.channel}:{bill.day}:#{times + 1}", "channel_fee", ref, lines, now=now)


def _ours(session: Session, channel: str, begins: datetime, ends: datetime) -> Amounts:
    """What was booked of the channel in a span of time, by kind and our number."""
    found: Amounts = {}
    charged_back = sa.select(col(Chargeback.no), col(Chargeback.amount_fen)).where(col(Chargeback.channel) == channel)
    queries: tuple[tuple[LineKind, Any], ...] = (
        (
            LineKind.PAYMENT,
            sa.select(col(Payment.no), col(Payment.amount_fen)).where(
                col(Payment.channel) == channel,
                col(Payment.status).in_(ARRIVED),
                _within(Payment.paid_at, begins, ends),
            ),
        ),
        (
            LineKind.REFUND,
            sa.select(col(Refund.no), col(Refund.amount_fen))
            .join(Payment, col(Payment.id) == col(Refund.payment_id))
            .where(
                col(Payment.channel) == channel,
                col(Refund.status) == RefundStatus.SUCCEEDED,
                _within(Refund.done_at, begins, ends),
            ),
        ),
        (
            LineKind.PAYOUT,
            sa.select(col(Withdrawal.no), col(Withdrawal.amount_fen) - col(Withdrawal.fee_fen)).where(
                col(Withdrawal.channel) == channel,
                col(Withdrawal.status) == WithdrawalStatus.DONE,
                _within(Withdrawal.done_at, begins, ends),
            ),
        ),
        (LineKind.CHARGEBACK, charged_back.where(_within(Chargeback.taken_at, begins, ends))),
        (LineKind.CHARGEBACK_WON, charged_back.where(_within(Chargeback.returned_at, begins, ends))),
    )
    for kind, query in queries:
        found |= {(kind, no): int(fen) for no, fen in session.execute(query)}
    return found | (share_bills.booked(session, channel, begins, ends) if is_partner() else {})


def _ledger_net(session: Session, channel: str, begins: datetime, ends: datetime) -> int:
    """What entries of the span did to the account whose bill it is."""
    cash, mirror = ledger.cash(channel), ledger.mirror(channel)
    shared = _posted(session, (mirror,), SHARED, begins, ends) if is_partner() else 0
    return _posted(session, (cash, mirror), MOVES, begins, ends) + shared


def _posted(
    session: Session, accounts: Collection[str], kinds: Collection[str], begins: datetime, ends: datetime
) -> int:
    total = session.scalar(
        sa.select(sa.func.sum(col(Posting.amount_fen)))
        .join(JournalEntry, col(JournalEntry.id) == col(Posting.entry_id))
        .where(col(Posting.account).in_(accounts), col(JournalEntry.kind).in_(kinds))
        .where(_within(JournalEntry.at, begins, ends))
    )
    return int(total or 0)


def _within(column: Any, begins: datetime, ends: datetime) -> Any:
    return sa.and_(col(column) >= begins, col(column) < ends)


def _window(day: date) -> tuple[datetime, datetime]:
    begins = datetime.combine(day, time(), ZONE)
    return begins, begins + timedelta(days=1)


def _bill(session: Session, channel: str, day: date, *, lock: bool = False) -> Bill | None:
    query = select(Bill).where(Bill.channel == channel, Bill.day == day)
    return session.exec(query.with_for_update() if lock else query).first()


def _open_count(session: Session, bill: Bill) -> int:
    waits = (DifferenceStatus.OPEN, DifferenceStatus.PROPOSED)
    query = sa.select(sa.func.count()).where(col(Difference.bill_id) == bill.id, col(Difference.status).in_(waits))
    return int(session.scalar(query) or 0)


def _open(session: Session, actor: Actor, difference_id: int) -> Difference:
    actor.require(Permission.RECONCILE)
    query = select(Difference).where(Difference.id == difference_id).with_for_update()
    found = session.exec(query.execution_options(populate_existing=True)).first()
    if found is None:
        raise NotFound(f"difference {difference_id}")
    bus.publish(session, bus.overview(str(actor.city_id)))
    return found


def _move(session: Session, found: Difference, status: DifferenceStatus, **values: Any) -> None:
    moved = session.execute(
        sa.update(Difference)
        .where(col(Difference.id) == found.id, col(Difference.status) == found.status)
        .values(status=status, **values)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(f"difference {found.id} was worked on")
    session.refresh(found)
