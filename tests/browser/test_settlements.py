"""Settlement batches: finance opens the newest one, sees that the books agree, and takes it home."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect
from sqlmodel import Session, col, select

from servicehub.models.settlement import SettlementBatch
from servicehub.texts import formats
from tests.browser.conftest import Site, settle


def newest(session: Session) -> SettlementBatch:
    order = col(SettlementBatch.cut_off).desc(), col(SettlementBatch.id).desc()
    return session.exec(select(SettlementBatch).order_by(*order).limit(1)).one()


def test_finance_opens_a_batch_and_takes_it_home(site: Site) -> None:
    batch = site.database.read_now(newest)
    finance = site.operator("finance")
    finance.goto("/operator/settlements/")
    rows = finance.get_by_role("table", name="结算批次").get_by_role("row")
    expect(rows.nth(1)).to_contain_text(batch.no)

    finance.get_by_role("link", name=batch.no).click()
    expect(finance.get_by_role("heading", level=1)).to_contain_text(batch.no)
    expect(finance.get_by_text("与账本分录一致")).to_be_visible()
    expect(finance.get_by_text("合计").first.locator("..")).to_contain_text(
        formats.yuan(batch.net_fen, always_decimals=True)
    )
    earnings = finance.get_by_role("table", name="收入").get_by_role("row")
    expect(earnings).to_have_count(batch.earnings + 1)
    with finance.expect_download() as download:
        finance.get_by_role("link", name="下载 Excel").click()
    assert download.value.suggested_filename == f"settlement-{batch.no}.xlsx"
    assert Path(download.value.path()).read_bytes().startswith(b"PK")

    earnings.nth(1).get_by_role("link", name="追踪这笔钱").click()
    finance.wait_for_url(re.compile(r"/operator/ledger/\?q=\d{16}$"))
    settle(finance)
    finance.go_back()
    finance.get_by_role("link", name="全部批次").click()
    expect(rows.nth(1)).to_contain_text(batch.no)

    finance.goto("/operator/settlements/?batch=SB1")
    expect(finance.get_by_role("heading", name="没有这个批次")).to_be_visible()
