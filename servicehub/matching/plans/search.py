"""Ruin and recreate over the routes of a day: what leaves, where it comes back, what is kept.

The search is SISR of Christiaens and Vanden Berghe (2020), "Slack induction by string removals for vehicle routing problems",
with two additions for people who differ: they exchange whole days, and what must be fetched is priced only where it could be
the cheapest.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from servicehub.matching.plans.model import (
    CAPACITY,
    COST,
    DEMAND,
    FETCH,
    KIND,
    LATEST,
    LENGTH,
    LOAD,
    NEVER,
    OWNER,
    PENALTY,
    PLACE,
    PLAIN,
    SEGMENT,
    Ints,
    Model,
    Routes,
)  # fmt: skip
from servicehub.matching.plans.routes import can_make, refresh, try_gap, with_fetch
from servicehub.matching.plans.ruin import ASKED, CHANGED, MISSING, MOVED, ROUND, chance, sort, take_string
from servicehub.matching.plans.tails import best_cut, exchange

SWAP = 0.05
"""Share of rounds in which two technicians exchange their days first: put back one by one, a day rarely changes hands."""
RETRIED = 8
"""Of those who were in no route already, so many are tried again in a round: where many cannot be served, most rounds change
nothing for most of them."""
BLINK = 0.01
"""Share of insertions that are overlooked, so that the greedy recreation does not always say the same."""


class Desk(NamedTuple):
    """What a search writes on: nothing here outlives a call of `search`."""

    absent: Ints
    """[n] who is in no route; the first `tally[MISSING]` rows mean something."""
    tally: Ints
    """[5] see `ruin.MISSING`."""
    key: NDArray[np.float64]
    touched: Ints
    """[v] technicians whose routes were kept this round; the first `tally[CHANGED]`."""
    mark: Ints
    """[v, 2] the last round in which the technician's route was kept, was ruined."""
    seen: Ints
    """[kinds] the last insertion for which an idle technician of that kind was tried."""
    line: Ints
    ahead: Ints
    tried: Ints
    moved: Ints
    """[n] who was put back in this round; the first `tally[MOVED]`."""
    route: Ints
    gaps: Ints
    state: Ints
    """The routes as they were before the round."""


def desk_of(model: Model, routes: Routes) -> Desk:
    """A clean desk for the plan under work."""
    n, team = len(model.visits), len(model.people)
    alone = np.flatnonzero(routes.spot[:, OWNER] < 0)
    absent = np.zeros(n, np.int64)
    absent[: len(alone)] = alone
    return Desk(
        absent=absent,
        tally=np.array([len(alone), 0, 0, 0, 0], np.int64),
        key=np.zeros(n),
        touched=np.zeros(team, np.int64),
        mark=np.zeros((team, 2), np.int64),
        seen=np.zeros(int(model.people[:, KIND].max(initial=0)) + 1, np.int64),
        line=np.zeros(n + 2, np.int64),
        ahead=np.zeros((n + 2, 3), np.int64),
        tried=np.zeros((n + team + 1, 3), np.int64),
        moved=np.zeros(n, np.int64),
        route=np.empty_like(routes.route),
        gaps=np.empty_like(routes.gaps),
        state=np.empty_like(routes.state),
    )


