"""The ranking: sums that add up, terms that point the right way, ties that fall the same way, reasons and what is stored."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import date, timedelta
from unittest import mock

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from servicehub.domain.calendar import Seen
from servicehub.domain.technician import Gender, Level
from servicehub.matching import (
    DEFAULT_POLICY,
    DEFAULT_WEIGHTS,
    OBJECTIVE,
    Crew,
    Policy,
    assess,
    choose,
    choose_start,
    engine,
    rank,
)
from servicehub.matching.engine import STORED_EXCLUDED, STORED_PASSED
from tests.matching.test_rules import CLOCK, HOME, NOW, at, busy, candidate, job, north, plan


def order_of(*people, **wish) -> list[int]:
    return [a.technician_id for a in assess(job(**wish), people).candidates]


def parts(person, **wish) -> dict[str, int]:
    return assess(job(**wish), [person]).candidates[0].parts


def living(technician_id: int, km: float, **values):
    return candidate(technician_id, calendar=plan(technician_id=technician_id, home=north(km)), **values)


def test_the_shorter_way_wins_when_all_else_is_equal() -> None:
    assert order_of(living(1, 6), living(2, 2), living(3, 4)) == [2, 3, 1]


def test_equal_candidates_fall_by_their_number() -> None:
    assert order_of(living(3, 2), living(1, 2), living(2, 2)) == [1, 2, 3]


def test_the_excluded_stand_behind_nearest_first() -> None:
    assert order_of(living(1, 6, is_active=False), living(2, 8), living(3, 3, is_active=False)) == [2, 3, 1]


def test_every_term_has_its_direction() -> None:
    plain = candidate()
    better = {
        "travel": candidate(calendar=plan()),
        "rating": candidate(rating_sum=500, rating_count=100),
        "level": candidate(level=Level.CHIEF),
        "regular": candidate(visits_to={5: 2}),
        "acceptance": candidate(offers_feasible=100, offers_accepted=99),
    }
    worse = {
        "travel": candidate(calendar=plan(home=north(5))),
        "lateness": candidate(calendar=plan(home=HOME, jobs=(busy(8, 9.75, north(0.5)),))),
        "idle": candidate(calendar=plan(jobs=(busy(8, 8.5),))),
        "gap": candidate(calendar=plan(jobs=(busy(11.5, 12),))),
        "load": candidate(calendar=plan(jobs=(busy(18, 19),))),
    }
    for term, person in better.items():
        assert parts(person)[term] >= parts(plain)[term], term
    for term, person in worse.items():
        assert parts(person)[term] < parts(plain)[term], term
    assert parts(plain, requested_technician_id=1)["requested"] == 7200


def test_who_takes_orders_now_is_asked_before_a_nearer_one_who_does_not() -> None:
    away, here = living(1, 0.5, is_online=False), living(2, 6, is_online=True)

    assert order_of(away, here) == [2, 1]
    assert parts(away)["presence"] == -1800
    assert parts(away, now=NOW - timedelta(days=2))["presence"] == -900
    assert parts(here)["presence"] == 0


def test_fairness_favours_who_earned_less_an_hour_and_rests_for_rescued_orders() -> None:
    poor = candidate(1, income_fen=100_000, available_minutes=2400)
    rich = candidate(2, income_fen=300_000, available_minutes=2400)
    fair = {a.technician_id: a.parts["fairness"] for a in assess(job(), [poor, rich]).candidates}
    urgent = {a.parts["fairness"] for a in assess(job(is_urgent=True), [poor, rich]).candidates}

    assert fair == {1: 1200, 2: -600}, "below the floor of 70 % of the median it counts twice"
    assert urgent == {0}
    plain = assess(job(), [poor, rich], Policy(fair_floor_pct=0))
    assert {a.technician_id: a.parts["fairness"] for a in plain.candidates} == {1: 600, 2: -600}


def test_a_newcomer_is_neutral() -> None:
    new = candidate()

    assert (round(new.rating, 2), new.acceptance, new.income_per_hour_fen) == (4.7, 0.8, None)


def test_the_policy_weighs_and_a_missing_term_counts_nothing() -> None:
    near, regular = living(1, 1), living(2, 6, visits_to={5: 3})

    assert assess(job(), [near, regular], Policy(weights={"travel": 1.0})).best.technician_id == 1
    assert assess(job(), [near, regular], Policy(weights={"regular": 1.0})).best.technician_id == 2


def test_a_policy_is_stored_and_read_back() -> None:
    policy = Policy.of({"weights": {"travel": 2}}, version=7)

    assert policy.weights == {**DEFAULT_WEIGHTS, "travel": 2.0}
    assert Policy.of(json.loads(json.dumps(policy.as_document()))) == policy
    assert set(DEFAULT_WEIGHTS) == {term.name for term in OBJECTIVE}


def test_reasons_for_the_technician() -> None:
    regular = living(1, 3, visits_to={5: 1})
    passing = candidate(
        2, calendar=plan(technician_id=2, home=north(4), jobs=(busy(8.5, 9.5, north(1)),)), level=Level.GOLD
    )
    found = assess(job(requested_technician_id=1), [regular, passing])

    assert found.of(1).reasons == ("requested", "regular")
    assert found.of(2).reasons == ("nearest", "on_route", "level")


def test_a_live_position_is_where_the_way_begins() -> None:
    here = candidate(calendar=plan(home=north(6), seen=Seen(HOME, at(9.9))))
    soon = replace(job(), now=NOW)

    assert assess(soon, [here]).candidates[0].travel_minutes == 0


def test_the_funnel_counts_by_the_first_rule() -> None:
    found = assess(
        job(), [living(1, 1), living(2, 1, is_active=False), living(3, 1, skills=frozenset()), living(4, 20)]
    )

    assert found.funnel == {"active": 1, "skill": 1, "area": 1}


def test_nobody_is_chosen_twice() -> None:
    first, second = job(order_id=1), job(order_id=2, place=north(0.5))
    people = [living(1, 0), living(2, 5)]
    found = choose([assess(wish, people) for wish in (first, second, replace(first, order_id=3, is_urgent=True))])

    assert found == {1: None, 2: 2, 3: 1}, "the rescued order first, and the one whose way to the other is shorter"


def test_a_batch_gives_up_the_nearest_where_others_need_him_more() -> None:
    """One by one, the first order takes the technician between both, and the second is left with the one far away."""
    middle, far = living(1, 2), living(2, -6)
    first, second = assess(job(order_id=1), [middle, far]), assess(job(order_id=2, place=north(4)), [middle, far])

    assert first.best.technician_id == 1
    assert choose([first, second]) == {1: 2, 2: 1}


def test_a_window_is_used_where_one_start_would_leave_somebody_without_anybody() -> None:
    only = living(1, 0)
    asked = {n: [(start, assess(job(order_id=n, start=start), [only])) for start in starts]
             for n, starts in ((1, (at(10), at(12))), (2, (at(10),)))}  # fmt: skip

    assert choose_start({1: asked[1]}) == {1: (at(10), 1)}, "of equals the first"
    assert choose_start({1: asked[1]}, price=lambda start: 900.0 * (start == at(10))) == {1: (at(12), 1)}
    assert choose_start(asked) in ({1: (at(10), 1), 2: None}, {1: None, 2: (at(10), 1)}), "nobody twice in a batch"
    assert choose_start({3: []}) == {3: None}
    assert choose_start({}) == {}


def test_what_is_stored_is_json_best_first_and_bounded() -> None:
    people = [living(n, n / 10) for n in range(1, 60)] + [living(n, 1, is_active=False) for n in range(100, 300)]
    ranking = assess(job(), people)
    document = ranking.as_document()

    assert json.loads(json.dumps(document)) == document
    assert [bool(d["failed"]) for d in document] == [False] * STORED_PASSED + [True] * STORED_EXCLUDED
    assert (len(ranking), ranking.funnel) == (59, {"active": 200})
    assert document[0]["technician_id"] == 1
    assert [
        set(d) >= {"technician_id", "failed", "parts", "score", "distance_m", "travel_minutes"} for d in document
    ] == [True] * len(document)


people = st.lists(
    st.builds(
        lambda i, km, start, level, rating, visits, income: candidate(
            i, level=level, rating_sum=rating * 10, rating_count=10, visits_to={5: visits}, income_fen=income,
            available_minutes=2400,
            calendar=plan(technician_id=i, home=north(km / 10), jobs=(busy(start / 4, start / 4 + 1, north(-km / 20)),)),
        ),
        st.integers(1, 9999), st.integers(-90, 90), st.integers(32, 80), st.sampled_from(list(Level)), st.integers(1, 5),
        st.integers(0, 9), st.integers(0, 10**6),
    ),
    max_size=12, unique_by=lambda c: c.technician_id,
)  # fmt: skip
policies = st.dictionaries(st.sampled_from(sorted(DEFAULT_WEIGHTS)), st.floats(0, 3), max_size=11).map(
    lambda weights: Policy.of({"weights": weights})
)


@settings(max_examples=150, deadline=None)
@given(people, policies, st.randoms())
def test_scores_are_the_exact_sums_and_the_order_of_questions_does_not_matter(
    found, policy, rng: random.Random
) -> None:
    ranking = assess(job(), found, policy)
    shuffled = list(found)
    rng.shuffle(shuffled)

    assert assess(job(), shuffled, policy) == ranking
    assert len(ranking.candidates) == len(found)
    assert all(a.score == sum(a.parts.values()) for a in ranking.feasible)
    assert [a.score for a in ranking.feasible] == sorted((a.score for a in ranking.feasible), reverse=True)
    assert all(isinstance(v, int) for a in ranking.feasible for v in a.parts.values())


wishes = st.lists(
    st.builds(
        lambda start, km, gender, urgent, asked, skill: job(
            start=at(start / 4), place=north(km / 10), gender=gender, is_urgent=urgent, asked=frozenset(asked), skill=skill,
            customer_id=start % 3 + 4, requested_technician_id=start,
        ),
        st.integers(30, 84), st.integers(-90, 90), st.sampled_from((None, *Gender)), st.booleans(),
        st.lists(st.integers(1, 9999), max_size=3), st.sampled_from(("cleaning", "massage")),
    ),
    min_size=1, max_size=5,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(people, wishes, st.sampled_from((1, 10**6)))
def test_a_batch_says_of_every_job_what_is_said_of_it_alone(found, asked, large: int) -> None:
    crew = Crew(found)
    rows = [np.arange(len(found))[k % 2 :] for k in range(len(asked))]
    questions = [(replace(wish, order_id=100 + k), rows[k]) for k, wish in enumerate(asked)]
    with mock.patch.object(engine, "LARGE", large):  # in one thread, and in two
        together = rank(questions, crew)

    assert together == [rank([question], crew)[0] for question in questions]
    for (wish, mine), ranking in zip(questions, together, strict=True):
        assert len(ranking.candidates) == len(mine)
        assert len(mine) < len(found) or ranking == assess(wish, found)
        for technician_id in ranking.ids.tolist() + [a.technician_id for a in ranking.excluded(3)]:
            assert ranking.of(technician_id) in ranking.candidates


@settings(max_examples=60, deadline=None)
@given(people, wishes)
def test_with_one_start_each_the_choice_is_the_same(found, asked) -> None:
    rankings = [assess(replace(wish, order_id=100 + k), found) for k, wish in enumerate(asked)]

    chosen = choose_start({r.order_id: [(7, r)] for r in rankings})

    def total(of) -> int:
        return sum(
            next(a.score for a in r.feasible if a.technician_id == of[r.order_id]) for r in rankings if of[r.order_id]
        )

    plain = {order_id: held[1] if held else None for order_id, held in chosen.items()}
    assert sum(who is not None for who in plain.values()) == sum(who is not None for who in choose(rankings).values())
    assert total(plain) == total(choose(rankings))


def test_the_day_of_the_visit_is_local() -> None:
    assert CLOCK.day(job().start) == date(2026, 3, 2)
    assert DEFAULT_POLICY.version == 0
