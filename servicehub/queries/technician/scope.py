"""What every query of the technician's face needs first: whose day it is, in which zone, and how a job is named.

Owns the row filter of this face: a technician sees his own jobs and offers, and of the hall what he may take.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import crypto
from servicehub.domain.access import Actor, Role
from servicehub.domain.commission import Rate
from servicehub.domain.geo import Datum, Point, from_wgs84
from servicehub.domain.order import CONTACT_OPEN, OrderStatus
from servicehub.errors import NotAllowed
from servicehub.models.catalog import Category, City, ServiceItem
from servicehub.models.commissions import load_category_names
from servicehub.models.order import Order
from servicehub.models.technician import Technician
from servicehub.queries import visit
from servicehub.queries.technician import words
from servicehub.texts import N_, Locale, commission, formats, say

LIVE = (OrderStatus.ACCEPTED, OrderStatus.EN_ROUTE, OrderStatus.ARRIVED, OrderStatus.IN_SERVICE)
"""Jobs that still have to be done."""
SERVED = (
    OrderStatus.AWAITING_BALANCE,
    OrderStatus.AWAITING_CONFIRM,
    OrderStatus.COMPLETED,
    OrderStatus.CLOSED,
    OrderStatus.DISPUTED,
)
"""Jobs whose visit is over."""


@dataclass(frozen=True, slots=True)
class Day:
    """One local day as instants."""

    on: date
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Task:
    """A job with the catalogue rows that name it."""

    order: Order
    item: ServiceItem
    category: str
    """Slug; also the name of its art."""


def me(session: Session, actor: Actor) -> Technician:
    """The acting technician. Raises: NotAllowed."""
    actor.require_role(Role.TECHNICIAN)
    technician = session.get(Technician, actor.technician_id)
    if technician is None or technician.user_id != actor.user_id:
        raise NotAllowed(f"user {actor.user_id} is no technician")
    return technician


def zone(session: Session, actor: Actor) -> str:
    """The IANA zone of the actor's city."""
    return session.exec(select(City.timezone).where(City.id == actor.city_id)).one()


def day_of(on: date, tz: str) -> Day:
    """`on` from midnight to midnight in `tz`."""
    zone_info = ZoneInfo(tz)
    start = datetime(on.year, on.month, on.day, tzinfo=zone_info)
    following = on + timedelta(days=1)
    return Day(on, start, datetime(following.year, following.month, following.day, tzinfo=zone_info))


def today(now: datetime, tz: str) -> Day:
    """The local day that `now` belongs to."""
    return day_of(now.astimezone(ZoneInfo(tz)).date(), tz)


def minute(at: datetime, day: Day) -> int:
    """Wall-clock minutes since the day's local midnight; below 0 or above 1440 outside the day."""
    local = at.astimezone(day.start.tzinfo)
    return (local.date() - day.on).days * 1440 + local.hour * 60 + local.minute


def tasks(
    session: Session,
    technician: Technician,
    statuses: Iterable[OrderStatus],
    *where: sa.ColumnElement[bool],
    newest_first: bool = False,
    limit: int = 100,
) -> list[Task]:
    """The technician's own jobs in these statuses, by start."""
    order_by = col(Order.start_at).desc() if newest_first else col(Order.start_at)
    rows = session.execute(
        sa.select(Order, ServiceItem, col(Category.slug))
        .join(ServiceItem, col(ServiceItem.id) == col(Order.service_item_id))
        .join(Category, col(Category.id) == col(Order.category_id))
        .where(col(Order.technician_id) == technician.id, col(Order.status).in_(list(statuses)), *where)
        .order_by(order_by, col(Order.id))
        .limit(limit)
    ).all()
    return [Task(order, item, slug) for order, item, slug in rows]


_SAYS_HOURS = re.compile(r"\d\s*(小时|分钟|h\b|hours?\b|min)")


def title(locale: Locale, task: Task) -> str:
    """`日常保洁 · 3 小时`; the duration is left out where the service's name already says it."""
    called = visit.title(locale, task.item, task.order)
    minutes = int((task.order.end_at - task.order.start_at).total_seconds() // 60)
    return called if _SAYS_HOURS.search(called) else f"{called} · {formats.duration(minutes, locale=locale)}"


def facts(locale: Locale, order: Order, item: ServiceItem, works: Sequence[str] = ()) -> str:
    """Size and wishes: `2 台 · 家有宠物`; everything that is done (`queries.visit.works`) where that is more than one thing."""
    size = words.quantity(locale, item.unit, order.quantity) if len(works) < 2 else " + ".join(works)
    wishes = [words.requirement(locale, key) for key in order.requirements]
    return " · ".join(part for part in [size, _crew(locale, order), *wishes] if part)


def _crew(locale: Locale, order: Order) -> str:
    if order.crew_size == 1:
        return ""
    text = N_("Crew of {n}, you lead") if order.lead_id is None else N_("Crew of {n}")
    return say(locale, text, n=order.crew_size)


def take_home_fen(order: Order) -> int:
    """What the technician was shown when the job became his."""
    return int(order.commission.get("net_fen", 0))


def rule(session: Session, technician: Technician, rate: Rate, *, locale: Locale) -> str:
    """A commission rule in words, with the tax that is withheld."""
    return commission.rate(locale, rate, load_category_names(session, technician.city_id, locale))


def address(order: Order) -> str:
    """Area with the door number while the job allows it, else the area."""
    if order.status not in CONTACT_OPEN:
        return order.area
    return f"{order.area} {crypto.decrypt(order.detail_enc, 'order.detail')}".strip()


def phone(order: Order) -> str:
    """`tel:` link of the customer while the job allows it, else ""."""
    if order.status not in CONTACT_OPEN:
        return ""
    return f"tel:{crypto.decrypt(order.phone_enc, 'order.phone')}"


def map_url(order: Order) -> str:
    """Opens the phone's own map at the door; map apps in China speak GCJ-02."""
    lat, lng = from_wgs84(Point(order.lat, order.lng), Datum.GCJ02)
    return f"https://uri.amap.com/marker?position={lng:.6f},{lat:.6f}&name={quote(order.area)}&callnative=1"