@njit(cache=True)
def search(
    model: Model, routes: Routes, best: Routes, desk: Desk, costs: Any, dice: Any,
    rounds: int, hot: float, cold: float, take: float, longest: int, retried: int = RETRIED,
) -> Any:  # fmt: skip
    """`rounds` of ruin and recreate by simulated annealing from `hot` to `cold`; returns how many improved the best plan.

    `costs` [2]: of the plan under work and of the best one, which is kept in `best`. About `take` visits leave a round, at most
    `longest` in a row from one route.
    """
    visits, absent, count = model.visits, desk.absent, desk.tally
    tails = desk.seen.shape[0] < len(model.people) and model.terms[0] < 0
    before = np.empty(len(visits), np.int64)
    heat, cooling, better = hot, (cold / hot) ** (1.0 / max(1, rounds)), 0
    for _ in range(rounds):
        missing, cost = count[MISSING], costs[0]
        count[CHANGED] = count[MOVED] = 0
        count[ROUND] += 1
        for i in range(missing):
            before[i] = absent[i]
            cost -= visits[absent[i], PENALTY]
        seed = int(chance(dice) * len(visits))
        if chance(dice) < SWAP:
            _exchange(model, routes, desk, seed, dice)
        _ruin(model, routes, desk, seed, take, longest, dice)
        _recreate(model, routes, desk, missing, retried, dice)
        if tails:
            _cut(model, routes, desk)
        for i in range(count[CHANGED]):
            v = desk.touched[i]
            cost += routes.state[v, COST] - desk.state[v, COST]
        for i in range(count[MISSING]):
            cost += visits[absent[i], PENALTY]
        if cost < costs[0] - heat * np.log(chance(dice) + 1e-300):
            costs[0] = cost
            if cost < costs[1]:
                costs[1] = cost
                better += 1
                _remember(routes, best)
        else:
            _undo(routes, desk)
            count[MISSING] = missing
            for i in range(missing):
                absent[i] = before[i]
                routes.spot[absent[i], OWNER] = -1
        heat *= cooling
    return better


@njit(cache=True)
def _exchange(model: Model, routes: Routes, desk: Desk, seed: int, dice: Any) -> None:
    """The technician of visit `seed` and another one of another kind exchange their days, if both can."""
    way, xy, visits, people, parts, stock, _first, _candidate, able, _near, _hops, terms = model
    route, gaps, state, spot = routes
    v, u = spot[seed, OWNER], int(chance(dice) * len(people))
    if v < 0 or people[u, KIND] == people[v, KIND]:
        return
    if not can_make(way, xy, visits, people, parts, stock, able, terms, route, state, u, v, desk.ahead):
        return
    if not can_make(way, xy, visits, people, parts, stock, able, terms, route, state, v, u, desk.ahead):
        return
    _touch(route, gaps, state, desk, v)
    _touch(route, gaps, state, desk, u)
    for k in range(max(state[v, LENGTH], state[u, LENGTH])):
        route[v, k], route[u, k] = route[u, k], route[v, k]
    state[v, LENGTH], state[u, LENGTH] = state[u, LENGTH], state[v, LENGTH]
    refresh(way, xy, visits, people, parts, stock, terms, route, gaps, state, spot, v, desk.ahead)
    refresh(way, xy, visits, people, parts, stock, terms, route, gaps, state, spot, u, desk.ahead)


@njit(cache=True)
def _ruin(model: Model, routes: Routes, desk: Desk, seed: int, take: float, longest: int, dice: Any) -> None:
    """Strings of visits near `seed` leave their routes."""
    way, xy, visits, people, parts, stock, _first, _candidate, _able, near, _hops, terms = model
    route, gaps, state, spot = routes
    strings = max(1, int(chance(dice) * (4.0 * take / (1.0 + longest) - 1.0) + 1.0))
    for z in range(near.shape[1]):
        v = spot[near[seed, z], OWNER]
        if v < 0 or desk.mark[v, 1] == desk.tally[ROUND]:
            continue
        desk.mark[v, 1] = desk.tally[ROUND]
        _touch(route, gaps, state, desk, v)
        take_string(route, state, spot, v, spot[near[seed, z], PLACE], longest, desk.absent, desk.tally, dice)
        refresh(way, xy, visits, people, parts, stock, terms, route, gaps, state, spot, v, desk.ahead)
        strings -= 1
        if strings == 0:
            break


