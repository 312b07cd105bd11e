"""Jobs beside candidates, as columns: what the rules and the terms ask.

Everybody is glanced at job by job (`Glance`). Those who are left are judged (`judge`), all jobs together, and those whom nothing
excludes stand in one `Sheet`, a row for each pair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from servicehub.domain.availability import NIGHT_FROM, NIGHT_UNTIL
from servicehub.domain.geo import apart_m, on_sphere
from servicehub.domain.technician import CELL_MINUTES
from servicehub.domain.timewindow import DAY_MINUTES, LocalTime, minute_up
from servicehub.domain.travel import IS_RUSH, Zones
from servicehub.matching.crew import Bools, Crew, Floats, Ints
from servicehub.matching.judge import BIT, Asked, Roads, judge
from servicehub.matching.values import DEFAULT_POLICY, Job

_CLOCK_MARGIN = 2 * DAY_MINUTES


class Glance:
    """One job beside many candidates, who they are: every column has an entry for each row of the crew in `rows`."""

    def __init__(self, job: Job, crew: Crew, rows: Ints) -> None:
        self.job, self.crew, self.rows = job, crew, rows

    @cached_property
    def ids(self) -> Ints:
        return self.crew.ids[self.rows]


class Jobs:
    """The jobs of a batch as columns, an entry for each."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = tuple(jobs)
        self.start: Ints = self._ints(lambda job: job.start)
        self.requested_ids: Ints = self._ints(lambda job: job.requested_technician_id or 0)
        self.are_urgent: Bools = np.array([job.is_urgent for job in self.jobs], np.bool_)

    def asked(self, clock: LocalTime, zones: Zones) -> Asked:
        """What the compiled judge reads of them, by the city's clock and its zones."""
        lats, lngs = [job.place[0] for job in self.jobs], [job.place[1] for job in self.jobs]
        ends, buffers = self.start + self._ints(lambda job: job.minutes), self._ints(lambda job: job.buffer_minutes)
        local = self.start + clock.offsets(self.start)
        minute = local % DAY_MINUTES
        return Asked(
            block_start=(self.start - buffers) // CELL_MINUTES * CELL_MINUTES,
            block_end=-(-(ends + buffers) // CELL_MINUTES) * CELL_MINUTES,
            day=local // DAY_MINUTES,
            is_night=(minute >= NIGHT_FROM) | (minute < NIGHT_UNTIL),
            now=self._ints(lambda job: minute_up(job.now)),
            places=on_sphere(lats, lngs),
            zones=zones.of_many(lats, lngs),
            order_ids=self._ints(lambda job: job.order_id),
            waived=self._ints(lambda job: sum(BIT.get(why, 0) for why in job.waived)),
        )

    def _ints(self, of: Callable[[Job], int]) -> Ints:
        return np.fromiter(map(of, self.jobs), np.int64, len(self.jobs))


class Sheet:
    """Pairs of a job and a candidate with the facts about the candidate's time: row i is job `at[i]` beside row `rows[i]` of the
    crew. Pairs of one job stand together."""

    def __init__(self, jobs: Jobs, crew: Crew, at: Ints, rows: Ints, time: Times) -> None:
        self.jobs, self.crew, self.at, self.rows, self.time = jobs, crew, at, rows, time
        self.policy = DEFAULT_POLICY

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def ids(self) -> Ints:
        return self.crew.ids[self.rows]

    @cached_property
    def home_m(self) -> Floats:
        """Great circle from home to the visit."""
        lats, lngs = self.crew.homes
        places = np.array([job.place for job in self.jobs.jobs], np.float64)[self.at]
        return apart_m(places[:, 0], places[:, 1], lats[self.rows], lngs[self.rows])

    @cached_property
    def visits(self) -> Ints:
        """Finished visits of the candidate to the job's customer."""
        found = np.zeros(len(self), np.int64)
        for place, job in enumerate(self.jobs.jobs):
            visits = self.crew.visits_to(job.customer_id)
            if visits is not None:
                mine = self.of_job(place)
                found[mine] = visits[self.rows[mine]]
        return found

    def of_job(self, place: int) -> slice:
        """The rows of one job of the batch."""
        first, last = np.searchsorted(self.at, (place, place + 1))
        return slice(int(first), int(last))


def judged(jobs: Jobs, crew: Crew, about: Bools, *, through: bool = False) -> tuple[NDArray[np.int16], Sheet]:
    """What excludes whom, as bits of `judge.BIT` [jobs, candidates], and the sheet of those whom nothing does.

    `about` [jobs, candidates] is who is asked about; `through`: the sheet has all of them.
    """
    clock, travel = crew.clock, crew.travel
    asked = jobs.asked(clock, travel.zones)
    first, last = int(min(asked.block_start.min(), asked.now.min())), int(max(asked.block_end.max(), asked.now.max()))
    changes = np.array(clock.changes(first - _CLOCK_MARGIN, last + _CLOCK_MARGIN))
    roads = Roads(travel.columns, travel.factors, IS_RUSH, changes)
    found = judge(asked, crew.plans, roads, about, through=through)
    time = Times(asked.block_start[found.at], asked.block_end[found.at], *found.whole, *found.metres)
    return found.bits, Sheet(jobs, crew, found.at, found.rows, time)


@dataclass(frozen=True, slots=True)
class End:
    """What comes before or after the visit, by row: when the way may begin or must be over, its length, the job there."""

    minute: Ints
    """Before: earliest leaving. After: due there at the latest."""
    way: Ints
    """Minutes."""
    job: Ints
    """Column of the job there; -1: home, the live position, or nothing."""
    distance_m: Floats


class Times:
    """The jobs inside the candidates' calendars, a column for each fact, in minutes."""

    def __init__(
        self, block_start: Ints, block_end: Ints,
        origin_minute: Ints, origin_way: Ints, origin_job: Ints, goal_minute: Ints, goal_way: Ints, goal_job: Ints,
        jobs_that_day: Ints, detour_saved: Ints, origin_m: Floats, goal_m: Floats,
    ) -> None:  # fmt: skip
        self.block_start, self.block_end = block_start, block_end
        self.origin = End(origin_minute, origin_way, origin_job, origin_m)
        """Where each comes from: of the job before, the live position and home when the shift begins, the latest arrival."""
        self.goal = End(goal_minute, goal_way, goal_job, goal_m)
        """What follows: the next job, else home when the shift ends; the one that must be left for first."""
        self.jobs_that_day = jobs_that_day
        self.detour_saved = detour_saved
        """Calm way between the jobs before and after, where there are both: what the visit replaces."""

    @cached_property
    def spare_before(self) -> Ints:
        """Between arriving and the block."""
        return self.block_start - self.origin.minute - self.origin.way

    @cached_property
    def spare_after(self) -> Ints:
        """Between arriving at what follows and when that is due."""
        return self.goal.minute - self.block_end - self.goal.way

    @cached_property
    def between_jobs(self) -> Bools:
        """Who has a job before and one after."""
        return (self.origin.job >= 0) & (self.goal.job >= 0)
