"""How long the way takes, without asking anybody: detour and speed by means of transport and by the hour.

    minutes = fixed + detour x distance / speed x rush(hour) x factor(from zone, to zone), rounded up

Fixed minutes are for unlocking, parking, lifts and waiting. The numbers were chosen for a large Chinese city. What a road network
knows better (bridges, rivers, one-way streets) comes as a table of factors between zones, filled by `adapters.routing`, so that any
source of ways answers at once, the same for the same question, to the schedule and to the compiled judge alike. Owns `TravelTimes`,
which all of them share.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from servicehub.domain.geo import Point, apart_m, degrees_around, distance_m
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


@dataclass(frozen=True, slots=True)
class Zones:
    """A grid over a city. What lies outside belongs to the nearest zone."""

    south: float
    west: float
    lat_step: float
    lng_step: float
    """Degrees."""
    rows: int
    columns: int

    @classmethod
    def around(cls, centre: Point, half_side_m: float, side: int) -> Zones:
        """`side` x `side` zones of a square whose sides are twice `half_side_m` from the centre."""
        lat, lng = degrees_around(centre, half_side_m)
        return cls(centre.lat - lat, centre.lng - lng, 2 * lat / side, 2 * lng / side, side, side)

    def __len__(self) -> int:
        return self.rows * self.columns

    def of(self, place: Point) -> int:
        """The zone of a place."""
        return int(self.of_many([place.lat], [place.lng])[0])

    def of_many(self, lats: ArrayLike, lngs: ArrayLike) -> NDArray[np.int64]:
        """The zones of many places; the shape is that of `lats`."""
        row = np.clip((np.asarray(lats, np.float64) - self.south) // self.lat_step, 0, self.rows - 1)
        column = np.clip((np.asarray(lngs, np.float64) - self.west) // self.lng_step, 0, self.columns - 1)
        return (row * self.columns + column).astype(np.int64)

    def centres(self) -> list[Point]:
        """The middle of every zone, by number."""
        return [
            Point(self.south + (row + 0.5) * self.lat_step, self.west + (column + 0.5) * self.lng_step)
            for row in range(self.rows)
            for column in range(self.columns)
        ]


ONE_ZONE = Zones(-90.0, -180.0, 180.0, 360.0, 1, 1)
_NO_FACTORS = np.ones((len(Transport), 1, 1))


class TravelTimes:
    """How long a way takes. Answers at once, never fails, and answers the same for the same question.

    Other `speeds` fit a city that differs; `factors` [transports, zones, zones] say how many times longer than by the formula the
    way from one of the `zones` to another takes.
    """

    def __init__(
        self,
        speeds: dict[Transport, Speed] | None = None,
        zones: Zones = ONE_ZONE,
        factors: NDArray[np.float64] = _NO_FACTORS,
    ) -> None:
        self.speeds, self.zones, self.factors = speeds or SPEEDS, zones, factors
        self._is_plain = factors is _NO_FACTORS

    def leg(self, origin: Point, destination: Point, transport: Transport) -> Leg:
        """The way by the formula."""
        metres = distance_m(origin, destination)
        if metres < SAME_PLACE_M:
            return NO_WAY
        speed = self.speeds[transport]
        moving = metres / 1000 * speed.detour / speed.km_per_hour * MINUTES_PER_HOUR
        if not self._is_plain:
            moving *= float(self.factors[_PLACE[transport], self.zones.of(origin), self.zones.of(destination)])
        calm = math.ceil(round(speed.fixed_minutes + moving, 6))
        return Leg(calm, math.ceil(round(speed.fixed_minutes + moving * speed.rush, 6)), metres)

    @property
    def columns(self) -> NDArray[np.float64]:
        """[3, transports] fixed minutes, minutes for each metre of great circle, and rush, for who computes many ways at once."""
        rows = (self.speeds[transport] for transport in Transport)
        return np.array([(s.fixed_minutes, s.detour / s.km_per_hour * 0.06, s.rush) for s in rows]).T.copy()

    def slowed(self, factor: float) -> TravelTimes:
        """The same while moving takes `factor` times as long."""
        speeds = {t: replace(s, km_per_hour=s.km_per_hour / factor) for t, s in self.speeds.items()}
        return TravelTimes(speeds, self.zones, self.factors)


LEAST_FACTOR, MOST_FACTOR = 0.6, 3.0
NEAR_M = 1500.0
"""Shorter ways between the middles of zones say too little of the roads…"""
FAR_M = 6000.0
"""…and longer ones are rare: the level is taken from those that people go."""


def factors_of(zones: Zones, transport: Transport, minutes: NDArray[np.float64]) -> NDArray[np.float64]:
    """[zones, zones] how many times longer than by the formula ways take, from `minutes` on the move between the zones' middles.

    Only the shape counts: ratios are divided by the median of usual ways, because the level is the formula's, which knows lights,
    jams and e-bikes better than a free road. A way that is short or unknown has what leaving and reaching its zones usually costs.
    """
    centres = np.array(zones.centres())
    metres = apart_m(centres[:, None, 0], centres[:, None, 1], centres[None, :, 0], centres[None, :, 1])
    speed = SPEEDS[transport]
    usual = metres / 1000 * speed.detour / speed.km_per_hour * MINUTES_PER_HOUR
    known = np.isfinite(minutes) & (metres >= NEAR_M) & (minutes > 0)
    if not known.any():
        return np.ones(metres.shape)
    ratio = np.where(known, minutes / np.maximum(usual, 1e-9), np.nan)
    near = known & (metres <= FAR_M)
    ratio /= np.median(ratio[near if near.any() else known])
    ratio[~known.any(axis=1), :] = 1.0  # a zone without roads: nothing is known of its ways
    ratio[:, ~known.any(axis=0)] = 1.0
    leaving, reaching = np.nanmedian(ratio, axis=1), np.nanmedian(ratio, axis=0)
    ratio = np.where(known, ratio, (leaving[:, None] + reaching[None, :]) / 2)
    return np.clip(ratio, LEAST_FACTOR, MOST_FACTOR)


_PLACE = {transport: place for place, transport in enumerate(Transport)}
OFFLINE = TravelTimes()
"""The formula alone."""
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


def travel_minutes(origin: Point, destination: Point, transport: Transport, minute_of_day: int = 12 * 60) -> int:
    """Minutes by the offline formula when leaving at `minute_of_day` local time."""
    return OFFLINE.leg(origin, destination, transport).minutes(minute_of_day)
