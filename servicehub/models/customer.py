"""What belongs to a customer: address book, coupons, notices."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from servicehub.models.base import JSON, at, fk, pk, stored_as_value


class Address(SQLModel, table=True):
    __tablename__ = "sh_address"

    id: int | None = Field(default=None, sa_column=pk())
    city_id: int = Field(sa_column=fk("sh_city.id"))
    customer_id: int = Field(sa_column=fk("sh_user.id", index=True))
    district_id: int = Field(sa_column=fk("sh_district.id"))
    area: str = Field(max_length=80)
    """Estate or building: what a technician sees before accepting."""
    detail_enc: str
    """Door number, encrypted."""
    contact_enc: str
    """Contact's name, encrypted."""
    phone_enc: str
    lat: float
    lng: float
    """WGS-84."""
    is_default: bool = False
    created_at: datetime = Field(sa_column=at())
    removed_at: datetime | None = Field(default=None, sa_column=at(nullable=True))


class CouponKind(StrEnum):
    AMOUNT = "amount"
    PERCENT = "percent"


class Coupon(SQLModel, table=True):
    """A batch of coupons."""

    __tablename__ = "sh_coupon"
    __table_args__ = (
        sa.UniqueConstraint("city_id", "slug"),
        sa.CheckConstraint("stock >= 0", name="stock"),
        sa.CheckConstraint("funder_platform_bp BETWEEN 0 AND 10000", name="funder"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    city_id: int = Field(sa_column=fk("sh_city.id"))
    slug: str = Field(max_length=32)
    name_zh: str = Field(max_length=48)
    name_en: str = Field(max_length=80)
    kind: CouponKind = Field(sa_column=sa.Column(stored_as_value(CouponKind), nullable=False))
    amount_fen: int = 0
    """AMOUNT: taken off."""
    percent_bp: int = 0
    """PERCENT: taken off, basis points of the service lines."""
    cap_fen: int = 0
    """PERCENT: never more than this; 0 means no cap."""
    min_spend_fen: int = 0
    category_id: int | None = Field(default=None, sa_column=fk("sh_category.id", nullable=True))
    first_order_only: bool = False
    stock: int = 0
    """Left to claim."""
    valid_days: int = 30
    funder_platform_bp: int = 10000
    """Who pays for it: the platform's share; the technician bears the rest."""
    claimable: bool = True


class GrantStatus(StrEnum):
    AVAILABLE = "available"
    LOCKED = "locked"
    USED = "used"


class CouponGrant(SQLModel, table=True):
    """One coupon in one customer's hand."""

    __tablename__ = "sh_coupon_grant"
    __table_args__ = (sa.UniqueConstraint("coupon_id", "customer_id", "number"),)

    id: int | None = Field(default=None, sa_column=pk())
    coupon_id: int = Field(sa_column=fk("sh_coupon.id"))
    customer_id: int = Field(sa_column=fk("sh_user.id", index=True))
    number: int = 1
    """Which of the customer's own of this batch: with the unique key, the cap per person."""
    status: GrantStatus = Field(sa_column=sa.Column(stored_as_value(GrantStatus), nullable=False))
    order_id: int | None = Field(default=None, sa_column=fk("sh_order.id", nullable=True))
    granted_at: datetime = Field(sa_column=at())
    expires_at: datetime = Field(sa_column=at())


class Notice(SQLModel, table=True):
    """A message in the user's inbox. `dedupe_key` makes a second sending of the same thing impossible."""

    __tablename__ = "sh_notice"

    id: int | None = Field(default=None, sa_column=pk())
    user_id: int = Field(sa_column=fk("sh_user.id", index=True))
    kind: str = Field(max_length=40)
    """Key of the wording."""
    params: dict[str, Any] = Field(default_factory=dict, sa_column=sa.Column(JSON, nullable=False))
    link: str = Field(default="", max_length=120)
    dedupe_key: str = Field(max_length=120, unique=True)
    created_at: datetime = Field(sa_column=at())
    read_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
