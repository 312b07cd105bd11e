"""Orders through all three faces, in three browsers, against the production build; each sees the others act without a reload."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect
from sqlmodel import Session, col, select

from servicehub import crypto
from servicehub.domain.order import OrderStatus
from servicehub.models.audit import AuditEntry
from servicehub.models.dispatch import Occupancy, Offer
from servicehub.models.order import Order
from servicehub.models.payment import Refund, RefundStatus
from servicehub.services import ledger
from tests.browser import acts
from tests.browser.conftest import Site, settle

MOST_TAPS = 6
HERE = {"permissions": ["geolocation"], "geolocation": {"latitude": 31.2, "longitude": 121.4}}


def test_an_order_from_home_to_settled_and_reviewed(site: Site) -> None:
    database = site.database
    technician_id = database.read_now(acts.visitor_technician)
    customer, operator, technician = site.customer(), site.operator(), site.technician(**HERE)
    acts.go_online(technician)

    taps = acts.Taps(customer)
    customer.get_by_role("group", name="最快可约").get_by_role("link").first.click()
    customer.wait_for_url(re.compile("/s/"))
    taps.count += 1
    customer.goto(f"/s/cleaning-2h/?t={technician_id}")
    no = acts.book(customer, taps)
    assert taps.count <= MOST_TAPS
    operator.goto(f"/operator/orders/{no}/")
    expect(operator.get_by_text(no).first).to_be_visible()

    acts.accept(technician)
    expect(operator.get_by_text("已接单").first).to_be_visible()
    customer.goto(f"/orders/{no}/")
    expect(customer.get_by_text("已接单").first).to_be_visible()

    order = database.read_now(acts.order_of, no)
    assert order.technician_id == technician_id
    technician.context.set_geolocation({"latitude": order.lat, "longitude": order.lng})
    technician.goto(f"/technician/job/{no}/")
    technician.get_by_role("button", name="我已出发").click()
    expect(customer.get_by_text("已出发").first).to_be_visible()
    technician.get_by_role("button", name="我已到达").click()
    expect(customer.get_by_text("已到达").first).to_be_visible()

    code = crypto.decrypt(order.start_code_enc, "order.start_code")
    assert code in customer.locator("main").inner_text().replace(" ", "").replace("\n", "")
    technician.get_by_label("服务码").fill(code)
    technician.get_by_role("button", name="开始服务").click()
    expect(customer.get_by_text("服务中").first).to_be_visible()
    expect(operator.get_by_text("服务中").first).to_be_visible()

    acts.finish(site, technician, no)
    customer.get_by_role("button", name="确认完成").click()
    customer.locator("dialog[open]").get_by_role("button", name="确认", exact=True).click()
    expect(operator.get_by_text("已完成").first).to_be_visible()
    customer.goto(f"/orders/{no}/review/")
    customer.get_by_role("button", name="发布评价").click()
    expect(customer.get_by_text("感谢").first).to_be_visible()

    assert database.read_now(ledger.verify) == []
    done = database.read_now(acts.order_of, no)
    assert done.status is OrderStatus.COMPLETED
    assert database.read_now(ledger.balance, ledger.escrow(done.id or 0)) == 0
    assert database.read_now(ledger.balance, ledger.pending(technician_id, done.id or 0)) > 0


def test_a_declined_order_goes_to_somebody_else(site: Site) -> None:
    database = site.database
    first_id = database.read_now(acts.visitor_technician)
    customer, operator, first = site.customer(), site.operator(), site.technician(**HERE)
    acts.go_online(first)
    no = acts.book_with(customer, first_id)
    customer.goto(f"/orders/{no}/")
    operator.goto(f"/operator/orders/{no}/")
    expect(operator.get_by_text("派单中").first).to_be_visible()

    first.get_by_role("button", name="拒单").click()
    first.get_by_role("radio", name="距离太远").check()
    first.get_by_role("button", name="确认拒单").click()
    expect(first.get_by_role("button", name="确认拒单")).to_be_hidden()

    def asked_anew(session: Session) -> int:
        answer = acts.order_of(session, no)
        return answer.technician_id or 0 if answer.technician_id != first_id else 0

    second_id = acts.eventually(customer, database, asked_anew)
    offers = database.read_now(lambda s: [(o.technician_id, o.status) for o in s.exec(_offers(no))])
    assert [who for who, _ in offers] == [first_id, second_id]
    assert [status.value for _, status in offers] == ["declined", "open"]
    expect(operator.get_by_text("已拒单").first).to_be_visible()

    second = site.technician(database.read_now(acts.phone_of, second_id), **HERE)
    acts.accept(second)
    expect(customer.get_by_text("已接单").first).to_be_visible()
    expect(operator.get_by_text("已接单").first).to_be_visible()
    order = database.read_now(acts.order_of, no)
    assert (order.status, order.technician_id) == (OrderStatus.ACCEPTED, second_id)
    settle(first)
    assert no not in first.content()


def _offers(no: str) -> Any:
    return select(Offer).join(Order, col(Order.id) == col(Offer.order_id)).where(Order.no == no).order_by(col(Offer.id))


def _refunded(order_id: int | None) -> Any:
    return select(Refund).where(Refund.order_id == order_id, Refund.status == RefundStatus.SUCCEEDED)


def test_an_operator_cancels_and_the_money_goes_back(site: Site) -> None:
    database = site.database
    technician_id = database.read_now(acts.visitor_technician)
    customer, operator, technician = site.customer(), site.operator(), site.technician(**HERE)
    acts.go_online(technician)
    no = acts.book_with(customer, technician_id)
    acts.accept(technician)
    customer.goto(f"/orders/{no}/")
    expect(customer.get_by_text("已接单").first).to_be_visible()
    technician.goto(f"/technician/job/{no}/")
    expect(technician.get_by_role("button", name="我已出发")).to_be_visible()

    operator.goto(f"/operator/orders/{no}/")
    operator.get_by_role("button", name="取消订单").first.click()
    dialog = operator.locator("dialog[open]")
    dialog.get_by_role("button", name="取消订单").click()
    expect(dialog).to_be_visible()  # without a reason nothing happens
    assert database.read_now(acts.order_of, no).status is OrderStatus.ACCEPTED
    dialog.get_by_label("原因").fill("技师临时生病，无人可替")
    dialog.get_by_role("button", name="取消订单").click()

    expect(customer.get_by_text("已取消").first).to_be_visible()
    expect(customer.get_by_text("技师临时生病，无人可替").first).to_be_visible()
    expect(technician.get_by_role("button", name="我已出发")).to_have_count(0)
    expect(operator.get_by_text("已取消").first).to_be_visible()
    order = database.read_now(acts.order_of, no)

    refund = acts.eventually(customer, database, lambda s: s.exec(_refunded(order.id)).first())
    assert refund.amount_fen == order.total_fen
    assert database.read_now(ledger.balance, ledger.escrow(order.id or 0)) == 0
    assert database.read_now(ledger.verify) == []
    assert database.read_now(lambda s: s.exec(select(Occupancy).where(Occupancy.order_id == order.id)).all()) == []
    audited = database.read_now(
        lambda s: s.exec(select(AuditEntry).where(col(AuditEntry.reason).contains("临时生病"))).all()
    )
    assert len(audited) == 1


def test_an_operator_gives_an_order_to_somebody_else(site: Site) -> None:
    database = site.database
    first_id = database.read_now(acts.visitor_technician)
    customer, operator, first = site.customer(), site.operator("dispatch"), site.technician(**HERE)
    acts.go_online(first)
    no = acts.book_with(customer, first_id)
    acts.accept(first)
    customer.goto(f"/orders/{no}/")
    expect(customer.get_by_text("已接单").first).to_be_visible()
    first.goto(f"/technician/job/{no}/")
    expect(first.get_by_role("button", name="我已出发")).to_be_visible()

    operator.goto(f"/operator/dispatch/?order={no}")
    operator.get_by_role("button", name="改派").first.click()
    dialog = operator.locator("dialog[open]")
    dialog.get_by_label("原因").fill("客户希望换一位师傅")
    dialog.get_by_role("button", name="派单").click()

    expect(first.get_by_role("button", name="我已出发")).to_have_count(0)
    expect(customer.get_by_text("待接单").first).to_be_visible()
    order = database.read_now(acts.order_of, no)
    assert (order.status, order.technician_id != first_id) == (OrderStatus.ASSIGNED, True)
    second = site.technician(database.read_now(acts.phone_of, order.technician_id or 0), **HERE)
    acts.accept(second)
    expect(customer.get_by_text("已接单").first).to_be_visible()
    held = database.read_now(
        lambda s: s.exec(select(Occupancy.technician_id).where(Occupancy.order_id == order.id)).all()
    )
    assert set(held) == {order.technician_id}
    audited = database.read_now(
        lambda s: s.exec(select(AuditEntry).where(col(AuditEntry.reason).contains("换一位"))).all()
    )
    assert len(audited) == 1


def test_two_technicians_come_to_one_visit(site: Site) -> None:
    database, customer = site.database, site.customer()
    customer.goto("/s/deep-whole-home/")
    expect(customer.get_by_text("2 位技师").first).to_be_visible()
    no = acts.book(customer, acts.Taps(customer))
    customer.goto(f"/orders/{no}/")
    expect(customer.get_by_role("heading", name="上门人员")).to_be_visible()

    lead, companion = acts.eventually(customer, database, lambda s: _asked(s, no))
    people = [
        site.technician(database.read_now(acts.phone_of, o.technician_id or 0), **HERE) for o in (lead, companion)
    ]
    for page, order in zip(people, (lead, companion), strict=True):
        acts.accept(page)
        page.context.set_geolocation({"latitude": order.lat, "longitude": order.lng})
        page.goto(f"/technician/job/{order.no}/")
        expect(page.get_by_text("人同行").first).to_be_visible()
        page.get_by_role("button", name="我已出发").click()
        page.get_by_role("button", name="我已到达").click()
    expect(people[1].get_by_text("等待开始").first).to_be_visible()
    expect(people[1].get_by_label("服务码")).to_have_count(0)
    crew = customer.get_by_role("list", name="同行人员").get_by_role("listitem")
    expect(crew).to_have_count(2)
    expect(crew.nth(1)).to_contain_text("已到达")

    people[0].get_by_label("服务码").fill(crypto.decrypt(lead.start_code_enc, "order.start_code"))
    people[0].get_by_role("button", name="开始服务").click()
    expect(crew.nth(0)).to_contain_text("服务中")
    expect(crew.nth(1)).to_contain_text("服务中")
    expect(people[1].get_by_text("由带队技师拍照").first).to_be_visible()
    acts.finish(site, people[0], no)
    expect(crew.nth(1)).to_contain_text("待确认")


def test_a_second_service_is_done_in_the_same_visit(site: Site) -> None:
    customer = site.customer()
    customer.goto("/s/cleaning-2h/")
    group = customer.get_by_role("group", name="一次上门，多做一项", exact=True)
    expect(group).to_be_visible()
    bar = customer.locator("footer.cta")
    before = bar.inner_text()
    name = group.get_by_role("group").first.get_attribute("aria-label")
    assert name is not None
    group.get_by_role("button", name="增加").first.click()
    expect(group.get_by_role("status").first).not_to_have_text("0")
    expect(bar).not_to_have_text(before)

    taps = acts.Taps(customer)
    taps.on("选时间预约")
    customer.locator("label.day", has_text="明天").locator("visible=true").first.click()  # six hours: not tonight
    settle(customer)
    taps.on(re.compile("^确认 "))
    customer.wait_for_url(re.compile("/book/"))
    settle(customer)
    no = acts.pay(customer, taps)
    customer.goto(f"/orders/{no}/")
    expect(customer.get_by_text("另加 1 项").first).to_be_visible()
    expect(customer.get_by_text(name).first).to_be_visible()
    order = site.database.read_now(acts.order_of, no)
    assert len(order.further_ids) == 1


def _asked(session: Session, no: str) -> tuple[Order, Order] | None:
    """The lead's and the companion's order, once somebody is asked for each."""
    lead = acts.order_of(session, no)
    found = [lead, *session.exec(select(Order).where(Order.lead_id == lead.id))]
    return (found[0], found[1]) if [o.status for o in found] == [OrderStatus.ASSIGNED] * 2 else None


def test_an_order_of_the_hall_goes_to_the_best_claim(site: Site) -> None:
    first_id = site.database.read_now(acts.visitor_technician)
    customer, technician = site.customer(), site.technician(**HERE)
    acts.go_online(technician)
    no = acts.book_with(customer, first_id)
    site.database.write_now(acts.to_hall, no)

    technician.goto("/technician/offers/")
    technician.locator(f'article[data-order="{no}"]').get_by_role("button", name=re.compile("^抢单")).click()

    order = acts.eventually(
        technician, site.database, lambda s: (o := acts.order_of(s, no)).technician_id == first_id and o
    )
    assert order.status is OrderStatus.ACCEPTED
    expect(technician.get_by_text("抢单成功").or_(technician.get_by_text("已排入")).first).to_be_visible()


def test_an_order_is_dragged_onto_a_lane_that_may_have_it(site: Site) -> None:
    first_id = site.database.read_now(acts.visitor_technician)
    customer, operator, first = site.customer(), site.operator("dispatch"), site.technician(**HERE)
    acts.go_online(first)
    no = acts.book_with(customer, first_id)
    site.database.write_now(acts.to_hall, no)
    site.database.write_now(acts.somebody_away, no)

    operator.goto(f"/operator/dispatch/?order={no}")
    waits = operator.locator(f'.q[data-order="{no}"]')
    free, barred = operator.locator('.lane[data-may="1"]').first, operator.locator('.lane[data-may="0"]').first
    expect(waits).to_be_visible()
    expect(free).to_be_visible()
    expect(barred.locator(".why")).to_be_hidden()
    box = waits.bounding_box()
    assert box is not None
    operator.mouse.move(box["x"] + 20, box["y"] + 20)
    operator.mouse.down()
    operator.mouse.move(box["x"] + 60, box["y"] + 40, steps=5)
    expect(operator.locator("x-board[dragging]")).to_have_count(1)
    barred.hover()
    expect(barred.locator(".why")).to_be_visible()
    expect(barred.locator(".why")).not_to_have_text("")
    free.hover()
    free.hover()
    operator.mouse.up()
    dialog = operator.locator("dialog[open]")
    dialog.get_by_label("原因").fill("拖到空闲的人")
    dialog.get_by_role("button", name="派单").click()

    order = acts.eventually(
        operator, site.database, lambda s: (o := acts.order_of(s, no)).status is OrderStatus.ASSIGNED and o
    )
    assert order.technician_id is not None
