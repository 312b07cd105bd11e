"""A day as it might be: who works, who wants what and when, and how everybody behaves. Drawn from one seed.

Every draw of behaviour belongs to an order or a technician, never to the order in which things happen: two policies meet the same
city (common random numbers). A scenario is a value; one read from real history is as good.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np

from servicehub.domain.calendar import Calendar
from servicehub.domain.geo import Point
from servicehub.domain.technician import Gender, Level, Transport
from servicehub.domain.timewindow import LocalTime, Window, local_time
from servicehub.matching import Candidate

DAY = date(2026, 3, 3)
CENTRE = Point(31.2285, 121.4690)
KM = 0.009
"""Degrees of latitude in about a kilometre."""
SERVICES: tuple[tuple[str, float, tuple[int, ...], int], ...] = (
    ("cleaning", 0.36, (60, 90, 120), 6_000),
    ("appliance", 0.22, (45, 60, 90), 9_000),
    ("repair", 0.16, (30, 45, 60), 8_000),
    ("massage", 0.16, (60, 90), 12_000),
    ("deep", 0.10, (120, 150), 7_500),
)
"""Skill, share of the demand, minutes of a visit, fen an hour."""
DEMAND: tuple[float, ...] = (0,) * 8 + (4, 8, 9, 7, 5, 7, 9, 8, 6, 5, 5, 4, 2) + (0,) * 3
"""Visits by the hour in which they begin."""
SHIFTS = ((8, 18), (8, 18), (9, 19), (10, 20), (12, 22), (12, 22))
WINDOWS: tuple[tuple[float, int], ...] = ((0.65, 30), (0.2, 120), (0.15, 240))
"""Share of the scheduled orders, and minutes of the window in which they may begin."""
IMMEDIATE_SLACK = 60
"""The same of those who want it at once."""
USUAL_WAY = 20
"""Minutes."""
ATTEMPTS = 24
"""Draws of acceptance for each order."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One order. Minutes are epoch minutes."""

    order_id: int
    place: Point
    skill: str
    minutes: int
    fen: int
    booked: int
    start: int
    """The wished start; of an immediate order the earliest one."""
    slack: int
    """Minutes by which it may begin later: the customer's window. What is chosen in it is promised."""
    is_immediate: bool
    patience: int
    """Minutes after which a customer who wants it at once gives up."""
    duration: int
    """What the visit really takes."""
    accepts: tuple[float, ...]
    """Draws in [0, 1), one for each offer."""
    certificate: str = ""
    gender: Gender | None = None
    requested_id: int | None = None
    """The technician whom the customer asked for."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A day with its people."""

    seed: int
    clock: LocalTime
    technicians: tuple[Candidate, ...]
    wishes: tuple[Wish, ...]
    tastes: tuple[float, ...]
    """By technician: how much likelier he accepts than others."""
    absent_from: tuple[int, ...]
    """By technician: the minute at which he falls ill; 0: not today."""
    traffic: tuple[float, ...]
    """By hour: how much longer ways take than planned."""
    usual: tuple[float, ...] = ()
    """By hour: technicians whom such a day usually keeps busy; empty: as the days are drawn here."""

    @property
    def opens(self) -> int:
        return min(wish.booked for wish in self.wishes)


def draw(
    seed: int, *, technicians: int = 200, orders: int = 1000, immediate: float = 0.45, absent: float = 0.02
) -> Scenario:
    """The day of `seed`."""
    dice = np.random.default_rng(seed)
    clock = local_time("Asia/Shanghai")
    centres = dice.normal(0, 6, (14, 2))
    weights = dice.dirichlet(np.full(14, 2.0))
    midnight = clock.midnight(DAY)
    people = tuple(_technician(dice, n, centres, weights, clock, midnight) for n in range(1, technicians + 1))
    ill = dice.random(technicians) < absent
    hours = dice.uniform(10, 16, technicians)
    return Scenario(
        seed=seed,
        clock=clock,
        technicians=people,
        wishes=tuple(_wish(dice, n, centres, weights, midnight, immediate) for n in range(1, orders + 1)),
        tastes=tuple(np.clip(dice.normal(0, 0.08, technicians), -0.25, 0.1).tolist()),
        absent_from=tuple(int(midnight + h * 60) if sick else 0 for sick, h in zip(ill, hours, strict=True)),
        traffic=tuple(np.clip(dice.normal(1.05, 0.12, 24), 0.85, 1.6).tolist()),
    )


