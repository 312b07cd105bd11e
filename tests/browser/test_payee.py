"""A withdrawal to WeChat in browsers: connected, approved, confirmed by its payee in both ways, or taken back."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, col, select

from servicehub.domain.withdrawal import WithdrawalStatus
from servicehub.models.withdrawal import Withdrawal
from servicehub.services import ledger
from tests.browser import acts
from tests.browser.acts import Taps
from tests.browser.conftest import Site, settle
from tests.browser.test_crawl import barriers, look
from tests.browser.test_scenes import BRIDGE, WECHAT_AGENT
from tests.city import NOW

pytestmark = pytest.mark.browser


def _earn(session: Session, technician_id: int) -> None:
    lines = {ledger.cash("bank"): 500_000, ledger.available(technician_id): -500_000}
    ledger.post(session, f"payee:{technician_id}", "payment", "story", lines, now=NOW)


def _days_ago(session: Session) -> None:
    """What other stories asked for counts for other days: a technician may ask so often a day."""
    for row in session.exec(select(Withdrawal)).all():
        row.created_at -= timedelta(days=2)
        session.add(row)


def newest(session: Session) -> Withdrawal:
    found = session.exec(select(Withdrawal).order_by(col(Withdrawal.id).desc())).first()
    assert found is not None
    return found


def connected(technician: Page) -> None:
    """At the page of withdrawals, to WeChat, which knows the technician."""
    technician.goto("/technician/withdraw/")
    technician.locator("label.opt").filter(has_text="微信零钱").click()
    link, known = technician.get_by_role("link", name="关联微信"), technician.get_by_text("已关联微信").first
    expect(link.or_(known).first).to_be_visible()
    if link.count():
        link.click()
        technician.wait_for_url(re.compile("/technician/withdraw/"))
        technician.locator("label.opt").filter(has_text="微信零钱").click()
    expect(known).to_be_visible()


def approved(site: Site, technician: Page, yuan: str) -> str:
    """Asked for, and said yes to; returns the number once WeChat waits for the payee."""
    site.database.write_now(_days_ago)
    technician.get_by_label("提现金额").fill(yuan)
    technician.get_by_role("button", name="提现", exact=True).click()
    expect(technician.get_by_text("审核中").first).to_be_visible()
    finance = site.operator("finance")
    finance.goto("/operator/withdrawals/")
    finance.get_by_role("button", name="通过", exact=True).first.click()
    finance.locator("dialog[open]").get_by_role("button", name="通过", exact=True).click()
    expect(finance.locator("dialog[open]")).to_have_count(0)
    expect(technician.get_by_text("待确认收款").first).to_be_visible()
    finance.reload()
    expect(finance.get_by_text("待确认收款").locator("visible=true").first).to_be_visible()
    finance.context.close()
    return site.database.read_now(newest).no


def test_connected_approved_and_confirmed(site: Site) -> None:
    database, technician = site.database, site.technician()
    who = database.read_now(acts.visitor_technician)
    database.write_now(_earn, who)
    before = database.read_now(ledger.balance, ledger.available(who))
    technician.goto("/technician/withdraw/")
    technician.locator("label.opt").filter(has_text="微信零钱").click()
    expect(technician.get_by_role("button", name="提现", exact=True)).to_be_disabled()
    Taps(technician).on("关联微信", role="link")
    technician.wait_for_url(re.compile("/technician/withdraw/"))
    technician.locator("label.opt").filter(has_text="微信零钱").click()
    expect(technician.get_by_text("已关联微信").first).to_be_visible()

    no = approved(site, technician, "88")
    assert (database.read_now(newest).status, database.read_now(newest).channel) == (
        WithdrawalStatus.CONFIRMING,
        "wechat",
    )
    Taps(technician).on("确认", role="link")
    technician.wait_for_url(re.compile(f"/technician/withdraw/confirm/.*{no}"))
    expect(technician.get_by_alt_text("请用微信扫码确认收款")).to_be_visible()
    settle(technician)
    path = f"/technician/withdraw/confirm/?no={no}"
    assert [*look(technician, path, "zh"), *barriers(technician, path)] == []
    Taps(technician).on("演示：在这里确认收款", role="link")
    Taps(technician).on(re.compile("^确认收款"))
    technician.wait_for_url(re.compile("/technician/withdraw/confirm/"))
    expect(technician.get_by_text("已到账").first).to_be_visible()
    assert database.read_now(newest).status is WithdrawalStatus.DONE
    assert database.read_now(ledger.balance, ledger.available(who)) == before - 8_800

    inside = site.technician(user_agent=WECHAT_AGENT)
    visited: list[str] = []
    inside.add_init_script(BRIDGE)
    inside.on("request", lambda request: visited.append(request.url))
    inside.goto("/technician/withdraw/")
    expect(inside.get_by_text("已关联微信").first).to_be_visible()  # the last one's channel is chosen
    no = approved(site, inside, "66")
    inside.goto(f"/technician/withdraw/confirm/?no={no}")
    expect(inside.locator("html[data-called]")).to_have_count(1)
    name, params = inside.evaluate("window.called")
    assert (name, set(params)) == ("requestMerchantTransfer", {"mchId", "appId", "package"})
    demo = inside.get_by_role("link", name="演示：在这里确认收款").get_attribute("href")
    inside.evaluate("window.answer('cancel')")
    inside.wait_for_url(re.compile("/technician/withdraw/$"))
    assert database.read_now(newest).status is WithdrawalStatus.CONFIRMING

    inside.goto(f"/technician/withdraw/confirm/?no={no}")
    expect(inside.locator("html[data-called]")).to_have_count(1)
    assert demo is not None
    assert httpx.post(demo, data={"do": "confirm"}, trust_env=False).status_code == 303
    inside.evaluate("window.answer('ok')")
    inside.wait_for_url(re.compile("/technician/withdraw/$"))
    expect(inside.get_by_text("已到账").first).to_be_visible()
    assert database.read_now(newest).status is WithdrawalStatus.DONE
    assert database.read_now(ledger.balance, ledger.available(who)) == before - 8_800 - 6_600
    assert database.read_now(ledger.verify) == []


def test_taken_back_while_it_waits(site: Site) -> None:
    database, technician = site.database, site.technician()
    who = database.read_now(acts.visitor_technician)
    database.write_now(_earn, who)
    before = database.read_now(ledger.balance, ledger.available(who))
    connected(technician)
    no = approved(site, technician, "50")
    technician.goto(f"/technician/withdraw/confirm/?no={no}")
    technician.get_by_role("button", name="撤回提现").click()
    technician.wait_for_url(re.compile("/technician/withdraw/$"))

    expect(technician.get_by_text("未确认退回").first).to_be_visible()
    assert database.read_now(newest).status is WithdrawalStatus.EXPIRED
    assert database.read_now(ledger.balance, ledger.available(who)) == before
    technician.goto(f"/technician/withdraw/confirm/?no={no}")
    expect(technician.get_by_text("未确认退回").first).to_be_visible()
    technician.goto("/en/technician/withdraw/confirm/")
    expect(technician.get_by_text("No withdrawal waits for you")).to_be_visible()
