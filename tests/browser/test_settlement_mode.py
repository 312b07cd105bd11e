"""The settlement mode in browsers: read and a refused share tried again by operators, explained to a technician."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from sqlmodel import Session, select

from servicehub.db import Database
from servicehub.domain.sharing import ShareAnswer, ShareKind, ShareState
from servicehub.models.sharing import Share
from servicehub.services import shares
from servicehub.settings import Settings
from tests.browser import acts
from tests.browser.conftest import Served, Site, _serve, settle

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def partner(built: Path, browser: Browser) -> Iterator[Site]:
    """A city of its own whose customers pay a company."""
    own = built / "partner"
    own.mkdir(exist_ok=True)
    for path in [*own.glob("servicehub.db*"), *own.glob("gateway-sim/books.db*"), own / "seeding"]:
        path.unlink(missing_ok=True)
    (own / "frontend").unlink(missing_ok=True)
    (own / "frontend").symlink_to((built / "frontend").resolve())
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SERVICEHUB_SETTLEMENT_MODE", "partner")
        for url in _serve(own):
            database = Database(Settings(data_dir=own, env="demo"))
            yield Site(Served(url, own, database), browser)
            database.close()


def test_a_company_is_paid_a_share_is_refused_and_tried_again(partner: Site) -> None:
    customer, admin, technician = partner.customer(), partner.operator("admin"), partner.technician()
    technician_id = partner.database.read_now(acts.visitor_technician)
    no = acts.book_with(customer, technician_id)
    admin.goto("/operator/settlement-mode/")
    expect(admin.get_by_text("持牌机构").first).to_be_visible()
    expect(admin.get_by_role("row", name=no)).to_have_count(0)

    acts.serve(partner, no)
    customer.goto(f"/orders/{no}/")
    customer.get_by_role("button", name="确认完成").click()
    customer.locator("dialog[open]").get_by_role("button", name="确认", exact=True).click()
    rows = admin.get_by_role("row", name=no)
    expect(rows).to_have_count(2)  # the share and the rest: both wait until the payment is a minute old
    partner.database.write_now(_refuse)
    admin.reload()
    expect(admin.get_by_text("NO_AUTH")).to_be_visible()
    expect(admin.get_by_text("有 1 笔被渠道拒绝")).to_be_visible()

    rows.get_by_role("button", name="重试").click()
    admin.locator("dialog[open]").get_by_role("button", name="重试").click()
    expect(admin.locator("dialog[open]")).to_have_count(0)
    expect(admin.get_by_text("NO_AUTH")).to_have_count(0)
    settle(admin)

    technician.goto("/technician/withdraw/")
    expect(technician.get_by_text("客户把钱直接付给你所在的公司").first).to_be_visible()
    expect(technician.locator("#withdraw-form")).to_have_count(0)
    assert partner.errors == []


def _refuse(session: Session) -> None:
    share = session.exec(select(Share).where(Share.kind == ShareKind.SHARE)).one()
    assert shares.begin(session, share.no, now=share.created_at) is not None
    shares.record_result(session, share.no, ShareAnswer(ShareState.FAILED, "NO_AUTH"), now=share.created_at)
