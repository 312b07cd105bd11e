"""What is taken of guarantees over the real libraries: once, whole or in part, whoever is first and whatever answer is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import Session, select

from servicehub.domain.guarantee import GuaranteeStatus, HoldState
from servicehub.domain.order import OrderStatus
from servicehub.domain.payment import PaymentStatus, RefundStatus
from servicehub.errors import GatewayUnknown
from servicehub.jobs.recorder import Recorder
from servicehub.models.order import Order
from servicehub.services import capturing, ledger, orders, refunds
from servicehub.services.payments import OutcomeKind
from servicehub.workflows import guaranteeing
from servicehub.workflows import refunds as sending
from tests.gateway_sim.guarantee_shop import PRICE, Shop, captured, method, open_channels, shop

__all__ = ["method", "open_channels", "shop"]  # fixtures that these tests ask for


def test_less_is_taken_and_the_rest_is_free(shop: Shop, recorder: Recorder) -> None:
    number = shop.hold()
    shop.finish(due_fen=6_000)
    captured(shop, recorder)

    assert (shop.status(), shop.cash(), shop.is_proven()) == (OrderStatus.AWAITING_CONFIRM, 6_000, True)
    assert shop.document(number).get("rest", 0) == 0
    answer = shop.port.look(number)
    assert (answer.state, answer.amount_fen) == (HoldState.CAPTURED, 6_000)


def test_more_is_due_than_was_guaranteed(shop: Shop, recorder: Recorder) -> None:
    shop.hold()
    shop.finish(due_fen=PRICE + 2_000)
    captured(shop, recorder)

    assert (shop.status(), shop.cash()) == (OrderStatus.AWAITING_BALANCE, PRICE)

    def rest(session: Session) -> None:
        world = replace(shop.world, session=session, now=shop.clock.now)
        world.pay(world.order(shop.no))

    shop.database.write_now(rest)
    assert (shop.status(), shop.is_proven()) == (OrderStatus.AWAITING_CONFIRM, True)


def test_the_answer_to_a_capture_is_lost(shop: Shop, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.hold()
    shop.finish()
    shop.sim.platform.faults.lose_answers = 1
    captured(shop, recorder)
    assert (shop.cash(), shop.guarantees()[0].status) == (0, GuaranteeStatus.CAPTURING)

    captured(shop, recorder, tries=2)

    assert (shop.status(), shop.cash(), shop.is_proven()) == (OrderStatus.AWAITING_CONFIRM, PRICE, True)


def test_a_capture_that_fails_leaves_the_balance_to_the_customer(shop: Shop, recorder: Recorder) -> None:
    number = shop.hold()
    shop.act("refuse", number)  # the authorisation has run out
    shop.finish()
    captured(shop, recorder)

    assert (shop.status(), shop.guarantees()[0].status) == (OrderStatus.AWAITING_BALANCE, GuaranteeStatus.FAILED)
    assert shop.payments()[0].status is PaymentStatus.CLOSED

    def balance(session: Session) -> None:
        world = replace(shop.world, session=session, now=shop.clock.now)
        world.pay(world.order(shop.no))

    shop.database.write_now(balance)
    assert (shop.status(), shop.is_proven()) == (OrderStatus.AWAITING_CONFIRM, True)


def test_cancelled_for_nothing_is_released(shop: Shop, recorder: Recorder) -> None:
    number = shop.hold()
    shop.database.write_now(
        orders.cancel, shop.customer, shop.no, reason="", expected_refund_fen=PRICE, now=shop.clock.now
    )
    shop.sim.platform.faults.errors = 1
    with pytest.raises(GatewayUnknown):
        guaranteeing.release(shop.database, recorder.named("guarantee_release")[0])
    guaranteeing.release(shop.database, recorder.named("guarantee_release")[0])

    assert (shop.status(), shop.guarantees()[0].status) == (OrderStatus.CANCELLED, GuaranteeStatus.RELEASED)
    assert shop.port.look(number).state is HoldState.CLOSED
    assert (shop.payments(), shop.refunds()) == ([], [])


def test_a_cancellation_fee_is_taken_and_shared(shop: Shop, recorder: Recorder) -> None:
    shop.hold()
    shop.on_the_way()
    terms = shop.database.write_now(
        orders.cancel, shop.customer, shop.no, reason="", expected_refund_fen=0, now=shop.clock.now
    )
    assert 0 < terms.fee_fen < PRICE
    captured(shop, recorder)

    assert (shop.status(), shop.cash(), shop.is_proven()) == (OrderStatus.CANCELLED, terms.fee_fen, True)
    assert [one.status for one in shop.payments()] == [PaymentStatus.KEPT]
    order_id = shop.guarantees()[0].order_id
    assert shop.database.read_now(lambda s: ledger.balance(s, ledger.escrow(order_id))) == 0


def test_paid_by_the_customer_while_it_is_taken_keeps_one(shop: Shop, recorder: Recorder) -> None:
    shop.hold()
    shop.finish()

    def pays(session: Session) -> None:
        world = replace(shop.world, session=session, now=shop.clock.now)
        world.pay(world.order(shop.no))

    captured_by = recorder.named("guarantee_capture")[-1]
    channel = shop.port
    begun = shop.database.write_now(capturing.begin, captured_by["no"])
    assert begun is not None
    answer = channel.capture(begun[1])  # the channel has taken it, and our answer is still on its way
    shop.database.write_now(pays)
    assert shop.status() is OrderStatus.AWAITING_CONFIRM
    assert answer.state is HoldState.CAPTURED

    guaranteeing.release(shop.database, recorder.named("guarantee_release")[-1])

    assert sorted(one.status for one in shop.payments()) == [PaymentStatus.EXTRA, PaymentStatus.KEPT]
    for _ in range(2):
        sending.send(shop.database, recorder.named("refund")[-1])
    assert [one.status for one in shop.refunds()] == [RefundStatus.SUCCEEDED]
    assert (shop.cash(), shop.is_proven()) == (0, True)


def test_paid_by_the_customer_first_nothing_is_taken(shop: Shop, recorder: Recorder) -> None:
    number = shop.hold()
    shop.finish()

    def pays(session: Session) -> None:
        world = replace(shop.world, session=session, now=shop.clock.now)
        world.pay(world.order(shop.no))

    shop.database.write_now(pays)
    captured(shop, recorder)  # does nothing any more
    guaranteeing.release(shop.database, recorder.named("guarantee_release")[-1])

    assert shop.guarantees()[0].status is GuaranteeStatus.RELEASED
    assert shop.port.look(number).state is HoldState.CLOSED
    assert (shop.cash(), shop.is_proven()) == (0, True)


def test_what_was_taken_can_be_returned(shop: Shop, recorder: Recorder) -> None:
    shop.hold()
    shop.finish()
    captured(shop, recorder)

    def back(session: Session) -> None:
        order = session.exec(select(Order).where(Order.no == shop.no)).one()
        refunds.request(session, order, 3_000, "goodwill", now=shop.clock.now)

    shop.database.write_now(back)
    for _ in range(2):
        sending.send(shop.database, recorder.named("refund")[-1])

    assert [one.status for one in shop.refunds()] == [RefundStatus.SUCCEEDED]
    assert (shop.cash(), shop.is_proven()) == (PRICE - 3_000, True)


@pytest.mark.parametrize("method", ["wechat"])
def test_wechat_collects_later_and_stops_when_told(shop: Shop, recorder: Recorder) -> None:
    """The customer's account is empty at first; WeChat goes on, until he has paid otherwise."""
    number = shop.hold()
    shop.finish()
    shop.sim.wechat.collects = False
    captured(shop, recorder, tries=2)
    assert (shop.guarantees()[0].status, shop.cash()) == (GuaranteeStatus.CAPTURING, 0)

    assert shop.act("collect", number)
    assert shop.hear() == [OutcomeKind.PAID]
    assert (shop.status(), shop.cash(), shop.is_proven()) == (OrderStatus.AWAITING_CONFIRM, PRICE, True)


@pytest.mark.parametrize("method", ["wechat"])
def test_wechat_stops_collecting_what_was_paid_otherwise(shop: Shop, recorder: Recorder) -> None:
    number = shop.hold()
    shop.finish()
    shop.sim.wechat.collects = False
    captured(shop, recorder)

    def pays(session: Session) -> None:
        world = replace(shop.world, session=session, now=shop.clock.now)
        world.pay(world.order(shop.no))

    shop.database.write_now(pays)
    guaranteeing.release(shop.database, recorder.named("guarantee_release")[-1])

    assert shop.guarantees()[0].status is GuaranteeStatus.RELEASED
    assert not shop.act("collect", number)
