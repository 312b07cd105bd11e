"""Windows as sets of minutes, cells, and local days through nights, leap days and clock changes."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehub.domain.timewindow import (
    Window,
    aligned,
    cells_of,
    instant_of,
    intersect,
    local_time,
    minute_of,
    minute_up,
    subtract,
    union,
    window_of_cells,
)

windows = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda w: Window(w[0], w[0] + w[1])), max_size=8
)


def minutes(found: list[Window]) -> set[int]:
    return {m for w in found for m in range(w.start, w.end)}


@given(windows, windows)
def test_set_operations_are_those_of_sets_of_minutes(left: list[Window], right: list[Window]) -> None:
    assert minutes(union(left)) == minutes(left)
    assert minutes(intersect(left, right)) == minutes(left) & minutes(right)
    assert minutes(subtract(left, right)) == minutes(left) - minutes(right)
    for found in (union(left), intersect(left, right), subtract(left, right)):
        assert all(w.start < w.end for w in found)
        assert all(a.end < b.start for a, b in itertools.pairwise(found))


def test_windows_are_half_open() -> None:
    assert not Window(0, 10).overlaps(Window(10, 20))
    assert Window(0, 10).overlaps(Window(9, 20))
    assert Window(0, 10).covers(Window(0, 10))


def test_an_instant_keeps_its_minute_and_a_naive_one_is_refused() -> None:
    instant = datetime(2026, 3, 2, 2, 0, 30, tzinfo=UTC)

    assert instant_of(minute_of(instant)) == instant.replace(second=0)
    assert minute_up(instant) == minute_of(instant) + 1
    assert minute_up(instant.replace(second=0)) == minute_of(instant)
    with pytest.raises(ValueError, match="naive"):
        minute_of(datetime(2026, 3, 2))  # noqa: DTZ001 - that is the point


def test_cells_hold_every_minute_that_is_touched() -> None:
    assert list(cells_of(Window(14, 31))) == [0, 1, 2]
    assert list(cells_of(Window(15, 30))) == [1]
    assert aligned(Window(14, 31)) == Window(0, 45) == window_of_cells(0, 2)


def test_a_local_day_is_not_the_day_of_utc() -> None:
    shanghai = local_time("Asia/Shanghai")
    late = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
    early = datetime(2026, 3, 2, 16, 15, tzinfo=UTC)

    assert shanghai.day_of(late) == date(2026, 3, 2)
    assert shanghai.day_of(early) == date(2026, 3, 3)
    assert shanghai.minute_of_day(minute_of(late)) == 23 * 60 + 30
    assert shanghai.minute_of_day(minute_of(early)) == 15


def test_urumqi_has_its_own_clock() -> None:
    assert local_time("Asia/Urumqi").minute_of_day(minute_of(datetime(2026, 3, 2, 2, 0, tzinfo=UTC))) == 8 * 60


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 28), 24), (date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2028, 2, 29), 24)],
)
def test_a_day_in_berlin_is_as_long_as_it_is(day: date, hours: int) -> None:
    assert local_time("Europe/Berlin").day_window(day).minutes == hours * 60


def test_an_overnight_window_crosses_the_clock_change_by_the_wall_clock() -> None:
    berlin = local_time("Europe/Berlin")
    spring = berlin.wall_window(date(2026, 3, 28), 20 * 60, 26 * 60)
    autumn = berlin.wall_window(date(2026, 10, 24), 20 * 60, 28 * 60)

    assert spring.minutes == 6 * 60
    assert berlin.wall_window(date(2026, 3, 28), 20 * 60, 28 * 60).minutes == 7 * 60
    assert autumn.minutes == 9 * 60
    assert berlin.minute_of_day(autumn.end) == 4 * 60


def test_the_leap_day_follows_the_twenty_eighth() -> None:
    shanghai = local_time("Asia/Shanghai")
    window = Window(shanghai.midnight(date(2028, 2, 28)), shanghai.midnight(date(2028, 3, 2)))

    assert shanghai.days(window) == [date(2028, 2, 28), date(2028, 2, 29), date(2028, 3, 1)]


@given(st.integers(29_000_000, 31_000_000), st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "Australia/Lord_Howe"]))
def test_local_time_agrees_with_the_standard_library(minute: int, zone: str) -> None:
    clock = local_time(zone)
    wall = instant_of(minute).astimezone(clock.zone)

    assert clock.minute_of_day(minute) == wall.hour * 60 + wall.minute
    assert clock.day(minute) == wall.date()
    assert clock.day_number(minute) == (wall.date() - date(1970, 1, 1)) // timedelta(days=1)
