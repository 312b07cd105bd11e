"""A short storm over the product, and one over a product with broken money. The long ones: `servicehub bench chaos`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from servicehub.chaos import fuses, storm


def silent(_row: dict[str, Any]) -> None:
    return None


def test_money_adds_up_after_dying_at_labelled_points_and_at_random() -> None:
    result = storm.measure(seed=1, orders=10, points=6, only="product", told=silent)

    assert result["violations"] == []
    assert result["orders"] >= 10
    assert result["kills"] >= 5
    assert result["did"]["paid"] > 0
    assert result["did"]["paid by card"] > 0


def test_a_planted_fault_is_found() -> None:
    result = storm.measure(seed=1, only="late_money_ignored", told=silent)

    assert (result["mutants_planted"], result["mutants_caught"]) == (1, 1)


def test_an_unknown_mutant_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing"):
        storm.measure(only="nothing")


def test_every_labelled_point_belongs_to_something_that_exists() -> None:
    """A renamed service would otherwise leave a point at which nobody ever dies."""
    modules = {
        "booking": "servicehub.services.orders.booking",
        "changes": "servicehub.services.orders.changes",
        "timers": "servicehub.services.orders.timers",
        "checkout": "servicehub.workflows.checkout",
        "payouts": "servicehub.workflows.payouts",
        "guaranteeing": "servicehub.workflows.guaranteeing",
    }
    for name in fuses.WRITES:
        module, _, function = name.partition(".")
        assert callable(getattr(import_module(modules.get(module, f"servicehub.services.{module}")), function))
