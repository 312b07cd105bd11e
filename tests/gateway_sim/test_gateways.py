"""Both gateways over the real libraries against the simulated platforms: every call, every refusal, and every way to be lied to."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from servicehub.adapters import alipay as alipay_adapter
from servicehub.adapters import wechat_pay as wechat_adapter
from servicehub.adapters.alipay import AlipayGateway
from servicehub.adapters.gateway import Gateway
from servicehub.adapters.wechat_pay import WechatPayGateway
from servicehub.domain.channel import (
    CloseResult,
    PayoutRequest,
    PayoutState,
    PayRequest,
    PayState,
    RefundRequest,
    RefundState,
    Report,
)
from servicehub.errors import GatewayUnknown, NotAllowed
from servicehub.gateway_sim.serving import Running
from servicehub.settings import Settings
from tests.conftest import FixedClock

FEN = 12_850


@pytest.fixture(params=["wechat", "alipay"])
def channel(request: pytest.FixtureRequest) -> Gateway:
    made: Gateway = request.getfixturevalue(request.param)
    return made


def now() -> datetime:
    return datetime.now(UTC)


def payment(channel: Gateway, fen: int = FEN, **changes: Any) -> PayRequest:
    made = PayRequest(
        no=f"P{secrets.token_hex(15)}", order_no="2611270001", channel=channel.name, method=channel.name, amount_fen=fen,
        title="空调清洗 {1 台}", expires_at=now() + timedelta(minutes=15), return_path="/pay/result/?o=2611270001",
        client_ip="203.0.113.7",
    )  # fmt: skip
    return replace(made, **changes)


def refund_of(request: PayRequest, fen: int, *, tries: int = 1, no: str = "") -> RefundRequest:
    number = no or f"R{secrets.token_hex(15)}"
    return RefundRequest(number, request.no, request.channel, fen, request.amount_fen, tries)


def visit(url: str) -> httpx.Response:
    """Follow the customer's browser to the cashier."""
    return httpx.get(url, follow_redirects=True, trust_env=False)


def opened(channel: Gateway, fen: int = FEN) -> PayRequest:
    request = payment(channel, fen)
    assert visit(channel.open(request).url).status_code == 200
    return request


def pay(sim: Running, channel: Gateway, no: str) -> bool:
    platform = getattr(sim, channel.name)
    return asyncio.run_coroutine_threadsafe(_now(lambda: platform.pay(no)), sim.loop).result(60)


async def _now(call: Callable[[], bool]) -> bool:
    return call()


def paid(sim: Running, channel: Gateway, fen: int = FEN) -> PayRequest:
    """A payment that was made; its message is held."""
    sim.platform.faults.hold = True
    request = opened(channel, fen)
    assert pay(sim, channel, request.no)
    return request


def last_message(sim: Running) -> tuple[bytes, dict[str, str]]:
    _url, message = sim.platform.held[-1]
    return message()


def test_a_customer_pays_at_the_cashier_and_is_sent_back(sim: Running, channel: Gateway) -> None:
    request = payment(channel)
    sim.platform.faults.hold = True

    page = visit(channel.open(request).url)
    assert "128.50" in page.text
    answer = httpx.post(str(page.url), data={"do": "pay"}, trust_env=False)

    assert answer.status_code == 303
    assert answer.headers["location"] == "http://127.0.0.1:9/pay/result/?o=2611270001"
    known = channel.query(request.no)
    assert (known.state, known.amount_fen) == (PayState.PAID, FEN)
    assert known.channel_no
    assert httpx.get(str(page.url), trust_env=False).text.count("<button") == 0


def test_what_waits_and_what_nobody_heard_of(channel: Gateway) -> None:
    request = opened(channel)

    assert channel.query(request.no).state is PayState.WAITING
    assert channel.query("P-nobody-heard-of").state is PayState.NOT_FOUND


def test_opening_again_is_the_same_payment(sim: Running, channel: Gateway) -> None:
    request = opened(channel)

    assert visit(channel.open(request).url).status_code == 200
    assert pay(sim, channel, request.no)
    assert not pay(sim, channel, request.no)


