"""The workbench: who am I, today's figures, the open offer, the next job."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from servicehub.domain.access import Actor, Role
from servicehub.domain.geo import Centre, Point, distance_m, nearest
from servicehub.domain.offer import OfferStatus
from servicehub.domain.order import ORDER, OrderEvent, OrderStatus
from servicehub.domain.technician import CertificateStatus, TechnicianStatus
from servicehub.models.catalog import Category, District, ServiceItem
from servicehub.models.customer import Notice
from servicehub.models.dispatch import Offer
from servicehub.models.order import Order
from servicehub.models.technician import Certificate, Technician
from servicehub.models.traffic import load_travel
from servicehub.queries import visit
from servicehub.queries.technician import hall, money, scope, words
from servicehub.queries.technician.scope import LIVE, SERVED, Task
from servicehub.texts import N_, Locale, formats, pick, say
from servicehub.viewmodels.technician import NextJob, OfferCard, Workbench

EXPIRY_WARNING = timedelta(days=30)
_STEPS = {
    OrderEvent.DEPART: "depart",
    OrderEvent.ARRIVE: "arrive",
    OrderEvent.START: "start",
    OrderEvent.FINISH_PAID: "finish",
}


def workbench(session: Session, actor: Actor, *, now: datetime, locale: Locale) -> Workbench:
    """The head of the page and today's figures."""
    technician, tz = scope.me(session, actor), scope.zone(session, actor)
    day = scope.today(now, tz)
    jobs = scope.tasks(
        session, technician, (*LIVE, *SERVED), col(Order.start_at) >= day.start, col(Order.start_at) < day.end
    )
    served = [task for task in jobs if task.order.status in SERVED]
    earned = sum(scope.take_home_fen(task.order) for task in served)
    unread = select(func.count()).where(Notice.user_id == actor.user_id, col(Notice.read_at).is_(None))
    return Workbench(
        name=technician.name,
        portrait=technician.portrait or "av-1",
        role_line=f"{words.level(locale, technician.level)} · {_district(session, technician, locale)}",
        online=technician.is_online,
        income=formats.amount(earned, always_decimals=True),
        done=f"{len(served)} / {len(jobs)}",
        on_time=_rate(technician.on_time_count, technician.arrived_count),
        hall_count=hall.count(session, technician, now=now),
        unread=session.exec(unread).one(),
        advice=_advice(session, technician, now, tz, locale),
    )


def open_offer(session: Session, actor: Actor, *, now: datetime, locale: Locale) -> OfferCard:
    """The offer that waits for an answer, the one that ends first; an empty card when there is none."""
    technician, tz = scope.me(session, actor), scope.zone(session, actor)
    row = session.execute(
        sa.select(Offer, Order, ServiceItem, col(Category.slug))
        .join(Order, col(Order.id) == col(Offer.order_id))
        .join(ServiceItem, col(ServiceItem.id) == col(Order.service_item_id))
        .join(Category, col(Category.id) == col(Order.category_id))
        .where(
            col(Offer.technician_id) == technician.id,
            col(Offer.status) == OfferStatus.OPEN,
            col(Offer.deadline_at) > now,
        )
        .order_by(col(Offer.deadline_at))
        .limit(1)
    ).first()
    if row is None:
        return OfferCard()
    offer, order, item, slug = row
    task = Task(order, item, slug)
    split = money.estimates(session, technician, [order])[order.id or 0]
    return OfferCard(
        id=offer.id,
        left_s=max(1, round((offer.deadline_at - now).total_seconds())),
        total_s=max(1, round((offer.deadline_at - offer.created_at).total_seconds())),
        how=say(locale, N_("The customer asked for you"))
        if "requested" in offer.reasons
        else say(locale, N_("Auto-dispatch")),
        reasons=words.reasons(offer.reasons, locale),
        take_home=formats.amount(offer.take_home_fen, always_decimals=True),
        rule=scope.rule(session, technician, split.rate, locale=locale),
        tax=formats.yuan(split.tax_fen, always_decimals=True) if split.tax_fen else "",
        distance=formats.distance(offer.distance_m),
        travel=words.way(locale, technician.transport, offer.travel_minutes),
        transport_icon=words.TRANSPORT[technician.transport][2],
        title=scope.title(locale, task),
        facts=scope.facts(locale, order, item, visit.works(session, [order], locale=locale)[order.id or 0]),
        when=formats.span(order.start_at, order.end_at, now, tz, locale=locale),
        gap=_gap(session, technician, order, tz, locale),
        area=order.area,
    )


