"""A small city for tests of the technician's face: one technician, one customer, one service, orders where a test wants them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlmodel import Session

from servicehub import crypto
from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.domain.order import OrderMode, OrderStatus, PaymentPlan
from servicehub.domain.technician import CertificateStatus, Gender, Level, TechnicianStatus, Transport
from servicehub.models.account import User
from servicehub.models.catalog import Category, City, District, DistrictStatus, Policy, ServiceItem
from servicehub.models.order import Order
from servicehub.models.technician import Certificate, Technician, TechnicianSkill, WeeklyShift

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""Monday, ten in the morning in Shanghai."""
HOME = (31.2304, 121.4737)


@dataclass
class World:
    """Everything by name; `order(...)` adds orders."""

    session: Session
    made: int = 0
    ids: dict[str, Any] = field(default_factory=dict)

    def build(self) -> World:
        """The city and its people."""
        add = self._add
        city = add(
            City(
                slug="shanghai",
                code="21",
                name_zh="上海",
                name_en="Shanghai",
                timezone="Asia/Shanghai",
                lat=31.2,
                lng=121.5,
            )
        )
        self.city_id: int = city.id
        district = add(
            District(
                city_id=city.id,
                adcode="310106",
                name_zh="静安区",
                name_en="Jing'an",
                lat=31.23,
                lng=121.45,
                status=DistrictStatus.OPEN,
            )
        )
        category = add(Category(city_id=city.id, slug="daily", name_zh="日常保洁", name_en="Cleaning"))
        self.category_id, self.district_id = category.id, district.id
        self.item = add(self._item("daily-cleaning", "日常保洁", "Home cleaning", "cleaning"))
        self.massage = add(self._item("massage", "肩颈推拿", "Massage", "massage", certificate="massage"))
        self.policy = add(
            Policy(city_id=city.id, kind="fees", version=1, document={}, effective_at=NOW - timedelta(days=100))
        )
        self.customer = self._user(Role.CUSTOMER, 1, "陈女士")
        self.technician = self._technician(2, "周晓兰")
        self.other = self._technician(3, "张建军")
        operator = self._user(Role.OPERATOR, 4, "韩雪", OperatorRole.DISPATCHER)
        self.operator = Actor(operator.id or 0, Role.OPERATOR, city.id, operator_role=OperatorRole.DISPATCHER)
        self.as_customer = Actor(self.customer.id or 0, Role.CUSTOMER, city.id)
        self.actor = self.acting(self.technician)
        return self

    def acting(self, technician: Technician) -> Actor:
        """The actor of a technician."""
        return Actor(technician.user_id, Role.TECHNICIAN, self.city_id, technician_id=technician.id or 0)

    def order(
        self,
        status: OrderStatus = OrderStatus.ACCEPTED,
        *,
        at: datetime | None = None,
        minutes: int = 120,
        **values: Any,
    ) -> Order:
        """One order of the technician, unless `technician_id` says otherwise."""
        self.made += 1
        start = at or NOW + timedelta(hours=2)
        sealed = {
            "detail_enc": crypto.encrypt("12B 室", "order.detail"),
            "contact_enc": crypto.encrypt("陈女士", "order.contact"),
            "phone_enc": crypto.encrypt("+8619900000001", "order.phone"),
            "note_enc": crypto.encrypt("请轻声敲门", "order.note"),
            "start_code_enc": crypto.encrypt("4321", "order.start_code"),
        }
        base: dict[str, Any] = {
            "city_id": self.city_id,
            "no": f"260302100021{self.made:04d}",
            "district_id": self.district_id,
            "customer_id": self.customer.id,
            "service_item_id": self.item.id,
            "category_id": self.category_id,
            "technician_id": self.technician.id,
            "status": status,
            "mode": OrderMode.DISPATCH,
            "start_at": start,
            "end_at": start + timedelta(minutes=minutes),
            "requirements": ["pets"],
            "area": "静安嘉里中心南区",
            "lat": HOME[0] + 0.01,
            "lng": HOME[1],
            "payment_plan": PaymentPlan.FULL,
            "total_fen": 16800,
            "first_due_fen": 16800,
            "policy_id": self.policy.id,
            "commission": {"rule": "level:gold@1", "rate_bp": 2200, "net_fen": 13104},
            "created_at": NOW - timedelta(hours=3),
            "accepted_at": NOW - timedelta(hours=2),
        }
        return self._add(Order(**{**base, **sealed, **values}))

    def _item(self, slug: str, zh: str, en: str, skill: str, **more: Any) -> ServiceItem:
        return ServiceItem(
            city_id=self.city_id, category_id=self.category_id, slug=slug, name_zh=zh, name_en=en, summary_zh="", summary_en="",
            unit="visit", price_fen=16800, base_minutes=120, payment_plan=PaymentPlan.FULL, skill=skill,
            checklist=[{"key": "floor", "zh": "地面", "en": "Floors"}, {"key": "bath", "zh": "卫生间", "en": "Bathroom"}], **more,
        )  # fmt: skip

    def _user(self, role: Role, number: int, name: str, operator_role: OperatorRole | None = None) -> User:
        phone = f"+86199000000{number:02d}"
        return self._add(
            User(
                city_id=self.city_id, role=role, phone_enc=crypto.encrypt(phone, "sh_user.phone_enc"),
                phone_index=crypto.blind_index("phone", phone), display_name=name, operator_role=operator_role, created_at=NOW,
            )
        )  # fmt: skip

    def _technician(self, number: int, name: str) -> Technician:
        user = self._user(Role.TECHNICIAN, number, name)
        technician = self._add(
            Technician(
                city_id=self.city_id, user_id=user.id, name=name, portrait="av-1", gender=Gender.FEMALE, level=Level.GOLD,
                transport=Transport.EBIKE, status=TechnicianStatus.ACTIVE, home_lat=HOME[0], home_lng=HOME[1],
                joined_on=date(2025, 1, 1),
            )
        )  # fmt: skip
        self._add(TechnicianSkill(technician_id=technician.id, skill="cleaning"))
        self._add(
            Certificate(
                technician_id=technician.id,
                kind="health",
                status=CertificateStatus.APPROVED,
                issued_on=date(2025, 4, 1),
                expires_on=date(2026, 3, 12),
            )
        )
        for day in range(7):
            self._add(WeeklyShift(technician_id=technician.id, weekday=day, start_minute=480, end_minute=1200))
            self._add(
                WeeklyShift(technician_id=technician.id, weekday=day, start_minute=720, end_minute=780, is_break=True)
            )
        return technician

    def _add(self, row: Any) -> Any:
        self.session.add(row)
        self.session.flush()
        return row
