"""Two technicians of one kind exchange what is left of their days: the 2-opt* move of Potvin and Rousseau (1995).

Put back one by one, the end of a long day rarely changes hands; joined by what is kept for each gap, it is priced in constant time.
"""

from __future__ import annotations

from typing import Any

from numba import njit

from servicehub.matching.plans.model import (
    CAPACITY,
    DEMAND,
    DURATION,
    END,
    KIND,
    LENGTH,
    LOAD,
    LONGEST,
    MEANS,
    NEVER,
    OWNER,
    PLACE,
    START,
)
from servicehub.matching.plans.routes import between, join, toll

BESIDE = 40
"""Neighbours beside which a day is cut."""


@njit(cache=True)
def best_cut(
    way: Any, xy: Any, visits: Any, people: Any, near: Any, terms: Any, route: Any, gaps: Any, state: Any, spot: Any, o: int
) -> Any:  # fmt: skip
    """Where the days of the technician of visit `o` and of one of its neighbours are cut so that the most is saved: what it costs
    (below zero, or zero if nothing is saved), the other technician (-1: none), the gap in the first day, in the other one."""
    best, who, mine, other = 0, -1, 0, 0
    v = spot[o, OWNER]
    for z in range(min(BESIDE, near.shape[1])):
        q = near[o, z]
        u = spot[q, OWNER]
        if u < 0 or u == v or people[u, KIND] != people[v, KIND]:
            continue
        for behind in range(2):
            p, r = spot[o, PLACE] + 1 - behind, spot[q, PLACE] + behind
            cost = cut(way, xy, visits, people, terms, route, gaps, state, v, p, u, r, best)
            if cost < best:
                best, who, mine, other = cost, u, p, r
    return best, who, mine, other


@njit(cache=True)
def cut(
    way: Any, xy: Any, visits: Any, people: Any, terms: Any, route: Any, gaps: Any, state: Any,
    v: int, p: int, u: int, r: int, limit: int,
) -> Any:  # fmt: skip
    """What it costs if `v` goes on with the day of `u` from its gap `r` on, and `u` with the day of `v` from `p`; NEVER if somebody
    is late, overloaded or away for too long, or it costs `limit`."""
    n, m, by = state[v, LENGTH], state[u, LENGTH], people[v, MEANS]
    if (p == n and r == m) or (p == 0 and r == 0) or max(p + m - r, r + n - p) > route.shape[1] - 2:
        return NEVER
    end = people[v, END]
    left, right = people[v, START] if p == 0 else route[v, p - 1], people[u, START] if r == 0 else route[u, r - 1]
    mine, others = end if r == m else route[u, r], end if p == n else route[v, p]
    there, across = between(way, xy, by + left, mine), between(way, xy, by + right, others)
    cost = -gaps[v, p, 7] - gaps[u, r, 7]
    if p > 0 or r < m:
        cost += toll(way, terms, by + left, mine, there)
    if r > 0 or p < n:
        cost += toll(way, terms, by + right, others, across)
    cost *= terms[1]
    if terms[2] == 0 and cost >= limit:
        return NEVER
    if gaps[v, p, 1] + gaps[v, p, 0] + there > gaps[u, r, 5] or gaps[u, r, 1] + gaps[u, r, 0] + across > gaps[v, p, 5]:
        return NEVER
    if terms[2] or people[v, LONGEST] < NEVER:
        one, _e, _l = join(
            gaps[v, p, 0], gaps[v, p, 1], gaps[v, p, 2], there, gaps[u, r, 3], gaps[u, r, 4], gaps[u, r, 5]
        )
        two, _e, _l = join(
            gaps[u, r, 0], gaps[u, r, 1], gaps[u, r, 2], across, gaps[v, p, 3], gaps[v, p, 4], gaps[v, p, 5]
        )
        one, two = (one if p > 0 or r < m else 0), (two if r > 0 or p < n else 0)
        cost += terms[2] * (one + two - state[v, DURATION] - state[u, DURATION])
        if max(one, two) > people[v, LONGEST] or cost >= limit:
            return NEVER
    shift = 0
    for k in range(p, n):
        shift += visits[route[v, k], DEMAND]
    for k in range(r, m):
        shift -= visits[route[u, k], DEMAND]
    if max(state[v, LOAD] - shift, state[u, LOAD] + shift) > people[v, CAPACITY]:
        return NEVER
    return cost


@njit(cache=True)
def exchange(route: Any, state: Any, v: int, p: int, u: int, r: int, line: Any) -> None:
    """Exchange the days from gap `p` of `v` and gap `r` of `u` on. `line` [n] is scratch; both routes must be refreshed."""
    n, m = state[v, LENGTH], state[u, LENGTH]
    for k in range(p, n):
        line[k - p] = route[v, k]
    for k in range(r, m):
        route[v, p + k - r] = route[u, k]
    for k in range(n - p):
        route[u, r + k] = line[k]
    state[v, LENGTH], state[u, LENGTH] = p + m - r, r + n - p
