"""Whole days planned anew: visits that are not firm yet change technician, order and start in their windows, so that ways shrink.

The days become routes of `matching.plans` (ruin and recreate, warm-started from the plan in force): what is firm stays where it is,
what waits is put in where it fits. Ways here are the travel times of `domain.travel`, rounded up to whole cells, because a booking
takes whole cells. The answer is held against `domain.availability` before it counts, and it counts only if it gains more than the
moves disturb.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from servicehub.domain.availability import Decider
from servicehub.domain.calendar import Calendar
from servicehub.domain.calendar import Job as Occupied
from servicehub.domain.geo import EARTH_RADIUS_M, Point, on_sphere
from servicehub.domain.technician import CELL_MINUTES, Transport
from servicehub.domain.timewindow import DAY_MINUTES, Window
from servicehub.domain.travel import IS_RUSH, SAME_PLACE_M
from servicehub.matching.crew import Crew
from servicehub.matching.plans import Problem, solve
from servicehub.matching.replan import Figures, Movable, Move, Replan
from servicehub.matching.rules import of_person
from servicehub.matching.sheet import Glance
from servicehub.matching.values import Candidate

LOST = 10_000_000
"""What it costs to give a planned visit up: it is never worth it."""
SPARE = 4
"""Minutes that are left before every visit, for ways and visits that take longer than planned."""
TIERS, TIER = 5, 0.75
"""By so many groups fairness tells people apart, each so many standard deviations of income per hour wide."""
_MEANS = tuple(Transport)


class _Kind(NamedTuple):
    """People for whom a way costs the same."""

    transport: Transport
    tier: int


@dataclass(frozen=True, slots=True)
class _Stop:
    """A node that is visited: a movable visit, or one that is firm. Minutes of whole cells."""

    order_id: int
    place: Point
    earliest: int
    latest: int
    minutes: int
    holder: int | None
    """Row of the technician who has it."""
    held_at: int
    is_firm: bool


def plan_days(
    movable: Sequence[Movable],
    candidates: Sequence[Candidate],
    *,
    now: int,
    rounds: int,
    seed: int = 1,
    moved_cost_s: int = 0,
    worth_s: int = 20_000,
    fair_s: int = 0,
) -> Replan:
    """Better days for `movable`; the same question, seed and rounds have the same answer.

    Args:
        candidates: everybody, with the calendars in which `movable` visits stand where they are held now.
        now: epoch minute; nobody leaves before.
        moved_cost_s: what a visit that changes hands must gain at least.
        worth_s: seconds of way that it is worth to serve somebody who waits.
        fair_s: seconds of way that it is worth to give a visit to somebody who earned one standard deviation less an hour.
    """
    nothing = Replan((), 0, Figures(0, 0), Figures(0, 0), 0)
    days = _Days(movable, candidates, now, worth_s, fair_s)
    if out := days.out_of_time():
        movable, candidates = (
            [m for m in movable if m.holder_id not in out],
            [c for c in candidates if c.technician_id not in out],
        )
        days = _Days(movable, candidates, now, worth_s, fair_s)
    if not days.stops or not days.people:
        return nothing
    start, before = days.routes_in_force()
    plan = solve(days.problem(), rounds=rounds, seed=seed, start=start)
    served = {days.stops[o].order_id for route in plan.routes for o in route}
    if any(stop.holder is not None and stop.order_id not in served for stop in days.stops):
        return nothing
    moves = days.moves(plan.routes)
    gain = before - plan.cost - moved_cost_s * sum(move.from_id is not None for move in moves)
    if gain <= 0 or not moves or not days.may(moves):
        return nothing
    held, all_of_them = sum(stop.holder is not None for stop in days.stops), len(days.stops)
    ways = [cost - worth_s * (all_of_them - n) for cost, n in ((before, held), (plan.cost, len(served)))]
    return Replan(moves, gain, Figures(held, ways[0] // 60), Figures(len(served), ways[1] // 60), plan.rounds)


class _Days:
    """The candidates' remaining days and what may move in them."""

    def __init__(
        self, movable: Sequence[Movable], candidates: Sequence[Candidate], now: int, worth_s: int, fair_s: int
    ) -> None:
        self._worth, self._fair = worth_s, fair_s
        self.movable = {m.job.order_id: m for m in movable}
        self.now = -(-now // CELL_MINUTES) * CELL_MINUTES
        self.people = [c for c in candidates if any(s.end > self.now for s in c.calendar.shifts)]
        self.row = {c.technician_id: v for v, c in enumerate(self.people)}
        self.begins = [self._begin(c.calendar) for c in self.people]
        self.kinds = [_Kind(c.calendar.transport, tier) for c, tier in zip(self.people, self._tiers(), strict=True)]
        self.stops = [self._movable(m) for m in movable] + [s for v in range(len(self.people)) for s in self._firm(v)]

    def _tiers(self) -> list[int]:
        """Of everybody: 0 for who earned least an hour, `TIERS` - 1 for who earned most; one tier when that does not count."""
        known = [i for c in self.people if (i := c.income_per_hour_fen) is not None]
        spread = float(np.std(known)) if len(known) > 1 else 0.0
        if not self._fair or spread <= 0:
            return [0] * len(self.people)
        mean, middle = float(np.mean(known)), TIERS // 2
        incomes = [mean if c.income_per_hour_fen is None else c.income_per_hour_fen for c in self.people]
        return [min(TIERS - 1, max(0, middle + round((i - mean) / spread / TIER))) for i in incomes]

    def _begin(self, calendar: Calendar) -> tuple[int, Point]:
        """When and where the rest of the day begins: after what has begun, else at home when the shift does."""
        shift = self._shift(calendar)
        begun = [job for job in calendar.jobs if job.start < self.now and job.order_id not in self.movable]
        if begun:
            return max(self.now, begun[-1].end), begun[-1].place
        return max(self.now, shift.start), calendar.home

    def _shift(self, calendar: Calendar) -> Window:
        return next(s for s in calendar.shifts if s.end > self.now)

    def _movable(self, m: Movable) -> _Stop:
        held = self.row.get(m.holder_id) if m.holder_id is not None else None
        starts = m.options()
        first = min(starts) - m.job.buffer_minutes
        block = -(-(m.job.minutes + 2 * m.job.buffer_minutes) // CELL_MINUTES) * CELL_MINUTES
        return _Stop(
            m.job.order_id, m.job.place, first, max(starts) - m.job.buffer_minutes, block, held,
            m.job.start - m.job.buffer_minutes, is_firm=False,
        )  # fmt: skip

    def _firm(self, v: int) -> list[_Stop]:
        jobs = self.people[v].calendar.jobs
        return [
            _Stop(job.order_id, job.place, job.start, job.start, job.end - job.start, v, job.start, is_firm=True)
            for job in jobs
            if job.start >= self.now and job.order_id not in self.movable
        ]

    def problem(self) -> Problem:
        """The days as the search is asked: minutes of whole cells, costs in seconds of way."""
        stops, n, v = self.stops, len(self.stops), len(self.people)
        way, price = self._ways
        return Problem(
            earliest=np.array([s.earliest for s in stops], np.int64),
            latest=np.array([s.latest for s in stops], np.int64),
            service=np.array([s.minutes for s in stops], np.int64),
            start=n + np.arange(v),
            end=n + v + np.arange(v),
            opens=np.array([minute for minute, _place in self.begins], np.int64),
            closes=np.array([self._shift(c.calendar).end for c in self.people], np.int64),
            way=way,
            price=price,
            means=np.array([self._means(row) for row in range(v)], np.int64),
            allowed=self._allowed(),
            penalty=np.array([self._worth if s.holder is None else LOST for s in stops], np.int64),
        )

    @cached_property
    def _ways(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """[kind, node, node] in minutes of whole cells, and in seconds; the way home costs nothing."""
        homes = [c.calendar.home for c in self.people]
        places = np.array([*(s.place for s in self.stops), *(p for _m, p in self.begins), *homes])
        points = on_sphere(places[:, 0], places[:, 1])
        half = np.sqrt(np.maximum(0.0, 2 - 2 * points @ points.T)) / 2
        metres = 2 * EARTH_RADIUS_M * np.arcsin(np.minimum(1.0, half))
        rush = np.array([*(self._may_meet_rush(s) for s in self.stops), *([True] * (2 * len(homes)))])
        ways, prices = [], []
        travel = self.people[0].calendar.travel
        zones = travel.zones.of_many(places[:, 0], places[:, 1])
        for kind in self._kinds:
            means = _MEANS.index(kind.transport)
            fixed, rate, slow = travel.columns[:, means]
            moving = metres * rate * travel.factors[means][np.ix_(zones, zones)]
            minutes = np.ceil(fixed + moving * np.where(rush, slow, 1.0)[:, None] - 1e-6)
            minutes = np.where(metres < SAME_PLACE_M, 0.0, minutes) + SPARE
            ways.append(np.ceil(minutes / CELL_MINUTES) * CELL_MINUTES)
            prices.append(np.where(metres < SAME_PLACE_M, 0.0, 60 * (fixed + moving)) + kind.tier * TIER * self._fair)
        price = np.rint(np.stack(prices)).astype(np.int32)
        price[:, :, -len(homes) :] = 0
        return np.stack(ways).astype(np.int32), price

    def _may_meet_rush(self, stop: _Stop) -> bool:
        """Whether somebody may leave the visit in the rush hours."""
        clock = self.people[0].calendar.clock
        ends = range(stop.earliest + stop.minutes, stop.latest + stop.minutes + 1, CELL_MINUTES)
        return any(IS_RUSH[clock.minute_of_day(minute) % DAY_MINUTES] for minute in ends)

    def _allowed(self) -> NDArray[np.bool_]:
        """[technician, stop]: who may make it, whatever the time. Whoever has it keeps it."""
        crew = Crew(self.people)
        rows = np.arange(len(crew))
        allowed = np.zeros((len(self.people), len(self.stops)), np.bool_)
        homes = on_sphere(*crew.homes)
        reach = np.array([2 * np.sin(c.calendar.radius_m / EARTH_RADIUS_M / 2) for c in self.people])
        for o, stop in enumerate(self.stops):
            if not stop.is_firm:
                job = self.movable[stop.order_id].job
                place = on_sphere(job.place.lat, job.place.lng)
                far = np.linalg.norm(homes - place, axis=1) > reach
                allowed[:, o] = ~(far | np.any(of_person(Glance(job, crew, rows)), axis=0))
            if stop.holder is not None:
                allowed[stop.holder, o] = True
        return allowed

    def routes_in_force(self) -> tuple[list[list[int]], int]:
        """Each technician's stops in order, and what their ways and those who wait cost."""
        cost = self._worth * sum(stop.holder is None for stop in self.stops)
        _way, price = self._ways
        routes = self._held()
        for v, route in enumerate(routes):
            here = len(self.stops) + v
            for o in route:
                cost += int(price[self._means(v), here, o])
                here = o
        return routes, cost

    def out_of_time(self) -> set[int]:
        """Technicians whose day in force does not fit the tables, which see every way near a rush hour as slow: left alone."""
        return {self.people[v].technician_id for v, route in enumerate(self._held()) if not self._in_time(v, route)}

    def _held(self) -> list[list[int]]:
        routes: list[list[int]] = [[] for _ in self.people]
        for o in sorted(range(len(self.stops)), key=lambda o: (self.stops[o].held_at, o)):
            if (holder := self.stops[o].holder) is not None:
                routes[holder].append(o)
        return routes

    @cached_property
    def _kinds(self) -> list[_Kind]:
        return sorted(set(self.kinds))

    def _means(self, v: int) -> int:
        return self._kinds.index(self.kinds[v])

    def _in_time(self, v: int, route: Sequence[int]) -> bool:
        way = self._ways[0][self._means(v)]
        minute, here = self.begins[v][0], len(self.stops) + v
        for o in route:
            minute = max(minute + int(way[here, o]), self.stops[o].earliest)
            if minute > self.stops[o].latest:
                return False
            minute, here = minute + self.stops[o].minutes, o
        home = len(self.stops) + len(self.people) + v
        return not route or minute + int(way[here, home]) <= self._shift(self.people[v].calendar).end

    def moves(self, routes: Sequence[Sequence[int]]) -> tuple[Move, ...]:
        """What differs from the plan in force."""
        way, _price = self._ways
        found = []
        for v, route in enumerate(routes):
            means, here, minute = self._means(v), len(self.stops) + v, self.begins[v][0]
            for o in route:
                stop = self.stops[o]
                minute = max(minute + int(way[means, here, o]), stop.earliest)
                if not stop.is_firm and (stop.holder, stop.held_at) != (v, minute):
                    m = self.movable[stop.order_id]
                    start = minute + m.job.buffer_minutes
                    found.append(Move(stop.order_id, m.holder_id, self.people[v].technician_id, start))
                minute, here = minute + stop.minutes, o
        return tuple(found)

    def may(self, moves: Sequence[Move]) -> bool:
        """Whether every technician's new day stands before `domain.availability`."""
        gone = {move.order_id for move in moves}
        calendars: dict[int, Calendar] = {}
        for move in moves:
            for technician_id in (move.from_id, move.to_id):
                if technician_id is not None and technician_id in self.row:
                    calendar = self.people[self.row[technician_id]].calendar
                    calendars.setdefault(technician_id, calendar.without(*gone))
        for move in moves:
            if move.to_id is not None:
                calendars[move.to_id] = self._with(calendars[move.to_id], move)
        return all(self._stands(calendars, move) for move in moves)

    def _with(self, calendar: Calendar, move: Move) -> Calendar:
        job = replace(self.movable[move.order_id].job, start=move.start)
        block = Decider(calendar, job.terms).block(move.start)
        jobs = sorted((*calendar.jobs, Occupied(block.start, block.end, job.place, job.order_id, move.start)))
        return replace(calendar, jobs=tuple(jobs))

    def _stands(self, calendars: Mapping[int, Calendar], move: Move) -> bool:
        if move.to_id is None:
            return True
        job = self.movable[move.order_id].job
        calendar = calendars[move.to_id].without(move.order_id)
        return Decider(calendar, job.terms).refusal(move.start) is None
