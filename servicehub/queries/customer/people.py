"""Technicians with their soonest start: the list around a place, and those whom a customer may ask for by name."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor
from servicehub.domain.geo import Point
from servicehub.domain.technician import TechnicianStatus
from servicehub.models.catalog import ServiceItem
from servicehub.models.order import Order
from servicehub.models.technician import Technician, TechnicianSkill
from servicehub.queries import availability
from servicehub.queries.customer import catalog, technicians
from servicehub.queries.customer.places import Place, city_of, resolve
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.customer.catalog import TechnicianCard

SORTS = ("near", "rating", "soonest")
MOST_REGULARS = 4


def near(
    session: Session,
    actor: Actor,
    place: str,
    *,
    skill: str = "",
    sort: str = "near",
    most: int = 30,
    locale: Locale,
    now: datetime,
) -> tuple[TechnicianCard, ...]:
    """Technicians whose area holds the place, with when they are free next."""
    here = resolve(session, actor, place, locale=locale)
    rows = technicians.near(session, actor, place, locale=locale, skill=skill, most=most)
    starts = soonest(session, actor, [row.id for row in rows], here.point, skill, now=now)
    never = datetime.max.replace(tzinfo=now.tzinfo)
    if sort == "rating":
        rows = tuple(sorted(rows, key=lambda row: -row.rating_x100))
    elif sort == "soonest":
        rows = tuple(sorted(rows, key=lambda row: starts.get(row.id) or never))
    tz = city_of(session, actor).timezone
    return tuple(replace(row, earliest=_free(starts.get(row.id), tz, locale, now)) for row in rows)


def soonest(
    session: Session, actor: Actor, ids: list[int], place: Point, skill: str, *, now: datetime
) -> dict[int, datetime | None]:
    """Technician -> soonest start of the shortest service of his trade."""
    items: dict[str, int] = {}
    query = select(ServiceItem).where(ServiceItem.city_id == city_of(session, actor).id, col(ServiceItem.published))
    for item in session.exec(query.order_by(col(ServiceItem.base_minutes), col(ServiceItem.id))):
        items.setdefault(item.skill, item.id or 0)
    found = (
        select(TechnicianSkill).where(col(TechnicianSkill.technician_id).in_(ids)).order_by(col(TechnicianSkill.skill))
    )
    by_technician: dict[int, int] = {}
    for row in session.exec(found):
        if row.skill in items and (not skill or row.skill == skill):
            by_technician.setdefault(row.technician_id, items[row.skill])
    return availability.soonest_of_technicians(session, actor, ids, by_technician, place, now=now)


def regulars(
    session: Session, actor: Actor, chosen: int, service: str, further: Collection[str], place: str, *, locale: Locale
) -> tuple[TechnicianCard, ...]:
    """Technicians who can do the service and the `further` ones of the visit and who served this customer, most often first.

    Before them the one who was asked for.
    """
    item, _category = catalog.find(session, actor, service)
    here: Place = resolve(session, actor, place, locale=locale)
    wanted = [chosen] if chosen else []
    if actor.user_id:
        query = (
            sa.select(col(Order.technician_id))
            .where(col(Order.customer_id) == actor.user_id, col(Order.status).in_(technicians.SERVED))
            .where(col(Order.technician_id).is_not(None))
            .group_by(col(Order.technician_id))
            .order_by(sa.func.count().desc(), col(Order.technician_id))
            .limit(20)
        )
        wanted += [row for (row,) in session.execute(query) if row != chosen]
    named = select(ServiceItem.skill).where(ServiceItem.city_id == item.city_id)
    skills = set(session.exec(named.where(col(ServiceItem.slug).in_((item.slug, *further)))))
    able = sa.select(col(TechnicianSkill.technician_id)).where(col(TechnicianSkill.skill).in_(skills))
    able = able.group_by(col(TechnicianSkill.technician_id)).having(sa.func.count() == len(skills))
    rows = session.exec(
        select(Technician).where(
            col(Technician.id).in_(wanted), col(Technician.id).in_(able), Technician.status == TechnicianStatus.ACTIVE
        )
    ).all()
    ordered = sorted(rows, key=lambda row: wanted.index(row.id or 0))[:MOST_REGULARS]
    return technicians.cards(session, actor, ordered, here, locale=locale)


def _free(start: datetime | None, tz: str, locale: Locale, now: datetime) -> str:
    if start is None:
        return say(locale, N_("Fully booked"))
    return formats.day_time(start, now, tz, locale=locale)
