"""Money in browsers: walked away from and paid otherwise, taken out with two people's yes, reconciled to the fen."""

from __future__ import annotations

import json
import re
import sqlite3

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import Session, select

from servicehub.domain.order import OrderStatus
from servicehub.domain.payment import PaymentStatus
from servicehub.domain.withdrawal import WithdrawalStatus
from servicehub.models.payment import Payment
from servicehub.models.withdrawal import Withdrawal
from servicehub.services import ledger, reconciliation
from servicehub.texts import formats
from tests.browser import acts
from tests.browser.acts import Taps
from tests.browser.conftest import Site
from tests.city import NOW

pytestmark = pytest.mark.browser


def to_the_cashier(customer: Page, *, method: str = "", amount: str = "") -> None:
    button = customer.get_by_role("button", name=re.compile(f"^确认支付 ?{amount}"))
    expect(button).to_be_visible()  # of this payment, not of one that the page has shown before
    if method:
        customer.get_by_role("radio", name=method).check(force=True)
    button.click()
    expect(customer.get_by_text("演示收银台").first).to_be_visible()


def test_a_payment_that_fails_is_paid_with_something_else(site: Site) -> None:
    customer, database = site.customer(), site.database
    customer.goto("/s/cleaning-2h/")
    taps = Taps(customer)
    taps.on("选时间预约")
    taps.on(re.compile("^确认 "))
    customer.wait_for_url(re.compile("/book/"))
    taps.on("提交订单")
    customer.wait_for_url(re.compile("/pay/"))
    to_the_cashier(customer)
    assert "/cashier/wechat" in customer.url
    taps.on("让它失败")
    expect(customer.get_by_role("alert")).to_contain_text("付款没有成功")
    taps.on("暂不付款")
    expect(customer.get_by_text("支付结果确认中").first).to_be_visible()

    taps.on("还没付款？重新选择", role="link")
    to_the_cashier(customer, method="支付宝")
    assert "/cashier/alipay" in customer.url
    taps.on("确认付款")

    expect(customer.get_by_text("支付成功").first).to_be_visible()
    found = re.search(r"o=(\d{16})", customer.url)
    assert found is not None
    order = database.read_now(acts.order_of, found[1])
    assert order.status is not OrderStatus.PENDING_PAYMENT
    payments = database.read_now(lambda s: s.exec(select(Payment).where(Payment.order_id == order.id)).all())
    kept = {p.method: p.amount_fen for p in payments if p.status is PaymentStatus.KEPT}
    assert kept == {"alipay": order.first_due_fen}
    assert database.read_now(ledger.balance, ledger.escrow(order.id or 0)) == order.first_due_fen


def test_the_page_is_closed_while_the_payment_is_under_way(site: Site) -> None:
    """The customer has paid, sees nothing of it, and comes back later; the platform's message never came."""
    customer, database = site.customer(), site.database
    customer.goto("/s/cleaning-2h/")
    taps = Taps(customer)
    taps.on("选时间预约")
    taps.on(re.compile("^确认 "))
    customer.wait_for_url(re.compile("/book/"))
    taps.on("提交订单")
    customer.wait_for_url(re.compile("/pay/"))
    found = re.search(r"o=(\d{16})", customer.url)
    assert found is not None
    to_the_cashier(customer)
    control = customer.url.partition("/cashier/")[0] + "/control"
    assert customer.request.post(f"{control}/faults", data={"hold": True}).ok
    try:
        assert customer.request.post(customer.url, form={"do": "pay"}, max_redirects=0).status == 303
        context = customer.context
        customer.close()
        assert database.read_now(acts.order_of, found[1]).status is OrderStatus.PENDING_PAYMENT

        back = context.new_page()
        back.goto(f"{site.url}/pay/?o={found[1]}")
        acts.eventually(back, database, lambda s: acts.order_of(s, found[1]).status is not OrderStatus.PENDING_PAYMENT)
        back.goto(f"{site.url}/orders/{found[1]}/")
        expect(back.get_by_text("待支付")).to_have_count(0)
    finally:
        back.request.post(f"{control}/faults", data={"hold": False})
        back.request.post(f"{control}/release")
    order = database.read_now(acts.order_of, found[1])
    kept = database.read_now(payments_of, order.id)
    assert kept == {"full": order.total_fen}
    assert database.read_now(ledger.balance, ledger.escrow(order.id or 0)) == order.total_fen


