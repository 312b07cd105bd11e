"""A refund that its channel refused, in browsers: tried again until it arrives, or given to the balance by two people."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from servicehub.domain.channel import RefundState
from servicehub.domain.payment import RefundStatus
from servicehub.models.payment import Refund
from servicehub.services import ledger, refunds
from servicehub.texts import formats
from tests.browser import acts
from tests.browser.acts import Taps
from tests.browser.conftest import Site, settle

pytestmark = pytest.mark.browser


def refused(session: Session, no: str, fen: int) -> str:
    """A refund of an order's that its channel has refused; its number."""
    order = acts.order_of(session, no)
    now = order.paid_at or order.created_at
    (refund,) = refunds.request(session, order, fen, "goodwill", now=now)
    refunds.record_result(session, refund.no, RefundState.FAILED, now=now)
    return refund.no


def status_of(session: Session, no: str) -> RefundStatus:
    return RefundStatus(session.exec(select(Refund.status).where(Refund.no == no)).one())


def row_of(page: Page, no: str) -> Page:
    """The refund's line in the list, found by its number as an operator types it."""
    page.goto("/operator/refunds/?state=failed")
    settle(page)
    page.get_by_label("搜索退款").fill(no)
    row = page.locator("tbody tr").filter(has=page.locator(f'[title="{no}"]'))
    expect(row).to_have_count(1)
    return row  # type: ignore[return-value]


def sure(page: Page, dialog: str, answer: str) -> None:
    """Say yes in a dialog, which closes when it is done."""
    shown = page.locator(f"dialog#{dialog}")
    shown.get_by_role("button", name=answer).click()
    expect(shown).to_be_hidden()


def test_tried_again_until_it_arrives_then_another_one_goes_to_the_balance(site: Site) -> None:
    database, customer = site.database, site.customer()
    customer.goto("/s/cleaning-2h/")
    no = acts.book(customer, Taps(customer))
    order = database.read_now(acts.order_of, no)
    first = database.write_now(refused, no, 100)

    support, finance = site.operator("support"), site.operator("finance")
    row_of(support, first).get_by_role("button", name="重试").click()
    sure(support, "retry", "重试")
    for _ in range(120):
        if database.read_now(status_of, first) is RefundStatus.SUCCEEDED:
            break
        support.wait_for_timeout(500)
    assert database.read_now(status_of, first) is RefundStatus.SUCCEEDED

    before = database.read_now(ledger.balance, ledger.wallet(order.customer_id))
    second = database.write_now(refused, no, 200)
    row_of(support, second).get_by_role("button", name="退到余额").click()
    support.locator("dialog#propose").get_by_label("原因").fill("账户已注销")
    sure(support, "propose", "提交复核")
    row = row_of(finance, second)
    expect(row.get_by_text(re.compile("提议退到余额：账户已注销"))).to_be_visible()
    row.get_by_role("button", name="复核通过").click()
    sure(finance, "give", "复核通过")
    assert database.read_now(status_of, second) is RefundStatus.BALANCE
    assert database.read_now(ledger.balance, ledger.wallet(order.customer_id)) == before + 200

    customer.goto(f"/orders/{no}/")
    expect(customer.get_by_text("已改退到余额").first).to_be_visible()
    expect(customer.get_by_text(re.compile("^退回余额")).first).to_be_visible()
    customer.goto("/wallet/")
    expect(customer.get_by_text(formats.yuan(200, always_decimals=True, signed=True)).first).to_be_visible()
