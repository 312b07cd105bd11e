"""What was paid for each line of a price."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from servicehub.domain.refund import LABOUR, PricedLine, paid_for


def test_a_coupon_is_spread_over_services_and_add_ons_only() -> None:
    lines = [
        PricedLine(1, "service", 9_000),
        PricedLine(2, "add_on", 3_000),
        PricedLine(3, "travel", 1_000),
        PricedLine(4, "coupon", -2_000),
    ]
    assert paid_for(lines) == {1: 7_500, 2: 2_500, 3: 1_000}


@given(
    labour=st.lists(st.tuples(st.sampled_from(LABOUR), st.integers(0, 100_000)), min_size=1, max_size=6),
    fees=st.lists(st.integers(0, 10_000), max_size=3),
    data=st.data(),
)
def test_lines_sum_to_the_price_and_are_never_negative(
    labour: list[tuple[str, int]], fees: list[int], data: st.DataObject
) -> None:
    off = data.draw(st.integers(0, sum(fen for _kind, fen in labour)))
    lines = [PricedLine(i, kind, fen) for i, (kind, fen) in enumerate(labour)]
    lines += [PricedLine(100 + i, "travel", fen) for i, fen in enumerate(fees)]
    if off:
        lines.append(PricedLine(200, "coupon", -off))

    paid = paid_for(lines)

    assert sum(paid.values()) == sum(line.amount_fen for line in lines)
    assert all(0 <= paid[line.id] <= line.amount_fen for line in lines if line.id != 200)
