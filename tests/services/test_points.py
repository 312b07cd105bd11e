"""Customers' points: earned once, spent beside other tenders, given back and taken back with refunds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from servicehub.domain.access import OperatorRole
from servicehub.domain.order import OrderStatus, PaymentPlan
from servicehub.domain.payment import OURS, POINTS, WALLET, PaymentStatus
from servicehub.domain.points import LIFE_AFTER_RETURN
from servicehub.errors import Invalid, TransitionRefused
from servicehub.models.customer import Coupon, CouponKind
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.models.points import PointsLot, PointsUse
from servicehub.queries.customer.payments import pay_item
from servicehub.services import (
    coupons,
    invoices,
    ledger,
    orders,
    payments,
    points,
    refunds,
    settlements,
    sums,
    wallets,
)
from servicehub.services.payments import OutcomeKind
from servicehub.workflows import checkout
from tests import journey
from tests.journey import World
from tests.services.points_world import LATER, balance, cancel, earned, free, kept, later, opened, rule


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def credit(world: World, order: Order, fen: int) -> None:
    finance = journey.operator(world, OperatorRole.FINANCE)
    wallets.credit(world.session, finance, order.no, fen, reason="x", key="0123456789abcdef", now=world.now)


def in_wallet(world: World) -> int:
    return ledger.balance(world.session, ledger.wallet(world.customer.user_id))


# -- earning ------------------------------------------------------------------------------------------------------------


def test_an_order_earns_once_when_it_is_settled(world: World) -> None:
    order = world.finished()
    assert balance(world) == 0
    orders.confirm(world.session, world.customer, order.no, now=world.now)

    settlements.settle(world.session, order, now=world.now)
    assert points.earn(world.session, order, now=world.now) == 0

    assert balance(world) == order.total_fen // 100 == 100
    lot = world.session.exec(select(PointsLot)).one()
    assert (lot.order_id, lot.points, lot.expires_at.year - lot.earned_at.year) == (order.id, 100, 1)
    assert ledger.verify(world.session) == []


def test_tips_points_and_what_went_back_before_earn_nothing(world: World) -> None:
    earned(world)
    order = later(world)
    world.report(opened(world, order))
    assert kept(world, order)[POINTS] == 2_000
    world.take(order)
    world.serve(order)
    world.finish(order)
    orders.refund(world.session, journey.operator(world), order.no, 1_050, reason="late", now=world.now)
    before = balance(world)
    orders.confirm(world.session, world.customer, order.no, now=world.now)
    tip = payments.open_tip(world.session, world.customer, order, 5_000, "simulator", "wechat", now=world.now)
    world.report(tip)

    assert balance(world) - before == (10_000 - 2_000 - 1_050) // 100 * 20
    assert sums.money_net(world.session, order) == 6_950


def test_a_cancellation_fee_and_no_points_for_a_yuan_earn_nothing(world: World) -> None:
    order = journey.without_free(world).accepted()
    world.now = order.start_at - timedelta(minutes=20)
    terms = orders.cancel_preview(world.session, world.customer, order.no, now=world.now)
    orders.cancel(
        world.session, world.customer, order.no, reason="", expected_refund_fen=terms.refund_fen, now=world.now
    )
    assert terms.fee_fen > 0
    assert balance(world) == 0


def test_none_are_earned_where_the_rules_say_so(world: World) -> None:
    earned(world, per_yuan=0)
    assert (balance(world), world.session.exec(select(PointsLot)).all()) == (0, [])


# -- spending -----------------------------------------------------------------------------------------------------------


def test_a_coupon_lowers_the_price_then_points_pay_then_the_balance_and_the_channel_the_rest(world: World) -> None:
    credit(world, earned(world), 3_000)
    batch = Coupon(
        city_id=world.town.city_id, slug="twenty", name_zh="减二十元", name_en="Twenty off", kind=CouponKind.AMOUNT,
        amount_fen=2_000, stock=1,
    )  # fmt: skip
    world.session.add(batch)
    world.session.flush()
    grant_id = coupons.claim(world.session, world.customer, "twenty", now=world.now)
    order = later(world)
    assert (order.coupon_grant_id, order.total_fen) == (grant_id, 8_000)
    shown = pay_item(world.session, world.customer, order.no, ours=OURS, locale="en", now=world.now)

    payment = opened(world, order, *OURS)

    assert (shown.points, shown.balance, shown.rest) == ("¥16", "¥30", "¥34")
    assert (payment.channel, payment.amount_fen) == ("simulator", 3_400)
    assert (free(world), balance(world)) == (400, 2_000)
    assert opened(world, order, *OURS).no == payment.no
    world.report(payment)
    assert kept(world, order) == {"simulator": 3_400, WALLET: 3_000, POINTS: 1_600}
    assert (order.status, balance(world), in_wallet(world)) == (OrderStatus.ASSIGNED, 400, 0)

    assert cancel(world, order) == 8_000

    assert (balance(world), in_wallet(world)) == (2_000, 3_000)
    assert [held.grant_id for held in coupons.in_hand(world.session, world.customer.user_id)] == [grant_id]
    assert ledger.verify(world.session) == []


def test_points_alone_pay_without_a_channel(world: World) -> None:
    earned(world, per_yuan=100)
    rule(world, most_bp=10_000)
    order = later(world)

    args = (world.session, world.customer, order.no, "", "")
    request = checkout.intend(*args, locale="en", ours=OURS, now=world.now)

    assert (request.channel, order.status, balance(world)) == (POINTS, OrderStatus.ASSIGNED, 0)
    assert kept(world, order) == {POINTS: 10_000}
    assert sums.money_net(world.session, order) == 0
    with pytest.raises(TransitionRefused):
        opened(world, order)


def test_points_and_balance_together_need_no_channel_and_both_come_back(world: World) -> None:
    credit(world, earned(world), 8_000)
    order = later(world)

    args = (world.session, world.customer, order.no, "", "")
    request = checkout.intend(*args, locale="en", ours=OURS, now=world.now)

    assert (request.channel, order.status) == (POINTS, OrderStatus.ASSIGNED)
    assert kept(world, order) == {POINTS: 2_000, WALLET: 8_000}
    refunds.request(world.session, order, 8_500, "goodwill", now=world.now)
    assert (in_wallet(world), balance(world)) == (8_000, 500)


def test_a_channel_is_asked_for_when_ours_do_not_pay_everything(world: World) -> None:
    earned(world)
    with pytest.raises(Invalid):
        opened(world, later(world), channel="")


def test_fewer_than_the_least_and_more_than_the_share_are_not_used(world: World) -> None:
    earned(world)
    order = later(world)
    for rules, payable in (({"most_bp": 500}, 500), ({"least": 2_001}, 0), ({"most_bp": 0}, 0), ({}, 2_000)):
        rule(world, **rules)
        shown = pay_item(world.session, world.customer, order.no, ours=(POINTS,), locale="en", now=world.now)
        part = opened(world, order).part_id
        assert (world.session.get_one(Payment, part).amount_fen if part else 0) == payable
        assert shown.points == (f"¥{payable // 100}" if payable else "")


def test_deposit_and_rest_share_one_limit(session: Session) -> None:
    world = journey.build(session, payment_plan=PaymentPlan.DEPOSIT, deposit_bp=3_000)
    earned(world)
    order = later(world)
    world.report(opened(world, order))
    assert kept(world, order)[POINTS] == 2_000
    world.take(order)
    world.serve(order)
    world.finish(order)
    assert order.status is OrderStatus.AWAITING_BALANCE
    assert opened(world, order).part_id is None


def test_without_the_tick_the_reservation_is_let_go(world: World) -> None:
    earned(world)
    order = later(world)
    opened(world, order)
    assert free(world) == 0
    world.open_payment(order)
    assert free(world) == 2_000


def test_what_ends_unpaid_lets_go_and_a_late_payment_goes_back(world: World) -> None:
    earned(world)
    order = later(world)
    rest = opened(world, order)
    cancel(world, order)
    assert free(world) == balance(world) == 2_000
    world.report(rest)
    assert (rest.status, balance(world)) == (PaymentStatus.LATE, 2_000)


def test_a_cashier_left_open_counts_while_the_points_are_there_else_its_money_goes_back(world: World) -> None:
    earned(world)
    first, second = later(world), later(world, LATER[1])
    left = opened(world, first)
    world.open_payment(first)
    other = opened(world, second)
    world.report(other)
    assert balance(world) == 0

    assert world.report(left).kind is OutcomeKind.EXTRA
    back = world.session.exec(select(Refund).where(Refund.order_id == first.id)).one()
    assert (back.amount_fen, back.reason, first.status) == (8_000, "balance_gone", OrderStatus.PENDING_PAYMENT)
    assert ledger.verify(world.session) == []


# -- refunds ------------------------------------------------------------------------------------------------------------


def test_money_goes_back_before_the_balance_and_points_last(world: World) -> None:
    credit(world, earned(world), 3_000)
    order = later(world)
    world.report(opened(world, order, *OURS))
    assert kept(world, order) == {"simulator": 5_000, WALLET: 3_000, POINTS: 2_000}

    for fen, (wallet, points_left) in (
        (4_000, (0, 0)),
        (2_000, (1_000, 0)),
        (3_500, (3_000, 1_500)),
        (500, (3_000, 2_000)),
    ):
        refunds.request(world.session, order, fen, "goodwill", now=world.now)
        assert (in_wallet(world), balance(world)) == (wallet, points_left)
    assert sums.paid_net(world.session, order) == 0


def test_points_of_a_lot_that_ends_soon_come_back_for_thirty_days(world: World) -> None:
    earned(world)
    lot = world.session.exec(select(PointsLot)).one()
    order = later(world)
    world.report(opened(world, order))
    lot.expires_at = world.now - timedelta(minutes=1)
    world.session.flush()

    refunds.request(world.session, order, 9_000, "goodwill", now=world.now)

    lots = world.session.exec(select(PointsLot).order_by(col(PointsLot.id))).all()
    assert [(one.remaining, one.refund_id is None) for one in lots] == [(0, True), (1_000, False)]
    assert lots[1].expires_at == world.now + LIFE_AFTER_RETURN
    use = world.session.exec(select(PointsUse)).one()
    assert (use.points, use.returned, balance(world)) == (2_000, 1_000, 1_000)


def test_a_refund_after_the_settlement_takes_what_the_order_earned(world: World) -> None:
    order = earned(world)
    boss = journey.operator(world)
    assert balance(world) == 2_000

    for fen, left in ((50, 1_980), (50, 1_980), (4_900, 1_000), (5_000, 0)):
        world.later(seconds=1)
        orders.refund(world.session, boss, order.no, fen, reason="late", now=world.now)
        assert balance(world) == left
    assert ledger.verify(world.session) == []


def test_what_was_spent_already_is_no_debt_and_what_is_reserved_stays(world: World) -> None:
    order = earned(world)
    rule(world, per_yuan=20, most_bp=1_500)
    second, third = later(world), later(world, LATER[1])
    world.report(opened(world, second))
    rest = opened(world, third)
    assert (balance(world), free(world)) == (500, 0)

    orders.refund(world.session, journey.operator(world), order.no, 10_000, reason="late", now=world.now)

    assert balance(world) == 500
    assert world.report(rest).kind is OutcomeKind.PAID
    assert (balance(world), kept(world, third)[POINTS]) == (0, 500)


def test_an_invoice_is_about_money(world: World) -> None:
    earned(world)
    order = later(world)
    world.report(opened(world, order))
    world.take(order)
    world.serve(order)
    world.finish(order)
    orders.confirm(world.session, world.customer, order.no, now=world.now)
    made = invoices.request(
        world.session, world.customer, order.no, kind="person", title="林女士", tax_no="", now=world.now
    )
    assert made.amount_fen == sum(line["gross_fen"] for line in made.lines) == 8_000