@njit(cache=True)
def _recreate(model: Model, routes: Routes, desk: Desk, old: int, retried: int, dice: Any) -> None:
    """Who left comes back where it is cheapest, in an order of the moment, and `retried` of the `old` ones who were absent before;
    who finds no place stays absent."""
    way, xy, visits, people, parts, stock, first, candidate, able, _near, hops, terms = model
    route, gaps, state, spot = routes
    absent, count, left = desk.absent, desk.tally, max(0, old - retried)
    for i in range(left, old):
        k = int(chance(dice) * (i + 1))
        absent[i], absent[k] = absent[k], absent[i]
    sort(way, xy, visits, people, first, candidate, terms, absent[left:], count[MISSING] - left, desk.key, dice)
    for i in range(left, count[MISSING]):
        o = absent[i]
        price, v, p = NEVER, -1, -1
        if hops.shape[1] > 0:
            price, v, p = _beside_neighbours(
                way, xy, visits, people, able, hops, terms, route, gaps, state, spot, o, dice
            )
        count[ASKED] += 1
        other, gap = _in_any_gap(
            way, xy, visits, people, parts, stock, first, candidate, terms, route, gaps, state,
            o, dice, desk.seen, count[ASKED], desk.line, desk.ahead, desk.tried, price,
            0 if hops.shape[1] else route.shape[1] - 3,
        )  # fmt: skip
        if other >= 0:
            v, p = other, gap
        if v < 0:
            absent[left] = o
            left += 1
            continue
        _touch(route, gaps, state, desk, v)
        for k in range(state[v, LENGTH], p, -1):
            route[v, k] = route[v, k - 1]
        route[v, p] = o
        state[v, LENGTH] += 1
        refresh(way, xy, visits, people, parts, stock, terms, route, gaps, state, spot, v, desk.ahead)
        desk.moved[count[MOVED]] = o
        count[MOVED] += 1
    count[MISSING] = left


@njit(cache=True)
def _cut(model: Model, routes: Routes, desk: Desk) -> None:
    """Technicians of one kind exchange the rest of their days beside who was put back, where that saves something."""
    way, xy, visits, people, parts, stock, _first, _candidate, _able, near, _hops, terms = model
    route, gaps, state, spot = routes
    for i in range(desk.tally[MOVED]):
        v = spot[desk.moved[i], OWNER]
        _cost, u, p, r = best_cut(way, xy, visits, people, near, terms, route, gaps, state, spot, desk.moved[i])
        if u < 0:
            continue
        _touch(route, gaps, state, desk, v)
        _touch(route, gaps, state, desk, u)
        exchange(route, state, v, p, u, r, desk.line)
        refresh(way, xy, visits, people, parts, stock, terms, route, gaps, state, spot, v, desk.ahead)
        refresh(way, xy, visits, people, parts, stock, terms, route, gaps, state, spot, u, desk.ahead)


@njit(cache=True)
def _beside_neighbours(
    way: Any, xy: Any, visits: Any, people: Any, able: Any, hops: Any, terms: Any,
    route: Any, gaps: Any, state: Any, spot: Any, o: int, dice: Any,
) -> Any:  # fmt: skip
    """The cheapest place for visit `o` right before or behind one of its neighbours: cost, technician (-1: none), gap."""
    best, who, gap = NEVER, -1, -1
    most = route.shape[1] - 2
    for z in range(hops.shape[1]):
        q = hops[o, z]
        v = spot[q, OWNER]
        if q == o or v < 0 or not able[v, o] or state[v, LENGTH] >= most:
            continue
        if state[v, LOAD] + visits[o, DEMAND] > people[v, CAPACITY]:
            continue
        for p in range(spot[q, PLACE], spot[q, PLACE] + 2):
            if chance(dice) >= BLINK:
                cost = try_gap(way, xy, visits, people, terms, route, gaps, state, o, v, p, best)
                if cost < best:
                    best, who, gap = cost, v, p
    return best, who, gap


