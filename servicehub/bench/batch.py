"""How fast a batch is matched: every pair priced by the rules and the score that the product uses, and the best assignment of all.

The gap is taken against the full assignment problem, solved by another algorithm over a dense table. Limits on a quiet machine:
500 orders x 5,000 technicians in 250 ms, a tick of 50 x 2,000 in 25 ms (p95), the 64 nearest of 100,000 in 0.1 ms.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import median, quantiles
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from servicehub.domain.calendar import Job as Occupied
from servicehub.domain.timewindow import Window, aligned
from servicehub.matching import Candidate, Crew, Job, Policy, Ranking, choose, rank
from servicehub.matching.engine import LEFT_WAITING
from servicehub.matching.nearby import Nearby
from servicehub.simulation.scenario import Scenario, draw, instant

NEAREST = 64


def measure(
    *, orders: int = 500, technicians: int = 5000, repeats: int = 7, ticks: int = 60, crowd: int = 100_000
) -> dict[str, Any]:
    """Milliseconds of a large batch, of a tick, of a look around; and how far the assignment is from the optimum."""
    large = _batch(orders, technicians, seed=1)
    took, rankings = _timed(lambda: _match(large), repeats)
    tick = _batch(50, 2000, seed=2)
    tick_took, _found = _timed(lambda: _match(tick), ticks)
    chosen = choose(rankings)
    return {
        "orders": orders,
        "technicians": technicians,
        "pairs_priced": sum(len(ranking) for ranking in rankings),
        "assigned": sum(who is not None for who in chosen.values()),
        "batch_ms": round(median(took), 1),
        "batch_best_ms": round(min(took), 1),
        "gap_to_optimum": _cost(rankings, chosen) - _optimum(rankings),
        "tick_median_ms": round(median(tick_took), 1),
        "tick_p95_ms": round(quantiles(tick_took, n=20, method="inclusive")[-1], 1),
        **_retrieval(crowd),
    }


class Batch:
    """A drawn city whose technicians have jobs, and orders that wait."""

    def __init__(self, scenario: Scenario, crew: Crew, jobs: Sequence[Job]) -> None:
        self.scenario, self.crew, self.jobs = scenario, crew, jobs
        self.rows = np.arange(len(crew))


def _batch(orders: int, technicians: int, seed: int) -> Batch:
    scenario = draw(seed, technicians=technicians, orders=orders + 2 * technicians)
    wishes = scenario.wishes
    busy = [_busy(person, wishes[k::technicians][:2]) for k, person in enumerate(scenario.technicians)]
    morning = instant(min(wish.start for wish in wishes) - 60)
    jobs = [
        Job(order_id=w.order_id, place=w.place, start=w.start, minutes=w.minutes, now=morning, skill=w.skill,
            customer_id=w.order_id)
        for w in wishes[2 * technicians :]
    ]  # fmt: skip
    return Batch(scenario, Crew(busy), jobs)


def _busy(person: Candidate, wishes: Sequence[Any]) -> Candidate:
    """The technician with those of two visits that lie in his shift and do not overlap; ways between them do not matter here."""
    taken: list[Occupied] = []
    for wish in sorted(wishes, key=lambda w: w.start):
        window = aligned(Window(wish.start, wish.start + wish.minutes))
        free = all(window.start >= job.end for job in taken)
        if free and any(s.start <= window.start and window.end <= s.end for s in person.calendar.shifts):
            taken.append(Occupied(window.start, window.end, wish.place, wish.order_id, wish.start))
    return replace(person, calendar=replace(person.calendar, jobs=tuple(taken)))


def _match(batch: Batch) -> list[Ranking]:
    """What a tick does once people and orders are read: columns of the people, prices, assignment."""
    crew = Crew(()).renewed(batch.crew.candidates) if not batch.jobs else batch.crew
    found = rank([(job, batch.rows) for job in batch.jobs], crew, Policy())
    choose(found)
    return found


def _timed(run: Callable[[], list[Ranking]], repeats: int) -> tuple[list[float], list[Ranking]]:
    found = run()
    took = []
    for _ in range(repeats):
        began = time.perf_counter()
        found = run()
        took.append(1000 * (time.perf_counter() - began))
    return took, found


def _cost(rankings: Sequence[Ranking], chosen: dict[int, int | None]) -> int:
    total = 0
    for ranking in rankings:
        who = chosen[ranking.order_id]
        total += LEFT_WAITING if who is None else -int(ranking.scores[ranking.ids == who][0])
    return total


def _optimum(rankings: Sequence[Ranking]) -> int:
    """Least cost of the full problem: a dense table with every technician, and a column of its own for each order's waiting."""
    people = np.unique(np.concatenate([ranking.ids for ranking in rankings]))
    table = np.full((len(rankings), len(people) + len(rankings)), 10 * LEFT_WAITING, np.int64)
    for row, ranking in enumerate(rankings):
        table[row, np.searchsorted(people, ranking.ids)] = -ranking.scores
        table[row, len(people) + row] = LEFT_WAITING
    rows, columns = linear_sum_assignment(table)
    return int(table[rows, columns].sum())


def _retrieval(crowd: int) -> dict[str, Any]:
    """The nearest who may take an order, among many who move: an index made anew, and one look."""
    dice = np.random.default_rng(5)
    centres = dice.uniform(-0.25, 0.25, (20, 2))[dice.integers(0, 20, crowd)]
    lats, lngs = (np.array([31.23, 121.47]) + centres + dice.normal(0, 0.05, (crowd, 2))).T
    eligible = dice.random(crowd) < 0.5
    rebuilds = []
    for _ in range(5):
        began = time.perf_counter()
        nearby = Nearby(lats, lngs, eligible)
        rebuilds.append(1000 * (time.perf_counter() - began))
    looks = []
    for k in range(300):
        place = (float(lats[k]) + 0.003, float(lngs[k]))
        began = time.perf_counter()
        nearby.nearest(place, NEAREST)
        looks.append(1000 * (time.perf_counter() - began))
    return {
        "crowd": crowd,
        "rebuild_ms": round(median(rebuilds), 2),
        "nearest_64_ms": round(median(looks), 4),
        "nearest_64_p95_ms": round(quantiles(looks, n=20)[-1], 4),
    }
