"""Occupied time, offers and the reasons of each dispatch."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from servicehub.domain.offer import DeclineReason, OfferStatus
from servicehub.domain.technician import CellKind
from servicehub.models.base import JSON, at, fk, pk, stored_as_value


class Occupancy(SQLModel, table=True):
    """One quarter of an hour of one technician. The primary key makes a second booking of it impossible."""

    __tablename__ = "sh_occupancy"
    __table_args__ = (sa.Index("ix_sh_occupancy_order_id", "order_id"),)

    technician_id: int = Field(
        sa_column=sa.Column(sa.ForeignKey("sh_technician.id"), primary_key=True, autoincrement=False)
    )
    cell: int = Field(sa_column=sa.Column(sa.BigInteger(), primary_key=True, autoincrement=False))
    """Minutes since the Unix epoch, divided by 15."""
    order_id: int = Field(sa_column=sa.Column(sa.ForeignKey("sh_order.id"), nullable=False))
    kind: CellKind = Field(sa_column=sa.Column(stored_as_value(CellKind), nullable=False))


class TechnicianDay(SQLModel, table=True):
    """Version lock of a technician's local day: whoever commits a job there bumps it, so travel is re-checked with neighbours."""

    __tablename__ = "sh_technician_day"

    technician_id: int = Field(
        sa_column=sa.Column(sa.ForeignKey("sh_technician.id"), primary_key=True, autoincrement=False)
    )
    day: date = Field(primary_key=True)
    version: int = 0


class Offer(SQLModel, table=True):
    __tablename__ = "sh_offer"
    __table_args__ = (
        sa.UniqueConstraint("order_id", "technician_id", "round"),
        sa.Index(
            "uq_sh_offer_one_open",
            "order_id",
            unique=True,
            sqlite_where=sa.text("status = 'open'"),
            postgresql_where=sa.text("status = 'open'"),
        ),
        sa.Index("ix_sh_offer_status_deadline_at", "status", "deadline_at"),
        sa.Index("ix_sh_offer_technician_id_created_at", "technician_id", "created_at"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    order_id: int = Field(sa_column=fk("sh_order.id"))
    technician_id: int = Field(sa_column=fk("sh_technician.id"))
    round: int
    status: OfferStatus = Field(sa_column=sa.Column(stored_as_value(OfferStatus), nullable=False))
    created_at: datetime = Field(sa_column=at())
    deadline_at: datetime = Field(sa_column=at())
    answered_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    decline_reason: DeclineReason | None = Field(
        default=None, sa_column=sa.Column(stored_as_value(DeclineReason), nullable=True)
    )
    take_home_fen: int
    distance_m: int
    travel_minutes: int
    reasons: list[str] = Field(default_factory=list, sa_column=sa.Column(JSON, nullable=False))
    """Keys of the sentences shown to the technician: nearest, regular, on_route, level, fair_share, requested."""


class DispatchDecision(SQLModel, table=True):
    """Why somebody was chosen: every candidate with failed rules or score parts, as they were at that instant."""

    __tablename__ = "sh_dispatch_decision"

    id: int | None = Field(default=None, sa_column=pk())
    order_id: int = Field(sa_column=fk("sh_order.id", index=True))
    round: int
    at: datetime = Field(sa_column=at())
    how: str = Field(max_length=16)
    """auto, requested, manual, reassign, grab, planned, replanned."""
    actor_id: int = 0
    technician_id: int | None = Field(default=None, sa_column=fk("sh_technician.id", nullable=True))
    """Chosen; None when nobody passed the rules."""
    candidates: list[dict[str, Any]] = Field(sa_column=sa.Column(JSON, nullable=False))
    """[{"technician_id", "failed": [rule…], "parts": {term: seconds}, "score", "distance_m", "travel_minutes"}]: the best
    of those who passed, then the nearest of the others."""
    passed: int = Field(default=0, sa_column=sa.Column(sa.Integer(), nullable=False, server_default="0"))
    """How many passed every rule."""
    funnel: dict[str, int] = Field(default_factory=dict, sa_column=sa.Column(JSON, nullable=False, server_default="{}"))
    """How many candidates each rule excluded first."""
    policy: dict[str, Any] = Field(sa_column=sa.Column(JSON, nullable=False))
    """Weights in force."""


class Claim(SQLModel, table=True):
    """Somebody wants an order of the hall. The best of all claims gets it when the time of the first one is over."""

    __tablename__ = "sh_claim"
    __table_args__ = (sa.UniqueConstraint("order_id", "technician_id"), sa.Index("ix_sh_claim_due_at", "due_at"))

    id: int | None = Field(default=None, sa_column=pk())
    order_id: int = Field(sa_column=fk("sh_order.id"))
    technician_id: int = Field(sa_column=fk("sh_technician.id"))
    due_at: datetime = Field(sa_column=at())
    """When it is decided; the same for all claims of an order."""
    at: datetime = Field(sa_column=at())


class ReplanStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


class Rehearsal(SQLModel, table=True):
    """A policy played on the city's own past days beside the one in force. The newest of a city is the one that counts."""

    __tablename__ = "sh_rehearsal"
    __table_args__ = (
        sa.CheckConstraint("days > 0 AND played >= 0 AND plays >= 0", name="counts"),
        sa.Index("ix_sh_rehearsal_city_id_asked_at", "city_id", "asked_at"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    city_id: int = Field(sa_column=fk("sh_city.id"))
    actor_id: int
    asked_at: datetime = Field(sa_column=at())
    done_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    status: ReplanStatus = Field(sa_column=sa.Column(stored_as_value(ReplanStatus), nullable=False))
    days: int
    """How many past days were asked for."""
    wanted: dict[str, Any] = Field(sa_column=sa.Column(JSON, nullable=False))
    """The policy that is tried."""
    played: int = 0
    plays: int = 0
    """Days times policies, known once it runs."""
    result: dict[str, Any] = Field(default_factory=dict, sa_column=sa.Column(JSON, nullable=False))
    """{"days": […], "policies": {name: {figure: {"mean", "half"}}}, "against": {…}} when done."""


class Replan(SQLModel, table=True):
    """One re-planning of a city's visits that are not firm yet: asked for, worked on, applied."""

    __tablename__ = "sh_replan"
    __table_args__ = (
        sa.Index("ix_sh_replan_city_id_asked_at", "city_id", "asked_at"),
        sa.Index(
            "uq_sh_replan_one_open",
            "city_id",
            unique=True,
            sqlite_where=sa.text("status IN ('queued', 'running')"),
            postgresql_where=sa.text("status IN ('queued', 'running')"),
        ),
    )

    id: int | None = Field(default=None, sa_column=pk())
    city_id: int = Field(sa_column=fk("sh_city.id"))
    status: ReplanStatus = Field(sa_column=sa.Column(stored_as_value(ReplanStatus), nullable=False))
    actor_id: int = 0
    """Who asked; 0: the platform itself."""
    asked_at: datetime = Field(sa_column=at())
    started_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    done_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    stop: bool = False
    """Asked to end with what was found so far."""
    orders: int = 0
    """Visits that might have moved."""
    result: dict[str, Any] = Field(default_factory=dict, sa_column=sa.Column(JSON, nullable=False))
    """{"gain_s", "before": {"served", "way_minutes"}, "after", "moves": [{"no", "from_id", "to_id"}]} once applied."""
