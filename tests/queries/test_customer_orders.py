"""What customers read of their orders: only their own, the code and the way only while they are of use, exact amounts."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlmodel import Session

from servicehub.domain.access import ANONYMOUS, Actor, Role
from servicehub.domain.order import OrderStatus, PaymentPlan
from servicehub.errors import NotAllowed, NotFound
from servicehub.models.order import Order
from servicehub.models.technician import Position, Technician
from servicehub.queries.customer import account, orders, payments
from servicehub.queries.customer.order import order_page
from servicehub.services import dispatching, fulfilment, refunds
from servicehub.services import orders as commands
from servicehub.viewmodels.customer.orders import OrderDetail
from servicehub.workflows import quoting
from tests import city, journey
from tests.journey import World

S = OrderStatus


def _page(world: World, order: Order) -> OrderDetail:
    return order_page(world.session, world.customer, order.no, locale="zh", now=world.now)


def test_an_unpaid_order_shows_its_countdown_and_offers_to_pay_and_to_cancel(session: Session) -> None:
    world = journey.build(session)
    order = world.book()
    world.later(minutes=5)
    page = _page(world, order)
    assert (page.status, page.status_text, page.seconds_left) == ("pending_payment", "待支付", 600)
    assert (page.actions.pay, page.actions.cancel, page.actions.reschedule) == (True, True, False)
    assert [(line.title, line.amount) for line in page.lines] == [("保洁", "¥100")]
    assert (page.total, page.due_text, page.code) == ("100", "¥100", "")


def test_the_owner_reads_the_address_and_a_masked_phone(session: Session) -> None:
    world = journey.build(session)
    page = _page(world, world.book(note="家里有猫", requirements=("pets",)))
    assert (page.area, page.detail) == ("一区 · 梧桐里花园", "3 号 502 室")
    assert page.contact == "林女士 199****0001"
    assert (page.requirements, page.note) == ("家有宠物", "家里有猫")


@pytest.mark.parametrize("stranger", ["other customer", "technician", "nobody"])
def test_nobody_else_reads_an_order_as_a_customer(session: Session, stranger: str) -> None:
    world = journey.build(session)
    order = world.accepted()
    actor = {
        "other customer": Actor(
            city.add_user(session, world.town, Role.CUSTOMER).id or 0, Role.CUSTOMER, world.town.city_id
        ),
        "technician": world.technician(order.technician_id),
        "nobody": ANONYMOUS,
    }[stranger]
    for read in (order_page, payments.pay_item, payments.outcome, orders.move_preview):
        with pytest.raises(NotFound):
            read(session, actor, order.no, locale="zh", now=world.now)
    with pytest.raises(NotFound):
        orders.review_form(session, actor, order.no, locale="zh")


def test_code_and_technician_are_shown_from_acceptance_until_the_start(session: Session) -> None:
    world = journey.build(session)
    order = world.book()
    world.pay(order)
    assert (_page(world, order).code, _page(world, order).has_technician) == ("", False)
    world.later(seconds=1)
    world.dispatch()
    assert not _page(world, order).has_technician, "nobody is named before he accepts"
    offer = world.offer(order)
    dispatching.accept(session, world.technician(offer.technician_id), offer.id or 0, now=world.now)
    page = _page(world, order)
    assert len(page.code.split()) == 4
    assert (page.has_technician, page.technician.title, page.sentence) == (True, "周某", "周师傅已接单")
    assert [step.state for step in page.steps] == ["ok", "now", "", "", ""]


def test_the_timeline_names_who_did_each_step_also_when_another_came_later(session: Session) -> None:
    world = journey.build(session)
    order = world.accepted()
    first = order.technician_id
    names = {first: "周师傅", next(t.technician_id for t in world.technicians if t.technician_id != first): "吴师傅"}
    for technician_id, name in names.items():
        session.get_one(Technician, technician_id).name = f"{name[0]}某"
    fulfilment.technician_cancel(
        session, world.technician(first), order.no, reason="unwell", now=world.later(minutes=1)
    )
    world.dispatch()
    offer = world.offer(order)
    dispatching.accept(session, world.technician(offer.technician_id), offer.id or 0, now=world.now)

    taken = [line.title for line in _page(world, order).log if line.title.endswith("已接单")]
    assert taken == ["吴师傅已接单", "周师傅已接单"]


def test_the_way_is_shown_between_departure_and_arrival_only(session: Session) -> None:
    world = journey.build(session)
    order = world.accepted()
    assert not _page(world, order).track.is_on
    actor = world.technician(order.technician_id)
    world.now = order.start_at - timedelta(minutes=30)
    fulfilment.depart(session, actor, order.no, now=world.now)
    assert _page(world, order).track.is_on
    lat, lng = city.north(2)
    session.add(Position(order_id=order.id, technician_id=order.technician_id, at=world.now, lat=lat, lng=lng))
    session.flush()
    way = _page(world, order).track
    assert way.text == "距您 2.0km · 约 9 分钟"
    assert [point["id"] for point in json.loads(way.points)] == ["home", "tech"]
    world.now = order.start_at
    fulfilment.arrive(session, actor, order.no, order.lat, order.lng, now=world.now)
    assert not _page(world, order).track.is_on


def test_the_buttons_are_what_the_machine_allows(session: Session) -> None:
    world = journey.build(session)
    order = world.accepted()
    assert (_page(world, order).actions.reschedule, _page(world, order).actions.cancel) == (True, True)
    finished = world.finished(start_at=world.town.local("2026-03-05 10:00"))
    actions = _page(world, finished).actions
    assert (actions.confirm, actions.dispute, actions.cancel, actions.review) == (True, True, False, False)
    commands.confirm(session, world.customer, finished.no, now=world.now)
    actions = _page(world, finished).actions
    assert (actions.confirm, actions.review, actions.rebook) == (False, True, True)


def test_a_deposit_is_asked_first_and_the_balance_afterwards(session: Session) -> None:
    world = journey.build(session, payment_plan=PaymentPlan.DEPOSIT, deposit_fen=3000)
    order = world.book()
    item = payments.pay_item(session, world.customer, order.no, locale="zh", now=world.now)
    assert (item.amount, item.is_due) == ("30", True)
    world.pay(order)
    assert not payments.pay_item(session, world.customer, order.no, locale="zh", now=world.now).is_due
    finished = world.finished(start_at=world.town.local("2026-03-05 10:00"))
    item = payments.pay_item(session, world.customer, finished.no, locale="zh", now=world.now)
    assert (item.amount, item.is_due, item.seconds_left) == ("70", True, 0)


def test_the_previewed_fee_is_the_charged_fee(session: Session) -> None:
    world = journey.without_free(journey.build(session))
    order = world.accepted()
    world.now = order.start_at - timedelta(hours=1)
    shown = quoting.cancel_terms(session, world.customer, order.no, locale="zh", now=world.now)
    assert (shown.paid, shown.fee, shown.refund, shown.is_free) == ("¥100", "¥20", "¥80", False)
    commands.cancel(
        session, world.customer, order.no, reason="行程有变", expected_refund_fen=shown.refund_fen, now=world.now
    )
    page = _page(world, order)
    assert page.status == "cancelled"
    assert [(line.title, line.amount) for line in page.payments] == [("全款", "¥100"), ("退款已提交", "−¥80")]
    assert page.log[0].sub.endswith("行程有变")


def test_tabs_hold_their_statuses_and_reviewed_orders_leave_theirs(session: Session) -> None:
    world = journey.build(session)
    unpaid = world.book()
    done = world.completed(start_at=world.town.local("2026-03-04 10:00"))
    counts = {tab: orders.count(session, world.customer, tab) for tab in orders.TABS}
    assert counts == {"all": 2, "pay": 1, "going": 0, "review": 1, "after": 0}
    shown = orders.cards(session, world.customer, "pay", locale="en", now=world.now)
    assert [(card.no, card.action, card.link) for card in shown] == [(unpaid.no, "pay", f"/pay/?o={unpaid.no}")]
    assert orders.cards(session, world.customer, "review", locale="en", now=world.now)[0].no == done.no


def test_messages_are_the_users_own(session: Session) -> None:
    world = journey.build(session)
    order = world.accepted()
    rows = account.messages(session, world.customer, locale="zh", now=world.now)
    assert rows[0].link == f"/orders/{order.no}/"
    assert account.unread(session, world.customer) == len(rows)
    assert account.messages(session, ANONYMOUS, locale="zh", now=world.now) == ()


def test_the_history_of_money_is_newest_first_and_ones_own(session: Session) -> None:
    world = journey.build(session)
    order = world.completed()
    refunds.request(session, order, 1_000, "goodwill", now=world.later(hours=1))

    back, *points, paid = payments.history(session, world.customer, locale="en", now=world.now)

    assert [(row.is_back, row.amount) for row in points] == [(True, "+100 points")]
    assert (back.is_back, back.amount, back.order_no) == (True, "+¥10", order.no)
    assert (paid.is_back, paid.amount, paid.title) == (False, "−¥100", "Cleaning")
    stranger = Actor(user_id=999_999, role=Role.CUSTOMER, city_id=world.town.city_id)
    assert payments.history(session, stranger, locale="en", now=world.now) == ()
    with pytest.raises(NotAllowed):
        payments.history(session, world.technicians[0], locale="en", now=world.now)
