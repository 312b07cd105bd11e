"""Cities, districts, categories, service items, add-ons, blackouts and versioned policies."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from servicehub.domain.order import PaymentPlan
from servicehub.domain.pricing import AddOnTerms, ItemTerms
from servicehub.models.base import JSON, at, fk, pk, stored_as_value

MOST_FURTHER = 3
"""Services beside the first one in one visit."""


class DistrictStatus(StrEnum):
    OPEN = "open"
    SOON = "soon"
    CLOSED = "closed"


class City(SQLModel, table=True):
    __tablename__ = "sh_city"

    id: int | None = Field(default=None, sa_column=pk())
    slug: str = Field(max_length=32, unique=True)
    code: str = Field(max_length=2)
    """Two digits carried by every order number of the city."""
    name_zh: str = Field(max_length=32)
    name_en: str = Field(max_length=32)
    timezone: str = Field(max_length=40)
    lat: float
    lng: float
    """Centre, WGS-84."""


class District(SQLModel, table=True):
    __tablename__ = "sh_district"
    __table_args__ = (sa.UniqueConstraint("city_id", "adcode"),)

    id: int | None = Field(default=None, sa_column=pk())
    city_id: int = Field(sa_column=fk("sh_city.id"))
    adcode: str = Field(max_length=12)
    name_zh: str = Field(max_length=32)
    name_en: str = Field(max_length=32)
    lat: float
    lng: float
    """Centre, WGS-84; an address belongs to the nearest centre."""
    status: DistrictStatus = Field(sa_column=sa.Column(stored_as_value(DistrictStatus), nullable=False))


class Category(SQLModel, table=True):
    __tablename__ = "sh_category"
    __table_args__ = (sa.UniqueConstraint("city_id", "slug"),)

    id: int | None = Field(default=None, sa_column=pk())
    city_id: int = Field(sa_column=fk("sh_city.id"))
    slug: str = Field(max_length=32)
    """One of daily, deep, appliance, care, repair, massage; also the name of its art."""
    name_zh: str = Field(max_length=32)
    name_en: str = Field(max_length=48)
    position: int = 0


class ServiceItem(SQLModel, table=True):
    __tablename__ = "sh_service_item"
    __table_args__ = (
        sa.UniqueConstraint("city_id", "slug"),
        sa.CheckConstraint("price_fen >= 0", name="price"),
        sa.CheckConstraint("base_minutes > 0", name="minutes"),
        sa.CheckConstraint("min_quantity >= 1 AND max_quantity >= min_quantity", name="quantity"),
        sa.CheckConstraint("deposit_fen >= 0 AND deposit_bp BETWEEN 0 AND 10000", name="deposit"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    city_id: int = Field(sa_column=fk("sh_city.id"))
    category_id: int = Field(sa_column=fk("sh_category.id", index=True))
    slug: str = Field(max_length=48)
    name_zh: str = Field(max_length=48)
    name_en: str = Field(max_length=80)
    summary_zh: str = Field(max_length=160)
    summary_en: str = Field(max_length=240)
    unit: str = Field(max_length=16)
    """visit, machine, sqm, seat, piece, … : key of the unit's wording."""
    min_quantity: int = 1
    max_quantity: int = 1
    price_fen: int
    """Per unit."""
    next_unit_off_fen: int = 0
    """Taken off each unit after the first."""
    base_minutes: int
    """Duration at `min_quantity`."""
    minutes_per_extra_unit: float = 0
    """Further minutes for each unit beyond `min_quantity`; the total is rounded up to 15."""
    crew_size: int = 1
    buffer_minutes: int = 0
    """Setting up and leaving: taken before and after the visit."""
    min_notice_minutes: int = 60
    horizon_days: int = 14
    payment_plan: PaymentPlan = Field(sa_column=sa.Column(stored_as_value(PaymentPlan), nullable=False))
    deposit_bp: int = 0
    deposit_fen: int = 0
    """Deposit plan: `deposit_fen` when > 0, else `deposit_bp` of the price."""
    skill: str = Field(max_length=32)
    certificate: str = Field(default="", max_length=32)
    """Kind of certificate that must be valid on the day of the visit; empty: none."""
    same_gender_default: bool = False
    included: list[dict[str, str]] = Field(default_factory=list, sa_column=sa.Column(JSON, nullable=False))
    """[{"zh": …, "en": …}]"""
    excluded: list[dict[str, str]] = Field(default_factory=list, sa_column=sa.Column(JSON, nullable=False))
    checklist: list[dict[str, str]] = Field(default_factory=list, sa_column=sa.Column(JSON, nullable=False))
    """What the technician ticks before finishing: [{"key", "zh", "en"}]."""
    notes_zh: str = Field(default="", max_length=400)
    notes_en: str = Field(default="", max_length=600)
    warranty_days: int = 15
    position: int = 0
    published: bool = True
    sold_count: int = 0
    rating_sum: int = 0
    rating_count: int = 0


