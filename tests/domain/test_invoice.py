"""Tax and lines of invoices: to the fen, whatever was paid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehub.domain.invoice import invoice_lines, taxed


@given(st.integers(1, 10**8), st.integers(0, 2_000))
def test_net_and_tax_are_the_gross(gross: int, rate: int) -> None:
    line = taxed("x", gross, rate)

    assert line.net_fen + line.tax_fen == gross
    assert line.tax_fen >= 0
    assert abs(line.net_fen * (10_000 + rate) - gross * 10_000) <= (10_000 + rate) // 2 + 1


@given(
    st.lists(st.tuples(st.text("ab", min_size=1), st.integers(-5_000, 50_000)), min_size=1, max_size=6),
    st.integers(1, 10**6),
)
def test_lines_sum_to_what_was_paid(priced: list[tuple[str, int]], paid: int) -> None:
    if not any(fen > 0 for _name, fen in priced):
        return
    lines = invoice_lines(priced, paid, 600)

    assert sum(line.gross_fen for line in lines) == paid
    assert all(line.gross_fen > 0 for line in lines)


def test_the_price_contains_the_tax() -> None:
    line = taxed("x", 10_600, 600)
    assert (line.net_fen, line.tax_fen) == (10_000, 600)


def test_nothing_paid_is_no_invoice() -> None:
    with pytest.raises(ValueError, match="paid"):
        invoice_lines([("x", 100)], 0, 600)
