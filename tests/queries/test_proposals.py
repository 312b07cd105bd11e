"""What each face reads of add-ons: what they bring, whom they make late, and what the cashier's sheet says."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.domain.payment import WALLET
from servicehub.errors import NotFound
from servicehub.models.order import Order
from servicehub.models.proposal import Proposal, load_living
from servicehub.queries.customer import payments
from servicehub.queries.customer.order import order_page
from servicehub.queries.operator.order import page as operator_page
from servicehub.queries.technician.add_ons import draft
from servicehub.queries.technician.job import job
from servicehub.services import dispatching, proposals, wallets
from servicehub.viewmodels.customer.booking import PayItem
from servicehub.viewmodels.customer.orders import OrderDetail
from servicehub.workflows import quoting
from tests import journey
from tests.journey import World
from tests.services.test_proposals import added, offering, pay, propose


@pytest.fixture
def world(session: Session) -> World:
    return offering(session)


def page(world: World, order: Order) -> OrderDetail:
    return order_page(world.session, world.customer, order.no, locale="zh", now=world.now)


def sheet(world: World, order: Order, proposal_id: int, *ours: str) -> PayItem:
    return payments.pay_item(world.session, world.customer, order.no, 0, ours, proposal_id, locale="zh", now=world.now)


def test_the_customer_sees_what_and_how_much_and_how_long(world: World) -> None:
    order = world.in_service()
    proposal = propose(world, order, ("oven", 2))

    card = page(world, order).proposal

    assert [(line.title, line.note, line.amount) for line in card.lines] == [("烤箱", "¥30 × 2", "¥60")]
    assert (card.id, card.amount, card.longer, card.at_once) == (proposal.id, "¥60", "约加 40 分钟，到 15:40", True)
    assert card.net == "", "what his technician earns is not his business"


def test_afterwards_its_line_says_so_and_the_story_is_told(world: World) -> None:
    order = world.in_service()
    added(world, order)
    proposal = propose(world, order, ("windows", 1))
    proposals.decline(world.session, world.customer, order.no, proposal.id or 0, now=world.now)

    found = page(world, order)

    assert [(line.title, line.note, line.amount) for line in found.lines][-1] == ("烤箱", "服务中加项", "¥30")
    assert (found.total, found.proposal.id, found.due_text) == ("130", 0, "")
    assert [line.title for line in found.log[:4]] == [
        "您没有要这个加项",
        "周师傅提议加项",
        "加项已并入服务",
        "周师傅提议加项",
    ]
    assert "加项款" in [line.title for line in found.payments]


def test_the_sheet_is_about_this_proposal_while_it_is_open(world: World) -> None:
    order = world.in_service()
    wallets.credit(
        world.session, journey.operator(world), order.no, 1_000, reason="x", key="0123456789abcdef", now=world.now
    )
    proposal = propose(world, order)

    found = sheet(world, order, proposal.id or 0, WALLET)

    assert (found.is_due, found.amount_text, found.what, found.title) == (True, "¥30", "加项款", "烤箱")
    assert (found.balance, found.rest, found.addon, found.takes_cash) == ("¥10", "¥20", str(proposal.id), False)
    assert not sheet(world, order, (proposal.id or 0) + 1).is_due
    proposals.decline(world.session, world.customer, order.no, proposal.id or 0, now=world.now)
    assert not sheet(world, order, proposal.id or 0).is_due
    stranger = Actor(user_id=99_999, role=Role.CUSTOMER, city_id=world.town.city_id)
    with pytest.raises(NotFound):
        payments.pay_item(world.session, stranger, order.no, 0, (), proposal.id or 0, locale="zh", now=world.now)


def test_how_a_payment_ended_is_that_of_the_last_proposal(world: World) -> None:
    order = world.in_service()
    added(world, order)
    paid = payments.outcome(world.session, world.customer, order.no, locale="zh", now=world.now)
    assert (paid.state, paid.amount, paid.text) == ("paid", "30", "谢谢，加项已并入本次服务。")

    second = propose(world, order, ("windows", 1))
    pay(world, order, second)

    waiting = payments.outcome(world.session, world.customer, order.no, locale="zh", now=world.now)
    assert (waiting.state, waiting.amount, waiting.addon) == ("pending", "55", str(second.id))


def test_the_technician_sees_his_part_before_and_after(world: World) -> None:
    order = world.in_service()
    actor = world.technician(order.technician_id)
    first = draft(world.session, actor, order.no, {}, locale="zh", now=world.now)
    assert [(c.slug, c.price, c.minutes, c.most) for c in first.choices] == [
        ("oven", "¥30", "+20 分钟", 2), ("windows", "¥55", "+30 分钟", 1), ("tidy", "¥0", "+5 分钟", 1),
    ]  # fmt: skip
    assert (first.amount, first.net, first.warning) == ("", "", "")

    found = draft(world.session, actor, order.no, {"oven": 5, "sauna": 3}, locale="zh", now=world.now)
    assert (found.amount, found.net, found.longer, found.warning) == ("¥60", "¥45.00", "约加 40 分钟，到 15:40", "")
    propose(world, order, ("oven", 2))
    shown = job(world.session, actor, order.no, locale="zh", now=world.now)
    assert (shown.may_propose, shown.is_asking, shown.proposals[0].net, shown.take_home) == (
        True,
        True,
        "¥45.00",
        "¥75.00",
    )
    world.report(pay(world, order, propose_again(world, order)))
    shown = job(world.session, actor, order.no, locale="zh", now=world.now)
    assert (shown.is_asking, shown.take_home, [p.status for p in shown.proposals]) == (
        False,
        "¥97.50",
        ["added", "withdrawn"],
    )
    world.finish(order)
    with pytest.raises(NotFound):
        draft(world.session, actor, order.no, {}, locale="zh", now=world.now)


def propose_again(world: World, order: Order) -> Proposal:
    """The one that waits is taken back first."""
    actor = world.technician(order.technician_id)
    waiting = load_living(world.session, order)
    assert waiting is not None
    proposals.withdraw(world.session, actor, order.no, waiting.id or 0, now=world.now)
    return propose(world, order)


def test_he_is_warned_when_his_next_visit_would_begin_late(session: Session) -> None:
    world = offering(session, technicians=1)
    first = world.book()
    world.pay(first)
    second = world.book(start_at=first.start_at + timedelta(minutes=90))
    world.pay(second)
    for order in (first, second):
        world.firm(order)
        offer = world.offer(order)
        dispatching.accept(session, world.technicians[0], offer.id or 0, now=world.now)
    world.serve(first)

    calm = draft(session, world.technicians[0], first.no, {"oven": 1}, locale="zh", now=world.now)
    late = draft(session, world.technicians[0], first.no, {"oven": 2, "windows": 1}, locale="zh", now=world.now)

    assert calm.warning == ""
    assert late.warning == "你 15:30 的下一单会因此晚约 40 分钟开始，系统会提前告知那位客户。"
    proposals.propose(session, world.technicians[0], first.no, (("oven", 2), ("windows", 1)), now=world.now)
    assert second.start_at == first.start_at + timedelta(minutes=90), "nobody else is moved"


def test_operators_see_every_proposal_and_what_became_of_it(world: World) -> None:
    order = world.in_service()
    added(world, order)
    propose(world, order, ("windows", 1))
    world.finish(order)

    found = operator_page(
        world.session, journey.operator(world, OperatorRole.SUPPORT), order.no, locale="zh", now=world.now
    )

    assert [(p.state, p.amount) for p in found.proposals] == [("结束前未答复", "¥55.00"), ("已并入服务", "¥30.00")]
    assert [row.note for row in found.sheet.lines][-1] == "服务中加项"
    assert {"加项随服务结束失效", "加项并入订单", "提议加项"} <= {row.title for row in found.log}


def test_what_was_sold_twice_is_rebooked_once_with_as_many_as_allowed(world: World) -> None:
    order = world.in_service(add_ons=(("oven", 1),))
    added(world, order)

    again = quoting.rebooked(world.session, world.customer, order.no, now=world.now)

    assert again.add_ons == (("oven", 2),)