def joins(item: ServiceItem, other: ServiceItem) -> bool:
    """Whether `other` may be done in a visit for `item`: by one technician, paid in the same way."""
    return (
        other.id != item.id
        and other.published
        and other.city_id == item.city_id
        and item.crew_size == other.crew_size == 1
        and other.payment_plan == item.payment_plan
        and other.same_gender_default == item.same_gender_default
    )


class AddOn(SQLModel, table=True):
    __tablename__ = "sh_add_on"
    __table_args__ = (sa.UniqueConstraint("service_item_id", "slug"),)

    id: int | None = Field(default=None, sa_column=pk())
    service_item_id: int = Field(sa_column=fk("sh_service_item.id"))
    slug: str = Field(max_length=32)
    name_zh: str = Field(max_length=48)
    name_en: str = Field(max_length=80)
    price_fen: int
    minutes: int = 0
    max_quantity: int = 1


class Blackout(SQLModel, table=True):
    __tablename__ = "sh_blackout"
    __table_args__ = (sa.UniqueConstraint("city_id", "on", "category_id"),)

    id: int | None = Field(default=None, sa_column=pk())
    city_id: int = Field(sa_column=fk("sh_city.id"))
    on: date
    category_id: int | None = Field(default=None, sa_column=fk("sh_category.id", nullable=True))
    """None: the whole city rests."""
    note_zh: str = Field(default="", max_length=80)
    note_en: str = Field(default="", max_length=80)


class Policy(SQLModel, table=True):
    """A versioned document of rules (fees, cancellation, commission, dispatch weights); orders keep the id that they froze."""

    __tablename__ = "sh_policy"
    __table_args__ = (sa.UniqueConstraint("city_id", "kind", "version"),)

    id: int | None = Field(default=None, sa_column=pk())
    city_id: int = Field(sa_column=fk("sh_city.id"))
    kind: str = Field(max_length=24)
    version: int
    document: dict[str, Any] = Field(sa_column=sa.Column(JSON, nullable=False))
    effective_at: datetime = Field(sa_column=at())


def item_terms(item: ServiceItem) -> ItemTerms:
    """What the service costs and how long it takes."""
    return ItemTerms(
        slug=item.slug,
        name_zh=item.name_zh,
        name_en=item.name_en,
        price_fen=item.price_fen,
        base_minutes=item.base_minutes,
        next_unit_off_fen=item.next_unit_off_fen,
        min_quantity=item.min_quantity,
        max_quantity=item.max_quantity,
        minutes_per_extra_unit=item.minutes_per_extra_unit,
        payment_plan=item.payment_plan,
        deposit_bp=item.deposit_bp,
        deposit_fen=item.deposit_fen,
        category_id=item.category_id,
    )


def add_on_terms(add_on: AddOn) -> AddOnTerms:
    """What the add-on costs and how long it takes."""
    return AddOnTerms(
        add_on.slug, add_on.name_zh, add_on.name_en, add_on.price_fen, add_on.minutes, add_on.max_quantity
    )


def load_document(session: Session, city_id: int, kind: str, at: datetime) -> dict[str, Any]:
    """The newest document of the city's policy `kind` that is in force at `at`; empty where none was adopted."""
    found = session.exec(
        select(Policy.document)
        .where(Policy.city_id == city_id, Policy.kind == kind, col(Policy.effective_at) <= at)
        .order_by(col(Policy.version).desc())
        .limit(1)
    ).first()
    return dict(found or {})
