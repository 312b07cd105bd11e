"""Better technicians for visits that are not firm yet: the same rules and the same score as the dispatch, over whole days.

Ruin and recreate with an exact recreate. A slice is every movable visit that is under way at one instant: nobody can make two of
them, so taking all out and assigning them anew is one exact assignment, and what each adds to its technician's day is independent
of the others. Slices are swept a few times; then neighbourhoods (visits near in place and time) are taken out and put back one
by one, the one with the most to lose first. It may be stopped at any time: what was found is worth more, or nothing moves.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from servicehub.domain.availability import Decider
from servicehub.domain.calendar import Calendar
from servicehub.domain.calendar import Job as Occupied
from servicehub.domain.geo import distance_m
from servicehub.domain.travel import OFFLINE
from servicehub.matching.assignment import NOBODY, assign
from servicehub.matching.crew import Crew
from servicehub.matching.engine import LEFT_WAITING, Ranking, rank
from servicehub.matching.values import Candidate, Job, Policy

SWEEPS = 6
LEAST_GAIN_S = 1.0
NEIGHBOURS = 8
"""Visits that are taken out together."""
MINUTES_PER_KM = 15
"""How much further in time counts as much as a kilometre when neighbours are looked for."""


@dataclass(frozen=True, slots=True)
class Movable:
    """A visit whose technician may still change, and who has it now."""

    job: Job
    holder_id: int | None


@dataclass(frozen=True, slots=True)
class Move:
    """One visit that changed hands."""

    order_id: int
    from_id: int | None
    to_id: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """A plan in numbers."""

    served: int
    way_minutes: int
    """Of the technicians' whole days, from home to home."""


@dataclass(frozen=True, slots=True)
class Replan:
    """What was found. `gain_s`: how much better in seconds of the score, what the moves disturb already taken off."""

    moves: tuple[Move, ...]
    gain_s: int
    before: Figures
    after: Figures
    rounds: int


class Days:
    """The technicians' calendars while visits are taken out and put in."""

    def __init__(self, candidates: Sequence[Candidate], movable: Iterable[Movable]) -> None:
        self._jobs = {m.job.order_id: m.job for m in movable}
        self._people = {c.technician_id: c for c in candidates}
        self._crew = Crew(candidates)
        self.of: dict[int, int | None] = dict.fromkeys(self._jobs)
        for technician_id, candidate in self._people.items():
            for occupied in candidate.calendar.jobs:
                if occupied.order_id in self.of:
                    self.of[occupied.order_id] = technician_id

    def give(self, order_id: int, technician_id: int | None) -> None:
        """Take the visit from whoever has it, and give it to this one."""
        former = self.of[order_id]
        if former is not None:
            self._set(former, self._people[former].calendar.without(order_id))
        self.of[order_id] = technician_id
        if technician_id is not None:
            calendar = self._people[technician_id].calendar
            jobs = sorted((*calendar.jobs, _occupied(self._jobs[order_id], calendar)))
            self._set(technician_id, replace(calendar, jobs=tuple(jobs)))

    def crew(self) -> Crew:
        """Everybody as they are planned now."""
        self._crew = self._crew.renewed(tuple(self._people.values()))
        return self._crew

    def figures(self) -> Figures:
        """The plan as it is now."""
        served = sum(holder is not None for holder in self.of.values())
        return Figures(served, sum(_way_minutes(c.calendar) for c in self._people.values()))

    def _set(self, technician_id: int, calendar: Calendar) -> None:
        self._people[technician_id] = replace(self._people[technician_id], calendar=calendar)


def improve(
    movable: Sequence[Movable],
    candidates: Sequence[Candidate],
    policy: Policy,
    *,
    moved_cost_s: int = 0,
    sweeps: int = SWEEPS,
    rounds: int = 200,
    seed: int = 1,
    stop: Callable[[], bool] = lambda: False,
) -> Replan:
    """A better plan for `movable`; the same question, seed and number of rounds have the same answer.

    Args:
        candidates: everybody, with the calendars in which `movable` visits stand where they are held now.
        moved_cost_s: what a visit that changes hands must gain at least.
        sweeps: how often all slices are assigned anew at most.
        rounds: neighbourhoods tried after the sweeps.
        stop: asked between steps; the plan so far is the answer.
    """
    search = _Search(movable, candidates, policy, moved_cost_s)
    before, worth = search.days.figures(), search.worth([m.holder_id for m in movable])
    done = 0
    while done < sweeps and not stop() and search.sweep(stop):
        done += 1
    dice = random.Random(seed)
    for _ in range(rounds if len(movable) > 1 else 0):
        if stop():
            break
        search.neighbourhood(dice)
        done += 1
    found = [search.days.of[m.job.order_id] for m in movable]
    gain = search.worth(found) - worth
    if gain <= 0:
        return Replan((), 0, before, before, done)
    pairs = zip(movable, found, strict=True)
    moves = tuple(Move(m.job.order_id, m.holder_id, to_id) for m, to_id in pairs if to_id != m.holder_id)
    return Replan(moves, round(gain), before, search.days.figures(), done)


