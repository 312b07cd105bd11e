"""Plans of visits that one or two technicians make, the second at the same time as the first or a lag after: routes hang together.

A plan is the order in which visits are fixed and who makes them; each begins as early as that allows. Windows are soft at
their end: being late costs, and the worst lateness once more. The search is simulated annealing over order and people; whole
numbers throughout.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from servicehub.matching.plans.ruin import chance
from servicehub.matching.plans.solve import run_in_stages

EARLIEST, LATEST, SKILL, SERVICE, SKILL_2, SERVICE_2, LAG, LONGEST_LAG = range(8)
"""Columns of `Shared.visits`: window of the beginning, skill and time of the first technician, of the second (skill -1:
nobody), least and most time from the first one's beginning to the second one's."""
BLOCK = 8
"""Visits between two marks from which a price can be continued."""
NEIGHBOURS = 24
FARTHEST = 30
"""Places by which a visit is moved earlier or later at once."""


@dataclass(frozen=True, slots=True)
class Shared:
    """The question. Node n is where everybody starts and ends."""

    way: NDArray[np.int64]
    """[n + 1, n + 1]."""
    visits: NDArray[np.int64]
    able: NDArray[np.bool_]
    """[technician, skill]."""
    cost_of_way: int = 1
    cost_of_late: int = 1
    """For each unit of each technician's lateness."""
    cost_of_worst: int = 1
    """For each unit of the worst one."""


@dataclass(frozen=True, slots=True)
class Appointment:
    """One technician's part in a visit."""

    visit: int
    part: int
    """0 or 1: the first or the second technician."""
    begin: int


@dataclass(frozen=True, slots=True)
class SharedPlan:
    """Each technician's appointments in order."""

    routes: tuple[tuple[Appointment, ...], ...]
    cost: int
    tried: int


@njit(cache=True, inline="always")
def _beginnings(arrive: int, arrive_2: int, earliest: int, lag: int, longest: int) -> Any:
    """When both begin, as early as they can."""
    begin = max(arrive, earliest)
    begin_2 = max(arrive_2, earliest, begin + lag)
    return max(begin, begin_2 - longest), begin_2


