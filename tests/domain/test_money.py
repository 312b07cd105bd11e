"""Rounding once, and shares that conserve."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehub.domain.money import scaled, share_bp, split

AMOUNTS = st.integers(0, 10**9)
WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=8).filter(any)


@given(AMOUNTS, WEIGHTS)
def test_a_split_conserves_its_total_and_is_within_a_fen_of_exact(total: int, weights: list[int]) -> None:
    parts = split(total, weights)

    assert sum(parts) == total
    assert all(abs(part - Fraction(total * w, sum(weights))) < 1 for part, w in zip(parts, weights, strict=True))


@given(AMOUNTS, WEIGHTS)
def test_what_weighs_nothing_gets_nothing(total: int, weights: list[int]) -> None:
    assert all(part == 0 for part, w in zip(split(total, weights), weights, strict=True) if w == 0)


def test_ties_go_to_the_earlier_part() -> None:
    assert split(100, [1, 1, 1]) == [34, 33, 33]


@pytest.mark.parametrize(
    ("amount", "bp", "share"), [(5, 1000, 1), (4, 1000, 0), (15, 1000, 2), (19900, 2200, 4378), (1, 5000, 1)]
)
def test_a_share_is_rounded_half_up(amount: int, bp: int, share: int) -> None:
    assert share_bp(amount, bp) == share


@given(AMOUNTS, st.integers(1, 10**6))
def test_scaling_by_the_whole_changes_nothing(amount: int, whole: int) -> None:
    assert scaled(amount, whole, whole) == amount


def test_negative_amounts_are_refused() -> None:
    for wrong in (lambda: share_bp(-1, 5), lambda: split(-1, [1]), lambda: split(1, [0, 0]), lambda: scaled(1, 1, 0)):
        with pytest.raises(ValueError, match=r"."):
            wrong()
