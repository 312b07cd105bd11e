"""A technician's own earnings: today, pending, available, and each traced to its order's price and entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain import points
from servicehub.domain.access import Actor, Role
from servicehub.domain.commission import Rate
from servicehub.errors import NotFound
from servicehub.models.catalog import City, ServiceItem
from servicehub.models.commissions import load_category_names
from servicehub.models.deposit import load_deposit_policy
from servicehub.models.ledger import Account, JournalEntry, Posting
from servicehub.models.order import Order, OrderLine
from servicehub.models.payment import Earning
from servicehub.models.settlement import SettlementBatch
from servicehub.models.technician import Technician
from servicehub.queries import visit
from servicehub.queries.entries import entry_rows
from servicehub.texts import N_, Locale, commission, formats, pick, say
from servicehub.viewmodels.money import AmountRow, Income, IncomeDay, IncomeDetail, IncomeRow

DAYS_SHOWN = 7
ROWS_SHOWN = 60


def income(session: Session, actor: Actor, *, now: datetime, locale: Locale) -> Income:
    """The technician's earnings. Raises: NotAllowed."""
    actor.require_role(Role.TECHNICIAN)
    tz = session.get_one(City, actor.city_id).timezone
    zone = ZoneInfo(tz)
    today = now.astimezone(zone).date()
    since = datetime.combine(today - timedelta(days=29), datetime.min.time(), zone)
    recent = session.exec(
        select(Earning).where(Earning.technician_id == actor.technician_id, col(Earning.created_at) >= since)
    ).all()
    by_day: dict[int, list[Earning]] = {}
    for earning in recent:
        by_day.setdefault((today - earning.created_at.astimezone(zone).date()).days, []).append(earning)
    sums = {age: sum(e.net_fen for e in earned) for age, earned in by_day.items()}
    beside = _beside(session, actor.technician_id)
    for one in beside:
        if one.at >= since:
            age = (today - one.at.astimezone(zone).date()).days
            sums[age] = sums.get(age, 0) + one.fen
    pending, available, owed, deposit = _balances(session, actor.technician_id)
    target = load_deposit_policy(session, session.get_one(Technician, actor.technician_id).city_id).target_fen
    return Income(
        today=_yuan(sums.get(0, 0)),
        week=_yuan(sum(fen for age, fen in sums.items() if age < DAYS_SHOWN)),
        month=_yuan(sum(sums.values())),
        pending=_yuan(pending),
        available=_yuan(available),
        debt=_yuan(owed) if owed else "",
        deposit=_yuan(deposit) if deposit or target else "",
        deposit_target=formats.yuan(target) if target else "",
        days=tuple(
            IncomeDay(
                formats.weekday(today - timedelta(days=age), locale=locale),
                sums.get(age, 0),
                _yuan(sums.get(age, 0)),
            )
            for age in reversed(range(DAYS_SHOWN))
        ),
        rows=_rows(session, actor.technician_id, beside, now, tz, locale),
    )


BESIDE: dict[str, str] = {"tip": N_("Tip"), "bonus": N_("Bonus"), "penalty": N_("Penalty")}
"""Kinds of entries that change what is available beside any settlement."""


@dataclass(frozen=True, slots=True)
class _Beside:
    """A technician's part of a tip, a bonus, or a penalty (negative)."""

    entry_id: int
    kind: str
    at: datetime
    fen: int
    no: str


