"""Guarantee deposits: a technician's own, with how it grows and what keeps it, and the list in which operators decide."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission, Role
from servicehub.domain.deposit import CASES, DEPOSIT_KIND, HOLD, RUNNING, DepositPolicy, DepositStatus, Standing
from servicehub.models.account import User
from servicehub.models.catalog import City, Policy
from servicehub.models.deposit import DepositRequest, load_deposit_policy, load_standings
from servicehub.models.ledger import Account
from servicehub.models.technician import Technician
from servicehub.queries.operator.scope import guard
from servicehub.settings import get_settings
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.deposit import DepositDesk, Depositing, DepositRow, DepositRules, DepositWish

SHOWN = 50
STATUSES: dict[str, str] = {
    "open": N_("Asked back"),
    "returned": N_("Deposit given back"),
    "refused": N_("Not given back"),
    "cancelled": N_("Taken back"),
}
TONES = {"open": "w", "returned": "g", "refused": "r", "cancelled": ""}
_KEEPS: dict[str, str] = {
    RUNNING: N_("Orders that are not settled yet: {n}"),
    CASES: N_("Open after-sales cases: {n}"),
    HOLD: N_("The waiting period ends {when}"),
}


def mine(session: Session, actor: Actor, *, now: datetime, locale: Locale) -> Depositing:
    """The technician's own. Raises: NotAllowed."""
    actor.require_role(Role.TECHNICIAN)
    who = session.get_one(Technician, actor.technician_id)
    who_id, tz = who.id or 0, session.get_one(City, who.city_id).timezone
    rules = load_deposit_policy(session, who.city_id)
    held, available, _owed = _balances(session, [who_id])[who_id]
    found = session.exec(
        select(DepositRequest)
        .where(DepositRequest.technician_id == who_id)
        .order_by(col(DepositRequest.id).desc())
        .limit(SHOWN)
    ).all()
    is_asked = any(wish.status is DepositStatus.OPEN for wish in found)
    by_company = get_settings().settlement_mode == "partner"
    room = rules.room(held)
    most = 0 if is_asked or by_company else min(available, room)
    keeps = _keeps(rules, load_standings(session, [who_id])[who_id], now, tz, locale) if held else ()
    return Depositing(
        held=_yuan(held),
        target=formats.yuan(rules.target_fen) if rules.target_fen else "",
        missing=_yuan(room) if room else "",
        available=_yuan(available),
        most=f"{most // 100}.{most % 100:02d}" if most else "",
        rules=_rules(rules, locale) if rules.target_fen else (),
        keeps=keeps,
        may_ask=held > 0 and not is_asked,
        is_asked=is_asked,
        by_company=by_company,
        rows=tuple(_mine(wish, now, tz, locale) for wish in found),
    )


def desk(session: Session, actor: Actor, *, now: datetime, locale: Locale) -> DepositDesk:
    """The city's rules, what is held, and its wishes: the oldest that wait first. Raises: NotAllowed without withdrawal:review."""
    guard(actor, Permission.WITHDRAWAL_REVIEW)
    tz, rules = session.get_one(City, actor.city_id).timezone, load_deposit_policy(session, actor.city_id)
    waits = col(DepositRequest.status) == DepositStatus.OPEN
    order = (
        sa.case((waits, 0), else_=1),
        sa.case((waits, col(DepositRequest.id)), else_=-col(DepositRequest.id)),
    )
    found = session.exec(
        select(DepositRequest, Technician, User.display_name)
        .join(Technician, col(Technician.id) == col(DepositRequest.technician_id))
        .outerjoin(User, col(User.id) == col(DepositRequest.decided_by))
        .where(DepositRequest.city_id == actor.city_id)
        .order_by(*order)
        .limit(SHOWN)
    ).all()
    asking = [wish.technician_id for wish, _who, _by in found if wish.status is DepositStatus.OPEN]
    standings, balances = load_standings(session, asking), _balances(session, asking)
    rows = []
    for wish, who, by in found:
        if wish.status is DepositStatus.OPEN:
            keeps = _keeps(rules, standings[wish.technician_id], now, tz, locale)
            rows.append(_waiting(wish, who, balances[wish.technician_id], keeps, now, tz, locale))
        else:
            rows.append(_decided(wish, who, by or "", now, tz, locale))
    held, people = _held(session, actor.city_id)
    return DepositDesk(
        rules=_typed(session, actor, rules),
        held=_yuan(held),
        people=people,
        waiting=len(asking),
        rows=tuple(rows),
    )


