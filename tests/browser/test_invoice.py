"""An invoice in browsers: asked for by a company, issued by finance, downloaded with the right amount."""

from __future__ import annotations

import io
import re

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from servicehub.texts import formats
from tests.browser import acts
from tests.browser.acts import Taps
from tests.browser.conftest import Site

pytestmark = pytest.mark.browser


def test_a_company_gets_its_invoice(site: Site) -> None:
    customer = site.customer()
    customer.goto("/s/cleaning-2h/")
    no = acts.book(customer, Taps(customer))
    acts.serve(site, no)
    customer.goto(f"/orders/{no}/")
    customer.get_by_role("button", name="确认完成").click()
    customer.locator("dialog[open]").get_by_role("button", name="确认", exact=True).click()
    customer.get_by_role("link", name="发票").click()
    customer.get_by_role("radio", name="单位").check(force=True)
    customer.get_by_label("单位全称").fill("乙家政有限公司")
    customer.get_by_label("纳税人识别号").fill("91110000600037341A")
    customer.get_by_role("button", name="申请开票").click()
    expect(customer.get_by_text("请检查名称与纳税人识别号").first).to_be_visible()
    customer.get_by_label("纳税人识别号").fill("91110000600037341L")
    customer.get_by_role("button", name="申请开票").click()
    expect(customer.get_by_text("待开具").first).to_be_visible()

    finance = site.operator("finance")
    finance.goto("/operator/invoices/")
    row = finance.get_by_role("row", name=re.compile("乙家政有限公司"))
    row.get_by_role("button", name="开具").click()
    dialog = finance.locator("dialog[open]")
    dialog.get_by_label("税务系统发票号码").fill("26310000")
    dialog.get_by_role("button", name="开具").click()
    expect(row.get_by_text("26310000")).to_be_visible()

    expect(customer.get_by_text("已开具").first).to_be_visible()
    with customer.expect_download() as waiting:
        customer.get_by_role("link", name="下载 PDF").click()
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(waiting.value.path().read_bytes())).pages)
    order = site.database.read_now(acts.order_of, no)
    assert formats.amount(order.total_fen, always_decimals=True) in text
    assert "91110000600037341L" in text
    assert "26310000" in text
