"""Cancellation terms by category, and the free late cancellations of a month: previewed, taken once, raced."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from servicehub.db.database import Database
from servicehub.domain.access import SYSTEM, Actor, OperatorRole
from servicehub.domain.cancellation import CancelQuote
from servicehub.domain.order import OrderStatus
from servicehub.errors import (
    Invalid,
    NotAllowed,
    NotFound,
    PolicyChanged,
    PriceChanged,
    ReasonMissing,
    SlotUnavailable,
    TooEarly,
)
from servicehub.models.cancellation import FreeCancellation
from servicehub.models.catalog import Category, Policy
from servicehub.models.order import Order, OrderLog
from servicehub.queries.customer.order import order_page
from servicehub.queries.customer.rules import cancellation_rules, legal
from servicehub.services import fulfilment, ledger, orders, policies, settlements
from servicehub.services.chronicle import PastOrder, import_orders
from servicehub.workflows.quoting import cancel_terms
from tests import city, journey
from tests.city import NOW
from tests.crowd import at_once
from tests.journey import World

FEE = 2_000


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def adopt(world: World, base: int = 1, actor: Actor | None = None, note: str = "旺季", **terms: Any) -> int:
    return policies.adopt_cancellation(
        world.session, actor or journey.operator(world), terms, base=base, note=note, now=world.now
    )


def late(world: World, day: str = "2026-03-03") -> Order:
    """An accepted order, an hour before its visit."""
    order = world.accepted(start_at=world.town.local(f"{day} 14:00"))
    world.now = order.start_at - timedelta(hours=1)
    return order


def cancel(world: World, order: Order, **shown: Any) -> CancelQuote:
    """As the page does it: on the terms that were looked at."""
    terms = orders.cancel_preview(world.session, world.customer, order.no, now=world.now)
    asked = {"expected_refund_fen": terms.refund_fen, "expected_rule": terms.rule} | shown
    return orders.cancel(world.session, world.customer, order.no, reason="", now=world.now, **asked)


def taken(session: Session) -> list[tuple[str, int, int]]:
    rows = session.exec(select(FreeCancellation).order_by(col(FreeCancellation.month), col(FreeCancellation.n)))
    return [(row.month, row.n, row.order_id) for row in rows]


def test_the_first_late_one_of_a_month_is_free_and_the_second_pays(world: World) -> None:
    first, second = late(world), late(world, "2026-03-04")

    assert cancel(world, first) == CancelQuote(0, 10_000, 0, 0, "late_free")
    assert cancel(world, second) == CancelQuote(FEE, 8_000, FEE, 0, "late")

    assert taken(world.session) == [("2026-03", 1, first.id)]
    assert settlements.of_order(world.session, first.id or 0) is None
    assert ledger.balance(world.session, f"refund_due:{first.id}") == 10_000
    assert ledger.verify(world.session) == []


def test_a_new_month_of_the_city_begins_anew(world: World) -> None:
    world.now = world.town.local("2026-03-29 10:00")
    late_in_march, in_april = late(world, "2026-03-31"), late(world, "2026-04-01")
    world.now = late_in_march.start_at - timedelta(hours=1)
    assert cancel(world, late_in_march).rule == "late_free"
    world.now = in_april.start_at - timedelta(hours=1)
    assert cancel(world, in_april).rule == "late_free"

    assert [month for month, _n, _order in taken(world.session)] == ["2026-03", "2026-04"]


def test_each_customer_has_his_own(world: World) -> None:
    cancel(world, late(world))
    other = city.add_user(world.session, world.town, city.Role.CUSTOMER)
    order = late(world, "2026-03-04")
    order.customer_id = other.id or 0
    world.session.flush()
    world.customer = Actor(user_id=other.id or 0, role=city.Role.CUSTOMER, city_id=world.town.city_id)

    assert cancel(world, order).rule == "late_free"


def test_a_free_one_that_was_used_up_meanwhile_is_shown_before_it_is_charged(world: World) -> None:
    first, second = late(world), late(world, "2026-03-04")
    shown = orders.cancel_preview(world.session, world.customer, second.no, now=world.now)
    assert shown.rule == "late_free"
    cancel(world, first)

    with pytest.raises(PriceChanged):
        cancel(world, second, expected_refund_fen=shown.refund_fen, expected_rule=shown.rule)

    world.session.refresh(second)
    assert (second.status, len(taken(world.session))) == (OrderStatus.ACCEPTED, 1)
    assert cancel(world, second).fee_fen == FEE


def test_a_free_one_is_not_used_up_by_who_saw_another_free_rule(world: World) -> None:
    order = late(world)
    world.now = order.start_at - timedelta(hours=4)
    shown = orders.cancel_preview(world.session, world.customer, order.no, now=world.now)
    assert (shown.fee_fen, shown.rule) == (0, "ample_notice")
    world.later(hours=2)

    with pytest.raises(PriceChanged), world.session.begin_nested():
        cancel(world, order, expected_refund_fen=shown.refund_fen, expected_rule=shown.rule)

    assert taken(world.session) == []
    assert order.status is OrderStatus.ACCEPTED
    assert cancel(world, order).rule == "late_free"


def test_who_saw_a_fee_may_have_it_for_nothing(world: World) -> None:
    assert cancel(world, late(world), expected_refund_fen=8_000, expected_rule="late").rule == "late_free"


def test_moving_is_no_way_around_the_fee(world: World) -> None:
    order = late(world)

    with pytest.raises(SlotUnavailable):
        orders.reschedule(world.session, world.customer, order.no, world.town.local("2026-03-05 14:00"), now=world.now)
    assert cancel(world, order).rule == "late_free"


def test_once_the_technician_has_set_out_nothing_is_free(world: World) -> None:
    order = late(world)
    world.now = order.start_at - timedelta(minutes=30)
    fulfilment.depart(world.session, world.technician(order.technician_id), order.no, now=world.now)

    assert cancel(world, order).rule == "departed"
    assert taken(world.session) == []


def test_a_category_decides_how_many_and_all_count_together(world: World) -> None:
    massage = Category(city_id=world.town.city_id, slug="massage", name_zh="按摩", name_en="Massage")
    world.session.add(massage)
    world.session.flush()
    adopt(world, free_per_month=1, by_category={"massage": {"free_per_month": 3, "late_bp": 5000}})
    numbers = [late(world, f"2026-03-{day:02}") for day in range(3, 7)]
    for order in numbers[:3]:
        order.category_id = massage.id or 0
    world.session.flush()
    world.now = numbers[0].start_at - timedelta(hours=1)

    rules = []
    for order in (numbers[0], numbers[3], numbers[1], numbers[2]):
        world.now = order.start_at - timedelta(hours=1)
        rules.append((cancel(world, order).rule, orders_fee(world, order)))
    assert rules == [("late_free", 0), ("late", FEE), ("late_free", 0), ("late_free", 0)]


def orders_fee(world: World, order: Order) -> int:
    found = settlements.of_order(world.session, order.id or 0)
    return found.net_fen if found else 0


def test_an_order_keeps_the_terms_of_its_version_and_category(world: World) -> None:
    before = late(world)
    adopt(world, late_bp=5000, free_per_month=0, by_category={"daily": {"late_bp": 4000, "technician_bp": 7500}})
    after = late(world, "2026-03-04")

    assert cancel(world, after) == CancelQuote(4_000, 6_000, 3_000, 1_000, "late")
    world.now = before.start_at - timedelta(hours=1)
    assert cancel(world, before).rule == "late_free"


def test_orders_by_a_document_from_before_pay_as_before(world: World) -> None:
    old = world.session.get_one(Policy, world.town.policy_id)
    terms = {name: n for name, n in old.document["cancellation"].items() if name != "free_per_month"}
    old.document = old.document | {"cancellation": terms}
    world.session.flush()

    assert cancel(world, late(world)).fee_fen == FEE


def test_how_often_a_visit_moves_and_how_long_a_technician_waits_are_terms(world: World) -> None:
    adopt(world, reschedule_limit=1, by_category={"daily": {"wait_minutes": 40}})
    order = world.accepted()
    orders.reschedule(world.session, world.customer, order.no, world.town.local("2026-03-05 14:00"), now=world.now)
    with pytest.raises(Invalid):
        orders.reschedule(world.session, world.customer, order.no, world.town.local("2026-03-06 14:00"), now=world.now)
    actor = world.technician(order.technician_id)
    world.now = order.start_at - timedelta(minutes=30)
    fulfilment.depart(world.session, actor, order.no, now=world.now)
    world.now = order.start_at
    fulfilment.arrive(world.session, actor, order.no, order.lat, order.lng, now=world.now)

    with pytest.raises(TooEarly):
        fulfilment.customer_no_show(world.session, actor, order.no, now=world.now + timedelta(minutes=39))
    fulfilment.customer_no_show(world.session, actor, order.no, now=world.now + timedelta(minutes=40))


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_the_customer_reads_it_before_on_the_page_and_in_the_timeline(world: World, locale: Any) -> None:
    first, second = late(world), late(world, "2026-03-04")
    world.now = first.start_at - timedelta(hours=1)
    words = {
        "zh": (
            "临近上门取消，使用本月免费次数",
            "计入免费次数：本月下一次临近上门取消，此类订单将收取 20%，最高 ¥50。",
            "本月免费的临近上门取消次数已用完。",
        ),
        "en": (
            "Short notice, one of the month's free ones",
            "It counts: the next one at short notice this month costs 20% for such an order, at most ¥50.",
            "You have used the free ones at short notice of this month.",
        ),
    }[locale]  # fmt: skip
    shown = cancel_terms(world.session, world.customer, first.no, locale=locale, now=world.now)
    assert (shown.is_free, shown.fee, shown.rule, shown.allowance) == (True, "¥0", *words[:2])
    cancel(world, first)
    world.now = second.start_at - timedelta(hours=1)
    shown = cancel_terms(world.session, world.customer, second.no, locale=locale, now=world.now)
    assert (shown.is_free, shown.fee, shown.allowance) == (False, "¥20", words[2])

    page = order_page(world.session, world.customer, first.no, locale=locale, now=world.now)
    assert page.log[0].sub.endswith(words[0])
    logged = world.session.exec(select(OrderLog).where(OrderLog.order_id == first.id, OrderLog.event == "cancel")).one()
    assert logged.data == {"fee_fen": 0, "refund_fen": 10_000, "rule": "late_free"}


def test_the_table_is_that_of_the_category_and_the_document_names_what_differs(world: World) -> None:
    world.session.add(Category(city_id=world.town.city_id, slug="deep", name_zh="深度保洁", name_en="Deep cleaning"))
    adopt(
        world,
        free_per_month=2,
        by_category={"daily": {"late_bp": 1250, "late_cap_fen": 3000}, "deep": {"free_per_month": 0}},
    )
    item = world.session.get_one(city.ServiceItem, world.town.item_id)
    asked = {"locale": "en", "now": world.now}

    table = cancellation_rules(world.session, world.customer, item.slug, **asked)  # type: ignore[arg-type]
    assert "Less than 3 h before the visit: 12.5%, at most ¥30" in table
    assert [row for row in table if "first 2" in row] == [
        "Of these short-notice cancellations, the first 2 of a calendar month are free, over all your orders"
    ]
    doc = legal(world.session, world.customer, "cancellation", **asked)  # type: ignore[arg-type]
    assert [(row.title, row.text) for row in doc.rules if row.title] == [
        ("Cleaning", "Less than 3 h before the visit: 12.5%, at most ¥30"),
        ("Deep cleaning", "No cancellation at short notice is free"),
    ]
    assert "Less than 3 h before the visit: 20%, at most ¥50" in [row.text for row in doc.rules]


@pytest.mark.parametrize("role", [role for role in OperatorRole if role is not OperatorRole.ADMIN])
def test_nobody_but_administrators_adopts(world: World, role: OperatorRole) -> None:
    with pytest.raises(NotAllowed):
        adopt(world, actor=journey.operator(world, role))
    for actor in (world.customer, world.technicians[0]):
        with pytest.raises(NotAllowed):
            adopt(world, actor=actor)
    assert policies.newest_version(world.session, world.town.city_id, "order") == 1


def test_stale_bases_missing_reasons_and_unknown_categories_are_refused(world: World) -> None:
    with pytest.raises(ReasonMissing):
        adopt(world, note=" ")
    for wrong in ({"by_category": {"spa": {"late_bp": 1}}}, {"late_bp": 10_001}):
        with pytest.raises(Invalid):
            adopt(world, **wrong)
    adopt(world, late_bp=2500)
    with pytest.raises(PolicyChanged):
        adopt(world, late_bp=2600)
    assert policies.newest_version(world.session, world.town.city_id, "order") == 2


def test_only_the_cancellation_changes_and_commission_keeps_it(world: World) -> None:
    before = world.session.get_one(Policy, world.town.policy_id).document
    adopt(world, late_bp=2500, free_per_month=1, by_category={"daily": {"free_per_month": 0}})
    admin = journey.operator(world)
    policies.adopt_commission(world.session, admin, {"rules": []}, base=2, note="x", now=world.now)
    second, third = (policies.in_force(world.session, world.town.city_id, "order", world.now), 3)

    assert second.version == third
    assert {k: second.document[k] for k in ("fees", "settlement")} == {k: before[k] for k in ("fees", "settlement")}
    assert second.document["cancellation"]["late_bp"] == 2500
    assert second.document["cancellation"]["by_category"] == {"daily": {"free_per_month": 0}}


def test_a_past_that_was_taken_over_has_used_its_free_ones(world: World) -> None:
    def past(day: int) -> PastOrder:
        start_at = world.town.local(f"2026-03-{day:02} 14:00")
        who, place, item = world.town.customer_id, world.address_id, world.town.item_id
        technician_id, made_at = world.technicians[0].technician_id, start_at - timedelta(days=1)
        return PastOrder(who, place, item, technician_id, made_at, start_at, "cancelled_late")

    now = world.town.local("2026-03-20 10:00")
    for days in ((2, 3), (4,)):
        import_orders(world.session, SYSTEM, world.town.city_id, [past(day) for day in days], now=now)
    logged = world.session.exec(select(OrderLog.data).where(OrderLog.event == "cancel").order_by(col(OrderLog.id)))

    assert [(data["rule"], data["fee_fen"]) for data in logged] == [("late_free", 0), ("late", FEE), ("late", FEE)]
    assert [(month, n) for month, n, _order in taken(world.session)] == [("2026-03", 1)]
    world.now = now
    assert cancel(world, late(world, "2026-03-21")).rule == "late"
    assert ledger.verify(world.session) == []


def test_a_stranger_cancels_nothing_and_uses_nothing(world: World) -> None:
    order = late(world)
    stranger = Actor(user_id=world.customer.user_id + 1, role=world.customer.role, city_id=world.town.city_id)

    with pytest.raises(NotFound):
        orders.cancel(world.session, stranger, order.no, reason="", expected_refund_fen=0, now=world.now)
    assert (order.status, taken(world.session)) == (OrderStatus.ACCEPTED, [])


def test_of_many_cancelled_at_once_exactly_so_many_are_free(database: Database) -> None:
    """Three of a month are free; twelve orders of one customer, each twice, all previewed as free."""

    def prepare(session: Session) -> tuple[Actor, list[str]]:
        world = journey.build(session, technicians=12)
        adopt(world, free_per_month=3)
        made = [world.accepted() for _ in range(12)]
        return world.customer, [order.no for order in made]

    customer, numbers = database.write_now(prepare)
    now = NOW + timedelta(hours=27)

    def attempt(i: int) -> CancelQuote:
        no = numbers[i % 12]
        while True:
            shown = database.read_now(orders.cancel_preview, customer, no, now=now)
            asked = {"expected_refund_fen": shown.refund_fen, "expected_rule": shown.rule}
            try:
                done: CancelQuote = database.write_now(orders.cancel, customer, no, reason="", now=now, **asked)
            except PriceChanged:
                continue
            assert done == shown
            return done

    outcomes = at_once(24, attempt)

    done = [one for one in outcomes if isinstance(one, CancelQuote)]
    assert sorted(one.rule for one in done) == ["late"] * 9 + ["late_free"] * 3
    assert sorted({one.fee_fen for one in done if one.rule == "late"}) == [FEE]
    rows = database.read_now(taken)
    assert [(month, n) for month, n, _order in rows] == [("2026-03", 1), ("2026-03", 2), ("2026-03", 3)]
    assert database.read_now(ledger.verify) == []
