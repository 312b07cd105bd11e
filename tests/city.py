"""A small city for tests of time: rows with sensible defaults, and orders that want a slot. Reusable by any test of bookings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from sqlmodel import Session

from servicehub.domain.access import Role
from servicehub.domain.order import OrderMode, OrderStatus, PaymentPlan
from servicehub.domain.technician import Gender, Level, TechnicianStatus, Transport
from servicehub.models.account import User
from servicehub.models.catalog import Category, City, District, DistrictStatus, Policy, ServiceItem
from servicehub.models.order import Order
from servicehub.models.technician import Technician, TechnicianSkill, WeeklyShift

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""Monday, ten in the morning in Shanghai."""
CENTRE = (31.2304, 121.4737)
KM = 0.009
"""Degrees of latitude in about a kilometre."""
_numbers = count(1)


@dataclass
class Town:
    """Ids of the rows that every order needs."""

    city_id: int
    district_id: int
    category_id: int
    item_id: int
    policy_id: int
    customer_id: int
    zone: str

    def local(self, text: str) -> datetime:
        """An instant from the city's wall clock, e.g. `2026-03-03 14:00`."""
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC)


def build(
    session: Session, *, zone: str = "Asia/Shanghai", centre: tuple[float, float] = CENTRE, **item: object
) -> Town:
    """A city with one open district, one category, one service (an hour, no notice) and one customer."""
    n = next(_numbers)
    city = City(
        slug=f"town-{n}", code="21", name_zh="测试市", name_en="Town", timezone=zone, lat=centre[0], lng=centre[1]
    )
    session.add(city)
    session.flush()
    district = District(
        city_id=city.id, adcode=f"31{n:04d}", name_zh="一区", name_en="One", lat=centre[0], lng=centre[1],
        status=DistrictStatus.OPEN,
    )  # fmt: skip
    category = Category(city_id=city.id, slug="daily", name_zh="日常保洁", name_en="Cleaning")
    policy = Policy(
        city_id=city.id, kind="order", version=1, document={}, effective_at=datetime(2020, 1, 1, tzinfo=UTC)
    )
    session.add_all([district, category, policy])
    session.flush()
    town = Town(city.id, district.id, category.id, 0, policy.id, 0, zone)
    town.item_id = add_item(session, town, **item).id
    town.customer_id = add_user(session, town, Role.CUSTOMER).id
    return town


def add_item(session: Session, town: Town, **values: object) -> ServiceItem:
    defaults: dict[str, object] = {
        "name_zh": "保洁", "name_en": "Cleaning", "summary_zh": "", "summary_en": "", "unit": "visit", "price_fen": 10000,
        "base_minutes": 60, "min_notice_minutes": 0, "payment_plan": PaymentPlan.FULL, "skill": "cleaning",
        "slug": f"item-{next(_numbers)}",
    }  # fmt: skip
    item = ServiceItem(city_id=town.city_id, category_id=town.category_id, **{**defaults, **values})
    session.add(item)
    session.flush()
    return item


def add_user(session: Session, town: Town, role: Role) -> User:
    n = next(_numbers)
    user = User(city_id=town.city_id, role=role, phone_enc="x", phone_index=f"index-{n}", created_at=NOW)
    session.add(user)
    session.flush()
    return user


def add_technician(
    session: Session,
    town: Town,
    *,
    home: tuple[float, float] = CENTRE,
    shift: tuple[int, int] | None = (8 * 60, 18 * 60),
    skills: tuple[str, ...] = ("cleaning",),
    **values: object,
) -> Technician:
    """An active technician by e-bike who works every day of the week in `shift` (minutes of the local day)."""
    defaults: dict[str, object] = {
        "name": "周某", "portrait": "av-1", "gender": Gender.FEMALE, "level": Level.SILVER, "transport": Transport.EBIKE,
        "status": TechnicianStatus.ACTIVE, "joined_on": date(2025, 1, 1), "takes_night_jobs": True,
    }  # fmt: skip
    technician = Technician(
        city_id=town.city_id, user_id=add_user(session, town, Role.TECHNICIAN).id, home_lat=home[0], home_lng=home[1],
        **{**defaults, **values},
    )  # fmt: skip
    session.add(technician)
    session.flush()
    session.add_all(TechnicianSkill(technician_id=technician.id, skill=skill) for skill in skills)
    if shift is not None:
        session.add_all(
            WeeklyShift(technician_id=technician.id, weekday=day, start_minute=shift[0], end_minute=shift[1])
            for day in range(7)
        )
    session.flush()
    return technician


def add_order(
    session: Session,
    town: Town,
    start_at: datetime,
    *,
    minutes: int = 60,
    place: tuple[float, float] = CENTRE,
    status: OrderStatus = OrderStatus.MATCHING,
    **values: object,
) -> Order:
    """A stored order that owns no time yet."""
    defaults: dict[str, object] = {
        "customer_id": town.customer_id, "service_item_id": town.item_id, "mode": OrderMode.DISPATCH, "created_at": NOW,
        "payment_plan": PaymentPlan.FULL, "total_fen": 10000, "first_due_fen": 10000,
        "area": "梧桐里花园", "detail_enc": "x", "contact_enc": "x", "phone_enc": "x",
    }  # fmt: skip
    order = Order(
        city_id=town.city_id, district_id=town.district_id, category_id=town.category_id, policy_id=town.policy_id,
        no=f"{next(_numbers):016d}", status=status, start_at=start_at, end_at=start_at + timedelta(minutes=minutes),
        lat=place[0], lng=place[1], **{**defaults, **values},
    )  # fmt: skip
    session.add(order)
    session.flush()
    return order


def north(km: float) -> tuple[float, float]:
    """The place this many kilometres north of the centre."""
    return CENTRE[0] + km * KM, CENTRE[1]
