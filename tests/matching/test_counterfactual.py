"""What would have changed a choice: the factor that is named is the one at which the order turns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehub.matching.counterfactual import MOST_FACTOR, tips

TERMS = ("travel", "fairness", "rating")


def stored(technician_id: int, *parts: int, distance_m: int = 1000, failed: tuple[str, ...] = ()) -> dict:
    return {
        "technician_id": technician_id, "failed": list(failed), "parts": dict(zip(TERMS, parts, strict=False)), "score": sum(parts),
        "distance_m": distance_m,
    }  # fmt: skip


def test_more_fairness_would_have_sent_the_one_further_away() -> None:
    near = stored(1, -300, 0, 100, distance_m=800)
    poor = stored(2, -600, 350, 40, distance_m=2600)

    first = tips([near, poor], 1)[0]

    assert (first.term, first.factor, first.technician_id, first.further_m) == (
        "fairness", pytest.approx(1 + 10 / 350), 2, 1800,
    )  # fmt: skip


def test_nothing_is_said_of_the_excluded_or_of_a_choice_that_was_not_the_best_alone() -> None:
    assert tips([stored(1, -300, 0, 0), stored(2, 500, 0, 0, failed=("skill",))], 1) == []
    assert tips([stored(1, -300, 0, 0), stored(2, 500, 0, 0)], 1) == []
    assert tips([stored(1, -300, 0, 0)], 9) == []


rows = st.lists(st.tuples(*[st.integers(-900, 900)] * 3), min_size=2, max_size=6)


@given(rows)
def test_just_beyond_the_factor_another_comes_first_and_just_before_nobody_does(parts) -> None:
    candidates = sorted((stored(i, *row) for i, row in enumerate(parts)), key=lambda c: -c["score"])
    chosen = candidates[0]["technician_id"]
    for tip in tips(candidates, chosen, most=3):
        assert 0 <= tip.factor <= MOST_FACTOR

        def leads(factor: float, term: str = tip.term) -> int:
            """Who is strictly ahead of the chosen one with the weight of the term times `factor`."""
            scores = {c["technician_id"]: c["score"] + (factor - 1) * c["parts"][term] for c in candidates}
            best = max(scores, key=lambda i: (scores[i], i == chosen))
            return best if scores[best] > scores[chosen] + 1e-6 else chosen

        step = 1e-3 if tip.factor >= 1 else -1e-3
        lead = candidates[0]["score"] - next(c for c in candidates if c["technician_id"] == tip.technician_id)["score"]
        if lead:
            assert leads(tip.factor - 2 * step) == chosen or abs(tip.factor - 1) < 2e-3
            assert leads(tip.factor + step) != chosen
