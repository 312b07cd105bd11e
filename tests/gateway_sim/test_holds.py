"""Amounts authorised on cards: what Stripe's manual capture does. What every guarantee does: `test_guarantees`, `test_captures`."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from servicehub.adapters import gateway as channels
from servicehub.adapters.stripe_hold import StripeHold
from servicehub.adapters.stripe_pay import StripeGateway
from servicehub.domain.channel import CloseResult, PayState, RefundRequest, RefundState
from servicehub.domain.guarantee import CaptureRequest, GuaranteeStatus, HoldState
from servicehub.domain.order import OrderStatus
from servicehub.domain.payment import PaymentStatus
from servicehub.gateway_sim.stripe import AUTHORISED_FOR
from servicehub.gateway_sim.stripe_wire import KEPT
from servicehub.jobs.recorder import Recorder
from servicehub.queries.customer.payments import pay_item
from servicehub.services.payments import OutcomeKind
from servicehub.settings import Settings
from servicehub.workflows import checkout, guaranteeing
from tests.gateway_sim.guarantee_shop import PRICE, Shop, captured, open_channels, shop
from tests.gateway_sim.test_stripe import asked_of, signed

__all__ = ["open_channels", "shop"]  # fixtures that these tests ask for


@pytest.fixture
def method() -> str:
    return "card"


@pytest.fixture
def port(shop: Shop) -> StripeHold:
    found = shop.port
    assert isinstance(found, StripeHold)
    return found


def intent_of(shop: Shop, number: str) -> dict[str, Any]:
    found = shop.sim.platform.get("stripe-intent", shop.document(number)["payment_intent"])
    assert found is not None
    return found


def capture_of(shop: Shop, number: str, fen: int, tries: int = 1) -> CaptureRequest:
    return CaptureRequest(number, fen, "x", shop.clock.now, tries)


def last_event(shop: Shop) -> str:
    raw, _headers = shop.sim.platform.held[-1][1]()
    return str(json.loads(raw)["type"])


def pays(shop: Shop) -> None:
    def paid(session: Session) -> None:
        world = replace(shop.world, session=session, now=shop.clock.now)
        world.pay(world.order(shop.no))

    shop.database.write_now(paid)


# --- run out --------------------------------------------------------------------------------------------------------------------


def test_an_authorisation_that_ran_out_is_heard_of_and_the_customer_pays_as_usual(
    shop: Shop, recorder: Recorder
) -> None:
    number = shop.hold()
    assert shop.act("refuse", number)
    assert last_event(shop) == "payment_intent.canceled"

    assert [shop.hear() for _ in range(2)] == [[OutcomeKind.LAPSED], [OutcomeKind.DUPLICATE]]
    assert shop.guarantees()[0].status is GuaranteeStatus.FAILED
    shop.finish()

    assert (shop.status(), shop.payments()) == (OrderStatus.AWAITING_BALANCE, [])
    assert recorder.named("guarantee_capture") == []
    pays(shop)
    assert (shop.status(), shop.is_proven()) == (OrderStatus.AWAITING_CONFIRM, True)


def test_a_week_later_the_platform_takes_it_back_by_itself(shop: Shop, recorder: Recorder) -> None:
    """Nobody tells: the capture finds out."""
    shop.hold()
    shop.finish()
    while (
        shop.clock.now.timestamp()
        < intent_of(shop, shop.guarantees()[0].no)["created"] + AUTHORISED_FOR.total_seconds()
    ):
        shop.clock.advance(hours=12)
    captured(shop, recorder)

    assert (shop.status(), shop.guarantees()[0].status) == (OrderStatus.AWAITING_BALANCE, GuaranteeStatus.FAILED)
    assert [one.status for one in shop.payments()] == [PaymentStatus.CLOSED]
    assert last_event(shop) == "payment_intent.canceled"
    assert shop.hear() == [OutcomeKind.IGNORED]
    pays(shop)
    assert (shop.status(), shop.cash(), shop.is_proven()) == (OrderStatus.AWAITING_CONFIRM, 0, True)


def test_what_we_have_cancelled_has_not_run_out(shop: Shop, port: StripeHold) -> None:
    number = shop.hold()

    assert [port.release(number).state for _ in range(2)] == [HoldState.CLOSED] * 2

    assert last_event(shop) == "payment_intent.canceled"
    assert shop.hear() == []
    assert shop.guarantees()[0].status is GuaranteeStatus.HELD  # nobody has decided to release it here


def test_the_news_come_the_other_way_round(shop: Shop, recorder: Recorder) -> None:
    """It has run out before anybody heard that it was held: nothing is left to be released."""
    number = shop.open()
    shop.act("confirm", number)
    shop.act("refuse", number)

    assert shop.hear(at=-1) == [OutcomeKind.LAPSED]
    assert shop.hear(at=-2) == [OutcomeKind.DUPLICATE]
    guaranteeing.release(shop.database, recorder.named("guarantee_release")[-1])

    assert (shop.status(), shop.guarantees()[0].status) == (OrderStatus.PENDING_PAYMENT, GuaranteeStatus.RELEASED)


# --- nothing is taken before the visit -------------------------------------------------------------------------------------------


def test_an_account_that_takes_payments_by_hand_leaves_a_guarantee_alone(
    shop: Shop, accounts: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert accounts.stripe is not None
    by_hand = accounts.model_copy(update={"stripe": accounts.stripe.model_copy(update={"manual_capture": True})})
    monkeypatch.setattr(channels, "get_settings", lambda: by_hand)
    channels.forget()

    number = shop.hold()

    assert channels.gateway("stripe").query(number).state is PayState.WAITING
    assert intent_of(shop, number)["status"] == "requires_capture"


def test_asking_about_a_payment_that_is_being_taken_takes_nothing(shop: Shop, recorder: Recorder) -> None:
    """The customer looks at how his payment ended while less than the guarantee is due: the rest stays his."""
    number = shop.hold()
    shop.finish(due_fen=6_000)

    for payment in shop.payments():
        checkout._look(shop.database, payment)
    assert intent_of(shop, number)["amount_received"] == 0

    captured(shop, recorder)
    assert (intent_of(shop, number)["amount_received"], shop.cash()) == (6_000, 6_000)


@pytest.mark.parametrize("changes", [{"status": "succeeded"}, {"amount_capturable": PRICE - 1}])
def test_what_is_not_held_whole_is_no_guarantee(shop: Shop, port: StripeHold, changes: dict[str, Any]) -> None:
    shop.act("confirm", shop.open())
    event = json.loads(shop.sim.platform.held[-1][1]()[0])
    event["data"]["object"] |= changes
    raw, headers = signed(shop.sim, event, at=shop.clock.now)

    assert port.parse_hold(headers, raw, now=shop.clock.now) == []


def test_the_page_asks_for_a_card_again(shop: Shop) -> None:
    shop.open()
    shop.act("refuse", shop.guarantees()[0].no)
    guaranteeing.query(shop.database, {"no": shop.guarantees()[0].no, "step": 0})

    item = shop.database.read_now(pay_item, shop.customer, shop.no, locale="en", now=shop.clock.now)

    assert (item.secures, item.guarantee, item.amount) == (True, "card", "100")


# --- taken once ------------------------------------------------------------------------------------------------------------------


def test_a_part_is_taken_and_only_that_can_be_returned(shop: Shop, port: StripeHold, recorder: Recorder) -> None:
    number = shop.hold()
    shop.finish(due_fen=6_000)
    captured(shop, recorder)
    (payment,) = shop.payments()

    assert (payment.method, payment.channel, payment.amount_fen) == ("card", "stripe", 6_000)
    gateway = channels.gateway("stripe")
    known = gateway.query(number)
    assert (known.state, known.amount_fen, known.channel_no) == (PayState.PAID, 6_000, payment.channel_no)
    too_much = RefundRequest(f"R{number}", number, "stripe", 6_001, 6_000, 1)
    assert gateway.refund(too_much) is RefundState.FAILED
    assert gateway.refund(replace(too_much, no=f"S{number}", amount_fen=6_000)) is RefundState.SUCCEEDED


def test_a_capture_is_one_also_after_stripe_has_forgotten_its_key(shop: Shop, port: StripeHold) -> None:
    number = shop.hold()
    first = port.capture(capture_of(shop, number, 6_000))
    shop.clock.advance(hours=KEPT / timedelta(hours=1) + 1)

    again = port.capture(capture_of(shop, number, 6_000, tries=9))

    assert first == again
    assert (again.state, again.amount_fen) == (HoldState.CAPTURED, 6_000)


def test_what_was_taken_is_not_released(shop: Shop, port: StripeHold) -> None:
    number = shop.hold()
    port.capture(capture_of(shop, number, PRICE))

    assert port.release(number).state is HoldState.CAPTURED
    assert port.settled_otherwise(number, shop.clock.now).state is HoldState.CAPTURED


def test_a_card_that_is_refused_when_it_is_taken_secures_nothing(shop: Shop, port: StripeHold) -> None:
    number = shop.hold()
    known = intent_of(shop, number)
    shop.sim.platform.put("stripe-intent", known["id"], known | {"status": "requires_payment_method"})

    assert port.look(number).state is HoldState.CLOSED
    assert port.capture(capture_of(shop, number, PRICE)).state is HoldState.CLOSED


def test_closed_before_it_was_opened_stays_closed(shop: Shop, port: StripeHold) -> None:
    assert port.release("Gnever").state is HoldState.CLOSED
    gateway = channels.gateway("stripe")
    assert isinstance(gateway, StripeGateway)
    assert gateway.close("Gnever") is CloseResult.CLOSED
    assert port.look("Gnever").state is HoldState.CLOSED


def test_the_platform_takes_within_what_is_authorised_only(shop: Shop) -> None:
    number = shop.hold()
    path = f"/v1/payment_intents/{intent_of(shop, number)['id']}/capture"

    for fen in (0, PRICE + 1):
        answer = asked_of(shop.sim, "POST", path, f"amount_to_capture={fen}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "amount_too_large")

    assert intent_of(shop, number)["amount_capturable"] == PRICE
