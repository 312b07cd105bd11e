"""Add-ons sold during the visit, on two phones: proposed, declined, paid at once, and one that joins the balance."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from servicehub.domain.order import OrderStatus
from servicehub.domain.proposal import ProposalStatus
from servicehub.models.proposal import load_proposals
from servicehub.services import ledger, sums
from tests.browser import acts
from tests.browser.acts import Taps
from tests.browser.conftest import Site, settle
from tests.browser.test_money import payments_of, to_the_cashier

pytestmark = pytest.mark.browser


def propose(technician: Page, *names: str) -> None:
    """Pick one of each in the sheet, and send it to the customer."""
    technician.get_by_role("button", name="提议加项").click()
    dialog = technician.locator("dialog[open]")
    expect(dialog.get_by_role("button", name="发给客户")).to_be_disabled()
    for name in names:
        dialog.get_by_role("group", name=name, exact=True).get_by_role("button", name="增加").click()
    expect(dialog.get_by_text("到手", exact=True)).to_be_visible()
    dialog.get_by_role("button", name="发给客户").click()
    expect(technician.locator("dialog[open]")).to_have_count(0)
    expect(technician.get_by_text("等待客户确认").first).to_be_visible()


def statuses(site: Site, no: str) -> list[ProposalStatus]:
    return site.database.read_now(lambda s: [row.status for row in load_proposals(s, acts.order_of(s, no))])


def test_one_is_declined_and_another_is_paid_and_done(site: Site) -> None:
    database = site.database
    technician_id = database.read_now(acts.visitor_technician)
    customer, technician = site.customer(), site.technician()
    no = acts.book_with(customer, technician_id)
    acts.begin(site, no)
    before = database.read_now(acts.order_of, no)
    customer.goto(f"/orders/{no}/")
    technician.goto(f"/technician/job/{no}/")

    propose(technician, "擦内窗")
    card = customer.locator("#proposal")
    expect(card.get_by_text("擦内窗")).to_be_visible()
    expect(card.get_by_text("¥40").first).to_be_visible()
    expect(card.get_by_text(re.compile("约加 30 分钟"))).to_be_visible()
    card.get_by_role("button", name="不用了").click()
    expect(card).to_have_count(0)
    expect(technician.get_by_text("客户不需要").first).to_be_visible()

    propose(technician, "擦内窗", "整理衣柜（30 分钟）")
    card.get_by_role("link", name="同意并支付 ¥100").click()
    to_the_cashier(customer, amount="¥100$")
    expect(technician.get_by_text("客户付款中").first).to_be_visible()
    Taps(customer).on("确认付款")
    expect(customer.get_by_text("谢谢，加项已并入本次服务。")).to_be_visible()
    expect(technician.get_by_text("已并入服务").first).to_be_visible()

    order = database.read_now(acts.order_of, no)
    assert statuses(site, no) == [ProposalStatus.DECLINED, ProposalStatus.ADDED]
    assert order.total_fen == before.total_fen + 10_000
    assert order.commission["net_fen"] > before.commission["net_fen"]
    assert database.read_now(sums.escrow, order) == order.total_fen
    customer.goto(f"/orders/{no}/")
    expect(customer.get_by_text("服务中加项").first).to_be_visible()
    desk = site.operator()
    desk.goto(f"/operator/orders/{no}/")
    expect(desk.get_by_text("服务中的加项").first).to_be_visible()
    expect(desk.get_by_text("客户不需要").first).to_be_visible()
    assert database.read_now(ledger.verify) == []


def test_a_page_that_was_left_open_answers_nothing_that_was_taken_back(site: Site) -> None:
    technician_id = site.database.read_now(acts.visitor_technician)
    customer, technician = site.customer(), site.technician()
    no = acts.book_with(customer, technician_id)
    acts.begin(site, no)
    technician.goto(f"/technician/job/{no}/")
    propose(technician, "擦内窗")
    customer.goto(f"/orders/{no}/")
    target = customer.locator("#proposal").get_by_role("link", name="同意并支付 ¥40").get_attribute("href") or ""
    technician.get_by_role("button", name="撤回").click()
    expect(customer.locator("#proposal")).to_have_count(0)

    customer.goto(target)
    settle(customer)

    expect(customer.get_by_text("这个加项已经结束")).to_be_visible()
    assert statuses(site, no) == [ProposalStatus.WITHDRAWN]


def test_after_a_deposit_it_joins_the_balance(site: Site) -> None:
    database = site.database
    customer = site.customer()
    customer.goto(f"/s/drain/?t={database.read_now(acts.technician_with, 'repair')}")
    no = acts.book(customer, Taps(customer))
    acts.begin(site, no)
    before = database.read_now(acts.order_of, no)
    technician = site.technician(database.read_now(acts.phone_of, before.technician_id or 0))
    technician.goto(f"/technician/job/{no}/")
    customer.goto(f"/orders/{no}/")

    propose(technician, "深管机")
    card = customer.locator("#proposal")
    expect(card.get_by_text("加到服务后要付的金额里，一起付。")).to_be_visible()
    card.get_by_role("button", name="同意加项").click()
    expect(card).to_have_count(0)
    expect(technician.get_by_text("已并入服务").first).to_be_visible()

    order = database.read_now(acts.order_of, no)
    assert order.total_fen == before.total_fen + 12_000
    assert database.read_now(payments_of, order.id) == {"deposit": order.first_due_fen}
    assert order.status is OrderStatus.IN_SERVICE
