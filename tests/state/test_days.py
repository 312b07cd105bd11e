"""Stepping from day to day, whatever a browser sends."""

from __future__ import annotations

import pytest

from servicehub.state.operator.base import day_beside


@pytest.mark.parametrize(
    ("shown", "days", "wanted"),
    [
        ("2026-03-01", -1, "2026-02-28"),
        ("2026-02-28", 1, "2026-03-01"),
        ("2026-03-01", "x", "2026-03-02"),
        ("", -1, ""),
    ],
)
def test_the_day_beside(shown: str, days: object, wanted: str) -> None:
    assert day_beside(shown, days) == wanted
