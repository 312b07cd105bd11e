"""A first plan: always the visit next that would lose most if its best technicians were gone.

Regret insertion of Potvin and Rousseau (1993), "A parallel route building algorithm for the vehicle routing and scheduling problem
with time windows". After an insertion only the changed route is priced anew.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from servicehub.matching.plans.model import CAPACITY, DEMAND, LATEST, LENGTH, LOAD, NEVER, OWNER, Model, Routes
from servicehub.matching.plans.routes import refresh, try_gap

DEEP = 3
"""Technicians whose prices count for the regret."""
NO_OTHER = 1e6
"""What it counts that there is no other technician."""


@njit(cache=True)
def insert_by_regret(model: Model, routes: Routes) -> None:
    """Give everybody who is in no route a place, as long as there is one. What must be fetched is not priced."""
    way, xy, visits, people, parts, stock, first, candidate, _able, _near, _hops, terms = model
    route, gaps, state, spot = routes
    n, team, line = len(visits), len(people), np.zeros((len(visits) + 2, 3), np.int64)
    price = np.empty(first[n], np.int64)
    best, who, worth = np.empty((n, DEEP), np.int64), np.full(n, -1, np.int64), np.empty(n)
    for o in range(n):
        for j in range(first[o], first[o + 1]):
            price[j] = _cheapest(way, xy, visits, people, terms, route, gaps, state, o, candidate[j])[0]
        worth[o] = _regret(price, candidate, first, o, best, who) if spot[o, OWNER] < 0 else -1.0
    begins, visit_of, entry = _by_technician(first, candidate, n, team)
    for _ in range(n):
        o = int(np.argmax(worth))
        if worth[o] < 0:
            break
        v = who[o]
        _price, p = _cheapest(way, xy, visits, people, terms, route, gaps, state, o, v)
        for k in range(state[v, LENGTH], p, -1):
            route[v, k] = route[v, k - 1]
        route[v, p] = o
        state[v, LENGTH] += 1
        refresh(way, xy, visits, people, parts, stock, terms, route, gaps, state, spot, v, line)
        worth[o] = -1.0
        for z in range(begins[v], begins[v + 1]):
            q, j = visit_of[z], entry[z]
            if worth[q] < 0:
                continue
            old, price[j] = price[j], _cheapest(way, xy, visits, people, terms, route, gaps, state, q, v)[0]
            if price[j] != old and (old <= best[q, DEEP - 1] or price[j] < best[q, DEEP - 1]):
                worth[q] = _regret(price, candidate, first, q, best, who)


@njit(cache=True)
def _by_technician(first: Any, candidate: Any, n: int, team: int) -> Any:
    """The candidate lists the other way round: where a technician's begins, whose visit each entry is, and which it is there."""
    begins = np.zeros(team + 1, np.int64)
    for j in range(first[n]):
        begins[candidate[j] + 1] += 1
    for v in range(team):
        begins[v + 1] += begins[v]
    fill, visit_of, entry = begins[:-1].copy(), np.empty(first[n], np.int64), np.empty(first[n], np.int64)
    for o in range(n):
        for j in range(first[o], first[o + 1]):
            z = fill[candidate[j]]
            visit_of[z], entry[z] = o, j
            fill[candidate[j]] += 1
    return begins, visit_of, entry


@njit(cache=True)
def _regret(price: Any, candidate: Any, first: Any, o: int, best: Any, who: Any) -> Any:
    """How much is lost if the best technicians of visit `o` are gone; below 0 when nobody can make it."""
    best[o], who[o] = NEVER, -1
    for j in range(first[o], first[o + 1]):
        k = DEEP
        while k > 0 and price[j] < best[o, k - 1]:
            if k < DEEP:
                best[o, k] = best[o, k - 1]
            k -= 1
        if k < DEEP:
            best[o, k] = price[j]
            if k == 0:
                who[o] = candidate[j]
    if best[o, 0] >= NEVER:
        return -1.0
    lost = 0.0
    for k in range(1, DEEP):
        lost += NO_OTHER if best[o, k] >= NEVER else float(best[o, k] - best[o, 0])
    return lost + 1.0 / (2.0 + max(best[o, 0], 0))  # the cheapest of equals


@njit(cache=True)
def _cheapest(
    way: Any, xy: Any, visits: Any, people: Any, terms: Any, route: Any, gaps: Any, state: Any, o: int, v: int
) -> Any:  # fmt: skip
    """Cost of the cheapest gap for visit `o` in the technician's route, and the gap."""
    best, gap, n = NEVER, -1, state[v, LENGTH]
    if n + 3 > route.shape[1] or state[v, LOAD] + visits[o, DEMAND] > people[v, CAPACITY]:
        return best, gap
    for p in range(n + 1):
        if gaps[v, p, 0] + gaps[v, p, 1] > visits[o, LATEST]:
            break
        cost = try_gap(way, xy, visits, people, terms, route, gaps, state, o, v, p, best)
        if cost < best:
            best, gap = cost, p
    return best, gap
