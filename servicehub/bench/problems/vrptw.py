"""Vehicle routing with time windows, from one depot (Gehring and Homberger 1999; Solomon 1987) or several (Vidal et al. 2013).

Read from the VRPLIB dialect of PyVRP, and Solomon's own text. Each vehicle starts and ends at its depot, carries at most its
capacity and is away at most a given time. Cost: way. Rounding follows the published costs: one decimal cut off with one depot
(as in the DIMACS challenge), three decimals with several.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from servicehub.matching.plans import Plan, Problem, solve

KIND = "vrptw"
HOPS = 32
"""Neighbours beside which an insertion is tried."""


@dataclass(frozen=True, slots=True)
class Instance:
    """Times and ways in whole `scale`-ths of the file's unit; a node's row in each list."""

    name: str
    kind: str
    scale: int
    x: tuple[float, ...]
    y: tuple[float, ...]
    demand: tuple[int, ...]
    service: tuple[int, ...]
    opens: tuple[int, ...]
    closes: tuple[int, ...]
    depots: tuple[int, ...]
    home: tuple[int, ...]
    """Each vehicle's depot."""
    capacity: int
    longest: int

    def way(self, a: int, b: int) -> int:
        """From node to node: cut off with one depot, rounded with several."""
        far = self.scale * math.hypot(self.x[a] - self.x[b], self.y[a] - self.y[b])
        return int(far) if len(self.depots) == 1 else round(far)


Solution = list[tuple[int, list[int]]]
"""Vehicle → nodes in order."""


def accepts(path: Path) -> bool:
    """Whether the file holds such an instance."""
    if path.suffix == ".vrp":
        return "TIME_WINDOW_SECTION" in path.read_text("utf-8")
    return path.suffix == ".txt" and "CUST NO." in path.read_text("utf-8", "replace")[:400]


def read(path: Path) -> Instance:
    """Raises: KeyError, ValueError for a file that lacks a section."""
    text = path.read_text("utf-8")
    return _solomon(path.stem, text) if path.suffix == ".txt" else _vrplib(path.stem, text)


def best_known(folder: Path, instance: Instance) -> float | None:
    """The cost in the `.sol` file beside the instance, or in one with `NAME=cost` lines, in the file's unit."""
    own = folder / f"{instance.name}.sol"
    if own.is_file() and (found := re.search(r"Cost:?\s*([\d.]+)", own.read_text("utf-8"))):
        cost = float(found[1])
        return cost / instance.scale if instance.kind == "mdvrptw" else cost
    for file in folder.glob("*.sol"):
        for line in file.read_text("utf-8").splitlines():
            if found := re.match(rf"{instance.name}\s*[=:]\s*([\d.]+)", line):
                return float(found[1])
    return None


def run(instance: Instance, seconds: float, seed: int = 1) -> Solution:
    """The engine's answer in `seconds` of CPU."""
    return solution_of(instance, solve(problem_of(instance), seconds=seconds, seed=seed))


def problem_of(instance: Instance) -> Problem:
    """As the engine is asked: customers first, then the depots."""
    nodes = _nodes(instance)
    customers = nodes[: len(nodes) - len(instance.depots)]
    points = np.array([[instance.x[k], instance.y[k]] for k in nodes])
    far = instance.scale * np.hypot(*(points[:, None, i] - points[None, :, i] for i in (0, 1)))
    way = np.floor(far) if len(instance.depots) == 1 else np.rint(far)
    place = {node: k for k, node in enumerate(nodes)}
    start = np.array([place[depot] for depot in instance.home], np.int64)

    def column(values: tuple[int, ...]) -> np.ndarray:
        return np.array([values[k] for k in customers], np.int64)

    return Problem(
        earliest=column(instance.opens),
        latest=column(instance.closes),
        service=column(instance.service),
        demand=column(instance.demand),
        start=start,
        end=start,
        opens=np.array([instance.opens[depot] for depot in instance.home], np.int64),
        closes=np.array([instance.closes[depot] for depot in instance.home], np.int64),
        capacity=np.full(len(start), instance.capacity, np.int64),
        longest=np.full(len(start), instance.longest, np.int64) if instance.longest else None,
        kind=start - len(customers),
        way=way.astype(np.int32),
        penalty=int(way.max()) * 20,
        hops=HOPS if len(customers) > 150 else 0,
    )


def solution_of(instance: Instance, plan: Plan) -> Solution:
    """The engine's plan in the nodes of the file."""
    nodes = _nodes(instance)
    return [(v, [nodes[o] for o in route]) for v, route in enumerate(plan.routes) if route]


