"""What operators type about commission rules: read exactly, or refused by the field that is wrong."""

from __future__ import annotations

import pytest

from servicehub.errors import Invalid
from servicehub.state.operator.commission import FIELD_TEXTS, _bp, _day, _fen, _text


@pytest.mark.parametrize(("typed", "bp"), [("0", 0), ("22", 2200), ("22.5", 2250), ("12.25", 1225), ("100", 10_000)])
def test_a_percentage_is_basis_points(typed: str, bp: int) -> None:
    assert _bp({"rate": typed}, "rate", "bp") == bp


@pytest.mark.parametrize("typed", [None, "", "-1", "1e2", "12.345", "٢٢", {"a": 1}])
def test_anything_else_names_its_field(typed: object) -> None:
    with pytest.raises(Invalid) as refused:
        _bp({"rate": typed}, "rate", "group")
    assert refused.value.params["field"] == "group"


def test_days_and_amounts_may_be_empty_but_not_wrong() -> None:
    assert (_day({}, "on"), _day({"on": "2026-11-11"}, "on"), _fen({}, "coupon"), _fen({"coupon": "19.9"}, "coupon")) == (
        "", "2026-11-11", 0, 1990,
    )  # fmt: skip
    for read, wrong, field in ((_day, "11/11", "days"), (_fen, "-5", "amount")):
        with pytest.raises(Invalid) as refused:
            read({"x": wrong}, "x")
        assert refused.value.params["field"] == field


def test_a_text_has_an_end() -> None:
    assert _text({"name": f"  {'长' * 99} "}, "name", 24) == "长" * 24


def test_every_field_that_the_rules_refuse_has_a_sentence() -> None:
    asked = {
        "rates",
        "tax_bp",
        "tax_from",
        "rules",
        "name",
        "category",
        "level",
        "technician",
        "conditions",
        "days",
        "bp",
        "group",
        "bounds",
    }
    assert asked | {"collision", "coupon", "amount"} == set(FIELD_TEXTS)
