"""The handlers of the settlement mode are public: whoever sends them events is judged by the server's session alone."""

from __future__ import annotations

from asyncio import run
from typing import Any

import pytest

from servicehub.settings import get_settings
from servicehub.state.base import ToastState
from servicehub.state.operator.settlement_mode import SettlementModeState
from servicehub.state.technician.withdraw import WithdrawState


def test_others_are_refused_and_a_number_that_is_not_in_the_list_is_nothing(tabs: Any, people: Any) -> None:
    async def story() -> None:
        async with tabs() as tab:
            await tab.fire(SettlementModeState.retry, people.customer())
            assert tab.seen(SettlementModeState, "chosen") in ([], [""])
            operator = people.operator()
            await tab.fire(SettlementModeState.choose, operator, token="desk", no="S" * 400)
            await tab.fire(SettlementModeState.retry, operator, token="desk")
            assert tab.seen(ToastState, "toast_tone")[-1] == "bad"
            assert set(tab.seen(SettlementModeState, "chosen")) <= {""}

    run(story())


def test_a_technician_of_a_partner_is_told_why_also_when_the_form_is_forged(
    tabs: Any, people: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "settlement_mode", "partner")

    async def story() -> None:
        async with tabs() as tab:
            forged = {"amount": "500", "account": "19900000002"}
            await tab.fire(WithdrawState.ask, people.technician(), form=forged)
            assert "客户把钱直接付给你所在的公司" in tab.seen(ToastState, "toast_text")[-1]

    run(story())
