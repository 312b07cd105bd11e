"""Add-ons sold during the visit: proposed from the catalogue, answered by the customer, paid once, and then part of the order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Role
from servicehub.domain.channel import Report
from servicehub.domain.order import OrderStatus, PaymentPlan
from servicehub.domain.payment import POINTS, WALLET, PaymentStatus, PlanItem
from servicehub.domain.policy import DEFAULT_POLICIES
from servicehub.domain.proposal import ProposalStatus
from servicehub.domain.technician import CellKind
from servicehub.errors import (
    Invalid,
    NotAllowed,
    NotFound,
    ProposalGone,
    ProposalOpen,
    ServiceHubError,
    TransitionRefused,
)
from servicehub.models.catalog import AddOn, Policy
from servicehub.models.customer import Notice
from servicehub.models.dispatch import Occupancy
from servicehub.models.order import Order, OrderLine, OrderLog
from servicehub.models.payment import Earning, Payment, Refund
from servicehub.models.proposal import Proposal
from servicehub.models.technician import Technician
from servicehub.services import (
    guarantees,
    invoices,
    ledger,
    orders,
    payments,
    proposals,
    refund_plans,
    sums,
    wallets,
)
from servicehub.services.payments import OutcomeKind
from tests import journey
from tests.journey import World
from tests.services import test_crews as crews

_S = ProposalStatus


def offering(session: Session, **item: Any) -> World:
    """A world whose service has two add-ons: oven, 30 yuan and 20 minutes, at most two; windows, 55 yuan and half an hour."""
    world = journey.build(session, **item)
    offered = (
        ("oven", "烤箱", "Oven", 3_000, 20, 2),
        ("windows", "玻璃", "Windows", 5_500, 30, 1),
        ("tidy", "收纳", "Tidying", 0, 5, 1),
    )
    names = ("slug", "name_zh", "name_en", "price_fen", "minutes", "max_quantity")
    for values in offered:
        session.add(AddOn(service_item_id=world.town.item_id, **dict(zip(names, values, strict=True))))
    session.flush()
    return world


@pytest.fixture
def world(session: Session) -> World:
    return offering(session)


def propose(world: World, order: Order, *wanted: tuple[str, int]) -> Proposal:
    actor = world.technician(order.technician_id)
    return proposals.propose(world.session, actor, order.no, wanted or (("oven", 1),), now=world.now)


def pay(world: World, order: Order, proposal: Proposal, method: str = "wechat", **more: Any) -> Payment:
    return proposals.pay(
        world.session, world.customer, order, proposal.id or 0, "simulator", method, now=world.now, **more
    )


def added(world: World, order: Order, *wanted: tuple[str, int]) -> Proposal:
    proposal = propose(world, order, *wanted)
    world.report(pay(world, order, proposal))
    return proposal


def log(world: World, order: Order) -> list[str]:
    query = select(OrderLog.event).where(OrderLog.order_id == order.id, col(OrderLog.event).startswith("addon"))
    return list(world.session.exec(query.order_by(col(OrderLog.id))))


def told(world: World, user_id: int) -> list[str]:
    query = select(Notice.kind).where(Notice.user_id == user_id, col(Notice.kind).startswith("addon"))
    return list(world.session.exec(query.order_by(col(Notice.id))))


def sound(world: World) -> bool:
    return ledger.verify(world.session) == []


def test_the_catalogue_says_what_it_is_and_what_it_costs(world: World) -> None:
    order = world.in_service()

    proposal = propose(world, order, ("oven", 2), ("windows", 1))

    assert (proposal.status, proposal.amount_fen, proposal.minutes, proposal.at_once) == (_S.OPEN, 11_500, 70, True)
    assert [line["name_zh"] for line in proposal.lines] == ["烤箱", "玻璃"]
    assert (order.total_fen, log(world, order)) == (10_000, ["addon_proposed"])
    assert told(world, world.customer.user_id) == ["addon_proposed"]


def test_paid_it_is_part_of_the_order_and_what_was_sold_stays(world: World) -> None:
    order = world.in_service()
    before = [line.model_dump() for line in world.session.exec(select(OrderLine).where(OrderLine.order_id == order.id))]
    end_at, promised = order.end_at, order.commission["net_fen"]

    proposal = propose(world, order)
    payment = pay(world, order, proposal)
    assert (proposal.status, payment.item, payment.amount_fen) == (_S.ACCEPTED, PlanItem.ADDON, 3_000)
    world.report(payment)

    world.session.refresh(proposal)
    lines = world.session.exec(
        select(OrderLine).where(OrderLine.order_id == order.id).order_by(col(OrderLine.id))
    ).all()
    assert [line.model_dump() for line in lines[:-1]] == before
    assert (lines[-1].kind, lines[-1].ref, lines[-1].amount_fen, lines[-1].proposal_id) == (
        "add_on",
        "oven",
        3_000,
        proposal.id,
    )
    assert (proposal.status, payment.status) == (_S.ADDED, PaymentStatus.KEPT)
    assert (order.total_fen, order.end_at) == (13_000, end_at + timedelta(minutes=20))
    assert order.commission["net_fen"] == promised + 2_250
    assert sums.balance_due(world.session, order) == 0
    assert sums.escrow(world.session, order) == 13_000
    assert log(world, order) == ["addon_proposed", "addon_added"]
    assert told(world, world.customer.user_id) == ["addon_proposed", "addon_paid"]
    technician = world.session.get_one(Technician, order.technician_id)
    assert told(world, technician.user_id) == ["addon_added"]
    assert sound(world)


def test_it_is_divided_as_was_shown_and_invoiced_and_refunded_with_the_rest(world: World) -> None:
    document = DEFAULT_POLICIES["order"] | {
        "commission": {"rules": [{"id": "r", "bp": 2_000, "by_group": {"add_on": 1_000}}]}
    }
    world.session.get_one(Policy, world.town.policy_id).document = document
    order = world.in_service()
    proposal = added(world, order)
    world.finish(order)
    orders.confirm(world.session, world.customer, order.no, now=world.now)

    earning = world.session.exec(select(Earning).where(Earning.order_id == order.id)).one()
    assert (earning.labour_fen, earning.commission_fen, earning.net_fen) == (13_000, 2_300, 10_700)
    assert earning.net_fen == order.commission["net_fen"]
    paper = invoices.request(world.session, world.customer, order.no, kind="person", title="林女士", now=world.now)
    assert (paper.amount_fen, len(paper.lines)) == (13_000, 2)
    line = world.session.exec(select(OrderLine).where(OrderLine.proposal_id == proposal.id)).one()
    assert refund_plans.line_rooms(world.session, order)[line.id or 0] == 3_000
    orders.refund(
        world.session, journey.operator(world), order.no, 0, reason="bad", lines=[line.id or 0], now=world.now
    )
    assert sums.paid_net(world.session, order) == 10_000
    orders.refund(world.session, journey.operator(world), order.no, 10_000, reason="bad", now=world.now)
    assert {r.amount_fen for r in world.session.exec(select(Refund))} == {3_000, 10_000}
    assert sound(world)


def test_several_one_after_another_are_paid_each(world: World) -> None:
    order = world.in_service()
    added(world, order)
    added(world, order, ("windows", 1))

    assert order.total_fen == 18_500
    with pytest.raises(Invalid):
        propose(world, order, ("oven", 2))
    added(world, order, ("oven", 1))
    kept = select(Payment.amount_fen).where(Payment.item == PlanItem.ADDON, Payment.status == PaymentStatus.KEPT)
    assert sorted(world.session.exec(kept)) == [3_000, 3_000, 5_500]
    assert sound(world)


def test_one_waits_at_a_time_and_may_be_taken_back(world: World) -> None:
    order = world.in_service()
    proposal = propose(world, order)
    with pytest.raises(ProposalOpen):
        propose(world, order, ("windows", 1))

    payment = pay(world, order, proposal)
    proposals.withdraw(world.session, world.technician(order.technician_id), order.no, proposal.id or 0, now=world.now)

    assert payment.status is PaymentStatus.PENDING
    world.session.refresh(payment)
    assert payment.status is PaymentStatus.CLOSED
    assert propose(world, order, ("windows", 1)).status is _S.OPEN
    with pytest.raises(ProposalGone):
        pay(world, order, proposal)


def test_a_declined_one_is_over_and_money_that_comes_later_goes_back(world: World, recorder: Any) -> None:
    order = world.in_service()
    proposal = propose(world, order)
    payment = pay(world, order, proposal)
    proposals.decline(world.session, world.customer, order.no, proposal.id or 0, now=world.now)
    with pytest.raises(ProposalGone):
        proposals.decline(world.session, world.customer, order.no, proposal.id or 0, now=world.now)
    assert "payment_close" in {job.name for job in recorder.asked}

    world.report(payment)

    world.session.refresh(payment)
    refund = world.session.exec(select(Refund)).one()
    assert (payment.status, refund.amount_fen, refund.reason) == (PaymentStatus.LATE, 3_000, "addon_late")
    assert (order.total_fen, order.status, sums.escrow(world.session, order)) == (
        10_000,
        OrderStatus.IN_SERVICE,
        10_000,
    )
    assert told(world, world.customer.user_id) == ["addon_proposed", "addon_late"]
    assert sound(world)


@pytest.mark.parametrize("end", ["finish", "force_cancel"])
def test_what_is_not_paid_lapses_with_the_visit(world: World, end: str) -> None:
    order = world.in_service()
    proposal = propose(world, order)
    payment = pay(world, order, proposal)
    if end == "finish":
        world.finish(order)
    else:
        orders.force_cancel(world.session, journey.operator(world), order.no, reason="bad", now=world.now)

    world.session.refresh(proposal)
    assert (proposal.status, order.total_fen) == (_S.LAPSED, 10_000)
    with pytest.raises(ProposalGone):
        proposals.accept(world.session, world.customer, order.no, proposal.id or 0, now=world.now)
    world.report(payment)
    world.session.refresh(payment)
    assert payment.status is PaymentStatus.LATE
    assert sound(world)


def test_after_a_deposit_it_joins_the_balance(session: Session) -> None:
    world = offering(session, payment_plan=PaymentPlan.DEPOSIT, deposit_bp=3_000)
    order = world.in_service()
    proposal = propose(world, order)
    assert not proposal.at_once
    with pytest.raises(Invalid):
        pay(world, order, proposal)

    proposals.accept(session, world.customer, order.no, proposal.id or 0, now=world.now)
    with pytest.raises(ProposalGone):
        proposals.accept(session, world.customer, order.no, proposal.id or 0, now=world.now)

    assert (order.total_fen, sums.balance_due(session, order)) == (13_000, 10_000)
    world.finish(order)
    assert order.status is OrderStatus.AWAITING_BALANCE
    world.pay(order)
    orders.confirm(session, world.customer, order.no, now=world.now)
    assert session.exec(select(Earning.net_fen)).one() == order.commission["net_fen"]
    assert sound(world)


def test_what_is_paid_at_once_is_not_accepted_for_later(world: World) -> None:
    order = world.in_service()
    with pytest.raises(Invalid):
        proposals.accept(world.session, world.customer, order.no, propose(world, order).id or 0, now=world.now)
    assert order.total_fen == 10_000


def test_what_costs_nothing_needs_a_yes_and_no_payment(world: World) -> None:
    order = world.in_service()
    proposal = propose(world, order, ("tidy", 1))

    proposals.accept(world.session, world.customer, order.no, proposal.id or 0, now=world.now)

    assert (proposal.at_once, order.total_fen) == (False, 10_000)
    world.finish(order)
    assert order.status is OrderStatus.AWAITING_CONFIRM


def test_a_guarantee_takes_its_part_and_the_rest_is_asked_for(session: Session) -> None:
    world = offering(session, payment_plan=PaymentPlan.AFTER)
    order = world.book(guarantee="alipay")
    guarantee = guarantees.open_one(session, world.customer, order, "alipay", now=world.now)
    report = Report("alipay", "held", "guarantee", guarantee.no, guarantee.amount_fen, "auth-1")
    orders.payment_recorded(session, payments.record(session, report, now=world.now), now=world.now)
    world.take(order)
    world.serve(order)
    proposal = propose(world, order)
    proposals.accept(session, world.customer, order.no, proposal.id or 0, now=world.now)
    world.finish(order)

    captured = session.exec(select(Payment).where(Payment.no == guarantee.no)).one()
    assert (order.status, captured.amount_fen) == (OrderStatus.AWAITING_BALANCE, 10_000)
    taken = Report("alipay", "taken", "payment", guarantee.no, 10_000, "trade-1")
    orders.payment_recorded(session, payments.record(session, taken, now=world.now), now=world.now)

    assert (order.status, payments.due(session, order)) == (OrderStatus.AWAITING_BALANCE, (PlanItem.BALANCE, 3_000))
    world.pay(order)
    assert order.status is OrderStatus.AWAITING_CONFIRM
    assert sound(world)


def test_points_and_the_balance_pay_it_as_they_pay_a_price(world: World) -> None:
    order = world.in_service()
    finance = journey.operator(world)
    wallets.credit(world.session, finance, order.no, 1_000, reason="x", key="0123456789abcdef", now=world.now)
    proposal = propose(world, order)

    payment = pay(world, order, proposal, ours=(WALLET,))
    assert (payment.amount_fen, payment.part_id is not None) == (2_000, True)
    world.report(payment)

    kept = select(Payment).where(Payment.proposal_id == proposal.id, Payment.status == PaymentStatus.KEPT)
    assert {p.channel: p.amount_fen for p in world.session.exec(kept)} == {"simulator": 2_000, WALLET: 1_000}
    assert (order.total_fen, sums.escrow(world.session, order)) == (13_000, 13_000)
    assert POINTS not in {p.channel for p in world.session.exec(kept)}
    assert sound(world)


def test_a_payment_for_another_proposal_is_never_used_again(world: World) -> None:
    order = world.in_service()
    first = propose(world, order)
    opened = pay(world, order, first)
    assert pay(world, order, first).no == opened.no, "the same wish is the same payment"
    proposals.decline(world.session, world.customer, order.no, first.id or 0, now=world.now)

    second = propose(world, order)

    assert pay(world, order, second).no != opened.no


def test_a_second_payment_for_the_same_goes_back(world: World) -> None:
    order = world.in_service()
    proposal = propose(world, order)
    first, second = pay(world, order, proposal), pay(world, order, proposal, "alipay")

    world.report(first)

    assert world.report(second).kind is OutcomeKind.EXTRA
    assert (order.total_fen, sums.escrow(world.session, order)) == (13_000, 13_000)
    assert sound(world)


def test_everybody_of_a_crew_has_an_equal_part(session: Session) -> None:
    world = offering(session, technicians=2, crew_size=2)
    order = crews.accepted(world)
    crews.at_the_door(world, *crews.crew(world, order))
    world.start(order)
    lead, companion = crews.crew(world, order)
    end_at = companion.end_at
    with pytest.raises(TransitionRefused):
        propose(world, companion)

    added(world, order, ("oven", 1))

    lead, companion = crews.crew(world, order)
    assert [member.commission["net_fen"] for member in (lead, companion)] == [4_875, 4_875]
    assert (companion.total_fen, companion.end_at) == (0, end_at + timedelta(minutes=20))
    world.finish(order)
    orders.confirm(session, world.customer, order.no, now=world.now)
    assert list(session.exec(select(Earning.net_fen))) == [4_875, 4_875]
    assert sound(world)


def test_the_visit_takes_the_time_that_is_free_and_no_more(world: World) -> None:
    order = world.in_service()

    def cells(kind: CellKind | None = None) -> int:
        query = select(sa.func.count()).select_from(Occupancy).where(col(Occupancy.order_id) == order.id)
        return world.session.exec(query if kind is None else query.where(Occupancy.kind == kind)).one()

    held = cells()
    added(world, order, ("windows", 1))
    assert cells() == held + 2
    assert cells(CellKind.BUFFER) == 0

    last = world.session.exec(select(sa.func.max(Occupancy.cell)).where(col(Occupancy.order_id) == order.id)).one()
    other = world.book(start_at=world.now + timedelta(days=2))
    world.session.add(
        Occupancy(technician_id=order.technician_id or 0, cell=last + 2, order_id=other.id or 0, kind=CellKind.JOB)
    )
    world.session.flush()
    added(world, order, ("oven", 2))
    assert cells() == held + 3, "up to the next job, which keeps its time"
    assert sound(world)


def test_only_who_leads_the_visit_proposes_and_only_in_it(world: World) -> None:
    order = world.accepted()
    other = next(t for t in world.technicians if t.technician_id != order.technician_id)
    with pytest.raises(TransitionRefused):
        propose(world, order)
    world.serve(order)
    refused: list[tuple[type[ServiceHubError], Callable[[], object]]] = [
        (NotFound, lambda: proposals.propose(world.session, other, order.no, (("oven", 1),), now=world.now)),
        (NotAllowed, lambda: proposals.propose(world.session, world.customer, order.no, (("oven", 1),), now=world.now)),
        (Invalid, lambda: propose(world, order, ("sauna", 1))),
        (Invalid, lambda: propose(world, order, ("oven", 3))),
        (Invalid, lambda: propose(world, order, *[("oven", 1)] * 9)),
    ]
    for error, attempt in refused:
        with pytest.raises(error):
            attempt()
    assert world.session.exec(select(Proposal)).all() == []
    world.finish(order)
    with pytest.raises(TransitionRefused):
        propose(world, order)


def test_a_stranger_answers_nothing(world: World) -> None:
    order = world.in_service()
    proposal = propose(world, order)
    stranger = Actor(user_id=99_999, role=Role.CUSTOMER, city_id=world.town.city_id)
    other = next(t for t in world.technicians if t.technician_id != order.technician_id)
    elsewhere = proposal.id or 0
    refused: list[tuple[type[ServiceHubError], Callable[[], object]]] = [
        (NotFound, lambda: proposals.decline(world.session, stranger, order.no, elsewhere, now=world.now)),
        (NotFound, lambda: proposals.accept(world.session, stranger, order.no, elsewhere, now=world.now)),
        (NotFound, lambda: proposals.withdraw(world.session, other, order.no, elsewhere, now=world.now)),
        (
            NotFound,
            lambda: proposals.pay(world.session, stranger, order, elsewhere, "simulator", "wechat", now=world.now),
        ),
        (NotFound, lambda: proposals.decline(world.session, world.customer, order.no, elsewhere + 1, now=world.now)),
        (NotAllowed, lambda: proposals.accept(world.session, other, order.no, elsewhere, now=world.now)),
        (Invalid, lambda: pay_in_cash(world, order, proposal)),
    ]
    for error, attempt in refused:
        with pytest.raises(error):
            attempt()
    world.session.refresh(proposal)
    assert (proposal.status, order.total_fen, log(world, order)) == (_S.OPEN, 10_000, ["addon_proposed"])


def pay_in_cash(world: World, order: Order, proposal: Proposal) -> Payment:
    return proposals.pay(world.session, world.customer, order, proposal.id or 0, "cash", "cash", now=world.now)
