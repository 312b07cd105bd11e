"""Technicians as customers see them: the list by distance and one technician's page. No phone, no address, no exact position."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor
from servicehub.domain.geo import Point, distance_m
from servicehub.domain.order import OrderStatus
from servicehub.domain.technician import CertificateStatus, TechnicianStatus
from servicehub.errors import NotFound
from servicehub.models.catalog import Category, ServiceItem
from servicehub.models.order import Order, OrderPhoto, Review
from servicehub.models.technician import Certificate, Technician, TechnicianSkill
from servicehub.queries.customer import catalog, words
from servicehub.queries.customer.places import Place, city_of, resolve
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.customer.catalog import CertificateLine, ServiceCard, TechnicianCard, TechnicianDetail

SERVED = (OrderStatus.COMPLETED, OrderStatus.CLOSED)
MOST = 40
MOST_CASES = 9


def near(
    session: Session, actor: Actor, place: str, *, locale: Locale, skill: str = "", most: int = MOST
) -> tuple[TechnicianCard, ...]:
    """Active technicians whose area holds the place, nearest first."""
    here = resolve(session, actor, place, locale=locale)
    rows = [row for row in _active(session, actor, skill) if _away(row, here) <= row.radius_m]
    rows.sort(key=lambda row: (_away(row, here), row.id or 0))
    return cards(session, actor, rows[:most], here, locale=locale)


def cards(
    session: Session, actor: Actor, rows: Sequence[Technician], here: Place, *, locale: Locale
) -> tuple[TechnicianCard, ...]:
    """Cards of these technicians, seen from `here`."""
    ids = [row.id or 0 for row in rows]
    skills, served = _skills(session, ids), _served(session, actor, ids)
    return tuple(
        _card(locale, row, skills.get(row.id or 0, []), served.get(row.id or 0, 0), _away(row, here)) for row in rows
    )


def technician(
    session: Session, actor: Actor, technician_id: int, place: str, *, locale: Locale, now: datetime
) -> TechnicianDetail:
    """One technician's page. Raises: NotFound for one who does not work here (any more)."""
    row = load(session, actor, technician_id)
    here, tz = resolve(session, actor, place, locale=locale), city_of(session, actor).timezone
    skills = _skills(session, [technician_id]).get(technician_id, [])
    card = _card(locale, row, skills, _served(session, actor, [technician_id]).get(technician_id, 0), _away(row, here))
    return TechnicianDetail(
        id=technician_id,
        title=card.title,
        art=card.art,
        level=card.level,
        line=card.line,
        bio=row.bio_en if locale == "en" else row.bio_zh,
        rating=card.rating,
        review_count=say(locale, N_("{n} reviews"), n=formats.big_count(row.rating_count, locale=locale)),
        jobs=card.jobs,
        on_time=formats.percent(row.on_time_count * 10_000 // row.arrived_count) if row.arrived_count else "",
        distance=card.distance,
        served=card.served,
        certificates=_certificates(session, technician_id, tz, locale, now),
        services=_services(session, actor, skills, locale),
        reviews=catalog.reviews_where(session, col(Review.technician_id) == technician_id, tz, locale=locale, now=now),
        cases=_cases(session, technician_id),
    )


def load(session: Session, actor: Actor, technician_id: int) -> Technician:
    """An active technician of the actor's city. Raises: NotFound."""
    row = session.get(Technician, technician_id)
    if row is None or row.status is not TechnicianStatus.ACTIVE or row.city_id != city_of(session, actor).id:
        raise NotFound(f"technician {technician_id}")
    return row


def search(session: Session, actor: Actor, text: str, here: Place, *, locale: Locale) -> tuple[TechnicianCard, ...]:
    """Active technicians whose name contains `text`, nearest first."""
    name = "%" + text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
    query = select(Technician).where(
        Technician.city_id == city_of(session, actor).id,
        Technician.status == TechnicianStatus.ACTIVE,
        col(Technician.name).ilike(name, escape="\\"),
    )
    rows = sorted(session.exec(query.limit(50)).all(), key=lambda row: (_away(row, here), row.id or 0))
    return cards(session, actor, rows[:10], here, locale=locale)


def _active(session: Session, actor: Actor, skill: str) -> list[Technician]:
    query = select(Technician).where(
        Technician.city_id == city_of(session, actor).id, Technician.status == TechnicianStatus.ACTIVE
    )
    if skill:
        having = sa.select(col(TechnicianSkill.technician_id)).where(col(TechnicianSkill.skill) == skill)
        query = query.where(col(Technician.id).in_(having))
    return list(session.exec(query).all())


def _away(row: Technician, here: Place) -> int:
    return round(distance_m(here.point, Point(row.home_lat, row.home_lng)))


def _skills(session: Session, ids: Collection[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for row in session.exec(select(TechnicianSkill).where(col(TechnicianSkill.technician_id).in_(ids))):
        found.setdefault(row.technician_id, []).append(row.skill)
    return found


def _served(session: Session, actor: Actor, ids: Collection[int]) -> dict[int, int]:
    """How often each has served this customer."""
    if not actor.user_id:
        return {}
    query = sa.select(col(Order.technician_id), sa.func.count()).where(
        col(Order.customer_id) == actor.user_id, col(Order.technician_id).in_(ids), col(Order.status).in_(SERVED)
    )
    return {row[0]: row[1] for row in session.execute(query.group_by(col(Order.technician_id)))}


def _card(locale: Locale, row: Technician, skills: list[str], served: int, away: int) -> TechnicianCard:
    return TechnicianCard(
        id=row.id or 0,
        title=row.name,
        art=words.portrait(row),
        level=words.level(locale, row.level),
        line=words.trade(locale, skills, row.years),
        rating=words.score(locale, row.rating_sum, row.rating_count, digits=2),
        rating_x100=words.score_x100(row.rating_sum, row.rating_count),
        jobs=words.done(locale, row.done_count),
        distance=formats.distance(away),
        distance_m=away,
        served=say(locale, N_("Served you {n} times"), n=served) if served else "",
    )


def _certificates(
    session: Session, technician_id: int, tz: str, locale: Locale, now: datetime
) -> tuple[CertificateLine, ...]:
    """The valid ones."""
    today = now.astimezone(ZoneInfo(tz)).date()
    query = select(Certificate).where(
        Certificate.technician_id == technician_id,
        Certificate.status == CertificateStatus.APPROVED,
        col(Certificate.expires_on) >= today,
    )
    return tuple(
        CertificateLine(
            say(locale, words.CERTIFICATES.get(row.kind, row.kind)),
            say(locale, N_("Valid until {day}"), day=formats.full_day(row.expires_on, locale=locale)),
        )
        for row in session.exec(query.order_by(col(Certificate.id)))
    )


def _services(session: Session, actor: Actor, skills: Collection[str], locale: Locale) -> tuple[ServiceCard, ...]:
    query = (
        select(ServiceItem, Category)
        .join(Category, col(Category.id) == col(ServiceItem.category_id))
        .where(
            ServiceItem.city_id == city_of(session, actor).id,
            col(ServiceItem.published),
            col(ServiceItem.skill).in_(skills),
        )
        .order_by(col(Category.position), col(ServiceItem.position), col(ServiceItem.id))
    )
    return tuple(catalog.card(locale, item, category.slug) for item, category in session.exec(query))


def _cases(session: Session, technician_id: int) -> tuple[str, ...]:
    query = (
        sa.select(col(OrderPhoto.key))
        .join(Review, col(Review.order_id) == col(OrderPhoto.order_id))
        .where(col(Review.technician_id) == technician_id, col(OrderPhoto.kind) == "review")
        .order_by(col(OrderPhoto.id).desc())
        .limit(MOST_CASES)
    )
    return tuple(f"/api/photos/{key}" for (key,) in session.execute(query))
