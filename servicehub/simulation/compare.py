"""Policies side by side on the same days: means, confidence intervals, and differences seed by seed."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from statistics import fmean
from typing import Any

from servicehub.simulation.day import Day, Tactics, tactics
from servicehub.simulation.figures import difference, measure, summary
from servicehub.simulation.hindsight import hindsight
from servicehub.simulation.scenario import Scenario, draw

Play = tuple[int, str, int, int]
"""Seed, policy, technicians, orders."""
HINDSIGHT = "hindsight"
Told = Callable[[dict[str, Any]], None]


def compare(
    policies: Sequence[str],
    *,
    technicians: int = 200,
    orders: int = 1000,
    seeds: int = 10,
    workers: int = 1,
    told: Told = lambda _row: None,
) -> dict[str, Any]:
    """Play `seeds` days under every policy, in so many processes; `told` hears of each day.

    Differences are from the first policy. Ratios are to what could have been planned knowing everything (`hindsight`).

    Raises: ValueError for a policy that does not exist, or for nothing to compare.
    """
    if not policies or seeds < 1 or technicians < 1 or orders < 1:
        raise ValueError("There is nothing to simulate")
    for name in policies:
        tactics(name)  # an unknown one is refused before anything is played
    plays = [(seed, name, technicians, orders) for seed in range(1, seeds + 1) for name in (*policies, HINDSIGHT)]
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in (*policies, HINDSIGHT)}
    for (seed, name, *_size), found in zip(plays, _played(plays, workers), strict=True):
        rows[name].append(found)
        told({"seed": seed, "policy": name, **{key: round(value, 2) for key, value in found.items()}})
    best = rows.pop(HINDSIGHT)
    return {
        "technicians": technicians,
        "orders": orders,
        "seeds": seeds,
        **side_by_side(rows),
        "hindsight": summary(best),
        "ratio_to_hindsight": {
            name: {key: round(_mean(found, key) / max(1e-9, _mean(best, key)), 4) for key in best[0]}
            for name, found in rows.items()
        },
    }


def _played(plays: Sequence[Play], workers: int) -> Iterator[dict[str, float]]:
    if workers == 1:
        yield from map(_play, plays)
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_play, plays)


def _play(play: Play) -> dict[str, float]:
    seed, name, technicians, orders = play
    scenario = draw(seed, technicians=technicians, orders=orders)
    return hindsight(scenario) if name == HINDSIGHT else played(scenario, tactics(name))


def played(scenario: Scenario, how: Tactics) -> dict[str, float]:
    """The figures of one day under one policy."""
    day = Day(scenario, how)
    day.play()
    return measure(day)


def side_by_side(rows: Mapping[str, Sequence[dict[str, float]]]) -> dict[str, Any]:
    """Every policy's days in means with intervals, and their differences from the first one, day by day."""
    base = next(iter(rows.values()))
    return {
        "policies": {name: summary(found) for name, found in rows.items()},
        "against": {name: difference(found, base) for name, found in rows.items() if found is not base},
    }


def _mean(rows: Sequence[dict[str, float]], key: str) -> float:
    return fmean(row[key] for row in rows)
