"""One job beside many candidates, as columns: what the rules and the terms ask, computed once and only where it is asked.

Facts about time follow `domain.availability.Decider`, which decides again when time is really taken; a test holds both together.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from servicehub.domain.availability import LONGEST_WAY, NIGHT_FROM, NIGHT_UNTIL
from servicehub.domain.calendar import WhyNot
from servicehub.domain.geo import apart_m, distances_m
from servicehub.domain.technician import CELL_MINUTES
from servicehub.domain.timewindow import DAY_MINUTES, Window, minute_up
from servicehub.domain.travel import OFFLINE, Legs
from servicehub.matching.crew import NEVER, Bools, Crew, Floats, Ints
from servicehub.matching.values import Job

_LONG_AGO = -(10**9)
_FAR_AHEAD = 10**9


@dataclass(slots=True)
class End:
    """What comes before or after the visit, by candidate: when the way may begin or must be over, its length, the job there."""

    minute: Ints
    """Before: earliest leaving. After: due there at the latest."""
    way: Ints
    """Minutes."""
    distance_m: Floats
    job: Ints
    """Column of the job there; -1: home, the live position, or nothing."""

    def only(self, keep: Bools) -> End:
        """Of some of the rows."""
        return End(self.minute[keep], self.way[keep], self.distance_m[keep], self.job[keep])

    def replaced(self, where: Bools, other: End) -> End:
        """This, and `other` for the rows of `where`."""
        pairs = (
            (other.minute, self.minute), (other.way, self.way), (other.distance_m, self.distance_m), (other.job, self.job)
        )  # fmt: skip
        return End(*(np.where(where, theirs, ours) for theirs, ours in pairs))


class Sheet:
    """`job` beside the rows `rows` of the crew: every column has one entry for each row."""

    def __init__(self, job: Job, crew: Crew, rows: Ints) -> None:
        self.job, self.crew, self.rows = job, crew, rows

    def only(self, keep: Bools) -> Sheet:
        """The sheet of some of its rows, with what is known of them."""
        kept = Sheet(self.job, self.crew, self.rows[keep])
        kept.home_m = self.home_m[keep]
        if "time" in self.__dict__:
            kept.time = self.time.only(kept, keep)
        return kept

    @cached_property
    def ids(self) -> Ints:
        return self.crew.ids[self.rows]

    @cached_property
    def home_m(self) -> Floats:
        """Great circle from home to the visit."""
        lats, lngs = self.crew.homes
        return distances_m(self.job.place, lats[self.rows], lngs[self.rows])

    @cached_property
    def time(self) -> Times:
        """Facts about the candidates' time."""
        return Times(self)


