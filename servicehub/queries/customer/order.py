"""One order's page: status sentence, steps, timeline, technician, price, payments, and the way between departure and arrival."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from servicehub import crypto
from servicehub.domain.access import Actor, Role
from servicehub.domain.delay import TOLD_MINUTES
from servicehub.domain.geo import Point, distance_m
from servicehub.domain.order import CONTACT_OPEN, TRACKED, OrderStatus, PaymentPlan
from servicehub.domain.timewindow import local_time, minute_of
from servicehub.models.cancellation import load_terms
from servicehub.models.catalog import Category, City, District, ServiceItem
from servicehub.models.delay import Delay
from servicehub.models.dispatch import Offer
from servicehub.models.order import Order, OrderLine, OrderLog, Review
from servicehub.models.payment import may_tip
from servicehub.models.technician import Position, Technician
from servicehub.models.traffic import load_travel
from servicehub.queries import crew, proposals, visit
from servicehub.queries import guarantees as holds
from servicehub.queries.customer import payments, progress, words
from servicehub.queries.customer.orders import actions, own, photos
from servicehub.queries.customer.places import city_of
from servicehub.texts import N_, Locale, formats, pick, say
from servicehub.viewmodels.customer.booking import PriceLine
from servicehub.viewmodels.customer.orders import LogLine, OrderDetail, OrderTechnician, Track

SHOWS_CODE = frozenset({OrderStatus.ACCEPTED, OrderStatus.EN_ROUTE, OrderStatus.ARRIVED})
SHOWS_TECHNICIAN = CONTACT_OPEN | {OrderStatus.COMPLETED, OrderStatus.CLOSED, OrderStatus.DISPUTED}
DELAYABLE = frozenset({OrderStatus.ACCEPTED, OrderStatus.EN_ROUTE})
STALE = timedelta(minutes=3)
"""After this a position is named with its age."""


def order_page(session: Session, actor: Actor, no: str, *, locale: Locale, now: datetime) -> OrderDetail:
    """Everything about one of the actor's own orders. Raises: NotFound."""
    order = own(session, actor, no)
    city = city_of(session, actor)
    item, category = session.get_one(ServiceItem, order.service_item_id), session.get_one(Category, order.category_id)
    technician = session.get(Technician, order.technician_id) if order.technician_id else None
    reviewed = session.exec(select(Review.id).where(Review.order_id == order.id)).first() is not None
    shown = technician if order.status in SHOWS_TECHNICIAN else None
    way = track(session, order, shown, city, locale=locale, now=now)
    due = payments.due_fen(session, order)
    owes = due > 0 and order.finished_at is not None
    return OrderDetail(
        no=no,
        status=order.status.value,
        status_text=words.status(locale, order.status),
        sentence=holds.headline(session, order, locale=locale)
        or progress.sentence(locale, order, shown, now, is_overdue=owes and order.status is OrderStatus.DISPUTED),
        hint=progress.hint(locale, order, way.text, now, city.timezone),
        title=visit.title(locale, item, order),
        art=words.service_art(category.slug, item.slug),
        service=item.slug,
        facts=_facts(locale, order, item),
        when=visit.when(locale, order, now, city.timezone),
        area=_area(session, order, locale),
        detail=crypto.decrypt(order.detail_enc, "order.detail"),
        contact=_contact(order),
        requirements=_requirements(locale, order),
        note=crypto.decrypt(order.note_enc, "order.note") if order.note_enc else "",
        code=" ".join(crypto.decrypt(order.start_code_enc, "order.start_code")) if _needs_code(order) else "",
        late=_late(session, order, city.timezone, locale),
        seconds_left=_seconds_left(order, now),
        steps=progress.steps(locale, order),
        log=_log(session, order, city.timezone, locale, now),
        lines=price_lines(session, order, locale=locale),
        total=formats.amount(order.total_fen),
        due_text=formats.yuan(due) if due else "",
        payments=payments.lines(session, order, city.timezone, locale=locale, now=now),
        has_technician=shown is not None,
        technician=_technician(session, locale, order, shown) if shown else OrderTechnician(),
        crew=crew.mates(
            session,
            order,
            locale=locale,
            says=lambda status: words.status(locale, status),
            named=SHOWS_TECHNICIAN,
            link=lambda _member, person: f"/t/{person.id}/" if person else "",
        ),
        track=way,
        actions=actions(session, order, reviewed=reviewed, owes=owes),
        photos=photos(session, order, "before", "after"),
        placed=formats.day_time(order.created_at, now, city.timezone, locale=locale),
        proposal=proposals.living(session, order, city.timezone, locale=locale, now=now),
        can_tip=may_tip(session, order),
        has_invoice=order.status in (OrderStatus.COMPLETED, OrderStatus.CLOSED) and order.lead_id is None,
        secures=holds.awaits(order),
        guarantee=holds.sentence(session, order, locale=locale),
    )


