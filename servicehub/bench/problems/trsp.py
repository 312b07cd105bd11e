"""The technician routing and scheduling problem of Pillac, Guéret and Medaglia (2013): skills, tools, spare parts, own homes.

A technician leaves home with his own tools and a stock of parts and may visit the depot once, after which he lacks nothing.
Windows are hard, the day ends at home, and the cost is the sum of the durations of all routes. Every request must be served.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from servicehub.matching.plans import Plan, Problem, solve

KIND = "trsp"
UNIT = 1_000_000
"""Whole numbers in one unit of an instance's time. Ways are rounded up, so what is in time here is in time there."""
HOT, COLD, TAKE = 4.0, 0.04, 16.0
"""Warmer, and more visits at once: people differ so much that a visit rarely changes hands alone."""
RUN_SECONDS = 20.0
"""Of CPU; with more time the search begins anew: the best of several ends lower than one long one."""
_ROW = re.compile(r"^(\d+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+(\S+)\s+\[(.*?)\]\s+\[(.*?)\]\s+\[(.*?)\]")
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Row:
    """Depot, technician or request, as in the file."""

    x: float
    y: float
    opens: float
    closes: float
    service: float
    skills: frozenset[int]
    tools: frozenset[int]
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Instance:
    """Row 0 is the depot, then come the technicians, then the requests."""

    name: str
    rows: tuple[Row, ...]
    technicians: int


Solution = list[tuple[int, list[int]]]
"""Technician's row → rows in order; 0 is the visit to the depot."""


def accepts(path: Path) -> bool:
    """Whether the file holds such an instance."""
    return path.suffix == ".txt" and "DEPOT TECHNICIANS AND REQUESTS" in path.read_text("utf-8", "replace")[:400]


def read(path: Path) -> Instance:
    """Raises: ValueError for a file of another form."""
    text = path.read_text("utf-8")
    crew = re.search(r"CREW COUNT[^\n]*\n(\d+)", text)
    if crew is None:
        raise ValueError(f"{path} names no crew")
    found = [_ROW.match(line) for line in text.splitlines()]
    rows = tuple(_row(m) for m in found if m)
    return Instance(path.stem, rows, int(crew[1]))


def best_known(folder: Path, instance: Instance) -> float | None:
    """From the `best_known.csv` beside or above the instances, or from a `.sol` file with `name=value` lines."""
    for file in (folder / "best_known.csv", folder.parent / "best_known.csv"):
        if file.is_file():
            for line in file.read_text("utf-8").splitlines():
                name, value, *_rest = [*line.split(","), ""]
                if name == instance.name:
                    return float(value)
    for file in (*folder.glob("*.sol"), *folder.parent.glob("*.sol")):
        for line in file.read_text("utf-8").splitlines():
            if line.startswith(f"{instance.name}="):
                return float(line.split("=")[1])
    return None