def test_a_closed_payment_cannot_be_made(sim: Running, channel: Gateway) -> None:
    request = opened(channel)

    assert channel.close(request.no) is CloseResult.CLOSED
    assert channel.close("P-nobody-heard-of") is CloseResult.CLOSED
    assert channel.query(request.no).state is PayState.CLOSED
    assert not pay(sim, channel, request.no)
    assert channel.close(request.no) is CloseResult.CLOSED


def test_a_payment_that_was_made_cannot_be_closed(sim: Running, channel: Gateway) -> None:
    assert channel.close(paid(sim, channel).no) is CloseResult.ALREADY_PAID


def test_the_message_about_a_payment(sim: Running, channel: Gateway) -> None:
    request = paid(sim, channel)
    raw, headers = last_message(sim)
    again, fresh = last_message(sim)

    (report,) = channel.parse_notify(headers, raw, now=now())
    (twin,) = channel.parse_notify(fresh, again, now=now())

    assert (report.kind, report.channel, report.no, report.amount_fen) == ("payment", channel.name, request.no, FEN)
    assert report.channel_no == channel.query(request.no).channel_no
    assert report.event_id == twin.event_id
    assert len(report.event_id) <= 64


def altered(raw: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return raw.replace(b"sign=", b"sign=A").replace(b'"id": "', b'"id": "0'), headers


def no_signature(raw: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    kept = "&".join(part for part in raw.decode().split("&") if not part.startswith("sign="))
    return kept.encode(), {k: v for k, v in headers.items() if k != "Wechatpay-Signature"}


def garbage(_raw: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return b"\xff\xfe{}", headers


def huge(raw: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return raw + b" " * 70_000, headers


def other_key(raw: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return raw, headers | {"Wechatpay-Serial": "PUB_KEY_ID_9", "content-type": "text/plain"}


def not_hexadecimal(raw: bytes, headers: dict[str, str]) -> tuple[bytes, dict[str, str]]:
    return raw, headers | {"Wechatpay-Serial": "zzz", "content-type": "application/json"}


@pytest.mark.parametrize("spoil", [altered, no_signature, garbage, huge, other_key, not_hexadecimal])
def test_a_spoiled_message_is_refused_without_asking_anybody(
    sim: Running, channel: Gateway, spoil: Callable[..., tuple[bytes, dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(sim, channel)
    raw, headers = spoil(*last_message(sim))
    monkeypatch.setattr("requests.get", lambda *_a, **_k: pytest.fail("it asked the platform"))

    with pytest.raises(NotAllowed):
        channel.parse_notify(headers, raw, now=now())


def test_a_forged_message_is_refused(sim: Running, channel: Gateway) -> None:
    paid(sim, channel)
    sim.platform.faults.forge = True
    raw, headers = last_message(sim)

    with pytest.raises(NotAllowed, match="signature"):
        channel.parse_notify(headers, raw, now=now())


def test_an_old_message_is_refused_although_its_signature_is_right(sim: Running, channel: Gateway) -> None:
    paid(sim, channel)
    raw, headers = last_message(sim)
    age = wechat_adapter.FRESH if channel.name == "wechat" else alipay_adapter.FRESH

    for when in now() + age + timedelta(seconds=10), now() - age - timedelta(seconds=10):
        with pytest.raises(NotAllowed, match="stale"):
            channel.parse_notify(headers, raw, now=when)


def test_a_probe_with_a_wrong_signature_goes_ahead(sim: Running, wechat: WechatPayGateway) -> None:
    sim.platform.faults.probe = True
    paid(sim, wechat)
    (_probe_url, probe), (_url, message) = sim.platform.held

    raw, headers = probe()
    assert headers["Wechatpay-Signature"].startswith("WECHATPAY/SIGNTEST/")
    with pytest.raises(NotAllowed):
        wechat.parse_notify(headers, raw, now=now())
    raw, headers = message()
    assert wechat.parse_notify(headers, raw, now=now())


@pytest.mark.parametrize(
    ("channel_name", "changes"),
    [("wechat", {"merchant_id": "1900000999"}), ("alipay", {"seller_id": "2088000000000999"})],
)
def test_a_true_message_about_another_merchant_names_nothing_of_ours(
    sim: Running, accounts: Settings, channel_name: str, changes: dict[str, str], request: pytest.FixtureRequest
) -> None:
    paid(sim, request.getfixturevalue(channel_name))
    raw, headers = last_message(sim)
    other = getattr(accounts, channel_name).model_copy(update=changes)
    made = WechatPayGateway if channel_name == "wechat" else AlipayGateway

    (report,) = made(other, base_url=accounts.base_url).parse_notify(headers, raw, now=now())

    assert (report.kind, report.no) == ("payment", "")


def test_refunds_in_parts_never_exceed_the_payment(sim: Running, channel: Gateway, fixed_clock: FixedClock) -> None:
    request = paid(sim, channel)
    first, second = refund_of(request, 5_000), refund_of(request, FEN - 5_000)

    assert channel.query_refund(first) is RefundState.NOT_FOUND
    assert channel.refund(first) in (RefundState.SUCCEEDED, RefundState.PROCESSING)
    assert channel.query_refund(first) is RefundState.SUCCEEDED
    assert channel.refund(refund_of(request, FEN)) is RefundState.FAILED
    fixed_clock.advance(minutes=1)
    assert channel.refund(second) in (RefundState.SUCCEEDED, RefundState.PROCESSING)
    assert channel.query_refund(second) is RefundState.SUCCEEDED
    assert channel.refund(refund_of(request, 1)) is RefundState.FAILED
    assert channel.query(request.no).state is PayState.PAID  # paid and returned: it was no abandoned one


def test_the_same_refund_twice_is_one(sim: Running, channel: Gateway, fixed_clock: FixedClock) -> None:
    request = paid(sim, channel)
    refund = refund_of(request, 9_000)

    states = [channel.refund(refund) for _ in range(3)]

    assert set(states) <= {RefundState.SUCCEEDED, RefundState.PROCESSING}
    fixed_clock.advance(minutes=1)
    rest = refund_of(request, FEN - 9_000)
    assert channel.refund(rest) in (RefundState.SUCCEEDED, RefundState.PROCESSING)  # nothing was taken twice


def test_a_refund_of_nothing_fails(channel: Gateway) -> None:
    assert channel.refund(refund_of(payment(channel), 100)) is RefundState.FAILED


def test_the_message_about_a_refund(sim: Running, channel: Gateway) -> None:
    request = paid(sim, channel)
    refund = refund_of(request, 5_000)
    channel.refund(refund)

    raw, headers = last_message(sim)
    reports = channel.parse_notify(headers, raw, now=now())

    if channel.name == "alipay":  # it was known with the answer already
        assert reports == []
        return
    (report,) = reports
    assert (report.kind, report.no, report.amount_fen) == ("refund", refund.no, 5_000)
    assert report.refund_state is RefundState.SUCCEEDED


@pytest.mark.parametrize("fault", ["lose_answers", "hang"])
def test_an_answer_that_is_lost_after_the_act_is_unknown_and_asked_for(
    sim: Running, channel: Gateway, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = paid(sim, channel)
    refund = refund_of(request, 5_000)
    setattr(sim.platform.faults, fault, 1)
    with monkeypatch.context() as only_here:
        if fault == "hang":
            impatient(channel, only_here)
        assert channel.refund(refund) is RefundState.UNKNOWN

    assert channel.query_refund(refund) is RefundState.SUCCEEDED
    assert channel.refund(refund) in (RefundState.SUCCEEDED, RefundState.PROCESSING)
    assert channel.refund(refund_of(request, FEN - 5_000)) is not RefundState.FAILED


def impatient(channel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give up soon."""
    if channel.name == "wechat":
        monkeypatch.setattr(channel._client._core, "_timeout", (1.5, 1.5))
    elif channel.name == "stripe":
        monkeypatch.setattr(channel._api._requestor._client, "_timeout", 1.5)
    else:
        monkeypatch.setattr(channel._client._config, "timeout", 1.5)


def test_an_error_of_the_platform_is_unknown_never_a_failure(sim: Running, channel: Gateway) -> None:
    request = paid(sim, channel)
    refund = refund_of(request, 5_000)

    def stumbling(call: Callable[[], Any]) -> Any:
        sim.platform.faults.errors = 1
        return call()

    assert stumbling(lambda: channel.query(request.no)).state is PayState.UNKNOWN
    assert stumbling(lambda: channel.close(request.no)) is CloseResult.UNKNOWN
    assert stumbling(lambda: channel.refund(refund)) is RefundState.UNKNOWN
    assert stumbling(lambda: channel.query_refund(refund)) is RefundState.UNKNOWN
    assert channel.query_refund(refund) is RefundState.NOT_FOUND


def test_a_payment_that_cannot_be_opened_is_unknown(sim: Running, wechat: WechatPayGateway) -> None:
    sim.platform.faults.errors = 1

    with pytest.raises(GatewayUnknown):
        wechat.open(payment(wechat))


def test_an_answer_with_a_wrong_signature_is_unknown(
    sim: Running, channel: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = paid(sim, channel)
    module = "wechat" if channel.name == "wechat" else "alipay"
    monkeypatch.setattr(f"servicehub.gateway_sim.{module}.signed", lambda _key, _text: "QUJD")

    assert channel.query(request.no).state is PayState.UNKNOWN
    assert channel.refund(refund_of(request, 100)) is RefundState.UNKNOWN


def test_nobody_listens(accounts: Settings) -> None:
    assert accounts.wechat is not None
    assert accounts.alipay is not None
    nowhere = "http://127.0.0.1:9"
    gateways: list[Gateway] = [
        WechatPayGateway(accounts.wechat.model_copy(update={"api": nowhere}), base_url=nowhere),
        AlipayGateway(accounts.alipay.model_copy(update={"api": nowhere}), base_url=nowhere),
    ]

    for one in gateways:
        request = payment(one)
        assert one.query(request.no).state is PayState.UNKNOWN
        assert one.close(request.no) is CloseResult.UNKNOWN
        assert one.refund(refund_of(request, 1)) is RefundState.UNKNOWN


# --- what the platforms refuse ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes", [{"certificate_serial": "ABC123"}, {"merchant_id": "1900000999"}], ids=["serial", "merchant"]
)
def test_wechat_refuses_a_merchant_it_does_not_know(accounts: Settings, changes: dict[str, str]) -> None:
    assert accounts.wechat is not None
    stranger = WechatPayGateway(accounts.wechat.model_copy(update=changes), base_url=accounts.base_url)

    assert stranger.query("P1").state is PayState.UNKNOWN


def test_wechat_refuses_another_key(sim: Running, accounts: Settings) -> None:
    assert accounts.wechat is not None
    sim.platform.keys.key("root")
    thief = accounts.wechat.model_copy(update={"private_key_file": sim.platform.keys.key_file("root")})

    assert WechatPayGateway(thief, base_url=accounts.base_url).query("P1").state is PayState.UNKNOWN


def test_alipay_refuses_another_key_and_another_certificate(sim: Running, accounts: Settings) -> None:
    assert accounts.alipay is not None
    keys = sim.platform.keys
    for changes in (
        {"private_key_file": keys.key_file("root")},
        {"app_certificate_file": keys.certificate_file("wechat_merchant")},
    ):
        thief = accounts.alipay.model_copy(update=changes)
        assert AlipayGateway(thief, base_url=accounts.base_url).query("P1").state is PayState.UNKNOWN


def test_the_browser_cannot_alter_what_it_carries(sim: Running, alipay: AlipayGateway) -> None:
    """Alipay's signed request passes through the customer's hands."""
    url = urlsplit(alipay.open(payment(alipay)).url)
    fields = {name: values[0] for name, values in parse_qs(url.query).items()}
    fields["biz_content"] = fields["biz_content"].replace("128.50", "0.01")

    answer = httpx.get(f"{sim.address}{url.path}?{urlencode(fields)}", trust_env=False)

    assert answer.json()["error_response"]["sub_code"] == "isv.invalid-signature"


def test_wechat_takes_a_number_for_one_amount_only(wechat: WechatPayGateway) -> None:
    request = opened(wechat)

    with pytest.raises(GatewayUnknown):
        wechat.open(replace(request, amount_fen=1))


# --- messages on their way --------------------------------------------------------------------------------------------


def test_messages_are_doubled_held_and_turned_round(sim: Running, wechat: WechatPayGateway) -> None:
    first, second = paid(sim, wechat), paid(sim, wechat, 100)
    numbers: list[str] = []

    for _url, message in reversed(sim.platform.held):
        raw, headers = message()
        numbers += [report.no for report in wechat.parse_notify(headers, raw, now=now())]

    assert numbers == [second.no, first.no]


def test_books_outlive_a_restart(sim: Running, channel: Gateway) -> None:
    request = paid(sim, channel)

    kept = sim.platform.get(channel.name, request.no)

    assert kept is not None
    assert kept["state"] in ("SUCCESS", "TRADE_SUCCESS")


def test_a_report_about_somebody_else_keeps_its_number(wechat: WechatPayGateway) -> None:
    report = Report("wechat", "e1", "payment", "P1", 100)

    assert report.foreign() == replace(report, no="")


# --- money that is sent -----------------------------------------------------------------------------------------------


def payout_of(fen: int = 8_000, account: str = "19900000002", *, no: str = "", tries: int = 1) -> PayoutRequest:
    return PayoutRequest(no or f"W{secrets.token_hex(15)}", "alipay", fen, account, "周敏", tries)


def test_a_payout_is_made_once(sim: Running, alipay: AlipayGateway) -> None:
    request = payout_of()

    assert alipay.query_payout(request.no) is PayoutState.NOT_FOUND
    assert [alipay.payout(request) for _ in range(3)] == [PayoutState.SUCCEEDED] * 3
    assert alipay.query_payout(request.no) is PayoutState.SUCCEEDED
    assert alipay.payout(replace(request, amount_fen=9_000)) is PayoutState.FAILED
    kept = sim.platform.get("alipay-transfer", request.no)
    assert kept is not None
    assert (kept["fen"], kept["to"]) == (8_000, "19900000002")


def test_a_payout_to_nobody_fails(alipay: AlipayGateway) -> None:
    assert alipay.payout(payout_of(account="nobody@example.com")) is PayoutState.FAILED
    assert alipay.payout(payout_of(1)) is PayoutState.FAILED


def test_a_payout_whose_answer_was_lost_is_found_by_asking(
    sim: Running, alipay: AlipayGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = payout_of()
    sim.platform.faults.lose_answers = 1

    assert alipay.payout(request) is PayoutState.UNKNOWN
    assert alipay.query_payout(request.no) is PayoutState.SUCCEEDED
    sim.platform.faults.errors = 2
    assert alipay.payout(payout_of()) is PayoutState.UNKNOWN
    assert alipay.query_payout(request.no) is PayoutState.UNKNOWN


def test_nothing_of_a_request_reaches_the_log_whatever_goes_wrong(
    sim: Running, alipay: AlipayGateway, caplog: pytest.LogCaptureFixture
) -> None:
    """Alipay is asked by addresses that hold the whole request, and its library's errors quote them."""
    request = opened(alipay)
    caplog.set_level(0)
    sim.platform.faults.errors = 3

    assert alipay.query(request.no).state is PayState.UNKNOWN
    assert alipay.refund(refund_of(request, FEN)) is RefundState.UNKNOWN
    assert alipay.close(request.no) is CloseResult.UNKNOWN

    ours = [r.getMessage() for r in caplog.records if r.name.startswith(("servicehub", "alipay", "urllib"))]
    assert len(ours) >= 3
    assert not any(word in line for line in ours for word in (request.no, "sign", "app_id", "http"))
