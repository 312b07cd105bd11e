"""What customers read before they order: services, search, people, free times, coupons, quotes of a draft, rules."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from servicehub.domain.access import ANONYMOUS, Actor, Role
from servicehub.errors import NotFound
from servicehub.models.catalog import AddOn, City, ServiceItem
from servicehub.models.customer import Coupon, CouponKind
from servicehub.queries.customer import catalog, coupons, people, places, rules, search, slots, technicians
from servicehub.queries.customer.estimate import estimate
from servicehub.queries.customer.home import home
from servicehub.queries.customer.slots import Asked
from servicehub.services import coupons as coupon_commands
from servicehub.viewmodels.customer.draft import Draft, instant
from servicehub.workflows import quoting
from tests import city, journey
from tests.city import NOW
from tests.journey import World


@pytest.fixture
def world(session: Session, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world that strangers look at too."""
    made = journey.build(session, slug="ac-wall", name_zh="空调挂机清洗", name_en="Wall air conditioner")
    here = session.get_one(City, made.town.city_id)
    monkeypatch.setattr(places.get_settings(), "city", here.slug)
    return made


def test_a_service_is_written_in_the_readers_language(world: World) -> None:
    zh = catalog.service(world.session, ANONYMOUS, "ac-wall", locale="zh")
    en = catalog.service(world.session, ANONYMOUS, "ac-wall", locale="en")
    assert (zh.title, en.title, zh.price, zh.art) == (
        "空调挂机清洗",
        "Wall air conditioner",
        "100",
        "/art/svc-ac-wall.svg",
    )
    assert (zh.plan, en.plan) == ("下单时全额支付", "Paid in full when booking")


def test_an_unpublished_service_is_not_there(world: World) -> None:
    world.session.get_one(ServiceItem, world.town.item_id).published = False
    with pytest.raises(NotFound):
        catalog.service(world.session, ANONYMOUS, "ac-wall", locale="zh")
    assert catalog.services(world.session, ANONYMOUS, locale="zh") == ()


@pytest.mark.parametrize("text", ["空调", "空调清洗", "wall", "CONDITIONER wall", "日常"])
def test_words_find_a_service_in_either_language(world: World, text: str) -> None:
    found = search.search(world.session, ANONYMOUS, text, "", locale="zh")
    assert [card.slug for card in found.services] == ["ac-wall"]


@pytest.mark.parametrize("text", ["洗空调机", "fridge", "%", "_", ""])
def test_other_words_find_nothing(world: World, text: str) -> None:
    found = search.search(world.session, ANONYMOUS, text, "", locale="zh")
    assert (found.services, found.technicians) == ((), ())


def test_a_name_finds_technicians(world: World) -> None:
    assert len(search.search(world.session, ANONYMOUS, "周", "", locale="zh").technicians) == 2


def test_the_live_price_counts_quantity_and_add_ons(world: World) -> None:
    item = world.session.get_one(ServiceItem, world.town.item_id)
    item.max_quantity, item.next_unit_off_fen, item.minutes_per_extra_unit = 3, 2000, 45
    world.session.add(
        AddOn(
            service_item_id=item.id,
            slug="steam",
            name_zh="蒸汽",
            name_en="Steam",
            price_fen=3000,
            minutes=15,
            max_quantity=2,
        )
    )
    world.session.flush()
    found = estimate(world.session, ANONYMOUS, "ac-wall", 9, [("steam", 5), ("gold", 1)], locale="en", now=NOW)
    assert (found.quantity, found.add_ons, found.total, found.duration) == (3, (("steam", 2),), "320", "3 h")


def test_technicians_are_listed_by_distance_with_their_soonest_start(world: World) -> None:
    rows = people.near(world.session, world.customer, "", locale="zh", now=NOW)
    assert [row.distance for row in rows] == ["500m", "701m"]
    assert {row.earliest for row in rows} == {"今天 10:30"}


def test_a_page_of_a_technician_names_neither_phone_nor_home(world: World) -> None:
    number = world.technicians[0].technician_id
    page = technicians.technician(world.session, ANONYMOUS, number, "", locale="en", now=NOW)
    assert (page.title, page.level, page.distance) == ("周某", "Silver", "500m")
    assert [card.slug for card in page.services] == ["ac-wall"]
    with pytest.raises(NotFound):
        technicians.technician(world.session, ANONYMOUS, 10**9, "", locale="en", now=NOW)


