"""What one technician's route costs, and what a visit more would: compiled, in constant time from what is kept for each gap.

Segments are joined as in Vidal et al. (2013), "A hybrid genetic algorithm with adaptive diversity management": a part of a route is
its shortest duration and the earliest and latest start that reach it. Windows are hard: a route that is late does not exist.

Arrays are passed one by one: taken out of a tuple, each reading of one would count references. `terms`: depot, cost of way, of
time, rows from a way to its cost.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from servicehub.matching.plans.model import (
    CAPACITY,
    CLOSES,
    COST,
    DEMAND,
    DURATION,
    EARLIEST,
    END,
    FETCH,
    LATEST,
    LENGTH,
    LOAD,
    LONGEST,
    MEANS,
    NEVER,
    OPENS,
    OWN_TOOLS,
    OWNER,
    PLACE,
    PLAIN,
    SERVICE,
    START,
    TOOLS,
)  # fmt: skip


@njit(cache=True, inline="always")
def between(way: Any, xy: Any, a: int, b: int) -> Any:
    """Way from node to node; none to nowhere (an open end). Without a table, from places in units of way."""
    if b < 0:
        return 0
    if way.shape[0] > 0:
        return np.int64(way[a, b])
    dx, dy = xy[a, 0] - xy[b, 0], xy[a, 1] - xy[b, 1]
    return np.int64(np.rint(np.sqrt(dx * dx + dy * dy)))


@njit(cache=True, inline="always")
def toll(way: Any, terms: Any, a: int, b: int, step: int) -> Any:
    """What the way that takes `step` costs."""
    if terms[3] == 0 or b < 0:
        return step
    return np.int64(way[a + terms[3], b])


@njit(cache=True, inline="always")
def join(d1: int, e1: int, l1: int, step: int, d2: int, e2: int, l2: int) -> Any:
    """Two parts of a route, one after the other: duration, earliest and latest start. Possible if e1 + d1 + step <= l2."""
    delta = d1 + step
    wait = max(0, e2 - delta - l1)
    return delta + d2 + wait, max(e2 - delta, e1) - wait, min(l2 - delta, l1)


@njit(cache=True)
def supplied(visits: Any, people: Any, parts: Any, stock: Any, v: int, line: Any, length: int) -> Any:
    """How many visits of `line` the technician makes with what he carries."""
    for k in range(length):
        if visits[line[k], TOOLS] & ~people[v, OWN_TOOLS]:
            length = k
            break
    for j in range(parts.shape[1]):
        left = stock[v, j]
        for k in range(length):
            left -= parts[line[k], j]
            if left < 0:
                length = k
                break
    return length


@njit(cache=True)
def with_fetch(
    way: Any, xy: Any, visits: Any, people: Any, parts: Any, stock: Any, terms: Any, v: int, line: Any, length: int, ahead: Any
) -> Any:  # fmt: skip
    """The cheapest cost of a route that is in time, with what must be fetched, and before which visit that is (-1: nothing).

    `ahead` [length + 1, 3] is scratch. The depot has no window and takes no time. Cost is NEVER where no gap is early enough.
    """
    depot, cost_of_way, cost_of_time, _rows = terms
    by = people[v, MEANS]
    start, end, opens, closes = people[v, START], people[v, END], people[v, OPENS], people[v, CLOSES]
    d, e, last, here, total = 0, opens, closes, start, 0
    for k in range(length):
        ahead[k, 0], ahead[k, 1], ahead[k, 2] = d, e, last
        o = line[k]
        step = between(way, xy, by + here, o)
        d, e, last = join(d, e, last, step, visits[o, SERVICE], visits[o, EARLIEST], visits[o, LATEST])
        total += toll(way, terms, by + here, o, step)
        here = o
    ahead[length, 0], ahead[length, 1], ahead[length, 2] = d, e, last
    step = between(way, xy, by + here, end)
    total += toll(way, terms, by + here, end, step)
    carried = supplied(visits, people, parts, stock, v, line, length)
    if carried == length:
        d, e, last = join(d, e, last, step, 0, opens, closes)
        return (cost_of_way * total + cost_of_time * d if d <= people[v, LONGEST] else NEVER), -1
    best, where = NEVER, -1
    d, e, last, here = 0, opens, closes, end
    for k in range(length, -1, -1):
        if k < length:
            o = line[k]
            step = between(way, xy, by + o, here)
            d, e, last = join(visits[o, SERVICE], visits[o, EARLIEST], visits[o, LATEST], step, d, e, last)
            here = o
        if k <= carried:
            before = start if k == 0 else line[k - 1]
            there, on = between(way, xy, by + before, depot), between(way, xy, by + depot, here)
            around = there + on
            if ahead[k, 1] + ahead[k, 0] + around > last:
                continue
            whole, _e, _l = join(ahead[k, 0], ahead[k, 1], ahead[k, 2], around, d, e, last)
            more = toll(way, terms, by + before, depot, there) + toll(way, terms, by + depot, here, on)
            less = toll(way, terms, by + before, here, between(way, xy, by + before, here))
            cost = cost_of_way * (total + more - less) + cost_of_time * whole
            if whole <= people[v, LONGEST] and cost < best:
                best, where = cost, k
    return best, where


@njit(cache=True)
def refresh(
    way: Any, xy: Any, visits: Any, people: Any, parts: Any, stock: Any, terms: Any,
    route: Any, gaps: Any, state: Any, spot: Any, v: int, ahead: Any,
) -> None:  # fmt: skip
    """Make everything that is kept about the technician's route true again."""
    n = state[v, LENGTH]
    opens, closes, end, by = people[v, OPENS], people[v, CLOSES], people[v, END], people[v, MEANS]
    d, e, last, here, load, total = 0, opens, closes, people[v, START], 0, 0
    for k in range(n):
        gaps[v, k, 0], gaps[v, k, 1], gaps[v, k, 2] = d, e, last
        o = route[v, k]
        step = between(way, xy, by + here, o)
        gaps[v, k, 6], gaps[v, k, 7] = step, toll(way, terms, by + here, o, step)
        d, e, last = join(d, e, last, step, visits[o, SERVICE], visits[o, EARLIEST], visits[o, LATEST])
        total += gaps[v, k, 7]
        load += visits[o, DEMAND]
        spot[o, OWNER], spot[o, PLACE] = v, k
        here = o
    gaps[v, n, 0], gaps[v, n, 1], gaps[v, n, 2] = d, e, last
    step = between(way, xy, by + here, end) if n else 0
    gaps[v, n, 6], gaps[v, n, 7] = step, (toll(way, terms, by + here, end, step) if n else 0)
    whole, _e, _l = join(d, e, last, step, 0, opens, closes)
    state[v, LOAD], state[v, FETCH], state[v, DURATION] = load, -1, (whole if n else 0)
    state[v, PLAIN] = terms[1] * (total + gaps[v, n, 7]) + terms[2] * state[v, DURATION]
    state[v, COST] = state[v, PLAIN]
    d, e, last = 0, opens, closes
    for k in range(n, -1, -1):
        if k < n:
            o = route[v, k]
            step = gaps[v, k + 1, 6]
            d, e, last = join(visits[o, SERVICE], visits[o, EARLIEST], visits[o, LATEST], step, d, e, last)
        gaps[v, k, 3], gaps[v, k, 4], gaps[v, k, 5] = d, e, last
    if n and terms[0] >= 0:
        state[v, COST], state[v, FETCH] = with_fetch(
            way, xy, visits, people, parts, stock, terms, v, route[v], n, ahead
        )


