"""Public solvers on the problems that they can state, for comparison only. A peer that is not installed says so in its row."""

from __future__ import annotations

import importlib
import time
from pathlib import Path
from typing import Any

from servicehub.bench.problems import vrptw


def run(path: Path, instance: Any, seconds: float, seed: int) -> dict[str, Any]:
    """Name → cost in the file's unit and CPU seconds, or why there is none. Skills, tools and shared visits are beyond them."""
    if isinstance(instance, vrptw.Instance) and path.suffix == ".vrp":
        return {"pyvrp": _pyvrp(path, instance, seconds, seed)}
    return {}


def _pyvrp(path: Path, instance: vrptw.Instance, seconds: float, seed: int) -> dict[str, Any]:
    try:
        library = importlib.import_module("pyvrp")
    except ImportError:
        return {"missing": 'pip install -e ".[bench]"'}
    stop = importlib.import_module("pyvrp.stop").MaxRuntime(seconds)
    data = library.read(path, round_func="dimacs" if len(instance.depots) == 1 else "exact")
    began = time.process_time()
    result = library.solve(data, stop=stop, seed=seed, display=False)
    cost = result.cost() / instance.scale if result.is_feasible() else None
    return {"cost": cost, "seconds": round(time.process_time() - began, 2)}