def test_the_board_recommends_a_start_and_says_what_is_full(world: World) -> None:
    board = slots.board(world.session, world.customer, Asked("ac-wall", 1), locale="zh", now=NOW)
    best = next(cell for cell in board.cells if cell.value == board.best)
    assert (board.days[0].weekday, board.day, len(board.days)) == ("今天", "2026-03-02", 14)
    assert ("best" in best.tone, best.full) == (True, False)
    assert [cell.head for cell in board.cells if cell.head] == ["上午", "下午"]
    assert instant(board.best) is not None


def test_a_place_of_somebody_else_is_never_used(world: World) -> None:
    other = Actor(city.add_user(world.session, world.town, Role.CUSTOMER).id or 0, Role.CUSTOMER, world.town.city_id)
    mine = places.resolve(world.session, world.customer, f"a:{world.address_id}", locale="zh")
    theirs = places.resolve(world.session, other, f"a:{world.address_id}", locale="zh")
    assert (mine.label, theirs.label, theirs.address_id) == ("梧桐里花园", "一区", None)


def test_the_home_page_offers_the_coupon_to_new_customers_and_rebook_to_others(world: World) -> None:
    world.session.add(
        Coupon(city_id=world.town.city_id, slug="welcome", name_zh="新人立减 30", name_en="x", kind=CouponKind.AMOUNT,
               amount_fen=3000, min_spend_fen=9900, first_order_only=True, stock=5)
    )  # fmt: skip
    world.session.flush()
    before = home(world.session, world.customer, "", locale="zh", now=NOW)
    assert (before.hero.title, before.rebook.no, before.soonest[0].earliest) == ("新人立减 30", "", "今天 10:30")
    coupon_commands.claim(world.session, world.customer, "welcome", now=NOW)
    assert home(world.session, world.customer, "", locale="zh", now=NOW).hero.claimed
    done = world.completed()
    after = home(world.session, world.customer, "", locale="zh", now=world.now)
    assert (after.hero.slug, after.rebook.no) == ("", done.no)
    assert after.rebook.title == "再约周某 · 空调挂机清洗"


def test_coupons_say_why_they_do_not_fit(world: World) -> None:
    for slug, spend, amount in (("small", 0, 500), ("big", 0, 2000), ("far", 99900, 9000)):
        world.session.add(
            Coupon(city_id=world.town.city_id, slug=slug, name_zh=slug, name_en=slug, kind=CouponKind.AMOUNT,
                   amount_fen=amount, min_spend_fen=spend, stock=5)
        )  # fmt: skip
        world.session.flush()
        coupon_commands.claim(world.session, world.customer, slug, now=NOW)
    shown = coupons.choices(
        world.session, world.customer, {world.town.category_id: 10000}, 0, locale="zh", now=NOW + timedelta(minutes=1)
    )
    assert [(row.title, row.off, row.why, row.usable) for row in shown] == [
        ("big", "−¥20", "", True), ("small", "−¥5", "有更优惠的券", True), ("far", "−¥90", "满 ¥999 可用", False),
    ]  # fmt: skip


def test_a_draft_is_priced_like_its_order(world: World) -> None:
    start = world.town.local("2026-03-03 14:00")
    draft = Draft(service="ac-wall", quantity=1, start=start.isoformat())
    found = quoting.quoted(world.session, world.customer, draft, world.address_id, locale="zh", now=NOW)
    assert found.refused is None
    assert (found.summary.total, found.summary.due, found.summary.when) == ("100", "100", "明天 14:00")
    order = world.book()
    again = quoting.rebooked(world.session, world.customer, order.no, now=NOW)
    assert (again.service, again.quantity, again.technician) == ("ac-wall", 1, 0)


def test_a_draft_without_a_log_in_shows_the_service_alone(world: World) -> None:
    found = quoting.quoted(world.session, ANONYMOUS, Draft(service="ac-wall"), 0, locale="zh", now=NOW)
    assert (found.summary.total, found.summary.price_hash, found.refused, found.coupons) == ("100", "", None, ())


def test_the_rules_are_the_policys_numbers(world: World) -> None:
    doc = rules.legal(world.session, ANONYMOUS, "cancellation", locale="en", now=NOW)
    assert any("20%" in rule.text and "¥50" in rule.text for rule in doc.rules)
    with pytest.raises(NotFound):
        rules.legal(world.session, ANONYMOUS, "nothing", locale="en", now=NOW)
