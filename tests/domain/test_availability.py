"""The one decision about time: each rule alone, the list and the commit agreeing, and random days without a flaw."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicehub.domain.availability import Decider, feasible, infeasible_neighbours
from servicehub.domain.calendar import Calendar, Job, Seen, Terms, WhyNot, visit_minutes
from servicehub.domain.geo import Point
from servicehub.domain.technician import Transport
from servicehub.domain.timewindow import LocalTime, Window, aligned, local_time, minute_of

SHANGHAI = local_time("Asia/Shanghai")
HOME = Point(31.23, 121.47)
MONDAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def at(hour: float, day: date = MONDAY, clock: LocalTime = SHANGHAI) -> int:
    return clock.at(day, round(hour * 60))


def span(start: float, end: float, day: date = MONDAY) -> Window:
    return Window(at(start, day), at(end, day))


def km_north(km: float) -> Point:
    return Point(HOME.lat + km * 0.009, HOME.lng)


def job(start: float, end: float, place: Point = HOME, order_id: int = 1) -> Job:
    return Job(at(start), at(end), place, order_id, at(start))


def calendar(**values: object) -> Calendar:
    plain = Calendar(
        technician_id=1, clock=SHANGHAI, home=HOME, transport=Transport.EBIKE, shifts=(span(8, 18),), radius_m=20_000,
        takes_night_jobs=True,
    )  # fmt: skip
    return replace(plain, **values)


def why(found: Calendar, start: float, **terms: object) -> WhyNot | None:
    asked = replace(Terms(place=HOME, minutes=60, now=NOW), **terms)
    verdict = feasible(found, asked, Window(at(start), at(start)).start_at)
    assert verdict.is_feasible == (verdict.why is None)
    return verdict.why


def test_a_visit_must_lie_in_a_shift_with_its_buffers() -> None:
    assert why(calendar(), 8) is None
    assert why(calendar(), 17) is None
    assert why(calendar(), 7.75) is WhyNot.OFF_SHIFT
    assert why(calendar(), 17.25) is WhyNot.OFF_SHIFT
    assert why(calendar(), 17, buffer_minutes=15) is WhyNot.OFF_SHIFT
    assert why(calendar(shifts=()), 10) is WhyNot.OFF_SHIFT


def test_each_hole_in_the_plan_has_its_own_reason() -> None:
    assert why(calendar(breaks=(span(12, 13),)), 11.5) is WhyNot.BREAK
    assert why(calendar(time_off=(span(12, 13),)), 12.75) is WhyNot.TIME_OFF
    assert why(calendar(blackouts=(span(0, 24),)), 10) is WhyNot.BLACKOUT
    assert why(calendar(breaks=(span(12, 13),)), 13) is None
    assert why(calendar(breaks=(span(12, 13),)), 11) is None


def test_limits_of_the_person() -> None:
    assert why(calendar(radius_m=5_000), 10, place=km_north(6)) is WhyNot.RADIUS
    assert why(calendar(barred=WhyNot.SKILL), 10) is WhyNot.SKILL
    assert why(calendar(certified_until=MONDAY), 10) is None
    assert why(calendar(certified_until=MONDAY - timedelta(days=1)), 10) is WhyNot.CERTIFICATE
    assert why(calendar(certified_until=date.min), 10) is WhyNot.CERTIFICATE
    assert why(calendar(daily_cap=0), 10) is WhyNot.CAP
    assert why(calendar(daily_cap=1, jobs=(job(8, 9),)), 12) is WhyNot.CAP
    assert why(calendar(daily_cap=2, jobs=(job(8, 9),)), 12) is None


def test_night_work_is_by_the_local_start() -> None:
    shy = calendar(shifts=(span(0, 30),), takes_night_jobs=False)

    assert why(shy, 6.75) is WhyNot.NIGHT
    assert why(shy, 7) is None
    assert why(shy, 21.75) is None
    assert why(shy, 22) is WhyNot.NIGHT
    assert why(calendar(shifts=(span(0, 30),)), 22) is None


def test_notice_and_horizon() -> None:
    morning = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)

    assert why(calendar(), 10, now=morning, min_notice_minutes=91) is WhyNot.NOTICE
    assert why(calendar(), 10, now=morning, min_notice_minutes=90) is None
    assert why(calendar(), 10, now=morning, min_notice_minutes=999, limited=False) is None
    assert why(calendar(), 10, now=NOW, horizon_days=0) is WhyNot.HORIZON
    assert why(calendar(), 10, now=NOW, horizon_days=1) is None


def test_occupied_time_is_an_interval_not_a_start() -> None:
    busy = calendar(jobs=(job(10, 14),))

    for start in (9.25, 10, 11, 12.5, 13.75):
        assert why(busy, start) is WhyNot.BUSY
    assert why(busy, 9) is None
    assert why(busy, 14) is None


def test_the_way_from_the_job_before() -> None:
    busy = calendar(jobs=(job(8, 10, km_north(6)),))
    verdict = feasible(busy, Terms(place=HOME, minutes=60, now=NOW), Window(at(10.25), 0).start_at)

    assert (verdict.why, verdict.travel_minutes, verdict.from_order_id) == (WhyNot.TRAVEL_BEFORE, 33, 1)
    assert verdict.earliest_at == Window(at(10.55), 0).start_at
    assert why(busy, 10.75) is None


def test_the_way_to_the_job_after() -> None:
    busy = calendar(jobs=(job(13, 14, km_north(6)),))

    assert why(busy, 11.75) is WhyNot.TRAVEL_AFTER
    assert why(busy, 11.25) is None


def test_home_at_both_ends_of_the_shift() -> None:
    far = km_north(6)

    assert why(calendar(), 8.25, place=far) is WhyNot.TRAVEL_BEFORE
    assert why(calendar(), 8.75, place=far) is None
    assert why(calendar(), 16.75, place=far) is WhyNot.TRAVEL_AFTER
    assert why(calendar(), 16.25, place=far) is None


def test_nobody_leaves_before_now() -> None:
    noon = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)

    assert why(calendar(), 12.5, place=km_north(6), now=noon) is WhyNot.TRAVEL_BEFORE
    assert why(calendar(), 12.75, place=km_north(6), now=noon) is None


def test_a_live_position_replaces_home_and_the_job_left_behind() -> None:
    noon = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
    near = calendar(seen=Seen(km_north(6), at(11.95)))
    after = replace(near, jobs=(job(9, 10, HOME),))

    assert why(near, 12.25, place=km_north(6), now=noon) is None
    assert why(after, 12.25, place=km_north(6), now=noon) is None
    assert why(calendar(), 12.25, place=km_north(6), now=noon) is WhyNot.TRAVEL_BEFORE


def test_the_rush_hour_makes_the_way_longer() -> None:
    evening = calendar(shifts=(span(8, 22),), jobs=(job(16, 18, km_north(10)),), transport=Transport.CAR)
    noon = calendar(shifts=(span(8, 22),), jobs=(job(10, 12, km_north(10)),), transport=Transport.CAR)

    assert why(noon, 12.75) is None
    assert why(evening, 18.75) is WhyNot.TRAVEL_BEFORE


def test_neighbours_of_another_shift_still_count() -> None:
    split = calendar(shifts=(span(8, 12), span(12.25, 18)), jobs=(job(11, 12, km_north(6)),))

    assert why(split, 12.25) is WhyNot.TRAVEL_BEFORE
    assert why(split, 12.75) is None


def test_every_failing_rule_can_be_named() -> None:
    found = calendar(radius_m=1_000, breaks=(span(10, 11),), daily_cap=1, jobs=(job(10, 11),))
    terms = Terms(place=km_north(3), minutes=60, now=NOW)

    assert list(Decider(found, terms).failures(at(10))) == [WhyNot.RADIUS, WhyNot.BREAK, WhyNot.CAP, WhyNot.BUSY]


def test_waived_rules_do_not_refuse_but_an_overlap_does() -> None:
    waived = frozenset(WhyNot)

    assert why(calendar(shifts=(), radius_m=1), 3, place=km_north(3), waived=waived) is None
    assert why(calendar(jobs=(job(10, 11),)), 10, waived=waived) is WhyNot.BUSY


def test_starts_stand_on_the_local_grid() -> None:
    odd = calendar(shifts=(Window(at(8) + 10, at(10)),))

    assert list(Decider(odd, Terms(place=HOME, minutes=60)).feasible_starts(span(0, 24))) == [at(8.5), at(9)]


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Australia/Lord_Howe"])
def test_the_grid_is_local_where_clocks_are_off_by_a_quarter(zone: str) -> None:
    clock = local_time(zone)
    found = calendar(clock=clock, shifts=(clock.wall_window(MONDAY, 8 * 60, 10 * 60),))

    starts = list(Decider(found, Terms(place=HOME, minutes=60)).feasible_starts(clock.day_window(MONDAY)))
    assert [clock.minute_of_day(s) for s in starts] == [480, 510, 540]


def test_duration_grows_with_quantity_and_ends_on_a_cell() -> None:
    assert visit_minutes(240, 4, 60, 60) == 240
    assert visit_minutes(240, 4, 60, 90) == 360
    assert visit_minutes(45, 0, 1, 1) == 45


# --- properties -----------------------------------------------------------------------------------------------------

places = st.integers(-80, 80).map(lambda tenths: km_north(tenths / 10))
blocks = st.tuples(st.integers(0, 40), st.integers(1, 10), places)


def committed(found: list[tuple[int, int, Point]]) -> tuple[Job, ...]:
    jobs: list[Job] = []
    for order_id, (cell, length, place) in enumerate(sorted(found), start=1):
        start = at(8) + cell * 15
        if not jobs or start >= jobs[-1].end:
            jobs.append(Job(start, start + length * 15, place, order_id, start))
    return tuple(jobs)


calendars = st.builds(
    lambda jobs, night, cap, transport, off: calendar(
        jobs=committed(jobs), takes_night_jobs=night, daily_cap=cap, transport=transport,
        breaks=(span(12, 12.5),), time_off=(Window(at(8) + off, at(8) + off + 45),),
        shifts=(span(8, 17), span(20, 26)),
    ),
    st.lists(blocks, max_size=6), st.booleans(), st.integers(1, 9), st.sampled_from(list(Transport)), st.integers(0, 900),
)  # fmt: skip
questions = st.builds(
    Terms, place=places, minutes=st.integers(1, 16).map(lambda n: n * 15), buffer_minutes=st.sampled_from([0, 10, 15, 30]),
    now=st.sampled_from([None, NOW, datetime(2026, 3, 2, 3, 7, tzinfo=UTC)]), min_notice_minutes=st.sampled_from([0, 120]),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(calendars, questions)
def test_the_list_shows_exactly_what_the_commit_accepts(found: Calendar, terms: Terms) -> None:
    day = Window(at(0), at(30))
    listed = set(Decider(found, terms).feasible_starts(day))
    decided = {s for s in range(at(0), at(30), 30) if feasible(found, terms, Window(s, s).start_at).is_feasible}

    assert listed == decided


@settings(max_examples=150, deadline=None)
@given(calendars, questions, st.integers(0, 100))
def test_the_reason_is_the_first_of_all_failing_rules(found: Calendar, terms: Terms, step: int) -> None:
    start = at(6) + step * 15
    decider = Decider(found, terms)

    assert decider.refusal(start) == next(decider.failures(start), None)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 72), st.integers(1, 12), places), max_size=25), st.sampled_from(list(Transport))
)
def test_whatever_is_accepted_one_by_one_is_possible_together(
    wishes: list[tuple[int, int, Point]], transport: Transport
) -> None:
    found = calendar(shifts=(span(8, 26),), transport=transport, daily_cap=99)
    for order_id, (step, length, place) in enumerate(wishes, start=1):
        terms = Terms(place=place, minutes=length * 15, buffer_minutes=10)
        start = at(8) + step * 15
        if feasible(found, terms, Window(start, start).start_at).is_feasible:
            block = aligned(Window(start - 10, start + length * 15 + 10))
            accepted = Job(block.start, block.end, place, order_id, start)
            found = replace(found, jobs=tuple(sorted((*found.jobs, accepted))))

    assert infeasible_neighbours(found.jobs, transport, SHANGHAI) == []
    assert all(minute_of(NOW) < j.start for j in found.jobs)
