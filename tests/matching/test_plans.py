"""Day plans: no rule is ever broken, small ones are optimal, the same seed says the same, a stopped search has an answer."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicehub.matching.plans import Plan, Problem, solve
from servicehub.matching.plans.together import Shared, solve_shared

HOUR = 3600


def town(seed: int, people: int = 3, visits: int = 8, **changes: object) -> Problem:
    """People at home around a square, each able to make about two thirds of the visits; ways of up to half an hour."""
    r = np.random.default_rng(seed)
    places = r.uniform(0, 1800, (visits + people, 2))
    earliest = (r.integers(8, 17, visits) * HOUR).astype(np.int64)
    facts: dict[str, object] = {
        "earliest": earliest, "latest": earliest + r.integers(1, 5, visits) * 1800, "service": r.integers(1, 4, visits) * 1800,
        "start": visits + np.arange(people), "opens": np.full(people, 8 * HOUR), "closes": np.full(people, 18 * HOUR),
        "xy": places, "allowed": r.random((people, visits)) < 0.67, "penalty": 20_000,
    }  # fmt: skip
    return Problem(**{**facts, **changes})  # type: ignore[arg-type]


def way(problem: Problem, a: int, b: int) -> int:
    assert problem.xy is not None
    return int(np.rint(np.hypot(*(problem.xy[a] - problem.xy[b]))))


def cost_of(problem: Problem, v: int, route: tuple[int, ...]) -> int | None:
    """The route's way, or None if a rule is broken: an open end, as the problem has it."""
    now, here, total = int(problem.opens[v]), int(problem.start[v]), 0
    for o in route:
        if problem.allowed is not None and not problem.allowed[v, o]:
            return None
        step = way(problem, here, o)
        now, total = max(now + step, int(problem.earliest[o])), total + step
        if now > problem.latest[o]:
            return None
        now, here = now + int(problem.service[o]), o
    return total if now <= problem.closes[v] else None


def judged(problem: Problem, plan: Plan) -> int:
    """The plan's cost by hand; fails on whatever it breaks."""
    made = [o for route in plan.routes for o in route]
    assert sorted([*made, *plan.unserved]) == list(range(len(problem.earliest)))
    costs = [cost_of(problem, v, route) for v, route in enumerate(plan.routes)]
    assert None not in costs
    return sum(c for c in costs if c is not None) + 20_000 * len(plan.unserved)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 14), st.sampled_from([0, 4]))
def test_no_rule_is_ever_broken_and_the_cost_is_what_it_says(seed: int, people: int, visits: int, hops: int) -> None:
    problem = town(seed, people, visits, hops=hops)

    plan = solve(problem, rounds=200, seed=seed)

    assert judged(problem, plan) == plan.cost


@pytest.mark.parametrize("seed", range(6))
def test_a_small_day_is_planned_as_well_as_it_can_be(seed: int) -> None:
    problem = town(seed, people=2, visits=5)
    costs = {
        (v, route): c
        for v in range(2)
        for n in range(6)
        for route in permutations(range(5), n)
        if (c := cost_of(problem, v, route)) is not None
    }
    best = min(
        c + d + 20_000 * (5 - len(a) - len(b))
        for ((v, a), c), ((w, b), d) in product(costs.items(), repeat=2)
        if v == 0 and w == 1 and not set(a) & set(b)
    )

    assert solve(problem, rounds=2000).cost == best


def test_the_same_seed_gives_the_same_plan_and_another_may_not() -> None:
    problem = town(3, people=4, visits=20)

    assert solve(problem, rounds=500, seed=9) == solve(problem, rounds=500, seed=9)


def test_a_search_that_is_stopped_has_a_whole_plan() -> None:
    problem = town(5, people=4, visits=20)
    asked = iter([False, False, True])

    plan = solve(problem, rounds=4000, stopped=lambda: next(asked, True))

    assert plan.rounds < 4000
    assert judged(problem, plan) == plan.cost


def test_a_plan_in_force_is_never_made_worse() -> None:
    problem = town(7, people=4, visits=16)
    good = solve(problem, rounds=3000)

    assert solve(problem, rounds=40, start=good.routes).cost <= good.cost


def test_a_start_that_is_late_is_refused() -> None:
    problem = town(1, people=1, visits=2, latest=np.array([0, 0]), earliest=np.array([0, 0]))

    with pytest.raises(ValueError, match="not in time"):
        solve(problem, rounds=10, start=[[0, 1]])


