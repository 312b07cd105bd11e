"""What a plan is made from and what it is, as arrays: visits, technicians, their routes.

Everything is a whole number (time, way and money in units of the caller's choice, seconds in the product), so the same question has
the same answer to the last digit. A node is a visit (0 … n-1) or another place (n …): homes, depots.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

Ints = NDArray[np.int64]
NEVER = 1 << 50
"""A time, a load or a cost that is out of every reach."""
EARLIEST, LATEST, SERVICE, DEMAND, PENALTY, TOOLS = range(6)
"""Columns of `Model.visits`: window in which it begins, how long it takes, load, cost if nobody makes it, bit mask of needed
tools."""
START, END, OPENS, CLOSES, CAPACITY, LONGEST, KIND, OWN_TOOLS, MEANS = range(9)
"""Columns of `Model.people`: home, where the day ends (-1: where the last visit does), shift, most load, most time between
leaving and being back, kind (technicians of one kind are interchangeable while idle), bit mask of tools, first row of the table of
ways by which he travels."""
LENGTH, LOAD, DURATION, PLAIN, COST, FETCH = range(6)
"""Columns of `Routes.state`: visits, load, time between leaving as late as possible and being back, cost as if nothing had to be
fetched, cost, before which visit the depot is visited (-1: never)."""
OWNER, PLACE = range(2)
"""Columns of `Routes.spot`: technician (-1: nobody) and rank in his route."""
LONGEST_ROUTE = 254
NEIGHBOURS = 100
MANY = 3000
"""Visits from which not every pair is looked at to find neighbours."""
SEGMENT = 8
"""Numbers kept for each gap of a route: what lies before it (duration, earliest and latest start), what lies behind it, the way
across in time and what it costs."""


class Model(NamedTuple):
    """The question, as the kernels read it, in the order of their parameters."""

    way: NDArray[np.int32]
    """[node, node]; empty when way is the distance of `xy`. Tables of several means of transport stand below one another, and below
    all of them what the same ways cost, if that differs from the time."""
    xy: NDArray[np.float64]
    """[node, 2] in units of way."""
    visits: Ints
    people: Ints
    parts: Ints
    """[n, kinds] spare parts that a visit uses up."""
    stock: Ints
    """[v, kinds] spare parts carried when leaving home."""
    first: Ints
    candidate: Ints
    """Technicians who may make visit i: candidate[first[i] : first[i + 1]]."""
    able: NDArray[np.bool_]
    """[v, n] the same as a table."""
    near: Ints
    """[n, k] visits near in place and time, nearest first."""
    hops: Ints
    """[n, k] visits beside which an insertion is tried; k = 0: every gap of every candidate is tried."""
    terms: tuple[int, int, int, int]
    """Node where tools and parts are fetched once (-1: nothing ever is), cost of way, cost of time, by how many rows lower in `way`
    the costs stand (0: a way costs its time)."""


class Routes(NamedTuple):
    """A plan under work. Rows beyond a route's length mean nothing."""

    route: Ints
    """[v, most + 2] visits in order."""
    gaps: Ints
    """[v, most + 2, SEGMENT]; gap k lies before the k-th visit."""
    state: Ints
    spot: Ints


@dataclass(frozen=True, slots=True)
class Plan:
    """Routes as lists of visits, by technician, and what nobody makes. `cost` counts penalties in."""

    routes: tuple[tuple[int, ...], ...]
    fetch: tuple[int, ...]
    unserved: tuple[int, ...]
    cost: int
    rounds: int = 0

    @property
    def served(self) -> int:
        return sum(len(route) for route in self.routes)


