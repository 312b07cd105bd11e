"""A drawn day of a city as a planning problem, the rules by which any plan of it is judged, and plans by the simplest ways.

Technicians differ in skills, certificates, gender, tools and language, live apart and have shifts; orders have a window in which
the visit begins. As many orders as possible are served, then the way is as short as possible. Ways are whole seconds by the
straight line, a detour and one speed, so that every solver has the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servicehub.matching.plans.model import Ints, Problem

SIDE_M = 32_000.0
SECONDS_PER_M = 1.35 * 3600 / 22_000
"""Detour of 1.35 at 22 km/h from door to door."""
UNSERVED = 20_000
"""What an order that nobody serves costs, in seconds of way."""
SERVICES: tuple[tuple[float, int, int], ...] = (
    (0.34, 60, 120), (0.12, 30, 75), (0.14, 30, 75), (0.08, 30, 60), (0.16, 45, 75), (0.06, 90, 150), (0.04, 30, 60),
    (0.06, 45, 90),
)  # fmt: skip
"""Share of the demand, shortest and longest visit in minutes."""
KINDS = len(SERVICES)
FEMALE, MALE, ENGLISH, LADDER, STEAM, PETS = range(2 * KINDS, 2 * KINDS + 6)
"""Bits of what somebody is or brings; the lower ones are skills and their senior certificates."""
BITS = 2 * KINDS + 6
HOUR = 3600


@dataclass(frozen=True)
class City:
    """A day; instants in seconds after midnight."""

    homes: NDArray[np.float64]
    """[technicians, 2] in seconds of way, so that a distance is a time."""
    has: Ints
    opens: Ints
    closes: Ints
    places: NDArray[np.float64]
    needs: Ints
    earliest: Ints
    latest: Ints
    service: Ints
    booked: Ints
    """[orders] the order in which they came in."""
    blocked: dict[int, frozenset[int]]
    """Order -> technicians with whom the customer is kept apart."""

    @property
    def technicians(self) -> int:
        return len(self.has)

    @property
    def orders(self) -> int:
        return len(self.needs)

    def able(self) -> NDArray[np.bool_]:
        """[technicians, orders] who may do what."""
        table = (self.has[:, None] & self.needs[None, :]) == self.needs[None, :]
        for order, people in self.blocked.items():
            table[list(people), order] = False
        return np.asarray(table, np.bool_)

    def problem(self, candidates: int = 0) -> Problem:
        """The same day as the planner is asked; orders are its visits."""
        return Problem(
            earliest=self.earliest,
            latest=self.latest,
            service=self.service,
            start=self.orders + np.arange(self.technicians),
            opens=self.opens,
            closes=self.closes,
            xy=np.vstack([self.places, self.homes]),
            allowed=self.able(),
            penalty=UNSERVED,
            candidates=candidates,
        )


def seconds_between(a: NDArray[np.float64], b: NDArray[np.float64]) -> Ints:
    """Whole seconds of way between points, as the planner computes them."""
    across, up = a[..., 0] - b[..., 0], a[..., 1] - b[..., 1]
    return np.asarray(np.rint(np.sqrt(across * across + up * up)), np.int64)


def draw(technicians: int, orders: int, seed: int, side_m: float = SIDE_M) -> City:
    """The city of `seed`."""
    dice = np.random.default_rng(seed)
    centres, weights = dice.uniform(0.12 * side_m, 0.88 * side_m, (14, 2)), dice.dirichlet(np.full(14, 2.5))

    def scattered(count: int, spread_m: float) -> NDArray[np.float64]:
        found = centres[dice.choice(14, count, p=weights)] + dice.normal(0, spread_m, (count, 2))
        anywhere = dice.random(count) < 0.2
        found[anywhere] = dice.uniform(0, side_m, (int(anywhere.sum()), 2))
        return np.asarray(np.clip(found, 0, side_m) * SECONDS_PER_M)

    shift = dice.random(technicians)
    opens = np.select([shift < 0.3, shift < 0.62], [int(7.5 * HOUR), 9 * HOUR], 12 * HOUR).astype(np.int64)
    kind = dice.choice(KINDS, orders, p=_shares())
    low, high = (np.array([s[k] for s in SERVICES])[kind] for k in (1, 2))
    peak = dice.choice(3, orders, p=(0.4, 0.35, 0.25))
    middle, spread = np.array([10, 15, 18.5])[peak] * HOUR, np.array([5400, 5400, 4500])[peak]
    earliest = (np.clip(dice.normal(middle, spread), 8 * HOUR, 19.5 * HOUR) // 1800 * 1800).astype(np.int64)
    width = np.select([dice.random(orders) < 0.65, dice.random(orders) < 0.6], [1800, 7200], 14_400)
    apart = dice.choice(orders, orders // 50, replace=False)
    return City(
        homes=scattered(technicians, 3200),
        has=np.array([_ability(dice) for _ in range(technicians)], np.int64),
        opens=opens,
        closes=opens + np.where(shift < 0.15, 6 * HOUR, 10 * HOUR),
        places=scattered(orders, 2200),
        needs=np.array([_wish(dice, int(k)) for k in kind], np.int64),
        earliest=earliest,
        latest=np.minimum(earliest + width, 21 * HOUR).astype(np.int64),
        service=(dice.integers(low // 15, high // 15 + 1) * 900).astype(np.int64),
        booked=dice.permutation(orders),
        blocked={
            int(o): frozenset(dice.choice(technicians, min(3, technicians), replace=False).tolist()) for o in apart
        },
    )


def _shares() -> NDArray[np.float64]:
    shares = np.array([s[0] for s in SERVICES], np.float64)
    return np.asarray(shares / shares.sum())


def _ability(dice: np.random.Generator) -> int:
    mask = 0
    for kind in dice.choice(KINDS, dice.integers(1, 4), p=_shares()):
        mask |= 1 << int(kind)
        mask |= (dice.random() < 0.35) << (KINDS + int(kind))
    mask |= 1 << (FEMALE if dice.random() < 0.6 else MALE)
    for bit, share in ((ENGLISH, 0.15), (LADDER, 0.5), (STEAM, 0.5), (PETS, 0.8)):
        mask |= (dice.random() < share) << bit
    return mask


def _wish(dice: np.random.Generator, kind: int) -> int:
    mask = 1 << kind | (dice.random() < 0.1) << (KINDS + kind)
    if dice.random() < (0.38 if kind == 4 else 0.04):
        mask |= 1 << (FEMALE if dice.random() < 0.7 else MALE)
    mask |= (dice.random() < 0.02) << ENGLISH
    mask |= (kind in (1, 2) and dice.random() < 0.15) << LADDER
    mask |= (kind == 0 and dice.random() < 0.15) << STEAM
    return int(mask | (dice.random() < 0.15) << PETS)


def judge(city: City, routes: Sequence[Sequence[int]]) -> dict[str, Any]:
    """A plan in numbers, by walking it through; knows nothing of who made it.

    `gini` is of minutes served for each technician. Raises: ValueError for a rule that is broken.
    """
    seen: set[int] = set()
    travel, load = 0, np.zeros(city.technicians)
    for who, route in enumerate(routes):
        here, now = city.homes[who], int(city.opens[who])
        for order in map(int, route):
            way = int(seconds_between(here, city.places[order]))
            start = max(now + way, int(city.earliest[order]))
            broken = {
                "twice": order in seen,
                "cannot": city.has[who] & city.needs[order] != city.needs[order],
                "kept apart": who in city.blocked.get(order, ()),
                "late": start > city.latest[order],
                "after the shift": start + city.service[order] > city.closes[who],
            }
            if any(broken.values()):
                raise ValueError(
                    f"technician {who}, order {order}: {[name for name, is_so in broken.items() if is_so]}"
                )
            seen.add(order)
            travel, load[who] = travel + way, load[who] + city.service[order]
            now, here = start + int(city.service[order]), city.places[order]
    ranked, count = np.sort(load), len(load)
    gini = float((2 * np.arange(1, count + 1) - count - 1) @ ranked / (count * ranked.sum())) if load.any() else 0.0
    return {
        "served": len(seen),
        "travel_s": travel,
        "travel_min_per_order": round(travel / 60 / max(1, len(seen)), 3),
        "gini": round(gini, 3),
        "cost": travel + UNSERVED * (city.orders - len(seen)),
    }


def nearest(city: City, orders: Sequence[int] | Ints) -> list[list[int]]:
    """What most systems do: order by order, the nearest one who can still be there in time, after his last job."""
    here, free = city.homes.copy(), city.opens.copy()
    able = city.able()
    routes: list[list[int]] = [[] for _ in range(city.technicians)]
    for order in map(int, orders):
        way = seconds_between(here, city.places[order])
        start = np.maximum(free + way, city.earliest[order])
        fit = able[:, order] & (start <= city.latest[order]) & (start + city.service[order] <= city.closes)
        if fit.any():
            who = int(np.where(fit, way, 1 << 40).argmin())
            routes[who].append(order)
            free[who], here[who] = start[who] + city.service[order], city.places[order]
    return routes
