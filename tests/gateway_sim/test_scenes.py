"""Ways to pay besides a page on a phone, through the real libraries: a code to be scanned, and WeChat's own browser."""

from __future__ import annotations

import base64
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from servicehub.adapters import gateway as channels
from servicehub.adapters.gateway import Gateway
from servicehub.adapters.wechat_oauth import WechatOAuth
from servicehub.adapters.wechat_pay import WechatPayGateway
from servicehub.domain.channel import CloseResult, PayState, RefundState, Scene
from servicehub.errors import GatewayUnknown, NotAllowed
from servicehub.gateway_sim.serving import Running
from servicehub.settings import Settings
from tests.gateway_sim.test_gateways import channel, last_message, now, pay, payment, refund_of  # noqa: F401 - the fixture


def logged_in(accounts: Settings) -> str:
    """Somebody's openid, as WeChat's browser learns it."""
    assert accounts.wechat is not None
    oauth = WechatOAuth(accounts.wechat)
    answer = httpx.get(oauth.address("http://127.0.0.1:9/api/wechat/back?next=%2F", "abc"), trust_env=False)
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    assert (back["state"], back["next"]) == (["abc"], ["/"])
    return oauth.openid(back["code"][0])


def test_a_desktop_shows_a_code_that_is_scanned_and_paid(sim: Running, channel: Gateway) -> None:  # noqa: F811
    request = payment(channel, scene=Scene.DESKTOP)
    sim.platform.faults.hold = True

    action = channel.open(request)

    assert action.kind == "qr"
    assert channel.open(request) == action, "asking again is the same code"
    assert channel.query(request.no).state is PayState.WAITING
    assert pay(sim, channel, request.no)
    body, headers = last_message(sim)
    reports = channel.parse_notify(headers, body, now=now())
    assert [(r.no, r.amount_fen) for r in reports] == [(request.no, request.amount_fen)]
    assert channel.query(request.no).state is PayState.PAID
    assert channel.refund(refund_of(request, 100)) in (RefundState.SUCCEEDED, RefundState.PROCESSING)


def test_a_code_of_a_closed_payment_pays_nothing(sim: Running, channel: Gateway) -> None:  # noqa: F811
    request = payment(channel, scene=Scene.DESKTOP)
    channel.open(request)

    assert channel.close(request.no) is CloseResult.CLOSED
    assert not pay(sim, channel, request.no)
    with pytest.raises(GatewayUnknown):
        channel.open(request)


def test_a_visitor_of_the_demo_opens_the_code_as_a_page(
    sim: Running,
    channel: Gateway,  # noqa: F811
    accounts: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(channels, "get_settings", lambda: accounts)
    action = channel.open(payment(channel, scene=Scene.DESKTOP))

    page = httpx.get(channels.demo_scan(channel.name, action.url), trust_env=False)
    assert "128.50" in page.text
    httpx.post(str(page.url), data={"do": "pay"}, trust_env=False)
    assert "已结束" in httpx.get(str(page.url), trust_env=False).text


def test_wechats_browser_is_called_with_what_the_merchant_signed(
    sim: Running, wechat: WechatPayGateway, accounts: Settings
) -> None:
    openid = logged_in(accounts)
    request = payment(wechat, scene=Scene.WECHAT, openid=openid)

    action = wechat.open(request)

    assert action.kind == "jsapi"
    given = action.params
    text = "".join(f"{given[name]}\n" for name in ("appId", "timeStamp", "nonceStr", "package"))
    key = sim.platform.keys.key("wechat_merchant").public_key()
    key.verify(base64.b64decode(given["paySign"]), text.encode(), padding.PKCS1v15(), hashes.SHA256())
    assert sim.wechat.scanned(given["package"].removeprefix("prepay_id=")) == request.no
    sim.platform.faults.hold = True
    assert pay(sim, wechat, request.no)
    assert wechat.query(request.no).state is PayState.PAID


def test_nobody_pays_under_an_unknown_openid(wechat: WechatPayGateway) -> None:
    with pytest.raises(GatewayUnknown):
        wechat.open(payment(wechat, scene=Scene.WECHAT, openid="oNobody"))


def test_a_code_of_the_log_in_is_good_once_and_only_with_the_secret(sim: Running, accounts: Settings) -> None:
    assert accounts.wechat is not None
    oauth = WechatOAuth(accounts.wechat)
    answer = httpx.get(oauth.address("http://127.0.0.1:9/api/wechat/back", "s"), trust_env=False)
    code = parse_qs(urlsplit(answer.headers["location"]).query)["code"][0]

    wrong = WechatOAuth(accounts.wechat.model_copy(update={"app_secret": None}))
    with pytest.raises(NotAllowed):
        wrong.openid(code)
    assert oauth.openid(code).startswith("o")
    with pytest.raises(NotAllowed):
        oauth.openid(code)
    gone = WechatOAuth(accounts.wechat.model_copy(update={"oauth_api": "http://127.0.0.1:9"}))
    with pytest.raises(GatewayUnknown):
        gone.openid("x")
