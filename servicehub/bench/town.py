"""A synthetic town for measurements: sixty technicians with two weeks of jobs, made from one seed.

Rows are written directly: what is measured is reading and booking, not how the rows came to be.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from servicehub import crypto
from servicehub.db import migrations
from servicehub.db.database import Database
from servicehub.domain.access import Role
from servicehub.domain.geo import Point
from servicehub.domain.order import OrderMode, OrderStatus, PaymentPlan
from servicehub.domain.policy import DEFAULT_POLICIES
from servicehub.domain.technician import CellKind, Gender, Level, TechnicianStatus, Transport
from servicehub.domain.timewindow import Window, cells_of, local_time
from servicehub.models.account import User
from servicehub.models.catalog import Category, City, District, DistrictStatus, Policy, ServiceItem
from servicehub.models.customer import Address
from servicehub.models.dispatch import Occupancy
from servicehub.models.order import Order
from servicehub.models.technician import Technician, TechnicianSkill, WeeklyShift
from servicehub.services import scheduling

START = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
"""Monday, eight in the morning in the town."""
CENTRE = Point(31.2285, 121.4690)
ZONE = "Asia/Shanghai"
SHIFTS = ((8 * 60, 17 * 60), (10 * 60, 20 * 60), (12 * 60, 22 * 60 + 30), (20 * 60, 26 * 60))


@dataclass(frozen=True, slots=True)
class Town:
    """Ids that a measurement needs."""

    city_id: int
    district_id: int
    category_id: int
    policy_id: int
    item_id: int
    customer_id: int
    technician_ids: tuple[int, ...]

    def order(self, number: int, start_at: datetime, minutes: int = 60, place: Point = CENTRE) -> Order:
        """An order of this town that is not stored yet."""
        return Order(
            city_id=self.city_id,
            no=f"{number:016d}",
            district_id=self.district_id,
            customer_id=self.customer_id,
            service_item_id=self.item_id,
            category_id=self.category_id,
            status=OrderStatus.MATCHING,
            mode=OrderMode.DISPATCH,
            start_at=start_at,
            end_at=start_at + timedelta(minutes=minutes),
            area="梧桐里花园",
            detail_enc="x",
            contact_enc="x",
            phone_enc="x",
            lat=place.lat,
            lng=place.lng,
            payment_plan=PaymentPlan.FULL,
            total_fen=10_000,
            first_due_fen=10_000,
            policy_id=self.policy_id,
            created_at=START,
        )


@contextmanager
def opened(url: str = "") -> Iterator[Database]:
    """A migrated database: the given empty one, or a SQLite file that disappears afterwards.

    Raises: ValueError when something is in it.
    """
    with TemporaryDirectory(prefix="servicehub-bench-") as folder:
        address = url or f"sqlite:///{Path(folder) / 'bench.db'}"
        migrations.upgrade(address)
        database = Database(address)
        try:
            if database.read_now(_has_city):
                raise ValueError("The database is not empty: give a new one")
            yield database
        finally:
            database.close()


def _has_city(session: Session) -> bool:
    return session.exec(select(City.id).limit(1)).first() is not None


def scattered(rng: random.Random, sigma_km: float = 4.0) -> Point:
    """A place around the centre."""
    degree = sigma_km * 0.009
    return Point(CENTRE.lat + rng.gauss(0, degree), CENTRE.lng + rng.gauss(0, degree))


def build(session: Session, *, technicians: int = 60, seed: int = 7) -> Town:
    """City, service, customer and technicians with weekly plans."""
    rng = random.Random(seed)
    city = City(
        slug="bench", code="21", name_zh="测量市", name_en="Bench", timezone=ZONE, lat=CENTRE.lat, lng=CENTRE.lng
    )
    session.add(city)
    session.flush()
    city_id = city.id or 0
    district = District(
        city_id=city_id,
        adcode="1",
        name_zh="一区",
        name_en="One",
        lat=CENTRE.lat,
        lng=CENTRE.lng,
        status=DistrictStatus.OPEN,
    )
    category = Category(city_id=city_id, slug="daily", name_zh="保洁", name_en="Cleaning")
    policy = Policy(city_id=city_id, kind="order", version=1, document={}, effective_at=START)
    customer = User(city_id=city_id, role=Role.CUSTOMER, phone_enc="x", phone_index="bench", created_at=START)
    session.add_all([district, category, policy, customer])
    session.flush()
    item = ServiceItem(
        city_id=city_id, category_id=category.id or 0, slug="clean", name_zh="保洁", name_en="Cleaning",
        summary_zh="", summary_en="",
        unit="visit", price_fen=10_000, base_minutes=120, payment_plan=PaymentPlan.FULL, skill="cleaning",
    )  # fmt: skip
    session.add(item)
    session.flush()
    people = tuple(_technician(session, city_id, i, rng) for i in range(technicians))
    return Town(city_id, district.id or 0, category.id or 0, policy.id or 0, item.id or 0, customer.id or 0, people)


def _technician(session: Session, city_id: int, number: int, rng: random.Random) -> int:
    user = User(city_id=city_id, role=Role.TECHNICIAN, phone_enc="x", phone_index=f"bench-{number}", created_at=START)
    session.add(user)
    session.flush()
    home = scattered(rng)
    technician = Technician(
        city_id=city_id, user_id=user.id or 0, name="测量", portrait="av-1", gender=rng.choice(list(Gender)), level=Level.SILVER,
        transport=rng.choices(list(Transport), (7, 2, 1))[0], status=TechnicianStatus.ACTIVE, home_lat=home.lat, home_lng=home.lng,
        radius_m=12_000, takes_night_jobs=number % 4 == 0, joined_on=date(2025, 1, 1),
    )  # fmt: skip
    session.add(technician)
    session.flush()
    technician_id = technician.id or 0
    session.add(TechnicianSkill(technician_id=technician_id, skill="cleaning"))
    start, end = SHIFTS[number % len(SHIFTS)]
    for weekday in range(7):
        if weekday != number % 7:
            session.add(WeeklyShift(technician_id=technician_id, weekday=weekday, start_minute=start, end_minute=end))
            middle = (start + end) // 2
            session.add(
                WeeklyShift(
                    technician_id=technician_id,
                    weekday=weekday,
                    start_minute=middle,
                    end_minute=middle + 30,
                    is_break=True,
                )
            )
    session.flush()
    return technician_id


def fill(session: Session, town: Town, *, days: int = 14, jobs_a_day: int = 3, seed: int = 11) -> int:
    """Give every technician jobs on every day; returns how many there are. Travel between them is not considered."""
    rng = random.Random(seed)
    clock = local_time(ZONE)
    number = 0
    cells: list[dict[str, Any]] = []
    for day in range(days):
        midnight = clock.midnight(START.date() + timedelta(days=day))
        for index, technician_id in enumerate(town.technician_ids):
            first, _last = SHIFTS[index % len(SHIFTS)]
            for turn in range(jobs_a_day):
                number += 1
                start = midnight + first + 30 + turn * 150
                order = town.order(number, Window(start, start).start_at, 90, scattered(rng))
                order.status, order.technician_id = OrderStatus.ACCEPTED, technician_id
                session.add(order)
                session.flush()
                cells += [
                    {"technician_id": technician_id, "cell": cell, "order_id": order.id, "kind": CellKind.JOB}
                    for cell in cells_of(Window(start, start + 90))
                ]
    session.execute(sa.insert(Occupancy), cells)
    return number


def open_shop(session: Session, built: Town) -> tuple[str, int]:
    """Give the town its prices and terms and its customer an address; returns the service's slug and the address's id."""
    policy = session.get_one(Policy, built.policy_id)
    policy.document = DEFAULT_POLICIES["order"]
    session.add(policy)
    address = Address(
        city_id=built.city_id,
        customer_id=built.customer_id,
        district_id=built.district_id,
        area="梧桐里花园",
        detail_enc=crypto.encrypt("3 号 502 室", "address.detail"),
        contact_enc=crypto.encrypt("林女士", "address.contact"),
        phone_enc=crypto.encrypt("+8619900000001", "address.phone"),
        lat=CENTRE.lat,
        lng=CENTRE.lng,
        is_default=True,
        created_at=START,
    )
    session.add(address)
    session.flush()
    return session.get_one(ServiceItem, built.item_id).slug, address.id or 0


def openings(session: Session, built: Town, count: int, *, now: datetime = START) -> list[tuple[int, datetime]]:
    """Technicians and starts that their plans allow, four hours apart: every one of them can be booked at `now`."""
    morning = local_time(ZONE).midnight(now.date())
    pairs = [
        (technician_id, Window(morning + (day * 24 + hour) * 60, morning).start_at)
        for day in range(1, 13)
        for hour in (11, 15)
        for technician_id in built.technician_ids
    ]
    random.Random(3).shuffle(pairs)
    found: list[tuple[int, datetime]] = []
    for technician_id, start in pairs:
        visit = scheduling.Visit((built.item_id,), CENTRE, start, start + timedelta(hours=2), built.customer_id)
        if scheduling.check(session, visit, technician_id, now=now).is_feasible:
            found.append((technician_id, start))
        if len(found) == count:
            break
    return found
