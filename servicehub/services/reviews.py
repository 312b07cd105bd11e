"""Reviews: one for each completed order, by its customer. Owns the rating sums of technicians and services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import bus
from servicehub.domain.access import Actor, Role
from servicehub.domain.order import OrderStatus
from servicehub.errors import Conflict, Invalid
from servicehub.models.catalog import ServiceItem
from servicehub.models.order import Order, Review
from servicehub.models.technician import Technician
from servicehub.services import transitions

TAGS = ("on_time", "careful", "friendly", "well_equipped", "late", "smell", "missed_corners", "price_talk")
MOST_TEXT = 500
REVIEWABLE = frozenset({OrderStatus.COMPLETED, OrderStatus.CLOSED})


class AlreadyReviewed(Conflict):
    """The order has its review."""


def create(
    session: Session, actor: Actor, no: str, stars: int, tags: Sequence[str], text: str, *, now: datetime
) -> int:
    """Store the review and add it to both ratings; returns its id.

    Raises: NotFound for another's order, Conflict before the order is completed or when it was reviewed, Invalid.
    """
    actor.require_role(Role.CUSTOMER)
    order = transitions.load(session, actor, no)
    if order.status not in REVIEWABLE or order.technician_id is None:
        raise Conflict(f"order {no} is {order.status}")
    if session.exec(select(Review.id).where(Review.order_id == order.id)).first() is not None:
        raise AlreadyReviewed(no)
    review = Review(
        order_id=order.id,
        customer_id=order.customer_id,
        technician_id=order.technician_id,
        service_item_id=order.service_item_id,
        stars=_stars(stars),
        tags=_tags(tags),
        text=text.strip()[:MOST_TEXT],
        created_at=now,
    )
    session.add(review)
    session.flush()
    _count(session, order, review.stars)
    bus.publish(session, bus.order(no), bus.customer(order.customer_id), bus.technician(order.technician_id))
    return review.id or 0


def _stars(stars: int) -> int:
    if isinstance(stars, bool) or not isinstance(stars, int) or not 1 <= stars <= 5:
        raise Invalid("stars", field="stars")
    return stars


def _tags(tags: Sequence[str]) -> list[str]:
    if any(tag not in TAGS for tag in tags):
        raise Invalid("tags", field="tags")
    return [tag for tag in TAGS if tag in tags]


def _count(session: Session, order: Order, stars: int) -> None:
    """Add the stars to both ratings, in the database's own arithmetic so that parallel reviews both count."""
    for table, key in ((Technician, order.technician_id), (ServiceItem, order.service_item_id)):
        session.execute(
            sa.update(table)
            .where(col(table.id) == key)
            .values(rating_sum=table.rating_sum + stars, rating_count=table.rating_count + 1)
            .execution_options(synchronize_session="fetch")
        )