def next_job(session: Session, actor: Actor, *, now: datetime, locale: Locale) -> NextJob:
    """The job under way, else the next one; an empty one when nothing is planned."""
    technician, tz = scope.me(session, actor), scope.zone(session, actor)
    jobs = scope.tasks(session, technician, LIVE, limit=20)
    if not jobs:
        return NextJob()
    task = next((t for t in jobs if t.order.status is not OrderStatus.ACCEPTED), jobs[0])
    order = task.order
    leave_at = order.start_at - timedelta(minutes=_travel_minutes(session, technician, order))
    hint, urgent = _hint(order, leave_at, now, tz, locale)
    return NextJob(
        no=order.no,
        status=order.status.value,
        status_label=words.status(locale, order.status),
        hint=hint,
        urgent=urgent,
        time=formats.clock_time(order.start_at, tz),
        day=formats.day_time(order.start_at, now, tz, locale=locale).rsplit(" ", 1)[0].rstrip(","),
        title=scope.title(locale, task),
        place=f"{scope.address(order)} · {formats.distance(_distance(technician, order))}",
        action=next_step(order.status),
        map_url=scope.map_url(order),
        tel=scope.phone(order),
    )


def next_step(status: OrderStatus) -> str:
    """What the machine lets the technician do next along the visit; "" when nothing."""
    allowed = ORDER.events(status, Role.TECHNICIAN)
    return next((step for event, step in _STEPS.items() if event in allowed), "")


def _district(session: Session, technician: Technician, locale: Locale) -> str:
    rows = session.exec(select(District).where(District.city_id == technician.city_id)).all()
    centres = {row.id or 0: row for row in rows}
    home = Point(technician.home_lat, technician.home_lng)
    near = nearest(home, (Centre(key, Point(row.lat, row.lng)) for key, row in centres.items()))
    return pick(locale, centres[near.key].name_zh, centres[near.key].name_en) if near else ""


def _rate(part: int, whole: int) -> str:
    return f"{round(part * 100 / whole)}%" if whole else "–"


def _advice(session: Session, technician: Technician, now: datetime, tz: str, locale: Locale) -> str:
    if technician.status is not TechnicianStatus.ACTIVE:
        return say(locale, N_("Your account is suspended. Please call operations."))
    on = scope.today(now, tz).on
    soon = session.exec(
        select(Certificate)
        .where(
            Certificate.technician_id == technician.id,
            Certificate.status == CertificateStatus.APPROVED,
            col(Certificate.expires_on) <= on + EXPIRY_WARNING,
        )
        .order_by(col(Certificate.expires_on))
    ).first()
    if soon is None:
        return ""
    name, left = say(locale, words.CERTIFICATE.get(soon.kind, soon.kind)), (soon.expires_on - on).days
    if left < 0:
        return say(locale, N_("{name} has expired; jobs that need it stop."), name=name)
    return say(locale, N_("{name} expires in {n} days."), name=name, n=left)


def _gap(session: Session, technician: Technician, order: Order, tz: str, locale: Locale) -> str:
    """How the job fits behind the one before it on the same day."""
    day = scope.today(order.start_at, tz)
    before: datetime | None = session.exec(
        select(func.max(col(Order.end_at))).where(
            Order.technician_id == technician.id,
            col(Order.status).in_([*LIVE, *SERVED]),
            col(Order.end_at) <= order.start_at,
            col(Order.start_at) >= day.start,
        )
    ).one()
    if before is None:
        return say(locale, N_("First job of that day"))
    gap = int((order.start_at - before).total_seconds() // 60)
    return say(
        locale,
        N_("Previous job ends {time}, {gap} in between"),
        time=formats.clock_time(before, tz),
        gap=formats.duration(gap, locale=locale),
    )


def _distance(technician: Technician, order: Order) -> int:
    lat = technician.last_lat if technician.last_lat is not None else technician.home_lat
    lng = technician.last_lng if technician.last_lng is not None else technician.home_lng
    return round(distance_m(Point(lat, lng), Point(order.lat, order.lng)))


def _travel_minutes(session: Session, technician: Technician, order: Order) -> int:
    """On a calm road."""
    lat = technician.last_lat if technician.last_lat is not None else technician.home_lat
    lng = technician.last_lng if technician.last_lng is not None else technician.home_lng
    leg = load_travel(session, technician.city_id).leg(
        Point(lat, lng), Point(order.lat, order.lng), technician.transport
    )
    return leg.calm_minutes


def _hint(order: Order, leave_at: datetime, now: datetime, tz: str, locale: Locale) -> tuple[str, bool]:
    """The small line at the card's right: when to leave, or what is running; and whether it presses."""
    if order.status is not OrderStatus.ACCEPTED:
        return "", False
    left = int((leave_at - now).total_seconds() // 60)
    if left <= 0:
        return say(locale, N_("Time to leave")), True
    if left <= 180:
        return say(locale, N_("Leave in {gap}"), gap=formats.duration(left, locale=locale)), left <= 30
    return say(locale, N_("Leave {when}"), when=formats.day_time(leave_at, now, tz, locale=locale)), False