@njit(cache=True, inline="always")
def try_gap(
    way: Any, xy: Any, visits: Any, people: Any, terms: Any, route: Any, gaps: Any, state: Any, o: int, v: int, p: int, limit: int
) -> Any:  # fmt: skip
    """Cost of putting visit `o` into gap `p` of the route as if nothing had to be fetched; NEVER if it is late or costs `limit`."""
    n, by = state[v, LENGTH], people[v, MEANS]
    before, behind = people[v, START] if p == 0 else route[v, p - 1], people[v, END] if p == n else route[v, p]
    there, back = between(way, xy, by + before, o), between(way, xy, by + o, behind)
    new = toll(way, terms, by + before, o, there) + toll(way, terms, by + o, behind, back)
    cost = terms[1] * (new - gaps[v, p, 7])
    if terms[2] == 0 and cost >= limit:
        return NEVER
    begin = gaps[v, p, 1] + gaps[v, p, 0] + there
    if begin > visits[o, LATEST]:
        return NEVER
    if max(begin, visits[o, EARLIEST]) + visits[o, SERVICE] + back > gaps[v, p, 5]:
        return NEVER
    if terms[2] == 0 and people[v, LONGEST] == NEVER:
        return cost
    d, e, last = join(
        gaps[v, p, 0], gaps[v, p, 1], gaps[v, p, 2], there, visits[o, SERVICE], visits[o, EARLIEST], visits[o, LATEST]
    )
    d, e, last = join(d, e, last, back, gaps[v, p, 3], gaps[v, p, 4], gaps[v, p, 5])
    cost += terms[2] * (d - state[v, DURATION])
    return cost if d <= people[v, LONGEST] and cost < limit else NEVER


@njit(cache=True)
def in_time(way: Any, xy: Any, visits: Any, people: Any, route: Any, state: Any, v: int) -> Any:
    """Whether the technician's own route keeps its windows, his shift and his capacity."""
    now, here, by = people[v, OPENS], people[v, START], people[v, MEANS]
    for k in range(state[v, LENGTH]):
        o = route[v, k]
        now += between(way, xy, by + here, o)
        if now > visits[o, LATEST]:
            return False
        now = max(now, visits[o, EARLIEST]) + visits[o, SERVICE]
        here = o
    home = between(way, xy, by + here, people[v, END]) if state[v, LENGTH] else 0
    return now + home <= people[v, CLOSES] and state[v, LOAD] <= people[v, CAPACITY]


@njit(cache=True)
def can_make(
    way: Any, xy: Any, visits: Any, people: Any, parts: Any, stock: Any, able: Any, terms: Any,
    route: Any, state: Any, v: int, other: int, ahead: Any,
) -> Any:  # fmt: skip
    """Whether technician `v` could make all visits of the other's day, in the same order."""
    if state[other, LOAD] > people[v, CAPACITY]:
        return False
    now, here, by = people[v, OPENS], people[v, START], people[v, MEANS]
    for k in range(state[other, LENGTH]):
        o = route[other, k]
        now += between(way, xy, by + here, o)
        if not able[v, o] or now > visits[o, LATEST]:
            return False
        now = max(now, visits[o, EARLIEST]) + visits[o, SERVICE]
        here = o
    if state[other, LENGTH] == 0:
        return True
    if now + between(way, xy, by + here, people[v, END]) > people[v, CLOSES]:
        return False
    if terms[0] < 0:
        return people[v, LONGEST] == NEVER  # else it would have to be measured
    cost, _at = with_fetch(way, xy, visits, people, parts, stock, terms, v, route[other], state[other, LENGTH], ahead)
    return cost < NEVER
