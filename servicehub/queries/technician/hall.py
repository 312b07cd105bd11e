"""The hall of open orders: those that this technician may take, near ones first.

The rules here are those that can be told in one query (skill, valid certificate, asked gender, blocked pairs, radius, free time);
claiming checks all of them again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor
from servicehub.domain.geo import Point, distance_m
from servicehub.domain.order import OrderMode, OrderStatus
from servicehub.domain.technician import CELL_MINUTES, CertificateStatus
from servicehub.domain.timewindow import minute_of
from servicehub.domain.travel import travel_minutes
from servicehub.models.catalog import Category, ServiceItem
from servicehub.models.dispatch import Occupancy
from servicehub.models.order import Order
from servicehub.models.technician import Certificate, PairBlock, Technician, TechnicianSkill
from servicehub.queries.technician import money, scope, words
from servicehub.queries.technician.scope import Task
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.technician import Choice, HallRow

SORTS = ("near", "soon", "pay")
MOST = 200


def hall(
    session: Session,
    actor: Actor,
    *,
    within_m: int = 0,
    skill: str = "",
    sort: str = "near",
    now: datetime,
    locale: Locale,
) -> list[HallRow]:
    """Orders that the technician may claim. `within_m` 0: as far as his own radius; `skill` "": any of his; `sort`: see `SORTS`."""
    technician, tz = scope.me(session, actor), scope.zone(session, actor)
    free = _takeable(session, technician, skill, min(within_m or technician.radius_m, technician.radius_m), now)
    pay = money.estimates(session, technician, [task.order for task, _ in free])
    keys = {
        "near": lambda row: row[1],
        "soon": lambda row: row[0].order.start_at,
        "pay": lambda row: -pay[row[0].order.id],
    }
    free.sort(key=keys.get(sort, keys["near"]))
    return [_row(task, metres, pay[task.order.id or 0], technician, now, tz, locale) for task, metres in free]


def count(session: Session, technician: Technician, *, now: datetime) -> int:
    """How many orders the unfiltered hall shows."""
    return len(_takeable(session, technician, "", technician.radius_m, now))


def skills(session: Session, actor: Actor, *, locale: Locale) -> list[Choice]:
    """The technician's own skills, for the filter."""
    technician = scope.me(session, actor)
    rows = session.exec(select(TechnicianSkill.skill).where(TechnicianSkill.technician_id == technician.id)).all()
    return [Choice(key, words.skill(locale, key)) for key in sorted(rows)]


def _takeable(
    session: Session, technician: Technician, skill: str, far_m: int, now: datetime
) -> list[tuple[Task, int]]:
    """Eligible orders within `far_m` whose time is free, with the distance in metres."""
    here = _here(technician)
    found = [
        (task, round(distance_m(here, Point(task.order.lat, task.order.lng))))
        for task in _open(session, technician, skill, now)
    ]
    near = [(task, metres) for task, metres in found if metres <= far_m]
    busy = _busy_cells(session, technician, [task.order for task, _ in near])
    return [(task, metres) for task, metres in near if not busy & _cells(task.order)]


def _here(technician: Technician) -> Point:
    if technician.last_lat is None or technician.last_lng is None:
        return Point(technician.home_lat, technician.home_lng)
    return Point(technician.last_lat, technician.last_lng)


def _open(session: Session, technician: Technician, skill: str, now: datetime) -> list[Task]:
    mine = sa.select(TechnicianSkill.skill).where(col(TechnicianSkill.technician_id) == technician.id)
    blocked = sa.select(PairBlock.customer_id).where(col(PairBlock.technician_id) == technician.id)
    papers = sa.select(Certificate.kind).where(
        col(Certificate.technician_id) == technician.id,
        col(Certificate.status) == CertificateStatus.APPROVED,
        col(Certificate.expires_on) >= sa.func.date(col(Order.start_at)),
    )
    query = (
        sa.select(Order, ServiceItem, col(Category.slug))
        .join(ServiceItem, col(ServiceItem.id) == col(Order.service_item_id))
        .join(Category, col(Category.id) == col(Order.category_id))
        .where(
            col(Order.city_id) == technician.city_id,
            col(Order.status) == OrderStatus.MATCHING,
            col(Order.mode) == OrderMode.GRAB,
            col(Order.start_at) > now,
            col(ServiceItem.skill).in_(mine),
            col(Order.customer_id).not_in(blocked),
            sa.or_(col(Order.gender).is_(None), col(Order.gender) == technician.gender),
            sa.or_(col(ServiceItem.certificate) == "", col(ServiceItem.certificate).in_(papers)),
        )
        .order_by(col(Order.start_at))
        .limit(MOST)
    )
    if skill:
        query = query.where(col(ServiceItem.skill) == skill)
    return [Task(order, item, slug) for order, item, slug in session.execute(query).all()]


def _cells(order: Order) -> set[int]:
    return set(range(minute_of(order.start_at) // CELL_MINUTES, -(-minute_of(order.end_at) // CELL_MINUTES)))


def _busy_cells(session: Session, technician: Technician, orders: Sequence[Order]) -> set[int]:
    if not orders:
        return set()
    cells = set().union(*(_cells(order) for order in orders))
    return set(
        session.exec(
            select(Occupancy.cell).where(
                Occupancy.technician_id == technician.id,
                col(Occupancy.cell) >= min(cells),
                col(Occupancy.cell) <= max(cells),
            )
        ).all()
    )


def _row(
    task: Task, metres: int, pay_fen: int, technician: Technician, now: datetime, tz: str, locale: Locale
) -> HallRow:
    order = task.order
    minutes = travel_minutes(_here(technician), Point(order.lat, order.lng), technician.transport)
    return HallRow(
        no=order.no,
        title=scope.title(locale, task),
        facts=scope.facts(locale, order, task.item),
        when=formats.span(order.start_at, order.end_at, now, tz, locale=locale),
        area=order.area,
        distance=formats.distance(metres),
        travel=words.way(locale, technician.transport, minutes),
        take_home=formats.amount(pay_fen, always_decimals=True),
        art=f"cat-{task.category}",
        fresh=say(locale, N_("Needs somebody soon")) if order.is_immediate else "",
    )
