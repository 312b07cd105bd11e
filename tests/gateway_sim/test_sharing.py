"""Profit sharing over the real libraries against the simulated platforms: claims, refusals, lost answers, returns and refunds."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from servicehub.adapters.alipay import AlipayGateway
from servicehub.adapters.alipay_royalty import AlipayRoyalty
from servicehub.adapters.gateway import Gateway
from servicehub.adapters.sharing import Sharing
from servicehub.adapters.wechat_pay import WechatPayGateway
from servicehub.adapters.wechat_sharing import WechatSharing
from servicehub.domain.channel import PayRequest, RefundRequest, RefundState, Scene
from servicehub.domain.sharing import ShareKind, ShareRequest, ShareState
from servicehub.gateway_sim.serving import Running

FEN, SHARE = 10_000, 2_500


@pytest.fixture(params=["wechat", "alipay"])
def channel(request: pytest.FixtureRequest) -> Gateway:
    made: Gateway = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def port(channel: Gateway) -> Sharing:
    made = WechatSharing(channel) if isinstance(channel, WechatPayGateway) else None
    if isinstance(channel, AlipayGateway):
        made = AlipayRoyalty(channel)
    assert made is not None
    assert made.add_receiver().state is ShareState.SUCCEEDED
    return made


def test_a_scanned_code_carries_the_flag_too(sim: Running, channel: Gateway, port: Sharing) -> None:
    sim.platform.faults.hold, sim.platform.faults.share_ahead_s = True, 120
    request = wanted(channel, scene=Scene.DESKTOP)
    assert channel.open(request).kind == "qr"
    assert at_platform(sim, lambda: getattr(sim, channel.name).pay(request.no))

    assert done(port, asked((request.no, channel.query(request.no).channel_no), channel))


def wanted(channel: Gateway, **changes: Any) -> PayRequest:
    made = PayRequest(
        no=f"P{secrets.token_hex(15)}", order_no="1", channel=channel.name, method=channel.name, amount_fen=FEN,
        title="空调清洗", expires_at=datetime.now(UTC) + timedelta(minutes=15), return_path="/", client_ip="203.0.113.7",
        is_shared=True,
    )  # fmt: skip
    return replace(made, **changes)


def paid(sim: Running, channel: Gateway, *, is_shared: bool = True) -> tuple[str, str]:
    """Our number and the channel's of a payment that was made; shares are judged two minutes later."""
    sim.platform.faults.hold, sim.platform.faults.share_ahead_s = True, 120
    request = wanted(channel, is_shared=is_shared)
    assert httpx.get(channel.open(request).url, follow_redirects=True, trust_env=False).status_code == 200
    assert at_platform(sim, lambda: getattr(sim, channel.name).pay(request.no))
    return request.no, channel.query(request.no).channel_no


def at_platform(sim: Running, call: Callable[[], Any]) -> Any:
    async def run() -> Any:
        return call()

    return asyncio.run_coroutine_threadsafe(run(), sim.loop).result(60)


def asked(
    payment: tuple[str, str], channel: Gateway, fen: int = SHARE, kind: ShareKind = ShareKind.SHARE
) -> ShareRequest:
    return ShareRequest(f"S{secrets.token_hex(15)}", kind, channel.name, *payment, fen, 1)


def done(port: Sharing, request: ShareRequest) -> bool:
    """The platform accepts, and carries out by the time it is asked."""
    accepted = port.share(request).state in (ShareState.PROCESSING, ShareState.SUCCEEDED)
    return accepted and port.query_share(request).state is ShareState.SUCCEEDED


def refund(channel: Gateway, payment: tuple[str, str], fen: int, return_fen: int = 0) -> RefundState:
    made = RefundRequest(f"R{secrets.token_hex(15)}", payment[0], channel.name, fen, FEN, 1, return_fen=return_fen)
    return channel.refund(made)


def test_a_share_then_the_rest_is_unfrozen(sim: Running, channel: Gateway, port: Sharing) -> None:
    payment = paid(sim, channel)
    assert port.query_share(asked(payment, channel)).state is ShareState.NOT_FOUND

    assert done(port, asked(payment, channel))
    assert done(port, asked(payment, channel, FEN - SHARE, ShareKind.UNFREEZE))

    assert port.share(asked(payment, channel, 1)).state is ShareState.FAILED


def test_what_is_accepted_takes_its_time(sim: Running, wechat: WechatPayGateway) -> None:
    port, payment = WechatSharing(wechat), paid(sim, wechat)
    port.add_receiver()
    request = asked(payment, wechat)
    sim.platform.faults.share_pending = 1

    assert port.share(request).state is ShareState.PROCESSING
    assert port.query_share(request).state is ShareState.PROCESSING
    assert port.query_share(request).state is ShareState.SUCCEEDED