def _beside(session: Session, technician_id: int) -> list[_Beside]:
    """As the books have them, newest first."""
    order_ref = sa.literal("order:").concat(sa.cast(col(Order.id), sa.String))
    mine = tuple(f"{name}:{technician_id}" for name in ("t_avail", "t_deposit", "tech_debt"))
    query = (
        sa.select(
            col(JournalEntry.id),
            col(JournalEntry.kind),
            col(JournalEntry.at),
            Order.no,
            sa.func.sum(Posting.amount_fen),
        )
        .join(Posting, col(Posting.entry_id) == col(JournalEntry.id))
        .outerjoin(Order, col(JournalEntry.ref) == order_ref)
        .where(col(Posting.account).in_(mine), col(JournalEntry.kind).in_(BESIDE))
        .group_by(col(JournalEntry.id), col(JournalEntry.kind), col(JournalEntry.at), Order.no)
        .order_by(col(JournalEntry.id).desc())
        .limit(ROWS_SHOWN)
    )
    return [_Beside(i, kind, at, -int(fen), no or "") for i, kind, at, no, fen in session.execute(query)]


def income_detail(session: Session, actor: Actor, no: str, *, now: datetime, locale: Locale) -> IncomeDetail:
    """How the price of order `no` became this technician's earning. Raises: NotAllowed, NotFound for anybody else's."""
    actor.require_role(Role.TECHNICIAN)
    found = session.exec(
        select(Earning, Order, ServiceItem)
        .join(Order, col(Order.id) == col(Earning.order_id))
        .join(ServiceItem, col(ServiceItem.id) == col(Order.service_item_id))
        .where(Order.no == no, Earning.technician_id == actor.technician_id)
    ).first()
    if found is None:
        raise NotFound(f"earning of {no}")
    earning, order, item = found
    tz = session.get_one(City, actor.city_id).timezone
    priced = order.lead_id or order.id
    lines = session.exec(select(OrderLine).where(OrderLine.order_id == priced).order_by(col(OrderLine.id))).all()
    state = _state(earning)
    return IncomeDetail(
        no=no,
        title=visit.title(locale, item, order),
        when=formats.day_time(order.start_at, now, tz, locale=locale),
        net=_yuan(earning.net_fen),
        rate=_rate(earning),
        rule=_rule(session, earning, order, locale),
        state=state,
        state_label=_state_label(earning, state, now, tz, locale),
        batch=_batch(session, earning, now, tz, locale),
        price=tuple(_price_row(line, locale) for line in lines),
        split=_split(earning, order, locale),
        entries=entry_rows(session, actor, _about(order), tz, locale),
    )


def _about(order: Order) -> sa.ColumnElement[bool]:
    """The order's entries that concern its technician: not the points of its customer."""
    about = col(JournalEntry.ref) == f"order:{order.id}"
    return sa.and_(about, col(JournalEntry.kind).not_in(points.ENTRIES))


def _rows(
    session: Session, technician_id: int, beside: Sequence[_Beside], now: datetime, tz: str, locale: Locale
) -> tuple[IncomeRow, ...]:
    rows = session.exec(
        select(Earning, Order.no, ServiceItem.name_zh, ServiceItem.name_en)
        .join(Order, col(Order.id) == col(Earning.order_id))
        .join(ServiceItem, col(ServiceItem.id) == col(Order.service_item_id))
        .where(Earning.technician_id == technician_id)
        .order_by(col(Earning.created_at).desc(), col(Earning.id).desc())
        .limit(ROWS_SHOWN)
    )
    found = [
        (
            earning.created_at,
            IncomeRow(
                id=no,
                no=no,
                tail=formats.order_tail(no),
                title=pick(locale, name_zh, name_en),
                when=formats.day_time(earning.created_at, now, tz, locale=locale),
                net=formats.yuan(earning.net_fen, always_decimals=True, signed=True),
                state=_state(earning),
                state_label=_state_label(earning, _state(earning), now, tz, locale),
            ),
        )
        for earning, no, name_zh, name_en in rows
    ]
    found += [
        (
            one.at,
            IncomeRow(
                id=f"entry-{one.entry_id}",
                no=one.no,
                tail=formats.order_tail(one.no),
                title=say(locale, BESIDE[one.kind]),
                when=formats.day_time(one.at, now, tz, locale=locale),
                net=formats.yuan(one.fen, always_decimals=True, signed=True),
                state="available",
                state_label=say(locale, N_("Available")) if one.fen > 0 else say(locale, N_("Taken")),
            ),
        )
        for one in beside
    ]
    return tuple(row for _at, row in sorted(found, key=lambda pair: pair[0], reverse=True)[:ROWS_SHOWN])


