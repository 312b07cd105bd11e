"""The bench of whole cities: the same seed is the same city, and the judge sees every broken rule."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import numpy as np
import pytest

from servicehub.bench import city as bench
from servicehub.bench import optimum
from servicehub.bench.problems import city as cities
from servicehub.bench.problems import city_peers
from servicehub.matching.plans.solve import solve


@pytest.fixture
def small() -> cities.City:
    return cities.draw(6, 20, seed=3, side_m=12_000)


def test_the_same_seed_is_the_same_city(small: cities.City) -> None:
    again, other = cities.draw(6, 20, seed=3, side_m=12_000), cities.draw(6, 20, seed=4, side_m=12_000)

    np.testing.assert_array_equal(again.places, small.places)
    np.testing.assert_array_equal(again.needs, small.needs)
    assert not np.array_equal(other.places, small.places)


def test_a_plan_is_judged_as_it_was_priced_and_beats_the_nearest_way(small: cities.City) -> None:
    plan = solve(small.problem(), rounds=300)

    found = cities.judge(small, plan.routes)
    assert (found["served"], found["cost"]) == (plan.served, plan.cost)
    assert found["cost"] <= cities.judge(small, cities.nearest(small, np.argsort(small.earliest)))["cost"]


def test_the_judge_sees_what_is_wrong(small: cities.City) -> None:
    plan = solve(small.problem(), rounds=300)
    who = max(range(6), key=lambda v: len(plan.routes[v]))
    routes = [list(route) for route in plan.routes]
    order = routes[who][0]

    twice = [[*route] for route in routes]
    twice[who].append(order)
    with pytest.raises(ValueError, match="twice"):
        cities.judge(small, twice)
    unable = replace(small, has=np.zeros_like(small.has), needs=np.maximum(small.needs, 1))
    with pytest.raises(ValueError, match="cannot"):
        cities.judge(unable, routes)
    apart = replace(small, blocked={order: frozenset({who})})
    with pytest.raises(ValueError, match="kept apart"):
        cities.judge(apart, routes)
    with pytest.raises(ValueError, match="late"):
        cities.judge(replace(small, latest=small.earliest - 8 * 3600), routes)
    with pytest.raises(ValueError, match="after the shift"):
        cities.judge(replace(small, closes=small.opens), routes)


def test_every_way_of_planning_has_its_row() -> None:
    heard: list[str] = []

    found = bench.measure(
        technicians=6, orders=20, seconds=0.2, with_peers=False, told=lambda row: heard.append(row["name"])
    )

    assert [row["name"] for row in found["rows"]] == heard == ["nearest, as booked", "nearest, by start", "servicehub"]
    assert all(set(row) >= {"name", "seconds", "served", "travel_min_per_order", "gini"} for row in found["rows"])


@pytest.mark.parametrize("peer", sorted(city_peers.SOLVERS))
def test_a_peer_answers_or_says_that_it_is_missing(small: cities.City, peer: str) -> None:
    routes, _took, why = city_peers.run(peer, small, 1.0)

    if routes is None:
        assert "pip install" in why
    else:
        assert cities.judge(small, routes)["served"] > 0


def test_the_optimum_of_a_tiny_city_is_met_or_its_prover_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimum, "SIZES", ((3, 8),))
    if importlib.util.find_spec("ortools") is None:
        with pytest.raises(ValueError, match="pip install"):
            optimum.measure(seeds=1)
        return

    found = optimum.measure(seconds=0.3, seeds=2, proof_seconds=20)

    assert found["proven"] == found["at_optimum"] == 2
    assert all(row["gap_pct"] == 0 for row in found["rows"])