def test_a_deposit_the_balance_a_tip_and_a_part_back(site: Site) -> None:
    database = site.database
    customer = site.customer()
    customer.goto(f"/s/tap/?t={database.read_now(acts.technician_with, 'repair')}")
    no = acts.book(customer, Taps(customer))
    order = database.read_now(acts.order_of, no)
    assert 0 < order.first_due_fen < order.total_fen
    assert database.read_now(payments_of, order.id) == {"deposit": order.first_due_fen}

    acts.serve(site, no)
    customer.goto(f"/orders/{no}/")
    customer.get_by_role("link", name=re.compile("^支付尾款")).first.click()
    to_the_cashier(customer, method="支付宝", amount=formats.yuan(order.total_fen - order.first_due_fen))
    Taps(customer).on("确认付款")
    expect(customer.get_by_text("支付成功").first).to_be_visible()
    assert sum(database.read_now(payments_of, order.id).values()) == order.total_fen

    customer.goto(f"/orders/{no}/")
    customer.get_by_role("button", name="确认完成").click()
    customer.locator("dialog[open]").get_by_role("button", name="确认", exact=True).click()
    customer.get_by_role("link", name="¥10", exact=True).click()
    to_the_cashier(customer, amount="¥10$")
    Taps(customer).on("确认付款")
    expect(customer.get_by_text("打赏已全部给到").first).to_be_visible()
    assert database.read_now(payments_of, order.id)["tip"] == 1_000
    customer.goto(f"/orders/{no}/")
    expect(customer.get_by_text("打赏", exact=True).first).to_be_visible()
    expect(customer.get_by_text("打赏感谢")).to_have_count(0)

    finance = site.operator("finance")
    finance.goto(f"/operator/orders/{no}/")
    finance.get_by_role("button", name="退款").first.click()
    dialog = finance.locator("dialog[open]")
    dialog.get_by_role("button", name="按明细").click()
    dialog.locator("label.opt").first.click()
    expect(dialog.get_by_text(re.compile("^退回 ¥"))).to_be_visible()
    dialog.get_by_role("button", name="关闭").click()
    finance.get_by_role("button", name="退款").first.click()
    expect(dialog.get_by_text(re.compile("^退回 ¥"))).to_have_count(0)
    expect(dialog.locator("label.opt input:checked")).to_have_count(0)  # what was ticked before is forgotten here, too
    dialog.get_by_role("button", name="按金额").click()
    dialog.get_by_label(re.compile("退款金额")).fill("12.34")
    expect(dialog.get_by_text(re.compile("^退回 ¥12.34，剩余已付"))).to_be_visible()
    expect(dialog.get_by_text("师傅本单待到期收入")).to_be_visible()
    dialog.get_by_label("原因").fill("迟到补偿")
    dialog.get_by_role("button", name="退款").click()
    expect(finance.locator("dialog[open]")).to_have_count(0)
    customer.goto("/me/payments/")
    expect(customer.get_by_text("+¥12.34").first).to_be_visible()
    assert database.read_now(ledger.verify) == []


def payments_of(session: Session, order_id: int | None) -> dict[str, int]:
    """What was kept, by what it was for."""
    kept = select(Payment).where(Payment.order_id == order_id, Payment.status == PaymentStatus.KEPT)
    return {payment.item.value: payment.amount_fen for payment in session.exec(kept)}


def _earn(session: Session, technician_id: int) -> None:
    lines = {ledger.cash("bank"): 500_000, ledger.available(technician_id): -500_000}
    ledger.post(session, f"story:{technician_id}", "payment", "story", lines, now=NOW)


def test_a_large_withdrawal_needs_two_people(site: Site) -> None:
    database = site.database
    technician_id = database.read_now(acts.visitor_technician)
    database.write_now(_earn, technician_id)
    technician, finance, admin = site.technician(), site.operator("finance"), site.operator("admin")
    before = database.read_now(ledger.balance, ledger.available(technician_id))
    technician.goto("/technician/withdraw/")
    technician.get_by_label("提现金额").fill("2500")
    technician.get_by_label("支付宝账户").fill("199 0000 0002")
    technician.get_by_role("button", name="提现", exact=True).click()
    expect(technician.get_by_text("审核中").first).to_be_visible()

    for operator in finance, admin:
        operator.goto("/operator/withdrawals/")
        operator.get_by_role("button", name="通过", exact=True).first.click()
        operator.locator("dialog[open]").get_by_role("button", name="通过", exact=True).click()
        expect(operator.locator("dialog[open]")).to_have_count(0)
        if operator is finance:
            expect(finance.get_by_text("已同意").first).to_be_visible()
            expect(finance.get_by_role("button", name="通过", exact=True).locator("visible=true")).to_have_count(0)

    expect(technician.get_by_text("已到账").first).to_be_visible()
    made = database.read_now(lambda s: s.exec(select(Withdrawal)).one())
    assert (made.status, made.amount_fen, made.channel) == (WithdrawalStatus.DONE, 250_000, "alipay")
    assert {made.first_by, made.second_by} != {None}
    assert database.read_now(ledger.balance, ledger.available(technician_id)) == before - 250_000
    assert database.read_now(ledger.verify) == []


