"""The log-in page's State: a visitor who is quicker than his page, and a connection that was lost, lose nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from servicehub.state.login import LoginState

TECHNICIAN = "/login/?role=technician&next=/technician/plan/"


@pytest.fixture
def spoken(people: Any) -> Any:
    """What the tab shows last of each var."""
    people.technician(number=42)

    def last(tab: Any, var: str) -> Any:
        return tab.seen(LoginState, var)[-1]

    return last


def test_a_code_asked_for_before_the_page_opened_stays_asked_for(tabs: Any, spoken: Any) -> None:
    async def story() -> None:
        async with tabs() as tab:
            await tab.fire(LoginState.request_code, path=TECHNICIAN, form={"phone": "19900000042"})
            asked = spoken(tab, "challenge")
            assert asked
            assert spoken(tab, "is_technician") is True
            assert spoken(tab, "next_path") == "/technician/plan/"
            await tab.fire(LoginState.open, path=TECHNICIAN)
            assert spoken(tab, "challenge") == asked

    asyncio.run(story())


def test_a_code_is_forgotten_when_its_life_is_over_or_another_role_is_chosen(
    tabs: Any, spoken: Any, fixed_clock: Any
) -> None:
    async def story() -> None:
        async with tabs() as tab:
            await tab.fire(LoginState.request_code, path=TECHNICIAN, form={"phone": "19900000042"})
            fixed_clock.advance(minutes=6)
            await tab.fire(LoginState.open, path=TECHNICIAN)
            assert spoken(tab, "challenge") == ""
            await tab.fire(LoginState.request_code, path=TECHNICIAN, form={"phone": "19900000042"})
            assert spoken(tab, "challenge")
            await tab.fire(LoginState.choose, path=TECHNICIAN, role="customer")
            assert (spoken(tab, "challenge"), spoken(tab, "is_technician")) == ("", False)
            await tab.fire(LoginState.open, path=TECHNICIAN)
            assert spoken(tab, "is_technician") is False, "the choice outlives a lost connection"

    asyncio.run(story())
