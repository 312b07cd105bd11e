"""Tax withheld from technicians, from postings alone: a technician's year by months, and a city's quarter by technicians.

What an entry did to a technician's accounts is net; its postings to the commission and to `tax_payable:iit` are his, too, divided
where several people gave back together. Income is what changed what is owed to him, but for what he took out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission, Role
from servicehub.domain.money import split
from servicehub.errors import Invalid, NotFound
from servicehub.models.catalog import City
from servicehub.models.ledger import JournalEntry, Posting
from servicehub.models.order import Order
from servicehub.models.technician import Technician
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.statement import StatementSum
from servicehub.viewmodels.taxes import Quarter, TaxLine, TaxSheet

TAX, COMMISSION = "tax_payable:iit", "commission:service"
OWN = ("t_pending", "t_avail", "t_withdraw", "t_deposit", "tech_debt")
PAID = "withdrawal"
"""The kind of entries with which a technician takes out what he has earned."""
PAID_ON = "voucher"
"""The kind of entries with which withheld tax goes to the tax office."""
QUARTERS_SHOWN = 8
HEADS = (N_("Gross"), N_("Platform commission"), N_("Tax base"), N_("Tax withheld"), N_("Net"), N_("Taken out"))
_YEAR, _QUARTER = re.compile(r"20\d\d"), re.compile(r"(20\d\d)-Q([1-4])")


@dataclass(slots=True)
class _Sums:
    """In fen; `gross = net + commission + tax`."""

    net: int = 0
    commission: int = 0
    base: int = 0
    tax: int = 0
    paid: int = 0

    def add(self, other: _Sums) -> None:
        self.net += other.net
        self.commission += other.commission
        self.base += other.base
        self.tax += other.tax
        self.paid += other.paid


@dataclass(slots=True)
class _Entry:
    kind: str
    ref: str
    at: datetime
    lines: dict[str, int] = field(default_factory=dict)

    def people(self) -> dict[int, int]:
        """Technician -> what is owed to him more than before."""
        found: dict[int, int] = defaultdict(int)
        for account, fen in self.lines.items():
            kind, _sep, rest = account.partition(":")
            if kind in OWN:
                found[int(rest.partition(":")[0])] -= fen
        return found


def year(session: Session, actor: Actor, period: str, *, locale: Locale, now: datetime) -> TaxSheet:
    """The actor's own year (`2026`). Raises: NotAllowed, Invalid for what is no year or lies ahead."""
    actor.require_role(Role.TECHNICIAN)
    return _year(session, session.get_one(Technician, actor.technician_id), period, locale=locale, now=now)


def year_of(
    session: Session, actor: Actor, technician_id: int, period: str, *, locale: Locale, now: datetime
) -> TaxSheet:
    """A technician's year for an operator.

    Raises: NotAllowed without ledger:read, NotFound outside the actor's city, Invalid as `year` does.
    """
    actor.require_role(Role.OPERATOR)
    actor.require(Permission.LEDGER_READ)
    technician = session.get(Technician, technician_id)
    if technician is None or technician.city_id != actor.city_id:
        raise NotFound(f"technician {technician_id}")
    return _year(session, technician, period, locale=locale, now=now)


def quarter(session: Session, actor: Actor, period: str, *, locale: Locale, now: datetime) -> TaxSheet:
    """Everybody of the actor's city who earned something in the quarter (`2026-Q4`), by name.

    Raises: NotAllowed without ledger:read, Invalid for what is no quarter or lies ahead.
    """
    actor.require_role(Role.OPERATOR)
    actor.require(Permission.LEDGER_READ)
    tz = session.get_one(City, actor.city_id).timezone
    found = _QUARTER.fullmatch(period)
    first = date(int(found[1]), int(found[2]) * 3 - 2, 1) if found else date.max
    if first > now.astimezone(ZoneInfo(tz)).date():
        raise Invalid(f"quarter {period}")
    begins, ends = _midnight(first, tz), _midnight(_later(first, 3), tz)
    sums: dict[int, _Sums] = defaultdict(_Sums)
    for technician_id, _at, part in _parts(session, begins, ends):
        sums[technician_id].add(part)
    people = session.exec(
        select(Technician)
        .where(col(Technician.id).in_(sums), Technician.city_id == actor.city_id)
        .order_by(col(Technician.name), col(Technician.id))
    )
    lines = tuple(_line(f"{who.name} #{who.id}", sums[who.id or 0]) for who in people)
    sums_of_account = (
        (N_("Withheld on {account} in this quarter, by all cities"), _withheld(session, begins, ends)),
        (N_("Paid on from {account} in this quarter"), _withheld(session, begins, ends, paid_on=True)),
    )
    return TaxSheet(
        period=period,
        title=say(locale, N_("Withheld tax {period}"), period=period),
        made=_made(now, tz, locale),
        heads=(say(locale, N_("Technician")), *(say(locale, head) for head in HEADS)),
        lines=lines,
        total=_total(lines, locale),
        sums=tuple(StatementSum(say(locale, name, account=TAX), fen, _yuan(fen)) for name, fen in sums_of_account),
    )


