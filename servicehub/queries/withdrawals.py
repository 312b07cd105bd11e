"""Withdrawals: a technician's own with what may be taken out now, and the list in which operators decide."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission, Role
from servicehub.domain.withdrawal import ON_ITS_WAY, OPEN, WECHAT, WITHDRAWAL_KIND, WithdrawalPolicy, WithdrawalStatus
from servicehub.models.account import User
from servicehub.models.catalog import City, Policy
from servicehub.models.identity import WechatIdentity
from servicehub.models.ledger import Account
from servicehub.models.technician import Technician
from servicehub.models.withdrawal import Withdrawal, load_limits
from servicehub.queries.operator.scope import guard, midnight
from servicehub.settings import get_settings
from servicehub.texts import N_, Locale, formats, money, say
from servicehub.viewmodels.withdrawal import Confirming, Limits, Review, ReviewRow, WithdrawalRow, Withdrawing

SHOWN = 100
STATUSES: dict[str, str] = {
    "review": N_("In review"),
    "sending": N_("Being paid out"),
    "confirming": N_("Awaiting confirmation"),
    "done": N_("Paid out"),
    "failed": N_("Came back"),
    "rejected": N_("Not approved"),
    "cancelled": N_("Taken back"),
    "expired": N_("Not confirmed"),
}
TONES = {
    "review": "w",
    "sending": "b",
    "confirming": "w",
    "done": "g",
    "failed": "r",
    "rejected": "r",
    "cancelled": "",
    "expired": "r",
}
_NEXT: dict[str, str] = {
    "review": N_("A person looks at it, usually within one working day."),
    "sending": N_("The payment channel is at work. This takes a few minutes."),
    "expired": N_("It was not taken in WeChat in time. The money is available again."),
    "failed": N_("The channel refused the account. The money is available again: please check account and name."),
}


def mine(session: Session, actor: Actor, *, now: datetime, locale: Locale) -> Withdrawing:
    """The technician's own. Raises: NotAllowed."""
    actor.require_role(Role.TECHNICIAN)
    technician = session.get_one(Technician, actor.technician_id)
    tz, limits = session.get_one(City, technician.city_id).timezone, load_limits(session, technician.city_id, now)
    code = f"t_avail:{actor.technician_id}"
    available = int(session.exec(select(Account.balance_fen).where(Account.code == code)).first() or 0)
    found = session.exec(
        select(Withdrawal)
        .where(Withdrawal.technician_id == actor.technician_id)
        .order_by(col(Withdrawal.id).desc())
        .limit(SHOWN)
    ).all()
    most = min(available, limits.most_fen)
    return Withdrawing(
        available=formats.yuan(available, always_decimals=True),
        most=f"{most / 100:.2f}" if most >= limits.least_fen else "",
        payee=technician.name,
        account=next((row.account_mask for row in found if row.channel != WECHAT), ""),
        channel=found[0].channel if found else "",
        in_wechat=session.get(WechatIdentity, actor.user_id) is not None,
        rules=_rules(limits, locale),
        by_company=get_settings().settlement_mode == "partner",
        is_waiting=any(row.status in OPEN for row in found),
        rows=tuple(_mine(row, now, tz, locale) for row in found),
    )


def confirming(session: Session, actor: Actor, no: str, *, now: datetime, locale: Locale) -> Confirming:
    """The technician's own withdrawal of that number; empty where there is none. Raises: NotAllowed."""
    actor.require_role(Role.TECHNICIAN)
    mine = (Withdrawal.technician_id == actor.technician_id, Withdrawal.no == no)
    row = session.exec(select(Withdrawal).where(*mine)).first()
    if row is None:
        return Confirming()
    return Confirming(
        no=row.no,
        amount=formats.amount(row.amount_fen - row.fee_fen),
        until=_until(row, now, session.get_one(City, row.city_id).timezone, locale),
        state_label=say(locale, STATUSES[row.status.value]),
        tone=TONES[row.status.value],
        waits=row.status is WithdrawalStatus.CONFIRMING,
    )


def review(session: Session, actor: Actor, state: str, *, now: datetime, locale: Locale) -> Review:
    """The city's withdrawals in `state` ("" for all), the oldest that wait first. Raises: NotAllowed without withdrawal:review."""
    guard(actor, Permission.WITHDRAWAL_REVIEW)
    tz, limits = session.get_one(City, actor.city_id).timezone, load_limits(session, actor.city_id, now)
    here = col(Withdrawal.city_id) == actor.city_id
    waits = col(Withdrawal.status) == WithdrawalStatus.REVIEW
    order = (sa.case((waits, 0), else_=1), sa.case((waits, col(Withdrawal.id)), else_=-col(Withdrawal.id)))
    query = (
        select(Withdrawal, Technician, User.display_name)
        .join(Technician, col(Technician.id) == col(Withdrawal.technician_id))
        .outerjoin(User, col(User.id) == col(Withdrawal.first_by))
        .where(here)
    )
    if state:
        query = query.where(Withdrawal.status == WithdrawalStatus(state))
    rows = session.exec(query.order_by(*order).limit(SHOWN)).all()
    fen = col(Withdrawal.amount_fen)
    today = sa.and_(col(Withdrawal.status) == WithdrawalStatus.DONE, col(Withdrawal.done_at) >= midnight(now, tz))
    counts = session.execute(
        sa.select(
            sa.func.sum(sa.case((waits, 1), else_=0)),
            sa.func.sum(sa.case((waits, fen), else_=0)),
            sa.func.sum(sa.case((col(Withdrawal.status).in_(ON_ITS_WAY), 1), else_=0)),
            sa.func.sum(sa.case((today, fen), else_=0)),
        ).where(here)
    ).one()
    return Review(
        rows=tuple(_row(made, who, first, actor, limits, now, tz, locale) for made, who, first in rows),
        waiting=int(counts[0] or 0),
        waiting_sum=formats.yuan(int(counts[1] or 0), always_decimals=True),
        sending=int(counts[2] or 0),
        paid_today=formats.yuan(int(counts[3] or 0), always_decimals=True),
        limits=_limits(session, actor.city_id, limits),
        may_limit=actor.may(Permission.WITHDRAWAL_LIMITS),
    )


