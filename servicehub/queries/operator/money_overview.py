"""A day's money at a glance, from nothing but the ledger's postings: figures, flows, the month before, and what is held now.

The books are the installation's, like the ledger page, so the figures are of all its cities; days are the operator's city's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.domain.access import Actor, Permission
from servicehub.domain.moneyflow import STATIONS, Lines, flows
from servicehub.models.ledger import Account, JournalEntry, Posting
from servicehub.queries.operator.sankey import drawn
from servicehub.queries.operator.scope import city_of, day_of, guard, midnight
from servicehub.texts import N_, Locale, formats, money, say
from servicehub.viewmodels.money_overview import DayFlow, Figure, Held, MoneyOverview

DAYS_SHOWN = 30
HELD = (*STATIONS, "wallet", "points", "tech_debt", "suspense")
TIPS_AND_BONUSES = ("tip", "bonus")
RETURNING, SENDING = ("refund",), ("withdrawal",)
"""Kinds of entries with which money leaves a channel."""
BETWEEN = ("share", "share_return", "share_difference", "chargeback", "chargeback_won")
"""Money between a company's account and the platform's, or between a bank and us: no customer pays it."""
MIRRORED = ("payment", "tip", "returned", "refund")
"""What customers pay to a company, and get back from it."""
INCOME = ("commission", "fee_income", "penalty_income")


@dataclass(frozen=True, slots=True)
class _Sum:
    """What entries of one kind posted to one group of accounts on one day, in fen; both positive."""

    day: int
    kind: str
    group: str
    debit: int
    credit: int


def money_overview(session: Session, actor: Actor, day: str, *, now: datetime, locale: Locale) -> MoneyOverview:
    """The overview of `day` (ISO; anything else, and days to come, are today). Raises: NotAllowed without ledger:read."""
    guard(actor, Permission.LEDGER_READ)
    tz = city_of(session, actor).timezone
    today = now.astimezone(ZoneInfo(tz)).date()
    shown = day_of(day, today)
    back = (today - shown).days
    bounds = [midnight(now, tz, 1 - back - i) for i in range(DAYS_SHOWN + 1)]
    sums = _sums(session, bounds)
    mine = [s for s in sums if s.day == 0]
    picture = flows(_kinds(mine))
    at = (col(JournalEntry.at) >= bounds[1], col(JournalEntry.at) < bounds[0])
    return MoneyOverview(
        day=shown.isoformat(),
        last_day=today.isoformat(),
        entries=session.scalar(sa.select(sa.func.count()).select_from(JournalEntry).where(*at)) or 0,
        figures=_figures(mine, locale),
        sankey=drawn(picture, locale),
        held=_held(session, locale),
        days=tuple(_day(sums, i, shown - timedelta(days=i), today, locale) for i in reversed(range(DAYS_SHOWN))),
    )


def _sums(session: Session, bounds: list[datetime]) -> list[_Sum]:
    """Everything of the days between `bounds` (newest first), one statement."""
    at, account, fen = col(JournalEntry.at), col(Posting.account), col(Posting.amount_fen)
    day = sa.case(*((at >= start, i) for i, start in enumerate(bounds[1:])), else_=None).label("local_day")
    groups = [(account.like(f"{prefix}:%"), prefix) for prefix in money.ACCOUNTS if prefix != "cash"]
    group = sa.case((account.like("cash:%"), account), *groups, else_="other").label("account_group")
    zero = sa.literal(0)
    rows = session.execute(
        sa.select(
            day,
            col(JournalEntry.kind),
            group,
            sa.func.sum(sa.case((fen > 0, fen), else_=zero)),
            sa.func.sum(sa.case((fen < 0, -fen), else_=zero)),
        )
        .join(Posting, col(Posting.entry_id) == col(JournalEntry.id))
        .where(at >= bounds[-1], at < bounds[0])
        .group_by(sa.text("local_day"), col(JournalEntry.kind), sa.text("account_group"))
    )
    return [_Sum(i, kind, name, int(debit), int(credit)) for i, kind, name, debit, credit in rows]


def _kinds(sums: Iterable[_Sum]) -> list[Lines]:
    found: dict[str, tuple[dict[str, int], dict[str, int]]] = {}
    for s in sums:
        debits, credits_ = found.setdefault(s.kind, ({}, {}))
        debits |= {s.group: s.debit} if s.debit else {}
        credits_ |= {s.group: s.credit} if s.credit else {}
    return [Lines(debits, credits_) for debits, credits_ in found.values()]


def _totals(sums: Iterable[_Sum]) -> Mapping[str, int]:
    """What a day's figures are made of, in fen."""
    total: Counter[str] = Counter()
    for s in sums:
        group = s.group.partition(":")[0]
        if (group == "cash" and s.kind not in BETWEEN) or (group == "mirror" and s.kind in MIRRORED):
            total["taken"] += s.debit
            which = "returned" if s.kind in RETURNING else "paid_out" if s.kind in SENDING else "other_out"
            total[which] += s.credit
        elif group in INCOME:
            total["income"] += s.credit - s.debit
        elif group == "t_pending":
            total["earned"] += 0 if s.kind == "mature" else s.credit - s.debit
        elif group == "t_avail":
            total["earned"] += s.credit - s.debit if s.kind in TIPS_AND_BONUSES else 0
        elif group in ("subsidy", "comp", "chargeback"):
            total["given"] += s.debit - s.credit
        elif group == "gw_fee":
            total["fees"] += s.debit - s.credit
    return total