def _log(session: Session, order: Order, tz: str, locale: Locale, now: datetime) -> tuple[LogLine, ...]:
    rows = session.exec(select(OrderLog).where(OrderLog.order_id == order.id).order_by(col(OrderLog.id))).all()
    secured = order.payment_plan is PaymentPlan.AFTER
    return progress.log(locale, rows, _people(session, rows), now, tz, secured=secured)


def _late(session: Session, order: Order, tz: str, locale: Locale) -> str:
    delay = session.get(Delay, order.id)
    if delay is None or order.status not in DELAYABLE or delay.minutes < TOLD_MINUTES:
        return ""
    free = delay.minutes >= load_terms(session, order).delayed_minutes
    text = (
        N_(
            "Expected to begin at about {time}, {minutes} min late. We are sorry. "
            "You may wait, move the visit, or cancel free of charge."
        )
        if free
        else N_("Expected to begin at about {time}, {minutes} min late. We are sorry and keep an eye on it.")
    )
    return say(locale, text, time=formats.clock_time(delay.begins_at, tz), minutes=delay.minutes)


def _people(session: Session, logs: Sequence[OrderLog]) -> dict[int, Technician]:
    ids = {row.actor_id for row in logs if row.actor_role is Role.TECHNICIAN}
    found = session.exec(select(Technician).where(col(Technician.user_id).in_(ids))).all() if ids else ()
    return {technician.user_id: technician for technician in found}


def price_lines(session: Session, order: Order, *, locale: Locale) -> tuple[PriceLine, ...]:
    """Every named line of the order's price."""
    rows = session.exec(select(OrderLine).where(OrderLine.order_id == order.id).order_by(col(OrderLine.id)))
    added = say(locale, N_("Added during the visit"))
    return tuple(
        line(
            pick(locale, row.name_zh, row.name_en),
            row.quantity,
            row.unit_fen,
            row.amount_fen,
            added if row.proposal_id else "",
        )
        for row in rows
    )


def line(title: str, quantity: int, unit_fen: int, amount_fen: int, about: str = "") -> PriceLine:
    """One line; several of something also name the price of one."""
    note = f"{formats.yuan(unit_fen)} × {quantity}" if quantity > 1 else ""
    return PriceLine(
        title, " · ".join(part for part in (note, about) if part), formats.yuan(amount_fen), amount_fen < 0
    )


