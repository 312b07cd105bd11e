"""Who may add a photo of an order, when, how many; who may see one."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from servicehub import bus
from servicehub.domain.access import ANONYMOUS, Actor, OperatorRole, Role
from servicehub.domain.order import OrderStatus
from servicehub.errors import Conflict, Invalid, NotFound, TooManyPhotos
from servicehub.models.order import OrderPhoto
from servicehub.services import photos, reviews
from tests.queries.technician_world import NOW, World


@pytest.fixture
def world(session: Session) -> World:
    return World(session).build()


@pytest.mark.parametrize(
    ("status", "kinds"),
    [
        (OrderStatus.ACCEPTED, set()),
        (OrderStatus.ARRIVED, {"before"}),
        (OrderStatus.IN_SERVICE, {"before", "after"}),
        (OrderStatus.AWAITING_CONFIRM, set()),
    ],
)
def test_a_technician_adds_photos_during_the_visit(world: World, status: OrderStatus, kinds: set[str]) -> None:
    order = world.order(status)
    taken = set()
    for kind in ("before", "after"):
        try:
            photos.attach(world.session, world.actor, order.no, kind, f"key-{kind}", now=NOW)
            taken.add(kind)
        except Conflict:
            continue
    assert taken == kinds
    assert len(world.session.exec(select(OrderPhoto)).all()) == len(kinds)
    assert bus.pending(world.session) == ((f"order:{order.no}",) if kinds else ())


def test_a_customer_adds_review_photos_after_the_visit(world: World) -> None:
    order = world.order(OrderStatus.COMPLETED)
    photos.attach(world.session, world.as_customer, order.no, "review", "r1", now=NOW)
    with pytest.raises(Invalid):
        photos.attach(world.session, world.as_customer, order.no, "after", "r2", now=NOW)
    with pytest.raises(Conflict):
        photos.attach(world.session, world.as_customer, world.order(OrderStatus.IN_SERVICE).no, "review", "r3", now=NOW)


def test_a_stranger_finds_no_order(world: World) -> None:
    order = world.order(OrderStatus.IN_SERVICE)
    with pytest.raises(NotFound):
        photos.attach(world.session, world.acting(world.other), order.no, "before", "k", now=NOW)
    with pytest.raises(Invalid):
        photos.attach(world.session, world.operator, order.no, "before", "k", now=NOW)
    assert world.session.exec(select(OrderPhoto)).all() == []


def test_an_order_takes_so_many_photos_of_a_kind(world: World) -> None:
    order = world.order(OrderStatus.IN_SERVICE)
    for n in range(photos.PER_ORDER_AND_KIND):
        photos.attach(world.session, world.actor, order.no, "before", f"k{n}", now=NOW)
    with pytest.raises(TooManyPhotos):
        photos.attach(world.session, world.actor, order.no, "before", "one-more", now=NOW)
    photos.attach(world.session, world.actor, order.no, "after", "other-kind", now=NOW)


def test_photos_are_seen_by_those_who_have_a_part(world: World) -> None:
    order = world.order(OrderStatus.IN_SERVICE)
    photos.attach(world.session, world.actor, order.no, "before", "k", now=NOW)
    elsewhere = Actor(
        99, Role.OPERATOR, world.city_id, operator_role=OperatorRole.CITY_MANAGER, district_ids=frozenset({12345})
    )
    seen = {who: photos.may_see(world.session, actor, "k") for who, actor in {
        "technician": world.actor, "customer": world.as_customer, "operator": world.operator,
        "other": world.acting(world.other), "elsewhere": elsewhere, "nobody": ANONYMOUS,
    }.items()}  # fmt: skip
    assert seen == {
        "technician": True,
        "customer": True,
        "operator": True,
        "other": False,
        "elsewhere": False,
        "nobody": False,
    }


def test_photos_of_a_published_review_are_seen_by_everybody(world: World) -> None:
    order = world.order(OrderStatus.COMPLETED)
    photos.attach(world.session, world.as_customer, order.no, "review", "k", now=NOW)
    assert not photos.may_see(world.session, ANONYMOUS, "k")
    reviews.create(world.session, world.as_customer, order.no, 5, [], "", now=NOW)
    assert photos.may_see(world.session, ANONYMOUS, "k")