def _balances(session: Session, technician_ids: Iterable[int]) -> dict[int, tuple[int, int, int]]:
    """Technician -> (deposit, available, owed), as the ledger has them."""
    names = ("t_deposit", "t_avail", "tech_debt")
    wanted = sorted(set(technician_ids))
    codes = [f"{name}:{who}" for name in names for who in wanted]
    rows = session.execute(sa.select(col(Account.code), col(Account.balance_fen)).where(col(Account.code).in_(codes)))
    found = {code: int(fen) for code, fen in rows}
    return {
        who: (found.get(f"t_deposit:{who}", 0), found.get(f"t_avail:{who}", 0), found.get(f"tech_debt:{who}", 0))
        for who in wanted
    }


def _held(session: Session, city_id: int) -> tuple[int, int]:
    """(fen, technicians) of the city's deposits."""
    code = sa.literal("t_deposit:").concat(sa.cast(col(Technician.id), sa.String))
    fen = col(Account.balance_fen)
    query = sa.select(sa.func.coalesce(sa.func.sum(fen), 0), sa.func.count())
    joined = query.select_from(Technician).join(Account, col(Account.code) == code)
    total, people = session.execute(joined.where(col(Technician.city_id) == city_id, fen > 0)).one()
    return int(total), int(people)


def _typed(session: Session, actor: Actor, rules: DepositPolicy) -> DepositRules:
    newest = sa.select(sa.func.max(col(Policy.version))).where(
        col(Policy.city_id) == actor.city_id, col(Policy.kind) == DEPOSIT_KIND
    )
    return DepositRules(
        version=int(session.scalar(newest) or 0),
        is_on=rules.target_fen > 0,
        target=formats.amount(rules.target_fen).replace(",", ""),
        share=formats.amount(rules.share_bp),
        hold_days=str(rules.hold_days),
        may_write=actor.may(Permission.DEPOSIT_WRITE),
    )


def _keeps(rules: DepositPolicy, standing: Standing, now: datetime, tz: str, locale: Locale) -> tuple[str, ...]:
    free_at = rules.free_at(standing)
    values = {
        RUNNING: {"n": standing.running},
        CASES: {"n": standing.cases},
        HOLD: {"when": formats.day_time(free_at, now, tz, locale=locale) if free_at else ""},
    }
    return tuple(say(locale, _KEEPS[name], **values[name]) for name in rules.obstacles(standing, now))


def _rules(rules: DepositPolicy, locale: Locale) -> tuple[str, ...]:
    return (
        say(
            locale,
            N_("{share} of each earning that becomes available is put aside until the deposit is full; tips are not"),
            share=formats.percent(rules.share_bp, digits=2).replace(".00", ""),
        ),
        say(locale, N_("It stays yours. What you would owe is taken from it first, before it becomes a debt")),
        say(
            locale,
            N_("It can go back {n} days after your last visit, when nothing of yours is open"),
            n=rules.hold_days,
        ),
    )


def _mine(wish: DepositRequest, now: datetime, tz: str, locale: Locale) -> DepositRow:
    note = wish.reason
    if wish.status is DepositStatus.OPEN:
        note = say(locale, N_("A person looks at it, usually within one working day."))
    return DepositRow(
        no=wish.no,
        amount=_yuan(wish.returned_fen or wish.asked_fen),
        when=formats.day_time(wish.created_at, now, tz, locale=locale),
        state_label=say(locale, STATUSES[wish.status.value]),
        tone=TONES[wish.status.value],
        note=note,
        may_cancel=wish.status is DepositStatus.OPEN,
    )


def _waiting(
    wish: DepositRequest,
    who: Technician,
    balances: tuple[int, int, int],
    keeps: tuple[str, ...],
    now: datetime,
    tz: str,
    locale: Locale,
) -> DepositWish:
    held, _available, owed = balances
    return DepositWish(
        no=wish.no,
        technician_id=wish.technician_id,
        name=who.name,
        portrait=who.portrait,
        amount=_yuan(held),
        fen=held,
        owed=_yuan(min(owed, held)) if owed and held else "",
        when=formats.day_time(wish.created_at, now, tz, locale=locale),
        state_label=say(locale, STATUSES["open"]),
        tone=TONES["open"],
        note=" · ".join(keeps) if held else say(locale, N_("Nothing is left of it")),
        may_decide=True,
        may_give=held > 0 and not keeps,
    )


def _decided(wish: DepositRequest, who: Technician, by: str, now: datetime, tz: str, locale: Locale) -> DepositWish:
    return DepositWish(
        no=wish.no,
        technician_id=wish.technician_id,
        name=who.name,
        portrait=who.portrait,
        amount=_yuan(wish.returned_fen or wish.asked_fen),
        fen=0,
        owed="",
        when=formats.day_time(wish.created_at, now, tz, locale=locale),
        state_label=say(locale, STATUSES[wish.status.value]),
        tone=TONES[wish.status.value],
        note=" · ".join(part for part in (by, wish.reason) if part),
        may_decide=False,
        may_give=False,
    )


def _yuan(fen: int) -> str:
    return formats.yuan(fen, always_decimals=True)
