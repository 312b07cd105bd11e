"""What the roads are like: the table of a city that a road network gave, and how slow ways are now, as technicians just saw.

Reading only.
"""

from __future__ import annotations

import zlib
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlmodel import Field, Session, SQLModel, col, select

from servicehub.domain.geo import Point
from servicehub.domain.technician import Transport
from servicehub.domain.travel import OFFLINE, SPEEDS, TravelTimes, Trip, Zones, slowness
from servicehub.models.base import JSON, at, fk, pk
from servicehub.models.order import Order
from servicehub.models.technician import Position, Technician


class RoadTable(SQLModel, table=True):
    """How many times longer than by the formula ways take between the zones of a city; the newest one counts."""

    __tablename__ = "sh_road_table"
    __table_args__ = (sa.Index("ix_sh_road_table_city_id_id", "city_id", "id"),)

    id: int | None = Field(default=None, sa_column=pk())
    city_id: int = Field(sa_column=fk("sh_city.id"))
    source: str = Field(max_length=16)
    """Who knew it: osrm."""
    made_at: datetime = Field(sa_column=at())
    zones: dict[str, Any] = Field(sa_column=sa.Column(JSON, nullable=False))
    """The fields of `domain.travel.Zones`."""
    factors: bytes = Field(sa_column=sa.Column(sa.LargeBinary, nullable=False))
    """[transports, zones, zones] of 32 bits each, compressed."""

    @classmethod
    def of(cls, city_id: int, source: str, zones: Zones, factors: NDArray[np.float64], *, now: datetime) -> RoadTable:
        """A row that is not stored yet."""
        packed = zlib.compress(np.ascontiguousarray(factors, "<f4").tobytes())
        return cls(city_id=city_id, source=source, made_at=now, zones=asdict(zones), factors=packed)

    def travel(self) -> TravelTimes:
        """The travel times by this table."""
        zones = Zones(**self.zones)
        shape = (len(Transport), len(zones), len(zones))
        factors = np.frombuffer(zlib.decompress(self.factors), "<f4").reshape(shape).astype(np.float64)
        return TravelTimes(zones=zones, factors=factors)


def newest_table(session: Session, city_id: int) -> RoadTable | None:
    """The table of ways that counts in the city."""
    return session.exec(
        select(RoadTable).where(RoadTable.city_id == city_id).order_by(col(RoadTable.id).desc())
    ).first()


_TRAVEL = (
    sa.select(col(RoadTable.id), col(RoadTable.made_at))
    .where(col(RoadTable.city_id) == sa.bindparam("city_id"))
    .order_by(col(RoadTable.id).desc())
    .limit(1)
)
_unpacked: dict[tuple[int, datetime], TravelTimes] = {}
"""(id, made) -> the travel times of a table: rows never change."""
MOST_UNPACKED = 16
"""Tables that stay unpacked, whatever their city; the one that was unpacked first goes first."""


def load_travel(session: Session, city_id: int) -> TravelTimes:
    """How long ways take in the city: by its newest table, else by the formula alone. One statement once the table is known."""
    rows: Any = session.connection().execute(_TRAVEL, {"city_id": city_id}).first()
    if rows is None:
        return OFFLINE
    known = _unpacked.get((rows[0], rows[1]))
    if known is None:
        known = session.get_one(RoadTable, rows[0]).travel()
        while len(_unpacked) >= MOST_UNPACKED:
            _unpacked.pop(next(iter(_unpacked)))
        _unpacked[rows[0], rows[1]] = known
    return known


SEEN = timedelta(minutes=90)
"""How long ago an arrival may be to say something of now."""
SHORTEST_MINUTES = 3.0
"""Shorter ways are all parking and lifts."""
LONGEST_TIMES = 5.0
"""A way that took longer than so many times the formula was no way alone."""


def load_slowness(session: Session, city_id: int, now: datetime) -> float:
    """How many times longer than usual ways take in the city; 1 when nothing is known. One statement."""
    first = (
        sa.select(sa.func.min(Position.id))
        .where(col(Position.order_id) == col(Order.id))
        .correlate(Order)
        .scalar_subquery()
    )
    rows: Any = session.execute(
        sa.select(
            col(Position.lat), col(Position.lng), col(Position.at), col(Order.lat), col(Order.lng), col(Order.arrived_at),
            col(Technician.transport),
        )
        .join(Order, col(Order.id) == col(Position.order_id))
        .join(Technician, col(Technician.id) == col(Order.technician_id))
        .where(col(Order.city_id) == city_id, col(Order.arrived_at) > now - SEEN, col(Order.arrived_at) <= now)
        .where(col(Position.id) == first)
    )  # fmt: skip
    trips, travel = [], load_travel(session, city_id)
    for lat, lng, left_at, to_lat, to_lng, arrived_at, transport in rows:
        expected = travel.leg(Point(lat, lng), Point(to_lat, to_lng), transport).calm_minutes
        fixed = SPEEDS[transport].fixed_minutes
        took = (arrived_at - left_at).total_seconds() / 60
        if expected - fixed >= SHORTEST_MINUTES and took <= LONGEST_TIMES * expected:
            trips.append(Trip(max(0.0, took - fixed), expected - fixed))
    return slowness(trips)
