"""Can this technician make this visit, and if not, why not: one decision for the calendar that is shown and for the commit.

Pure functions over values. A start is feasible when the visit with its buffers lies in the plan (shift − breaks − time off −
blackout), touches no other occupied time, can be reached from where the technician is before (the previous job, the live
position, or home at the beginning of the shift) and left in time for what follows (the next job, or home at the end of the
shift), and keeps notice, horizon, daily cap, radius and the technician's choice about nights. Knows no table and no clock.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from servicehub.domain.calendar import Calendar, Job, Seen, Terms, Verdict, WhyNot, visit_minutes
from servicehub.domain.geo import distance_m
from servicehub.domain.technician import CELL_MINUTES, Transport
from servicehub.domain.timewindow import LocalTime, Window, instant_of, minute_of, minute_up
from servicehub.domain.travel import NO_WAY, OFFLINE, Leg, TravelTimes, is_rush

__all__ = [
    "GRID_MINUTES",
    "Calendar",
    "Decider",
    "Job",
    "Seen",
    "Terms",
    "Verdict",
    "WhyNot",
    "feasible",
    "infeasible_neighbours",
    "visit_minutes",
]

GRID_MINUTES = 30
"""Starts are offered on this grid of the local clock."""
NIGHT_FROM, NIGHT_UNTIL = 22 * 60, 7 * 60
"""A visit that starts in this part of the local day is night work."""


class Origin(NamedTuple):
    """Where a technician comes from: earliest leaving, minutes of the way, and the job there (None: home or position)."""

    leave: int
    minutes: int
    leg: Leg
    order_id: int | None


class Goal(NamedTuple):
    """What follows a visit: due there at the latest, minutes of the way, and the job there (None: home)."""

    due: int
    minutes: int
    leg: Leg
    order_id: int | None


LONGEST_WAY = 240
"""Minutes. Jobs further apart than this cannot disturb each other."""
_FOREVER = 10**9
NOWHERE = Origin(-_FOREVER, 0, NO_WAY, None)
NO_GOAL = Goal(_FOREVER, 0, NO_WAY, None)


class _Layer(NamedTuple):
    """Ascending, disjoint windows, ready to be asked often."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, windows: tuple[Window, ...]) -> _Layer:
        return cls(tuple(w.start for w in windows), tuple(w.end for w in windows))

    def touches(self, block: Window) -> bool:
        i = bisect_right(self.ends, block[0])
        return i < len(self.starts) and self.starts[i] < block[1]