def _limits(session: Session, city_id: int, limits: WithdrawalPolicy) -> Limits:
    newest = sa.select(sa.func.max(col(Policy.version))).where(
        col(Policy.city_id) == city_id, col(Policy.kind) == WITHDRAWAL_KIND
    )
    return Limits(
        version=int(session.scalar(newest) or 0),
        least=formats.plain(limits.least_fen),
        most=formats.plain(limits.most_fen),
        a_day=str(limits.a_day),
        fee=formats.amount(limits.fee_bp),
        least_fee=formats.amount(limits.least_fee_fen),
        second_from=formats.plain(limits.second_from_fen),
    )


def _mine(row: Withdrawal, now: datetime, tz: str, locale: Locale) -> WithdrawalRow:
    to = f"{money.of(locale, money.METHODS, row.channel)} {row.account_mask}"
    parts = [formats.day_time(row.created_at, now, tz, locale=locale), to]
    if row.fee_fen:
        parts.append(say(locale, N_("Fee {amount}"), amount=formats.yuan(row.fee_fen, always_decimals=True)))
    status = row.status.value
    note = row.reason or (say(locale, _NEXT[status]) if status in _NEXT else "")
    if row.status is WithdrawalStatus.CONFIRMING:
        note = say(
            locale,
            N_("It waits in WeChat until {time}. Nothing is paid without your yes."),
            time=_until(row, now, tz, locale),
        )
    return WithdrawalRow(
        no=row.no,
        amount=formats.yuan(row.amount_fen, always_decimals=True),
        line=" · ".join(parts),
        state=status,
        state_label=say(locale, STATUSES[status]),
        tone=TONES[status],
        note=note,
        may_cancel=row.status is WithdrawalStatus.REVIEW and row.first_by is None,
        waits=row.status is WithdrawalStatus.CONFIRMING,
    )


def _row(
    row: Withdrawal,
    who: Technician,
    first: str | None,
    actor: Actor,
    limits: WithdrawalPolicy,
    now: datetime,
    tz: str,
    locale: Locale,
) -> ReviewRow:
    parts = []
    if limits.needs_two(row.amount_fen):
        parts.append(say(locale, N_("Two people decide")))
    if row.fee_fen:
        parts.append(say(locale, N_("Fee {amount}"), amount=formats.yuan(row.fee_fen, always_decimals=True)))
    note = row.reason
    if row.status is WithdrawalStatus.CONFIRMING:
        note = say(locale, N_("Until {time}"), time=_until(row, now, tz, locale))
    if row.first_by is not None and row.status is WithdrawalStatus.REVIEW:
        note = say(locale, N_("{name} said yes"), name=first or "")
    return ReviewRow(
        no=row.no,
        technician_id=who.id or 0,
        name=row.payee,
        portrait=who.portrait,
        amount=formats.yuan(row.amount_fen, always_decimals=True),
        sub=" · ".join(parts),
        account=row.account_mask,
        channel=money.of(locale, money.METHODS, row.channel),
        asked=formats.day_time(row.created_at, now, tz, locale=locale),
        state=row.status.value,
        state_label=say(locale, STATUSES[row.status.value]),
        tone=TONES[row.status.value],
        note=note,
        may_decide=row.status is WithdrawalStatus.REVIEW and row.first_by != actor.user_id,
    )


def _until(row: Withdrawal, now: datetime, tz: str, locale: Locale) -> str:
    """Until when the payee can say yes."""
    return formats.day_time(row.confirm_until, now, tz, locale=locale) if row.confirm_until else ""


def _rules(limits: WithdrawalPolicy, locale: Locale) -> tuple[str, ...]:
    least, most = formats.yuan(limits.least_fen), formats.yuan(limits.most_fen)
    fee = (
        say(locale, N_("No fee"))
        if not limits.fee_bp and not limits.least_fee_fen
        else say(
            locale,
            N_("Fee {share}, at least {amount}"),
            share=formats.percent(limits.fee_bp, digits=2),
            amount=formats.yuan(limits.least_fee_fen),
        )
    )
    return (
        say(
            locale,
            N_("From {least} to {most} each time, {n} times in 24 hours"),
            least=least,
            most=most,
            n=limits.a_day,
        ),
        fee,
        say(locale, N_("The account has to belong to you: the channel compares the name")),
    )
