"""Orders that are paid afterwards with a guarantee: the credit they do not use, and one payment kept whoever is first."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from servicehub.db import Database
from servicehub.domain.access import Actor
from servicehub.domain.channel import Report
from servicehub.domain.guarantee import GuaranteeStatus
from servicehub.domain.order import OrderStatus, PaymentPlan
from servicehub.domain.payment import PaymentStatus, PlanItem
from servicehub.errors import Invalid, NotFound, TransitionRefused
from servicehub.jobs.recorder import Recorder
from servicehub.models.guarantee import Guarantee
from servicehub.models.order import Order
from servicehub.models.payment import Payment
from servicehub.queries import guarantees as words
from servicehub.services import capturing, fulfilment, guarantees, ledger, orders, payments, photos
from servicehub.services.orders.booking import CreditUsedUp
from servicehub.services.payments import OutcomeKind
from tests import journey
from tests.city import NOW
from tests.crowd import at_once
from tests.journey import World


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session, payment_plan=PaymentPlan.AFTER)


def opened(world: World, **changes: Any) -> tuple[Order, Guarantee]:
    order = world.book(guarantee="alipay", **changes)
    return order, guarantees.open_one(world.session, world.customer, order, "alipay", now=world.now)


def hear(session: Session, guarantee: Guarantee, *, event: str = "", now: Any = NOW) -> OutcomeKind:
    report = Report("alipay", event or f"e-{guarantee.no}", "guarantee", guarantee.no, guarantee.amount_fen, "auth-1")
    outcome = payments.record(session, report, now=now)
    orders.payment_recorded(session, outcome, now=now)
    return outcome.kind


def test_an_order_waits_for_its_guarantee_and_is_then_matched(world: World) -> None:
    order, guarantee = opened(world)
    assert (order.status, guarantee.amount_fen) == (OrderStatus.PENDING_PAYMENT, order.total_fen)
    second = sa.insert(Guarantee).values(guarantee.model_dump(exclude={"id", "no"}) | {"no": "Gother"})
    with world.session.begin_nested() as attempt:
        with pytest.raises(sa.exc.IntegrityError):
            world.session.execute(second)
        attempt.rollback()

    assert hear(world.session, guarantee) is OutcomeKind.HELD

    world.session.refresh(order)
    assert order.status in (OrderStatus.MATCHING, OrderStatus.ASSIGNED)
    assert order.paid_at is None
    assert world.session.exec(select(Payment)).all() == []
    assert world.session.scalar(sa.text("SELECT count(*) FROM sh_journal_entry")) == 0


def test_a_guaranteed_order_does_not_draw_on_the_credit(world: World) -> None:
    start = world.request().start_at
    assert start is not None
    made = [opened(world, start_at=start + timedelta(days=i)) for i in range(7)]
    for _order, guarantee in made:
        hear(world.session, guarantee)
    for i in range(6):
        world.book(start_at=start + timedelta(days=i, hours=-3))

    with pytest.raises(CreditUsedUp):
        world.book(start_at=start + timedelta(days=6, hours=-3))


def test_who_may_give_which_guarantee(world: World) -> None:
    order = world.book(guarantee="wechat")
    stranger = journey.Actor(user_id=world.customer.user_id + 99, role=world.customer.role, city_id=world.town.city_id)
    with pytest.raises(NotFound):
        guarantees.open_one(world.session, stranger, order, "wechat", now=world.now)
    with pytest.raises(Invalid):
        guarantees.open_one(world.session, world.customer, order, "cash", now=world.now)
    with pytest.raises(TransitionRefused):
        guarantees.open_one(world.session, world.customer, order, "wechat", now=world.now + timedelta(hours=1))
    with pytest.raises(Invalid):
        world.book(guarantee="cash")
    with pytest.raises(TransitionRefused):
        guarantees.open_one(world.session, world.customer, world.book(), "wechat", now=world.now)


def test_an_order_that_is_paid_before_needs_none(session: Session) -> None:
    world = journey.build(session)
    order = world.book(guarantee="alipay")

    assert (order.status, order.first_due_fen) == (OrderStatus.PENDING_PAYMENT, order.total_fen)
    with pytest.raises(TransitionRefused):
        guarantees.open_one(session, world.customer, order, "alipay", now=world.now)


def test_an_operator_ends_a_guaranteed_order(world: World, recorder: Recorder) -> None:
    order, guarantee = opened(world)
    hear(world.session, guarantee)
    orders.force_cancel(world.session, journey.operator(world), order.no, reason="flood", now=world.now)

    world.session.refresh(guarantee)
    assert guarantee.status is GuaranteeStatus.RELEASING
    assert recorder.named("guarantee_release") == [{"no": guarantee.no}]


def test_tries_end_and_the_customer_is_asked(world: World, recorder: Recorder) -> None:
    order, guarantee = opened(world)
    hear(world.session, guarantee)
    world.take(order)
    world.serve(order)
    world.finish(order)
    for _ in range(capturing.MOST_TRIES):
        begun = capturing.begin(world.session, guarantee.no)
        assert begun is not None
        capturing.again(world.session, guarantee.no, now=world.now)

    world.session.refresh(guarantee)
    assert guarantee.status is GuaranteeStatus.FAILED
    assert capturing.begin(world.session, guarantee.no) is None
    assert payments.due(world.session, order) == (PlanItem.FULL, order.total_fen)
    assert "自行支付" in words.sentence(world.session, order, locale="zh")
    world.pay(order)
    assert order.status is OrderStatus.AWAITING_CONFIRM


def test_captured_and_paid_by_the_customer_at_once_one_is_kept(database: Database) -> None:
    """Sixty-three payments by the customer against the capture, all reported in the same moment."""

    def prepare(session: Session) -> tuple[int, list[Report]]:
        world = journey.build(session, payment_plan=PaymentPlan.AFTER)
        order, guarantee = opened(world)
        hear(session, guarantee)
        world.take(order)
        world.serve(order)
        world.finish(order)
        made = [session.exec(select(Payment).where(Payment.no == guarantee.no)).one()]
        mine = (session, world.customer, order, PlanItem.FULL, "simulator")
        made += [payments.open_payment(*mine, f"m{i}", now=world.now) for i in range(63)]
        return order.id or 0, [Report(p.channel, f"r-{p.no}", "payment", p.no, p.amount_fen, f"c-{p.no}") for p in made]

    order_id, reports = database.write_now(prepare)
    later = NOW + timedelta(days=2)

    def book(session: Session, report: Report) -> str:
        outcome = payments.record(session, report, now=later)
        orders.payment_recorded(session, outcome, now=later)
        return outcome.kind.value

    outcomes = at_once(64, lambda i: database.write_now(book, reports[i]))

    assert all(isinstance(one, str) for one in outcomes)
    kept = Counter(database.read_now(lambda s: s.exec(select(Payment.status)).all()))
    assert kept == {PaymentStatus.KEPT: 1, PaymentStatus.EXTRA: 63}
    assert database.read_now(ledger.balance, ledger.escrow(order_id)) == 10_000
    assert database.read_now(ledger.verify) == []


def test_agreed_and_cancelled_at_once(database: Database) -> None:
    """Whoever is first, the guarantee of a dead order is not held."""

    def prepare(session: Session) -> tuple[World, str, Guarantee]:
        world = journey.build(session, payment_plan=PaymentPlan.AFTER)
        order, guarantee = opened(world)
        return world, order.no, guarantee

    world, no, guarantee = database.write_now(prepare)

    def act(i: int) -> object:
        if i % 2:
            return database.write_now(hear, guarantee, event=f"e{i}")
        return database.write_now(orders.cancel, world.customer, no, reason="", expected_refund_fen=0, now=NOW)

    at_once(64, act)

    order = database.read_now(lambda s: s.exec(select(Order).where(Order.no == no)).one())
    held = database.read_now(lambda s: s.exec(select(Guarantee)).one())
    assert order.status is OrderStatus.CANCELLED
    assert held.status is GuaranteeStatus.RELEASING


def lapsed(session: Session, guarantee: Guarantee, *, event: str = "", channel: str = "alipay") -> OutcomeKind:
    report = Report(channel, event or f"l-{guarantee.no}", "lapse", guarantee.no, guarantee.amount_fen)
    outcome = payments.record(session, report, now=NOW)
    orders.payment_recorded(session, outcome, now=NOW)
    return outcome.kind


def test_one_that_has_run_out_leaves_the_order_to_be_paid_as_usual(world: World, recorder: Recorder) -> None:
    order, guarantee = opened(world)
    hear(world.session, guarantee)

    assert lapsed(world.session, guarantee, event="strange", channel="wechat") is OutcomeKind.SUSPECT
    assert [lapsed(world.session, guarantee) for _ in range(2)] == [OutcomeKind.LAPSED, OutcomeKind.DUPLICATE]
    assert lapsed(world.session, guarantee, event="again") is OutcomeKind.IGNORED
    assert (guarantee.status, guarantee.captured_fen) == (GuaranteeStatus.FAILED, 0)

    world.take(order)
    world.serve(order)
    world.finish(order)
    assert (order.status, recorder.named("guarantee_capture")) == (OrderStatus.AWAITING_BALANCE, [])
    assert payments.due(world.session, order) == (PlanItem.FULL, order.total_fen)
    world.pay(order)
    assert order.status is OrderStatus.AWAITING_CONFIRM


def test_run_out_before_it_was_heard_of_is_refused_and_given_again(world: World) -> None:
    order, guarantee = opened(world)
    assert lapsed(world.session, guarantee) is OutcomeKind.LAPSED
    assert (order.status, guarantee.status) == (OrderStatus.PENDING_PAYMENT, GuaranteeStatus.FAILED)

    again = guarantees.open_one(world.session, world.customer, order, "alipay", now=world.now)
    assert again.no != guarantee.no
    assert hear(world.session, again) is OutcomeKind.HELD


def test_run_out_and_finished_at_once(database: Database) -> None:
    """Sixty-four threads: it has run out before the visit ended, or its capture is under way and will be told so; never both."""

    def prepare(session: Session) -> tuple[Actor, str, Guarantee]:
        world = journey.build(session, payment_plan=PaymentPlan.AFTER)
        order, guarantee = opened(world)
        hear(session, guarantee)
        world.take(order)
        world.serve(order)
        who = world.technician(order.technician_id)
        for kind in ("before", "after"):
            photos.attach(session, who, order.no, kind, f"{kind}-{order.no}", now=world.now)
        return who, order.no, guarantee

    who, no, guarantee = database.write_now(prepare)
    ends = NOW + timedelta(days=1)

    def act(i: int) -> object:
        if i % 2:
            return database.write_now(lapsed, guarantee, event=f"e{i}")
        return database.write_now(fulfilment.finish, who, no, now=ends)

    said = at_once(64, act)

    held = database.read_now(lambda s: s.exec(select(Guarantee)).one())
    begun = database.read_now(lambda s: s.exec(select(Payment)).all())
    assert said.count(OutcomeKind.LAPSED) == (held.status is GuaranteeStatus.FAILED)
    assert [payment.status for payment in begun] == [PaymentStatus.PENDING] * (held.status is GuaranteeStatus.CAPTURING)
    assert held.status in (GuaranteeStatus.FAILED, GuaranteeStatus.CAPTURING)
