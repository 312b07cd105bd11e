"""The seeded city: the same from one seed, made through the services. A smaller one serves the tests.

Owns how many of everything there are and in which order they are made. What they are called is `people` and `catalogue`, the
past is `history`; what happens from now on is `live`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from servicehub import crypto
from servicehub.adapters.geocoder import PLACES
from servicehub.db import Database
from servicehub.demo import catalogue, history, people
from servicehub.domain.access import SYSTEM, Actor, OperatorRole, Role
from servicehub.domain.deposit import DEPOSIT_KIND
from servicehub.domain.geo import Datum, Point, to_wgs84
from servicehub.domain.order import PaymentPlan
from servicehub.domain.policy import DEFAULT_POLICIES
from servicehub.errors import PartnerPays
from servicehub.models.catalog import AddOn, Category, City, District, DistrictStatus, ServiceItem
from servicehub.models.customer import Coupon, CouponKind
from servicehub.models.order import Order
from servicehub.models.technician import Technician
from servicehub.services import (
    accounts,
    addresses,
    catalog,
    chronicle,
    coupons,
    deposits,
    enrolment,
    ledger,
    points,
    technicians,
)
from servicehub.services.addresses import AddressInput

Progress = Callable[[str, float], None]
"""Called with what is being made and the share done, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How large the city is."""

    technicians: int
    customers: int
    days: int
    orders: int


PUT_ASIDE_BY = 6
"""So many technicians have a deposit."""
FULL = Scale(technicians=64, customers=320, days=120, orders=5200)
SMALL = Scale(technicians=24, customers=24, days=10, orders=120)
"""Enough of everything for tests."""


def is_seeded(session: Session, slug: str) -> bool:
    """Whether the city exists."""
    return session.exec(select(City.id).where(City.slug == slug)).first() is not None


def ensure_seeded(
    database: Database, *, now: datetime, scale: Scale = FULL, seed: int = 7, progress: Progress | None = None
) -> bool:
    """Make the city unless it is there; returns whether it was made now."""
    if database.read_now(is_seeded, catalogue.CITY["slug"]):
        return False
    seed_city(database, now=now, scale=scale, seed=seed, progress=progress)
    return True


def seed_city(
    database: Database, *, now: datetime, scale: Scale = FULL, seed: int = 7, progress: Progress | None = None
) -> int:
    """Make the city at `now`; returns its id. Each stage is one transaction."""
    tell = progress or (lambda _what, _share: None)
    tell("catalogue", 0.0)
    began = now - timedelta(days=scale.days + 400)
    city_id = database.write_now(_open, began)
    today = now.astimezone(ZoneInfo(catalogue.CITY["timezone"])).date()
    tell("technicians", 0.08)
    hands = database.write_now(_technicians, city_id, seed, today, scale.technicians, now)
    tell("customers", 0.2)
    database.write_now(_operators, city_id, began)
    places = database.write_now(_customers, city_id, seed, today, scale.customers, now)
    tell("history", 0.35)
    past = _plan(database, city_id, seed, scale, hands, places, now)
    for first in range(0, len(past), 400):
        database.write_now(
            chronicle.import_orders, SYSTEM, city_id, past[first : first + 400], now=now, seed=seed + first
        )
        tell("history", 0.35 + 0.65 * (first + 400) / max(len(past), 1))
    database.write_now(chronicle.make_batches, SYSTEM, city_id)
    database.write_now(_points, places[0].customer_id)
    database.write_now(_deposits, city_id, now)
    return city_id


def _open(session: Session, now: datetime) -> int:
    city = catalogue.CITY
    centre = to_wgs84(31.2304, 121.4737, Datum.GCJ02)
    city_id = catalog.open_city(
        session, SYSTEM, City(**city, lat=centre.lat, lng=centre.lng), [_district(row) for row in catalogue.DISTRICTS]
    )
    categories = {
        slug: catalog.add_category(
            session, SYSTEM, Category(city_id=city_id, slug=slug, name_zh=zh, name_en=en, position=i)
        )
        for i, (slug, zh, en) in enumerate(catalogue.CATEGORIES)
    }
    for position, item in enumerate(catalogue.ITEMS):
        catalog.publish(
            session,
            SYSTEM,
            _item(item, city_id, categories[item.category], position),
            [_add_on(extra) for extra in item.extras],
        )
    for batch in catalogue.COUPONS:
        catalog.issue_coupon(session, SYSTEM, _coupon(batch, city_id, categories))
    for kind, document in DEFAULT_POLICIES.items():
        catalog.adopt_policy(session, SYSTEM, city_id, kind, document, now=now)
    return city_id


def _district(row: tuple[str, str, str, float, float, str]) -> District:
    adcode, zh, en, lng, lat, status = row
    at = to_wgs84(lat, lng, Datum.GCJ02)
    return District(
        city_id=0, adcode=adcode, name_zh=zh, name_en=en, lat=at.lat, lng=at.lng, status=DistrictStatus(status)
    )


def _item(item: catalogue.Item, city_id: int, category_id: int, position: int) -> ServiceItem:
    return ServiceItem(
        city_id=city_id,
        category_id=category_id,
        slug=item.slug,
        name_zh=item.zh,
        name_en=item.en,
        summary_zh=item.about_zh,
        summary_en=item.about_en,
        unit=item.unit,
        min_quantity=item.least,
        max_quantity=item.most,
        price_fen=round(item.yuan * 100),
        next_unit_off_fen=item.next_off * 100,
        base_minutes=item.minutes,
        minutes_per_extra_unit=item.extra_minutes,
        crew_size=item.crew,
        buffer_minutes=item.buffer,
        payment_plan=PaymentPlan(item.plan),
        deposit_bp=item.deposit_bp,
        deposit_fen=item.deposit_yuan * 100,
        skill=item.skill,
        certificate=item.certificate,
        same_gender_default=item.same_gender,
        warranty_days=item.warranty,
        position=position,
        included=[{"zh": zh, "en": en} for zh, en in item.included],
        excluded=[{"zh": zh, "en": en} for zh, en in item.excluded],
        checklist=[{"key": key, "zh": zh, "en": en} for key, zh, en in catalogue.CHECKLISTS[item.category]],
    )


def _add_on(extra: catalogue.Extra) -> AddOn:
    return AddOn(
        service_item_id=0,
        slug=extra.slug,
        name_zh=extra.zh,
        name_en=extra.en,
        price_fen=extra.yuan * 100,
        minutes=extra.minutes,
        max_quantity=extra.most,
    )


def _coupon(batch: dict[str, Any], city_id: int, categories: dict[str, int]) -> Coupon:
    terms = {k: v for k, v in batch.items() if k not in ("kind", "category")}
    return Coupon(
        city_id=city_id, kind=CouponKind(batch["kind"]), category_id=categories.get(batch.get("category", "")), **terms
    )


def _technicians(
    session: Session, city_id: int, seed: int, today: date, count: int, now: datetime
) -> list[history.Hand]:
    random = Random(seed + 2)
    hands = []
    for worker in people.technicians(seed, today, count):
        home = _near(random, PLACES[(worker.number * 5) % len(PLACES)], 1500)
        application = enrolment.Application(
            name=worker.name,
            phone=worker.phone,
            portrait=worker.portrait,
            gender=worker.gender,
            level=worker.level,
            transport=worker.transport,
            years=worker.years,
            bio_zh=f"从业 {worker.years} 年，准时细致，服务过上海多个小区。",
            bio_en=f"{worker.years} years in the trade, punctual and careful.",
            home=home,
            radius_m=16_000 if worker.number == 0 else 12_000,
            daily_cap=8,
            takes_night_jobs=worker.night,
            skills=worker.skills,
            certificates=tuple((p.kind, p.status, p.issued_on, p.expires_on) for p in worker.papers),
            week=worker.week,
            joined_on=worker.joined_on,
        )
        technician_id = enrolment.enrol(session, SYSTEM, city_id, application, now=now)
        hands.append(
            history.Hand(
                technician_id,
                home,
                worker.transport,
                frozenset(worker.skills),
                worker.week,
                worker.punctuality,
                worker.joined_on,
            )
        )
        if worker.number % 11 == 3:
            row = session.get_one(Technician, technician_id)
            actor = Actor(user_id=row.user_id, role=Role.TECHNICIAN, city_id=city_id, technician_id=technician_id)
            off = datetime.combine(
                today + timedelta(days=3 + worker.number % 5), datetime.min.time(), ZoneInfo(catalogue.CITY["timezone"])
            )
            technicians.add_time_off(session, actor, off, off + timedelta(days=1), "家中有事", now=now)
    return hands


def _operators(session: Session, city_id: int, now: datetime) -> None:
    password_hash = crypto.hash_password(people.OPERATOR_PASSWORD)
    managed = select(District.id).where(District.city_id == city_id, District.adcode == people.MANAGED_DISTRICT)
    district_ids = [row or 0 for row in session.exec(managed)]
    for number, (name, role, display) in enumerate(people.OPERATORS):
        accounts.register(
            session,
            SYSTEM,
            city_id=city_id,
            role=Role.OPERATOR,
            phone=people.phone(9000 + number),
            display_name=display,
            login_name=name,
            password_hash=password_hash,
            operator_role=OperatorRole(role),
            district_ids=district_ids if role == OperatorRole.CITY_MANAGER else (),
            now=now,
        )


def _customers(
    session: Session, city_id: int, seed: int, today: date, count: int, now: datetime
) -> list[history.Place]:
    random = Random(seed + 3)
    places = []
    for guest in people.customers(seed, today, count):
        joined = now - timedelta(days=(today - guest.joined_on).days)
        user = accounts.register(
            session, SYSTEM, city_id=city_id, role=Role.CUSTOMER, phone=guest.phone, display_name=guest.name, now=joined
        )
        actor = Actor(user_id=user.id or 0, role=Role.CUSTOMER, city_id=city_id)
        for n in range(2 if guest.number == 0 or random.random() < 0.15 else 1):
            place = PLACES[3] if guest.number == 0 and n == 0 else random.choice(PLACES)
            at = _near(random, place, 250)
            entry = AddressInput(
                area=place.name,
                detail=f"{random.randint(1, 30)} 号 {random.randint(1, 18)}0{random.randint(1, 4)} 室",
                contact=guest.name,
                phone=guest.phone,
                lat=at.lat,
                lng=at.lng,
                is_default=n == 0,
            )
            address_id = addresses.save(session, actor, entry, now=joined)
            places.append(history.Place(user.id or 0, address_id, at, guest.loyalty, guest.joined_on))
        if guest.number == 0:
            coupons.claim(session, actor, "back-20", now=now)
            coupons.claim(session, actor, "cleaning-90", now=now)
    return places


def _points(session: Session, customer_id: int) -> None:
    """What the demo's own customer has earned by his past orders; everybody else's came from another system, without points."""
    settled = select(Order).where(Order.customer_id == customer_id, col(Order.settled_at).is_not(None))
    for order in session.exec(settled.order_by(col(Order.settled_at))):
        if order.settled_at is not None:
            points.earn(session, order, now=order.settled_at)


def _deposits(session: Session, city_id: int, now: datetime) -> None:
    """From today on the city asks for a deposit, and the first technicians have put something aside by hand."""
    catalog.adopt_policy(session, SYSTEM, city_id, DEPOSIT_KIND, catalogue.DEPOSIT, now=now)
    mine = select(Technician).where(Technician.city_id == city_id).order_by(col(Technician.id)).limit(PUT_ASIDE_BY)
    for technician in session.exec(mine):
        who = technician.id or 0
        fen = min(ledger.balance(session, ledger.available(who)), catalogue.DEPOSIT["target_fen"] * 2 // 5)
        if fen:
            actor = Actor(technician.user_id, Role.TECHNICIAN, city_id, who)
            with contextlib.suppress(PartnerPays):  # where companies are paid nothing is put aside
                deposits.put_aside(session, actor, fen, key=f"{who:016x}", now=now)


def _near(random: Random, place: Any, spread_m: float) -> Point:
    """A point around `place`, normally distributed."""
    north, east = random.gauss(0, spread_m / 2), random.gauss(0, spread_m / 2)
    return Point(round(place.lat + north / 111_320, 6), round(place.lng + east / 95_400, 6))


def _plan(
    database: Database,
    city_id: int,
    seed: int,
    scale: Scale,
    hands: list[history.Hand],
    places: list[history.Place],
    now: datetime,
) -> list[chronicle.PastOrder]:
    products = database.read_now(_products, city_id)
    zone = ZoneInfo(catalogue.CITY["timezone"])
    random = Random(seed + 4)
    return history.plan(
        random, places=places, hands=hands, products=products, zone=zone, now=now, days=scale.days, orders=scale.orders
    )


def _products(session: Session, city_id: int) -> list[history.Product]:
    categories = {c.id: c.slug for c in session.exec(select(Category).where(Category.city_id == city_id))}
    items = session.exec(
        select(ServiceItem).where(ServiceItem.city_id == city_id).order_by(col(ServiceItem.position))
    ).all()
    extras = session.exec(select(AddOn).where(col(AddOn.service_item_id).in_([i.id for i in items]))).all()
    return [
        history.Product(
            item.id or 0,
            categories[item.category_id],
            item.skill,
            item.base_minutes,
            item.min_quantity,
            item.max_quantity,
            item.minutes_per_extra_unit,
            tuple((a.slug, a.minutes) for a in extras if a.service_item_id == item.id),
        )
        for item in items
        if item.crew_size == 1  # the past is told of single technicians
    ]
