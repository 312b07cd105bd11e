"""The handlers about payees are public: a forged number, channel or form reaches nobody else's money."""

from __future__ import annotations

from asyncio import run
from typing import Any

from sqlmodel import Session, select

from servicehub.models.withdrawal import Withdrawal
from servicehub.state.base import ToastState
from servicehub.state.technician.withdraw import ConfirmState, WithdrawState


def nothing(session: Session) -> bool:
    return session.exec(select(Withdrawal)).first() is None


def test_a_forged_channel_or_form_asks_for_nothing(tabs: Any, people: Any) -> None:
    async def story() -> None:
        async with tabs() as tab:
            technician = people.technician()
            await tab.fire(WithdrawState.choose, technician, channel="somebody's")
            assert set(tab.seen(WithdrawState, "channel")) <= {""}
            for form in (
                {"amount": "500", "account": "", "channel": "stripe"},
                {"amount": "500", "account": "19900000002", "channel": "wechat"},
                {"amount": ["500"], "channel": {"a": 1}},
            ):
                await tab.fire(WithdrawState.ask, technician, form=form)
                assert tab.seen(ToastState, "toast_tone")[-1] == "bad"

    run(story())
    assert people.database.read_now(nothing)


def test_nobody_confirms_or_takes_back_what_is_not_there(tabs: Any, people: Any) -> None:
    async def story() -> None:
        async with tabs() as tab:
            technician = people.technician()
            for told, act in enumerate((ConfirmState.done, ConfirmState.take_back), 1):
                await tab.fire(act, technician)
                assert tab.seen(ToastState, "toast_tone")[-1] == "bad"
                assert tab.seen(ToastState, "toast_seq")[-1] == told
            assert tab.redirects() == []

    run(story())
