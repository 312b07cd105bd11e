"""A technician's month in the browser: what the books say, and taken home as files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlmodel import Session

from servicehub.services import ledger
from servicehub.texts import formats
from tests.browser import acts
from tests.browser.conftest import Site, settle

pytestmark = pytest.mark.browser


def _owed(session: Session, technician_id: int) -> int:
    mine = {
        code: fen for code, fen in ledger.trial(session).by_account.items() if code.split(":")[1] == str(technician_id)
    }
    return -sum(fen for code, fen in mine.items() if code.startswith(("t_", "tech_debt:")))


def test_a_month_is_the_books_and_taken_home(site: Site) -> None:
    technician, hung_up = site.technician(), list[str]()
    technician.on("websocket", lambda socket: socket.on("close", lambda _: hung_up.append(technician.url)))
    technician.goto("/technician/income/")
    technician.get_by_role("link", name="结算单").click()
    expect(technician.get_by_text("期末余额")).to_be_visible()
    owed = site.database.read_now(_owed, site.database.read_now(acts.visitor_technician))
    expect(technician.get_by_text("期末余额").locator("..")).to_contain_text(formats.yuan(owed, always_decimals=True))
    expect(technician.get_by_role("button", name="下个月")).to_be_disabled()

    for name, starts in (("下载 PDF", b"%PDF-"), ("下载 Excel", b"PK")):
        with technician.expect_download() as download:
            technician.get_by_role("link", name=name).click()
        assert Path(download.value.path()).read_bytes().startswith(starts)

    assert hung_up == []  # a download leaves the page connected
    settle(technician)
    technician.get_by_role("button", name="年度").click()
    expect(technician.get_by_text("计税收入")).to_be_visible()
    expect(technician.get_by_text("期末余额").locator("..")).to_contain_text(formats.yuan(owed, always_decimals=True))
    with technician.expect_download() as download:
        technician.get_by_role("link", name="下载 Excel").click()
    assert download.value.suggested_filename == "statement-2026.xlsx"
    technician.get_by_role("button", name="月份").click()
    expect(technician.get_by_role("button", name="下个月")).to_be_disabled()


def test_finance_takes_a_quarter_home_and_reads_a_technician_s_year(site: Site) -> None:
    finance = site.operator("finance")
    finance.goto("/operator/settlements/")
    finance.get_by_role("tab", name="税款").click()
    with finance.expect_download() as download:
        finance.get_by_role("row", name=re.compile("^2026-Q4")).get_by_role("link", name="下载 Excel").click()
    assert download.value.suggested_filename == "withheld-tax-2026-Q4.xlsx"
    assert Path(download.value.path()).read_bytes().startswith(b"PK")

    finance.goto(f"/operator/technicians/{site.database.read_now(acts.visitor_technician)}/")
    finance.get_by_role("button", name="年度").click()
    expect(finance.get_by_role("table", name="结算单").get_by_role("row", name=re.compile("^合计"))).to_be_visible()
