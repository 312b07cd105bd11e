"""Value-added tax of what was sold, booked once for each day that is over. Owns those days' rows and entries.

What a day sold are all sales posted until its end that no day before has; a posting that comes late is therefore in the next one,
and none is in two. What counts as sold is `domain.vat`'s.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain import vat
from servicehub.models.ledger import JournalEntry, Posting
from servicehub.models.vat import VatDay
from servicehub.services import ledger
from servicehub.services.reconciliation import ZONE, day_of

MOST_DAYS = 31
"""That one call books."""


def book_due(session: Session, rate_bp: int, *, now: datetime, limit: int = MOST_DAYS) -> int:
    """Book every day that is over and was not booked, the oldest first, at `rate_bp`; returns how many were.

    Days before the first entry are none. Of two callers at once one books a day, and the other nothing.
    """
    booked = 0
    for day in _due(session, now):
        if booked == limit or not _book(session, day, rate_bp, now):
            break
        booked += 1
    return booked


def problems(session: Session) -> list[str]:
    """Sentences about days that owe another tax than their rate says, or than their entry; empty when all fit."""
    found = []
    for row in session.exec(select(VatDay).order_by(col(VatDay.day))):
        owed, posted = vat.contained_fen(row.sold_fen, row.rate_bp), _posted(session, row.day)
        if not owed == row.tax_fen == posted:
            found.append(f"VAT of {row.day}: {row.tax_fen} booked, {posted} posted, {owed} by its rate")
    return found


def _due(session: Session, now: datetime) -> Iterator[date]:
    last: date | None = session.scalar(sa.select(sa.func.max(col(VatDay.day))))
    if last is None:
        first = session.scalar(sa.select(sa.func.min(col(JournalEntry.at))))
        if first is None:
            return
        last = day_of(first if first.tzinfo else first.replace(tzinfo=UTC)) - timedelta(days=1)
    day = last + timedelta(days=1)
    while day < day_of(now):
        yield day
        day += timedelta(days=1)


def _book(session: Session, day: date, rate_bp: int, now: datetime) -> bool:
    """Whether it was booked: nobody else was faster."""
    ends = datetime.combine(day + timedelta(days=1), time(), ZONE).astimezone(UTC)
    before = session.scalar(sa.select(sa.func.coalesce(sa.func.sum(col(VatDay.sold_fen)), 0))) or 0
    sold_fen = _sold(session, ends) - int(before)
    tax_fen = vat.contained_fen(sold_fen, rate_bp)
    try:
        with session.begin_nested():
            session.add(VatDay(day=day, rate_bp=rate_bp, sold_fen=sold_fen, tax_fen=tax_fen, made_at=now))
            session.flush()
    except sa.exc.IntegrityError:
        return False
    if tax_fen:
        ledger.post(session, _key(day), "vat", _key(day), vat.lines(tax_fen), now=now)
    return True


def _sold(session: Session, ends: datetime) -> int:
    """All that was ever sold until then."""
    account, kind, fen = col(Posting.account), col(JournalEntry.kind), col(Posting.amount_fen)
    customers = sa.or_(*(account.startswith(f"{group}:") for group in vat.CUSTOMERS))
    sign = sa.case(
        (sa.and_(kind.in_(vat.SALES), customers), 1),
        (sa.and_(kind.in_(vat.GIVEN), account.startswith(f"{vat.POINTS}:")), -1),
        else_=0,
    )
    query = sa.select(sa.func.coalesce(sa.func.sum(sign * fen), 0)).join(
        JournalEntry, col(JournalEntry.id) == col(Posting.entry_id)
    )
    return int(session.scalar(query.where(kind.in_((*vat.SALES, *vat.GIVEN)), col(JournalEntry.at) < ends)) or 0)


def _posted(session: Session, day: date) -> int:
    return ledger.lines_of(session, _key(day)).get(vat.COST, 0)


def _key(day: date) -> str:
    return f"vat:{day.isoformat()}"
