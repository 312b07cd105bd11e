"""Stripe over its own library against the simulated platform: every call, every refusal, and every way to be lied to."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import stripe as library

from servicehub import clock
from servicehub.adapters import gateway as channels
from servicehub.adapters.stripe_names import PAYMENT
from servicehub.adapters.stripe_pay import FRESH, StripeGateway
from servicehub.domain.channel import CloseResult, PayRequest, PayState, RefundState
from servicehub.errors import GatewayUnknown, NotAllowed, NotFound
from servicehub.gateway_sim.serving import Running
from servicehub.gateway_sim.stripe_wire import KEPT, nested
from servicehub.settings import Settings
from tests.gateway_sim.test_gateways import (
    FEN,
    last_message,
    now,
    opened,
    paid,
    pay,
    payment,
    refund_of,
    visit,
)


def on_the_loop(sim: Running, call: Callable[[], Any]) -> Any:
    """What the platform does by itself: it sends messages, which needs its loop."""

    async def made() -> Any:
        return call()

    return asyncio.run_coroutine_threadsafe(made(), sim.loop).result(60)


def changed(accounts: Settings, **changes: Any) -> StripeGateway:
    """The gateway of an account that differs in something."""
    assert accounts.stripe is not None
    return StripeGateway(accounts.stripe.model_copy(update=changes), base_url=accounts.base_url)


@pytest.fixture
def manual(accounts: Settings) -> StripeGateway:
    return changed(accounts, manual_capture=True)


def intent_of(sim: Running, no: str) -> dict[str, Any]:
    bill = sim.stripe.bill(no)
    assert bill is not None
    found = sim.platform.get("stripe-intent", bill["payment_intent"])
    assert found is not None
    return found


def asked_of(sim: Running, method: str, path: str, form: str = "", **headers: str) -> httpx.Response:
    """A request without the library."""
    key = sim.platform.keys.facts["stripe_secret_key"]
    given = {"authorization": f"Bearer {key}", "content-type": "application/x-www-form-urlencoded"} | headers
    return httpx.request(method, f"{sim.address}{path}", content=form, headers=given, trust_env=False)


def signed(sim: Running, event: dict[str, Any], *, at: datetime | None = None) -> tuple[bytes, dict[str, str]]:
    """An event as the platform would send it (now, if not `at`)."""
    body, stamp = json.dumps(event), int((at or now()).timestamp())
    secret = sim.platform.keys.facts["stripe_webhook_secret"]
    sign = hmac.new(secret.encode(), f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
    return body.encode(), {"Stripe-Signature": f"t={stamp},v1={sign}"}


def told(sim: Running, **changes: Any) -> tuple[bytes, dict[str, str]]:
    """The last message with other facts about its object, well signed."""
    event = json.loads(last_message(sim)[0])
    event["data"]["object"] |= changes
    return signed(sim, event)


# --- paying -----------------------------------------------------------------------------------------------------------


def test_a_customer_pays_on_the_page_and_is_sent_back(sim: Running, stripe: StripeGateway) -> None:
    request = payment(stripe)
    sim.platform.faults.hold = True

    page = visit(stripe.open(request).url)
    assert "¥128.50" in page.text
    answer = httpx.post(str(page.url), data={"do": "pay"}, trust_env=False)

    assert answer.status_code == 303
    assert answer.headers["location"] == "http://127.0.0.1:9/pay/result/?o=2611270001"
    known = stripe.query(request.no)
    assert (known.state, known.amount_fen) == (PayState.PAID, FEN)
    assert known.channel_no.startswith("pi_")
    assert httpx.get(str(page.url), trust_env=False).text.count("<button") == 0


def test_leaving_the_page_leaves_the_payment_open(sim: Running, stripe: StripeGateway) -> None:
    request = payment(stripe)
    page = visit(stripe.open(request).url)

    answer = httpx.post(str(page.url), data={"do": "leave"}, trust_env=False)

    assert answer.headers["location"] == "http://127.0.0.1:9/pay/result/?o=2611270001"
    assert stripe.query(request.no).state is PayState.WAITING


def test_a_declined_card_and_then_a_good_one(sim: Running, stripe: StripeGateway) -> None:
    sim.platform.faults.hold = True
    request = payment(stripe)
    page = visit(stripe.open(request).url)

    declined = httpx.post(str(page.url), data={"do": "fail"}, follow_redirects=True, trust_env=False)
    assert 'role="alert"' in declined.text
    assert stripe.query(request.no).state is PayState.WAITING
    raw, headers = last_message(sim)
    assert json.loads(raw)["type"] == "payment_intent.payment_failed"
    assert stripe.parse_notify(headers, raw, now=now()) == []

    httpx.post(str(page.url), data={"do": "pay"}, trust_env=False)
    assert stripe.query(request.no).state is PayState.PAID


def test_the_control_plane_pays(sim: Running, stripe: StripeGateway) -> None:
    sim.platform.faults.hold = True
    request = opened(stripe)

    first, second = (httpx.post(f"{sim.address}/control/pay/stripe/{request.no}", trust_env=False) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 409)


def test_what_waits_and_what_nobody_heard_of(stripe: StripeGateway) -> None:
    assert stripe.query(opened(stripe).no).state is PayState.WAITING
    assert stripe.query("P-nobody-heard-of").state is PayState.NOT_FOUND


def test_opening_again_is_the_same_page_also_in_another_language(sim: Running, stripe: StripeGateway) -> None:
    request = payment(stripe)

    urls = {stripe.open(one).url for one in (request, request, replace(request, title="Cleaning", return_path="/en/"))}

    assert len(urls) == 1


def test_a_number_stands_for_one_amount(stripe: StripeGateway) -> None:
    request = opened(stripe)

    with pytest.raises(GatewayUnknown):
        stripe.open(replace(request, amount_fen=1))


def test_no_page_is_shown_before_it_can_be_found(
    sim: Running, stripe: StripeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer about the entry for our number is lost: the customer gets no address, and the next try finds the same page."""
    request = payment(stripe)
    session = stripe._session_for(request)

    with monkeypatch.context() as only_here:
        only_here.setattr(stripe, "_session_for", lambda _request: session)
        sim.platform.faults.lose_answers = 1
        with pytest.raises(GatewayUnknown):
            stripe.open(request)

    assert stripe.open(request).url == session["url"]
    assert stripe.query(request.no).state is PayState.WAITING


