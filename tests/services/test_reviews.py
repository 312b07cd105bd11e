"""Reviews: once for each completed order, by its customer, counted in both ratings."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from servicehub.domain.access import Actor, Role
from servicehub.domain.order import OrderStatus
from servicehub.errors import Conflict, Invalid, NotFound
from servicehub.models.catalog import ServiceItem
from servicehub.models.order import Review
from servicehub.models.technician import Technician
from servicehub.services import reviews
from servicehub.services.reviews import AlreadyReviewed
from tests import city
from tests.city import NOW, Town


def _world(session: Session, status: OrderStatus = OrderStatus.COMPLETED) -> tuple[Town, Actor, Technician, str]:
    town = city.build(session)
    technician = city.add_technician(session, town, rating_sum=9, rating_count=2)
    order = city.add_order(session, town, NOW, status=status, technician_id=technician.id)
    return town, Actor(town.customer_id, Role.CUSTOMER, town.city_id), technician, order.no


def test_a_review_counts_for_the_technician_and_for_the_service(session: Session) -> None:
    town, actor, technician, no = _world(session)
    reviews.create(session, actor, no, 4, ["friendly", "on_time"], "  准时到达  ", now=NOW)
    row = session.exec(select(Review)).one()
    assert (row.stars, row.tags, row.text) == (4, ["on_time", "friendly"], "准时到达")
    session.refresh(technician)
    assert (technician.rating_sum, technician.rating_count) == (13, 3)
    item = session.get_one(ServiceItem, town.item_id)
    session.refresh(item)
    assert (item.rating_sum, item.rating_count) == (4, 1)


def test_an_order_is_reviewed_once(session: Session) -> None:
    _town, actor, technician, no = _world(session)
    reviews.create(session, actor, no, 5, [], "", now=NOW)
    with pytest.raises(AlreadyReviewed):
        reviews.create(session, actor, no, 1, [], "", now=NOW)
    session.refresh(technician)
    assert (technician.rating_sum, technician.rating_count) == (14, 3)


@pytest.mark.parametrize("status", [s for s in OrderStatus if s not in reviews.REVIEWABLE])
def test_only_completed_orders_are_reviewed(session: Session, status: OrderStatus) -> None:
    _town, actor, technician, no = _world(session, status)
    with pytest.raises(Conflict):
        reviews.create(session, actor, no, 5, [], "", now=NOW)
    session.refresh(technician)
    assert technician.rating_count == 2


def test_a_stranger_cannot_review_an_order(session: Session) -> None:
    town, _actor, _technician, no = _world(session)
    other = Actor(city.add_user(session, town, Role.CUSTOMER).id or 0, Role.CUSTOMER, town.city_id)
    with pytest.raises(NotFound):
        reviews.create(session, other, no, 5, [], "", now=NOW)
    assert session.exec(select(Review)).all() == []


@pytest.mark.parametrize(("stars", "tags"), [(0, []), (6, []), (True, []), (5, ["rude"])])
def test_stars_and_tags_are_checked(session: Session, stars: int, tags: list[str]) -> None:
    _town, actor, _technician, no = _world(session)
    with pytest.raises(Invalid):
        reviews.create(session, actor, no, stars, tags, "", now=NOW)
    assert session.exec(select(Review)).all() == []