def _figures(sums: Iterable[_Sum], locale: Locale) -> tuple[Figure, ...]:
    total = _totals(sums)
    shown = (
        ("taken", N_("Taken in"), N_("Paid by customers"), "/operator/reconciliation/"),
        ("returned", N_("Given back"), N_("Refunds that arrived"), "/operator/refunds/?state=succeeded"),
        ("paid_out", N_("Withdrawals paid"), N_("Arrived at their accounts"), "/operator/withdrawals/"),
        ("earned", N_("Earned by professionals"), N_("Visits, tips and bonuses"), "/operator/settlements/"),
        ("income", N_("Platform's income"), N_("Commission, fees, penalties"), "/operator/ledger/?tab=accounts"),
        (
            "given",
            N_("Coupons and compensation"),
            N_("Paid by the platform, with chargebacks"),
            "/operator/ledger/?tab=accounts",
        ),
    )
    return tuple(
        Figure(key, say(locale, name), formats.yuan(total[key], always_decimals=True), say(locale, hint), link)
        for key, name, hint, link in shown
    )


def _held(session: Session, locale: Locale) -> tuple[Held, ...]:
    """What is on the accounts now that hold somebody's money, and what differs from the bills."""
    account, fen = col(Posting.account), col(Posting.amount_fen)
    group = sa.case(*((account.like(f"{prefix}:%"), prefix) for prefix in HELD), else_="other").label("account_group")
    each = (
        sa.select(group, account, sa.func.sum(fen).label("fen"), sa.func.min(Account.kind).label("kind"))
        .join(Account, col(Account.code) == account)
        .where(sa.or_(*(account.like(f"{prefix}:%") for prefix in HELD)))
        .group_by(sa.text("account_group"), account)
        .having(sa.func.sum(fen) != 0)
        .subquery()
    )
    sign = sa.case((each.c.kind == "asset", 1), else_=-1)
    rows = session.execute(
        sa.select(each.c.account_group, sa.func.sum(each.c.fen * sign), sa.func.count()).group_by(each.c.account_group)
    )
    found = {name: (int(total), count) for name, total, count in rows}
    return tuple(
        Held(
            group=name,
            name=money.account_name(locale, name),
            value=formats.yuan(found.get(name, (0, 0))[0], always_decimals=True),
            accounts=found.get(name, (0, 0))[1],
        )
        for name in HELD
    )


def _day(sums: Iterable[_Sum], index: int, on: date, today: date, locale: Locale) -> DayFlow:
    total = _totals(s for s in sums if s.day == index)
    names = ("taken", "returned", "paid_out", "income")
    written = {name: formats.yuan(total[name], always_decimals=True) for name in names}
    return DayFlow(
        iso=on.isoformat(),
        day=formats.day(on, today, locale=locale),
        **written,
        **{f"{name}_yuan": total[name] / 100 for name in names},
    )