def track(
    session: Session, order: Order, technician: Technician | None, city: City, *, locale: Locale, now: datetime
) -> Track:
    """Where the technician is on the way, for the map and in words; nothing outside the statuses that allow it."""
    if order.status not in TRACKED or technician is None:
        return Track()
    trail = _trail(session, order)
    if not trail:
        return Track(
            is_on=True, text=say(locale, N_("The position will appear in a moment")), points=_points(order, None, "")
        )
    here, home = Point(trail[-1].lat, trail[-1].lng), Point(order.lat, order.lng)
    away = round(distance_m(here, home))
    travel, transport = load_travel(session, order.city_id), technician.transport
    whole_way = travel.leg(here, home, transport).minutes(local_time(city.timezone).minute_of_day(minute_of(now)))
    minutes = whole_way - int(travel.speeds[transport].fixed_minutes)
    text = say(
        locale, N_("{distance} away · about {minutes} min"), distance=formats.distance(away), minutes=max(1, minutes)
    )
    old = now - trail[-1].at > STALE
    seen = say(locale, N_("Last seen {time}"), time=formats.clock_time(trail[-1].at, city.timezone)) if old else ""
    path = [[round(row.lat, 6), round(row.lng, 6)] for row in trail] + [[home.lat, home.lng]]
    return Track(
        is_on=True, points=_points(order, (here, technician), text), line=json.dumps(path), text=text, seen=seen
    )


def _trail(session: Session, order: Order) -> list[Position]:
    query = (
        select(Position).where(Position.order_id == order.id).order_by(col(Position.at).desc(), col(Position.id).desc())
    )
    return list(reversed(session.exec(query.limit(60)).all()))


def _points(order: Order, who: tuple[Point, Technician] | None, text: str) -> str:
    points = [{"id": "home", "lat": order.lat, "lng": order.lng, "kind": "home", "label": ""}]
    if who is not None:
        here, technician = who
        face = words.portrait(technician)
        points.append({"id": "tech", "lat": here.lat, "lng": here.lng, "kind": "tech", "label": text, "art": face})
    return json.dumps(points, ensure_ascii=False)


def _facts(locale: Locale, order: Order, item: ServiceItem) -> str:
    unit = words.unit(locale, item)
    minutes = int((order.end_at - order.start_at).total_seconds()) // 60
    parts = [words.visit(locale, minutes, order.crew_size)]
    return " · ".join([words.amount(locale, order.quantity, unit), *parts] if unit else parts)


def _area(session: Session, order: Order, locale: Locale) -> str:
    district = session.get_one(District, order.district_id)
    return f"{pick(locale, district.name_zh, district.name_en)} · {order.area}"


def _contact(order: Order) -> str:
    name = crypto.decrypt(order.contact_enc, "order.contact")
    return f"{name} {formats.mask_phone(crypto.decrypt(order.phone_enc, 'order.phone'))}"


def _requirements(locale: Locale, order: Order) -> str:
    wanted = [say(locale, words.REQUIREMENTS[key]) for key in order.requirements if key in words.REQUIREMENTS]
    if order.gender:
        wanted.insert(0, say(locale, words.GENDERS[order.gender.value]))
    return " · ".join(wanted)


def _needs_code(order: Order) -> bool:
    return order.status in SHOWS_CODE and bool(order.start_code_enc)


def _seconds_left(order: Order, now: datetime) -> int:
    if order.status is not OrderStatus.PENDING_PAYMENT or order.deadline_at is None:
        return 0
    return max(0, int((order.deadline_at - now).total_seconds()))


def _technician(session: Session, locale: Locale, order: Order, technician: Technician) -> OrderTechnician:
    return OrderTechnician(
        id=technician.id or 0,
        title=technician.name,
        art=words.portrait(technician),
        level=words.level(locale, technician.level),
        rating=words.score(locale, technician.rating_sum, technician.rating_count, digits=2),
        jobs=words.done(locale, technician.done_count),
        facts=say(locale, N_("ID verified · background checked · insured")),
        why=_why(session, locale, order, technician),
    )


def _why(session: Session, locale: Locale, order: Order, technician: Technician) -> str:
    """What spoke for this technician when the job was offered to him; what concerns only him stays out."""
    reasons = session.exec(
        select(Offer.reasons)
        .where(Offer.order_id == order.id, Offer.technician_id == technician.id)
        .order_by(col(Offer.id).desc())
    ).first()
    told = [say(locale, words.MATCHED[reason]) for reason in reasons or () if reason in words.MATCHED]
    return say(locale, N_("Matched for you: {reasons}"), reasons=" · ".join(told)) if told else ""
