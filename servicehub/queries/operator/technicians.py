"""Technicians for operators: a filterable list, and one technician with certificates, plan, jobs, rating and earnings.

Amounts of the earnings summary come from `sh_earning`, which equals the ledger's postings order by order.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import crypto
from servicehub.domain.access import Actor, Permission
from servicehub.domain.order import OrderStatus
from servicehub.domain.technician import CertificateStatus, TechnicianStatus
from servicehub.errors import NotFound
from servicehub.models.account import User
from servicehub.models.catalog import ServiceItem
from servicehub.models.deposit import load_deposit_policies
from servicehub.models.ledger import Account
from servicehub.models.order import Order
from servicehub.models.payment import Earning
from servicehub.models.technician import Certificate, Technician, TechnicianSkill, WeeklyShift
from servicehub.queries import visit
from servicehub.queries.operator import trail, words
from servicehub.queries.operator.board import state_of
from servicehub.queries.operator.overview import DEAD
from servicehub.queries.operator.scope import city_of, guard, midnight, orders_of
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.operator_supply import (
    CertificateRow,
    Figure,
    JobRow,
    ShiftRow,
    TechnicianPage,
    TechnicianRow,
)

SOON = timedelta(days=30)
STATES: dict[str, str] = {
    "": N_("All"),
    "online": N_("Online"),
    "offline": N_("Off duty"),
    "expiring": N_("Certificates expiring"),
    "suspended": N_("Suspended"),
}
_RUNNING = (OrderStatus.EN_ROUTE, OrderStatus.ARRIVED, OrderStatus.IN_SERVICE)


def directory(
    session: Session, actor: Actor, state: str = "", q: str = "", *, locale: Locale, now: datetime
) -> tuple[TechnicianRow, ...]:
    """The city's technicians by name; `q` is part of a name or a skill. Raises: NotAllowed without technician:read."""
    guard(actor, Permission.TECHNICIAN_READ)
    tz = city_of(session, actor).timezone
    today = now.astimezone(ZoneInfo(tz)).date()
    query = select(Technician).where(Technician.city_id == actor.city_id, *_in_state(state, today))
    if q := q.strip()[:40]:
        skilled = select(TechnicianSkill.technician_id).where(col(TechnicianSkill.skill).contains(q, autoescape=True))
        query = query.where(sa.or_(col(Technician.name).contains(q, autoescape=True), col(Technician.id).in_(skilled)))
    people = session.exec(query.order_by(col(Technician.name))).all()
    return _Rows(session, [t.id or 0 for t in people], tz, locale, now).make(list(people))


def _in_state(state: str, today: date) -> list[Any]:
    match state:
        case "online":
            return [col(Technician.is_online).is_(True), col(Technician.status) == TechnicianStatus.ACTIVE]
        case "offline":
            return [col(Technician.is_online).is_(False), col(Technician.status) == TechnicianStatus.ACTIVE]
        case "suspended":
            return [col(Technician.status) == TechnicianStatus.SUSPENDED]
        case "expiring":
            soon = select(Certificate.technician_id).where(
                Certificate.status == CertificateStatus.APPROVED, col(Certificate.expires_on) <= today + SOON
            )
            return [col(Technician.id).in_(soon), col(Technician.status) == TechnicianStatus.ACTIVE]
        case _:
            return []


