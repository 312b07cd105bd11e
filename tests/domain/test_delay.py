"""A day played forward: what is under way pushes what follows, and a free hour swallows it."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from servicehub.domain.delay import Forecast, Stop, forecast
from servicehub.domain.geo import Point
from servicehub.domain.technician import Transport
from servicehub.domain.timewindow import local_time

CLOCK = local_time("Asia/Shanghai")
HERE = Point(31.23, 121.47)
NINE = 29_540_220
"""Nine in the morning by the city's clock."""


def north(km: float) -> Point:
    return Point(HERE.lat + km * 0.009, HERE.lng)


def play(*stops: Stop, now: int = NINE, here: Point = HERE) -> list[Forecast]:
    return forecast(stops, now=now, here=here, transport=Transport.EBIKE, clock=CLOCK)


def test_a_visit_that_overruns_pushes_the_next_one_by_the_way_too() -> None:
    running = Stop(1, NINE - 60, 90, HERE, began=NINE - 30)
    following = Stop(2, NINE + 60, 60, north(3))

    (found,) = play(running, following)

    # done at 10:00, a bit more than 3 km by e-bike take 20 calm minutes
    assert found == Forecast(2, NINE + 60 + 20, 20, behind_id=1)


def test_who_takes_longer_than_planned_is_done_now_at_the_earliest() -> None:
    running = Stop(1, NINE - 120, 60, HERE, began=NINE - 120)

    assert play(running, Stop(2, NINE, 60, HERE)) == [Forecast(2, NINE, 0, None)]


def test_a_free_hour_swallows_the_delay() -> None:
    running = Stop(1, NINE - 60, 60, HERE, began=NINE)
    found = play(running, Stop(2, NINE + 60, 60, north(3)), Stop(3, NINE + 240, 60, HERE))

    assert [(f.order_id, f.late) for f in found] == [(2, 20), (3, 0)]


def test_who_has_not_set_out_is_late_by_the_way_alone() -> None:
    (found,) = play(Stop(1, NINE + 5, 60, north(3)))

    assert (found.late, found.behind_id) == (14 + 2, None)  # 21 minutes in the rush


def test_who_stands_at_the_door_has_no_way_left() -> None:
    assert play(Stop(1, NINE - 3, 60, north(9), arrived=True)) == [Forecast(1, NINE, 3, None)]


def test_the_one_on_the_way_to_comes_before_the_others() -> None:
    found = play(Stop(1, NINE + 30, 60, HERE), Stop(2, NINE + 31, 60, HERE, departed=True))

    assert [f.order_id for f in found] == [2, 1]


stops = st.lists(
    st.builds(
        lambda n, start, minutes, km, began: Stop(
            n, NINE + 15 * start, 15 * minutes, north(km / 4), began=NINE - began if began else None
        ),
        st.integers(1, 99), st.integers(-8, 20), st.integers(1, 8), st.integers(-40, 40), st.integers(0, 60),
    ),
    max_size=6, unique_by=lambda s: s.order_id,
)  # fmt: skip


@given(stops)
def test_nothing_begins_before_its_time_or_before_the_visit_before_it_has_ended(day: list[Stop]) -> None:
    found = play(*day)
    of = {stop.order_id: stop for stop in day}

    assert {f.order_id for f in found} == {s.order_id for s in day if s.began is None}
    for forecasted in found:
        assert forecasted.begins == of[forecasted.order_id].start + forecasted.late
        assert forecasted.late >= 0
    for earlier, later in itertools.pairwise(found):
        assert later.begins >= earlier.begins + of[earlier.order_id].minutes