def test_a_lost_answer_is_asked_for_and_a_repetition_shares_nothing_again(
    sim: Running, channel: Gateway, port: Sharing, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked(paid(sim, channel), channel)
    sim.platform.faults.lose_answers = 1

    assert port.share(request).state is ShareState.UNKNOWN
    assert port.query_share(request).state is ShareState.SUCCEEDED
    assert port.share(request).state in (ShareState.PROCESSING, ShareState.SUCCEEDED)
    books = sim.platform.get(channel.name, request.payment_no)
    assert books is not None
    assert books["shared"] == SHARE


def test_the_same_number_for_something_else_is_refused(sim: Running, channel: Gateway, port: Sharing) -> None:
    payment = paid(sim, channel)
    request = asked(payment, channel)
    assert done(port, request)
    other = ShareRequest(request.no, request.kind, request.channel, *payment, SHARE - 1, 1)

    assert port.share(other).state is ShareState.FAILED


def test_too_early_is_not_a_failure(sim: Running, channel: Gateway, port: Sharing) -> None:
    request = asked(paid(sim, channel), channel)
    sim.platform.faults.share_ahead_s = 0

    assert port.share(request).state is ShareState.UNKNOWN
    assert port.query_share(request).state is ShareState.NOT_FOUND
    sim.platform.faults.share_ahead_s = 61
    assert done(port, request)


def test_more_than_the_ratio_is_refused_also_in_parts(sim: Running, channel: Gateway, port: Sharing) -> None:
    payment = paid(sim, channel)
    answer = port.share(asked(payment, channel, 3_001))

    assert (answer.state, answer.reason) == (
        ShareState.FAILED, {"wechat": "RULE_LIMIT", "alipay": "ACQ.ROYALTY_RATIO_EXCEED"}[channel.name],
    )  # fmt: skip
    assert done(port, asked(payment, channel, 3_000))
    assert port.share(asked(payment, channel, 1)).state is ShareState.FAILED


def test_after_thirty_days_nothing_is_left_to_be_claimed(sim: Running, channel: Gateway, port: Sharing) -> None:
    request = asked(paid(sim, channel), channel)
    sim.platform.faults.share_ahead_s = 30 * 86_400 + 60

    assert port.share(request).state is ShareState.FAILED


def test_a_payment_without_the_flag_and_a_stranger_are_refused(sim: Running, channel: Gateway, port: Sharing) -> None:
    assert port.share(asked(paid(sim, channel, is_shared=False), channel)).state is ShareState.FAILED
    payment = paid(sim, channel)
    receiver = channel.account.sharing_receiver  # type: ignore[attr-defined]
    with sim.platform._lock:
        sim.platform._books.execute("DELETE FROM document WHERE no = ?", (receiver,))

    assert port.share(asked(payment, channel)).state is ShareState.FAILED


def test_a_share_that_the_platform_accepts_and_closes(sim: Running, channel: Gateway, port: Sharing) -> None:
    request = asked(paid(sim, channel), channel)
    sim.platform.faults.share_fails = 1

    answer = port.share(request)
    if answer.state is ShareState.PROCESSING:
        answer = port.query_share(request)
    assert answer.state is ShareState.FAILED
    assert answer.reason


def test_an_error_or_a_forged_answer_is_unknown(sim: Running, channel: Gateway, port: Sharing) -> None:
    request = asked(paid(sim, channel), channel)
    sim.platform.faults.errors = 1
    assert port.share(request).state is ShareState.UNKNOWN
    sim.platform.faults.errors = 1
    assert port.query_share(request).state is ShareState.UNKNOWN
    sim.platform.faults.errors = 1
    assert port.add_receiver().state is ShareState.UNKNOWN


def test_wechat_returns_up_to_what_was_shared_before_it_refunds(sim: Running, wechat: WechatPayGateway) -> None:
    port, payment = WechatSharing(wechat), paid(sim, wechat)
    port.add_receiver()
    share = asked(payment, wechat)
    assert done(port, share)
    assert refund(wechat, payment, FEN) is RefundState.UNKNOWN  # may pass later: the share has to come back first

    def back(fen: int) -> ShareRequest:
        return ShareRequest(f"B{secrets.token_hex(15)}", ShareKind.RETURN, "wechat", *payment, fen, 1, share.no)

    assert port.share(back(SHARE + 1)).state is ShareState.FAILED
    first = back(1_000)
    assert port.query_share(first).state is ShareState.NOT_FOUND
    assert port.share(first).state is ShareState.SUCCEEDED
    assert port.share(first).state is ShareState.SUCCEEDED
    assert port.query_share(first).state is ShareState.SUCCEEDED
    sim.platform.faults.return_fails = 1
    assert port.share(back(1_500)).state is ShareState.FAILED
    assert port.share(back(1_500)).state is ShareState.SUCCEEDED
    assert port.share(back(1)).state is ShareState.FAILED

    assert refund(wechat, payment, FEN) in (RefundState.PROCESSING, RefundState.SUCCEEDED)


def test_alipay_returns_with_the_refund(sim: Running, alipay: AlipayGateway) -> None:
    port, payment = AlipayRoyalty(alipay), paid(sim, alipay)
    port.add_receiver()
    assert done(port, asked(payment, alipay))

    assert refund(alipay, payment, FEN) is RefundState.UNKNOWN
    assert refund(alipay, payment, FEN, SHARE + 1) is RefundState.UNKNOWN
    assert refund(alipay, payment, 4_000, 1_000) is RefundState.SUCCEEDED
    assert refund(alipay, payment, 6_000, 1_500) is RefundState.SUCCEEDED
    books = sim.platform.get("alipay", payment[0])
    assert books is not None
    assert (books["shared"], books["refunded"]) == (0, FEN)
