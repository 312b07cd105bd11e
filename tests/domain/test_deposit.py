"""The deposit's rules: an earning is divided without a rest, and what keeps a deposit is named."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehub.domain.deposit import CASES, HOLD, RUNNING, DepositPolicy, Matured, Standing
from servicehub.errors import Invalid
from tests.city import NOW

FEN = st.integers(0, 5_000_000)


@given(
    fen=FEN, owed=FEN, held=FEN, target=st.integers(0, 10_000_000), share=st.integers(0, 10_000)
)  # fmt: skip
def test_debt_deposit_and_available_are_what_matured(fen: int, owed: int, held: int, target: int, share: int) -> None:
    policy = DepositPolicy(target_fen=target, share_bp=share)

    parts = policy.matured(fen, owed=owed, held=held)

    assert parts.repaid + parts.aside + parts.available == fen
    assert min(parts.repaid, parts.aside, parts.available) >= 0
    assert parts.repaid == min(fen, owed)
    assert not parts.aside or held + parts.aside <= target
    assert target or not parts.aside


@pytest.mark.parametrize(
    ("fen", "owed", "held", "parts"),
    [
        (10_000, 0, 0, Matured(0, 1_000, 9_000)),
        (10_000, 4_000, 0, Matured(4_000, 600, 5_400)),
        (10_000, 12_000, 0, Matured(10_000, 0, 0)),
        (10_000, 0, 49_700, Matured(0, 300, 9_700)),
        (10_000, 0, 60_000, Matured(0, 0, 10_000)),
        (5, 0, 0, Matured(0, 1, 4)),  # half up
    ],
)
def test_a_share_after_debts_until_the_target(fen: int, owed: int, held: int, parts: Matured) -> None:
    assert DepositPolicy(target_fen=50_000).matured(fen, owed=owed, held=held) == parts


def test_without_a_target_nothing_is_put_aside() -> None:
    assert DepositPolicy().matured(10_000, owed=0, held=0) == Matured(0, 0, 10_000)
    assert DepositPolicy().room(0) == DepositPolicy(target_fen=5).room(9) == 0


def test_what_keeps_it_is_named() -> None:
    policy = DepositPolicy(target_fen=1, hold_days=30)
    ended = NOW - timedelta(days=30)

    assert policy.obstacles(Standing(), NOW) == policy.obstacles(Standing(last_visit=ended), NOW) == ()
    assert policy.obstacles(Standing(last_visit=ended), NOW - timedelta(seconds=1)) == (HOLD,)
    assert policy.obstacles(Standing(1, 2, NOW), NOW) == (RUNNING, CASES, HOLD)
    assert policy.free_at(Standing()) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("target_fen", -1), ("target_fen", 10_000_001), ("share_bp", 10_001), ("share_bp", -1), ("hold_days", 366)],
)
def test_rules_out_of_range_are_named(field: str, value: int) -> None:
    with pytest.raises(Invalid) as refusal:
        DepositPolicy.checked({field: value})

    assert refusal.value.params["field"] == field
    assert DepositPolicy.of({"target_fen": "5", "note": "x"}) == DepositPolicy(target_fen=5)