class _Search:
    def __init__(
        self, movable: Sequence[Movable], candidates: Sequence[Candidate], policy: Policy, moved_cost_s: int
    ) -> None:
        self.days = Days(candidates, movable)
        self._given = movable
        self._movable = sorted(movable, key=lambda m: (m.job.start, m.job.order_id))
        self._policy, self._moved_cost = policy, moved_cost_s

    def worth(self, holders: Sequence[int | None]) -> float:
        """What a whole plan of the movable visits is worth: the scores of putting one in after the other, by their start."""
        of = {m.job.order_id: holder for m, holder in zip(self._given, holders, strict=True)}
        self._take_out(self._movable)
        return self._replay(self._movable, [of[m.job.order_id] for m in self._movable])

    def sweep(self, stop: Callable[[], bool]) -> bool:
        """Assign every slice anew; returns whether anything became better."""
        better = False
        for instant in sorted({m.job.start for m in self._movable}):
            if stop():
                break
            better |= self._slice([m for m in self._movable if _covers(m.job, instant)])
        return better

    def _slice(self, group: Sequence[Movable]) -> bool:
        held = self._take_out(group)
        rankings = self._rank(group)
        values = [self._values(m, ranking) for m, ranking in zip(group, rankings, strict=True)]
        former = sum(self._value(value, holder) for value, holder in zip(values, held, strict=True))
        people = sorted({technician_id for value in values for technician_id in value})
        column = {technician_id: k for k, technician_id in enumerate(people)}
        pairs = [(i, column[t], -score) for i, value in enumerate(values) for t, score in value.items()]
        rows, columns, costs = zip(*pairs, strict=True) if pairs else ((), (), ())
        chosen = [None if k == NOBODY else people[k] for k in assign(rows, columns, costs, [LEFT_WAITING] * len(group))]
        found = sum(self._value(value, choice) for value, choice in zip(values, chosen, strict=True))
        return self._settle(group, chosen if found - former >= LEAST_GAIN_S else held, found - former)

    def neighbourhood(self, dice: random.Random) -> bool:
        """Take a few visits out and put them back, the one with the most to lose first; keep what is better."""
        seed = dice.choice(self._movable)
        group = sorted(self._movable, key=lambda m: (_apart(seed.job, m.job), m.job.order_id))[:NEIGHBOURS]
        held = self._take_out(group)
        former = self._replay(group, held)
        self._take_out(group)
        chosen: dict[int, int | None] = {}
        found, left = 0.0, list(group)
        while left:
            values = [self._values(m, ranking) for m, ranking in zip(left, self._rank(left), strict=True)]
            pick = max(range(len(left)), key=lambda k: (_regret(values[k], dice), -k))
            m, value = left.pop(pick), values[pick]
            choice = max(value, key=lambda t: (value[t], -t), default=None)
            found += self._value(value, choice)
            chosen[m.job.order_id] = choice
            self.days.give(m.job.order_id, choice)
        self._take_out(group)
        new = [chosen[m.job.order_id] for m in group]
        return self._settle(group, new if found - former >= LEAST_GAIN_S else held, found - former)

    def _replay(self, group: Sequence[Movable], held: Sequence[int | None]) -> float:
        """What the former plan of these visits is worth, put in one after the other like the new one."""
        total = 0.0
        for m, holder in zip(group, held, strict=True):
            (ranking,) = self._rank([m])
            total += self._value(self._values(m, ranking), holder)
            self.days.give(m.job.order_id, holder)
        return total

    def _take_out(self, group: Iterable[Movable]) -> list[int | None]:
        held = []
        for m in group:
            held.append(self.days.of[m.job.order_id])
            self.days.give(m.job.order_id, None)
        return held

    def _settle(self, group: Sequence[Movable], chosen: Sequence[int | None], gain: float) -> bool:
        for m, choice in zip(group, chosen, strict=True):
            self.days.give(m.job.order_id, choice)
        return gain >= LEAST_GAIN_S

    def _rank(self, group: Sequence[Movable]) -> list[Ranking]:
        crew = self.days.crew()
        rows = np.arange(len(crew))
        return rank([(m.job, rows) for m in group], crew, self._policy)

    def _values(self, m: Movable, ranking: Ranking) -> dict[int, float]:
        """Technician -> score, less what a change of hands disturbs."""
        kept = m.holder_id
        scores = zip(ranking.ids.tolist(), ranking.scores.tolist(), strict=True)
        return {t: score - (self._moved_cost if kept not in (None, t) else 0) for t, score in scores}

    @staticmethod
    def _value(values: Mapping[int, float], technician_id: int | None) -> float:
        return values.get(technician_id, -LEFT_WAITING) if technician_id is not None else -LEFT_WAITING


def _regret(values: Mapping[int, float], dice: random.Random) -> float:
    """How much is lost if the best one is gone; shaken a little, so that rounds differ."""
    best = sorted(values.values(), reverse=True)[:2]
    lost = best[0] - best[1] if len(best) > 1 else LEFT_WAITING if best else -1.0
    return lost * (0.8 + 0.4 * dice.random())


def _covers(job: Job, instant: int) -> bool:
    return job.start - job.buffer_minutes <= instant < job.start + job.minutes + job.buffer_minutes


def _apart(a: Job, b: Job) -> float:
    """Kilometres, and time as if it were."""
    return distance_m(a.place, b.place) / 1000 + abs(a.start - b.start) / MINUTES_PER_KM


def _occupied(job: Job, calendar: Calendar) -> Occupied:
    block = Decider(calendar, job.terms).block(job.start)
    return Occupied(block.start, block.end, job.place, job.order_id, job.start)


def _way_minutes(calendar: Calendar) -> int:
    """Calm minutes of the ways between the jobs of each shift, from home and back."""
    total = 0
    for shift in calendar.shifts:
        stops = [job.place for job in calendar.jobs if shift.start <= job.start < shift.end]
        places = [calendar.home, *stops, calendar.home] if stops else []
        total += sum(OFFLINE.leg(a, b, calendar.transport).calm_minutes for a, b in itertools.pairwise(places))
    return total
