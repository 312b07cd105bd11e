"""The columns of a sheet against the decision about one calendar: what is shown for many is what binds when time is taken."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from servicehub.domain.availability import Decider
from servicehub.domain.calendar import Calendar, Seen, WhyNot
from servicehub.domain.calendar import Job as Occupied
from servicehub.domain.geo import Point
from servicehub.domain.technician import Transport
from servicehub.domain.timewindow import Window, local_time
from servicehub.domain.travel import OFFLINE, TravelTimes, Zones
from servicehub.matching import Crew
from servicehub.matching.judge import BIT, JUDGED
from servicehub.matching.sheet import Jobs, judged
from tests.matching.test_rules import HOME, NOW, candidate, job

ZONES = (
    "Asia/Shanghai",
    "America/New_York",
)  # New York changes its clock on the eighth of March 2026, within the days drawn
FIRST = 29_540_160
"""Midnight of the second of March 2026, UTC."""
minutes = st.integers(0, 8 * 96).map(lambda cell: FIRST + 15 * cell)
lengths = st.integers(1, 40).map(lambda cells: 15 * cells)
places = st.builds(
    lambda lat, lng: Point(HOME.lat + lat / 500, HOME.lng + lng / 500), st.integers(-30, 30), st.integers(-30, 30)
)


def _windows(most: int):
    """Ascending, disjoint windows."""

    def kept(found):
        chosen: list[Window] = []
        for start, length in sorted(found):
            if not chosen or start > chosen[-1].end:
                chosen.append(Window(start, start + length))
        return tuple(chosen)

    return st.lists(st.tuples(minutes, lengths), max_size=most).map(kept)


@st.composite
def calendars(draw):
    jobs = tuple(
        Occupied(w.start, w.end, draw(places), number + 1, w.start + draw(st.sampled_from((0, 15))))
        for number, w in enumerate(draw(_windows(6)))
    )
    shifts = draw(_windows(5).map(lambda found: tuple(Window(w.start, w.end + 480) for w in found[::2])))
    return Calendar(
        technician_id=1, clock=local_time(ZONES[0]), home=draw(places), transport=draw(st.sampled_from(list(Transport))),
        shifts=tuple(w for i, w in enumerate(shifts) if i == 0 or w.start > shifts[i - 1].end), breaks=draw(_windows(2)),
        time_off=draw(_windows(1)), blackouts=draw(_windows(1)), jobs=jobs, radius_m=draw(st.sampled_from((2_000, 10_000))),
        daily_cap=draw(st.integers(0, 3)), takes_night_jobs=draw(st.booleans()),
        seen=draw(st.none() | st.builds(Seen, places, minutes)),
    )  # fmt: skip


def _by_table(seed: int) -> TravelTimes:
    """Ways that differ by zone and direction."""
    zones = Zones.around(HOME, 5_000, 3)
    shape = (len(Transport), len(zones), len(zones))
    return TravelTimes(zones=zones, factors=np.random.default_rng(seed).uniform(0.6, 3.0, shape))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(calendars(), min_size=1, max_size=6), minutes, st.sampled_from((30, 60, 120)), st.sampled_from((0, 15)),
    st.integers(0, 3), st.sampled_from(ZONES), st.integers(0, 8 * 24 * 60), st.booleans(), st.none() | st.integers(0, 9),
)  # fmt: skip
def test_a_sheet_says_what_the_decider_says(found, start, length, buffer, own, zone, now, waives, roads) -> None:
    waived = frozenset({WhyNot.OFF_SHIFT, WhyNot.TRAVEL_BEFORE}) if waives else frozenset()
    wish = job(
        order_id=own, start=start + 5, minutes=length, buffer_minutes=buffer, now=NOW + timedelta(minutes=now), waived=waived
    )  # fmt: skip
    travel = OFFLINE if roads is None else _by_table(roads)
    found = [replace(calendar, clock=local_time(zone), travel=travel) for calendar in found]
    people = [candidate(number, calendar=calendar) for number, calendar in enumerate(found)]
    bits, sheet = judged(Jobs([wish]), Crew(people), np.ones((1, len(people)), np.bool_), through=True)
    time = sheet.time

    for row, calendar in enumerate(found):
        decider = Decider(calendar.without(own), wish.terms)
        failures = set(decider.failures(wish.start)) - waived
        assert {why for why in JUDGED if bits[0, row] & BIT[why]} == failures
        if decider.clash(decider.block(wish.start)) is None:
            block = decider.block(wish.start)
            origin = decider.origin(block, decider.shift_of(block))
            goal = decider.goal(block, decider.shift_of(block))
            assert (time.origin.minute[row], time.origin.way[row]) == (origin.leave, origin.minutes)
            assert (time.goal.minute[row], time.goal.way[row]) == (goal.due, goal.minutes)
            assert round(time.origin.distance_m[row]) == round(origin.leg.distance_m)
            jobs = calendar.jobs
            for end, order_id in ((time.origin, origin.order_id), (time.goal, goal.order_id)):
                assert (jobs[end.job[row]].order_id if end.job[row] >= 0 else None) == order_id
