"""A technician's statement of one local month, read from the books: opening balance, every movement, closing balance.

Technicians read their own; operators who read the ledger those of their city.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission, Role
from servicehub.errors import Invalid, NotFound
from servicehub.models.catalog import City
from servicehub.models.ledger import JournalEntry, Posting
from servicehub.models.order import Order
from servicehub.models.payment import Earning
from servicehub.models.technician import Technician
from servicehub.texts import N_, Locale, formats, money, say
from servicehub.viewmodels.statement import Statement, StatementRow, StatementSum

PARTS: dict[str, str] = {
    "t_pending": N_("Pending"),
    "t_avail": N_("Available"),
    "t_withdraw": N_("Frozen in a withdrawal"),
    "t_deposit": N_("Deposit"),
    "tech_debt": N_("Owed to the platform"),
}
"""A technician's accounts, by the first part of their codes."""
HEADS = (
    N_("Time"), N_("What"), N_("Order no."), N_("Labour"), N_("Travel and fees"), N_("Platform commission"),
    N_("Tax withheld"), N_("Amount"),
)  # fmt: skip
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class _Movement:
    entry_id: int
    at: datetime
    kind: str
    ref: str
    fen: int


def statement(session: Session, actor: Actor, month: str, *, locale: Locale, now: datetime) -> Statement:
    """The actor's statement of `month` (`2026-11`; empty: the current one of the city).

    Raises: NotAllowed, Invalid for what is no month or lies ahead.
    """
    actor.require_role(Role.TECHNICIAN)
    return _statement(session, session.get_one(Technician, actor.technician_id), month, locale=locale, now=now)


def statement_of(
    session: Session, actor: Actor, technician_id: int, month: str, *, locale: Locale, now: datetime
) -> Statement:
    """A technician's statement for an operator.

    Raises: NotAllowed without ledger:read, NotFound outside the actor's city, Invalid as `statement` does.
    """
    actor.require_role(Role.OPERATOR)
    actor.require(Permission.LEDGER_READ)
    technician = session.get(Technician, technician_id)
    if technician is None or technician.city_id != actor.city_id:
        raise NotFound(f"technician {technician_id}")
    return _statement(session, technician, month, locale=locale, now=now)


def _statement(session: Session, technician: Technician, month: str, *, locale: Locale, now: datetime) -> Statement:
    mine = technician.id or 0
    tz = session.get_one(City, technician.city_id).timezone
    first = _first(month, now, tz)
    begins, ends = _midnight(first, tz), _midnight(_next(first), tz)
    opening, closing = _balances(session, mine, begins), _balances(session, mine, ends)
    moved = _movements(session, mine, begins, ends)
    rows = _rows(session, mine, moved, tz, locale)
    kinds: dict[str, int] = defaultdict(int)
    for one in moved:
        kinds[one.kind] += one.fen
    oldest = session.scalar(sa.select(sa.func.min(col(JournalEntry.at))).where(_of(mine)).join(Posting))
    shown = f"{first:%Y-%m}"
    return Statement(
        month=shown,
        before=f"{_back(first):%Y-%m}" if oldest is not None and _aware(oldest) < begins else "",
        after=f"{_next(first):%Y-%m}" if ends <= now else "",
        name=technician.name,
        opening=_sum(say(locale, N_("Balance at the beginning")), sum(opening.values())),
        closing=_sum(say(locale, N_("Balance at the end")), sum(closing.values())),
        sums=tuple(_sum(money.of(locale, money.ENTRIES, kind), fen) for kind, fen in sorted(kinds.items())),
        parts=tuple(_sum(say(locale, name), closing[kind]) for kind, name in PARTS.items()),
        withheld=_withheld(rows, locale),
        rows=rows,
        heads=tuple(say(locale, head) for head in HEADS),
        title=say(locale, N_("Statement {month}"), month=shown),
        made=say(locale, N_("Made {at} from the books; every amount is an entry."), at=formats.stamp(now, tz)),
    )


def _first(month: str, now: datetime, tz: str) -> date:
    today = now.astimezone(ZoneInfo(tz)).date()
    if not month:
        return today.replace(day=1)
    if not _MONTH.fullmatch(month) or month > f"{today:%Y-%m}":
        raise Invalid(f"month {month}")
    return date.fromisoformat(f"{month}-01")


def _next(first: date) -> date:
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def _back(first: date) -> date:
    return first.replace(year=first.year - (first.month == 1), month=(first.month - 2) % 12 + 1)