def _place(dice: np.random.Generator, centres: np.ndarray, weights: np.ndarray, spread: float) -> Point:
    x, y = centres[dice.choice(len(centres), p=weights)] + dice.normal(0, spread, 2)
    return Point(CENTRE.lat + float(y) * KM, CENTRE.lng + float(x) * KM)


def _technician(
    dice: np.random.Generator, number: int, centres: np.ndarray, weights: np.ndarray, clock: LocalTime, midnight: int
) -> Candidate:
    first, last = SHIFTS[dice.integers(len(SHIFTS))]
    shares = [share for _skill, share, _minutes, _fen in SERVICES]
    skills = dice.choice([s[0] for s in SERVICES], size=dice.integers(2, 4), replace=False, p=shares)
    stars = float(dice.beta(12, 1.2)) * 5
    calendar = Calendar(
        technician_id=number, clock=clock, home=_place(dice, centres, weights, 2.5), radius_m=18_000, daily_cap=10,
        transport=list(Transport)[dice.choice(3, p=(0.7, 0.15, 0.15))], takes_night_jobs=True,
        shifts=(Window(midnight + first * 60, midnight + last * 60),),
    )  # fmt: skip
    return Candidate(
        technician_id=number, calendar=calendar, gender=Gender.FEMALE if dice.random() < 0.6 else Gender.MALE,
        level=list(Level)[dice.choice(5, p=(0.1, 0.3, 0.35, 0.2, 0.05))], is_online=True, skills=frozenset(str(s) for s in skills),
        rating_sum=round(stars * 40), rating_count=40, available_minutes=600,
    )  # fmt: skip


def _wish(
    dice: np.random.Generator, number: int, centres: np.ndarray, weights: np.ndarray, midnight: int, immediate: float
) -> Wish:
    kind = SERVICES[dice.choice(len(SERVICES), p=[s[1] for s in SERVICES])]
    demand = np.array(DEMAND) / sum(DEMAND)
    start = midnight + int(dice.choice(24, p=demand)) * 60 + 30 * int(dice.integers(2))
    minutes = int(dice.choice(kind[2]))
    at_once = bool(dice.random() < immediate)
    ahead = dice.uniform(2 * 60, 20 * 60)
    booked = start - int(dice.integers(5, 30)) if at_once else start - int(ahead)
    return Wish(
        order_id=number,
        place=_place(dice, centres, weights, 3.0),
        skill=kind[0],
        minutes=minutes,
        fen=round(kind[3] * minutes / 60),
        booked=booked,
        start=start,
        slack=IMMEDIATE_SLACK
        if at_once
        else int(dice.choice([m for _share, m in WINDOWS], p=[s for s, _m in WINDOWS])),
        is_immediate=at_once,
        patience=int(dice.integers(3, 11)),
        duration=int(minutes * np.clip(dice.normal(1.0, 0.12), 0.75, 1.5)),
        accepts=tuple(dice.random(ATTEMPTS).tolist()),
    )


def instant(minute: int) -> datetime:
    """The UTC instant of an epoch minute."""
    return datetime.fromtimestamp(minute * 60, UTC)


def expected_load(scenario: Scenario) -> np.ndarray:
    """By hour of the day: technicians whom the usual demand of so many orders keeps busy, for each one on shift.

    Known beforehand, as from history: no wish of the day is read.
    """
    there = np.zeros(24)
    for technician in scenario.technicians:
        for shift in technician.calendar.shifts:
            for minute in range(shift.start, shift.end, 60):
                there[scenario.clock.minute_of_day(minute) // 60] += 1
    return np.asarray(_busy(scenario) / np.maximum(there, 1.0))


def _busy(scenario: Scenario) -> np.ndarray:
    if scenario.usual:
        return np.array(scenario.usual)
    share = np.array(DEMAND) / sum(DEMAND)
    minutes = sum(part * float(np.mean(lengths)) for _skill, part, lengths, _fen in SERVICES) + USUAL_WAY
    return np.asarray(len(scenario.wishes) * share * minutes / 60)
