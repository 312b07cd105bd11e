"""The customer's balance in a browser: given for a mishap, spent beside WeChat, back after a cancellation."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlmodel import Session, select

from servicehub.domain.payment import PaymentStatus
from servicehub.models.payment import Payment
from servicehub.services import ledger
from servicehub.texts import formats
from tests.browser import acts
from tests.browser.acts import Taps
from tests.browser.conftest import Site
from tests.browser.test_money import to_the_cashier

pytestmark = pytest.mark.browser


NOTES_RESULTS = """
window.sawPaid = false;
new MutationObserver(() => { if (document.body?.innerText.includes("支付成功")) window.sawPaid = true; })
  .observe(document, {childList: true, subtree: true, characterData: true});
"""


def kept_of(session: Session, order_id: int | None) -> dict[str, int]:
    rows = session.exec(select(Payment).where(Payment.order_id == order_id, Payment.status == PaymentStatus.KEPT))
    return {row.method: row.amount_fen for row in rows}


def test_a_credit_is_spent_beside_wechat_and_comes_back(site: Site) -> None:
    database, customer = site.database, site.customer()
    customer.goto("/s/cleaning-2h/")
    first = acts.book(customer, Taps(customer))
    owner = database.read_now(acts.order_of, first).customer_id
    held = 3_000 + database.read_now(ledger.balance, ledger.wallet(owner))  # other stories may have left something
    finance = site.operator("finance")
    finance.goto(f"/operator/orders/{first}/")
    finance.get_by_role("button", name="补偿余额").click()
    dialog = finance.locator("dialog[open]")
    dialog.get_by_label("金额（元）").fill("30")
    dialog.get_by_label("原因").fill("昨天迟到，抱歉")
    dialog.get_by_role("button", name="发放").click()
    expect(finance.locator("dialog[open]")).to_have_count(0)

    customer.goto("/wallet/")
    expect(customer.get_by_text("+¥30.00")).to_be_visible()
    expect(customer.get_by_text("昨天迟到，抱歉")).to_be_visible()

    customer.goto("/s/cleaning-2h/")
    taps = Taps(customer)
    taps.on("选时间预约")
    taps.on(re.compile("^确认 "))
    customer.wait_for_url(re.compile("/book/"))
    taps.on("提交订单")
    customer.wait_for_url(re.compile(r"/pay/\?o="))
    customer.get_by_role("checkbox", name=re.compile("使用余额")).check(force=True)
    expect(customer.get_by_text(f"余额支付 {formats.yuan(held)}")).to_be_visible()
    customer.add_init_script(NOTES_RESULTS)
    to_the_cashier(customer)
    taps.on("暂不付款")
    expect(customer.get_by_text("支付结果确认中").first).to_be_visible()
    assert (
        customer.evaluate("window.sawPaid") is False
    )  # how the first order was paid, which this tab's state still held
    taps.on("还没付款？重新选择", role="link")
    to_the_cashier(customer)
    taps.on("确认付款")
    expect(customer.get_by_text("支付成功").first).to_be_visible()
    found = re.search(r"o=(\d{16})", customer.url)
    assert found is not None
    order = database.read_now(acts.order_of, found[1])
    assert database.read_now(kept_of, order.id) == {"wallet": held, "wechat": order.total_fen - held}

    customer.goto("/wallet/")
    expect(customer.get_by_text(f"−{formats.yuan(held, always_decimals=True)}")).to_be_visible()
    customer.goto(f"/orders/{order.no}/cancel/")
    customer.get_by_role("button", name=re.compile("^确认取消")).click()
    customer.wait_for_url(re.compile(f"/orders/{order.no}/$"))
    customer.goto("/wallet/")
    back = f"+{formats.yuan(held, always_decimals=True)}"
    expect(customer.get_by_text(back)).to_have_count(2 if held == 3_000 else 1)
    assert database.read_now(ledger.balance, ledger.wallet(owner)) == held
    assert database.read_now(ledger.verify) == []
