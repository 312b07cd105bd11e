"""What channels report, in every order and as often as they like."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session, col, func, select

from servicehub.db import Database
from servicehub.domain.access import Actor, Role
from servicehub.domain.channel import RefundState, Report
from servicehub.domain.order import OrderStatus, PaymentPlan
from servicehub.domain.payment import PaymentStatus, PlanItem
from servicehub.errors import NotFound, TransitionRefused
from servicehub.jobs.recorder import Recorder
from servicehub.models.order import Order
from servicehub.models.payment import ChannelEvent, Payment, Refund
from servicehub.services import ledger, orders, payments, refunds, sums
from servicehub.services.payments import Outcome, OutcomeKind
from tests import journey
from tests.city import NOW
from tests.journey import World


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def message(payment: Payment, event: str = "e1", **changes: object) -> Report:
    return replace(Report("simulator", event, "payment", payment.no, payment.amount_fen, f"ch-{payment.no}"), **changes)  # type: ignore[arg-type]


def take(world: World, report: Report) -> Outcome:
    outcome = payments.record(world.session, report, now=world.now)
    orders.payment_recorded(world.session, outcome, now=world.now)
    return outcome


def results(world: World) -> list[str]:
    return list(world.session.exec(select(ChannelEvent.result).order_by(col(ChannelEvent.event_id))))


def test_a_payment_goes_into_the_escrow(world: World) -> None:
    order = world.book()
    payment = world.open_payment(order)

    assert take(world, message(payment)) == Outcome(OutcomeKind.PAID, order.id, payment.id)
    assert payment.status is PaymentStatus.KEPT
    assert (sums.escrow(world.session, order), sums.paid_net(world.session, order)) == (10_000, 10_000)
    assert ledger.trial(world.session).by_account == {"cash:simulator": 10_000, f"escrow:{order.id}": -10_000}


def test_the_same_message_has_its_effect_once(world: World) -> None:
    order = world.book()
    payment = world.open_payment(order)
    take(world, message(payment))

    assert take(world, message(payment)).kind is OutcomeKind.DUPLICATE
    assert take(world, message(payment, "another-id")).kind is OutcomeKind.DUPLICATE
    assert sums.escrow(world.session, order) == 10_000
    assert len(journey.entries_of(world.session, f"order:{order.id}")) == 1


@pytest.mark.parametrize("changes", [{"amount_fen": 9_999}, {"no": "P0"}, {"channel": "other"}])
def test_what_fits_no_payment_of_ours_is_kept_and_moves_nothing(world: World, changes: dict[str, object]) -> None:
    order = world.book()
    payment = world.open_payment(order)

    assert take(world, message(payment, **changes)).kind is OutcomeKind.SUSPECT
    assert results(world) == ["suspect"]
    assert order.status is OrderStatus.PENDING_PAYMENT
    assert payment.status is PaymentStatus.PENDING
    assert ledger.trial(world.session).by_account == {}


def test_paying_twice_keeps_the_first_and_returns_the_second(world: World, recorder: Recorder) -> None:
    order = world.book()
    first = world.open_payment(order)
    item, _ = payments.due(world.session, order)
    second = payments.open_payment(world.session, world.customer, order, item, "simulator", "alipay", now=world.now)
    take(world, message(first))

    assert take(world, message(second, "e2")).kind is OutcomeKind.EXTRA
    assert (first.status, second.status) == (PaymentStatus.KEPT, PaymentStatus.EXTRA)
    returned = world.session.exec(select(Refund)).one()
    assert (returned.payment_id, returned.amount_fen, returned.reason) == (second.id, 10_000, "extra_payment")
    assert recorder.named("refund") == [{"no": returned.no}]
    assert ledger.balance(world.session, f"refund_due:{order.id}") == 10_000
    assert sums.paid_net(world.session, order) == 10_000


def test_money_for_a_cancelled_order_goes_back_and_revives_nothing(world: World) -> None:
    order = world.book()
    payment = world.open_payment(order)
    orders.cancel(world.session, world.customer, order.no, reason="", expected_refund_fen=0, now=world.now)
    assert payment.status is PaymentStatus.PENDING  # as this session still sees it; the row is closed
    take(world, message(payment))

    world.session.refresh(payment)
    assert (order.status, payment.status) == (OrderStatus.CANCELLED, PaymentStatus.LATE)
    assert sums.paid_net(world.session, order) == 0
    assert ledger.balance(world.session, f"refund_due:{order.id}") == 10_000


def test_a_late_payment_is_marked_once(world: World) -> None:
    order = world.book()
    payment = world.open_payment(order)
    payments.mark_late(world.session, payment, now=world.now)

    with pytest.raises(TransitionRefused):
        payments.keep(world.session, payment, now=world.now)
    assert ledger.balance(world.session, f"refund_due:{order.id}") == 10_000


def test_an_open_payment_is_used_again(world: World) -> None:
    order = world.book()

    assert world.open_payment(order).id == world.open_payment(order).id
    assert world.session.exec(select(func.count()).select_from(Payment)).one() == 1


def test_strangers_cannot_pay_or_learn_of_an_order(world: World) -> None:
    order = world.book()
    stranger = Actor(user_id=world.customer.user_id + 999, role=Role.CUSTOMER, city_id=world.town.city_id)

    with pytest.raises(NotFound):
        payments.open_payment(world.session, stranger, order, PlanItem.FULL, "simulator", "wechat", now=world.now)
    assert world.session.exec(select(func.count()).select_from(Payment)).one() == 0


def test_nothing_is_opened_for_an_order_that_waits_for_no_payment(world: World) -> None:
    order = world.book()
    world.pay(order)

    with pytest.raises(TransitionRefused):
        world.open_payment(order)


def test_a_deposit_then_the_balance(session: Session) -> None:
    world = journey.build(session, payment_plan=PaymentPlan.DEPOSIT, deposit_bp=2000)
    order = world.finished()

    assert payments.due(session, order) == (PlanItem.BALANCE, 8000)
    world.pay(order)
    assert order.status is OrderStatus.AWAITING_CONFIRM
    assert sums.escrow(session, order) == 10_000


def test_paying_after_the_service(session: Session) -> None:
    world = journey.build(session, payment_plan=PaymentPlan.AFTER)
    order = world.finished()

    assert payments.due(session, order) == (PlanItem.FULL, 10_000)


def test_silence_is_asked_about_on_a_ladder(world: World, recorder: Recorder) -> None:
    payment = world.open_payment(world.book())
    delays = [payment.created_at + timedelta(seconds=s) for s in (30, 120, 300)]

    assert recorder.named("payment_query") == [{"no": payment.no, "step": 0}]
    assert [payments.query_later(world.session, payment, step, now=world.now) for step in (1, 2, 3, 4)] == [
        True,
        True,
        True,
        False,
    ]
    assert [job["step"] for job in recorder.named("payment_query")] == [0, 1, 2, 3]
    assert max(delays) < payment.expires_at


def test_open_payments_are_closed_here_and_at_the_channel(world: World, recorder: Recorder) -> None:
    order = world.book()
    payment = world.open_payment(order)

    assert payments.close_open(world.session, order) == 1
    assert payments.close_open(world.session, order) == 0
    assert recorder.named("payment_close") == [{"no": payment.no}]


def test_refund_reports_may_come_in_any_order_and_number(world: World) -> None:
    order = world.book()
    world.pay(order)
    (refund,) = refunds.request(world.session, order, 4000, "goodwill", now=world.now)
    done = Report("simulator", "r1", "refund", refund.no, 4000, refund_state=RefundState.SUCCEEDED)

    assert take(world, replace(done, amount_fen=3999, event_id="r0")).kind is OutcomeKind.SUSPECT
    assert take(world, done).kind is OutcomeKind.REFUND
    assert take(world, replace(done, event_id="r2")).kind is OutcomeKind.DUPLICATE
    assert take(world, replace(done, event_id="r3", refund_state=RefundState.FAILED)).kind is OutcomeKind.DUPLICATE
    assert ledger.balance(world.session, "cash:simulator") == 6000
    assert ledger.balance(world.session, f"refund_due:{order.id}") == 0
    assert world.session.get_one(Order, order.id).status is OrderStatus.ASSIGNED


def test_two_payments_of_one_order_raced_by_many_messages_keep_one(database: Database) -> None:
    def prepare(session: Session) -> list[Report]:
        world = journey.build(session)
        order = world.book()
        item, _ = payments.due(session, order)
        opened = [
            payments.open_payment(session, world.customer, order, item, "simulator", method, now=NOW)
            for method in ("wechat", "alipay")
        ]
        return [message(payment, f"{payment.no}-{i // 2}") for payment in opened for i in range(4)]

    reports = database.write_now(prepare)
    barrier = threading.Barrier(len(reports))

    def apply(session: Session, report: Report) -> OutcomeKind:
        outcome = payments.record(session, report, now=NOW)
        orders.payment_recorded(session, outcome, now=NOW)
        return outcome.kind

    def deliver(report: Report) -> OutcomeKind:
        barrier.wait(30)
        return database.write_now(apply, report)

    with ThreadPoolExecutor(len(reports)) as pool:
        kinds = Counter(pool.map(deliver, reports))

    assert kinds == {OutcomeKind.PAID: 1, OutcomeKind.EXTRA: 1, OutcomeKind.DUPLICATE: 6}
    by_status = database.read_now(lambda s: Counter(s.exec(select(Payment.status)).all()))
    assert by_status == {PaymentStatus.KEPT: 1, PaymentStatus.EXTRA: 1}
    assert database.read_now(ledger.balance, "cash:simulator") == 20_000
    assert database.read_now(ledger.verify) == []
