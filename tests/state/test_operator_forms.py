"""What operators type and take away: amounts are read exactly or refused, exports never run as formulas."""

from __future__ import annotations

import pytest

from servicehub.domain.money import fen_of
from servicehub.errors import Invalid
from servicehub.state.operator.orders import as_csv


@pytest.mark.parametrize(
    ("text", "fen"), [("0", 0), ("12", 1200), ("12.5", 1250), (" 12.05 ", 1205), ("999999.99", 99999999)]
)
def test_an_amount_is_read_to_the_fen(text: str, fen: int) -> None:
    assert fen_of(text) == fen


@pytest.mark.parametrize("text", ["", "-1", "1e3", "1.234", "1,000", "١٢", "12.", "1000000", None, {"a": 1}])
def test_anything_else_is_refused(text: object) -> None:
    with pytest.raises(Invalid):
        fen_of(text)


def test_a_csv_opens_as_text_in_a_spreadsheet() -> None:
    made = as_csv((("订单号", "客户"), ("2611240001", '=HYPERLINK("x")'), ("2611240002", "陈,女士")))
    assert made.decode("utf-8") == '\ufeff订单号,客户\r\n2611240001,"\'=HYPERLINK(""x"")"\r\n2611240002,"陈,女士"\r\n'
