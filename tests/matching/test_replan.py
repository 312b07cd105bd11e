"""Whole days planned anew: better, never against a rule, stoppable, repeatable, and quiet where little is gained."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from servicehub.domain.availability import Decider
from servicehub.domain.calendar import Job as Occupied
from servicehub.matching import DEFAULT_POLICY
from servicehub.matching.replan import Movable, Replan, improve
from tests.matching.test_rules import at, candidate, job, north, plan


def person(technician_id: int, km: float, *held: tuple[int, float, float]):
    """Somebody who lives `km` north and holds visits: (order, hour, km)."""
    jobs = tuple(Occupied(at(hour), at(hour + 1), north(far), order_id, at(hour)) for order_id, hour, far in held)
    return candidate(
        technician_id, calendar=plan(technician_id=technician_id, home=north(km), jobs=tuple(sorted(jobs)))
    )


def visit(order_id: int, hour: float, km: float, holder_id: int | None, **values) -> Movable:
    return Movable(job(order_id=order_id, start=at(hour), place=north(km), **values), holder_id)


def crossed() -> tuple[list[Movable], list]:
    """Two visits at the same time, each held by the one who lives at the other's door."""
    people = [person(1, 0.0, (11, 10, 6.0)), person(2, 6.0, (12, 10, 0.0))]
    return [visit(11, 10, 6.0, 1), visit(12, 10, 0.0, 2)], people


def hands(found: Replan) -> dict[int, tuple[int | None, int | None]]:
    return {move.order_id: (move.from_id, move.to_id) for move in found.moves}


def test_visits_that_cross_are_exchanged() -> None:
    found = improve(*crossed(), DEFAULT_POLICY, rounds=0)

    assert hands(found) == {11: (1, 2), 12: (2, 1)}
    assert (found.before.served, found.after.served) == (2, 2)
    assert (found.before.way_minutes, found.after.way_minutes) == (4 * 33, 0)
    assert found.gain_s > 3600


def test_a_visit_with_a_window_moves_in_time_to_make_room() -> None:
    """Only one person; the planned visit may begin later, and the new one only now."""
    people = [person(1, 0.0, (11, 10, 0.0))]
    planned = replace(visit(11, 10, 0.0, 1), starts=(at(10), at(12)))
    new = visit(12, 10, 0.0, None)

    found = improve([planned, new], people, DEFAULT_POLICY, sweeps=2, rounds=40)

    assert {(m.order_id, m.to_id, m.start) for m in found.moves} == {(11, 1, at(12)), (12, 1, at(10))}
    assert improve([visit(11, 10, 0.0, 1), new], people, DEFAULT_POLICY, rounds=40).moves == ()


def test_what_gains_less_than_it_disturbs_stays() -> None:
    assert improve(*crossed(), DEFAULT_POLICY, moved_cost_s=3600).moves == ()


def test_whoever_has_nobody_gets_somebody_even_if_two_must_move() -> None:
    """The new visit fits only the one who holds the other; the other fits both."""
    people = [person(1, 0.0, (11, 10, 0.0)), person(2, -8.0)]
    new, old = visit(12, 10, 5.0, None), visit(11, 10, 0.0, 1)

    found = improve([old, new], people, DEFAULT_POLICY, moved_cost_s=600)

    assert hands(found) == {11: (1, 2), 12: (None, 1)}
    assert (found.before.served, found.after.served) == (1, 2)


def test_a_chain_of_visits_ends_with_one_instead_of_two() -> None:
    """No slice sees it: both visits of the day must change hands before the second way disappears."""
    people = [person(1, 4.0, (11, 10, 0.0)), person(2, 4.0, (12, 12, 0.0))]

    found = improve([visit(11, 10, 0.0, 1), visit(12, 12, 0.0, 2)], people, DEFAULT_POLICY)

    assert len(found.moves) == 1
    assert found.after.way_minutes < found.before.way_minutes


def test_stopped_at_once_nothing_has_moved() -> None:
    found = improve(*crossed(), DEFAULT_POLICY, stop=lambda: True)

    assert (found.moves, found.gain_s, found.rounds, found.before) == ((), 0, 0, found.after)


km = st.integers(-12, 12).map(lambda tenths: tenths / 2)
visits = st.lists(st.tuples(st.sampled_from((9, 10, 10.5, 12, 14)), km), min_size=1, max_size=5)


@settings(max_examples=40, deadline=None)
@given(visits, st.lists(km, min_size=1, max_size=3), st.integers(0, 20), st.integers(0, 3))
def test_every_plan_keeps_every_rule_and_none_is_worse(wishes, homes, stop_after, seed) -> None:
    movable = [visit(10 + i, hour, far, None) for i, (hour, far) in enumerate(wishes)]
    people = [person(1 + i, home) for i, home in enumerate(homes)]
    asked = iter(range(1000))

    found = improve(movable, people, DEFAULT_POLICY, rounds=6, seed=seed, stop=lambda: next(asked) >= stop_after)

    again = iter(range(1000))
    repeated = improve(movable, people, DEFAULT_POLICY, rounds=6, seed=seed, stop=lambda: next(again) >= stop_after)
    assert repeated == found
    assert found.gain_s >= 0
    calendars = {p.technician_id: p.calendar for p in people}
    jobs = {m.job.order_id: m.job for m in movable}
    placed = {move.order_id: move.to_id for move in found.moves if move.to_id is not None}
    for technician_id, calendar in calendars.items():
        mine = [jobs[order_id] for order_id, holder in placed.items() if holder == technician_id]
        occupied = tuple(sorted(Occupied(j.start, j.start + j.minutes, j.place, j.order_id, j.start) for j in mine))
        for wish in mine:
            others = replace(calendar, jobs=occupied).without(wish.order_id)
            assert Decider(others, wish.terms).refusal(wish.start) is None
    assert found.after.served == len(placed)
