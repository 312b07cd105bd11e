"""The technician's own profile: level and what it gives, figures, certificates, messages."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlmodel import Session, col, func, select

from servicehub import crypto
from servicehub.domain.access import Actor
from servicehub.domain.commission import Case
from servicehub.domain.policy import DEFAULT_ORDER_POLICY, ORDER_KIND, OrderPolicy
from servicehub.domain.technician import CertificateStatus
from servicehub.models.account import User
from servicehub.models.catalog import Policy
from servicehub.models.customer import Notice
from servicehub.models.technician import Certificate, Technician, TechnicianSkill
from servicehub.queries.technician import scope, words
from servicehub.queries.technician.workbench import EXPIRY_WARNING
from servicehub.texts import N_, Locale, commission, formats, say
from servicehub.texts.notices import notice
from servicehub.viewmodels.technician import Chip, Message, Paper, Profile

MESSAGES = 30


def profile(session: Session, actor: Actor, *, now: datetime, locale: Locale) -> Profile:
    """Everything of the page "Me"."""
    technician, tz = scope.me(session, actor), scope.zone(session, actor)
    user = session.get_one(User, actor.user_id)
    rated = technician.rating_count
    skills = session.exec(select(TechnicianSkill.skill).where(TechnicianSkill.technician_id == technician.id)).all()
    unread = select(func.count()).where(Notice.user_id == actor.user_id, col(Notice.read_at).is_(None))
    return Profile(
        name=technician.name,
        portrait=technician.portrait or "av-1",
        phone=formats.mask_phone(crypto.decrypt(user.phone_enc, "sh_user.phone_enc")),
        level=words.level(locale, technician.level),
        level_gives=_gives(session, technician, now, scope.today(now, tz).on, locale),
        skills=tuple(Chip(key, words.skill(locale, key)) for key in sorted(skills)),
        rating=formats.rating(technician.rating_sum * 100 // rated, digits=2) if rated else "–",
        reviews=say(locale, N_("{n} reviews"), n=rated),
        done=str(technician.done_count),
        acceptance=_rate(technician.offers_accepted, technician.offers_feasible),
        on_time=_rate(technician.on_time_count, technician.arrived_count),
        transport=say(locale, words.TRANSPORT[technician.transport][0]),
        radius=formats.distance(technician.radius_m),
        cap=say(locale, N_("{n} jobs a day at most"), n=technician.daily_cap),
        joined=formats.full_day(technician.joined_on, locale=locale),
        papers=_papers(session, technician, scope.today(now, tz).on, locale),
        messages=_messages(session, actor, now, tz, locale),
        unread=session.exec(unread).one(),
    )


def _rate(part: int, whole: int) -> str:
    return formats.percent(part * 10_000 // whole, digits=0) if whole else "–"


def _gives(session: Session, technician: Technician, now: datetime, today: date, locale: Locale) -> tuple[Chip, ...]:
    row = session.exec(
        select(Policy)
        .where(Policy.city_id == technician.city_id, Policy.kind == ORDER_KIND, col(Policy.effective_at) <= now)
        .order_by(col(Policy.version).desc())
        .limit(1)
    ).first()
    rules = OrderPolicy.of(row.document, row.version) if row else DEFAULT_ORDER_POLICY
    case = Case("", technician.level, technician.id or 0, today)
    rate, days = rules.commission.choose(case).bp, rules.settlement.days[technician.level.value]
    return (
        Chip("commission", say(locale, N_("Commission {share}"), share=commission.share(rate)), "b"),
        Chip("days", say(locale, N_("Available after {n} days"), n=days), "g"),
    )


def _papers(session: Session, technician: Technician, today: date, locale: Locale) -> tuple[Paper, ...]:
    rows = session.exec(
        select(Certificate).where(Certificate.technician_id == technician.id).order_by(col(Certificate.expires_on))
    ).all()
    return tuple(_paper(row, today, locale) for row in rows)


def _paper(row: Certificate, today: date, locale: Locale) -> Paper:
    name = say(locale, words.CERTIFICATE[row.kind]) if row.kind in words.CERTIFICATE else row.kind
    until = say(locale, N_("Valid until {day}"), day=formats.full_day(row.expires_on, locale=locale))
    left = (row.expires_on - today).days
    if row.status is CertificateStatus.PENDING:
        return Paper(str(row.id), name, say(locale, N_("In review")), until, "i")
    if row.status is CertificateStatus.REJECTED:
        return Paper(str(row.id), name, say(locale, N_("Rejected")), row.note or until, "r")
    if left < 0:
        return Paper(str(row.id), name, say(locale, N_("Expired")), until, "r")
    if timedelta(days=left) <= EXPIRY_WARNING:
        return Paper(str(row.id), name, say(locale, N_("{n} days left"), n=left), until, "w")
    return Paper(str(row.id), name, say(locale, N_("Valid")), until, "g")


def _messages(session: Session, actor: Actor, now: datetime, tz: str, locale: Locale) -> tuple[Message, ...]:
    rows = session.exec(
        select(Notice).where(Notice.user_id == actor.user_id).order_by(col(Notice.id).desc()).limit(MESSAGES)
    ).all()
    told = [(row, *notice(locale, row.kind, row.params, now=now, tz=tz)) for row in rows]
    return tuple(
        Message(
            row.id or 0,
            title,
            body,
            formats.relative(row.created_at, now, tz, locale=locale),
            row.link,
            row.read_at is None,
        )
        for row, title, body in told
    )
