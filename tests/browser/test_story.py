"""One order through all three faces, in three browsers, against the production build; each sees the others act without a reload."""

from __future__ import annotations

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from servicehub import crypto
from servicehub.db import Database
from servicehub.domain.order import OrderStatus
from servicehub.models.order import Order
from servicehub.models.technician import Technician
from servicehub.services import ledger
from servicehub.settings import Settings
from tests.browser.conftest import Site

pytestmark = pytest.mark.browser
MOST_TAPS = 6


class Taps:
    """Counts what a thumb does."""

    def __init__(self, page: Page) -> None:
        self.page, self.count = page, 0

    def on(self, name: str | re.Pattern[str], role: str = "button") -> None:
        self.count += 1
        self.page.get_by_role(role, name=name).locator("visible=true").first.click()  # type: ignore[arg-type]


def _database(site: Site) -> Database:
    return Database(Settings(data_dir=site.data, env="demo"))


def _visitor_technician(session: Session) -> int:
    return session.exec(select(Technician.id).order_by(Technician.id).limit(1)).one() or 0


def _order(session: Session, no: str) -> Order:
    return session.exec(select(Order).where(Order.no == no)).one()


def _book(customer: Page, start: str, taps: Taps) -> str:
    """From a service's page to the paid result; returns the order's number."""
    customer.goto(start)
    taps.on("选时间预约")
    taps.on(re.compile("^确认 "))
    customer.wait_for_url(re.compile("/book/"))
    taps.on("提交订单")
    customer.wait_for_url(re.compile("/pay/"))
    taps.on(re.compile("^确认支付"))
    taps.on("确认付款")
    expect(customer.get_by_text("支付成功").first).to_be_visible()
    found = re.search(r"o=(\d{16})", customer.url)
    assert found is not None
    return found.group(1)


def test_an_order_from_the_service_page_to_settled_and_reviewed(site: Site) -> None:
    database = _database(site)
    technician_id = database.read_now(_visitor_technician)
    customer, operator = site.customer(), site.operator()
    technician = site.technician(permissions=["geolocation"], geolocation={"latitude": 31.2, "longitude": 121.4})
    switch = technician.get_by_role("switch").first
    expect(switch).to_have_attribute("aria-checked", "false")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true")

    taps = Taps(customer)
    no = _book(customer, f"/s/cleaning-2h/?t={technician_id}", taps)
    assert taps.count + 1 <= MOST_TAPS, "with the tap on a card at home"
    operator.goto(f"/operator/orders/{no}/")
    expect(operator.get_by_text(no).first).to_be_visible()

    technician.get_by_role("button", name="接单", exact=True).first.click()
    expect(operator.get_by_text("已接单").first).to_be_visible()
    customer.goto(f"/orders/{no}/")
    expect(customer.get_by_text("已接单").first).to_be_visible()

    order = database.read_now(_order, no)
    assert order.technician_id == technician_id
    technician.context.set_geolocation({"latitude": order.lat, "longitude": order.lng})
    technician.goto(f"/technician/job/{no}/")
    technician.get_by_role("button", name="我已出发").click()
    expect(customer.get_by_text("已出发").first).to_be_visible()
    technician.get_by_role("button", name="我已到达").click()
    expect(customer.get_by_text("已到达").first).to_be_visible()

    code = crypto.decrypt(order.start_code_enc, "order.start_code")
    assert code in customer.locator("main").inner_text().replace(" ", "").replace("\n", "")
    technician.locator("form#start [name=code]").fill(code)
    technician.get_by_role("button", name="开始服务").click()
    expect(customer.get_by_text("服务中").first).to_be_visible()
    expect(operator.get_by_text("服务中").first).to_be_visible()

    _finish(site, technician, no)
    expect(customer.get_by_role("button", name="确认完成")).to_be_visible()

    customer.get_by_role("button", name="确认完成").click()
    customer.locator("dialog[open]").get_by_role("button", name="确认", exact=True).click()
    expect(operator.get_by_text("已完成").first).to_be_visible()
    customer.goto(f"/orders/{no}/review/")
    customer.get_by_role("button", name="发布评价").click()
    expect(customer.get_by_text("感谢").first).to_be_visible()

    assert database.read_now(ledger.verify) == []
    done = database.read_now(_order, no)
    assert done.status is OrderStatus.COMPLETED
    assert database.read_now(ledger.balance, ledger.escrow(done.id or 0)) == 0
    assert database.read_now(ledger.balance, ledger.pending(technician_id, done.id or 0)) > 0
    assert site.errors == []
    database.close()


def _finish(site: Site, technician: Page, no: str) -> None:
    """Photos, checklist, done."""
    for kind in ("before", "after"):
        _upload(site, technician, no, kind)
    technician.reload()
    boxes = technician.locator("main input[type=checkbox]")
    expect(boxes).to_have_count(3)
    for i in range(3):
        boxes.nth(i).check(force=True)
    technician.get_by_role("button", name="完成服务").first.click()
    technician.locator("dialog[open]").get_by_role("button", name=re.compile("完成")).click()


def _upload(site: Site, technician: Page, no: str, kind: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), (120, 170, 150)).save(out, "JPEG")
    picture = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}
    answer = technician.request.post(
        "/api/photos", multipart={"order": no, "kind": kind, "file": picture}, headers={"Origin": site.url}
    )
    assert answer.ok, answer.text()
