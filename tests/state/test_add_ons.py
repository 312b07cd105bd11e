"""The handlers of add-ons are public: strangers, other technicians, forged values, second clicks and stale pages change nothing."""

from __future__ import annotations

from asyncio import run
from dataclasses import dataclass
from typing import Any

import pytest
from sqlmodel import Session, select

from servicehub.domain.order import PaymentPlan
from servicehub.domain.proposal import ProposalStatus
from servicehub.models.account import User
from servicehub.models.order import Order
from servicehub.models.proposal import Proposal
from servicehub.state.base import ToastState
from servicehub.state.customer.order import OrderState
from servicehub.state.technician.add_ons import AddOnState
from tests.services.test_proposals import offering, propose

_S = ProposalStatus


@dataclass(frozen=True)
class Visit:
    """A visit under way: its order, who takes part, and somebody who does not."""

    no: str
    customer: str
    technician: str
    other: str
    proposal: int

    @property
    def job(self) -> str:
        return f"/technician/job/{self.no}/"

    @property
    def page(self) -> str:
        return f"/orders/{self.no}/"


def visit(people: Any, *, proposed: bool = True, **item: Any) -> Visit:
    def prepare(session: Session) -> tuple[str, int, list[int], int]:
        world = offering(session, **item)
        order = world.in_service()
        mine = world.technician(order.technician_id)
        theirs = next(actor for actor in world.technicians if actor is not mine)
        made = (propose(world, order).id or 0) if proposed else 0
        return order.no, world.customer.user_id, [mine.user_id, theirs.user_id], made

    no, customer, technicians, made = people.database.write_now(prepare)
    tokens = [
        people._enter(people.database.read_now(lambda s, i=i: s.get_one(User, i))) for i in (customer, *technicians)
    ]
    return Visit(no, *tokens, made)


def proposals(people: Any) -> list[ProposalStatus]:
    return people.database.read_now(lambda s: list(s.exec(select(Proposal.status).order_by(Proposal.id))))


def total(people: Any) -> int:
    return people.database.read_now(lambda s: s.exec(select(Order.total_fen)).one())


def bad(tab: Any) -> bool:
    return bool(tab.seen(ToastState, "toast_tone")[-1] == "bad")


def told(tab: Any) -> str:
    """Every refusal that the customer has read: on the page itself before it is ready, as a toast afterwards."""
    return "".join(tab.seen(OrderState, "problem") + tab.seen(ToastState, "toast_text"))


def test_he_proposes_what_he_picked_and_a_second_click_is_told(tabs: Any, people: Any) -> None:
    found = visit(people, proposed=False)

    async def story() -> None:
        async with tabs() as tab:
            say = {"cookie": found.technician, "path": found.job}
            await tab.fire(AddOnState.begin, **say)
            await tab.fire(AddOnState.pick, **say, slug="oven", count=2)
            draft = tab.seen(AddOnState, "draft")[-1]
            assert (draft.amount, draft.net) == ("¥60", "¥45.00")
            await tab.fire(AddOnState.propose, **say)
            assert proposals(people) == [_S.OPEN]
            await tab.fire(AddOnState.propose, **say)
            assert bad(tab)

    run(story())
    assert proposals(people) == [_S.OPEN]
    assert people.database.read_now(lambda s: s.exec(select(Proposal.amount_fen)).one()) == 6_000


def test_prices_and_names_of_a_browser_are_no_arguments_and_numbers_are_checked(tabs: Any, people: Any) -> None:
    found = visit(people, proposed=False)

    async def story() -> None:
        async with tabs() as tab:
            say = {"cookie": found.technician, "path": found.job}
            await tab.fire(AddOnState.begin, **say)
            for slug, count in (
                ("sauna", 1),
                ("oven", -1),
                ("oven", "1e9"),
                ("oven", 100),
                (["oven"], 1),
                ("oven", None),
            ):
                await tab.fire(AddOnState.pick, **say, slug=slug, count=count)
            await tab.fire(AddOnState.propose, **say)
            assert bad(tab)
            await tab.fire(AddOnState.pick, **say, slug="oven", count=9)
            assert tab.seen(AddOnState, "draft")[-1].amount == "¥60", "no more than the catalogue allows"

    run(story())
    assert proposals(people) == []


def test_what_was_picked_for_one_visit_is_not_proposed_in_another(tabs: Any, people: Any) -> None:
    found = visit(people, proposed=False)

    async def story() -> None:
        async with tabs() as tab:
            await tab.fire(AddOnState.begin, found.technician, path=found.job)
            await tab.fire(AddOnState.pick, found.technician, path=found.job, slug="oven", count=1)
            await tab.fire(AddOnState.propose, found.technician, path="/technician/job/1234567890123456/")
            assert bad(tab)

    run(story())
    assert proposals(people) == []


def test_others_neither_propose_nor_answer(tabs: Any, people: Any) -> None:
    found = visit(people)

    async def story() -> None:
        stranger = people.customer()
        async with tabs() as tab:
            for cookie, event, payload, path in (
                (found.other, AddOnState.begin, {}, found.job),
                (found.other, AddOnState.withdraw, {"proposal": found.proposal}, found.job),
                (found.customer, AddOnState.withdraw, {"proposal": found.proposal}, found.job),
                (stranger, OrderState.decline, {"proposal": found.proposal}, found.page),
                (stranger, OrderState.accept, {"proposal": found.proposal}, found.page),
                (found.technician, OrderState.accept, {"proposal": found.proposal}, found.page),
                ("", OrderState.accept, {"proposal": found.proposal}, found.page),
            ):
                await tab.fire(event, cookie, token=f"{cookie}{event}", path=path, **payload)

    run(story())
    assert proposals(people) == [_S.OPEN]
    assert total(people) == 10_000


@pytest.mark.parametrize("proposal", [0, -1, "x", None, 10**13, 99_999, {"a": 1}])
def test_a_forged_number_answers_nothing(tabs: Any, people: Any, proposal: Any) -> None:
    found = visit(people)

    async def story() -> None:
        async with tabs() as tab:
            for event in (OrderState.accept, OrderState.decline):
                before = told(tab)
                await tab.fire(event, found.customer, path=found.page, proposal=proposal)
                assert told(tab) != before

    run(story())
    assert proposals(people) == [_S.OPEN]


def test_what_has_to_be_paid_is_not_accepted_by_a_click(tabs: Any, people: Any) -> None:
    found = visit(people)

    async def story() -> None:
        async with tabs() as tab:
            await tab.fire(OrderState.accept, found.customer, path=found.page, proposal=found.proposal)
            assert told(tab)

    run(story())
    assert (proposals(people), total(people)) == ([_S.OPEN], 10_000)


def test_a_second_yes_and_a_page_that_is_too_old_are_told_and_add_nothing(tabs: Any, people: Any) -> None:
    found = visit(people, payment_plan=PaymentPlan.DEPOSIT, deposit_bp=3_000)

    async def story() -> None:
        async with tabs() as tab:
            await tab.fire(OrderState.accept, found.customer, path=found.page, proposal=found.proposal)
            assert (proposals(people), total(people)) == ([_S.ADDED], 13_000)
            await tab.fire(OrderState.accept, found.customer, path=found.page, proposal=found.proposal)
            assert "这个加项已经结束" in told(tab)
            await tab.fire(OrderState.decline, found.customer, token="old", path=found.page, proposal=found.proposal)
            assert told(tab).count("这个加项已经结束") == 2
            assert tab.seen(OrderState, "order")[-1].proposal.id == 0, "the page shows the newest state"

    run(story())
    assert total(people) == 13_000
