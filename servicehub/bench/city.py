"""The day plan of a whole city against the simplest way and public solvers, in one run on one machine.

`pip install -e ".[bench]"` brings the peers. Each has one core; the planner's seconds are of CPU, and include the first plan.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from servicehub.bench.problems import city as cities
from servicehub.bench.problems import city_peers
from servicehub.matching.plans.solve import solve

MANY_ORDERS = 3000
"""From here on only the nearest of those who may are tried for an order."""
CANDIDATES = 64


def measure(
    *,
    technicians: int = 200,
    orders: int = 1000,
    seconds: float = 10.0,
    with_peers: bool = True,
    peer_seconds: float = 60.0,
    seed: int = 7,
    told: Callable[[dict[str, Any]], None] = lambda _row: None,
) -> dict[str, Any]:
    """A row for each way of planning the day of `seed`; `told` hears each as it is known."""
    city = cities.draw(technicians, orders, seed)
    rows: list[dict[str, Any]] = []

    def add(name: str, took: float, found: dict[str, Any]) -> None:
        rows.append({"name": name, "seconds": round(took, 2), **found})
        told(rows[-1])

    by_start = np.argsort(city.earliest, kind="stable")
    for name, sequence in (("nearest, as booked", np.argsort(city.booked)), ("nearest, by start", by_start)):
        began = time.perf_counter()
        routes = cities.nearest(city, sequence)
        add(name, time.perf_counter() - began, cities.judge(city, routes))
    solve(cities.draw(5, 20, 1).problem(), rounds=5)  # compiles, or loads what was compiled
    began = time.process_time()
    plan = solve(city.problem(CANDIDATES if orders > MANY_ORDERS else 0), seconds=seconds)
    add("servicehub", time.process_time() - began, cities.judge(city, plan.routes))
    for peer in city_peers.SOLVERS if with_peers else ():
        found, took, why = city_peers.run(peer, city, peer_seconds)
        add(peer, took, {"served": None, "why": why} if found is None else cities.judge(city, found))
    return {"technicians": technicians, "orders": orders, "seed": seed, "rows": rows}
