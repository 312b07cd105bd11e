"""The books in the browser: from a payment to its accounts, to other entries, to their orders, and back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, col, select

from servicehub.domain.payment import PaymentStatus
from servicehub.models.order import Order
from servicehub.models.payment import Earning, Payment
from servicehub.services import ledger
from servicehub.texts import formats
from tests.browser.conftest import Site, settle

pytestmark = pytest.mark.browser


def a_matured_visit(session: Session) -> tuple[Order, Payment]:
    """An order whose technician may take out what it earned, with its payment."""
    query = (
        select(Order, Payment)
        .join(Payment, col(Payment.order_id) == col(Order.id))
        .join(Earning, col(Earning.order_id) == col(Order.id))
        .where(col(Earning.matured_at).is_not(None), Payment.status == PaymentStatus.KEPT)
        .order_by(col(Order.id))
        .limit(1)
    )
    return session.exec(query).one()


def press(page: Page, name: str) -> None:
    """Follow a link by the keyboard."""
    settle(page)
    found = page.locator("main").get_by_role("link", name=name, exact=True).first
    found.focus()
    page.keyboard.press("Enter")


def test_from_a_payment_to_an_account_to_another_order_and_back(site: Site) -> None:
    order, payment = site.database.read_now(a_matured_visit)
    finance = site.operator("finance")
    finance.goto("/operator/ledger/")
    finance.get_by_role("searchbox", name="追踪单号").fill(payment.no)
    touched = finance.get_by_role("table", name="经过的科目")
    earner = f"t_avail:{order.technician_id}"
    expect(touched.get_by_role("link", name=earner)).to_be_visible()
    expect(finance.get_by_role("heading", name="到期：技师可以提现了")).to_be_visible()
    expect(finance.get_by_text("从同一科目提现").first).to_be_visible()

    press(finance, earner)
    finance.wait_for_url(re.compile(r"/operator/ledger/account/\?code=t_avail:"))
    balance = site.database.read_now(ledger.balance, earner)
    expect(finance.get_by_role("row", name=re.compile("^本页分录之后"))).to_contain_text(
        formats.yuan(-balance, always_decimals=True)
    )
    statement = finance.get_by_role("table", name="科目明细")
    other = statement.get_by_role("link", name=re.compile(r"^\d{16}$")).filter(has_not_text=order.no).first
    no = other.inner_text()
    statement.get_by_role("row").filter(has_text=no).first.get_by_role("link", name=re.compile("^#")).click()
    finance.wait_for_url(re.compile(r"/operator/ledger/\?q="))
    found = finance.get_by_role("table", name="追踪结果").get_by_role("link", name=no)
    expect(found).to_be_visible()
    found.click()
    finance.wait_for_url(re.compile(f"/operator/orders/{no}/"))
    settle(finance)

    finance.go_back()
    expect(finance.get_by_role("table", name="追踪结果").get_by_role("link", name=no)).to_be_visible()
    finance.go_back()
    expect(finance.get_by_role("heading", level=1)).to_contain_text(earner)
    finance.go_back()
    finance.wait_for_url(re.compile(r"/operator/ledger/$"))


def test_an_order_s_numbers_and_accounts_lead_into_the_books(site: Site) -> None:
    order, payment = site.database.read_now(a_matured_visit)
    finance = site.operator("finance")
    finance.goto(f"/operator/orders/{order.no}/")
    number = finance.get_by_role("table", name="支付与退款").get_by_role("link").first
    number.click()
    finance.wait_for_url(re.compile(rf"/operator/ledger/\?q={payment.no}"))
    expect(finance.get_by_role("searchbox", name="追踪单号")).to_have_value(payment.no)
    finance.go_back()
    press(finance, f"escrow:{order.id}")
    expect(finance.get_by_role("heading", level=1)).to_contain_text(f"escrow:{order.id}")
    press(finance, order.no)
    finance.wait_for_url(re.compile(f"/operator/orders/{order.no}/"))

    support = site.operator("support")
    support.goto(f"/operator/orders/{order.no}/")
    settle(support)
    expect(support.get_by_role("table", name="支付与退款").get_by_role("link")).to_have_count(0)
    support.goto(f"/operator/ledger/account/?code=escrow:{order.id}")
    expect(support.get_by_role("heading", level=1)).to_contain_text("没有查看此页的权限")


def test_groups_of_the_trial_balance_and_of_the_picture_open(site: Site) -> None:
    finance = site.operator("finance")
    finance.goto("/operator/ledger/")
    settle(finance)
    finance.get_by_role("table", name="试算平衡").get_by_role("link", name="技师可提现").first.click()
    finance.wait_for_url(re.compile(r"/operator/ledger/group/\?name=t_avail"))
    accounts = finance.get_by_role("table", name="科目")
    expect(accounts.get_by_role("link", name=re.compile("^t_avail:")).first).to_be_visible()

    finance.goto("/operator/money/?day=2026-11-22")
    settle(finance)
    bar = finance.locator("svg.skd a").first
    where = bar.get_attribute("href")
    assert where is not None
    bar.focus()
    finance.keyboard.press("Enter")
    finance.wait_for_url(re.compile(re.escape(where)))
    settle(finance)
    assert finance.get_by_text("没有这个科目").count() == 0
