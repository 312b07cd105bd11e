"""What the roads are like now, seen from the ways that technicians have just taken. Reading only."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.domain.geo import Point
from servicehub.domain.travel import OFFLINE, SPEEDS, Trip, slowness
from servicehub.models.order import Order
from servicehub.models.technician import Position, Technician

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
    trips = []
    for lat, lng, left_at, to_lat, to_lng, arrived_at, transport in rows:
        expected = OFFLINE.leg(Point(lat, lng), Point(to_lat, to_lng), transport).calm_minutes
        fixed = SPEEDS[transport].fixed_minutes
        took = (arrived_at - left_at).total_seconds() / 60
        if expected - fixed >= SHORTEST_MINUTES and took <= LONGEST_TIMES * expected:
            trips.append(Trip(max(0.0, took - fixed), expected - fixed))
    return slowness(trips)