def test_load_and_time_away_bind() -> None:
    free = {"earliest": np.zeros(4, np.int64), "latest": np.full(4, 10**6), "service": np.full(4, 100)}
    problem = Problem(
        **free, start=np.full(2, 4), end=np.full(2, 4), opens=np.zeros(2, np.int64), closes=np.full(2, 10**6),
        xy=np.array([[0.0, 10.0], [0.0, 20.0], [0.0, 30.0], [0.0, 40.0], [0.0, 0.0]]), demand=np.full(4, 3),
        capacity=np.array([7, 7]), longest=np.array([10**6, 230]), penalty=1000,
    )  # fmt: skip

    plan = solve(problem, rounds=300)

    assert sorted(len(route) for route in plan.routes) == [1, 2]  # two are no load for one, and too long for the other
    assert len(plan.unserved) == 1


@pytest.mark.parametrize("seed", range(8))
def test_who_lacks_something_fetches_it_or_leaves_the_visit(seed: int) -> None:
    """Nobody carries anything, everything is needed: each day has the depot before its first visit."""
    r = np.random.default_rng(seed)
    problem = town(seed, people=3, visits=9)
    assert problem.xy is not None
    problem.xy = np.vstack([problem.xy, [[4000.0, 4000.0]]])
    problem.depot, problem.cost_of_way, problem.cost_of_time = 12, 0, 1
    problem.parts, problem.stock = r.integers(1, 3, (9, 2)), np.zeros((3, 2), np.int64)

    first, plan = solve(problem, rounds=1, seed=seed), solve(problem, rounds=600, seed=seed)

    assert plan.cost <= first.cost < 9 * 20_000, "the first round already serves some"
    for v, route in enumerate(plan.routes):
        assert plan.fetch[v] == (0 if route else -1)
        if route:
            around = way(problem, int(problem.start[v]), 12) + way(problem, 12, route[0])
            shifted = replace(problem, opens=problem.opens + around - way(problem, int(problem.start[v]), route[0]))
            assert cost_of(shifted, v, route) is not None


def pairs(seed: int, visits: int, people: int) -> Shared:
    r = np.random.default_rng(seed)
    places = r.uniform(0, 60, (visits + 1, 2))
    far = np.rint(np.hypot(*(places[:, None, i] - places[None, :, i] for i in (0, 1)))).astype(np.int64)
    earliest = r.integers(0, 400, visits)
    double = r.random(visits) < 0.4
    lag = r.integers(0, 30, visits)
    rows = np.column_stack([
        earliest, earliest + 60, r.integers(0, 2, visits), np.full(visits, 20), np.where(double, 2, -1),
        np.full(visits, 15), lag, lag + r.integers(0, 20, visits),
    ])  # fmt: skip
    able = np.ones((people, 3), np.bool_)
    able[0, 2] = False
    return Shared(far, rows.astype(np.int64), able)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(3, 5))
def test_two_who_come_together_are_two_and_in_time_of_each_other(seed: int, visits: int, people: int) -> None:
    shared = pairs(seed, visits, people)

    plan = solve_shared(shared, rounds=2000, seed=seed)

    begins: dict[tuple[int, int], tuple[int, int]] = {}
    total = 0
    for t, route in enumerate(plan.routes):
        free, here = 0, visits
        for a in route:
            row = shared.visits[a.visit]
            assert shared.able[t, row[2] if a.part == 0 else row[4]]
            assert a.begin >= max(free + shared.way[here, a.visit], row[0])
            total += int(shared.way[here, a.visit])
            free, here = a.begin + int(row[3] if a.part == 0 else row[5]), a.visit
            begins[a.visit, a.part] = t, a.begin
        total += int(shared.way[here, visits])
    late = [max(0, begin - int(shared.visits[o, 1])) for (o, _part), (_t, begin) in begins.items()]
    for o, row in enumerate(shared.visits):
        t, begin = begins[o, 0]
        if row[4] >= 0:
            u, begin_2 = begins[o, 1]
            assert t != u
            assert row[6] <= begin_2 - begin <= row[7]
    assert len(begins) == visits + int((shared.visits[:, 4] >= 0).sum())
    assert plan.cost == total + sum(late) + max(late)
