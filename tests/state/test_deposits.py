"""The handlers about deposits are public: wrong people, forged numbers and forms, and a second press move nothing."""

from __future__ import annotations

from asyncio import run
from typing import Any

from sqlmodel import Session, select

from servicehub import clock
from servicehub.domain.deposit import DEPOSIT_KIND
from servicehub.models.catalog import Policy
from servicehub.models.deposit import DepositRequest
from servicehub.models.technician import Technician
from servicehub.services import ledger
from servicehub.state.base import ToastState
from servicehub.state.operator.deposits import DepositsState
from servicehub.state.technician.deposit import DepositState

WISH, NEXT = "0123456789abcdef", "fedcba9876543210"
FORM = {"target_fen": "300", "share_bp": "5", "hold_days": "7", "reason": "spring"}


def nothing(session: Session) -> bool:
    return session.exec(select(DepositRequest)).first() is None and ledger.trial(session).by_account == {}


def stock(session: Session) -> None:
    """The city asks for ¥100; the technician has ¥300."""
    who = session.exec(select(Technician.id)).one() or 0
    session.add(
        Policy(city_id=1, kind=DEPOSIT_KIND, version=1, document={"target_fen": 10_000}, effective_at=clock.now())
    )
    lines = {ledger.cash("bank"): 30_000, ledger.available(who): -30_000}
    ledger.post(session, "earned", "payment", "test", lines, now=clock.now())


def deposit_of(session: Session) -> int:
    return ledger.balance(session, ledger.deposit(session.exec(select(Technician.id)).one() or 0))


def test_wrong_people_and_forged_forms_move_nothing(tabs: Any, people: Any) -> None:
    async def story() -> None:
        async with tabs() as tab:
            technician, customer, operator = people.technician(), people.customer(), people.operator()
            forms = ({"amount": "5"}, {"amount": ["5"]}, {"amount": "-5"}, {"amount": "1e3"}, {})
            for told, form in enumerate(forms, 1):
                await tab.fire(DepositState.put_aside, technician, form={"wish": WISH, **form})
                assert tab.seen(ToastState, "toast_tone")[-1] == "bad"
                assert tab.seen(ToastState, "toast_seq")[-1] == told
            await tab.fire(DepositState.ask_back, technician)
            assert tab.seen(ToastState, "toast_tone")[-1] == "bad"
            for no in ("", "D" + "0" * 30, {"a": 1}, "x" * 5_000):
                await tab.fire(DepositState.take_back, technician, no=no)
                assert tab.seen(ToastState, "toast_tone")[-1] == "bad"
        for cookie in (customer, operator, ""):
            async with tabs() as tab:
                await tab.fire(DepositState.ask_back, cookie)
                await tab.fire(DepositState.put_aside, cookie, form={"amount": "5"})
                assert tab.seen(DepositState, "shown") == []
        for cookie in (customer, technician, ""):
            async with tabs() as tab:
                await tab.fire(DepositsState.give_back, cookie)
                await tab.fire(DepositsState.adopt, cookie, form=FORM)
                assert tab.seen(DepositsState, "shown") == []

    run(story())
    assert people.database.read_now(nothing)
    assert people.database.read_now(lambda s: s.exec(select(Policy)).first()) is None


def test_one_press_more_puts_nothing_aside_and_one_wish_is_made(tabs: Any, people: Any) -> None:
    async def story() -> None:
        async with tabs() as tab:
            technician = people.technician()
            people.database.write_now(stock)
            for wish in ("", "abc", WISH.upper(), {"a": 1}):
                await tab.fire(DepositState.put_aside, technician, form={"amount": "60", "wish": wish})
            assert people.database.read_now(deposit_of) == 0
            for _ in range(2):
                await tab.fire(DepositState.put_aside, technician, form={"amount": "60", "wish": WISH})
            assert people.database.read_now(deposit_of) == 6_000
            assert tab.seen(DepositState, "shown")[-1].held == "¥60.00"
            await tab.fire(DepositState.put_aside, technician, form={"amount": "40", "wish": NEXT})
            assert people.database.read_now(deposit_of) == 10_000
            for _ in range(2):
                await tab.fire(DepositState.ask_back, technician)
            assert tab.seen(ToastState, "toast_tone")[-1] == "bad"

    run(story())
    (wish,) = people.database.read_now(lambda s: s.exec(select(DepositRequest)).all())
    assert wish.asked_fen == 10_000


def test_rules_are_adopted_and_odd_ones_refused(tabs: Any, people: Any) -> None:
    async def story() -> None:
        async with tabs() as tab:
            operator = people.operator()
            for change in ({"target_fen": "1000000"}, {"share_bp": "100.01"}, {"hold_days": "1e1"}, {"reason": " "}):
                await tab.fire(DepositsState.adopt, operator, form=FORM | change)
                assert tab.seen(ToastState, "toast_tone")[-1] == "bad"
            await tab.fire(DepositsState.adopt, operator, form=FORM)
            assert tab.seen(ToastState, "toast_tone")[-1] == ""
            await tab.fire(DepositsState.choose, operator, no="D" + "0" * 30)
            await tab.fire(DepositsState.give_back, operator)
            assert tab.seen(ToastState, "toast_tone")[-1] == "bad"

    run(story())
    (row,) = people.database.read_now(lambda s: s.exec(select(Policy)).all())
    assert {name: row.document[name] for name in ("target_fen", "share_bp", "hold_days")} == {
        "target_fen": 30_000, "share_bp": 500, "hold_days": 7,
    }  # fmt: skip