@njit(cache=True)
def price(
    way: Any, visits: Any, order: Any, who: Any, terms: Any, marks: Any, now: Any, start: int, limit: float, keep: int
) -> Any:  # fmt: skip
    """Cost of the plan, continued from the mark at block `start`; more than `limit` as soon as that is certain.

    `now` [2 * technicians + 3]: where everybody is, when he is free, way, lateness, worst lateness. With `keep`, marks are written.
    """
    n, width = len(order), len(now)
    team = (width - 3) // 2
    for c in range(width):
        now[c] = marks[start, c]
    for k in range(start * BLOCK, n):
        if keep and k % BLOCK == 0:
            for c in range(width):
                marks[k // BLOCK, c] = now[c]
        o = order[k]
        t = who[o, 0]
        step = way[now[t], o]
        if visits[o, SKILL_2] < 0:
            begin = max(now[team + t] + step, visits[o, EARLIEST])
            now[2 * team] += step
            late = begin - visits[o, LATEST]
            if late > 0:
                now[2 * team + 1] += late
                now[2 * team + 2] = max(late, now[2 * team + 2])
        else:
            u = who[o, 1]
            step_2 = way[now[u], o]
            begin, begin_2 = _beginnings(
                now[team + t] + step,
                now[team + u] + step_2,
                visits[o, EARLIEST],
                visits[o, LAG],
                visits[o, LONGEST_LAG],
            )
            now[2 * team] += step + step_2
            late, late_2 = max(0, begin - visits[o, LATEST]), max(0, begin_2 - visits[o, LATEST])
            now[2 * team + 1] += late + late_2
            now[2 * team + 2] = max(late, late_2, now[2 * team + 2])
            now[u], now[team + u] = o, begin_2 + visits[o, SERVICE_2]
        now[t], now[team + t] = o, begin + visits[o, SERVICE]
        cost = terms[0] * now[2 * team] + terms[1] * now[2 * team + 1] + terms[2] * now[2 * team + 2]
        if cost > limit:
            return cost
    total = now[2 * team]
    for t in range(team):
        total += way[now[t], n]
    return terms[0] * total + terms[1] * now[2 * team + 1] + terms[2] * now[2 * team + 2]


@njit(cache=True, inline="always")
def _move(order: Any, rank: Any, begin: int, end: int) -> None:
    """Take the visit at place `begin` to place `end`."""
    o = order[begin]
    step = 1 if begin < end else -1
    for k in range(begin, end, step):
        order[k] = order[k + step]
        rank[order[k]] = k
    order[end] = o
    rank[o] = end


@njit(cache=True)
def _propose(
    visits: Any, first: Any, people: Any, able: Any, near: Any, order: Any, who: Any, rank: Any, memo: Any, dice: Any
) -> Any:
    """Change the plan a little; False when the change drawn is none. `memo` is what `_take_back` needs."""
    n = len(order)
    o, dart = int(chance(dice) * n), chance(dice)
    begin, part = rank[o], (1 if visits[o, SKILL_2] >= 0 and chance(dice) < 0.5 else 0)
    memo[0], memo[1], memo[2], memo[3], memo[4] = o, begin, -1, who[o, 0], who[o, 1]
    q = near[o, int(chance(dice) * near.shape[1])]
    if dart < 0.6:  # beside a neighbour, with one of its people
        t = who[q, 1 if visits[q, SKILL_2] >= 0 and chance(dice) < 0.5 else 0]
        if not able[t, visits[o, SKILL if part == 0 else SKILL_2]] or who[o, 1 - part] == t:
            return False
        who[o, part] = t
        _move(order, rank, begin, rank[q])
    elif dart < 0.75:  # somebody else
        skill = visits[o, SKILL if part == 0 else SKILL_2]
        t = people[first[skill] + int(chance(dice) * (first[skill + 1] - first[skill]))]
        if t in (who[o, 0], who[o, 1]):
            return False
        who[o, part] = t
    elif dart < 0.9:  # earlier or later
        end = begin + int((chance(dice) - 0.5) * 2 * min(n, FARTHEST))
        if end < 0 or end >= n or end == begin:
            return False
        _move(order, rank, begin, end)
    else:  # two visits change places and people
        if visits[q, SKILL_2] >= 0 or visits[o, SKILL_2] >= 0:
            return False
        if not able[who[q, 0], visits[o, SKILL]] or not able[who[o, 0], visits[q, SKILL]]:
            return False
        memo[2] = q
        _exchange(order, who, rank, o, q)
    return True


@njit(cache=True, inline="always")
def _exchange(order: Any, who: Any, rank: Any, o: int, q: int) -> None:
    who[o, 0], who[q, 0] = who[q, 0], who[o, 0]
    rank[o], rank[q] = rank[q], rank[o]
    order[rank[o]], order[rank[q]] = o, q


@njit(cache=True)
def _take_back(order: Any, who: Any, rank: Any, memo: Any) -> None:
    """Undo what `_propose` did."""
    o = memo[0]
    if memo[2] >= 0:
        _exchange(order, who, rank, o, memo[2])
        return
    _move(order, rank, rank[o], memo[1])
    who[o, 0], who[o, 1] = memo[3], memo[4]


@njit(cache=True)
def anneal(
    way: Any, visits: Any, first: Any, people: Any, able: Any, near: Any, terms: Any,
    order: Any, who: Any, best_order: Any, best_who: Any, costs: Any, marks: Any, dice: Any, rounds: int, hot: float, cold: float,
) -> None:  # fmt: skip
    """`rounds` of annealing from `hot` to `cold`. `costs` [2]: of the plan under work, of the best one."""
    n = len(order)
    now, memo, rank = np.empty(marks.shape[1], np.int64), np.zeros(5, np.int64), np.empty(n, np.int64)
    for k in range(n):
        rank[order[k]] = k
    heat, cooling = hot, (cold / hot) ** (1.0 / max(1, rounds))
    for _ in range(rounds):
        heat *= cooling
        if not _propose(visits, first, people, able, near, order, who, rank, memo, dice):
            continue
        low = min(memo[1], rank[memo[0]]) // BLOCK
        limit = costs[0] - heat * np.log(chance(dice) + 1e-300)
        cost = price(way, visits, order, who, terms, marks, now, low, limit, 0)
        if cost > limit:
            _take_back(order, who, rank, memo)
            continue
        costs[0] = cost
        price(way, visits, order, who, terms, marks, now, low, 1e300, 1)
        if cost < costs[1]:
            costs[1] = cost
            best_order[:] = order
            best_who[:] = who


def solve_shared(
    shared: Shared,
    *,
    seconds: float = 0.0,
    rounds: int = 0,
    seed: int = 1,
    hot: float = 0.0,
    cold: float = 0.0,
    stopped: Callable[[], bool] = lambda: False,
) -> SharedPlan:
    """The best plan found in `seconds` of CPU, or in `rounds` of the search, whichever is given.

    `hot`, `cold`: first and last temperature in units of cost; by default from the mean cost of a visit. `stopped` is asked between
    stages; what was found until then is the answer.
    """
    n, team = len(shared.visits), len(shared.able)
    able = [np.flatnonzero(shared.able[:, s]) for s in range(shared.able.shape[1])]
    first = np.concatenate([[0], np.cumsum([len(found) for found in able])]).astype(np.int64)
    people = np.concatenate(able).astype(np.int64)
    terms = np.array([shared.cost_of_way, shared.cost_of_late, shared.cost_of_worst], np.int64)
    near, dice = _near(shared), np.array([seed * 0x9E3779B97F4A7C15 % (1 << 64) or 1], np.uint64)
    marks = np.zeros((n // BLOCK + 1, 2 * team + 3), np.int64)
    marks[0, :team] = n
    order, who = _first(shared, able)
    now = np.empty(marks.shape[1], np.int64)
    costs = np.zeros(2, np.int64)
    costs[:] = price(shared.way, shared.visits, order, who, terms, marks, now, 0, 1e300, 1)
    best_order, best_who = order.copy(), who.copy()
    warm = hot or float(costs[0]) / n
    cool = cold or warm / 500

    def run(count: int, begin: float, end: float) -> None:
        anneal(
            shared.way, shared.visits, first, people, shared.able, near, terms, order, who, best_order, best_who, costs,
            marks, dice, count, warm * (cool / warm) ** begin, warm * (cool / warm) ** end,
        )  # fmt: skip

    run(1, 1.0, 1.0)  # loads the compiled code
    tried = run_in_stages(run, seconds=seconds, rounds=rounds, stopped=stopped)
    return _timed(shared, best_order, best_who, int(costs[1]), tried)


def _near(shared: Shared) -> NDArray[np.int64]:
    """[n, k] visits near in place and time, nearest first, without the visit itself."""
    n = len(shared.visits)
    middle = (shared.visits[:, EARLIEST] + shared.visits[:, LATEST]) / 2
    apart = shared.way[:n, :n] + 0.5 * np.abs(middle[:, None] - middle[None, :])
    np.fill_diagonal(apart, np.inf)
    return np.ascontiguousarray(np.argsort(apart, axis=1, kind="stable")[:, : max(1, min(NEIGHBOURS, n - 1))])


def _first(shared: Shared, able: list[Any]) -> tuple[Any, Any]:
    """By the middle of the windows, everybody in turn."""
    visits = shared.visits
    order = np.argsort(visits[:, EARLIEST] + visits[:, LATEST], kind="stable").astype(np.int64)
    who, turn = np.full((len(visits), 2), -1, np.int64), np.zeros(len(shared.able), np.int64)
    for o in order:
        for part, column in ((0, SKILL), (1, SKILL_2)):
            if visits[o, column] >= 0:
                choices = [t for t in able[visits[o, column]] if t != who[o, 0]]
                who[o, part] = min(choices, key=lambda t: turn[t])
                turn[who[o, part]] += 1
    return order, who


def _timed(shared: Shared, order: Any, who: Any, cost: int, tried: int) -> SharedPlan:
    n, team = len(order), len(shared.able)
    routes: list[list[Appointment]] = [[] for _ in range(team)]
    at, free = [n] * team, [0] * team
    for o in (int(x) for x in order):
        row = [int(x) for x in shared.visits[o]]
        t, u = int(who[o, 0]), int(who[o, 1])
        arrive = free[t] + int(shared.way[at[t], o])
        if row[SKILL_2] < 0:
            begin = max(arrive, row[EARLIEST])
        else:
            other = free[u] + int(shared.way[at[u], o])
            begin = max(arrive, row[EARLIEST])
            begin_2 = max(other, row[EARLIEST], begin + row[LAG])
            begin = max(begin, begin_2 - row[LONGEST_LAG])
            routes[u].append(Appointment(o, 1, begin_2))
            at[u], free[u] = o, begin_2 + row[SERVICE_2]
        routes[t].append(Appointment(o, 0, begin))
        at[t], free[t] = o, begin + row[SERVICE]
    return SharedPlan(tuple(tuple(route) for route in routes), cost, tried)
