"""Minutes of a way by transport and hour, without asking anybody."""

from __future__ import annotations

import numpy as np
import pytest

from servicehub.domain.geo import Point, apart_m
from servicehub.domain.technician import Transport
from servicehub.domain.travel import (
    LEAST_FACTOR,
    MOST_FACTOR,
    OFFLINE,
    SLOWEST,
    SPEEDS,
    TravelTimes,
    Trip,
    Zones,
    factors_of,
    is_rush,
    slowness,
    travel_minutes,
)

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
    usual, jam = (times.leg(*there, Transport.EBIKE) for times in (OFFLINE, OFFLINE.slowed(2.0)))

    fixed = SPEEDS[Transport.EBIKE].fixed_minutes
    assert jam.calm_minutes - fixed == pytest.approx(2 * (usual.calm_minutes - fixed), abs=2)
    assert jam.distance_m == usual.distance_m


SQUARE = Zones.around(HERE, 6_000, 4)


def test_a_place_belongs_to_its_zone_and_one_outside_to_the_nearest() -> None:
    assert [SQUARE.of(centre) for centre in SQUARE.centres()] == list(range(16))
    assert SQUARE.of(Point(HERE.lat - 1, HERE.lng - 1)) == 0
    assert SQUARE.of(Point(HERE.lat + 1, HERE.lng + 1)) == 15
    assert SQUARE.of_many([[HERE.lat]], [[HERE.lng]]).shape == (1, 1)


def test_a_river_makes_ways_across_it_longer_and_no_others() -> None:
    """More than twice the time between the northern row and the rest, the usual one within each."""
    south = np.array([zone < 12 for zone in range(16)])
    minutes = usual() * np.where(south[:, None] == south[None, :], 1.0, 2.5)

    factors = factors_of(SQUARE, Transport.CAR, minutes)
    by_car = [factors if transport is Transport.CAR else np.ones((16, 16)) for transport in Transport]
    travel = TravelTimes(zones=SQUARE, factors=np.stack(by_car))

    across, along = (SQUARE.centres()[1], SQUARE.centres()[13]), (SQUARE.centres()[0], SQUARE.centres()[3])
    plain, routed = (times.leg(*across, Transport.CAR) for times in (OFFLINE, travel))
    fixed = SPEEDS[Transport.CAR].fixed_minutes
    level = factors[0, 3]
    assert factors[1, 13] == pytest.approx(2.5 * level)
    assert routed.calm_minutes - fixed == pytest.approx(2.5 * level * (plain.calm_minutes - fixed), abs=3)
    assert travel.leg(*along, Transport.CAR).distance_m == OFFLINE.leg(*along, Transport.CAR).distance_m
    assert travel.leg(*across, Transport.EBIKE) == OFFLINE.leg(*across, Transport.EBIKE)


def usual() -> np.ndarray:
    """Minutes on the move between the zones' middles by the formula, without rounding."""
    speed = SPEEDS[Transport.CAR]
    centres = np.array(SQUARE.centres())
    metres = apart_m(centres[:, None, 0], centres[:, None, 1], centres[None, :, 0], centres[None, :, 1])
    return metres / 1000 * speed.detour / speed.km_per_hour * 60


@pytest.mark.parametrize("level", [0.4, 1.0, 3.0])
def test_the_level_is_the_formulas(level: float) -> None:
    factors = factors_of(SQUARE, Transport.CAR, level * usual())

    np.testing.assert_allclose(factors, 1.0)


def test_a_zone_without_roads_is_as_usual() -> None:
    minutes = usual()
    minutes[5, :] = minutes[:, 5] = np.nan

    factors = factors_of(SQUARE, Transport.CAR, minutes)

    assert np.isfinite(factors).all()
    np.testing.assert_allclose(factors, 1.0)
    assert factors_of(SQUARE, Transport.CAR, np.full((16, 16), np.nan)).tolist() == np.ones((16, 16)).tolist()


def test_factors_are_bounded() -> None:
    minutes = usual()
    minutes[0, 15], minutes[15, 0] = 10_000.0, 0.001

    factors = factors_of(SQUARE, Transport.CAR, minutes)

    assert (factors[0, 15], factors[15, 0]) == (MOST_FACTOR, LEAST_FACTOR)


def test_a_jam_slows_ways_of_a_table_too() -> None:
    travel = TravelTimes(zones=SQUARE, factors=np.full((3, 16, 16), 2.0))
    ends = SQUARE.centres()[0], SQUARE.centres()[15]

    assert travel.slowed(1.5).leg(*ends, Transport.CAR) == OFFLINE.slowed(3.0).leg(*ends, Transport.CAR)
