"""Bills of payment channels: which fit, which wait, and for one of them the proof and every difference."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission
from servicehub.domain.reconciliation import DifferenceKind, DifferenceStatus, LineKind
from servicehub.models.account import User
from servicehub.models.reconciliation import Bill, Difference
from servicehub.queries.operator.scope import guard
from servicehub.settings import get_settings
from servicehub.texts import N_, Locale, formats, money, say
from servicehub.viewmodels.reconciliation import BillLineRow, Bills, DifferenceRow

SHOWN = 60
WAITS = (DifferenceStatus.OPEN, DifferenceStatus.PROPOSED)
ZONE = ZoneInfo("Asia/Shanghai")
_STATES = {
    "closed": (N_("Day closed"), "g"),
    "ready": (N_("Fits"), "b"),
    "open": (N_("To be worked on"), "w"),
}
_KINDS: dict[DifferenceKind, str] = {
    DifferenceKind.AMOUNT: N_("Other amount"),
    DifferenceKind.ONLY_CHANNEL: N_("Only in the bill"),
    DifferenceKind.ONLY_OURS: N_("Only in our books"),
}
_LINES: dict[LineKind, str] = {
    LineKind.PAYMENT: N_("Payment"),
    LineKind.REFUND: N_("Refund"),
    LineKind.PAYOUT: N_("Payout"),
    LineKind.PAYOUT_BACK: N_("Payout that came back"),
    LineKind.CHARGEBACK: N_("Chargeback"),
    LineKind.CHARGEBACK_WON: N_("Chargeback won"),
    LineKind.FEE: N_("Fee"),
    LineKind.SHARE: N_("Share of the platform"),
    LineKind.SHARE_RETURN: N_("Share returned for a refund"),
}
_STATUSES: dict[DifferenceStatus, tuple[str, str]] = {
    DifferenceStatus.OPEN: (N_("Not resolved"), "w"),
    DifferenceStatus.PROPOSED: (N_("Needs a second yes"), "b"),
    DifferenceStatus.RESOLVED: (N_("Resolved"), "g"),
    DifferenceStatus.GONE: (N_("Fits now"), "g"),
}


def bills(session: Session, actor: Actor, chosen: int, *, now: datetime, locale: Locale) -> Bills:
    """The newest bills, and the one with id `chosen`, however old (the first that waits when there is none). Raises: NotAllowed."""
    guard(actor, Permission.RECONCILE)
    found = list(session.exec(select(Bill).order_by(col(Bill.day).desc(), col(Bill.channel)).limit(SHOWN)))
    older = session.get(Bill, chosen) if chosen else None
    if older is not None and older not in found:
        found.append(older)
    counted = session.execute(
        sa.select(col(Difference.bill_id), sa.func.count())
        .where(col(Difference.status).in_(WAITS))
        .group_by(col(Difference.bill_id))
    )
    waits: dict[int, int] = {bill_id: count for bill_id, count in counted}  # noqa: C416 - rows are no pairs to mypy
    rows = tuple(_bill(one, waits.get(one.id or 0, 0), locale) for one in found)
    first = next((row.id for row in rows if row.state == "open"), rows[0].id if rows else 0)
    wanted = chosen if any(row.id == chosen for row in rows) else first
    yesterday = (now.astimezone(ZONE).date() - timedelta(days=1)).isoformat()
    bill = next((one for one in found if one.id == wanted), None)
    if bill is None:
        return Bills(rows=rows, yesterday=yesterday)
    parts = _differences(session, bill, actor, locale)
    return Bills(
        rows=rows,
        chosen=wanted,
        title=f"{money.of(locale, money.METHODS, bill.channel)} · {_day(bill.day)}",
        ref=f"bill:{bill.channel}:{_day(bill.day)}",
        proof=_proof(session, bill, locale),
        is_proven=_is_proven(bill),
        waits=waits.get(bill.id or 0, 0),
        may_close=bill.closed_at is None and _is_proven(bill) and not waits.get(bill.id or 0, 0),
        differences=parts,
        yesterday=yesterday,
    )


def key_of(session: Session, actor: Actor, bill_id: int) -> tuple[str, date] | None:
    """Channel and day of a bill. Raises: NotAllowed."""
    guard(actor, Permission.RECONCILE)
    bill = session.get(Bill, bill_id)
    return (bill.channel, bill.day) if bill is not None else None


def _is_proven(bill: Bill) -> bool:
    """Whether its account is explained, and ours where it says what came to us."""
    return bill.unexplained_fen == 0 and bill.shared_unexplained_fen == 0


def _bill(one: Bill, waits: int, locale: Locale) -> BillLineRow:
    state = "closed" if one.closed_at is not None else "open" if waits or not _is_proven(one) else "ready"
    label, tone = _STATES[state]
    return BillLineRow(
        id=one.id or 0,
        channel=money.of(locale, money.METHODS, one.channel),
        day=_day(one.day),
        matched=str(one.matched),
        other_day=str(one.other_day),
        net=_yuan(one.net_fen),
        fee=_yuan(one.fee_fen),
        unexplained=_yuan(one.unexplained_fen),
        waits=waits,
        state=state,
        state_label=say(locale, label),
        tone=tone,
    )


def _proof(session: Session, bill: Bill, locale: Locale) -> tuple[tuple[str, str], ...]:
    rows = session.exec(
        select(Difference).where(Difference.bill_id == bill.id, Difference.status != DifferenceStatus.GONE)
    ).all()
    differences = sum(row.net_fen for row in rows)
    other = bill.net_fen - bill.ledger_fen - differences - bill.unexplained_fen
    lines: tuple[tuple[str, int], ...] = (
        (N_("The bill comes to"), bill.net_fen),
        (N_("Our books of the day"), bill.ledger_fen),
        (N_("Booked or billed on another day"), other),
        (N_("Differences"), differences),
        (N_("Unexplained"), bill.unexplained_fen),
        (N_("Channel fee, booked from the bill"), bill.fee_fen),
    )
    if get_settings().settlement_mode == "partner":
        lines += (
            (N_("Shares that reached the platform"), bill.shared_fen),
            (N_("Unexplained of the shares"), bill.shared_unexplained_fen),
        )
    return tuple((say(locale, words), _yuan(fen)) for words, fen in lines)


def _differences(session: Session, bill: Bill, actor: Actor, locale: Locale) -> tuple[DifferenceRow, ...]:
    query = (
        select(Difference, User.display_name)
        .outerjoin(User, col(User.id) == col(Difference.first_by))
        .where(Difference.bill_id == bill.id)
        .order_by(sa.case((col(Difference.status).in_(WAITS), 0), else_=1), col(Difference.id))
    )
    return tuple(_difference(row, first or "", bill, actor, locale) for row, first in session.exec(query))


def _difference(row: Difference, first: str, bill: Bill, actor: Actor, locale: Locale) -> DifferenceRow:
    label, tone = _STATUSES[row.status]
    open_ = bill.closed_at is None
    return DifferenceRow(
        id=row.id or 0,
        kind=f"{say(locale, _LINES[row.line_kind])} · {say(locale, _KINDS[row.kind])}",
        no=row.no,
        theirs=_yuan(row.their_fen),
        ours=_yuan(row.our_fen),
        net=formats.yuan(row.net_fen, always_decimals=True, signed=True),
        state_label=say(locale, label),
        tone=tone,
        note=f"{first}: {row.reason}" if row.reason and first else row.reason,
        may_propose=open_ and row.status is DifferenceStatus.OPEN,
        may_agree=open_ and row.status is DifferenceStatus.PROPOSED and row.first_by != actor.user_id,
    )


def _day(day: date) -> str:
    return day.isoformat()


def _yuan(fen: int) -> str:
    return formats.yuan(fen, always_decimals=True)
