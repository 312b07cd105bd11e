"""Order numbers: 16 digits, `yyMMddHHmm` in city time, the city's two digits, four random ones. They tell no volume."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from servicehub.models.catalog import City


def fresh(city: City, now: datetime) -> str:
    """A new number; the table's unique key refuses the rare repetition."""
    return _stem(city, now) + f"{secrets.randbelow(10_000):04d}"


def redrawn(number: str) -> str:
    """The same minute and city with other random digits."""
    return number[:-4] + f"{secrets.randbelow(10_000):04d}"


def many(random: Random, city: City, instants: Sequence[datetime]) -> list[str]:
    """Different numbers for orders made at `instants`."""
    seen: set[str] = set()
    for instant in instants:
        number = _stem(city, instant) + f"{random.randrange(10_000):04d}"
        while number in seen:
            number = _stem(city, instant) + f"{random.randrange(10_000):04d}"
        seen.add(number)
    ordered = iter(sorted(seen))
    by_instant = sorted(range(len(instants)), key=lambda i: instants[i])
    numbers = [""] * len(instants)
    for i in by_instant:
        numbers[i] = next(ordered)
    return numbers


def _stem(city: City, instant: datetime) -> str:
    return f"{instant.astimezone(ZoneInfo(city.timezone)):%y%m%d%H%M}{city.code}"