def check(instance: Instance, solution: Solution) -> tuple[float, list[str]]:
    """Cost in the file's unit and broken rules of a solution; knows nothing of the engine."""
    faults: list[str] = []
    served: list[int] = []
    total = 0
    for vehicle, nodes in solution:
        depot = instance.home[vehicle]
        if sum(instance.demand[node] for node in nodes) > instance.capacity:
            faults.append(f"vehicle {vehicle} is overloaded")
        if instance.longest and _away(instance, depot, nodes) > instance.longest:
            faults.append(f"vehicle {vehicle} is away for too long")
        here, now = depot, instance.opens[depot]
        for node in [*nodes, depot]:
            now = max(now + instance.way(here, node), instance.opens[node])
            total += instance.way(here, node)
            if now > instance.closes[node]:
                faults.append(f"vehicle {vehicle} is late at {node}")
            now += instance.service[node]
            here = node
        served += nodes
    if len({vehicle for vehicle, _nodes in solution}) != len(solution):
        faults.append("a vehicle has two routes")
    customers = _nodes(instance)[: -len(instance.depots)]
    faults += [f"{node} is served {served.count(node)} times" for node in customers if served.count(node) != 1]
    return total / instance.scale, faults


def _away(instance: Instance, depot: int, nodes: list[int]) -> int:
    """Shortest time between leaving and being back: leave so late that as little as possible is waited."""
    slack, waited, now, here = instance.closes[depot] - instance.opens[depot], 0, instance.opens[depot], depot
    for node in [*nodes, depot]:
        now += instance.way(here, node)
        waited += max(0, instance.opens[node] - now)
        now = max(now, instance.opens[node])
        slack = min(slack, waited + instance.closes[node] - now)
        now += instance.service[node]
        here = node
    return now - instance.opens[depot] - min(waited, slack)


def _nodes(instance: Instance) -> list[int]:
    """Nodes in the engine's order."""
    return [*(k for k in range(len(instance.x)) if k not in instance.depots), *instance.depots]


def _vrplib(name: str, text: str) -> Instance:
    facts = {m[1]: m[2] for m in re.finditer(r"^(\w+)\s*:\s*(\S+)", text, re.MULTILINE)}
    tables: dict[str, list[list[float]]] = {}
    for m in re.finditer(r"^(\w+_SECTION)\s*\n((?:\s*-?\d[^\n]*\n)+)", text, re.MULTILINE):
        tables[m[1]] = [[float(x) for x in line.split()] for line in m[2].splitlines()]
    count = int(facts["DIMENSION"])
    depots = tuple(int(row[0]) - 1 for row in tables["DEPOT_SECTION"] if row[0] > 0)
    scale = 10 if len(depots) == 1 else 1000
    vehicles = int(facts["VEHICLES"])
    home = [depots[0]] * vehicles
    for row in tables.get("VEHICLES_DEPOT_SECTION", []):
        home[int(row[0]) - 1] = int(row[1]) - 1
    service = [0 if k in depots else scale * float(facts.get("SERVICE_TIME", 0)) for k in range(count)]
    for row in tables.get("SERVICE_TIME_SECTION", []):
        service[int(row[0]) - 1] = scale * row[1]
    windows = sorted(tables["TIME_WINDOW_SECTION"])
    places = sorted(tables["NODE_COORD_SECTION"])
    return Instance(
        name=name,
        kind="vrptw" if len(depots) == 1 else "mdvrptw",
        scale=scale,
        x=tuple(row[1] for row in places),
        y=tuple(row[2] for row in places),
        demand=tuple(int(row[1]) for row in sorted(tables["DEMAND_SECTION"])),
        service=tuple(round(x) for x in service),
        opens=tuple(round(scale * row[1]) for row in windows),
        closes=tuple(round(scale * row[2]) for row in windows),
        depots=depots,
        home=tuple(home),
        capacity=int(facts["CAPACITY"]),
        longest=round(scale * float(facts.get("VEHICLES_MAX_DURATION", 0))),
    )


def _solomon(name: str, text: str) -> Instance:
    rows = [
        [float(x) for x in line.split()]
        for line in text.splitlines()
        if re.fullmatch(r"[\s\d.]+", line) and line.strip()
    ]
    vehicles, capacity = (int(x) for x in rows[0])
    nodes, scale = rows[1:], 10
    return Instance(
        name=name,
        kind="vrptw",
        scale=scale,
        x=tuple(row[1] for row in nodes),
        y=tuple(row[2] for row in nodes),
        demand=tuple(int(row[3]) for row in nodes),
        service=tuple(round(scale * row[6]) for row in nodes),
        opens=tuple(round(scale * row[4]) for row in nodes),
        closes=tuple(round(scale * row[5]) for row in nodes),
        depots=(0,),
        home=(0,) * vehicles,
        capacity=capacity,
        longest=0,
    )
