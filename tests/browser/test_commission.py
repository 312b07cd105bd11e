"""Commission rules in browsers: tried by finance, adopted by an administrator, refused in a stale tab, read by the technician."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlmodel import select

from servicehub.domain.order import OrderStatus
from servicehub.models.catalog import Policy
from servicehub.services import policies
from tests.browser import acts
from tests.browser.conftest import Site, settle

pytestmark = pytest.mark.browser


def draft(page: Page, technician_id: int, percent: str, fixed: str = "") -> None:
    """A rule for one technician, into the draft of this tab."""
    page.get_by_role("button", name="新增规则").click()
    settle(page)  # the form is the server's: what is typed before it comes is gone
    dialog = page.locator("dialog[open]")
    dialog.get_by_role("textbox", name="技师").fill(str(technician_id))
    dialog.get_by_label("抽成比例").fill(percent)
    dialog.get_by_label("附加费").fill("0")
    dialog.get_by_label("固定部分").fill(fixed)
    dialog.get_by_role("button", name="放入草稿").click()
    expect(page.locator("dialog[open]")).to_have_count(0)


def received(page: Page) -> Locator:
    """What the technician of the example receives, in force and under the draft."""
    return page.get_by_role("row", name=re.compile("^技师实得"))


def test_rules_are_tried_adopted_once_and_read_by_the_technician(site: Site) -> None:
    database = site.database
    technician_id = database.read_now(acts.visitor_technician)
    finance, admin, stale = site.operator("finance"), site.operator("admin"), site.operator("admin")
    for page in finance, admin, stale:
        page.goto("/operator/commission/")
        expect(page.get_by_role("heading", name="试算")).to_be_visible()
        settle(page)

    draft(finance, technician_id, "12")
    expect(finance.get_by_text("由管理员启用").first).to_be_visible()
    expect(finance.get_by_role("button", name=re.compile("启用为版本"))).to_have_count(0)
    expect(received(finance)).to_contain_text("¥180.82¥180.82")  # gold in force; the rule is for somebody else
    finance.locator("#example-technician").fill(str(technician_id))
    finance.get_by_role("button", name="试算", exact=True).click()
    expect(received(finance)).to_contain_text("¥180.82¥202.72")  # 219 less 12 %
    expect(finance.get_by_role("row", name=re.compile("标准"))).to_contain_text("有更具体的规则")

    draft(stale, technician_id, "30")
    draft(admin, technician_id, "12.5", "1.5")
    admin.get_by_role("button", name=re.compile("启用为版本")).click()
    adopt(admin)
    expect(admin.locator("dialog[open]")).to_have_count(0)
    expect(admin.get_by_text("老师傅专属").first).to_be_visible()
    city_id = database.read_now(lambda s: s.exec(select(Policy.city_id).where(Policy.kind == "order")).first()) or 0
    adopted = database.read_now(policies.newest_version, city_id, "order")

    expect(stale.get_by_text("请放弃草稿").first).to_be_visible()
    stale.get_by_role("button", name=re.compile("启用为版本")).click()
    adopt(stale)
    expect(stale.get_by_text("期间已启用其他版本").first).to_be_visible()
    assert database.read_now(policies.newest_version, city_id, "order") == adopted

    no = acts.book_with(site.customer(), technician_id)
    acts.eventually(admin, database, lambda s: acts.order_of(s, no).status is OrderStatus.ASSIGNED)
    technician = site.technician()
    technician.goto(f"/technician/job/{no}/")
    expect(technician.get_by_text("抽成 12.5%（您的专属比例） · 附加费 0% · 另加 ¥1.5").first).to_be_visible()


def adopt(page: Page) -> None:
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("原因").fill("老师傅专属")
    dialog.get_by_role("button", name="启用", exact=True).click()
