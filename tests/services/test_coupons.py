"""Coupons: claimed once, locked once, given back, and never more than there are."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlmodel import Session, func, select

from servicehub.db import Database
from servicehub.domain.access import Actor, Role
from servicehub.domain.order import OrderStatus
from servicehub.errors import CouponUnusable, NotAllowed, NotFound
from servicehub.models.customer import Coupon, CouponGrant, CouponKind, GrantStatus
from servicehub.models.order import Order
from servicehub.services import coupons
from tests import city
from tests.city import NOW, Town
from tests.crowd import at_once


def batch(session: Session, town: Town, **values: object) -> Coupon:
    defaults: dict[str, object] = {
        "slug": "welcome", "name_zh": "新人", "name_en": "Welcome", "kind": CouponKind.AMOUNT, "amount_fen": 3000, "stock": 10,
    }  # fmt: skip
    made = Coupon(city_id=town.city_id, **{**defaults, **values})
    session.add(made)
    session.flush()
    return made


@pytest.fixture
def town(session: Session) -> Town:
    return city.build(session)


@pytest.fixture
def buyer(town: Town) -> Actor:
    return Actor(user_id=town.customer_id, role=Role.CUSTOMER, city_id=town.city_id)


def test_one_each_and_the_stock_goes_down(session: Session, town: Town, buyer: Actor) -> None:
    coupon = batch(session, town)
    coupons.claim(session, buyer, "welcome", now=NOW)

    with pytest.raises(CouponUnusable):
        coupons.claim(session, buyer, "welcome", now=NOW)
    session.refresh(coupon)
    assert coupon.stock == 9


def test_what_is_sold_out_not_for_claiming_or_elsewhere_is_refused(session: Session, town: Town, buyer: Actor) -> None:
    batch(session, town, stock=0)
    batch(session, town, slug="promise", claimable=False)
    batch(session, city.build(session), slug="elsewhere")

    with pytest.raises(CouponUnusable):
        coupons.claim(session, buyer, "welcome", now=NOW)
    for slug in ("promise", "elsewhere", "nothing"):
        with pytest.raises(NotFound):
            coupons.claim(session, buyer, slug, now=NOW)
    with pytest.raises(NotAllowed):
        coupons.claim(session, Actor(user_id=1, role=Role.TECHNICIAN), "welcome", now=NOW)


def test_a_compensation_is_given_once_for_each_reason(session: Session, town: Town) -> None:
    batch(session, town, slug="promise-20", stock=0, claimable=False)

    given = [coupons.compensate(session, town.customer_id, "promise-20", key=key, now=NOW) for key in ("a", "a", "b")]

    assert given == [True, False, True]
    assert not coupons.compensate(session, town.customer_id, "no-such", key="a", now=NOW)
    assert len(coupons.in_hand(session, town.customer_id)) == 2


def test_a_coupon_is_locked_used_and_given_back(session: Session, town: Town, buyer: Actor) -> None:
    batch(session, town)
    grant_id = coupons.claim(session, buyer, "welcome", now=NOW)
    order = city.add_order(session, town, NOW + timedelta(days=1), coupon_grant_id=grant_id)
    other = city.add_order(session, town, NOW + timedelta(days=2), coupon_grant_id=grant_id)
    grant = session.get_one(CouponGrant, grant_id)

    def status() -> GrantStatus:
        session.refresh(grant)
        return grant.status

    coupons.lock(session, order, grant_id, now=NOW)
    assert status() is GrantStatus.LOCKED
    with pytest.raises(CouponUnusable):
        coupons.lock(session, other, grant_id, now=NOW)
    assert not coupons.release(session, other)
    assert coupons.use(session, order)
    assert status() is GrantStatus.USED
    assert coupons.release(session, order)
    assert status() is GrantStatus.AVAILABLE
    coupons.lock(session, other, grant_id, now=NOW)


def test_strangers_and_the_expired_are_refused(session: Session, town: Town, buyer: Actor) -> None:
    batch(session, town, valid_days=1)
    grant_id = coupons.claim(session, buyer, "welcome", now=NOW)
    stranger = city.add_user(session, town, Role.CUSTOMER)
    foreign = city.add_order(session, town, NOW + timedelta(days=1), customer_id=stranger.id)
    late = city.add_order(session, town, NOW + timedelta(days=2))

    for order, now in ((foreign, NOW), (late, NOW + timedelta(days=1))):
        with pytest.raises(CouponUnusable):
            coupons.lock(session, order, grant_id, now=now)
    with pytest.raises(CouponUnusable):
        coupons.pick(session, stranger.id or 0, grant_id, {town.category_id: 20_000}, now=NOW)


def test_a_returned_coupon_stays_usable_for_three_days(session: Session, town: Town, buyer: Actor) -> None:
    batch(session, town, valid_days=1)
    grant_id = coupons.claim(session, buyer, "welcome", now=NOW)
    order = city.add_order(session, town, NOW + timedelta(days=1), coupon_grant_id=grant_id)
    coupons.lock(session, order, grant_id, now=NOW)
    coupons.release(session, order, now=NOW)

    grant = session.get_one(CouponGrant, grant_id)
    session.refresh(grant)
    assert grant.expires_at == NOW + timedelta(days=3)


def test_the_best_coupon_knows_about_first_orders(session: Session, town: Town, buyer: Actor) -> None:
    batch(session, town, first_order_only=True)
    batch(session, town, slug="small", amount_fen=500)
    coupons.claim(session, buyer, "welcome", now=NOW)
    coupons.claim(session, buyer, "small", now=NOW)

    def chosen() -> str:
        best = coupons.best(session, town.customer_id, {town.category_id: 20_000}, now=NOW).best
        return best.slug if best else ""

    assert chosen() == "welcome"
    order = city.add_order(session, town, NOW + timedelta(days=1), status=OrderStatus.PENDING_PAYMENT)
    assert chosen() == "small"
    order.status = OrderStatus.EXPIRED
    session.add(order)
    session.flush()
    assert chosen() == "welcome"


def test_forty_claims_of_five_coupons_grant_five(database: Database) -> None:
    def prepare(session: Session) -> list[Actor]:
        town = city.build(session)
        batch(session, town, stock=5)
        users = [city.add_user(session, town, Role.CUSTOMER) for _ in range(64)]
        return [Actor(user_id=user.id or 0, role=Role.CUSTOMER, city_id=town.city_id) for user in users]

    buyers = database.write_now(prepare)
    outcomes = at_once(64, lambda i: database.write_now(coupons.claim, buyers[i], "welcome", now=NOW))

    assert Counter(type(o) for o in outcomes) == {int: 5, CouponUnusable: 59}
    assert database.read_now(lambda s: s.exec(select(Coupon.stock)).one()) == 0
    assert database.read_now(lambda s: s.exec(select(func.count()).select_from(CouponGrant)).one()) == 5


def test_sixty_four_orders_race_for_one_coupon_and_one_gets_it(database: Database) -> None:
    def prepare(session: Session) -> tuple[int, list[int]]:
        town = city.build(session)
        batch(session, town)
        grant_id = coupons.claim(
            session, Actor(user_id=town.customer_id, role=Role.CUSTOMER, city_id=town.city_id), "welcome", now=NOW
        )
        return grant_id, [city.add_order(session, town, NOW + timedelta(days=i)).id or 0 for i in range(1, 65)]

    grant_id, order_ids = database.write_now(prepare)

    def attempt(i: int) -> object:
        return database.write_now(lambda s: coupons.lock(s, s.get_one(Order, order_ids[i]), grant_id, now=NOW))

    assert Counter(type(o) for o in at_once(64, attempt)) == {type(None): 1, CouponUnusable: 63}