def _balances(session: Session, technician_id: int) -> tuple[int, int, int, int]:
    """(pending, available, owed, deposit), as the ledger has them."""
    code, balance = col(Account.code), col(Account.balance_fen)
    mine = f"t_pending:{technician_id}:"
    pending = session.scalar(sa.select(sa.func.sum(balance)).where(code >= mine, code < f"t_pending:{technician_id};"))
    single: Sequence[str] = [f"{name}:{technician_id}" for name in ("t_avail", "tech_debt", "t_deposit")]
    found = {account: int(fen) for account, fen in session.execute(sa.select(code, balance).where(code.in_(single)))}
    available, owed, deposit = (found.get(account, 0) for account in single)
    return int(pending or 0), available, owed, deposit


def _state(earning: Earning) -> str:
    if earning.by_company:
        return "company"
    if earning.matured_at is not None:
        return "available"
    return "frozen" if earning.frozen else "pending"


def _state_label(earning: Earning, state: str, now: datetime, tz: str, locale: Locale) -> str:
    if state == "pending":
        zone = ZoneInfo(tz)
        day = formats.day(earning.matures_at.astimezone(zone).date(), now.astimezone(zone).date(), locale=locale)
        return say(locale, N_("Available: {day}"), day=day)
    if state == "company":
        return say(locale, N_("Paid by your company"))
    return say(locale, N_("On hold: the customer complained") if state == "frozen" else N_("Available"))


def _batch(session: Session, earning: Earning, now: datetime, tz: str, locale: Locale) -> str:
    if earning.batch_id is None or earning.matured_at is None or earning.by_company:
        return ""
    no = session.get_one(SettlementBatch, earning.batch_id).no
    return f"{formats.day_time(earning.matured_at, now, tz, locale=locale)} · {no}"


def _price_row(line: OrderLine, locale: Locale) -> AmountRow:
    note = f"{line.quantity} × {_yuan(line.unit_fen)}" if line.quantity > 1 else ""
    return AmountRow(pick(locale, line.name_zh, line.name_en), _yuan(line.amount_fen), note)


def _split(earning: Earning, order: Order, locale: Locale) -> tuple[AmountRow, ...]:
    taxed = commission.tax(locale, Rate.frozen(order.commission).tax) if earning.tax_fen else ""
    rows = (
        (N_("Labour"), earning.labour_fen, ""),
        (N_("Travel and fees, all yours"), earning.pass_through_fen, ""),
        (N_("Your share of the coupon"), -earning.coupon_share_fen, ""),
        (N_("Platform commission"), -earning.commission_fen, _rate(earning)),
        (N_("Income tax withheld"), -earning.tax_fen, taxed),
        (N_("You receive"), earning.net_fen, ""),
    )
    return tuple(AmountRow(say(locale, label), _yuan(fen), note) for label, fen, note in rows if fen)


def _rule(session: Session, earning: Earning, order: Order, locale: Locale) -> str:
    """The frozen rule in words with its id and version; the id alone of what is no commission."""
    if earning.kind != "service" or "rate_bp" not in order.commission:
        return earning.rule
    names = load_category_names(session, order.city_id, locale)
    return f"{commission.rate(locale, Rate.frozen(order.commission), names)} · {earning.rule}"


def _rate(earning: Earning) -> str:
    """The rate that the commission comes to, from the amounts."""
    base_fen = earning.labour_fen - earning.coupon_share_fen
    return formats.percent(earning.commission_fen * 10_000 // base_fen, digits=0) if base_fen > 0 else ""


def _yuan(fen: int) -> str:
    return formats.yuan(fen, always_decimals=True)
