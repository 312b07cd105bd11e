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
from typing import NamedTuple

import numpy as np

from servicehub.domain.availability import Decider
from servicehub.domain.calendar import Calendar
from servicehub.domain.calendar import Job as Occupied
from servicehub.domain.geo import distance_m
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
    starts: tuple[int, ...] = ()
    """Epoch minutes at which it may begin as well; empty: its start was promised."""

    def options(self) -> tuple[int, ...]:
        """Every start, the present one first."""
        return (self.job.start, *(start for start in self.starts if start != self.job.start))


@dataclass(frozen=True, slots=True)
class Move:
    """One visit that changed hands, or begins at another time."""

    order_id: int
    from_id: int | None
    to_id: int | None
    start: int
    """Epoch minute at which it begins now."""


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


class Held(NamedTuple):
    """Who has a visit (None: nobody), and when it begins."""

    technician_id: int | None
    start: int


Values = Mapping[int, tuple[float, int]]
"""Technician -> what the visit is worth with him, and when it would begin."""


class Days:
    """The technicians' calendars while visits are taken out and put in."""

    def __init__(self, candidates: Sequence[Candidate], movable: Iterable[Movable]) -> None:
        self._jobs = {m.job.order_id: m.job for m in movable}
        """As they begin now."""
        self._people = {c.technician_id: c for c in candidates}
        self._crew = Crew(candidates)
        self.of: dict[int, int | None] = dict.fromkeys(self._jobs)
        for technician_id, candidate in self._people.items():
            for occupied in candidate.calendar.jobs:
                if occupied.order_id in self.of:
                    self.of[occupied.order_id] = technician_id

    def give(self, order_id: int, held: Held) -> None:
        """Take the visit from whoever has it, and give it to this one, to begin then."""
        technician_id, start = held
        former = self.of[order_id]
        if former is not None:
            self._set(former, self._people[former].calendar.without(order_id))
        self.of[order_id] = technician_id
        self._jobs[order_id] = replace(self._jobs[order_id], start=start)
        if technician_id is not None:
            calendar = self._people[technician_id].calendar
            jobs = sorted((*calendar.jobs, _occupied(self._jobs[order_id], calendar)))
            self._set(technician_id, replace(calendar, jobs=tuple(jobs)))

    def held(self, order_id: int) -> Held:
        """Who has the visit, and when it begins."""
        return Held(self.of[order_id], self._jobs[order_id].start)

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
    price: Callable[[int], float] = lambda _start: 0.0,
    stop: Callable[[], bool] = lambda: False,
) -> Replan:
    """A better plan for `movable`; the same question, seed and number of rounds have the same answer.

    Args:
        candidates: everybody, with the calendars in which `movable` visits stand where they are held now.
        moved_cost_s: what a visit that changes hands must gain at least.
        sweeps: how often all slices are assigned anew at most.
        rounds: neighbourhoods tried after the sweeps.
        price: seconds that beginning then costs besides, because others will want that hour.
        stop: asked between steps; the plan so far is the answer.
    """
    search = _Search(movable, candidates, policy, moved_cost_s, price)
    before, worth = search.days.figures(), search.worth([Held(m.holder_id, m.job.start) for m in movable])
    done = 0
    while done < sweeps and not stop() and search.sweep(stop):
        done += 1
    dice = random.Random(seed)
    for _ in range(rounds if len(movable) > 1 else 0):
        if stop():
            break
        search.neighbourhood(dice)
        done += 1
    found = [search.days.held(m.job.order_id) for m in movable]
    gain = search.worth(found) - worth
    if gain <= 0:
        return Replan((), 0, before, before, done)
    pairs = zip(movable, found, strict=True)
    moves = tuple(Move(m.job.order_id, m.holder_id, *held) for m, held in pairs if held != (m.holder_id, m.job.start))
    return Replan(moves, round(gain), before, search.days.figures(), done)