def quarters(session: Session, actor: Actor, *, now: datetime) -> tuple[Quarter, ...]:
    """The last quarters since the first entry, the newest first. Raises: NotAllowed without ledger:read."""
    actor.require_role(Role.OPERATOR)
    actor.require(Permission.LEDGER_READ)
    tz = session.get_one(City, actor.city_id).timezone
    today = now.astimezone(ZoneInfo(tz)).date()
    first = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    oldest = session.scalar(sa.select(sa.func.min(col(JournalEntry.at))))
    found: list[Quarter] = []
    while oldest is not None and len(found) < QUARTERS_SHOWN:
        begins, ends = _midnight(first, tz), _midnight(_later(first, 3), tz)
        period = f"{first.year}-Q{(first.month + 2) // 3}"
        found.append(Quarter(period, _yuan(_withheld(session, begins, ends))))
        if _aware(oldest) >= begins:
            break
        first = _later(first, -3)
    return tuple(found)


def is_year(period: str) -> bool:
    """Whether it is written as a year, not as a month."""
    return _YEAR.fullmatch(period) is not None


def _year(session: Session, technician: Technician, period: str, *, locale: Locale, now: datetime) -> TaxSheet:
    mine, tz = technician.id or 0, session.get_one(City, technician.city_id).timezone
    this_year = now.astimezone(ZoneInfo(tz)).year
    shown = period or str(this_year)
    if not is_year(shown) or int(shown) > this_year:
        raise Invalid(f"year {period}")
    first = date(int(shown), 1, 1)
    begins, ends = _midnight(first, tz), _midnight(_later(first, 12), tz)
    sums: dict[int, _Sums] = defaultdict(_Sums)
    for technician_id, at, part in _parts(session, begins, ends, mine):
        if technician_id == mine:
            sums[_aware(at).astimezone(ZoneInfo(tz)).month].add(part)
    lines = tuple(_line(f"{shown}-{month:02}", sums[month]) for month in range(1, 13) if month in sums)
    opening, closing = _owed(session, mine, begins), _owed(session, mine, ends)
    oldest = session.scalar(sa.select(sa.func.min(col(JournalEntry.at))).join(Posting).where(_own(mine)))
    balances = ((N_("Balance at the beginning"), opening), (N_("Balance at the end"), closing))
    return TaxSheet(
        period=shown,
        before=str(first.year - 1) if oldest is not None and _aware(oldest) < begins else "",
        after=str(first.year + 1) if first.year < this_year else "",
        name=technician.name,
        title=say(locale, N_("Statement {month}"), month=shown),
        made=_made(now, tz, locale),
        heads=(say(locale, N_("Month")), *(say(locale, head) for head in HEADS)),
        lines=lines,
        total=_total(lines, locale),
        sums=tuple(StatementSum(say(locale, name), fen, _yuan(fen)) for name, fen in balances),
    )


def _parts(
    session: Session, begins: datetime, ends: datetime, technician_id: int = 0
) -> Iterator[tuple[int, datetime, _Sums]]:
    """What each entry of the period did to each technician; to one of them (and his crews) only where `technician_id` is given."""
    account = col(Posting.account)
    theirs = sa.or_(*(account.startswith(f"{kind}:", autoescape=True) for kind in OWN), account == TAX)
    if technician_id:
        orders = sa.select(sa.literal("order:").concat(sa.cast(col(Order.id), sa.String)))
        mine = col(JournalEntry.ref).in_(orders.where(col(Order.technician_id) == technician_id))
        theirs = sa.or_(_own(technician_id), sa.and_(account == TAX, mine))
    kind = col(JournalEntry.kind).not_in(("mature", PAID_ON))
    within = (col(JournalEntry.at) >= begins, col(JournalEntry.at) < ends, kind)
    ids = sa.select(col(JournalEntry.id)).join(Posting, col(Posting.entry_id) == col(JournalEntry.id))
    rows = session.execute(
        sa.select(
            col(JournalEntry.id), col(JournalEntry.kind), col(JournalEntry.ref), col(JournalEntry.at), account,
            col(Posting.amount_fen),
        )
        .join(Posting, col(Posting.entry_id) == col(JournalEntry.id))
        .where(col(JournalEntry.id).in_(ids.where(*within, theirs)))
        .order_by(col(JournalEntry.id))
    )  # fmt: skip
    entries: dict[int, _Entry] = {}
    for entry_id, kind, ref, at, code, fen in rows:
        entries.setdefault(entry_id, _Entry(kind, ref, at)).lines[code] = int(fen)
    seats = _seats(session, entries.values())
    for entry in entries.values():
        for who, part in _divided(entry, seats).items():
            yield who, entry.at, part


