"""Several services in one visit: one price, one stretch of time, one technician who offers and may do all of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlmodel import Session, col, select

from servicehub import texts
from servicehub.domain.calendar import WhyNot
from servicehub.domain.geo import Point
from servicehub.domain.order import OrderStatus, PaymentPlan
from servicehub.domain.technician import CertificateStatus
from servicehub.errors import ChecklistOpen, Invalid, NobodyAvailable, NotFound, SlotUnavailable
from servicehub.models.catalog import Blackout, Category, ServiceItem
from servicehub.models.customer import Coupon, CouponKind
from servicehub.models.dispatch import DispatchDecision
from servicehub.models.order import Order, OrderLine
from servicehub.models.supply import load_named_people, load_people, load_service
from servicehub.models.technician import Certificate, Technician, TechnicianSkill
from servicehub.queries import visit
from servicehub.queries.customer import catalog, estimate, people, slots
from servicehub.queries.technician import hall, job, workbench
from servicehub.services import coupons, dispatching, fulfilment, ledger, orders, photos, scheduling
from servicehub.viewmodels.customer.draft import Draft
from servicehub.workflows.quoting import quoted, rebooked
from tests import city, journey
from tests.journey import World

PLACE = Point(*city.CENTRE)


@pytest.fixture
def world(session: Session) -> World:
    """Three technicians clean; the second and the third repair too."""
    world = journey.build(session, technicians=3)
    for actor in world.technicians[1:]:
        session.add(TechnicianSkill(technician_id=actor.technician_id, skill="repair"))
    session.flush()
    return world


@pytest.fixture
def repair(world: World) -> ServiceItem:
    return city.add_item(
        world.session, world.town, slug="tap", name_zh="水龙头", name_en="Tap", skill="repair", base_minutes=45,
        price_fen=8000, max_quantity=3, minutes_per_extra_unit=20, buffer_minutes=15, min_notice_minutes=90,
        checklist=[{"key": "dry", "zh": "不漏水", "en": "Nothing drips"}],
    )  # fmt: skip


def lines(world: World, order: Order) -> list[tuple[str, int, int]]:
    found = world.session.exec(select(OrderLine).where(OrderLine.order_id == order.id).order_by(col(OrderLine.id)))
    return [(line.ref, line.quantity, line.amount_fen) for line in found if line.kind == "service"]


def certify(world: World, technician_id: int, kind: str, until: date) -> None:
    world.session.add(
        Certificate(
            technician_id=technician_id,
            kind=kind,
            status=CertificateStatus.APPROVED,
            issued_on=date(2025, 1, 1),
            expires_on=until,
        )
    )
    world.session.flush()


def test_the_price_and_the_time_are_those_of_both(world: World, repair: ServiceItem) -> None:
    order = world.book(further=(("tap", 2),))

    first = world.session.get_one(ServiceItem, world.town.item_id)
    assert lines(world, order) == [(first.slug, 1, 10000), ("tap", 2, 16000)]
    assert order.total_fen == 26000
    assert order.end_at - order.start_at == timedelta(minutes=135), "60 + 45 + 20, in whole quarters"
    assert order.further_ids == [repair.id]


def test_a_coupon_of_a_category_is_for_its_part_alone(world: World, repair: ServiceItem) -> None:
    session, town = world.session, world.town
    other = Category(city_id=town.city_id, slug="repair", name_zh="维修", name_en="Repairs")
    session.add(other)
    session.flush()
    repair.category_id = other.id or 0
    coupon = Coupon(
        city_id=town.city_id, slug="tenth", name_zh="九折", name_en="Tenth", kind=CouponKind.PERCENT, percent_bp=1000,
        min_spend_fen=5000, category_id=other.id, stock=5,
    )  # fmt: skip
    session.add(coupon)
    session.flush()
    coupons.claim(session, world.customer, "tenth", now=world.now)

    both = orders.quote(session, world.customer, world.request(further=(("tap", 1),)), now=world.now)
    alone = orders.quote(session, world.customer, world.request(), now=world.now)

    assert both.total_fen == 10000 + 8000 - 800
    assert alone.total_fen == 10000


@pytest.mark.usefixtures("repair")
def test_only_who_offers_both_is_held_asked_and_shown(world: World) -> None:
    able = {actor.technician_id for actor in world.technicians[1:]}

    order = world.book(further=(("tap", 1),))
    assert scheduling.holder(world.session, order.id or 0) in able
    world.pay(order)

    assert world.offer(order).technician_id in able
    decision = world.session.exec(select(DispatchDecision).where(DispatchDecision.order_id == order.id)).one()
    assert {c["technician_id"] for c in decision.candidates} == able


def test_it_is_done_and_paid_once(world: World, repair: ServiceItem) -> None:
    order = world.in_service(further=(("tap", 1),))
    actor = world.technician(order.technician_id)
    for kind in ("before", "after"):
        photos.attach(world.session, actor, order.no, kind, f"{kind}-{order.no}", now=world.now)
    world.now = order.end_at

    with pytest.raises(ChecklistOpen):
        fulfilment.finish(world.session, actor, order.no, now=world.now)
    shown = job.job(world.session, actor, order.no, now=world.now, locale="en")
    assert [(line.key, line.text) for line in shown.checklist] == [("tap:dry", "Nothing drips")]
    assert shown.facts == "Cleaning + Tap"
    assert shown.title == "Cleaning and 1 more · 1 h 45 min"

    fulfilment.tick(world.session, actor, order.no, "tap:dry", done=True, now=world.now)
    fulfilment.finish(world.session, actor, order.no, now=world.now)
    orders.confirm(world.session, world.customer, order.no, now=world.now)

    world.session.refresh(order)
    assert order.status is OrderStatus.COMPLETED
    assert ledger.verify(world.session) == []
    assert ledger.trial(world.session).total_fen == 0
    assert world.session.get_one(ServiceItem, repair.id).published


def test_nobody_offers_both(world: World, repair: ServiceItem) -> None:
    for row in world.session.exec(select(TechnicianSkill).where(TechnicianSkill.skill == "repair")):
        world.session.delete(row)
    world.session.flush()

    with pytest.raises(NobodyAvailable):
        world.book(further=(("tap", 1),))
    item = world.session.get_one(ServiceItem, world.town.item_id)
    assert catalog.further(world.session, item) == [], f"{repair.slug} is not proposed"


@pytest.mark.usefixtures("repair")
def test_a_chosen_technician_must_offer_both(world: World) -> None:
    plain = world.technicians[0].technician_id

    with pytest.raises(SlotUnavailable) as refused:
        world.book(technician_id=plain, further=(("tap", 1),))
    assert refused.value.params["reason"] == WhyNot.SKILL.value


@pytest.mark.parametrize(
    ("further", "error"),
    [
        ((("nothing", 1),), NotFound),
        ((("tap", 4),), Invalid),
        ((("tap", 0),), Invalid),
        ((("tap", 1), ("tap", 1)), Invalid),
        ((("later", 1),), Invalid),
        ((("crew", 1),), Invalid),
        ((("hidden", 1),), NotFound),
        (tuple((f"n{i}", 1) for i in range(4)), Invalid),
    ],
)
@pytest.mark.usefixtures("repair")
def test_what_cannot_be_done_together_is_refused(
    world: World, further: tuple[tuple[str, int], ...], error: type[Exception]
) -> None:
    city.add_item(world.session, world.town, slug="later", payment_plan=PaymentPlan.AFTER)
    city.add_item(world.session, world.town, slug="crew", crew_size=2)
    city.add_item(world.session, world.town, slug="hidden", published=False)

    with pytest.raises(error):
        world.book(further=further)
    assert world.session.exec(select(Order)).all() == []


def test_the_service_itself_is_not_done_twice(world: World) -> None:
    slug = world.session.get_one(ServiceItem, world.town.item_id).slug

    with pytest.raises(Invalid):
        world.book(further=((slug, 1),))


def test_the_stricter_terms_bind_the_visit(world: World, repair: ServiceItem) -> None:
    service = load_service(world.session, world.town.item_id, repair.id or 0)

    assert (service.buffer_minutes, service.min_notice_minutes) == (15, 90)
    assert service.skills == ("cleaning", "repair")
    with pytest.raises(NotFound):
        load_service(world.session, world.town.item_id, 10**6)


def test_every_certificate_must_be_valid(world: World, repair: ServiceItem) -> None:
    session, item = world.session, world.session.get_one(ServiceItem, world.town.item_id)
    item.certificate, repair.certificate = "health", "electric"
    session.add_all([item, repair])
    both, one = world.technicians[1].technician_id, world.technicians[2].technician_id
    certify(world, both, "health", date(2026, 9, 1))
    certify(world, both, "electric", date(2026, 6, 1))
    certify(world, both, "electric", date(2026, 5, 1))
    certify(world, one, "health", date(2027, 1, 1))
    service = load_service(session, item.id or 0, repair.id or 0)

    around = {p.id: p.certified_until for p in load_people(session, service, PLACE)}
    named = {p.id: p.certified_until for p in load_named_people(session, service, [both, one])}

    assert around == named == {both: date(2026, 6, 1), one: date.min}
    order = world.book(further=(("tap", 1),))
    world.pay(order)
    assert world.offer(order).technician_id == both


def test_a_day_on_which_one_of_them_rests_is_no_day(world: World, repair: ServiceItem) -> None:
    other = Category(city_id=world.town.city_id, slug="repair", name_zh="维修", name_en="Repairs")
    world.session.add(other)
    world.session.flush()
    repair.category_id = other.id or 0
    world.session.add(Blackout(city_id=world.town.city_id, on=date(2026, 3, 3), category_id=other.id))
    world.session.flush()

    with pytest.raises(NobodyAvailable):
        world.book(further=(("tap", 1),))
    assert world.book().further_ids == []


@pytest.mark.usefixtures("repair")
def test_the_hall_offers_it_to_whom_it_fits(world: World) -> None:
    order = world.book(further=(("tap", 1),), mode="grab")
    world.pay(order)
    plain, able = world.technicians[0], world.technicians[1]

    assert hall.hall(world.session, plain, now=world.now, locale="zh") == []
    (row,) = hall.hall(world.session, able, now=world.now, locale="zh")
    assert (row.title, row.facts) == ("保洁，另加 1 项 · 1 小时 45 分钟", "保洁 + 水龙头")


@pytest.mark.usefixtures("repair")
def test_the_offer_says_everything_that_is_to_be_done(world: World) -> None:
    order = world.book(further=(("tap", 2),))
    world.pay(order)
    asked = world.technician(world.offer(order).technician_id)

    card = workbench.open_offer(world.session, asked, now=world.now, locale="zh")

    assert card.facts == "保洁 + 水龙头 × 2"
    assert visit.works(world.session, [order], locale="zh")[order.id or 0] == ("保洁", "水龙头 × 2")


def test_the_draft_is_priced_as_the_order_will_be(world: World, repair: ServiceItem) -> None:
    session, slug = world.session, world.session.get_one(ServiceItem, world.town.item_id).slug
    start = world.town.local("2026-03-03 14:00")
    draft = Draft(service=slug, further=(("tap", 9), ("gone", 1)), start=start.isoformat())

    shown = estimate.estimate(session, world.customer, slug, 1, (), draft.further, locale="en", now=world.now)
    assert shown.further == (("tap", 3),), "brought into its range; what is not known is dropped"
    assert (shown.total, shown.duration) == ("340", "2 h 30 min")
    (row,) = shown.beside
    assert (row.title, row.count, row.less, row.more, row.most) == ("Tap", 3, 2, 4, 3)

    kept = Draft(service=slug, quantity=shown.quantity, further=shown.further, start=start.isoformat())
    page = quoted(session, world.customer, kept, world.address_id, locale="en", now=world.now)
    assert (page.refused, page.summary.total, page.summary.title) == (None, "340", "Cleaning and 1 more")
    asked = slots.Asked(slug, further=shown.further, address=world.address_id)
    board = slots.board(session, world.customer, asked, "2026-03-03", locale="en", now=world.now)
    last = max(cell.value for cell in board.cells if cell.value and not cell.full)
    assert last == world.town.local("2026-03-03 15:00").isoformat(), f"{repair.slug} has to end by six, with its buffer"


def test_the_same_again_has_both(world: World, repair: ServiceItem) -> None:
    order = world.book(further=(("tap", 2),))
    assert rebooked(world.session, world.customer, order.no, now=world.now).further == (("tap", 2),)

    repair.published = False
    draft = rebooked(world.session, world.customer, order.no, now=world.now)
    shown = estimate.estimate(
        world.session, world.customer, draft.service, 1, (), draft.further, locale="zh", now=world.now
    )
    assert shown.further == (), "what is not offered any more is left out"


def test_another_length_of_the_same_is_proposed_last(world: World, repair: ServiceItem) -> None:
    session, item = world.session, world.session.get_one(ServiceItem, world.town.item_id)
    longer = city.add_item(session, world.town, slug="longer", sold_count=900)
    machine = city.add_item(session, world.town, slug="machine", unit="machine")
    other = Category(city_id=world.town.city_id, slug="repair", name_zh="维修", name_en="Repairs")
    session.add(other)
    session.flush()
    repair.category_id = other.id or 0

    assert catalog.further(session, item) == [machine, repair, longer], "three offer cleaning, two offer repairs"


@pytest.mark.usefixtures("repair")
def test_regulars_are_those_who_can_do_both(world: World) -> None:
    slug = world.session.get_one(ServiceItem, world.town.item_id).slug
    plain, able = (actor.technician_id for actor in world.technicians[:2])

    def asked(technician_id: int, *further: str) -> list[int]:
        found = people.regulars(world.session, world.customer, technician_id, slug, further, "", locale="zh")
        return [card.id for card in found]

    assert asked(plain) == [plain]
    assert asked(plain, "tap") == []
    assert asked(able, "tap") == [able]


@pytest.mark.usefixtures("repair")
def test_a_visit_of_both_is_moved_to_somebody_who_offers_both(world: World) -> None:
    order = world.accepted(further=(("tap", 1),))
    first = order.technician_id
    fulfilment.technician_cancel(world.session, world.technician(first), order.no, reason="ill", now=world.now)
    world.later(seconds=1)
    dispatching.run_due(world.session, world.now)

    (second,) = {actor.technician_id for actor in world.technicians[1:]} - {first}
    assert world.offer(order).technician_id == second
    assert world.session.get_one(Technician, second).id == second


def test_the_title_says_that_there_is_more(world: World, repair: ServiceItem) -> None:
    item = world.session.get_one(ServiceItem, world.town.item_id)

    assert visit.title("zh", item, 0) == "保洁"
    assert visit.title("zh", item, Order(further_ids=[repair.id])) == texts.say(
        "zh", "{service} and {n} more", service="保洁", n=1
    )
