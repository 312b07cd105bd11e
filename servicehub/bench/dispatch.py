"""How good day plans are, on published problems: TRSP, HHCRSP, VRPTW and MDVRPTW instances of any folder, against best known.

Every solution is judged by a checker that knows nothing of the engine. With peers, public solvers get the same CPU time in the same
run (`pip install -e ".[bench]"`); they are no dependencies of the product.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean
from types import ModuleType
from typing import Any

from servicehub.bench.problems import hhcrsp, peers, trsp, vrptw

PROBLEMS: tuple[ModuleType, ...] = (trsp, hhcrsp, vrptw)
SUFFIXES = (".txt", ".vrp", ".json", ".gz")


def measure(
    *,
    data: str = "",
    with_peers: bool = False,
    seconds: float = 20.0,
    only: str = "",
    seed: int = 1,
    told: Callable[[dict[str, Any]], None] = lambda _row: None,
) -> dict[str, Any]:
    """Solve every instance under `data` (of those whose name contains `only`) in `seconds` of CPU each.

    `told` hears each row as it is known. `gap_pct` is None without a best-known value. Raises: ValueError when there is no
    instance.
    """
    rows = []
    for problem, path in instances(Path(data), only):
        rows.append(_row(problem, path, seconds, seed, with_peers=with_peers))
        told(rows[-1])
    if not rows:
        raise ValueError(f"no instance of a known form under {data or '(no folder given: --data DIR)'}")
    gaps = [row["gap_pct"] for row in rows if row["gap_pct"] is not None]
    kinds = sorted({row["kind"] for row in rows})
    return {
        "instances": rows,
        "mean_gap_pct": round(fmean(gaps), 3) if gaps else None,
        "mean_gap_pct_by_kind": {kind: _mean(rows, kind) for kind in kinds},
        "all_valid": all(row["valid"] for row in rows),
    }


def instances(folder: Path, only: str = "") -> Iterator[tuple[ModuleType, Path]]:
    """Every file under `folder` that holds an instance of a known form, by name."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if path.is_file() and path.name.endswith(SUFFIXES) and only in path.name:
            problem = next((p for p in PROBLEMS if p.accepts(path)), None)
            if problem is not None:
                yield problem, path


def _row(problem: ModuleType, path: Path, seconds: float, seed: int, *, with_peers: bool) -> dict[str, Any]:
    instance = problem.read(path)
    began = time.process_time()
    solution = problem.run(instance, seconds, seed)
    took = time.process_time() - began
    cost, faults = problem.check(instance, solution)
    best = problem.best_known(path.parent, instance)
    return {
        "name": instance.name,
        "kind": getattr(instance, "kind", problem.KIND),
        "cost": round(cost, 3),
        "best_known": best,
        "gap_pct": round(100 * (cost / best - 1), 3) if best else None,
        "seconds": round(took, 2),
        "valid": not faults,
        "faults": faults[:3],
        "peers": peers.run(path, instance, seconds, seed) if with_peers else {},
    }


def _mean(rows: list[dict[str, Any]], kind: str) -> float | None:
    gaps = [row["gap_pct"] for row in rows if row["kind"] == kind and row["gap_pct"] is not None]
    return round(fmean(gaps), 3) if gaps else None
