"""When visits will really begin: a technician's day played forward from what is known now.

A visit under way lasts as long as it was planned to, from when it began; a way takes what the travel times say, which the caller
may have slowed to what the roads are like. Nothing is random: the same day has the same forecast.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from servicehub.domain.geo import Point
from servicehub.domain.technician import Transport
from servicehub.domain.timewindow import LocalTime
from servicehub.domain.travel import OFFLINE, TravelTimes

NOTABLE_MINUTES = 5
"""A visit that will begin less than this after its time is on time."""
TOLD_MINUTES = 10
"""From here on the customer is told…"""
WORSE_MINUTES = 15
"""…and told again when it grew by this."""


class Stop(NamedTuple):
    """A visit of today. Instants are epoch minutes."""

    order_id: int
    start: int
    minutes: int
    place: Point
    departed: bool = False
    arrived: bool = False
    began: int | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a visit that has not begun will begin, and how many minutes after its time that is."""

    order_id: int
    begins: int
    late: int
    behind_id: int | None
    """The visit before it, which is why it will be late; None: the way alone, or it is in time."""


def forecast(
    stops: Sequence[Stop],
    *,
    now: int,
    here: Point,
    transport: Transport,
    clock: LocalTime,
    travel: TravelTimes = OFFLINE,
) -> list[Forecast]:
    """The visits that have not begun yet, in the order of their times.

    Args:
        stops: the technician's visits of today that are not finished.
        here: where the technician is now, or is expected to set out from.
    """
    found, free, place, behind = [], now, here, None
    for stop in sorted(stops, key=lambda s: (s.began is None, not s.arrived, not s.departed, s.start, s.order_id)):
        if stop.began is not None:
            free, place, behind = max(free, stop.began + stop.minutes), stop.place, stop.order_id
            continue
        way = 0 if stop.arrived else travel.leg(place, stop.place, transport).minutes(clock.minute_of_day(free))
        begins = max(stop.start, free + way)
        late = begins - stop.start
        found.append(Forecast(stop.order_id, begins, late, behind if late else None))
        free, place, behind = begins + stop.minutes, stop.place, stop.order_id
    return found