@dataclass(slots=True)
class Problem:
    """The question as a caller states it; what is left out binds nothing.

    Shapes as in `Model`. `allowed` [v, n]: who may make which visit at all (skills, certificates, wishes, people kept apart).
    """

    earliest: Ints
    latest: Ints
    service: Ints
    start: Ints
    opens: Ints
    closes: Ints
    way: NDArray[np.int32] | None = None
    """[node, node], or [means, node, node] with `means` saying by which each technician travels."""
    price: NDArray[np.int32] | None = None
    """What the ways of `way` cost, of the same shape, where that is not the time."""
    means: Ints | None = None
    xy: NDArray[np.float64] | None = None
    end: Ints | None = None
    allowed: NDArray[np.bool_] | None = None
    demand: Ints | None = None
    capacity: Ints | None = None
    longest: Ints | None = None
    kind: Ints | None = None
    penalty: Ints | int = 1_000_000
    tools: Ints | None = None
    own_tools: Ints | None = None
    parts: Ints | None = None
    stock: Ints | None = None
    depot: int = -1
    cost_of_way: int = 1
    cost_of_time: int = 0
    candidates: int = 0
    """Most technicians tried for a visit, nearest first; 0: all who may."""
    hops: int = 0
    """Neighbours beside which an insertion is tried, for many interchangeable technicians; 0: every gap is tried."""

    def model(self) -> Model:
        """The arrays of the kernels."""
        n, v = len(self.earliest), len(self.start)
        allowed = np.ones((v, n), np.bool_) if self.allowed is None else np.ascontiguousarray(self.allowed)
        first, candidate = self._candidates(allowed)
        near = self._near()
        kinds = 0 if self.parts is None else self.parts.shape[1]
        way, rows = self._tables()
        means = 0 if self.means is None else self.means * way.shape[1]
        visits = (self.earliest, self.latest, self.service, self.demand, self.penalty, self.tools)
        people = (
            self.start,
            self.end,
            self.opens,
            self.closes,
            self.capacity,
            self.longest,
            self.kind,
            self.own_tools,
            means,
        )
        return Model(
            way=way,
            xy=np.zeros((0, 2)) if self.xy is None else np.ascontiguousarray(self.xy, np.float64),
            visits=_columns(n, visits, (0, 0, 0, 0, 0, 0)),
            people=_columns(v, people, (0, -1, 0, 0, NEVER, NEVER, np.arange(v), -1, 0)),
            parts=np.zeros((n, 0), np.int64) if self.parts is None else np.ascontiguousarray(self.parts, np.int64),
            stock=np.zeros((v, kinds), np.int64) if self.stock is None else np.ascontiguousarray(self.stock, np.int64),
            first=first,
            candidate=candidate,
            able=allowed,
            near=near,
            hops=near[:, : self.hops].copy(),
            terms=(self.depot, self.cost_of_way, self.cost_of_time, rows),
        )

    def _tables(self) -> tuple[NDArray[np.int32], int]:
        """All tables below one another, and the row at which the costs begin (0: there are none)."""
        if self.way is None:
            return np.zeros((0, 0), np.int32), 0
        nodes = self.way.shape[-1]
        ways = self.way.reshape(-1, nodes)
        if self.price is None:
            return np.ascontiguousarray(ways, np.int32), 0
        return np.ascontiguousarray(np.vstack([ways, self.price.reshape(-1, nodes)]), np.int32), len(ways)

    def _between(self, rows: Ints, columns: Ints) -> NDArray[np.float64]:
        """Way between nodes, as a table."""
        if self.way is not None:
            ways = self.way.reshape(-1, self.way.shape[-1])  # by the first means, if there are several
            return ways[np.ix_(rows, columns)].astype(np.float64)
        if self.xy is None:
            raise ValueError("neither a table of ways nor places")
        return np.hypot(*(self.xy[rows, None, i] - self.xy[None, columns, i] for i in (0, 1)))

    def _near(self) -> Ints:
        """[n, k] visits near in place and time, nearest first, each itself before all others."""
        n = len(self.earliest)
        if n <= MANY or self.xy is None or self.way is not None:
            visits = np.arange(n)
            way = self._between(visits, visits)
            apart = np.minimum(
                self._apart(way, visits[:, None], visits[None, :]), self._apart(way, visits[None, :], visits[:, None])
            )
            return _nearest(apart, NEIGHBOURS)
        middle = (self.earliest + self.latest) / 2
        tree = cKDTree(np.column_stack([self.xy[:n], middle]))
        some = np.asarray(tree.query(tree.data, k=4 * NEIGHBOURS)[1], np.int64)
        own = np.arange(n)[:, None]
        way = np.hypot(*(self.xy[own, i] - self.xy[some, i] for i in (0, 1)))
        apart = np.minimum(self._apart(way, own, some), self._apart(way, some, own))
        order = np.argsort(np.where(some == own, -1.0, apart), axis=1, kind="stable")[:, :NEIGHBOURS]
        return np.ascontiguousarray(np.take_along_axis(some, order, 1))

    def _apart(self, way: NDArray[np.float64], a: Ints, b: Ints) -> NDArray[np.float64]:
        """How far visits `b` are from visits `a`, in place and in time: way, a fifth of the shortest wait, and all lateness."""
        done = (self.earliest + self.service)[a] + way
        wait = np.maximum(0, self.earliest[b] - (self.latest + self.service)[a] - way)
        return np.asarray(way + 0.2 * wait + np.maximum(0, done - self.latest[b]))

    def _candidates(self, allowed: NDArray[np.bool_]) -> tuple[Ints, Ints]:
        n = allowed.shape[1]
        found = []
        for visit in range(n):
            people = np.flatnonzero(allowed[:, visit])
            if self.candidates and len(people) > self.candidates:
                far = self._between(np.array([visit]), self.start[people])[0]
                people = people[np.argsort(far, kind="stable")[: self.candidates]]
            found.append(people)
        first = np.concatenate([[0], np.cumsum([len(people) for people in found])])
        return first.astype(np.int64), (np.concatenate(found) if n else np.zeros(0)).astype(np.int64)