def _midnight(on: date, tz: str) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(tz))


def _of(technician_id: int) -> sa.ColumnElement[bool]:
    """The technician's own accounts."""
    account, pending = col(Posting.account), f"t_pending:{technician_id}:"
    single = [f"{kind}:{technician_id}" for kind in PARTS if kind != "t_pending"]
    return sa.or_(account.in_(single), sa.and_(account >= pending, account < f"t_pending:{technician_id};"))


def _balances(session: Session, technician_id: int, until: datetime) -> dict[str, int]:
    """Part -> what the platform owed on it before `until`; a debt is negative."""
    kind = sa.func.substr(col(Posting.account), 1, 9)
    query = (
        sa.select(kind, -sa.func.sum(col(Posting.amount_fen)))
        .join(JournalEntry, col(JournalEntry.id) == col(Posting.entry_id))
        .where(_of(technician_id), col(JournalEntry.at) < until)
        .group_by(kind)
    )
    found = dict.fromkeys(PARTS, 0)
    for prefix, fen in session.execute(query):
        found[next(part for part in PARTS if part[:9] == prefix.split(":")[0][:9])] += int(fen)
    return found


def _movements(session: Session, technician_id: int, begins: datetime, ends: datetime) -> list[_Movement]:
    """Entries that changed what is owed, oldest first; what only moved between the technician's accounts is none."""
    delta = -sa.func.sum(col(Posting.amount_fen))
    query = (
        sa.select(col(JournalEntry.id), col(JournalEntry.at), col(JournalEntry.kind), col(JournalEntry.ref), delta)
        .join(Posting, col(Posting.entry_id) == col(JournalEntry.id))
        .where(_of(technician_id), col(JournalEntry.at) >= begins, col(JournalEntry.at) < ends)
        .group_by(col(JournalEntry.id), col(JournalEntry.at), col(JournalEntry.kind), col(JournalEntry.ref))
        .having(delta != 0)
        .order_by(col(JournalEntry.at), col(JournalEntry.id))
    )
    return [_Movement(i, at, kind, ref, int(fen)) for i, at, kind, ref, fen in session.execute(query)]


def _rows(
    session: Session, technician_id: int, moved: list[_Movement], tz: str, locale: Locale
) -> tuple[StatementRow, ...]:
    ids = {int(one.ref.removeprefix("order:")) for one in moved if one.ref.startswith("order:")}
    numbers = dict(session.execute(sa.select(col(Order.id), col(Order.no)).where(col(Order.id).in_(ids))).all())
    earned = {
        e.order_id: e
        for e in session.exec(
            select(Earning).where(Earning.technician_id == technician_id, col(Earning.order_id).in_(ids))
        )
    }
    rows = []
    for one in moved:
        order_id = int(one.ref.removeprefix("order:")) if one.ref.startswith("order:") else 0
        earning = earned.get(order_id) if one.kind in ("settlement", "cancellation") else None
        rows.append(
            StatementRow(
                id=one.entry_id,
                at=formats.stamp(one.at, tz)[:16],
                title=money.of(locale, money.ENTRIES, one.kind),
                order_no=numbers.get(order_id, ""),
                note=earning.rule if earning else "",
                labour_fen=earning.labour_fen if earning else 0,
                passed_fen=earning.pass_through_fen if earning else 0,
                commission_fen=-earning.commission_fen if earning else 0,
                tax_fen=-earning.tax_fen if earning else 0,
                amount_fen=one.fen,
                amount=formats.yuan(one.fen, always_decimals=True, signed=True),
                deducted=_deducted(earning, locale) if earning else "",
            )
        )
    return tuple(rows)


def _deducted(earning: Earning, locale: Locale) -> str:
    taken = ((N_("Platform commission"), earning.commission_fen), (N_("Tax withheld"), earning.tax_fen))
    return " · ".join(f"{say(locale, name)} {formats.yuan(-fen, always_decimals=True)}" for name, fen in taken if fen)


def _withheld(rows: tuple[StatementRow, ...], locale: Locale) -> tuple[StatementSum, ...]:
    fen = -sum(row.tax_fen for row in rows)
    return (_sum(say(locale, N_("Tax withheld in this month")), fen),) if fen else ()


def _sum(name: str, fen: int) -> StatementSum:
    return StatementSum(name, fen, formats.yuan(fen, always_decimals=True))


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo("UTC"))