def _seats(session: Session, entries: Iterable[_Entry]) -> dict[str, int]:
    """Order's ref -> its technician, for entries that withheld tax without an account of anybody."""
    refs = {entry.ref for entry in entries if not entry.people() and entry.ref.startswith("order:")}
    ids = [int(ref.removeprefix("order:")) for ref in refs]
    found = sa.select(col(Order.id), col(Order.technician_id)).where(col(Order.id).in_(ids))
    return {f"order:{order_id}": technician_id or 0 for order_id, technician_id in session.execute(found)}


def _divided(entry: _Entry, seats: Mapping[str, int]) -> dict[int, _Sums]:
    """Technician -> his part of the entry; the parts of commission and tax sum to what was posted."""
    people = entry.people() or {seats.get(entry.ref, 0): 0}
    if entry.kind == PAID:
        return {who: _Sums(paid=-fen) for who, fen in people.items()}
    weights = [abs(fen) for fen in people.values()]
    weights = weights if any(weights) else [1] * len(weights)
    commissions = _cut(-entry.lines.get(COMMISSION, 0), weights)
    taxes = _cut(-entry.lines.get(TAX, 0), weights)
    return {
        who: _Sums(net, commission, net + tax if tax else 0, tax)
        for (who, net), commission, tax in zip(people.items(), commissions, taxes, strict=True)
    }


def _cut(fen: int, weights: list[int]) -> list[int]:
    return [part if fen >= 0 else -part for part in split(abs(fen), weights)]


def _own(technician_id: int) -> sa.ColumnElement[bool]:
    """The technician's accounts."""
    account = col(Posting.account)
    single = [f"{kind}:{technician_id}" for kind in OWN[1:]]
    return sa.or_(account.in_(single), account.startswith(f"{OWN[0]}:{technician_id}:", autoescape=True))


def _owed(session: Session, technician_id: int, until: datetime) -> int:
    """What was owed to the technician before `until`."""
    total = sa.select(sa.func.sum(col(Posting.amount_fen))).join(
        JournalEntry, col(JournalEntry.id) == col(Posting.entry_id)
    )
    return -int(session.scalar(total.where(_own(technician_id), col(JournalEntry.at) < until)) or 0)


def _withheld(session: Session, begins: datetime, ends: datetime, *, paid_on: bool = False) -> int:
    """What a span of time owes more to the tax office; or what was paid to it, positive."""
    total = sa.select(sa.func.sum(col(Posting.amount_fen))).join(
        JournalEntry, col(JournalEntry.id) == col(Posting.entry_id)
    )
    is_paid = col(JournalEntry.kind) == PAID_ON
    within = (col(JournalEntry.at) >= begins, col(JournalEntry.at) < ends, is_paid if paid_on else ~is_paid)
    owed = -int(session.scalar(total.where(col(Posting.account) == TAX, *within)) or 0)
    return -owed if paid_on else owed


def _line(label: str, sums: _Sums) -> TaxLine:
    fens = (sums.net + sums.commission + sums.tax, sums.commission, sums.base, sums.tax, sums.net, sums.paid)
    return TaxLine(label, fens, *(_yuan(fen) for fen in fens))


def _total(lines: tuple[TaxLine, ...], locale: Locale) -> TaxLine:
    fens = [sum(column) for column in zip(*(line.fens for line in lines), strict=True)] or [0] * len(HEADS)
    return TaxLine(say(locale, N_("Sum")), tuple(fens), *(_yuan(fen) for fen in fens))


def _made(now: datetime, tz: str, locale: Locale) -> str:
    return say(locale, N_("Made {at} from the books; every amount is an entry."), at=formats.stamp(now, tz))


def _midnight(on: date, tz: str) -> datetime:
    return datetime(on.year, on.month, on.day, tzinfo=ZoneInfo(tz))


def _later(first: date, months: int) -> date:
    """The first of a month so many months later."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def _yuan(fen: int) -> str:
    return formats.yuan(fen, always_decimals=True)


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo("UTC"))