@njit(cache=True)
def _in_any_gap(
    way: Any, xy: Any, visits: Any, people: Any, parts: Any, stock: Any, first: Any, candidate: Any, terms: Any,
    route: Any, gaps: Any, state: Any, o: int, dice: Any, seen: Any, asked: int, line: Any, ahead: Any, tried: Any,
    best: int, longest: int,
) -> Any:  # fmt: skip
    """The cheapest place for visit `o` that costs less than `best`, in any gap of any candidate: technician (-1: none), gap.

    Of idle technicians of one kind one is tried: `seen` holds the last insertion (`asked`) for which one was. Routes of more than
    `longest` visits are left out.
    """
    who, gap, found = -1, -1, 0
    for j in range(first[o], first[o + 1]):
        v = candidate[j]
        n = state[v, LENGTH]
        if n == 0:
            if seen[people[v, KIND]] == asked:
                continue
            seen[people[v, KIND]] = asked
        if n > longest or state[v, LOAD] + visits[o, DEMAND] > people[v, CAPACITY]:
            continue
        for p in range(n + 1):
            if gaps[v, p, 0] + gaps[v, p, 1] > visits[o, LATEST]:
                break
            if chance(dice) < BLINK:
                continue
            cost = try_gap(way, xy, visits, people, terms, route, gaps, state, o, v, p, best if terms[0] < 0 else NEVER)
            if terms[0] >= 0 and cost < NEVER:  # as if nothing had to be fetched: it can only cost more
                tried[found, 0], tried[found, 1], tried[found, 2] = cost + state[v, PLAIN] - state[v, COST], v, p
                found += 1
            elif cost < best:
                best, who, gap = cost, v, p
    if found:
        return _cheapest_with_fetch(
            way, xy, visits, people, parts, stock, terms, route, state, o, line, ahead, tried, found, best
        )
    return who, gap


@njit(cache=True)
def _cheapest_with_fetch(
    way: Any, xy: Any, visits: Any, people: Any, parts: Any, stock: Any, terms: Any, route: Any, state: Any,
    o: int, line: Any, ahead: Any, tried: Any, found: int, best: int,
) -> Any:  # fmt: skip
    """Of `found` gaps in `tried` (least cost, technician, gap) the truly cheapest one: the least is priced until none can be
    less."""
    who, gap = -1, -1
    while found > 0:
        low = 0
        for i in range(1, found):
            if tried[i, 0] < tried[low, 0]:
                low = i
        if tried[low, 0] >= best:
            break
        v, p = tried[low, 1], tried[low, 2]
        found -= 1
        tried[low, 0], tried[low, 1], tried[low, 2] = tried[found, 0], tried[found, 1], tried[found, 2]
        n = state[v, LENGTH]
        for k in range(p):
            line[k] = route[v, k]
        line[p] = o
        for k in range(p, n):
            line[k + 1] = route[v, k]
        whole, _at = with_fetch(way, xy, visits, people, parts, stock, terms, v, line, n + 1, ahead)
        if whole < NEVER and whole - state[v, COST] < best:
            best, who, gap = whole - state[v, COST], v, p
    return who, gap


@njit(cache=True, inline="always")
def _touch(route: Any, gaps: Any, state: Any, desk: Desk, v: int) -> None:
    """Keep the technician's route before its first change of the round."""
    if desk.mark[v, 0] != desk.tally[ROUND]:
        desk.mark[v, 0] = desk.tally[ROUND]
        desk.touched[desk.tally[CHANGED]] = v
        desk.tally[CHANGED] += 1
        _copy(route, gaps, state, desk.route, desk.gaps, desk.state, v)


@njit(cache=True, inline="always")
def _copy(route: Any, gaps: Any, state: Any, to_route: Any, to_gaps: Any, to_state: Any, v: int) -> None:
    """Copy what is known of the technician's route."""
    for c in range(state.shape[1]):
        to_state[v, c] = state[v, c]
    for k in range(state[v, LENGTH]):
        to_route[v, k] = route[v, k]
    for k in range(state[v, LENGTH] + 1):
        for c in range(SEGMENT):
            to_gaps[v, k, c] = gaps[v, k, c]


@njit(cache=True)
def _undo(routes: Routes, desk: Desk) -> None:
    """Put every touched route back."""
    route, gaps, state, spot = routes
    for i in range(desk.tally[CHANGED]):
        v = desk.touched[i]
        _copy(desk.route, desk.gaps, desk.state, route, gaps, state, v)
        for k in range(state[v, LENGTH]):
            spot[route[v, k], OWNER], spot[route[v, k], PLACE] = v, k


@njit(cache=True)
def _remember(routes: Routes, best: Routes) -> None:
    """The plan under work is the best one."""
    for v in range(len(routes.state)):
        best.state[v, LENGTH], best.state[v, FETCH] = routes.state[v, LENGTH], routes.state[v, FETCH]
        for k in range(routes.state[v, LENGTH]):
            best.route[v, k] = routes.route[v, k]
