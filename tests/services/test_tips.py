"""Tips: beside the price, all of them the technician's, once for an order, and out of reach of refunds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Role
from servicehub.domain.channel import Report
from servicehub.domain.payment import PaymentStatus, PlanItem
from servicehub.errors import Invalid, NotFound, RefundTooLarge, TransitionRefused
from servicehub.models.ledger import JournalEntry, Posting
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.queries.customer.payments import pay_item
from servicehub.queries.income import income
from servicehub.services import ledger, orders, payments, reconciliation, refunds, sums
from servicehub.services.payments import OutcomeKind
from tests import journey
from tests.journey import World
from tests.services import test_crews as crews


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def tip(world: World, order: Order, fen: int = 1_000, who: Actor | None = None) -> Payment:
    return payments.open_tip(world.session, who or world.customer, order, fen, "simulator", "wechat", now=world.now)


def available(world: World, order: Order) -> int:
    return ledger.balance(world.session, ledger.available(order.technician_id or 0))


def test_all_of_it_is_available_at_once_without_commission(world: World) -> None:
    order = world.completed()
    commission = ledger.balance(world.session, ledger.COMMISSION)

    world.report(tip(world, order))

    assert available(world, order) == 1_000
    assert ledger.balance(world.session, ledger.COMMISSION) == commission
    assert ledger.verify(world.session) == []


def test_the_technician_sees_it(world: World) -> None:
    order = world.completed()
    world.later(seconds=1)
    world.report(tip(world, order))

    found = income(world.session, world.technician(order.technician_id), now=world.now, locale="en")

    assert (found.rows[0].title, found.rows[0].net) == ("Tip", "+¥10.00")
    assert found.available == "¥10.00"


def test_once_for_an_order_and_what_comes_twice_goes_back(world: World) -> None:
    order = world.completed()
    first, second = tip(world, order), tip(world, order, 2_000)

    world.report(first)

    assert world.report(second).kind is OutcomeKind.EXTRA
    assert available(world, order) == 1_000
    assert [r.amount_fen for r in world.session.exec(select(Refund))] == [2_000]
    with pytest.raises(TransitionRefused):
        tip(world, order)


def test_a_refund_of_the_order_does_not_touch_it(world: World) -> None:
    order = world.completed()
    world.report(tip(world, order))

    assert sums.paid_net(world.session, order) == order.total_fen
    with pytest.raises(RefundTooLarge):
        refunds.request(world.session, order, order.total_fen + 1, "goodwill", now=world.now)
    refunds.request(world.session, order, order.total_fen, "goodwill", now=world.now)
    assert {r.payment_id for r in world.session.exec(select(Refund))} == {
        p.id for p in world.session.exec(select(Payment).where(Payment.item != PlanItem.TIP))
    }
    assert ledger.verify(world.session) == []


def test_a_crew_shares_it_to_the_fen(session: Session) -> None:
    world = crews.of_people(session, 2, technicians=2)
    order = crews.accepted(world)
    crews.at_the_door(world, *crews.crew(world, order))
    crews.finished(world, order)

    world.report(tip(world, order, 1_001))

    got = [ledger.balance(session, ledger.available(t.technician_id)) for t in world.technicians]
    assert sorted(got) == [500, 501]


def test_nobody_tips_before_the_visit_has_ended(world: World) -> None:
    order = world.in_service()
    with pytest.raises(TransitionRefused):
        tip(world, order)
    sheet = pay_item(world.session, world.customer, order.no, 1_000, locale="en", now=world.now)
    assert not sheet.is_due


@pytest.mark.parametrize("fen", [-1, 0, 99, 50_001, 999_999])
def test_amounts_outside_the_limits_are_refused(world: World, fen: int) -> None:
    order = world.completed()
    with pytest.raises(Invalid):
        tip(world, order, fen)


def test_a_stranger_and_the_technician_are_refused(world: World) -> None:
    order = world.completed()
    with pytest.raises(NotFound):
        tip(world, order, who=Actor(user_id=99_999, role=Role.CUSTOMER, city_id=world.town.city_id))
    with pytest.raises(NotFound):
        tip(world, order, who=world.technician(order.technician_id))


def test_the_same_wish_is_the_same_payment(world: World) -> None:
    order = world.completed()
    assert tip(world, order).no == tip(world, order).no


def test_a_wrong_amount_is_parked(world: World) -> None:
    order = world.completed()
    payment = tip(world, order)

    report = Report("simulator", "wrong", "payment", payment.no, 999, "c-wrong")
    assert payments.record(world.session, report, now=world.now).kind is OutcomeKind.SUSPECT
    assert (payment.status, available(world, order)) == (PaymentStatus.PENDING, 0)


def test_balance_of_a_deposit_is_not_paid_by_a_tip(world: World) -> None:
    order = world.completed()
    world.report(tip(world, order))
    assert sums.kept(world.session, order) == order.total_fen
    orders.refund(world.session, journey.operator(world), order.no, 100, reason="late", now=world.now)
    assert available(world, order) == 1_000


def test_a_tip_counts_when_the_channels_day_is_reconciled(world: World) -> None:
    """Whatever moves a channel's money has to be among the kinds that its day is summed by."""
    order = world.completed()
    world.report(tip(world, order))

    kinds = set(
        world.session.exec(select(JournalEntry.kind).join(Posting).where(col(Posting.account) == "cash:simulator"))
    )

    assert kinds == {"payment", "tip"}
    assert kinds <= set(reconciliation.MOVES)
    day = world.now - timedelta(days=3), world.now + timedelta(days=3)
    assert reconciliation._ledger_net(world.session, "simulator", *day) == order.total_fen + 1_000
