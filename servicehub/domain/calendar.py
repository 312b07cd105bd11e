"""What a decision about time is made of: a technician's calendar, the question about a visit, and the answer.

Values only; the decision itself is in `domain.availability`. Minutes count from the Unix epoch, windows are half-open.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from servicehub.domain.geo import Point
from servicehub.domain.technician import CELL_MINUTES, Transport
from servicehub.domain.timewindow import LocalTime, Window
from servicehub.domain.travel import OFFLINE, TravelTimes


class WhyNot(StrEnum):
    """Why a start is not possible, in the order in which the rules are asked."""

    INACTIVE = "inactive"
    SKILL = "skill"
    BLOCKED = "blocked"
    GENDER = "gender"
    NOTICE = "notice"
    HORIZON = "horizon"
    BLACKOUT = "blackout"
    RADIUS = "radius"
    CERTIFICATE = "certificate"
    NIGHT = "night"
    OFF_SHIFT = "off_shift"
    TIME_OFF = "time_off"
    BREAK = "break"
    CAP = "cap"
    BUSY = "busy"
    TRAVEL_BEFORE = "travel_before"
    TRAVEL_AFTER = "travel_after"


class Job(NamedTuple):
    """Committed time of the technician: whole cells with buffers, and where it is."""

    start: int
    end: int
    place: Point
    order_id: int
    visit_start: int
    """Epoch minute at which the customer is served; the day of this minute counts for the cap."""

    @property
    def window(self) -> Window:
        return Window(self.start, self.end)


class Seen(NamedTuple):
    """Where the technician was seen, and when (epoch minute)."""

    place: Point
    minute: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """Everything about one technician's time that a decision needs; windows ascending and disjoint, jobs ascending."""

    technician_id: int
    clock: LocalTime
    home: Point
    transport: Transport
    shifts: tuple[Window, ...] = ()
    breaks: tuple[Window, ...] = ()
    time_off: tuple[Window, ...] = ()
    blackouts: tuple[Window, ...] = ()
    jobs: tuple[Job, ...] = ()
    radius_m: int = 10_000
    daily_cap: int = 8
    takes_night_jobs: bool = False
    certified_until: date | None = None
    """Last day of the certificate that the service asks for; None: it asks for none."""
    barred: WhyNot | None = None
    """A reason that holds at every time: inactive, skill, blocked, gender."""
    seen: Seen | None = None
    travel: TravelTimes = OFFLINE
    """How long ways take in the city."""

    def without(self, *order_ids: int) -> Calendar:
        """The calendar as if these orders were not in it: what their own move is judged by."""
        return replace(self, jobs=tuple(j for j in self.jobs if j.order_id not in order_ids))


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked: where, how long, and the service's limits. `now` bounds notice and horizon."""

    place: Point
    minutes: int
    buffer_minutes: int = 0
    now: datetime | None = None
    """Nobody leaves before now. None: the question is about a plan, not about the real day."""
    min_notice_minutes: int = 0
    horizon_days: int = 14
    limited: bool = True
    """Whether notice and horizon bind: they do when a customer books or moves, not when the platform assigns."""
    waived: frozenset[WhyNot] = frozenset()
    """Rules that an operator overrules with a reason. `busy` cannot be waived: the database would refuse."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision about one start. `why` is None when it is feasible."""

    why: WhyNot | None
    start: int
    travel_minutes: int = 0
    """The way there."""
    distance_m: int = 0
    spare_before: int = 0
    """Minutes between arriving (or the earliest start) and the visit's block."""
    spare_after: int = 0
    from_order_id: int | None = None
    """The job before, None when coming from home or from the live position."""
    to_order_id: int | None = None
    earliest_at: datetime | None = None
    """TRAVEL_BEFORE: when the technician could begin; BUSY: when the time is free again; NOTICE: the first allowed start."""

    @property
    def is_feasible(self) -> bool:
        return self.why is None


def visit_minutes(base: int, per_extra_unit: float, min_quantity: int, quantity: int) -> int:
    """Duration of a visit: the base for the least quantity, more for each further unit, rounded up to a cell."""
    total = base + per_extra_unit * max(0, quantity - min_quantity)
    return math.ceil(round(total, 6) / CELL_MINUTES) * CELL_MINUTES