class _Search:
    def __init__(
        self,
        movable: Sequence[Movable],
        candidates: Sequence[Candidate],
        policy: Policy,
        moved_cost_s: int,
        price: Callable[[int], float],
    ) -> None:
        self.days = Days(candidates, movable)
        self._given = movable
        self._movable = sorted(movable, key=lambda m: (m.job.start, m.job.order_id))
        self._policy, self._moved_cost, self._price = policy, moved_cost_s, price

    def worth(self, held: Sequence[Held]) -> float:
        """What a whole plan of the movable visits is worth: the scores of putting one in after the other, by their start."""
        of = {m.job.order_id: one for m, one in zip(self._given, held, strict=True)}
        self._take_out(self._movable)
        return self._replay(self._movable, [of[m.job.order_id] for m in self._movable])

    def sweep(self, stop: Callable[[], bool]) -> bool:
        """Assign every slice anew; returns whether anything became better."""
        better = False
        for instant in sorted({self.days.held(m.job.order_id).start for m in self._movable}):
            if stop():
                break
            better |= self._slice([m for m in self._movable if self._covers(m.job, instant)])
        return better

    def _slice(self, group: Sequence[Movable]) -> bool:
        held = self._take_out(group)
        rankings = self._rank(group)
        values = [self._values(m, ranking) for m, ranking in zip(group, rankings, strict=True)]
        former = sum(self._worth(m, ranking, one) for m, ranking, one in zip(group, rankings, held, strict=True))
        people = sorted({technician_id for value in values for technician_id in value})
        column = {technician_id: k for k, technician_id in enumerate(people)}
        pairs = [(i, column[t], -score) for i, value in enumerate(values) for t, (score, _start) in value.items()]
        rows, columns, costs = zip(*pairs, strict=True) if pairs else ((), (), ())
        chosen = [None if k == NOBODY else people[k] for k in assign(rows, columns, costs, [LEFT_WAITING] * len(group))]
        found = sum(_value(value, choice) for value, choice in zip(values, chosen, strict=True))
        new = [_held(m, value, choice) for m, value, choice in zip(group, values, chosen, strict=True)]
        return self._settle(group, new if found - former >= LEAST_GAIN_S else held, found - former)

    def neighbourhood(self, dice: random.Random) -> bool:
        """Take a few visits out and put them back, the one with the most to lose first; keep what is better."""
        seed = dice.choice(self._movable)
        group = sorted(self._movable, key=lambda m: (_apart(seed.job, m.job), m.job.order_id))[:NEIGHBOURS]
        held = self._take_out(group)
        former = self._replay(group, held)
        self._take_out(group)
        chosen: dict[int, Held] = {}
        found, left = 0.0, list(group)
        while left:
            values = [self._values(m, ranking) for m, ranking in zip(left, self._rank(left), strict=True)]
            pick = max(range(len(left)), key=lambda k: (_regret(values[k], dice), -k))
            m, value = left.pop(pick), values[pick]
            choice = max(value, key=lambda t: (value[t][0], -t), default=None)
            found += _value(value, choice)
            chosen[m.job.order_id] = _held(m, value, choice)
            self.days.give(m.job.order_id, chosen[m.job.order_id])
        self._take_out(group)
        new = [chosen[m.job.order_id] for m in group]
        return self._settle(group, new if found - former >= LEAST_GAIN_S else held, found - former)

    def _replay(self, group: Sequence[Movable], held: Sequence[Held]) -> float:
        """What the former plan of these visits is worth, put in one after the other like the new one."""
        total = 0.0
        for m, one in zip(group, held, strict=True):
            (options,) = self._rank([m])
            total += self._worth(m, options, one)
            self.days.give(m.job.order_id, one)
        return total

    def _take_out(self, group: Iterable[Movable]) -> list[Held]:
        held = []
        for m in group:
            held.append(self.days.held(m.job.order_id))
            self.days.give(m.job.order_id, Held(None, held[-1].start))
        return held

    def _settle(self, group: Sequence[Movable], chosen: Sequence[Held], gain: float) -> bool:
        for m, choice in zip(group, chosen, strict=True):
            self.days.give(m.job.order_id, choice)
        return gain >= LEAST_GAIN_S

    def _covers(self, job: Job, instant: int) -> bool:
        start = self.days.held(job.order_id).start
        return start - job.buffer_minutes <= instant < start + job.minutes + job.buffer_minutes

    def _rank(self, group: Sequence[Movable]) -> list[dict[int, Ranking]]:
        """Start -> ranking, for each visit."""
        crew = self.days.crew()
        rows = np.arange(len(crew))
        asked = [replace(m.job, start=start) for m in group for start in m.options()]
        ranked = iter(rank([(job, rows) for job in asked], crew, self._policy))
        return [{start: next(ranked) for start in m.options()} for m in group]

    def _values(self, m: Movable, rankings: Mapping[int, Ranking]) -> Values:
        """The best start with each technician, less what a change of hands disturbs."""
        found: dict[int, tuple[float, int]] = {}
        for start, ranking in rankings.items():
            ids, scores = ranking.unsorted[0], ranking.unsorted[1] - self._price(start)
            for technician_id, score in zip(ids.tolist(), scores.tolist(), strict=True):
                worth = score - (self._moved_cost if m.holder_id not in (None, technician_id) else 0)
                if technician_id not in found or worth > found[technician_id][0]:
                    found[technician_id] = worth, start
        return found

    def _worth(self, m: Movable, rankings: Mapping[int, Ranking], held: Held) -> float:
        """What the visit is worth as it is held."""
        return _value(self._values(m, {held.start: rankings[held.start]}), held.technician_id)


def _value(values: Values, technician_id: int | None) -> float:
    return values[technician_id][0] if technician_id is not None and technician_id in values else -LEFT_WAITING


def _held(m: Movable, values: Values, technician_id: int | None) -> Held:
    return Held(technician_id, m.job.start if technician_id is None else values[technician_id][1])


def _regret(values: Values, dice: random.Random) -> float:
    """How much is lost if the best one is gone; shaken a little, so that rounds differ."""
    best = sorted((worth for worth, _start in values.values()), reverse=True)[:2]
    lost = best[0] - best[1] if len(best) > 1 else LEFT_WAITING if best else -1.0
    return lost * (0.8 + 0.4 * dice.random())


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
        total += sum(calendar.travel.leg(a, b, calendar.transport).calm_minutes for a, b in itertools.pairwise(places))
    return total