def test_a_page_that_lost_its_entry_cannot_be_found(stripe: StripeGateway) -> None:
    request = payment(stripe)
    stripe._session_for(request)

    assert stripe.query(request.no).state is PayState.NOT_FOUND


def test_a_page_lives_half_an_hour_longer_than_the_hold(sim: Running, stripe: StripeGateway) -> None:
    last_second = payment(stripe, expires_at=now() + timedelta(seconds=1))
    longest = payment(stripe, expires_at=now() + timedelta(hours=2))

    for request in (last_second, longest):
        bill = sim.stripe.bill(opened_again(stripe, request))
        assert bill is not None
        assert bill["expires_at"] == int((request.expires_at + timedelta(minutes=31)).timestamp())


def opened_again(channel: StripeGateway, request: PayRequest) -> str:
    assert channel.open(request).url
    return request.no


def test_a_page_ends_by_itself(sim: Running, stripe: StripeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    request = opened(stripe)
    later = now() + timedelta(hours=1)
    monkeypatch.setattr(clock, "now", lambda: later)

    assert not pay(sim, stripe, request.no)
    assert stripe.query(request.no).state is PayState.CLOSED


# --- closing ----------------------------------------------------------------------------------------------------------


def test_a_closed_payment_cannot_be_made(sim: Running, stripe: StripeGateway) -> None:
    request = opened(stripe)

    assert [stripe.close(request.no) for _ in range(2)] == [CloseResult.CLOSED] * 2
    assert stripe.query(request.no).state is PayState.CLOSED
    assert not pay(sim, stripe, request.no)
    with pytest.raises(
        GatewayUnknown
    ):  # with another title the page would be asked for, and it has no address any more
        stripe.open(replace(request, title="Cleaning"))


def test_what_was_closed_before_it_was_opened_stays_closed(stripe: StripeGateway) -> None:
    request = payment(stripe)

    assert stripe.close(request.no) is CloseResult.CLOSED
    with pytest.raises(GatewayUnknown):
        stripe.open(request)
    assert stripe.query(request.no).state is PayState.CLOSED


def test_closing_while_it_is_being_opened(stripe: StripeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is made, then `close` runs to its end, then `open` goes on: no address leaves."""
    request, make = payment(stripe), stripe._session_for

    def interrupted(asked: PayRequest) -> dict[str, Any]:
        session = make(asked)
        assert stripe.close(asked.no) is CloseResult.CLOSED
        return session

    monkeypatch.setattr(stripe, "_session_for", interrupted)
    with pytest.raises(GatewayUnknown):
        stripe.open(request)


def test_a_payment_that_was_made_cannot_be_closed(sim: Running, stripe: StripeGateway) -> None:
    assert stripe.close(paid(sim, stripe).no) is CloseResult.ALREADY_PAID


def test_a_declined_payment_is_closed(sim: Running, stripe: StripeGateway) -> None:
    sim.platform.faults.hold = True
    request = opened(stripe)
    assert on_the_loop(sim, lambda: sim.stripe.fail(request.no))

    assert stripe.close(request.no) is CloseResult.CLOSED
    assert stripe.query(request.no).state is PayState.CLOSED
    intent = intent_of(sim, request.no)
    sim.platform.put("stripe-intent", intent["id"], intent | {"status": "requires_payment_method"})  # released later
    assert stripe.query(request.no).state is PayState.CLOSED


# --- messages ---------------------------------------------------------------------------------------------------------


def test_the_message_about_a_payment_and_its_double(sim: Running, stripe: StripeGateway) -> None:
    request = paid(sim, stripe)
    reports = []
    for raw, headers in (last_message(sim), last_message(sim)):
        reports += stripe.parse_notify(headers, raw, now=now())

    first, twin = reports
    assert (first.kind, first.channel, first.no, first.amount_fen) == ("payment", "stripe", request.no, FEN)
    assert first.channel_no == stripe.query(request.no).channel_no
    assert first.event_id == twin.event_id
    assert first.event_id.startswith("evt_")


def test_messages_go_to_the_shop_and_are_repeated(sim: Running, stripe: StripeGateway) -> None:
    paid(sim, stripe)

    ((url, _message),) = sim.platform.held

    assert url == "http://127.0.0.1:9/api/payments/notify/stripe"


def spoiled_body(raw: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return raw.replace(b"12850", b"12851"), headers


def no_signature(raw: bytes, _headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return raw, {}


def other_scheme(raw: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return raw, {"Stripe-Signature": headers["Stripe-Signature"].replace("v1=", "v2=")}


def no_bytes_of_text(_raw: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return b"\xff\xfe{}", headers


def huge(raw: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return raw + b" " * 70_000, headers


def younger(raw: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    """An old message with a new time on it."""
    rest = headers["Stripe-Signature"].partition(",")[2]
    return raw, {"Stripe-Signature": f"t={int(now().timestamp()) + 1},{rest}"}


@pytest.mark.parametrize("spoil", [spoiled_body, no_signature, other_scheme, no_bytes_of_text, huge, younger])
def test_a_spoiled_message_is_refused(
    sim: Running, stripe: StripeGateway, spoil: Callable[..., tuple[bytes, dict[str, str]]]
) -> None:
    paid(sim, stripe)
    raw, headers = spoil(*last_message(sim))

    with pytest.raises(NotAllowed):
        stripe.parse_notify(headers, raw, now=now())


@pytest.mark.parametrize("event", [[], {}, {"type": "x", "id": "evt_1", "livemode": False}, "text"])
def test_a_well_signed_message_that_is_no_event_is_refused(sim: Running, stripe: StripeGateway, event: Any) -> None:
    raw, headers = signed(sim, event)

    with pytest.raises(NotAllowed, match="malformed"):
        stripe.parse_notify(headers, raw, now=now())


def test_a_forged_message_is_refused(sim: Running, stripe: StripeGateway) -> None:
    paid(sim, stripe)
    sim.platform.faults.forge = True
    raw, headers = last_message(sim)

    with pytest.raises(NotAllowed, match="signature"):
        stripe.parse_notify(headers, raw, now=now())


def test_age_is_measured_by_the_clock_that_is_passed_in(sim: Running, stripe: StripeGateway) -> None:
    paid(sim, stripe)
    raw, headers = last_message(sim)

    for when in now() + FRESH + timedelta(seconds=10), now() - FRESH - timedelta(seconds=10):
        with pytest.raises(NotAllowed, match="stale"):
            stripe.parse_notify(headers, raw, now=when)
    assert stripe.parse_notify(headers, raw, now=now() + FRESH - timedelta(seconds=10))


def test_a_message_of_the_other_mode_is_refused(sim: Running, accounts: Settings, stripe: StripeGateway) -> None:
    """A test card must never pay for a real order."""
    paid(sim, stripe)
    raw, headers = last_message(sim)

    with pytest.raises(NotAllowed, match="mode"):
        changed(accounts, live=True).parse_notify(headers, raw, now=now())


@pytest.mark.parametrize("changes", [{"metadata": {}}, {"metadata": None}, {"currency": "usd"}])
def test_a_true_message_about_something_else_names_nothing_of_ours(
    sim: Running, stripe: StripeGateway, changes: dict[str, Any]
) -> None:
    paid(sim, stripe)
    raw, headers = told(sim, **changes)

    (report,) = stripe.parse_notify(headers, raw, now=now())

    assert (report.kind, report.no, report.amount_fen) == ("payment", "", FEN)


def test_other_news_are_taken_note_of_by_nobody(sim: Running, stripe: StripeGateway) -> None:
    paid(sim, stripe)
    event = json.loads(last_message(sim)[0]) | {"type": "checkout.session.completed"}
    raw, headers = signed(sim, event)

    assert stripe.parse_notify(headers, raw, now=now()) == []


# --- refunds ----------------------------------------------------------------------------------------------------------


def test_refunds_in_parts_never_exceed_the_payment(sim: Running, stripe: StripeGateway) -> None:
    request = paid(sim, stripe)
    first, second = refund_of(request, 5_000), refund_of(request, FEN - 5_000)

    assert stripe.query_refund(first) is RefundState.NOT_FOUND
    assert stripe.refund(first) is RefundState.SUCCEEDED
    assert stripe.query_refund(first) is RefundState.SUCCEEDED
    assert stripe.refund(refund_of(request, FEN)) is RefundState.FAILED
    assert stripe.refund(second) is RefundState.SUCCEEDED
    assert stripe.refund(refund_of(request, 1)) is RefundState.FAILED
    assert stripe.query(request.no).state is PayState.PAID


def test_the_same_refund_is_one_also_after_stripe_has_forgotten_its_key(
    sim: Running, stripe: StripeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = paid(sim, stripe)
    refund = refund_of(request, 5_000)
    assert [stripe.refund(refund) for _ in range(2)] == [RefundState.SUCCEEDED] * 2
    later = now() + KEPT + timedelta(days=6)
    monkeypatch.setattr(clock, "now", lambda: later)

    assert stripe.refund(replace(refund, tries=9)) is RefundState.SUCCEEDED
    assert sim.stripe._refunded(intent_of(sim, request.no)["id"]) == 5_000


def test_a_refund_of_what_nobody_paid_fails(sim: Running, stripe: StripeGateway) -> None:
    sim.platform.faults.hold = True
    declined = opened(stripe)
    on_the_loop(sim, lambda: sim.stripe.fail(declined.no))

    for request in (payment(stripe), opened(stripe), declined):
        assert stripe.refund(refund_of(request, 100)) is RefundState.FAILED


def test_a_refund_whose_answer_was_lost_is_found_by_asking(
    sim: Running, stripe: StripeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = paid(sim, stripe)
    refund = refund_of(request, 5_000)
    sim.platform.faults.lose_answers = 1

    assert stripe.refund(refund) is RefundState.UNKNOWN
    assert stripe.query_refund(refund) is RefundState.SUCCEEDED
    assert stripe.refund(refund) is RefundState.SUCCEEDED
    assert stripe.refund(refund_of(request, FEN - 5_000)) is RefundState.SUCCEEDED


def test_a_refund_is_found_on_a_later_page_of_the_list(sim: Running, stripe: StripeGateway) -> None:
    request = paid(sim, stripe)
    first = refund_of(request, 100)
    stripe.refund(first)
    one = next(iter(sim.platform.every("stripe-refund")))
    for i in range(150):
        more = {"id": f"re_{i:03}", "created": one["created"] + 1 + i, "metadata": {}, "status": "failed"}
        sim.platform.put("stripe-refund", more["id"], one | more | {"payment_intent": intent_of(sim, request.no)["id"]})

    assert stripe.query_refund(first) is RefundState.SUCCEEDED


def test_a_refund_under_our_number_of_another_amount_is_unknown(sim: Running, stripe: StripeGateway) -> None:
    request = paid(sim, stripe)
    refund = refund_of(request, 5_000)
    stripe.refund(refund)

    assert stripe.query_refund(replace(refund, amount_fen=4_000)) is RefundState.UNKNOWN


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("succeeded", RefundState.SUCCEEDED),
        ("failed", RefundState.FAILED),
        ("canceled", RefundState.FAILED),
    ],
)
def test_a_refund_that_ends_later(sim: Running, stripe: StripeGateway, status: str, state: RefundState) -> None:
    request = paid(sim, stripe)
    refund = refund_of(request, 5_000)
    sim.stripe.refunds_pend = True

    assert stripe.refund(refund) is RefundState.PROCESSING
    raw, headers = last_message(sim)
    assert stripe.parse_notify(headers, raw, now=now()) == []  # it goes on
    made = json.loads(raw)["data"]["object"]["id"]
    on_the_loop(sim, lambda: sim.stripe.settle(made, status))

    assert stripe.query_refund(refund) is state
    raw, headers = last_message(sim)
    (report,) = stripe.parse_notify(headers, raw, now=now())
    assert (report.kind, report.no, report.amount_fen, report.refund_state) == ("refund", refund.no, 5_000, state)


def test_a_refund_that_somebody_made_by_hand_is_foreign(sim: Running, stripe: StripeGateway) -> None:
    request = paid(sim, stripe)
    answer = asked_of(sim, "POST", "/v1/refunds", f"payment_intent={intent_of(sim, request.no)['id']}&amount=100")
    assert answer.json()["status"] == "succeeded"

    raw, headers = last_message(sim)
    (report,) = stripe.parse_notify(headers, raw, now=now())

    assert (report.kind, report.no) == ("refund", "")


# --- taking later -----------------------------------------------------------------------------------------------------


def test_what_is_authorised_is_taken_when_it_is_heard_of(sim: Running, manual: StripeGateway) -> None:
    request = paid(sim, manual)
    assert intent_of(sim, request.no)["status"] == "requires_capture"
    raw, headers = last_message(sim)

    (report,) = manual.parse_notify(headers, raw, now=now())

    assert (report.kind, report.no, report.amount_fen) == ("payment", request.no, FEN)
    assert intent_of(sim, request.no)["amount_received"] == FEN
    (again,) = manual.parse_notify(headers, raw, now=now())
    assert again == report


def test_what_is_authorised_is_taken_when_it_is_asked_for(sim: Running, manual: StripeGateway) -> None:
    request = paid(sim, manual)

    known = [manual.query(request.no) for _ in range(2)]

    assert [(one.state, one.amount_fen) for one in known] == [(PayState.PAID, FEN)] * 2
    assert manual.refund(refund_of(request, FEN)) is RefundState.SUCCEEDED


def test_what_was_not_taken_is_not_paid(sim: Running, manual: StripeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    request = paid(sim, manual)
    raw, headers = last_message(sim)
    sim.platform.faults.errors = 2

    with pytest.raises(GatewayUnknown):  # Stripe will say it again
        manual.parse_notify(headers, raw, now=now())
    assert intent_of(sim, request.no)["status"] == "requires_capture"

    sim.platform.faults.lose_answers = 1
    assert manual.query(request.no).state is PayState.PAID  # the capture's answer was lost, and then asked for


def test_what_is_authorised_is_released_when_it_is_closed(sim: Running, manual: StripeGateway) -> None:
    request = paid(sim, manual)
    raw, headers = last_message(sim)

    assert [manual.close(request.no) for _ in range(2)] == [CloseResult.CLOSED] * 2

    assert intent_of(sim, request.no)["status"] == "canceled"
    assert manual.parse_notify(headers, raw, now=now()) == []
    assert manual.query(request.no).state is PayState.CLOSED
    assert manual.refund(refund_of(request, 100)) is RefundState.FAILED


@pytest.mark.parametrize("changes", [{"metadata": {}}, {"currency": "usd"}])
def test_what_somebody_else_authorised_is_left_alone(
    sim: Running, manual: StripeGateway, changes: dict[str, Any]
) -> None:
    request = paid(sim, manual)
    raw, headers = told(sim, **changes)

    assert manual.parse_notify(headers, raw, now=now()) == []
    assert intent_of(sim, request.no)["status"] == "requires_capture"


# --- what goes wrong on the way -----------------------------------------------------------------------------------------


def test_an_error_of_the_platform_is_unknown_never_a_failure(sim: Running, stripe: StripeGateway) -> None:
    request = paid(sim, stripe)
    refund = refund_of(request, 5_000)

    def stumbling(call: Callable[[], Any], times: int = 1) -> Any:
        sim.platform.faults.errors = times
        return call()

    assert stumbling(lambda: stripe.query(request.no)).state is PayState.UNKNOWN
    assert stumbling(lambda: stripe.close(request.no)) is CloseResult.UNKNOWN
    assert stumbling(lambda: stripe.refund(refund)) is RefundState.UNKNOWN
    assert stumbling(lambda: stripe.query_refund(refund)) is RefundState.UNKNOWN
    assert stripe.query_refund(refund) is RefundState.NOT_FOUND
    with pytest.raises(GatewayUnknown):
        stumbling(lambda: stripe.open(payment(stripe)))


def test_nobody_listens(accounts: Settings) -> None:
    lost = changed(accounts, api="http://127.0.0.1:9")
    request = payment(lost)

    assert lost.query(request.no).state is PayState.UNKNOWN
    assert lost.close(request.no) is CloseResult.UNKNOWN
    assert lost.refund(refund_of(request, 1)) is RefundState.UNKNOWN
    assert lost.query_refund(refund_of(request, 1)) is RefundState.UNKNOWN
    with pytest.raises(GatewayUnknown):
        lost.open(request)


def test_another_key_is_refused_and_nothing_is_known(
    sim: Running, accounts: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = "sk_test_00000000000000000000"
    stranger = changed(accounts, secret_key=type(accounts.stripe.secret_key)(secret))  # type: ignore[union-attr]

    assert stranger.query("P1").state is PayState.UNKNOWN
    assert secret not in caplog.text


def test_an_answer_in_another_currency_or_mode_is_unknown(
    sim: Running, accounts: Settings, stripe: StripeGateway
) -> None:
    request = paid(sim, stripe)

    for other in (changed(accounts, currency="eur"), changed(accounts, live=True)):
        assert other.query(request.no).state is PayState.UNKNOWN
        assert other.close(request.no) is CloseResult.UNKNOWN
        assert other.refund(refund_of(request, 100)) is RefundState.UNKNOWN
        with pytest.raises(GatewayUnknown):
            other.open(request)


def test_an_intent_that_names_another_payment_is_unknown(sim: Running, stripe: StripeGateway) -> None:
    request = paid(sim, stripe)
    intent = intent_of(sim, request.no)
    sim.platform.put("stripe-intent", intent["id"], intent | {"metadata": {PAYMENT: "Pother"}})

    assert stripe.query(request.no).state is PayState.UNKNOWN


def test_other_currencies_are_shown_by_their_code(accounts: Settings, sim: Running) -> None:
    abroad = changed(accounts, currency="eur")

    assert "EUR 128.50" in visit(abroad.open(payment(abroad)).url).text


# --- what the platform refuses ------------------------------------------------------------------------------------------


def test_a_key_is_carried_out_once_and_refuses_other_parameters(sim: Running, stripe: StripeGateway) -> None:
    intent = intent_of(sim, paid(sim, stripe).no)["id"]
    form, key = f"payment_intent={intent}&amount=100", "same-key"

    first = asked_of(sim, "POST", "/v1/refunds", form, **{"idempotency-key": key})
    again = asked_of(sim, "POST", "/v1/refunds", form, **{"idempotency-key": key})
    other = asked_of(sim, "POST", "/v1/refunds", f"{form}0", **{"idempotency-key": key})

    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")
    assert sim.stripe._refunded(intent) == 100


def test_the_platform_knows_its_merchant_and_its_words(sim: Running) -> None:
    week = int((now() + timedelta(days=7)).timestamp())
    form = "mode=payment&success_url=http://a/&line_items[0][quantity]=1&line_items[0][price_data][unit_amount]=5"
    form += f"&line_items[0][price_data][currency]=cny&expires_at={week}"
    asked = [
        asked_of(sim, "GET", "/v1/products/P1", authorization="Bearer sk_test_wrong"),
        asked_of(sim, "GET", "/v1/products/Pnobody"),
        asked_of(sim, "POST", "/v1/checkout/sessions", form),
        asked_of(sim, "POST", "/v1/checkout/sessions", "payment_method_types[0]=card"),
        asked_of(sim, "POST", "/v1/checkout/sessions", "mode=payment"),
    ]

    assert [one.status_code for one in asked] == [401, 404, 400, 400, 400]
    assert [one.json()["error"].get("param") for one in asked[1:3]] == ["id", "expires_at"]
    assert asked[3].json()["error"]["code"] == "payment_method_types_no_longer_supported"


def test_forms_are_nested() -> None:
    assert nested("a[b][0][c]=1&a[b][1][c]=2&d=&e[x-y]=%E4%B8%AD") == {
        "a": {"b": {"0": {"c": "1"}, "1": {"c": "2"}}},
        "d": "",
        "e": {"x-y": "中"},
    }


def test_the_simulators_signature_is_the_librarys(sim: Running, stripe: StripeGateway) -> None:
    paid(sim, stripe)
    raw, headers = last_message(sim)

    assert library.WebhookSignature.verify_header(
        raw, headers["Stripe-Signature"], sim.platform.keys.facts["stripe_webhook_secret"]
    )


# --- which channel takes cards ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opened_channels", "methods"),
    [
        (["simulator"], {"wechat": "simulator", "alipay": "simulator"}),
        (["stripe", "simulator"], {"card": "stripe", "wechat": "simulator", "alipay": "simulator"}),
        (["wechat", "stripe"], {"wechat": "wechat", "card": "stripe"}),
    ],
)
def test_cards_are_taken_by_stripe_alone(
    accounts: Settings, monkeypatch: pytest.MonkeyPatch, opened_channels: list[str], methods: dict[str, str]
) -> None:
    chosen = accounts.model_copy(update={"payment_channels": opened_channels})
    monkeypatch.setattr(channels, "get_settings", lambda: chosen)

    assert channels.methods() == methods
    assert list(channels.methods()) == list(methods)


def test_a_channel_that_is_not_set_up(accounts: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "get_settings", lambda: accounts.model_copy(update={"stripe": None}))
    channels.forget()

    with pytest.raises(NotFound):
        channels.gateway("stripe")
    channels.forget()


def test_the_library_keeps_no_identifier_in_the_home_folder(
    stripe: StripeGateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr("stripe._telemetry_id._loaded", False)  # it looks once

    stripe.query("P1")

    assert list(tmp_path.iterdir()) == []