def test_a_rejected_withdrawal_comes_back_with_its_reason(site: Site) -> None:
    database = site.database
    technician_id = database.read_now(acts.visitor_technician)
    database.write_now(_earn, technician_id)
    technician, finance = site.technician(), site.operator("finance")
    before = database.read_now(ledger.balance, ledger.available(technician_id))
    technician.goto("/technician/withdraw/")
    technician.get_by_label("提现金额").fill("100")
    technician.get_by_label("支付宝账户").fill("199 0000 0002")
    technician.get_by_role("button", name="提现", exact=True).click()
    expect(technician.get_by_text("审核中").first).to_be_visible()
    assert database.read_now(ledger.balance, ledger.available(technician_id)) == before - 10_000

    finance.goto("/operator/withdrawals/")
    finance.get_by_role("button", name="驳回", exact=True).first.click()
    dialog = finance.locator("dialog[open]")
    dialog.get_by_role("button", name="驳回", exact=True).click()
    expect(dialog).to_be_visible()  # without a reason nothing happens
    dialog.get_by_label("原因").fill("请先更新身份证")
    dialog.get_by_role("button", name="驳回", exact=True).click()

    expect(technician.get_by_text("请先更新身份证").first).to_be_visible()
    assert database.read_now(ledger.balance, ledger.available(technician_id)) == before


def _alter(site: Site, no: str, fen: int) -> None:
    """The platform's books say another amount than was paid."""
    books = sqlite3.connect(site.served.data / "gateway-sim" / "books.db")
    with books:
        (body,) = books.execute("SELECT body FROM document WHERE kind = 'wechat' AND no = ?", (no,)).fetchone()
        changed = json.dumps(json.loads(body) | {"total": fen})
        books.execute("UPDATE document SET body = ? WHERE kind = 'wechat' AND no = ?", (changed, no))
    books.close()


def test_a_difference_to_the_bill_is_worked_to_zero(site: Site) -> None:
    database = site.database
    customer = site.customer()
    order_no = acts.book_with(customer, database.read_now(acts.visitor_technician))
    order = database.read_now(acts.order_of, order_no)
    paid = database.read_now(lambda s: s.exec(select(Payment).where(Payment.order_id == order.id)).one())
    assert paid.paid_at is not None
    _alter(site, paid.no, paid.amount_fen - 100)
    finance, admin = site.operator("finance"), site.operator("admin")

    finance.goto("/operator/reconciliation/")
    finance.get_by_label("日期").fill(reconciliation.day_of(paid.paid_at).isoformat())
    finance.get_by_role("button", name="拉取账单").click()
    expect(finance.get_by_text("待处理").first).to_be_visible()
    expect(finance.get_by_text(paid.no).first).to_be_visible()
    expect(finance.get_by_role("button", name="日结")).to_have_count(0)
    finance.get_by_role("button", name="说明原因").first.click()
    dialog = finance.locator("dialog[open]")
    dialog.get_by_label("原因").fill("渠道少结 1 元，已提工单")
    dialog.get_by_role("button", name="提交复核").click()
    expect(dialog).to_have_count(0)
    expect(finance.get_by_role("button", name="复核通过").locator("visible=true")).to_have_count(0)

    admin.goto("/operator/reconciliation/")
    admin.get_by_role("button", name="复核通过").first.click()
    dialog = admin.locator("dialog[open]")
    dialog.get_by_role("button", name="复核通过").click()
    expect(dialog).to_have_count(0)
    expect(admin.get_by_text("当日每一分钱均已核对").first).to_be_visible()
    admin.get_by_role("button", name="日结").first.click()
    dialog = admin.locator("dialog[open]")
    dialog.get_by_role("button", name="日结").click()
    expect(dialog).to_have_count(0)

    expect(admin.get_by_text("已日结").first).to_be_visible()
    assert database.read_now(ledger.balance, ledger.suspense("wechat")) == 100
    assert database.read_now(ledger.verify) == []
