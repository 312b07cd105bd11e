"""Policies side by side on the same days: means, confidence intervals, and differences seed by seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from servicehub.simulation.day import Day, tactics
from servicehub.simulation.figures import difference, measure, summary
from servicehub.simulation.scenario import draw

Told = Callable[[dict[str, Any]], None]


def compare(
    policies: Sequence[str],
    *,
    technicians: int = 200,
    orders: int = 1000,
    seeds: int = 10,
    told: Told = lambda _row: None,
) -> dict[str, Any]:
    """Play `seeds` days under every policy; `told` hears of each day. Differences are from the first policy.

    Raises: ValueError for a policy that does not exist, or for nothing to compare.
    """
    if not policies or seeds < 1 or technicians < 1 or orders < 1:
        raise ValueError("There is nothing to simulate")
    chosen = [tactics(name) for name in policies]
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in policies}
    for seed in range(1, seeds + 1):
        scenario = draw(seed, technicians=technicians, orders=orders)
        for how in chosen:
            day = Day(scenario, how)
            day.play()
            found = measure(day)
            rows[how.name].append(found)
            told({"seed": seed, "policy": how.name, **{name: round(value, 2) for name, value in found.items()}})
    base = rows[policies[0]]
    return {
        "technicians": technicians,
        "orders": orders,
        "seeds": seeds,
        "policies": {name: summary(found) for name, found in rows.items()},
        "against": {name: difference(found, base) for name, found in rows.items() if name != policies[0]},
    }
