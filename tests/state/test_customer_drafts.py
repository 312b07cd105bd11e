"""What a browser keeps for us is read like anything that it sends: bad parts become their defaults."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicehub.errors import Invalid
from servicehub.state.customer.base import KeptState, order_number, parsed, whole
from servicehub.state.customer.browse import lines
from servicehub.viewmodels.customer.draft import Draft
from tests.conftest import FixedClock


def test_a_draft_survives_the_browser(fixed_clock: FixedClock) -> None:
    start = (fixed_clock.now + timedelta(hours=3)).isoformat()
    draft = Draft(
        "cleaning-2h", 2, (("windows", 1),), (("ac-wall", 2),), start, 120, 7, "female", ("pets", "stairs"), "12", 3
    )
    assert parsed(json.dumps(asdict(draft))) == draft


def test_a_browser_that_missed_the_last_draft_does_not_bring_the_old_one_back() -> None:
    kept = KeptState()
    kept._keep_draft(Draft("cleaning-2h"))
    before = kept.draft
    kept._keep_draft(Draft("cleaning-2h", requirements=("pets",)))

    kept.draft = before  # what a reconnecting browser says
    assert kept._latest().requirements == ("pets",)
    assert parsed(kept.draft).requirements == ("pets",), "the browser is told again"

    kept._keep_draft(Draft())  # ordered
    kept.draft = before
    assert kept._latest().service == "", "an order is not placed twice"
    kept._keep_draft(Draft("windows"))
    assert parsed(kept.draft) == kept._latest()


def test_a_start_that_has_passed_is_forgotten(fixed_clock: FixedClock) -> None:
    draft = Draft("cleaning-2h", start=(fixed_clock.now - timedelta(minutes=1)).isoformat())
    assert parsed(json.dumps(asdict(draft))).start == ""


@pytest.mark.parametrize(
    "raw",
    [
        {"service": ["x"], "quantity": "2", "add_ons": [["a", -1], "b", ["c"]], "start": 5, "technician": -3},
        {"service": "x" * 60, "quantity": True, "gender": "cat", "requirements": {"gold": 1}, "coupon": "y" * 20},
        {"add_ons": [["a", 1]] * 21, "start": "2026-03-03T10:00", "address": 1e9},
    ],
)
def test_wrong_parts_become_their_defaults(fixed_clock: FixedClock, raw: dict[str, Any]) -> None:
    assert parsed(json.dumps(raw)) == Draft()


@given(
    st.text(max_size=300) | st.recursive(st.none() | st.booleans() | st.text(), st.lists, max_leaves=5).map(json.dumps)
)
def test_no_text_breaks_the_reader(text: str) -> None:
    assert isinstance(parsed(text), Draft)
    assert all(line.strip() for line in lines(text))


@pytest.mark.parametrize("value", ["", "123", "26112214380417ab", "٢" * 16, None, {"no": 1}])
def test_what_is_no_order_number_is_refused(value: Any) -> None:
    with pytest.raises(Invalid):
        order_number(value)


@pytest.mark.parametrize("value", ["", "-1", "11", "1.5", "²", None, [1], True])
def test_what_is_no_whole_number_in_range_is_refused(value: Any) -> None:
    with pytest.raises(Invalid):
        whole(value, 1, 10)