@dataclass(slots=True)
class Decider:
    """The decision for one calendar and one question, with what does not change between starts computed once.

    `refusal(start)` is the whole decision; the single rules are public so that the matching can name every rule that fails.
    """

    calendar: Calendar
    terms: Terms
    distance_m: float = field(init=False)
    last_way: int = field(init=False, default=0)
    """Minutes of the way to the last start that was found feasible."""
    _now: int = field(init=False)
    _first: int = field(init=False)
    _horizon_end: int = field(init=False)
    _shift_starts: list[int] = field(init=False)
    _block_starts: list[int] = field(init=False)
    _block_ends: list[int] = field(init=False)
    _full_days: frozenset[int] = field(init=False)
    _certified_end: int = field(init=False)
    _blackouts: _Layer = field(init=False)
    _time_off: _Layer = field(init=False)
    _breaks: _Layer = field(init=False)
    _legs: dict[tuple[str, int], Leg] = field(init=False, default_factory=dict)
    _origins: dict[tuple[str, int], Origin] = field(init=False, default_factory=dict)
    _out_of_reach: bool = field(init=False)

    def __post_init__(self) -> None:
        calendar, terms, clock = self.calendar, self.terms, self.calendar.clock
        self.distance_m = distance_m(calendar.home, terms.place)
        self._out_of_reach = self.distance_m > calendar.radius_m
        self._first, self._horizon_end, self._certified_end = -_FOREVER, _FOREVER, _FOREVER
        self._now = -_FOREVER if terms.now is None else minute_up(terms.now)
        if terms.now is not None and terms.limited:
            self._first = self._now + terms.min_notice_minutes
            self._horizon_end = clock.midnight(clock.day(self._now) + timedelta(days=terms.horizon_days + 1))
        if calendar.certified_until is not None:
            never = calendar.certified_until == date.min
            self._certified_end = -_FOREVER if never else clock.midnight(calendar.certified_until + timedelta(days=1))
        self._shift_starts = [shift.start for shift in calendar.shifts]
        self._block_starts = [job.start for job in calendar.jobs]
        self._block_ends = [job.end for job in calendar.jobs]
        per_day = Counter(clock.day_number(job.visit_start) for job in calendar.jobs)
        self._full_days = frozenset(day for day, count in per_day.items() if count >= calendar.daily_cap)
        self._blackouts, self._time_off = _Layer.of(calendar.blackouts), _Layer.of(calendar.time_off)
        self._breaks = _Layer.of(calendar.breaks)

    # --- the single rules, each for an epoch minute of start ---------------------------------------------------------

    def block(self, start: int) -> Window:
        """The whole cells that a visit from `start` takes, with its buffers."""
        terms = self.terms
        first = (start - terms.buffer_minutes) // CELL_MINUTES
        stop = -(-(start + terms.minutes + terms.buffer_minutes) // CELL_MINUTES)
        return Window(first * CELL_MINUTES, stop * CELL_MINUTES)

    def too_soon(self, start: int) -> bool:
        return start < self._first

    def too_late(self, start: int) -> bool:
        return start >= self._horizon_end

    def out_of_reach(self) -> bool:
        return self._out_of_reach

    def uncertified(self, start: int) -> bool:
        return start >= self._certified_end

    def unwanted_night(self, start: int) -> bool:
        if self.calendar.takes_night_jobs:
            return False
        minute = self.calendar.clock.minute_of_day(start)
        return minute >= NIGHT_FROM or minute < NIGHT_UNTIL

    def shift_of(self, block: Window) -> Window | None:
        """The shift that holds the whole block."""
        i = bisect_right(self._shift_starts, block[0]) - 1
        if i < 0:
            return None
        shift = self.calendar.shifts[i]
        return shift if shift[1] >= block[1] else None

    def full_day(self, start: int) -> bool:
        if self.calendar.daily_cap <= 0:
            return True
        return bool(self._full_days) and self.calendar.clock.day_number(start) in self._full_days

    def clash(self, block: Window) -> Job | None:
        """A committed job that overlaps the block."""
        i = bisect_right(self._block_ends, block[0])
        return self.calendar.jobs[i] if i < len(self._block_starts) and self._block_starts[i] < block[1] else None

    def origin(self, block: Window, shift: Window | None) -> Origin:
        """Where the technician comes from and when he may leave; meaningful when nothing clashes.

        Of everything that binds (the job before, the live position, else home when the shift begins) the latest arrival.
        """
        calendar = self.calendar
        i = bisect_right(self._block_ends, block.start) - 1
        begin = block.start - LONGEST_WAY if shift is None else shift.start
        seen, found = calendar.seen, None
        in_shift, left = False, -_FOREVER
        if i >= 0 and self._block_ends[i] > min(begin, block.start - LONGEST_WAY):
            job = calendar.jobs[i]
            in_shift, left = job.end > begin, job.end
            gone = seen is not None and job.end <= seen.minute
            found = self._origin(job.end, "left" if gone else "from", i, job.order_id)
        if seen is not None and max(begin, left) <= seen.minute <= block.start:
            return _later(found, self._origin(seen.minute, "seen", -1, None))
        if shift is None or in_shift:
            return found or NOWHERE
        return _later(found, self._origin(shift.start, "home", -1, None))

    def _origin(self, leave: int, kind: str, index: int, order_id: int | None) -> Origin:
        known = self._origins.get((kind, leave))
        if known is None:
            leg, bound = self._leg(kind, index), leave if kind == "left" else max(leave, self._now)
            known = self._origins[kind, leave] = Origin(bound, self.way_minutes(leg, bound), leg, order_id)
        return known

    def goal(self, block: Window, shift: Window | None) -> Goal:
        """What follows: the next job, else home when the shift ends; the one that must be left for first."""
        jobs = self.calendar.jobs
        i = bisect_left(self._block_starts, block.end)
        end = block.end + LONGEST_WAY if shift is None else shift.end
        found: Goal | None = None
        if i < len(jobs) and jobs[i].start < max(end, block.end + LONGEST_WAY):
            leg = self._leg("to", i)
            found = Goal(jobs[i].start, self.way_minutes(leg, block.end), leg, jobs[i].order_id)
            if shift is None or jobs[i].start < shift.end:
                return found
        if shift is None:
            return found or NO_GOAL
        leg = self._leg("back", -1)
        home = Goal(shift.end, self.way_minutes(leg, block.end), leg, None)
        return home if found is None or home.due - home.minutes <= found.due - found.minutes else found

    def way_minutes(self, leg: Leg, leave: int) -> int:
        """Minutes of a way that begins at the epoch minute `leave`."""
        if leg.calm_minutes == leg.rush_minutes:
            return leg.calm_minutes
        return leg.rush_minutes if is_rush(self.calendar.clock.minute_of_day(leave)) else leg.calm_minutes

    def _leg(self, kind: str, index: int) -> Leg:
        known = self._legs.get((kind, index))
        if known is None:
            calendar, here = self.calendar, self.terms.place
            match kind:
                case "from" | "left":
                    known = calendar.travel.leg(calendar.jobs[index].place, here, calendar.transport)
                case "to":
                    known = calendar.travel.leg(here, calendar.jobs[index].place, calendar.transport)
                case "seen":
                    known = calendar.travel.leg(
                        calendar.seen.place if calendar.seen else here, here, calendar.transport
                    )
                case "home":
                    known = calendar.travel.leg(calendar.home, here, calendar.transport)
                case _:
                    known = calendar.travel.leg(here, calendar.home, calendar.transport)
            self._legs[kind, index] = known
        return known

    # --- the decision ------------------------------------------------------------------------------------------------

    def refusal(self, start: int) -> WhyNot | None:
        """The first rule that forbids a visit from the epoch minute `start`; None when it is feasible."""
        waived = self.terms.waived
        if waived:
            return next((why for why in self.failures(start) if why not in waived or why is WhyNot.BUSY), None)
        why = self._refusal_of_limits(start)
        if why is not None:
            return why
        block = self.block(start)
        shift = self.shift_of(block)
        why = self._refusal_of_plan(block, shift)
        if why is not None:
            return why
        if self.full_day(start):
            return WhyNot.CAP
        if self.clash(block) is not None:
            return WhyNot.BUSY
        return self._refusal_of_travel(block, shift)

    def failures(self, start: int) -> Iterator[WhyNot]:
        """Every rule that forbids `start`, in the order of `WhyNot`; travel is judged only where nothing clashes."""
        block = self.block(start)
        shift = self.shift_of(block)
        if self.calendar.barred:
            yield self.calendar.barred
        limits = {
            WhyNot.NOTICE: self.too_soon(start),
            WhyNot.HORIZON: self.too_late(start),
            WhyNot.BLACKOUT: self._blackouts.touches(block),
            WhyNot.RADIUS: self._out_of_reach,
            WhyNot.CERTIFICATE: self.uncertified(start),
            WhyNot.NIGHT: self.unwanted_night(start),
            WhyNot.OFF_SHIFT: shift is None,
            WhyNot.TIME_OFF: self._time_off.touches(block),
            WhyNot.BREAK: self._breaks.touches(block),
            WhyNot.CAP: self.full_day(start),
        }
        yield from (why for why, failed in limits.items() if failed)
        if self.clash(block) is not None:
            yield WhyNot.BUSY
            return
        travel = self._refusal_of_travel(block, shift)
        if travel is not None:
            yield travel

    def _refusal_of_limits(self, start: int) -> WhyNot | None:
        if self.calendar.barred is not None:
            return self.calendar.barred
        if not self._first <= start < self._horizon_end:
            return WhyNot.NOTICE if start < self._first else WhyNot.HORIZON
        if self._blackouts.ends and self._blackouts.touches(self.block(start)):
            return WhyNot.BLACKOUT
        if self._out_of_reach or start >= self._certified_end:
            return WhyNot.RADIUS if self._out_of_reach else WhyNot.CERTIFICATE
        return WhyNot.NIGHT if self.unwanted_night(start) else None

    def _refusal_of_plan(self, block: Window, shift: Window | None) -> WhyNot | None:
        if shift is None:
            return WhyNot.OFF_SHIFT
        if self._time_off.ends and self._time_off.touches(block):
            return WhyNot.TIME_OFF
        if self._breaks.ends and self._breaks.touches(block):
            return WhyNot.BREAK
        return None

    def _refusal_of_travel(self, block: Window, shift: Window | None) -> WhyNot | None:
        origin = self.origin(block, shift)
        if origin.leave + origin.minutes > block.start:
            return WhyNot.TRAVEL_BEFORE
        goal = self.goal(block, shift)
        if block.end + goal.minutes > goal.due:
            return WhyNot.TRAVEL_AFTER
        self.last_way = origin.minutes
        return None

    def verdict(self, start: int) -> Verdict:
        """The decision with its numbers: from where, how far, how much time is spare, and when it would be possible."""
        why = self.refusal(start)
        block = self.block(start)
        clash = self.clash(block)
        if clash is not None:
            return Verdict(why, start, from_order_id=clash.order_id, earliest_at=instant_of(clash.end))
        shift = self.shift_of(block)
        origin, goal = self.origin(block, shift), self.goal(block, shift)
        earliest: int | None = None
        if why is WhyNot.TRAVEL_BEFORE:
            earliest = origin.leave + origin.minutes + self.terms.buffer_minutes
        elif why is WhyNot.NOTICE:
            earliest = self._first
        return Verdict(
            why,
            start,
            travel_minutes=origin.minutes,
            distance_m=round(origin.leg.distance_m if origin is not NOWHERE else self.distance_m),
            spare_before=0 if origin is NOWHERE else block.start - origin.leave - origin.minutes,
            spare_after=0 if goal is NO_GOAL else goal.due - block.end - goal.minutes,
            from_order_id=origin.order_id,
            to_order_id=goal.order_id,
            earliest_at=None if earliest is None else instant_of(earliest),
        )

    def start_ranges(self, within: Window, *, grid: int = GRID_MINUTES) -> Iterator[range]:
        """Grid starts inside the shifts that touch `within`, feasible or not, ascending; the visit's end must fit the shift."""
        offset = self.calendar.clock.offset
        before, after = self.terms.buffer_minutes, self.terms.minutes + self.terms.buffer_minutes
        for shift in self.calendar.shifts:
            first, last = max(shift.start + before, within.start), min(shift.end - after, within.end - 1)
            if first <= last:
                yield range(first + -(first + offset(first)) % grid, last + 1, grid)

    def feasible_starts(self, within: Window, *, grid: int = GRID_MINUTES) -> Iterator[int]:
        """The feasible grid starts, ascending. Those that overlap a job are jumped over, all others decided by `refusal`."""
        if self._out_of_reach and not self.terms.waived:
            return
        before, after = self.terms.buffer_minutes, self.terms.minutes + self.terms.buffer_minutes
        starts, ends = self._block_starts, self._block_ends
        for span in self.start_ranges(within, grid=grid):
            start, stop = span.start, span.stop
            while start < stop:
                i = bisect_right(ends, (start - before) // CELL_MINUTES * CELL_MINUTES)
                if i < len(starts) and starts[i] < start + after:
                    start += -(-(ends[i] + before - start) // grid) * grid
                    continue
                if self.refusal(start) is None:
                    yield start
                start += grid


def feasible(calendar: Calendar, terms: Terms, start_at: datetime) -> Verdict:
    """The decision about one visit, for the list and for the commit alike."""
    return Decider(calendar, terms).verdict(minute_of(start_at))


def infeasible_neighbours(
    jobs: Collection[Job], transport: Transport, clock: LocalTime, travel: TravelTimes = OFFLINE
) -> list[tuple[Job, Job]]:
    """Pairs of consecutive jobs that overlap or cannot be reached one from the other: what audits and tests ask for."""
    ordered = sorted(jobs)
    return [
        (a, b)
        for a, b in itertools.pairwise(ordered)
        if a.end + travel.leg(a.place, b.place, transport).minutes(clock.minute_of_day(a.end)) > b.start
    ]


def _later(left: Origin | None, right: Origin) -> Origin:
    return left if left is not None and left.leave + left.minutes > right.leave + right.minutes else right