class Times:
    """The job inside each candidate's calendar. Its own former booking is no obstacle."""

    def __init__(self, sheet: Sheet) -> None:
        job, crew, rows = sheet.job, sheet.crew, sheet.rows
        clock = crew.clock
        self._sheet, self.start = sheet, job.start
        first = (job.start - job.buffer_minutes) // CELL_MINUTES
        stop = -(-(job.start + job.minutes + job.buffer_minutes) // CELL_MINUTES)
        self.block = block = Window(first * CELL_MINUTES, stop * CELL_MINUTES)
        self._now = minute_up(job.now)
        jobs = crew.jobs
        self._starts, self._ends, days = jobs.starts[:, rows], jobs.ends[:, rows], jobs.days[:, rows]
        if job.order_id in crew.order_ids:
            own = jobs.order_ids[:, rows] == job.order_id
            self._starts[own], self._ends[own], days[own] = NEVER, NEVER, -1
        self.jobs_that_day: Ints = (days == clock.day_number(job.start)).sum(axis=0)
        starts, ends = crew.shifts.starts[:, rows], crew.shifts.ends[:, rows]
        holds = (starts <= block.start) & (ends >= block.end)
        self.on_shift: Bools = np.asarray(holds.any(axis=0))
        self._shift_start: Ints = np.where(holds, starts, -NEVER).max(axis=0)
        self._shift_end: Ints = np.where(holds, ends, -NEVER).max(axis=0)

    def only(self, sheet: Sheet, keep: Bools) -> Times:
        """The same facts for the rows that `sheet` keeps."""
        kept = copy.copy(self)
        for name, column in self.__dict__.items():
            if isinstance(column, np.ndarray):
                kept.__dict__[name] = column[..., keep]
            elif isinstance(column, End):
                kept.__dict__[name] = column.only(keep)
            elif isinstance(column, (Legs, dict)):
                kept.__dict__.pop(name)  # made again if it is asked for
        kept.__dict__["_sheet"] = sheet
        return kept

    # --- what binds --------------------------------------------------------------------------------------------------

    def fails(self, *reasons: WhyNot) -> Bools:
        """Who fails any of these, as `Decider.failures` says; nobody fails what is waived."""
        found = [self._fails(why) for why in reasons if why not in self._sheet.job.waived]
        return np.logical_or.reduce(found) if found else np.zeros(len(self._sheet.rows), np.bool_)

    def _fails(self, why: WhyNot) -> Bools:
        crew, rows, block = self._sheet.crew, self._sheet.rows, self.block
        match why:
            case WhyNot.BLACKOUT:
                return crew.blackouts.touches(block, rows)
            case WhyNot.NIGHT:
                minute = crew.clock.minute_of_day(self.start)
                return (minute >= NIGHT_FROM or minute < NIGHT_UNTIL) & ~crew.takes_nights[rows]
            case WhyNot.OFF_SHIFT:
                return ~self.on_shift
            case WhyNot.TIME_OFF:
                return crew.time_off.touches(block, rows)
            case WhyNot.BREAK:
                return crew.breaks.touches(block, rows)
            case WhyNot.CAP:
                return (crew.daily_caps[rows] <= 0) | (self.jobs_that_day >= crew.daily_caps[rows])
            case WhyNot.BUSY:
                return self.clashes
            case WhyNot.TRAVEL_BEFORE:
                return ~self.clashes & (self.spare_before < 0)
            case WhyNot.TRAVEL_AFTER:
                return ~self.clashes & (self.spare_before >= 0) & (self.spare_after < 0)
            case _:
                raise ValueError(why)

    @cached_property
    def clashes(self) -> Bools:
        overlaps = (self._starts < self.block.end) & (self._ends > self.block.start)
        return np.asarray(overlaps.any(axis=0))

    # --- the way there and the way on ------------------------------------------------------------------------------------

    @cached_property
    def spare_before(self) -> Ints:
        """Minutes between arriving and the block."""
        return self.block.start - self.origin.minute - self.origin.way

    @cached_property
    def spare_after(self) -> Ints:
        """Minutes between arriving at what follows and when that is due."""
        return self.goal.minute - self.block.end - self.goal.way

    @cached_property
    def origin(self) -> End:
        """Where each comes from: of the job before, the live position and home when the shift begins, the latest arrival."""
        block, sheet = self.block, self._sheet
        begin = np.where(self.on_shift, self._shift_start, block.start - LONGEST_WAY)
        done = np.where(self._ends <= block.start, self._ends, -NEVER)
        column = done.argmax(axis=0)
        ended = done.max(axis=0)
        comes = ended > np.minimum(begin, block.start - LONGEST_WAY)
        seen_lats, seen_lngs, seen_minutes = sheet.crew.seen
        lats, lngs, minutes = seen_lats[sheet.rows], seen_lngs[sheet.rows], seen_minutes[sheet.rows]
        gone = ended <= np.where(minutes < NEVER, minutes, -NEVER)
        before = self._coming(ended, self._to_job(column), bound=np.where(gone, ended, np.maximum(ended, self._now)))
        before.job = column
        found = _nothing(len(sheet.rows), _LONG_AGO).replaced(comes, before)
        in_shift = comes & (ended > begin)
        seen = (np.maximum(begin, np.where(comes, ended, _LONG_AGO)) <= minutes) & (minutes <= block.start)
        home = self._coming(self._shift_start, self._home)
        found = _later(found, home, self.on_shift & ~in_shift & ~seen)
        if seen.any():
            there = self._coming(minutes, self._legs(distances_m(sheet.job.place, lats, lngs)))
            found = _later(found, there, seen)
        return found

    @cached_property
    def goal(self) -> End:
        """What follows: the next job, else home when the shift ends; the one that must be left for first."""
        block = self.block
        ahead = np.where(self._starts >= block.end, self._starts, NEVER)
        column, due = ahead.argmin(axis=0), ahead.min(axis=0)
        end = np.where(self.on_shift, self._shift_end, block.end + LONGEST_WAY)
        follows = due < np.maximum(end, block.end + LONGEST_WAY)
        leave = np.full(len(due), block.end)
        legs = self._to_job(column)
        after = End(due, self._minutes(legs, leave), legs.distance_m, column)
        home = End(self._shift_end, self._minutes(self._home, leave), self._home.distance_m, np.full(len(due), -1))
        found = _nothing(len(due), _FAR_AHEAD).replaced(follows, after)
        outside = ~follows | (due >= self._shift_end)
        first = ~follows | (home.minute - home.way <= after.minute - after.way)
        return found.replaced(self.on_shift & outside & first, home)

    @cached_property
    def detour_saved(self) -> Ints:
        """Minutes of calm way between the jobs before and after, where there are both: what the visit replaces."""
        jobs, rows = self._sheet.crew.jobs, self._sheet.rows
        before, after = np.maximum(self.origin.job, 0), np.maximum(self.goal.job, 0)
        metres = apart_m(
            jobs.lats[before, rows], jobs.lngs[before, rows], jobs.lats[after, rows], jobs.lngs[after, rows]
        )
        return np.where(self.between_jobs, self._legs(metres).calm_minutes, 0)

    @property
    def between_jobs(self) -> Bools:
        """Who has a job before and one after."""
        return (self.origin.job >= 0) & (self.goal.job >= 0)

    @cached_property
    def _home(self) -> Legs:
        return self._legs(self._sheet.home_m)

    def _to_job(self, column: Ints) -> Legs:
        """The way between the visit and one of each candidate's jobs."""
        jobs, rows = self._sheet.crew.jobs, self._sheet.rows
        return self._legs(distances_m(self._sheet.job.place, jobs.lats[column, rows], jobs.lngs[column, rows]))

    def _legs(self, metres: Floats) -> Legs:
        return OFFLINE.legs(metres, self._sheet.crew.transports[self._sheet.rows])

    def _coming(self, leave: Ints, legs: Legs, bound: Ints | None = None) -> End:
        """Coming from a place that may be left from `leave` on, but not before now."""
        left = np.maximum(leave, self._now) if bound is None else bound
        left = np.asarray(left, np.int64)
        return End(left, self._minutes(legs, left), legs.distance_m, np.full(len(left), -1))

    def _minutes(self, legs: Legs, leave: Ints) -> Ints:
        """Minutes of ways that begin at epoch minutes; times that never come count as calm."""
        sane = np.where(np.abs(leave) < _FAR_AHEAD, leave, self.block.start)
        return legs.minutes((sane + self._sheet.crew.clock.offsets(sane)) % DAY_MINUTES)


def _nothing(count: int, minute: int) -> End:
    return End(np.full(count, minute), np.zeros(count, np.int64), np.zeros(count), np.full(count, -1))


def _later(found: End, other: End, where: Bools) -> End:
    """`other` for the rows of `where`, unless what was found arrives later still."""
    return found.replaced(where & (found.minute + found.way <= other.minute + other.way), other)
