"""The tax that a sum contains, with its sign."""

from hypothesis import given
from hypothesis import strategies as st

from servicehub.domain.vat import contained_fen, lines


def test_what_prices_contain() -> None:
    assert (contained_fen(10_100, 100), contained_fen(10_600, 600), contained_fen(10_100, 0)) == (100, 600, 0)
    assert contained_fen(-10_100, 100) == -100


@given(st.integers(-(10**10), 10**10), st.integers(0, 2_000))
def test_the_net_price_and_its_tax_are_the_price_to_half_a_fen(sold_fen: int, rate_bp: int) -> None:
    tax_fen = contained_fen(sold_fen, rate_bp)
    assert abs(tax_fen * (10_000 + rate_bp) - sold_fen * rate_bp) * 2 <= 10_000 + rate_bp
    assert contained_fen(-sold_fen, rate_bp) == -tax_fen
    assert sum(lines(tax_fen).values()) == 0
