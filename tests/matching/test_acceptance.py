"""The model of answers: without history it says the technician's own share, with history it finds what was put in."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehub.matching import Acceptance, Policy, assess
from servicehub.matching.acceptance import FEATURES, features, learn
from tests.matching.test_rules import at, candidate, job, north, plan

TRUE = {"base": 0.2, "way": -0.9, "evening": -0.8, "weekend": 0.5, "short_notice": 0.0, "length": 0.3}


def history(count: int, weights: dict[str, float] = TRUE, seed: int = 1):
    """Answers of people whose own share is 0.8, drawn by `weights`."""
    dice = np.random.default_rng(seed)
    of = features(
        dice.integers(0, 90, count), dice.integers(0, 1440, count), dice.integers(0, 7, count), dice.uniform(0, 48, count),
        dice.choice((60, 90, 120), count),
    )  # fmt: skip
    own = np.full(count, 0.8)
    likely = Acceptance(weights).likely(own, of)
    return own, of, dice.random(count) < likely


def test_without_history_it_says_the_own_share() -> None:
    of = features([10, 80], [600, 1300], [0, 6], [2, 40], [60, 120])

    assert Acceptance().likely([0.3, 0.9], of) == pytest.approx([0.3, 0.9])
    assert Acceptance.of({}) == Acceptance()


@pytest.mark.parametrize("answers", [0, 49])
def test_few_answers_teach_nothing(answers: int) -> None:
    assert learn(*history(answers)) == Acceptance()


def test_equal_answers_teach_nothing() -> None:
    own, of, _said = history(200)

    assert learn(own, of, np.ones(200, bool)) == Acceptance()


def test_what_was_put_in_is_found_again() -> None:
    found = learn(*history(20_000))

    assert found.answers == 20_000
    assert found.weights == pytest.approx(TRUE, abs=0.12)
    assert Acceptance.of(json.loads(json.dumps(found.as_document()))).weights == pytest.approx(found.weights, abs=1e-3)


def test_a_prior_holds_little_history_back() -> None:
    little, much = learn(*history(80)), learn(*history(20_000))

    assert sum(w * w for w in little.weights.values()) < sum(w * w for w in much.weights.values())


@given(st.floats(0.0, 1.0), st.lists(st.floats(-5, 5), min_size=len(FEATURES), max_size=len(FEATURES)))
def test_a_chance_is_a_chance(own: float, weights: list[float]) -> None:
    model = Acceptance(dict(zip(FEATURES, weights, strict=True)))
    of = features([0, 300], [0, 1439], [0, 6], [0, 500], [30, 600])

    assert ((model.likely([own, own], of) >= 0) & (model.likely([own, own], of) <= 1)).all()


def test_an_effect_is_in_shares() -> None:
    model = Acceptance({**dict.fromkeys(FEATURES, 0.0), "way": -1.0})

    assert model.effect("way", 1 / 3) == pytest.approx(1 / (1 + np.exp(-(np.log(4) - 1 / 3))) - 0.8)
    assert model.effect("weekend") == pytest.approx(0)


def test_who_will_probably_decline_a_long_way_in_the_evening_scores_less() -> None:
    people = [candidate(n, calendar=plan(technician_id=n, home=north(km))) for n, km in ((1, 0.0), (2, 8.0))]
    learned = Policy(acceptance=Acceptance({**dict.fromkeys(FEATURES, 0.0), "way": -1.0, "evening": -1.0}))

    def parts(policy: Policy, hour: float) -> dict[int, int]:
        found = assess(job(start=at(hour)), people, policy).feasible
        return {a.technician_id: a.parts["acceptance"] for a in found}

    assert parts(Policy(), 10) == {1: -180, 2: -180}
    noon, evening = parts(learned, 12), parts(learned, 20)
    assert noon[1] == -180
    assert noon[2] < noon[1]
    assert evening[1] < noon[1]
    assert Policy.of(learned.as_document()).acceptance == learned.acceptance
    assert "acceptance" not in learned.adopted()