def empty_routes(model: Model) -> Routes:
    """Routes in which nobody does anything; `refresh` makes them whole."""
    n, v = len(model.visits), len(model.people)
    most = _longest(model)
    return Routes(
        route=np.zeros((v, most + 2), np.int64),
        gaps=np.zeros((v, most + 2, SEGMENT), np.int64),
        state=np.zeros((v, 6), np.int64),
        spot=np.tile(np.array([-1, 0]), (n, 1)),
    )


def _longest(model: Model) -> int:
    """More visits than this are in no route, whatever the plan: by the visits' time and load. Short rows are near in memory."""
    n, limits = len(model.visits), [min(len(model.visits), LONGEST_ROUTE)]
    bounds = (
        (model.people[:, CLOSES] - model.people[:, OPENS], model.visits[:, SERVICE]),
        (model.people[:, CAPACITY], model.visits[:, DEMAND]),
    )
    for have, takes in bounds:
        least = np.cumsum(np.sort(takes))
        if n and least[0] > 0:
            limits.append(int(np.searchsorted(least, have.max(initial=0), side="right")))
    return max(1, min(limits))


def _columns(size: int, given: Sequence[Any], defaults: Sequence[Any]) -> Ints:
    """Columns side by side; those that are not given have a default."""
    chosen = [default if column is None else column for column, default in zip(given, defaults, strict=True)]
    return np.column_stack([np.broadcast_to(np.asarray(column, np.int64), (size,)) for column in chosen]).copy()


def _nearest(apart: NDArray[np.float64], most: int) -> Ints:
    """[n, k] the k nearest of each, itself first."""
    k = min(most, len(apart))
    np.fill_diagonal(apart, -1.0)
    some = np.argpartition(apart, k - 1, axis=1)[:, :k] if k < len(apart) else np.tile(np.arange(k), (k, 1))
    order = np.argsort(np.take_along_axis(apart, some, 1), axis=1, kind="stable")
    return np.ascontiguousarray(np.take_along_axis(some, order, 1), dtype=np.int64)
