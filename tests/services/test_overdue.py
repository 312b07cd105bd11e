"""Balances that are not paid: nobody orders again meanwhile, the case stays payable, and paying ends it."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from servicehub.domain.order import OrderStatus, PaymentPlan
from servicehub.domain.payment import PaymentStatus, PlanItem
from servicehub.errors import TransitionRefused
from servicehub.models.order import Order
from servicehub.queries.customer.order import order_page
from servicehub.queries.customer.payments import pay_item
from servicehub.services import ledger, orders, payments, sums
from servicehub.services.orders.booking import UnpaidOrder
from tests import journey
from tests.journey import World


def owing(session: Session) -> tuple[World, Order]:
    """A finished visit whose balance nobody pays for a week."""
    world = journey.build(session, payment_plan=PaymentPlan.DEPOSIT, deposit_bp=2000)
    order = world.finished()
    world.later(days=7, seconds=1)
    assert orders.fire_due(session, world.now) >= 1
    session.refresh(order)
    assert order.status is OrderStatus.DISPUTED
    return world, order


def test_who_owes_orders_nothing_after_a_day_and_after_a_week(session: Session) -> None:
    world = journey.build(session, payment_plan=PaymentPlan.DEPOSIT, deposit_bp=2000)
    order = world.finished()
    later = world.town.local("2026-03-20 10:00")
    for days in (2, 6):
        world.later(days=days)
        orders.fire_due(session, world.now)
        with pytest.raises(UnpaidOrder):
            world.book(start_at=later)
    session.refresh(order)
    assert order.status is OrderStatus.DISPUTED


def test_an_overdue_balance_is_shown_paid_and_ends_the_case(session: Session) -> None:
    world, order = owing(session)
    page = order_page(session, world.customer, order.no, locale="zh", now=world.now)
    assert (page.sentence, page.due_text, page.actions.pay_balance) == ("尾款已逾期，请尽快支付", "¥80", True)
    assert pay_item(session, world.customer, order.no, locale="zh", now=world.now).is_due
    assert payments.due(session, order) == (PlanItem.BALANCE, 8000)

    world.pay(order)

    session.refresh(order)
    assert (order.status, sums.escrow(session, order)) == (OrderStatus.AWAITING_CONFIRM, 10_000)
    orders.confirm(session, world.customer, order.no, now=world.now)
    assert ledger.balance(session, f"t_pending:{order.technician_id}:{order.id}") == 7500
    world.book(start_at=world.town.local("2026-03-20 10:00"))
    assert ledger.verify(session) == []


def test_a_payment_that_was_opened_before_it_was_overdue_is_kept(session: Session) -> None:
    world = journey.build(session, payment_plan=PaymentPlan.DEPOSIT, deposit_bp=2000)
    order = world.finished()
    payment = world.open_payment(order)
    world.later(days=7, seconds=1)
    orders.fire_due(session, world.now)

    world.report(payment)

    session.refresh(payment)
    session.refresh(order)
    assert (payment.status, order.status) == (PaymentStatus.KEPT, OrderStatus.AWAITING_CONFIRM)


def test_other_cases_are_not_paid_and_block_nobody(session: Session) -> None:
    """A complaint about a visit that was paid, or about one whose balance is not overdue."""
    world = journey.build(session, payment_plan=PaymentPlan.DEPOSIT, deposit_bp=2000)
    order = world.finished()
    orders.dispute(session, world.customer, order.no, reason="漏扫", now=world.now)
    with pytest.raises(TransitionRefused):
        payments.due(session, order)
    world.later(days=3)
    world.book(start_at=world.town.local("2026-03-20 10:00"))


def test_a_case_that_was_decided_asks_for_nothing_more(session: Session) -> None:
    """The operator lets the debt go: what was paid is settled, and the customer may order again."""
    world, order = owing(session)
    staff = journey.operator(world)
    orders.resolve(session, staff, order.no, refund_fen=0, reason="免除尾款", now=world.now)
    assert order.status is OrderStatus.COMPLETED
    assert ledger.balance(session, f"t_pending:{order.technician_id}:{order.id}") == 1500
    with pytest.raises(TransitionRefused):
        payments.due(session, order)
    world.book(start_at=world.town.local("2026-03-20 10:00"))
