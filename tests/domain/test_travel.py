"""Minutes of a way by transport and hour, without asking anybody."""

from __future__ import annotations

import pytest

from servicehub.domain.geo import Point
from servicehub.domain.technician import Transport
from servicehub.domain.travel import OFFLINE, SLOWEST, SPEEDS, Trip, is_rush, slowed, slowness, travel_minutes

HERE = Point(31.2, 121.4)


def north(km: float) -> Point:
    return Point(HERE.lat + km / 111.195, HERE.lng)


@pytest.mark.parametrize(
    ("transport", "km", "minutes"),
    [
        (Transport.EBIKE, 2.9, 19),
        (Transport.EBIKE, 3.3, 21),
        (Transport.EBIKE, 9.1, 46),
        (Transport.CAR, 5.0, 25),
        (Transport.TRANSIT, 5.0, 35),
    ],
)
def test_minutes_by_the_formula(transport: Transport, km: float, minutes: int) -> None:
    assert travel_minutes(HERE, north(km), transport) == minutes


def test_the_same_building_is_no_way() -> None:
    assert travel_minutes(HERE, HERE, Transport.TRANSIT) == 0


@pytest.mark.parametrize("transport", list(Transport))
def test_the_rush_is_slower(transport: Transport) -> None:
    leg = OFFLINE.leg(HERE, north(8), transport)

    assert leg.minutes(8 * 60) > leg.minutes(11 * 60)
    assert leg.minutes(18 * 60) == leg.minutes(8 * 60)


def test_rush_hours_are_half_open() -> None:
    assert [is_rush(m) for m in (7 * 60 + 29, 7 * 60 + 30, 9 * 60 + 29, 9 * 60 + 30, 17 * 60, 19 * 60)] == [
        False, True, True, False, True, False,
    ]  # fmt: skip


def test_farther_is_never_faster() -> None:
    for transport in Transport:
        minutes = [travel_minutes(HERE, north(km / 10), transport) for km in range(1, 200)]
        assert minutes == sorted(minutes)


def test_one_slow_trip_is_no_jam_but_many_are() -> None:
    slow = Trip(minutes=40, expected=20)

    assert slowness([]) == 1.0
    assert slowness([slow]) == pytest.approx(100 / 80)
    assert slowness([slow] * 30) == pytest.approx(1260 / 660)
    assert slowness([Trip(1000, 1)] * 9) == SLOWEST


def test_a_quick_hour_promises_nothing() -> None:
    assert slowness([Trip(minutes=5, expected=20)] * 20) == 1.0


def test_slow_roads_stretch_the_moving_part_of_a_way() -> None:
    there = Point(31.23, 121.47), Point(31.23 + 5 * 0.009, 121.47)
    usual, jam = (times.leg(*there, Transport.EBIKE) for times in (OFFLINE, slowed(2.0)))

    fixed = SPEEDS[Transport.EBIKE].fixed_minutes
    assert jam.calm_minutes - fixed == pytest.approx(2 * (usual.calm_minutes - fixed), abs=2)
    assert jam.distance_m == usual.distance_m
