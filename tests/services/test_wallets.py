"""Customers' balances: alone, beside a channel, reserved, spent once, and given back; whatever happens in between adds up."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from servicehub.db import Database
from servicehub.domain.access import OperatorRole
from servicehub.domain.order import OrderStatus, PaymentPlan
from servicehub.domain.payment import WALLET, PaymentStatus, PlanItem, RefundStatus
from servicehub.errors import Invalid, NotAllowed, NotFound, ReasonMissing, ServiceHubError, TransitionRefused
from servicehub.models.audit import AuditEntry
from servicehub.models.ledger import Posting
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.queries.customer.payments import lines, outcome, pay_item
from servicehub.queries.customer.wallet import wallet
from servicehub.services import ledger, orders, payments, refunds, sums, tenders, wallets
from servicehub.services.orders import timers
from servicehub.services.payments import OutcomeKind
from servicehub.viewmodels.customer.booking import PayItem
from servicehub.workflows import checkout
from tests import journey
from tests.city import NOW
from tests.crowd import at_once
from tests.journey import World

KEY = "0123456789abcdef"


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def credit(world: World, order: Order, fen: int, key: str = KEY) -> bool:
    finance = journey.operator(world, OperatorRole.FINANCE)
    return wallets.credit(world.session, finance, order.no, fen, reason="抱歉迟到", key=key, now=world.now)


def balance(world: World) -> int:
    return ledger.balance(world.session, ledger.wallet(world.customer.user_id))


def mixed(world: World, order: Order, channel: str = "simulator") -> Payment:
    item, _due = payments.due(world.session, order)
    return payments.open_payment(
        world.session, world.customer, order, item, channel, "wechat", ours=(WALLET,), now=world.now
    )


def tap(world: World, order: Order) -> str:
    """The customer pays with the balance; which channel is to be asked for the rest."""
    args = (world.session, world.customer, order.no, "wechat", "simulator")
    return checkout.intend(*args, locale="en", ours=(WALLET,), now=world.now).channel


def kept(world: World, order: Order) -> dict[str, int]:
    rows = world.session.exec(select(Payment).where(Payment.order_id == order.id, Payment.status == PaymentStatus.KEPT))
    return {row.channel: row.amount_fen for row in rows}


def test_the_balance_pays_alone_and_the_order_goes_on(world: World) -> None:
    order = world.book()
    credit(world, order, 20_000)

    assert tap(world, order) == WALLET

    assert order.status is not OrderStatus.PENDING_PAYMENT
    assert kept(world, order) == {WALLET: order.total_fen}
    assert balance(world) == 20_000 - order.total_fen
    assert sums.escrow(world.session, order) == order.total_fen
    with pytest.raises(TransitionRefused):  # the second tap
        tap(world, order)
    assert ledger.verify(world.session) == []


def test_a_part_is_reserved_and_kept_with_the_channels_payment(world: World) -> None:
    order = world.book()
    credit(world, order, 3_000)

    rest = mixed(world, order)
    assert (rest.amount_fen, tenders.free(world.session, WALLET, world.customer.user_id, now=world.now)) == (
        order.total_fen - 3_000,
        0,
    )
    assert mixed(world, order).id == rest.id, "the second tap is the same payment"
    page = wallet(world.session, world.customer, locale="en", now=world.now)
    assert (page.balance, page.reserved) == ("30.00", "¥30")

    assert world.report(rest).kind is OutcomeKind.PAID

    assert kept(world, order) == {WALLET: 3_000, "simulator": order.total_fen - 3_000}
    assert sums.escrow(world.session, order) == order.total_fen
    assert balance(world) == 0
    shown = outcome(world.session, world.customer, order.no, locale="en", now=world.now)
    assert shown.amount == f"{order.total_fen // 100}"


def test_the_sheet_says_what_is_left(world: World) -> None:
    order = world.book()
    credit(world, order, 3_000)

    def look(*ours: str) -> PayItem:
        return pay_item(world.session, world.customer, order.no, 0, ours, locale="en", now=world.now)

    sheet = look(WALLET)
    assert (sheet.balance, sheet.rest) == ("¥30", f"¥{(order.total_fen - 3_000) // 100}")
    assert (look().balance, look().rest) == ("¥30", f"¥{order.total_fen // 100}")

    mixed(world, order)
    assert look(WALLET) == sheet
    credit(world, order, 50_000, key="f" * 16)
    assert look(WALLET).rest == ""


def test_two_orders_never_reserve_the_same_money(world: World) -> None:
    first, second = world.book(), world.book(start_at=world.town.local("2026-03-03 10:00"))
    credit(world, first, 3_000)

    mixed(world, first)

    assert mixed(world, second).amount_fen == second.total_fen


def test_a_cashier_left_open_is_paid_when_the_balance_still_has_its_part(world: World) -> None:
    order = world.book()
    credit(world, order, 3_000)
    left = mixed(world, order)
    world.open_payment(order)  # the customer chose to pay without the balance, then went back to the first cashier
    assert balance(world) == 3_000

    assert world.report(left).kind is OutcomeKind.PAID

    assert kept(world, order) == {WALLET: 3_000, "simulator": order.total_fen - 3_000}


def test_a_cashier_left_open_is_returned_when_the_balance_was_spent(world: World) -> None:
    order, other = world.book(), world.book(start_at=world.town.local("2026-03-03 10:00"))
    credit(world, order, 3_000)
    left = mixed(world, order)
    world.open_payment(order)
    world.report(mixed(world, other))

    assert world.report(left).kind is OutcomeKind.EXTRA

    assert order.status is OrderStatus.PENDING_PAYMENT
    back = world.session.exec(select(Refund).where(Refund.order_id == order.id)).one()
    assert (back.amount_fen, back.reason) == (left.amount_fen, "balance_gone")
    assert ledger.verify(world.session) == []


def test_what_ends_unpaid_lets_go(world: World) -> None:
    order = world.book()
    credit(world, order, 3_000)
    rest = mixed(world, order)

    orders.cancel(world.session, world.customer, order.no, reason="", expected_refund_fen=0, now=world.now)

    assert tenders.free(world.session, WALLET, world.customer.user_id, now=world.now) == balance(world) == 3_000
    world.report(rest)
    assert (balance(world), rest.status) == (3_000, PaymentStatus.LATE)


def test_a_reservation_ends_with_its_time(world: World) -> None:
    order = world.book()
    credit(world, order, 3_000)
    mixed(world, order)
    world.later(hours=1)

    assert tenders.free(world.session, WALLET, world.customer.user_id, now=world.now) == 3_000
    assert timers.expire(world.session, order.id or 0, now=world.now)
    assert world.session.exec(select(Payment).where(Payment.channel == WALLET)).one().status is PaymentStatus.CLOSED


def test_a_refund_goes_to_the_channel_first_and_what_the_balance_paid_comes_back_at_once(world: World) -> None:
    order = world.book()
    credit(world, order, 3_000)
    world.report(mixed(world, order))

    made = refunds.request(world.session, order, order.total_fen - 1_000, "goodwill", now=world.now)

    assert [(r.amount_fen, r.status) for r in made] == [
        (order.total_fen - 3_000, RefundStatus.NEW),
        (2_000, RefundStatus.SUCCEEDED),
    ]
    assert balance(world) == 2_000
    rows = lines(world.session, order, "Asia/Shanghai", locale="en", now=world.now)
    assert [row.sub.split(" · ")[0] for row in rows] == [
        "Balance",
        "WeChat Pay",
        "To the original method",
        "To your balance",
    ]
    assert ledger.verify(world.session) == []


def test_deposit_and_balance_may_each_have_a_part(session: Session) -> None:
    world = journey.build(session, payment_plan=PaymentPlan.DEPOSIT, deposit_bp=3_000)
    order = world.book()
    credit(world, order, 500)
    world.report(mixed(world, order))
    assert kept(world, order)[WALLET] == 500


def test_a_settled_order_paid_by_a_mix_is_clawed_back_to_the_fen(session: Session) -> None:
    world = journey.build(session, payment_plan=PaymentPlan.AFTER)
    order = world.finished()
    credit(world, order, 3_000)
    world.report(mixed(world, order))
    orders.confirm(world.session, world.customer, order.no, now=world.now)

    made = refunds.request(world.session, order, order.total_fen, "after_sale", now=world.now)

    assert [r.amount_fen for r in made] == [order.total_fen - 3_000, 3_000]
    assert (balance(world), sums.paid_net(world.session, order)) == (3_000, 0)
    assert ledger.verify(world.session) == []


def test_who_may_credit_and_how_often(world: World) -> None:
    order = world.book()
    support = journey.operator(world, OperatorRole.SUPPORT)
    finance = journey.operator(world, OperatorRole.FINANCE)

    def give(who: object = finance, fen: int = 1_000, reason: str = "x", key: str = KEY, no: str = order.no) -> bool:
        return wallets.credit(world.session, who, no, fen, reason=reason, key=key, now=world.now)  # type: ignore[arg-type]

    for refused, error in (
        ({"who": support}, NotAllowed), ({"who": world.customer}, NotAllowed), ({"fen": 0}, Invalid), ({"fen": 50_001}, Invalid),
        ({"reason": " "}, ReasonMissing), ({"key": "x"}, Invalid), ({"no": "1"}, NotFound),
    ):  # fmt: skip
        with pytest.raises(error):
            give(**refused)  # type: ignore[arg-type]
    assert [give(), give()] == [True, False]
    page = wallet(world.session, world.customer, locale="en", now=world.now)
    assert [(move.title, move.note, move.amount, move.order_no) for move in page.moves] == [
        ("Credit from us", "x", "+¥10.00", order.no)
    ]
    audit = world.session.exec(select(AuditEntry).where(AuditEntry.action == "order.credit")).one()
    assert audit.data == {"amount_fen": 1_000}


ACTS = ("reserve", "plain", "arrive", "arrive", "expire", "cancel", "other", "credit", "refund")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(ACTS), min_size=3, max_size=14), st.integers(1, 15_000))
def test_in_whatever_order_things_happen_no_money_of_the_customer_is_lost(
    session: Session, acts: list[str], fen: int
) -> None:
    with session.begin_nested() as example:
        _act(journey.build(session, technicians=3), acts, fen)
        example.rollback()
    session.expunge_all()


def _act(world: World, acts: list[str], fen: int) -> None:
    order, other = world.book(), world.book(start_at=world.town.local("2026-03-03 10:00"))
    credit(world, order, fen)
    given, paid = fen, 0
    for i, name in enumerate(acts):
        try:
            with world.session.begin_nested():
                if name == "reserve":
                    tap(world, order)
                elif name == "plain":
                    world.open_payment(order)
                elif name == "other":
                    tap(world, other)
                elif name == "arrive":
                    paid += _arrive(world, i)
                elif name == "expire":
                    timers.expire(world.session, order.id or 0, now=world.later(minutes=20))
                elif name == "cancel":
                    terms = orders.cancel_preview(world.session, world.customer, order.no, now=world.now)
                    orders.cancel(
                        world.session, world.customer, order.no, reason="", expected_refund_fen=terms.refund_fen, now=world.now
                    )  # fmt: skip
                elif name == "credit":
                    given += 100 if credit(world, order, 100, key=f"{i:016x}") else 0
                elif name == "refund":
                    refunds.request(world.session, order, 1_000, "goodwill", now=world.now)
        except ServiceHubError:
            world.session.expire_all()
    groups = world.session.execute(
        sa.select(col(Posting.account), -sa.func.sum(col(Posting.amount_fen))).group_by(col(Posting.account))
    )
    owed = {
        account: int(total) for account, total in groups if account.split(":")[0] in ("wallet", "escrow", "refund_due")
    }
    assert sum(owed.values()) == given + paid
    assert all(total >= 0 for total in owed.values())
    assert ledger.verify(world.session) == []


def _arrive(world: World, pick: int) -> int:
    """The channel reports one of the payments that were opened; what it took."""
    rows = world.session.exec(select(Payment).where(Payment.channel != WALLET).order_by(col(Payment.id))).all()
    waiting = [row for row in rows if row.status in (PaymentStatus.PENDING, PaymentStatus.CLOSED)]
    if not waiting:
        return 0
    payment = waiting[pick % len(waiting)]
    world.report(payment)
    return payment.amount_fen


def test_sixty_four_orders_at_once_spend_a_balance_once(database: Database) -> None:
    """Ten orders may be paid of it; sixty-four try, each twice."""

    def prepare(session: Session) -> tuple[World, list[str]]:
        world = journey.build(session, technicians=16)
        noon = world.town.local("2026-03-03 14:00")
        numbers = [world.book(start_at=noon + timedelta(days=i // 16)).no for i in range(64)]
        total = world.order(numbers[0]).total_fen
        for i in range(10):
            assert credit(world, world.order(numbers[0]), total, key=f"{i:016x}")
        return world, numbers

    world, numbers = database.write_now(prepare)
    customer = world.customer

    def pay(i: int) -> object:
        args = (customer, numbers[i % 64], "wechat", "simulator")
        return database.write_now(
            checkout.intend, *args, locale="en", ours=(WALLET,), now=NOW + timedelta(seconds=1)
        ).channel

    outcomes = at_once(128, pay)

    assert outcomes.count(WALLET) == 10
    assert all(o in (WALLET, "simulator") or isinstance(o, TransitionRefused) for o in outcomes)
    left = database.read_now(lambda session: ledger.balance(session, ledger.wallet(customer.user_id)))
    paid = database.read_now(
        lambda session: len(
            session.exec(
                select(Payment.id).where(Payment.item == PlanItem.FULL, Payment.status == PaymentStatus.KEPT)
            ).all()
        )
    )
    assert (left, paid) == (0, 10)
    assert database.read_now(ledger.verify) == []
