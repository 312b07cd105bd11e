"""Exchanging what is left of two days: what it is said to cost is what it costs, and what is refused could not be made."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from servicehub.matching.plans import Problem, solve
from servicehub.matching.plans.model import COST, DURATION, LENGTH, LOAD, NEVER, Model, Routes, empty_routes
from servicehub.matching.plans.routes import in_time, refresh
from servicehub.matching.plans.tails import cut, exchange

HOUR = 3600
TEAM = 4
AWAY = 9 * HOUR
CAPACITY = 12


def depot(seed: int, visits: int = 14, **changes: object) -> Problem:
    """A team that starts and ends its days at one place, with loads and a most time away."""
    r = np.random.default_rng(seed)
    earliest = (r.integers(8, 17, visits) * HOUR).astype(np.int64)
    facts: dict[str, object] = {
        "earliest": earliest, "latest": earliest + r.integers(1, 7, visits) * 1800, "service": r.integers(1, 4, visits) * 900,
        "start": np.full(TEAM, visits), "end": np.full(TEAM, visits), "opens": np.full(TEAM, 8 * HOUR),
        "closes": np.full(TEAM, 19 * HOUR), "xy": r.uniform(0, 1800, (visits + 1, 2)), "penalty": 40_000,
        "demand": r.integers(1, 5, visits), "capacity": np.full(TEAM, CAPACITY), "longest": np.full(TEAM, AWAY),
        "kind": np.zeros(TEAM, np.int64),
    }  # fmt: skip
    return Problem(**{**facts, **changes})  # type: ignore[arg-type]


def routes_of(model: Model, days: tuple[tuple[int, ...], ...]) -> Routes:
    routes, ahead = empty_routes(model), np.empty((len(model.visits) + 2, 3), np.int64)
    for v, day in enumerate(days):
        routes.route[v, : len(day)] = day
        routes.state[v, LENGTH] = len(day)
        refresh(*model[:6], model.terms, *routes, v, ahead)
    return routes


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1 << 20), cost_of_time=st.integers(0, 2), endless=st.booleans())
def test_the_price_of_a_cut_is_what_it_changes(seed: int, cost_of_time: int, endless: bool) -> None:
    problem = depot(seed, cost_of_time=cost_of_time, **({"longest": None} if endless else {}))
    model, plan = problem.model(), solve(problem, rounds=20, seed=seed)
    ahead, line = np.empty((len(model.visits) + 2, 3), np.int64), np.empty(len(model.visits), np.int64)
    v, u = 0, 1
    for p in range(len(plan.routes[v]) + 1):
        for r in range(len(plan.routes[u]) + 1):
            routes = routes_of(model, plan.routes)
            before = routes.state[:, COST].sum()
            price = cut(model.way, model.xy, model.visits, model.people, model.terms, *routes[:3], v, p, u, r, NEVER)

            exchange(routes.route, routes.state, v, p, u, r, line)
            for one in (v, u):
                refresh(*model[:6], model.terms, *routes, one, ahead)

            fits = max(routes.state[v, LENGTH], routes.state[u, LENGTH]) <= routes.route.shape[1] - 2
            changes = (p, r) not in {(0, 0), (len(plan.routes[v]), len(plan.routes[u]))}
            possible = all(
                in_time(*model[:4], routes.route, routes.state, one)
                and routes.state[one, LOAD] <= CAPACITY
                and (endless or routes.state[one, DURATION] <= AWAY)
                for one in (v, u)
            )
            if not (fits and changes):
                continue
            assert (price < NEVER) == possible
            if possible:
                assert price == routes.state[:, COST].sum() - before


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1 << 20))
def test_a_plan_of_interchangeable_people_keeps_loads_and_hours(seed: int) -> None:
    problem = depot(seed, visits=30, hops=8)

    plan = solve(problem, rounds=400, seed=seed)

    assert sorted([*(o for route in plan.routes for o in route), *plan.unserved]) == list(range(30))
    routes = routes_of(problem.model(), plan.routes)
    assert (routes.state[:, LOAD] <= CAPACITY).all()
    assert (routes.state[:, DURATION] <= AWAY).all()
    assert all(in_time(*problem.model()[:4], routes.route, routes.state, v) for v in range(TEAM))
    assert plan.cost == routes.state[:, COST].sum() + 40_000 * len(plan.unserved)
