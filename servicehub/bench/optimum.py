"""Small cities against the optimum that CP-SAT proves: `pip install -e ".[bench]"`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from servicehub.bench.problems import city as cities
from servicehub.bench.problems import city_peers
from servicehub.matching.plans.solve import solve

SIZES = ((8, 28), (16, 60))
SIDE_M = 18_000.0
HOT, COLD, TAKE = 3.0, 0.02, 20.0
"""A small city is searched warm and with many visits at once: there is time to look everywhere."""


def measure(
    *,
    seconds: float = 4.0,
    seeds: int = 8,
    proof_seconds: float = 300.0,
    told: Callable[[dict[str, Any]], None] = lambda _row: None,
) -> dict[str, Any]:
    """For each size and seed the proven least cost and the planner's in `seconds` of CPU; a gap of 0 is the optimum.

    Raises: ValueError when CP-SAT is not installed.
    """
    rows = []
    for technicians, orders in SIZES:
        for seed in range(1, seeds + 1):
            city = cities.draw(technicians, orders, seed, SIDE_M)
            least, proven = city_peers.optimum(city, proof_seconds)
            plan = solve(city.problem(), seconds=seconds, hot=HOT, cold=COLD, take=TAKE)
            found = cities.judge(city, plan.routes)["cost"]
            row = {"technicians": technicians, "orders": orders, "seed": seed, "optimum": least, "proven": proven,
                   "cost": found, "gap_pct": round(100 * (found / least - 1), 3)}  # fmt: skip
            rows.append(row)
            told(row)
    known = [row for row in rows if row["proven"]]
    return {"rows": rows, "proven": len(known), "at_optimum": sum(row["cost"] == row["optimum"] for row in known)}
