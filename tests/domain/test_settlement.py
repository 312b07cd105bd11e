"""The split of a price: exact, conserving, and the same for the estimate and the settlement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehub.domain.commission import Case, CommissionPolicy, Rate
from servicehub.domain.settlement import SettlementPolicy, settle, take_home
from servicehub.domain.technician import Level


@dataclass
class Line:
    kind: str
    amount_fen: int


DAY = date(2026, 3, 2)
GOLD = Rate("level:gold@1", 2200)


def test_commission_is_taken_from_labour_only() -> None:
    split = settle([Line("service", 19900), Line("travel", 900), Line("night", 3000)], rate=GOLD)

    assert (split.labour_fen, split.pass_through_fen, split.commission_fen, split.net_fen) == (22900, 900, 5038, 18762)


def test_each_funder_bears_its_share_of_the_coupon() -> None:
    lines = [Line("service", 20000), Line("coupon", -2000)]
    split = settle(lines, rate=GOLD, funder_platform_bp=5000)

    assert (split.paid_fen, split.subsidy_fen, split.coupon_share_fen) == (18000, 1000, 1000)
    assert (split.commission_fen, split.net_fen) == (4180, 14820)
    assert settle(lines, rate=GOLD).net_fen == 15600


def test_levels_pay_less_the_higher_they_are() -> None:
    policy = CommissionPolicy.of({})

    assert [policy.choose(Case("daily", level, 1, DAY)).bp for level in Level] == [3200, 2800, 2500, 2200, 1800]
    assert policy.choose(Case("daily", Level.GOLD, 1, DAY), 7).rule == "level:gold@7"


def test_a_partly_refunded_order_is_settled_in_proportion() -> None:
    lines = [Line("service", 20000), Line("travel", 1000), Line("coupon", -3000)]
    split = settle(lines, rate=GOLD, paid_fen=9000)

    assert (split.labour_fen, split.pass_through_fen, split.subsidy_fen) == (10000, 500, 1500)
    assert split.commission_fen == 2200


def test_more_than_the_price_cannot_be_settled() -> None:
    with pytest.raises(ValueError, match="cannot settle"):
        settle([Line("service", 100)], rate=GOLD, paid_fen=101)


def test_the_estimate_is_the_settlement() -> None:
    lines = [Line("service", 12900), Line("rush", 2000)]

    assert take_home(lines, rate=GOLD) == settle(lines, rate=GOLD).net_fen == 11622


@given(
    st.integers(0, 10**6),
    st.integers(0, 10**5),
    st.integers(0, 10**6),
    st.sampled_from([1800, 2200, 3200, 0]),
    st.integers(0, 10_000),
    st.data(),
)
def test_nothing_is_made_and_nothing_is_lost(
    labour: int, travel: int, off: int, bp: int, funder: int, data: st.DataObject
) -> None:
    coupon = min(off, labour)
    total = labour + travel - coupon
    paid = data.draw(st.integers(0, total))
    lines = [Line("service", labour), Line("travel", travel), Line("coupon", -coupon)]
    split = settle(lines, rate=Rate("r", bp), funder_platform_bp=funder, paid_fen=paid)

    assert split.paid_fen + split.subsidy_fen == split.commission_fen + split.net_fen
    assert split.labour_fen + split.pass_through_fen - split.coupon_share_fen == split.paid_fen + split.subsidy_fen
    assert (
        min(split.commission_fen, split.net_fen, split.subsidy_fen, split.coupon_share_fen, split.pass_through_fen) >= 0
    )


def test_maturing_goes_by_level_and_repairs_wait_a_week() -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    policy = SettlementPolicy.of({})

    assert [(policy.matures_at(level, "daily", at) - at) // timedelta(days=1) for level in Level] == [7, 5, 3, 2, 1]
    assert policy.matures_at(Level.CHIEF, "repair", at) == at + timedelta(days=7)
