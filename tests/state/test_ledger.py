"""The ledger's handlers are public: whoever sends them events is judged by the server's session alone."""

from __future__ import annotations

from asyncio import run
from typing import Any

import pytest

from servicehub import clock
from servicehub.domain.access import OperatorRole, Role
from servicehub.services import ledger
from servicehub.state.base import ToastState
from servicehub.state.operator.accounts import AccountGroupState, AccountState
from servicehub.state.operator.ledger import LedgerState
from servicehub.viewmodels.books import AccountSheet, GroupSheet, Trace


@pytest.mark.parametrize(
    ("event", "state", "payload"),
    [
        (AccountState.turn, AccountState, {"page": 1}),
        (AccountGroupState.turn, AccountGroupState, {"page": 1}),
        (LedgerState.search, LedgerState, {"q": "cash:bank"}),
    ],
)
def test_only_readers_of_the_ledger_are_answered(
    tabs: Any, people: Any, event: Any, state: Any, payload: dict[str, Any]
) -> None:
    people.database.write_now(ledger.post, "x", "bonus", "test", {"cash:bank": 1, "suspense:bank": -1}, now=clock.now())
    support = people._enter(people._register(Role.OPERATOR, 9, operator_role=OperatorRole.SUPPORT))

    async def story() -> None:
        async with tabs() as tab:
            for n, cookie in enumerate(("", people.customer(), people.technician())):
                await tab.fire(event, cookie, token=f"tab-{n}", **payload)
            await tab.fire(event, support, token="support", **payload)
            assert set(tab.seen(state, "shown")) <= {AccountSheet(), GroupSheet()}
            assert set(tab.seen(state, "found")) <= {Trace()}
            assert tab.seen(ToastState, "toast_tone")[-1] == "bad"
            await tab.fire(LedgerState.search, people.operator(), token="desk", q="cash:bank")
            assert [entry.key for entry in tab.seen(LedgerState, "found")[-1].entries] == ["x"]

    run(story())


@pytest.mark.parametrize("page", [0, -1, 10**30, "x", None, "1; --"])
def test_a_page_that_is_none_is_the_first(tabs: Any, people: Any, page: Any) -> None:
    async def story() -> None:
        async with tabs() as tab:
            operator = people.operator()
            await tab.fire(AccountState.turn, operator, page=page)
            await tab.fire(AccountGroupState.turn, operator, page=page)
            assert tab.seen(ToastState, "toast_tone") in ([], [""])
            assert set(tab.seen(AccountState, "page")) <= {1}

    run(story())