class _Rows:
    """Rows of several technicians with what is counted about them, three statements for all."""

    def __init__(self, session: Session, ids: list[int], tz: str, locale: Locale, now: datetime) -> None:
        self.locale, self.today = locale, now.astimezone(ZoneInfo(tz)).date()
        start, end = midnight(now, tz), midnight(now, tz, 1)
        self.jobs: dict[int, list[OrderStatus]] = {}
        mine = col(Order.technician_id).in_(ids)
        query = sa.select(Order.technician_id, Order.status).where(
            mine, col(Order.start_at) < end, col(Order.end_at) > start, col(Order.status).not_in(DEAD)
        )
        for technician_id, status in session.execute(query).all():
            self.jobs.setdefault(technician_id, []).append(status)
        self.skills: dict[int, list[str]] = {}
        for technician_id, skill in session.execute(
            sa.select(TechnicianSkill.technician_id, TechnicianSkill.skill)
            .where(col(TechnicianSkill.technician_id).in_(ids))
            .order_by(TechnicianSkill.skill)
        ).all():
            self.skills.setdefault(technician_id, []).append(words.word(locale, words.SKILL, skill))
        first = (
            sa.select(Certificate.technician_id, sa.func.min(Certificate.expires_on))
            .where(col(Certificate.technician_id).in_(ids), col(Certificate.status) == CertificateStatus.APPROVED)
            .group_by(Certificate.technician_id)
        )
        self.expiry: dict[int, date] = {row[0]: row[1] for row in session.execute(first)}

    def make(self, people: list[Technician]) -> tuple[TechnicianRow, ...]:
        return tuple(self.row(t) for t in people)

    def row(self, t: Technician) -> TechnicianRow:
        jobs = self.jobs.get(t.id or 0, [])
        state = state_of(t, [s for s in jobs if s in _RUNNING])
        text, tone = self._certificate(self.expiry.get(t.id or 0))
        return TechnicianRow(
            id=t.id or 0,
            name=t.name,
            portrait=t.portrait,
            level=words.word(self.locale, words.LEVEL, t.level.value),
            state=state,
            state_text=words.word(self.locale, words.TECHNICIAN_STATE, state),
            skills=" · ".join(self.skills.get(t.id or 0, [])),
            score=formats.rating(t.rating_sum * 100 // t.rating_count, digits=2) if t.rating_count else "–",
            reviews=say(self.locale, "{n} reviews", n=t.rating_count),
            acceptance=_share(t.offers_accepted, t.offers_feasible),
            on_time=_share(t.on_time_count, t.arrived_count),
            jobs_today=len(jobs),
            certificate=text,
            certificate_tone=tone,
        )

    def _certificate(self, first: date | None) -> tuple[str, str]:
        if first is None:
            return say(self.locale, "No valid certificate"), "r"
        left = (first - self.today).days
        if left < 0:
            return say(self.locale, "Expired {day}", day=formats.month_day(first, locale=self.locale)), "r"
        if left <= SOON.days:
            return say(self.locale, "Expires in {n} days", n=left), "a"
        return say(self.locale, "Valid until {day}", day=formats.full_day(first, locale=self.locale)), "g"


def _share(part: int, whole: int) -> str:
    return formats.percent(part * 10_000 // whole) if whole else "–"


def page(session: Session, actor: Actor, technician_id: int, *, locale: Locale, now: datetime) -> TechnicianPage:
    """Raises: NotAllowed without technician:read, NotFound outside the actor's city."""
    guard(actor, Permission.TECHNICIAN_READ)
    technician = session.exec(
        select(Technician).where(Technician.id == technician_id, Technician.city_id == actor.city_id)
    ).first()
    if technician is None:
        raise NotFound(f"technician {technician_id}")
    tz = city_of(session, actor).timezone
    row = _Rows(session, [technician_id], tz, locale, now).row(technician)
    user = session.get_one(User, technician.user_id)
    may = actor.may(Permission.TECHNICIAN_REVIEW)
    return TechnicianPage(
        person=row,
        phone=_phone(user),
        facts=_facts(technician, locale),
        figures=_figures(technician, row, locale),
        earnings=_earnings(session, technician_id, locale, now, tz),
        certificates=_certificates(session, technician_id, now.astimezone(ZoneInfo(tz)).date(), locale),
        week=_week(session, technician_id, locale),
        jobs=_jobs(session, actor, technician_id, tz, locale, now),
        audits=trail.of_subject(session, f"technician:{technician_id}", tz=tz, locale=locale)
        if actor.may(Permission.AUDIT_READ)
        else (),
        may_suspend=may and technician.status is TechnicianStatus.ACTIVE,
        may_restore=may and technician.status is TechnicianStatus.SUSPENDED,
        may_adjust=actor.may(Permission.TECHNICIAN_ADJUST),
    )


def _phone(user: User) -> str:
    try:
        return formats.mask_phone(crypto.decrypt(user.phone_enc, "sh_user.phone_enc"))
    except crypto.Undecipherable:
        return "****"


def _facts(t: Technician, locale: Locale) -> str:
    parts = [
        words.word(locale, words.GENDER, t.gender.value),
        say(locale, "{n} years", n=t.years),
        words.word(locale, words.TRANSPORT, t.transport.value),
        say(locale, "within {distance}", distance=formats.distance(t.radius_m)),
        say(locale, "at most {n} jobs a day", n=t.daily_cap),
        say(locale, "joined {day}", day=formats.full_day(t.joined_on, locale=locale)),
    ]
    return " · ".join(parts)


def _figures(t: Technician, row: TechnicianRow, locale: Locale) -> tuple[Figure, ...]:
    return (
        Figure(label=say(locale, "Rating"), value=row.score, note=row.reviews),
        Figure(
            label=say(locale, "Acceptance rate"),
            value=row.acceptance,
            note=say(locale, "of {n} offers", n=t.offers_feasible),
        ),
        Figure(
            label=say(locale, "On-time rate"), value=row.on_time, note=say(locale, "of {n} arrivals", n=t.arrived_count)
        ),
        Figure(
            label=say(locale, "Jobs done"), value=f"{t.done_count:,}", note=say(locale, "{n} today", n=row.jobs_today)
        ),
    )


def _earnings(session: Session, technician_id: int, locale: Locale, now: datetime, tz: str) -> tuple[Figure, ...]:
    today, month = col(Earning.created_at) >= midnight(now, tz), col(Earning.created_at) >= midnight(now, tz, -30)
    net, matured = col(Earning.net_fen), col(Earning.matured_at)
    sums = [
        sa.func.coalesce(sa.func.sum(sa.case((c, net), else_=0)), 0)
        for c in (today, month, matured.is_(None), matured.is_not(None))
    ]
    values = session.execute(sa.select(*sums).where(col(Earning.technician_id) == technician_id)).one()
    names = (
        say(locale, "Earned today"),
        say(locale, "Earned in 30 days"),
        say(locale, "Pending"),
        say(locale, "Matured so far"),
    )
    found = [
        Figure(label=name, value=formats.yuan(int(fen), always_decimals=True), note="")
        for name, fen in zip(names, values, strict=True)
    ]
    return (*found, *_deposit(session, technician_id, locale))


def _deposit(session: Session, technician_id: int, locale: Locale) -> tuple[Figure, ...]:
    """What is put aside, where there is or should be anything."""
    held = session.exec(select(Account.balance_fen).where(Account.code == f"t_deposit:{technician_id}")).first() or 0
    target = load_deposit_policies(session, [technician_id])[technician_id].target_fen
    if not held and not target:
        return ()
    note = say(locale, N_("of {amount}"), amount=formats.yuan(target)) if target else ""
    return (Figure(label=say(locale, N_("Deposit")), value=formats.yuan(held, always_decimals=True), note=note),)


def _certificates(session: Session, technician_id: int, today: date, locale: Locale) -> tuple[CertificateRow, ...]:
    rows = session.exec(
        select(Certificate).where(Certificate.technician_id == technician_id).order_by(col(Certificate.expires_on))
    ).all()
    return tuple(_certificate_row(row, today, locale) for row in rows)


def _certificate_row(row: Certificate, today: date, locale: Locale) -> CertificateRow:
    state, tone = (
        words.word(locale, words.CERTIFICATE_STATE, row.status.value),
        {"approved": "g", "pending": "i", "rejected": "r"}[row.status.value],
    )
    if row.status is CertificateStatus.APPROVED and row.expires_on < today:
        state, tone = say(locale, "Expired"), "r"
    elif row.status is CertificateStatus.APPROVED and row.expires_on <= today + SOON:
        state, tone = say(locale, "Expires in {n} days", n=(row.expires_on - today).days), "a"
    return CertificateRow(
        id=row.id or 0, name=words.word(locale, words.CERTIFICATE, row.kind), state=state, tone=tone,
        issued=row.issued_on.isoformat(), expires=row.expires_on.isoformat(),
    )  # fmt: skip


def _week(session: Session, technician_id: int, locale: Locale) -> tuple[ShiftRow, ...]:
    rows = session.exec(
        select(WeeklyShift)
        .where(WeeklyShift.technician_id == technician_id)
        .order_by(col(WeeklyShift.weekday), col(WeeklyShift.start_minute))
    ).all()
    monday = date(2024, 1, 1)

    def spans(weekday: int, *, is_break: bool) -> str:
        return ", ".join(
            f"{_hm(r.start_minute)}–{_hm(r.end_minute)}"
            for r in rows
            if r.weekday == weekday and r.is_break is is_break
        )

    return tuple(
        ShiftRow(
            day=formats.weekday(monday + timedelta(days=d), locale=locale),
            hours=spans(d, is_break=False) or say(locale, "Day off"),
            breaks=spans(d, is_break=True),
        )
        for d in range(7)
    )


def _hm(minute: int) -> str:
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


def _jobs(
    session: Session, actor: Actor, technician_id: int, tz: str, locale: Locale, now: datetime
) -> tuple[JobRow, ...]:
    found = session.execute(
        sa.select(Order, ServiceItem)
        .join(ServiceItem, col(ServiceItem.id) == Order.service_item_id)
        .where(
            *orders_of(actor),
            col(Order.technician_id) == technician_id,
            col(Order.start_at) >= midnight(now, tz),
            col(Order.status).not_in(DEAD),
        )
        .order_by(col(Order.start_at))
        .limit(20)
    ).all()
    return tuple(
        JobRow(
            no=o.no,
            visit=formats.span(o.start_at, o.end_at, now, tz, locale=locale),
            service=visit.title(locale, item, o),
            area=o.area,
            status=o.status.value,
            status_text=words.word(locale, words.STATUS, o.status.value),
            amount=formats.yuan(o.total_fen, always_decimals=True),
        )
        for o, item in found
    )
