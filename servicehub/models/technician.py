"""Technicians, their skills, certificates, plans and positions."""

from collections.abc import Collection
from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col

from servicehub.domain.technician import CertificateStatus, Gender, Level, TechnicianStatus, Transport
from servicehub.models.base import among, at, fk, pk, stored_as_value


class Technician(SQLModel, table=True):
    __tablename__ = "sh_technician"
    __table_args__ = (sa.Index("ix_sh_technician_city_id_status", "city_id", "status"),)

    id: int | None = Field(default=None, sa_column=pk())
    city_id: int = Field(sa_column=fk("sh_city.id"))
    user_id: int = Field(sa_column=fk("sh_user.id", unique=True))
    name: str = Field(max_length=32)
    portrait: str = Field(max_length=32)
    """Name of the art or key of the photo."""
    gender: Gender = Field(sa_column=sa.Column(stored_as_value(Gender), nullable=False))
    level: Level = Field(sa_column=sa.Column(stored_as_value(Level), nullable=False))
    transport: Transport = Field(sa_column=sa.Column(stored_as_value(Transport), nullable=False))
    status: TechnicianStatus = Field(sa_column=sa.Column(stored_as_value(TechnicianStatus), nullable=False))
    years: int = 1
    bio_zh: str = Field(default="", max_length=200)
    bio_en: str = Field(default="", max_length=300)
    home_lat: float
    home_lng: float
    """Where the day begins and ends, WGS-84."""
    radius_m: int = 10_000
    daily_cap: int = 8
    """Most jobs a day."""
    takes_night_jobs: bool = False
    is_online: bool = False
    online_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    last_lat: float | None = None
    last_lng: float | None = None
    last_seen_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    rating_sum: int = 0
    rating_count: int = 0
    done_count: int = 0
    offers_feasible: int = 0
    offers_accepted: int = 0
    on_time_count: int = 0
    arrived_count: int = 0
    joined_on: date


class TechnicianSkill(SQLModel, table=True):
    __tablename__ = "sh_technician_skill"

    technician_id: int = Field(sa_column=sa.Column(sa.ForeignKey("sh_technician.id"), primary_key=True))
    skill: str = Field(primary_key=True, max_length=32)


class Certificate(SQLModel, table=True):
    __tablename__ = "sh_certificate"

    id: int | None = Field(default=None, sa_column=pk())
    technician_id: int = Field(sa_column=fk("sh_technician.id", index=True))
    kind: str = Field(max_length=32)
    """identity, health, background, electrician, refrigeration, locksmith, massage, insurance."""
    status: CertificateStatus = Field(sa_column=sa.Column(stored_as_value(CertificateStatus), nullable=False))
    issued_on: date
    expires_on: date
    """Last valid day."""
    note: str = Field(default="", max_length=200)
    reviewed_by: int | None = Field(default=None, sa_column=fk("sh_user.id", nullable=True))


class WeeklyShift(SQLModel, table=True):
    """A weekly working window or, with `is_break`, a break in it. Minutes count from local midnight; the end may pass 1440."""

    __tablename__ = "sh_weekly_shift"
    __table_args__ = (
        sa.CheckConstraint("end_minute > start_minute AND start_minute >= 0 AND end_minute <= 2160", name="window"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    technician_id: int = Field(sa_column=fk("sh_technician.id", index=True))
    weekday: int
    """0 = Monday."""
    start_minute: int
    end_minute: int
    is_break: bool = False


class ShiftException(SQLModel, table=True):
    """Replaces the weekly plan of one local day; start = end = 0 means a day off."""

    __tablename__ = "sh_shift_exception"
    __table_args__ = (sa.UniqueConstraint("technician_id", "on", "start_minute"),)

    id: int | None = Field(default=None, sa_column=pk())
    technician_id: int = Field(sa_column=fk("sh_technician.id", index=True))
    on: date
    start_minute: int = 0
    end_minute: int = 0


class TimeOff(SQLModel, table=True):
    __tablename__ = "sh_time_off"
    __table_args__ = (sa.CheckConstraint("end_at > start_at", name="window"),)

    id: int | None = Field(default=None, sa_column=pk())
    technician_id: int = Field(sa_column=fk("sh_technician.id", index=True))
    start_at: datetime = Field(sa_column=at())
    end_at: datetime = Field(sa_column=at())
    reason: str = Field(default="", max_length=80)


class PairBlock(SQLModel, table=True):
    """A customer and a technician who are never matched again; the reason stays private."""

    __tablename__ = "sh_pair_block"

    customer_id: int = Field(sa_column=sa.Column(sa.ForeignKey("sh_user.id"), primary_key=True))
    technician_id: int = Field(sa_column=sa.Column(sa.ForeignKey("sh_technician.id"), primary_key=True))
    reason: str = Field(default="", max_length=200)


class Position(SQLModel, table=True):
    """The trail of a technician between departure and arrival. Deleted after 30 days."""

    __tablename__ = "sh_position"
    __table_args__ = (sa.Index("ix_sh_position_order_id_at", "order_id", "at"),)

    id: int | None = Field(default=None, sa_column=pk())
    order_id: int = Field(sa_column=fk("sh_order.id"))
    technician_id: int = Field(sa_column=fk("sh_technician.id"))
    at: datetime = Field(sa_column=at())
    lat: float
    lng: float


def load_homes(session: Session, technician_ids: Collection[int]) -> dict[int, int]:
    """Technician -> his city."""
    query = sa.select(col(Technician.id), col(Technician.city_id)).where(among(col(Technician.id), technician_ids))
    return {technician_id: city_id for technician_id, city_id in session.execute(query)}  # noqa: C416 - rows are no pairs to mypy
