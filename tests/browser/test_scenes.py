"""Paying elsewhere than on a phone's page: a code on a desk, WeChat's own browser."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, col, select

from servicehub.domain.payment import PaymentStatus
from servicehub.models.payment import Payment
from tests.browser import acts
from tests.browser.acts import Taps
from tests.browser.conftest import DESK, Site

pytestmark = pytest.mark.browser

DESK_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
WECHAT_AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile MicroMessenger/8.0.50"
)
BRIDGE = """window.WeixinJSBridge = { invoke(name, params, then) {
  window.called = [name, params]; document.documentElement.dataset.called = name;
  window.answer = word => then({ err_msg: name + ":" + word }); } };"""


def to_pay(customer: Page) -> str:
    """A new order's number, with the payment sheet open."""
    customer.goto("/s/cleaning-2h/")
    taps = Taps(customer)
    taps.on("选时间预约")
    taps.on(re.compile("^确认 "))
    customer.wait_for_url(re.compile("/book/"))
    taps.on("提交订单")
    customer.wait_for_url(re.compile(r"/pay/\?o="))
    found = re.search(r"o=(\d{16})", customer.url)
    assert found is not None
    customer.get_by_role("button", name=re.compile("^确认支付")).click()
    return found[1]


def kept(session: Session, no: str) -> list[tuple[str, str]]:
    order = acts.order_of(session, no)
    rows = session.exec(select(Payment).where(Payment.order_id == order.id, Payment.status == PaymentStatus.KEPT))
    return [(row.method, row.scene) for row in rows]


def newest(session: Session) -> str:
    return session.exec(select(Payment.no).order_by(col(Payment.id).desc())).first() or ""


def test_a_code_is_scanned_at_a_desk(site: Site) -> None:
    customer = site.customer(user_agent=DESK_AGENT)
    customer.set_viewport_size(DESK)  # type: ignore[arg-type]
    no = to_pay(customer)
    expect(customer.get_by_alt_text("请用微信扫码支付")).to_be_visible()

    with customer.context.expect_page() as scanned:
        customer.get_by_role("link", name="演示：在这里扫码").click()
    scanned.value.get_by_role("button", name=re.compile("确认付款")).click()

    expect(customer.get_by_text("支付成功").first).to_be_visible()
    assert site.database.read_now(kept, no) == [("wechat", "desktop")]


def test_wechats_browser_asks_and_a_payer_who_gives_up_chooses_again(site: Site) -> None:
    customer = site.customer(user_agent=WECHAT_AGENT)
    customer.add_init_script(BRIDGE)
    visited: list[str] = []
    customer.on("request", lambda request: visited.append(request.url))
    no = to_pay(customer)
    customer.wait_for_url(re.compile("/pay/scan/"))
    expect(customer.get_by_text("请在微信中确认付款")).to_be_visible()
    expect(customer.locator("html[data-called]")).to_have_count(1)
    name, params = customer.evaluate("window.called")
    assert (name, params["signType"]) == ("getBrandWCPayRequest", "RSA")
    customer.evaluate("window.answer('cancel')")
    customer.wait_for_url(re.compile(r"/pay/\?o="))
    assert site.database.read_now(kept, no) == []

    customer.evaluate("delete document.documentElement.dataset.called")
    customer.get_by_role("button", name=re.compile("^确认支付")).click()
    customer.wait_for_url(re.compile("/pay/scan/"))
    expect(customer.locator("html[data-called]")).to_have_count(1)
    number = site.database.read_now(newest)
    platform = next(url for url in visited if "/connect/oauth2/authorize" in url).partition("/connect/")[0]
    assert httpx.post(f"{platform}/control/pay/wechat/{number}", trust_env=False).status_code == 200
    customer.evaluate("window.answer('ok')")
    expect(customer.get_by_text("支付成功").first).to_be_visible()
    assert site.database.read_now(kept, no) == [("wechat", "wechat")]
