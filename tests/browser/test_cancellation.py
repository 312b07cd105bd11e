"""Cancellation terms in browsers: edited for a category, read by its customer, free once at short notice, then charged."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from servicehub import crypto
from servicehub.demo.people import VISITOR_CUSTOMER
from servicehub.domain.access import Role
from servicehub.models.account import User
from servicehub.models.cancellation import load_free_used
from servicehub.models.order import OrderLog
from servicehub.services import ledger
from tests.browser import acts
from tests.browser.acts import Taps
from tests.browser.conftest import Site, settle

pytestmark = pytest.mark.browser
WEEK = "10080"
MONTH = "2026-11"


def adopt(admin: Page, why: str) -> None:
    admin.get_by_role("button", name=re.compile("启用为版本")).click()
    dialog = admin.locator("dialog[open]")
    dialog.get_by_label("原因").fill(why)
    dialog.get_by_role("button", name="启用", exact=True).click()
    expect(admin.locator("dialog[open]")).to_have_count(0)
    expect(admin.get_by_text(why).first).to_be_visible()


def cancelled(session: Session, no: str) -> dict[str, object]:
    order = acts.order_of(session, no)
    return session.exec(select(OrderLog.data).where(OrderLog.order_id == order.id, OrderLog.event == "cancel")).one()


def test_terms_of_a_category_are_edited_read_and_charged(site: Site) -> None:
    database, admin, customer = site.database, site.operator("admin"), site.customer()
    free = database.read_now(used) + 1
    admin.goto("/operator/cancellation/")
    settle(admin)
    admin.get_by_role("button", name=re.compile("^日常保洁")).click()
    expect(admin.get_by_role("heading", name="日常保洁")).to_be_visible()
    admin.get_by_role("button", name="修改数值").click()
    dialog = admin.locator("dialog[open]")
    dialog.get_by_label("付款后可免费取消的时长").fill("0")
    dialog.get_by_label("临近上门的起算时长").fill(WEEK)
    dialog.get_by_label("临近上门违约金比例").fill("12.5")
    dialog.get_by_label("每月免费临近取消次数").fill(str(free))  # one more than he has had in this month
    dialog.get_by_role("button", name="放入草稿").click()
    expect(admin.locator("dialog[open]")).to_have_count(0)
    sentence = "距上门不足 168 小时：收取 12.5%，最高 ¥50"
    expect(admin.get_by_role("listitem").filter(has_text=sentence)).to_contain_text("有改动")
    adopt(admin, "旺季试行")

    times = "首次" if free == 1 else f"前 {free} 次"
    sentences = sentence, f"上述临近上门取消，每自然月{times}免费"
    numbers = [book(customer, sentences) for _ in range(2)]
    for no in numbers:
        acts.taken(site, no)
    customer.goto(f"/orders/{numbers[0]}/cancel/")
    expect(customer.get_by_text("现在取消免费：临近上门取消，使用本月免费次数")).to_be_visible()
    expect(customer.get_by_text("计入免费次数：本月下一次临近上门取消，此类订单将收取 12.5%")).to_be_visible()
    customer.get_by_role("button", name="确认取消").click()
    customer.wait_for_url(re.compile(f"/orders/{numbers[0]}/$"))
    expect(customer.get_by_text("使用本月免费次数").first).to_be_visible()

    customer.goto(f"/orders/{numbers[1]}/cancel/")
    costs = customer.get_by_text(re.compile("现在取消需付 ¥.*：临近上门$"))
    expect(costs).to_be_visible()
    expect(customer.get_by_text("本月免费的临近上门取消次数已用完。")).to_be_visible()
    price = re.search(r"¥([\d.]+)", costs.inner_text())
    customer.get_by_role("button", name="确认取消").click()
    customer.wait_for_url(re.compile(f"/orders/{numbers[1]}/$"))

    free, charged = (database.read_now(cancelled, no) for no in numbers)
    assert (free["rule"], free["fee_fen"], charged["rule"]) == ("late_free", 0, "late")
    assert price is not None
    assert charged["fee_fen"] == round(float(price[1]) * 100) > 0
    assert database.read_now(ledger.verify) == []

    admin.get_by_role("button", name="恢复为标准").click()
    adopt(admin, "试行结束")


def used(session: Session) -> int:
    """How many late cancellations of the month were free for the demo's visitor, by the past that was seeded."""
    index = crypto.blind_index("phone", crypto.phone_e164(VISITOR_CUSTOMER))
    customer_id = session.exec(select(User.id).where(User.phone_index == index, User.role == Role.CUSTOMER)).one()
    return load_free_used(session, customer_id or 0, MONTH)


def book(customer: Page, sentences: tuple[str, ...]) -> str:
    """An order whose terms were read before it was placed."""
    customer.goto("/s/cleaning-2h/")
    taps = Taps(customer)
    taps.on("选时间预约")
    taps.on(re.compile("^确认 "))
    customer.wait_for_url(re.compile("/book/"))
    settle(customer)
    for sentence in sentences:
        expect(customer.get_by_text(sentence)).to_be_visible()
    return acts.pay(customer, taps)