def run(instance: Instance, seconds: float, seed: int = 1) -> Solution:
    """The engine's answer in `seconds` of CPU."""
    runs = max(1, int(seconds // RUN_SECONDS))
    plan = solve(problem_of(instance), seconds=seconds, seed=seed, runs=runs, hot=HOT, cold=COLD, take=TAKE)
    return solution_of(instance, plan)


def problem_of(instance: Instance) -> Problem:
    """As the engine is asked: visits are the requests, then the depot, then the homes."""
    crew, rows = instance.technicians, instance.rows
    people, requests = rows[1 : crew + 1], rows[crew + 1 :]
    n = len(requests)
    nodes = [*requests, rows[0], *people]
    kinds = max((len(row.parts) for row in rows), default=0)
    points = np.array([[row.x, row.y] for row in nodes])
    way = np.ceil(np.hypot(*(points[:, None, i] - points[None, :, i] for i in (0, 1))) * UNIT - 1e-3)
    allowed = np.array([[o.skills <= p.skills for o in requests] for p in people])
    homes = n + 1 + np.arange(crew)
    return Problem(
        earliest=_whole(requests, "opens"),
        latest=_whole(requests, "closes"),
        service=_whole(requests, "service"),
        start=homes,
        end=homes,
        opens=_whole(people, "opens"),
        closes=_whole(people, "closes"),
        way=way.astype(np.int32),
        allowed=allowed,
        penalty=10_000 * UNIT,
        tools=np.array([_mask(o.tools) for o in requests], np.int64),
        own_tools=np.array([_mask(p.tools) for p in people], np.int64),
        parts=np.array([_padded(o.parts, kinds) for o in requests], np.int64),
        stock=np.array([_padded(p.parts, kinds) for p in people], np.int64),
        depot=n,
        cost_of_way=0,
        cost_of_time=1,
    )


def solution_of(instance: Instance, plan: Plan) -> Solution:
    """The engine's plan in the rows of the file."""
    found: Solution = []
    for v, route in enumerate(plan.routes):
        if route:
            rows = [instance.technicians + 1 + o for o in route]
            if plan.fetch[v] >= 0:
                rows.insert(plan.fetch[v], 0)
            found.append((v + 1, rows))
    return found


def check(instance: Instance, solution: Solution) -> tuple[float, list[str]]:
    """Cost and broken rules of a solution, by walking it through in the file's own terms; knows nothing of the engine."""
    faults: list[str] = []
    served: list[int] = []
    total = 0.0
    for technician, rows in solution:
        cost, broken = _walk(instance, technician, rows)
        total += cost
        faults += broken
        served += [row for row in rows if row]
    wanted = range(instance.technicians + 1, len(instance.rows))
    faults += [f"request {row} is served {served.count(row)} times" for row in wanted if served.count(row) != 1]
    return total, faults


def _walk(instance: Instance, technician: int, rows: list[int]) -> tuple[float, list[str]]:
    """Duration when he leaves as late as he may without being home later, and what is broken."""
    home = instance.rows[technician]
    faults, lacks_nothing, stock = [], False, list(home.parts)
    now, here, waited, slack = home.opens, home, 0.0, math.inf
    for number in rows:
        row = instance.rows[number]
        now += math.dist((here.x, here.y), (row.x, row.y))
        here = row
        if number == 0:
            faults += ["the depot twice"] if lacks_nothing else []
            lacks_nothing = True
            continue
        if not row.skills <= home.skills:
            faults.append(f"{technician} lacks a skill for {number}")
        if not lacks_nothing:
            stock = [have - used for have, used in zip(stock, row.parts, strict=False)]
            if not row.tools <= home.tools or min(stock, default=0) < 0:
                faults.append(f"{technician} lacks tools or parts for {number}")
        waited += max(0.0, row.opens - now)
        now = max(now, row.opens)
        if now > row.closes + _TOLERANCE:
            faults.append(f"{technician} is late for {number}")
        slack = min(slack, waited + row.closes - now)
        now += row.service
    now += math.dist((here.x, here.y), (home.x, home.y))
    if now > home.closes + _TOLERANCE:
        faults.append(f"{technician} is home late")
    slack = min(slack, waited + home.closes - now)
    return now - home.opens - min(waited, slack), faults


def _row(found: re.Match[str]) -> Row:
    x, y, opens, closes, service = (float(found[k]) for k in range(2, 7))
    return Row(
        x, y, opens, closes, service, frozenset(_list(found[7])), frozenset(_list(found[8])), tuple(_list(found[9]))
    )


def _list(text: str) -> list[int]:
    return [int(x) for x in text.split(",") if x.strip()]


def _mask(numbers: frozenset[int]) -> int:
    return sum(1 << number for number in numbers)


def _padded(parts: tuple[int, ...], kinds: int) -> list[int]:
    return [*parts, *[0] * (kinds - len(parts))]


def _whole(rows: Any, name: str) -> np.ndarray:
    return np.array([round(getattr(row, name) * UNIT) for row in rows], np.int64)
