"""How long the way takes, without asking anybody: detour and speed by means of transport and by the hour.

    minutes = fixed + detour x distance / speed x rush(hour), rounded up

Fixed minutes are for unlocking, parking, lifts and waiting. The numbers were chosen for a large Chinese city; the real route of
one trip comes from `adapters.routing`. Owns `TravelTimes`, which the schedule and the matching share.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from servicehub.domain.geo import Point, distance_m
from servicehub.domain.technician import Transport

MINUTES_PER_HOUR = 60


@dataclass(frozen=True, slots=True)
class Speed:
    """How one means of transport moves."""

    fixed_minutes: float
    detour: float
    """Metres on the road for each metre of great circle."""
    km_per_hour: float
    rush: float
    """Moving takes this many times longer in the rush hours."""


SPEEDS: dict[Transport, Speed] = {
    Transport.EBIKE: Speed(fixed_minutes=6, detour=1.3, km_per_hour=18, rush=1.1),
    Transport.CAR: Speed(fixed_minutes=8, detour=1.4, km_per_hour=25, rush=1.4),
    Transport.TRANSIT: Speed(fixed_minutes=15, detour=1.3, km_per_hour=20, rush=1.15),
}
RUSH_HOURS: tuple[tuple[int, int], ...] = ((7 * 60 + 30, 9 * 60 + 30), (17 * 60, 19 * 60))
"""Half-open, in minutes of the local day; the hour of leaving decides."""
_RUSH_MINUTES = frozenset(minute for start, end in RUSH_HOURS for minute in range(start, end))
IS_RUSH = np.isin(np.arange(24 * MINUTES_PER_HOUR), sorted(_RUSH_MINUTES))
"""By minute of the local day."""
SAME_PLACE_M = 30
"""Nearer than this is the same building: no way at all."""


def is_rush(minute_of_day: int) -> bool:
    """Whether somebody who leaves then meets the rush."""
    return minute_of_day in _RUSH_MINUTES


class Leg(NamedTuple):
    """The way between two places: minutes outside and inside the rush hours, and the great-circle metres."""

    calm_minutes: int
    rush_minutes: int
    distance_m: float

    def minutes(self, minute_of_day: int) -> int:
        """Minutes when leaving at this minute of the local day."""
        return self.rush_minutes if is_rush(minute_of_day) else self.calm_minutes


NO_WAY = Leg(0, 0, 0.0)


class TravelTimes(Protocol):
    """Whatever can say how long a way takes. Answers at once, never fails, and answers the same for the same question."""

    def leg(self, origin: Point, destination: Point, transport: Transport) -> Leg: ...


class OfflineTravelTimes:
    """The formula above; other `speeds` fit a city that differs."""

    def __init__(self, speeds: dict[Transport, Speed] | None = None) -> None:
        self._speeds = speeds or SPEEDS

    def leg(self, origin: Point, destination: Point, transport: Transport) -> Leg:
        """The way by the formula."""
        metres = distance_m(origin, destination)
        if metres < SAME_PLACE_M:
            return NO_WAY
        speed = self._speeds[transport]
        moving = metres / 1000 * speed.detour / speed.km_per_hour * MINUTES_PER_HOUR
        calm = math.ceil(round(speed.fixed_minutes + moving, 6))
        return Leg(calm, math.ceil(round(speed.fixed_minutes + moving * speed.rush, 6)), metres)

    @property
    def columns(self) -> NDArray[np.float64]:
        """[3, transports] fixed minutes, minutes for each metre of great circle, and rush, for who computes many ways at once."""
        rows = (self._speeds[transport] for transport in Transport)
        return np.array([(s.fixed_minutes, s.detour / s.km_per_hour * 0.06, s.rush) for s in rows]).T.copy()


OFFLINE = OfflineTravelTimes()
PRIOR_MINUTES = 60.0
"""So many minutes of usual ways are imagined beside those that were seen, so that one slow trip is no jam."""
SLOWEST = 2.5


class Trip(NamedTuple):
    """A way that somebody took: minutes on the move as they were, and as the formula had them."""

    minutes: float
    expected: float


def slowness(trips: Iterable[Trip]) -> float:
    """How many times longer ways take now than usual, at least 1 (a quick hour promises nothing) and at most `SLOWEST`.

    The ratio of sums, pulled towards 1 by `PRIOR_MINUTES`.
    """
    took = expected = PRIOR_MINUTES
    for trip in trips:
        took += trip.minutes
        expected += trip.expected
    return min(max(took / expected, 1.0), SLOWEST)


def slowed(factor: float) -> OfflineTravelTimes:
    """The formula while moving takes `factor` times as long."""
    return OfflineTravelTimes({t: replace(s, km_per_hour=s.km_per_hour / factor) for t, s in SPEEDS.items()})


def travel_minutes(origin: Point, destination: Point, transport: Transport, minute_of_day: int = 12 * 60) -> int:
    """Minutes by the offline formula when leaving at `minute_of_day` local time."""
    return OFFLINE.leg(origin, destination, transport).minutes(minute_of_day)
