"""The table of ways of a city: when it is due, and keeping it. Who asks the road network is `workflows.roads`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlmodel import Session, col, select

from servicehub.domain.geo import Point, distance_m
from servicehub.domain.travel import Zones
from servicehub.models.catalog import City, District
from servicehub.models.traffic import RoadTable

FRESH = timedelta(days=7)
SIDE = 14
"""Zones along each side of the city's square."""
BEYOND_M = 8_000
"""The square reaches so far beyond the outermost district's centre."""
KEPT = 3
"""Tables of a city: the one that counts, and the ones before it."""


class Wanted(NamedTuple):
    """A table that somebody should make."""

    city_id: int
    zones: Zones


def due(session: Session, now: datetime) -> list[Wanted]:
    """Cities whose table is missing or older than `FRESH`."""
    newest = (
        sa.select(sa.func.max(col(RoadTable.made_at))).where(col(RoadTable.city_id) == col(City.id)).scalar_subquery()
    )
    stale = sa.or_(newest.is_(None), newest <= now - FRESH)
    return [Wanted(city.id or 0, _zones(session, city)) for city in session.exec(select(City).where(stale))]


def store(
    session: Session, city_id: int, source: str, zones: Zones, factors: NDArray[np.float64], *, now: datetime
) -> None:
    """Keep a table, which counts from now on; of the older ones a few stay."""
    session.add(RoadTable.of(city_id, source, zones, factors, now=now))
    session.flush()
    kept = (
        sa.select(col(RoadTable.id))
        .where(col(RoadTable.city_id) == city_id)
        .order_by(col(RoadTable.id).desc())
        .limit(KEPT)
    )
    ids = [row for (row,) in session.execute(kept)]
    session.execute(sa.delete(RoadTable).where(col(RoadTable.city_id) == city_id, col(RoadTable.id).not_in(ids)))


def _zones(session: Session, city: City) -> Zones:
    centre = Point(city.lat, city.lng)
    districts = session.exec(select(District).where(District.city_id == city.id)).all()
    reach = max((distance_m(centre, Point(row.lat, row.lng)) for row in districts), default=0.0)
    return Zones.around(centre, reach + BEYOND_M, SIDE)
