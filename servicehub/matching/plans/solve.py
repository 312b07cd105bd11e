"""Plans a day: from nothing or from a plan in force, as long as there is time, always with an answer in hand.

Given `rounds`, the answer depends on the problem and the seed alone; given `seconds` (of CPU), on the machine too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from servicehub.matching.plans.model import (
    COST,
    FETCH,
    LENGTH,
    NEVER,
    OWNER,
    PENALTY,
    Model,
    Plan,
    Problem,
    Routes,
    empty_routes,
)
from servicehub.matching.plans.regret import insert_by_regret
from servicehub.matching.plans.routes import in_time, refresh
from servicehub.matching.plans.search import desk_of, search

HOT, COLD = 1.0, 0.003
"""First and last temperature in mean costs of a visit."""
FIRST_ROUNDS = 20
"""By which the speed is measured."""
STAGES = 20
"""Parts of a run: each begins with the best plan so far, and between them it may be told to stop."""


def solve(
    problem: Problem,
    *,
    seconds: float = 0.0,
    rounds: int = 0,
    seed: int = 1,
    runs: int = 1,
    start: Sequence[Sequence[int]] = (),
    hot: float = HOT,
    cold: float = COLD,
    take: float = 10.0,
    longest: int = 10,
    stopped: Callable[[], bool] = lambda: False,
) -> Plan:
    """The best plan found in `seconds` of CPU (the first plan included), or in `rounds` of the search, whichever is given.

    `runs` searches share them, each from the start: where people differ much, the best of several short ones beats a long one.
    `start`: routes to begin from, one for each technician. `hot`, `cold`: first and last temperature in
    mean costs of a visit. `stopped` is asked between stages; what was found until then is the answer.

    Raises: ValueError when a starting route is not in time.
    """
    began = time.process_time()
    model = problem.model()
    plans = []

    def in_stages(run: int, part: Callable[[int, float, float], None]) -> int:
        left = (seconds - (time.process_time() - began)) / (runs - run) if seconds else 0.0
        return run_in_stages(part, seconds=left, rounds=rounds // runs, stopped=stopped)

    for run in range(runs):
        plans.append(_run(model, start, seed + run, hot, cold, take, longest, partial(in_stages, run)))
        if stopped():
            break
    return replace(min(plans, key=lambda plan: plan.cost), rounds=sum(plan.rounds for plan in plans))


def _run(
    model: Model,
    start: Sequence[Sequence[int]],
    seed: int,
    hot: float,
    cold: float,
    take: float,
    longest: int,
    in_stages: Callable[[Callable[[int, float, float], None]], int],
) -> Plan:
    routes, best = empty_routes(model), empty_routes(model)
    _begin(model, routes, start)
    for mine, other in zip(routes, best, strict=True):
        other[...] = mine
    dice = np.array([seed * 0x9E3779B97F4A7C15 % (1 << 64) or 1], np.uint64)
    alone = routes.spot[:, OWNER] < 0
    costs = np.full(2, routes.state[:, COST].sum() + model.visits[alone, PENALTY].sum(), np.int64)
    if not model.hops.shape[1] and model.terms[0] < 0 and alone.any():
        insert_by_regret(model, routes)
        alone = routes.spot[:, OWNER] < 0
        costs[:] = routes.state[:, COST].sum() + model.visits[alone, PENALTY].sum()
        for mine, other in zip(routes, best, strict=True):
            other[...] = mine
    # who is left gets what is cheapest; the first call also loads the compiled code
    search(model, routes, best, desk_of(model, routes), costs, dice, 1, 1e-9, 1e-9, take, longest, len(model.visits))
    mean = float(routes.state[:, COST].sum()) / max(1, int((routes.spot[:, OWNER] >= 0).sum())) or 1.0
    warm, cool = hot * mean, cold * mean

    def part(count: int, begin: float, end: float) -> None:
        _take_over(model, best, routes)
        costs[0] = costs[1]
        first, last = warm * (cool / warm) ** begin, warm * (cool / warm) ** end
        search(model, routes, best, desk_of(model, routes), costs, dice, count, first, last, take, longest)

    done = in_stages(part)
    return _plan(model, best, int(costs[1]), done + 1)


def run_in_stages(
    run: Callable[[int, float, float], None], *, seconds: float, rounds: int, stopped: Callable[[], bool]
) -> int:
    """Call `run(rounds, begin, end)` for parts of the whole from 0 to 1 until `seconds` of CPU or `rounds` are spent; how many
    were."""
    done = 0
    if rounds:
        for stage in range(STAGES):
            if stopped():
                break
            count = rounds * (stage + 1) // STAGES - rounds * stage // STAGES
            run(count, stage / STAGES, (stage + 1) / STAGES)
            done += count
        return done
    began, share, step = time.process_time(), 0.0, FIRST_ROUNDS
    while (time.process_time() - began) < seconds and not stopped():
        mark = time.process_time()
        run(step, share, min(1.0, share + (1 / STAGES if done else 0.0)))
        done += step
        rate = step / max(1e-6, time.process_time() - mark)
        share = min(1.0, (time.process_time() - began) / seconds)
        step = max(1, int(rate * min(seconds / STAGES, seconds * (1 - share))))
    return done


def _begin(model: Model, routes: Routes, start: Sequence[Sequence[int]]) -> None:
    for v, given in enumerate(start):
        routes.route[v, : len(given)] = given
        routes.state[v, LENGTH] = len(given)
    _refresh_all(model, routes)
    if (routes.state[:, COST] >= NEVER).any() or not all(
        in_time(*model[:4], routes.route, routes.state, v) for v in range(len(start))
    ):
        raise ValueError("a starting route is not in time")


def _take_over(model: Model, best: Routes, routes: Routes) -> None:
    """The best plan is the one under work again."""
    routes.state[:, LENGTH] = best.state[:, LENGTH]
    routes.route[...] = best.route
    _refresh_all(model, routes)


def _refresh_all(model: Model, routes: Routes) -> None:
    ahead = np.empty((len(model.visits) + 2, 3), np.int64)
    routes.spot[:, OWNER] = -1
    for v in range(len(model.people)):
        refresh(*model[:6], model.terms, *routes, v, ahead)


def _plan(model: Model, best: Routes, cost: int, rounds: int) -> Plan:
    lengths = best.state[:, LENGTH]
    routes = tuple(tuple(int(o) for o in best.route[v, : lengths[v]]) for v in range(len(model.people)))
    made = {o for route in routes for o in route}
    return Plan(
        routes=routes,
        fetch=tuple(int(k) for k in best.state[:, FETCH]),
        unserved=tuple(o for o in range(len(model.visits)) if o not in made),
        cost=cost,
        rounds=rounds,
    )
