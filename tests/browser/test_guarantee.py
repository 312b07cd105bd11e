"""A visit that is paid afterwards with an amount frozen at Alipay, in browsers: agreed to, served, taken by itself."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from servicehub.domain.guarantee import GuaranteeStatus
from servicehub.domain.order import OrderStatus
from servicehub.domain.payment import PaymentStatus
from servicehub.models.guarantee import Guarantee
from servicehub.models.order import Order
from servicehub.models.payment import Payment
from servicehub.services import ledger
from tests.browser import acts
from tests.browser.acts import Taps
from tests.browser.conftest import Site

pytestmark = pytest.mark.browser


def agree(customer: Page, word: str) -> str:
    """From the service's page to the platform's consent; returns the order's number."""
    customer.goto("/s/toilet/")
    taps = Taps(customer)
    taps.on("选时间预约")
    taps.on(re.compile("^确认 "))
    customer.wait_for_url(re.compile("/book/"))
    customer.locator("label.opt").filter(has_text=word).click()
    expect(customer.get_by_role("radio", name=re.compile(word))).to_be_checked()
    taps.on("提交订单")
    customer.wait_for_url(re.compile("/pay/"))
    found = re.search(r"o=(\d{16})", customer.url)
    assert found is not None
    taps.on("前往授权")
    expect(customer.get_by_text("演示页面").first).to_be_visible()
    return found[1]


def guarantees_of(session: Session, no: str) -> list[Guarantee]:
    mine = select(Guarantee).join(Order).where(Order.no == no).order_by(Guarantee.id)  # type: ignore[arg-type]
    return list(session.exec(mine))


@pytest.mark.parametrize("word", ["支付宝", "微信支付分"])
def test_frozen_served_and_taken_by_itself(site: Site, word: str) -> None:
    customer, database = site.customer(), site.database
    no = agree(customer, word)
    taps = Taps(customer)
    taps.on(re.compile("^拒绝"))
    customer.wait_for_url(re.compile(f"/orders/{no}/"))
    assert database.read_now(acts.order_of, no).status is OrderStatus.PENDING_PAYMENT

    taps.on("去授权", role="link")
    customer.locator("label.opt").filter(has_text="支付宝" if word != "支付宝" else "微信").click()
    taps.on("前往授权")
    taps.on(re.compile("^同意授权"))
    customer.wait_for_url(re.compile(f"/orders/{no}/"))
    expect(customer.get_by_text(re.compile("^已授权，最高")).first).to_be_visible()
    order = acts.eventually(customer, database, lambda s: taken_by_somebody(s, no))
    assert database.read_now(lambda s: s.exec(select(Payment).where(Payment.order_id == order.id)).all()) == []

    acts.begin(site, no)
    technician = site.technician(database.read_now(acts.phone_of, order.technician_id or 0))
    technician.goto(f"/technician/job/{no}/")
    acts.finish(site, technician, no)
    acts.eventually(customer, database, lambda s: guarantees_of(s, no)[-1].status is GuaranteeStatus.CAPTURED)

    kept = database.read_now(lambda s: s.exec(select(Payment).where(Payment.order_id == order.id)).one())
    assert (kept.status, kept.amount_fen) == (PaymentStatus.KEPT, order.total_fen)
    assert database.read_now(acts.order_of, no).status is OrderStatus.AWAITING_CONFIRM
    assert database.read_now(ledger.balance, ledger.escrow(order.id or 0)) == order.total_fen
    customer.goto(f"/orders/{no}/")
    expect(customer.get_by_text(re.compile("^已扣款")).first).to_be_visible()
    customer.goto("/me/payments/")
    expect(customer.get_by_text(re.compile("已扣款")).first).to_be_visible()


def taken_by_somebody(session: Session, no: str) -> Order | None:
    order = acts.order_of(session, no)
    return order if order.technician_id and order.status is OrderStatus.ASSIGNED else None
