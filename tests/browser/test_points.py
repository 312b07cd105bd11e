"""Points in a browser: earned with a visit, spent beside WeChat and a coupon, back after a cancellation; the rules, changed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlmodel import Session, select

from servicehub.domain.money import BP
from servicehub.domain.payment import POINTS
from servicehub.models.customer import Coupon, CouponGrant, GrantStatus
from servicehub.models.order import Order
from servicehub.models.points import load_points_policy
from servicehub.services import ledger, points
from tests.browser import acts
from tests.browser.acts import Taps
from tests.browser.conftest import Site
from tests.browser.test_money import to_the_cashier
from tests.browser.test_wallet import kept_of
from tests.city import NOW

pytestmark = pytest.mark.browser


def coupon_of(session: Session, grant_id: int | None) -> GrantStatus:
    return session.exec(select(CouponGrant.status).where(CouponGrant.id == grant_id)).one()


def another_coupon(session: Session, customer_id: int) -> None:
    """Other stories may have used those that the customer had."""
    batch = session.exec(select(Coupon).where(Coupon.slug == "back-20")).one()
    own = select(CouponGrant).where(CouponGrant.coupon_id == batch.id, CouponGrant.customer_id == customer_id)
    number = len(session.exec(own).all()) + 1
    session.add(
        CouponGrant(
            coupon_id=batch.id or 0, customer_id=customer_id, number=number, status=GrantStatus.AVAILABLE, granted_at=NOW,
            expires_at=NOW + timedelta(days=3_650),
        )
    )  # fmt: skip


def most_points(session: Session, order: Order) -> int:
    """By the rules in force, which another story may have changed."""
    return order.total_fen * load_points_policy(session, order.city_id, order.created_at).most_bp // BP


def test_points_are_earned_spent_beside_wechat_with_a_coupon_and_come_back(site: Site) -> None:
    database, customer = site.database, site.customer()
    customer.goto("/s/cleaning-2h/")
    first = acts.book(customer, Taps(customer))
    owner = database.read_now(acts.order_of, first).customer_id
    account = ledger.tender(POINTS, owner)
    before = database.read_now(ledger.balance, account)
    acts.serve(site, first)
    customer.goto(f"/orders/{first}/")
    customer.get_by_role("button", name="确认完成").click()
    customer.locator("dialog[open]").get_by_role("button", name="确认", exact=True).click()
    expect(customer.locator("dialog[open]")).to_have_count(0)
    earned = database.read_now(acts.order_of, first).total_fen // 100
    customer.goto("/points/")
    expect(customer.get_by_text(f"+{earned}", exact=True).first).to_be_visible()
    expect(customer.get_by_text(f"{before + earned:,}", exact=True).first).to_be_visible()
    customer.goto("/me/payments/")
    expect(customer.get_by_text(f"+{earned} 积分").first).to_be_visible()

    database.write_now(another_coupon, owner)
    customer.goto("/s/cleaning-2h/")
    taps = Taps(customer)
    taps.on("选时间预约")
    taps.on(re.compile("^确认 "))
    customer.wait_for_url(re.compile("/book/"))
    taps.on("提交订单")
    customer.wait_for_url(re.compile(r"/pay/\?o="))
    no = re.search(r"o=(\d{16})", customer.url)
    assert no is not None
    order = database.read_now(acts.order_of, no[1])
    part = min(database.read_now(most_points, order), before + earned)
    assert order.coupon_grant_id is not None
    customer.locator("label.opt").filter(has_text="使用积分抵扣").click()
    expect(customer.get_by_text(f"使用 {part:,} 积分")).to_be_visible()
    to_the_cashier(customer)
    taps.on("确认付款")
    expect(customer.get_by_text("支付成功").first).to_be_visible()
    assert database.read_now(kept_of, order.id) == {"points": part, "wechat": order.total_fen - part}
    assert database.read_now(ledger.balance, account) == before + earned - part

    customer.goto(f"/orders/{order.no}/cancel/")
    expect(customer.get_by_text("其中退回积分")).to_be_visible()
    customer.get_by_role("button", name=re.compile("^确认取消")).click()
    customer.wait_for_url(re.compile(f"/orders/{order.no}/$"))
    expect(customer.get_by_text("退回积分").first).to_be_visible()
    customer.goto("/points/")
    expect(customer.get_by_text(f"+{part:,}", exact=True).first).to_be_visible()
    assert database.read_now(ledger.balance, account) == before + earned
    assert database.read_now(coupon_of, order.coupon_grant_id) is GrantStatus.AVAILABLE
    assert database.read_now(points.problems) == database.read_now(ledger.verify) == []


def test_an_administrator_changes_the_rules(site: Site) -> None:
    boss = site.operator("admin")
    boss.goto("/operator/commission/")
    boss.get_by_role("button", name="调整积分").click()
    dialog = boss.locator("dialog[open]")
    dialog.get_by_label("每单最多抵扣比例（%）").fill("30")
    dialog.get_by_label("原因").fill("双十二活动")
    dialog.get_by_role("button", name="启用").click()
    expect(boss.locator("dialog[open]")).to_have_count(0)
    expect(boss.get_by_text("30", exact=True).first).to_be_visible()

    customer = site.customer()
    customer.goto("/points/")
    expect(customer.get_by_text(re.compile("每单最多抵扣 30%"))).to_be_visible()
