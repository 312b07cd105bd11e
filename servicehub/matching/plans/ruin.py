"""What leaves a plan in a round of the search, and in which order it comes back; and the dice that decide."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from servicehub.matching.plans.model import DEMAND, EARLIEST, LATEST, LENGTH, MEANS, OWNER, SERVICE, START
from servicehub.matching.plans.routes import between

WHOLE = 0.1
"""Share of strings that are whole routes."""
MISSING, CHANGED, ROUND, ASKED, MOVED = range(5)
"""Places of a tally: visits in no route, routes changed in this round, rounds, insertions priced, visits put back in this round."""


@njit(cache=True, inline="always")
def chance(dice: Any) -> Any:
    """The next number in [0, 1): xorshift64* of Vigna (2016)."""
    x = dice[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    dice[0] = x
    return np.float64((x * np.uint64(2685821657736338717)) >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@njit(cache=True)
def take_string(
    route: Any, state: Any, spot: Any, v: int, place: int, longest: int, absent: Any, tally: Any, dice: Any
) -> None:
    """Take a string of visits around `place` out, half the time with some kept in its middle."""
    n = state[v, LENGTH]
    take = n if chance(dice) < WHOLE else min(n, int(chance(dice) * min(longest, n)) + 1)
    spare = 0
    if take > 1 and n > take and chance(dice) < 0.5:
        spare = 1
        while take + spare < n and chance(dice) > 0.5:
            spare += 1
    whole = take + spare
    low, high = max(0, place - whole + 1), min(place, n - whole)
    begin = low + int(chance(dice) * (high - low + 1))
    hole = begin + 1 + int(chance(dice) * (take - 1)) if spare else begin + whole
    left = 0
    for k in range(n):
        o = route[v, k]
        if begin <= k < begin + whole and not hole <= k < hole + spare:
            absent[tally[MISSING]] = o
            tally[MISSING] += 1
            spot[o, OWNER] = -1
        else:
            route[v, left] = o
            left += 1
    state[v, LENGTH] = left


@njit(cache=True)
def sort(
    way: Any, xy: Any, visits: Any, people: Any, first: Any, candidate: Any, terms: Any,
    absent: Any, missing: int, key: Any, dice: Any,
) -> None:  # fmt: skip
    """Order what is to be put back: at random, the heaviest, the tightest, by window, the farthest or the choosiest first."""
    how = chance(dice)
    for i in range(missing):
        o = absent[i]
        if how < 0.4:
            key[i] = chance(dice)
        elif how < 0.6:
            key[i] = float(visits[o, LATEST] - visits[o, EARLIEST]) + chance(dice)
        elif how < 0.75:
            v = candidate[first[o]] if first[o + 1] > first[o] else 0
            key[i] = -float(between(way, xy, people[v, MEANS] + (terms[0] if terms[0] >= 0 else people[v, START]), o))
        elif how < 0.82:
            key[i] = -float(visits[o, DEMAND] + visits[o, SERVICE])
        elif how < 0.9:
            key[i] = float(visits[o, EARLIEST])
        elif how < 0.96:
            key[i] = -float(visits[o, LATEST])
        else:
            key[i] = float(first[o + 1] - first[o]) + chance(dice)
    for i in range(1, missing):
        o, value = absent[i], key[i]
        j = i - 1
        while j >= 0 and key[j] > value:
            absent[j + 1], key[j + 1] = absent[j], key[j]
            j -= 1
        absent[j + 1], key[j + 1] = o, value
