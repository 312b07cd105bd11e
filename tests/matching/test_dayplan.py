"""Whole days planned anew: never a day that the calendar refuses, never a promise lost, always the same answer, only for a gain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicehub.domain.availability import Decider
from servicehub.domain.calendar import Calendar
from servicehub.domain.calendar import Job as Occupied
from servicehub.domain.geo import Point
from servicehub.domain.technician import Gender, Level, Transport
from servicehub.domain.timewindow import Window, local_time
from servicehub.matching import Candidate, Crew, Job
from servicehub.matching.dayplan import plan_days
from servicehub.matching.replan import Movable, Move
from servicehub.matching.rules import of_person
from servicehub.matching.sheet import Glance

CLOCK = local_time("Asia/Shanghai")
EIGHT = 29_541_600
"""Eight in the morning by the city's clock."""
NOW = datetime.fromtimestamp((EIGHT - 60) * 60, UTC)
HERE = Point(31.23, 121.47)


def at(north: float, east: float = 0.0) -> Point:
    return Point(HERE.lat + north * 0.009, HERE.lng + east * 0.0105)


def person(
    number: int, home: Point, jobs: Sequence[Occupied] = (), transport: Transport = Transport.EBIKE
) -> Candidate:
    calendar = Calendar(
        technician_id=number, clock=CLOCK, home=home, transport=transport, shifts=(Window(EIGHT, EIGHT + 600),),
        jobs=tuple(sorted(jobs)), radius_m=20_000,
    )  # fmt: skip
    return Candidate(number, calendar, Gender.FEMALE, Level.SILVER, is_online=True, skills=frozenset({"cleaning"}))


def visit(order_id: int, place: Point, start: int, slack: int = 0, holder: int | None = None) -> Movable:
    job = Job(order_id=order_id, place=place, start=start, minutes=60, now=NOW, skill="cleaning")
    return Movable(job, holder, tuple(range(start, start + slack + 1, 15)))


def occupied(m: Movable) -> Occupied:
    return Occupied(m.job.start, m.job.start + 60, m.job.place, m.job.order_id, m.job.start)


def crossed() -> tuple[list[Movable], list[Candidate]]:
    """Two people, each with the visit at the other's door."""
    far, near = visit(1, at(8), EIGHT + 120, holder=1), visit(2, at(0), EIGHT + 120, holder=2)
    return [far, near], [person(1, at(0), [occupied(far)]), person(2, at(8), [occupied(near)])]


def test_two_who_are_crossed_change_places() -> None:
    movable, people = crossed()

    found = plan_days(movable, people, now=EIGHT - 60, rounds=100)

    assert set(found.moves) == {Move(1, 1, 2, EIGHT + 120), Move(2, 2, 1, EIGHT + 120)}
    assert found.after.way_minutes < found.before.way_minutes


def test_what_disturbs_more_than_it_gains_stays() -> None:
    movable, people = crossed()

    assert plan_days(movable, people, now=EIGHT - 60, rounds=100, moved_cost_s=10_000).moves == ()


def test_who_waits_is_served_where_a_window_makes_room() -> None:
    held = visit(1, at(0.5), EIGHT + 120, slack=120, holder=1)
    waiting = visit(2, at(0.6), EIGHT + 120)

    found = plan_days([held, waiting], [person(1, at(0), [occupied(held)])], now=EIGHT - 60, rounds=100)

    served = {move.order_id: move.start for move in found.moves}
    assert (found.before.served, found.after.served) == (1, 2)
    assert 0 < found.before.way_minutes <= found.after.way_minutes < 60
    assert served[2] == EIGHT + 120
    assert EIGHT + 180 < served[1] <= EIGHT + 240


def test_an_order_that_costs_more_than_it_is_worth_waits() -> None:
    waiting = [visit(1, at(12), EIGHT + 120)]

    assert plan_days(waiting, [person(1, at(0))], now=EIGHT - 60, rounds=50, worth_s=1200).moves == ()
    assert len(plan_days(waiting, [person(1, at(0))], now=EIGHT - 60, rounds=50, worth_s=20_000).moves) == 1


@pytest.mark.parametrize(("fair_s", "who"), [(0, 1), (600, 2)])
def test_who_earned_less_gets_the_visit_where_that_is_worth_the_way(fair_s: int, who: int) -> None:
    rich = replace(person(1, at(1)), income_fen=90_000, available_minutes=600)
    poor = replace(person(2, at(2)), income_fen=10_000, available_minutes=600)

    found = plan_days([visit(1, at(0), EIGHT + 120)], [rich, poor], now=EIGHT - 60, rounds=50, fair_s=fair_s)

    assert [move.to_id for move in found.moves] == [who]


@pytest.mark.parametrize("seed", range(3))
def test_the_same_question_has_the_same_answer(seed: int) -> None:
    movable, people = drawn(seed)

    assert plan_days(movable, people, now=EIGHT, rounds=80, seed=seed) == plan_days(
        movable, people, now=EIGHT, rounds=80, seed=seed
    )


def drawn(seed: int) -> tuple[list[Movable], list[Candidate]]:
    """Up to five people and a dozen visits; some held where a calendar allows it, some firm, some waiting."""
    dice = np.random.default_rng(seed)
    people = [
        replace(
            person(n, at(*dice.uniform(-6, 6, 2)), transport=list(Transport)[dice.integers(3)]),
            income_fen=int(dice.integers(90_000)),
            available_minutes=600,
        )
        for n in range(1, int(dice.integers(2, 6)))
    ]
    movable = []
    for order_id in range(1, int(dice.integers(3, 13))):
        place, start = at(*dice.uniform(-6, 6, 2)), EIGHT + 60 + 30 * int(dice.integers(15))
        m = visit(order_id, place, start, slack=30 * int(dice.integers(5)))
        k = int(dice.integers(len(people)))
        if dice.random() < 0.7 and Decider(people[k].calendar, m.job.terms).refusal(start) is None:
            people[k] = replace(people[k], calendar=with_job(people[k].calendar, occupied(m)))
            if dice.random() < 0.25:
                continue  # firm
            m = replace(m, holder_id=people[k].technician_id)
        movable.append(m)
    return movable, people


def with_job(calendar: Calendar, job: Occupied) -> Calendar:
    return replace(calendar, jobs=tuple(sorted((*calendar.jobs, job))))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_no_rule_is_broken_and_nobody_who_was_planned_is_dropped(seed: int) -> None:
    movable, people = drawn(seed)

    found = plan_days(movable, people, now=EIGHT, rounds=60, seed=seed, fair_s=300 * (seed % 2))

    of = {m.job.order_id: m for m in movable}
    days = {c.technician_id: c.calendar.without(*(move.order_id for move in found.moves)) for c in people}
    assert all(move.to_id is not None for move in found.moves)
    for move in found.moves:
        m = of[move.order_id]
        assert move.start in m.options()
        job = Occupied(move.start, move.start + 60, m.job.place, move.order_id, move.start)
        days[move.to_id or 0] = with_job(days[move.to_id or 0], job)
    crew = Crew(people)
    for move in found.moves:
        job = replace(of[move.order_id].job, start=move.start)
        calendar = days[move.to_id or 0].without(move.order_id)
        assert Decider(calendar, job.terms).refusal(move.start) is None
        row = np.flatnonzero(crew.ids == move.to_id)
        assert not np.any(of_person(Glance(job, crew, row)))
