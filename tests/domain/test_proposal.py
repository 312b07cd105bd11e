"""What may be proposed during a visit, and what it brings."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehub.domain.commission import Bounds, Rate
from servicehub.domain.pricing import AddOnTerms
from servicehub.domain.proposal import Extra, extras, gain, left
from servicehub.domain.refund import PricedLine, paid_for
from servicehub.domain.settlement import settle
from servicehub.errors import Invalid

OVEN = AddOnTerms("oven", "烤箱", "Oven", 3_000, 20, 2)
FRIDGE = AddOnTerms("fridge", "冰箱", "Fridge", 4_500, 25)


@dataclass(frozen=True)
class Line:
    kind: str
    amount_fen: int


def test_a_proposal_is_what_the_catalogue_says() -> None:
    oven, fridge = extras([(OVEN, 2), (FRIDGE, 1)], {})

    assert (oven.amount_fen, oven.minutes, oven.unit_fen) == (6_000, 40, 3_000)
    assert (fridge.amount_fen, fridge.minutes, fridge.kind) == (4_500, 25, "add_on")
    assert Extra.of(oven.document()) == oven


@pytest.mark.parametrize(
    ("wanted", "had"),
    [
        ([], {}),
        ([(OVEN, 0)], {}),
        ([(OVEN, -1)], {}),
        ([(OVEN, 3)], {}),
        ([(OVEN, 1), (OVEN, 1)], {}),
        ([(FRIDGE, 1)], {"fridge": 1}),
        ([(OVEN, 2)], {"oven": 1}),
    ],
)
def test_nothing_else_may_be_proposed(wanted: list[tuple[AddOnTerms, int]], had: dict[str, int]) -> None:
    with pytest.raises(Invalid):
        extras(wanted, had)


def test_what_the_order_has_counts() -> None:
    assert [left(OVEN, {"oven": n}) for n in range(4)] == [2, 1, 0, 0]


def test_it_brings_its_own_rate_where_the_rule_has_one() -> None:
    rate = Rate("r", 2_000, by_group={"add_on": 1_000})

    assert gain([Line("service", 20_000)], extras([(OVEN, 1)], {}), rate=rate) == 2_700


def test_a_fixed_part_and_bounds_count_once_for_the_visit() -> None:
    more = extras([(OVEN, 1)], {})

    assert gain([Line("service", 10_000)], more, rate=Rate("r", 2_000, bounds=Bounds(fixed_fen=500))) == 2_400
    assert gain([Line("service", 10_000)], more, rate=Rate("r", 2_000, bounds=Bounds(most_fen=2_000))) == 3_000


@given(
    service=st.integers(100, 100_000),
    unit=st.integers(0, 50_000),
    count=st.integers(1, 2),
    bp=st.integers(0, 10_000),
    group=st.integers(0, 10_000),
    people=st.integers(1, 4),
)
def test_the_parts_of_a_crew_are_the_whole(
    service: int, unit: int, count: int, bp: int, group: int, people: int
) -> None:
    more = extras([(AddOnTerms("a", "a", "a", unit, 10, 2), count)], {})
    rate = Rate("r", bp, by_group={"add_on": group})
    sold = [Line("service", service)]

    def net(lines: list[Line], seat: int) -> int:
        return settle(lines, rate=rate, seat=seat, people=people).net_fen

    whole = [*sold, Line("add_on", unit * count)]
    for seat in range(people):
        assert gain(sold, more, rate=rate, seat=seat, people=people) == net(whole, seat) - net(sold, seat)


def test_a_coupon_was_not_taken_off_what_was_added_later() -> None:
    lines = [
        PricedLine(1, "service", 10_000),
        PricedLine(2, "coupon", -2_000),
        PricedLine(3, "add_on", 5_000, is_added=True),
    ]

    assert paid_for(lines) == {1: 8_000, 3: 5_000}
