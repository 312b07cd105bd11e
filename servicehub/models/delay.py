"""Visits that are expected to begin late, and what a day is played forward from."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from servicehub.domain.delay import Stop
from servicehub.domain.geo import Point
from servicehub.domain.order import OrderStatus
from servicehub.domain.timewindow import minute_of
from servicehub.models.base import BIG, at
from servicehub.models.order import Order
from servicehub.models.technician import Technician

BACK, AHEAD = timedelta(hours=8), timedelta(hours=5)
"""Visits that begin within this time of now are looked at."""
FRESH = timedelta(minutes=10)
"""An older position is no place to set out from."""
WAITING = (OrderStatus.ACCEPTED, OrderStatus.EN_ROUTE, OrderStatus.ARRIVED)
_WATCHED = (*WAITING, OrderStatus.IN_SERVICE)


class Delay(SQLModel, table=True):
    """The forecast of one visit that will probably begin late; no row: in time."""

    __tablename__ = "sh_delay"
    __table_args__ = (sa.CheckConstraint("minutes > 0", name="minutes"),)

    order_id: int = Field(sa_column=sa.Column(BIG, sa.ForeignKey("sh_order.id"), primary_key=True, autoincrement=False))
    begins_at: datetime = Field(sa_column=at())
    """When it will begin."""
    minutes: int
    """How long after its time that is."""
    behind_id: int | None = Field(default=None, sa_column=sa.Column(BIG, nullable=True))
    """The visit before it, which is why."""
    told_minutes: int = 0
    """What the customer was told last; 0: nothing yet."""
    noted_at: datetime = Field(sa_column=at())


def load_watched(session: Session, now: datetime, *, technician_id: int | None = None) -> Sequence[Order]:
    """The visits around now that are under way or will be: everybody's, or of one technician."""
    whose = col(Order.technician_id).is_not(None) if technician_id is None else Order.technician_id == technician_id
    query = select(Order).where(
        col(Order.status).in_(_WATCHED), whose, col(Order.start_at).between(now - BACK, now + AHEAD)
    )
    return session.exec(query.order_by(col(Order.id))).all()


def stop_of(order: Order, *, longer: int = 0) -> Stop:
    """The visit as the forecast knows it, `longer` by so many minutes."""
    start = minute_of(order.start_at)
    return Stop(
        order_id=order.id or 0,
        start=start,
        minutes=minute_of(order.end_at) - start + longer,
        place=Point(order.lat, order.lng),
        departed=order.status is OrderStatus.EN_ROUTE,
        arrived=order.status is OrderStatus.ARRIVED,
        began=minute_of(order.started_at) if order.started_at is not None else None,
    )


def place_of(person: Technician, now: datetime) -> Point:
    """Where he was seen lately, else home."""
    if person.last_seen_at is not None and now - person.last_seen_at <= FRESH:
        return Point(person.last_lat or 0.0, person.last_lng or 0.0)
    return Point(person.home_lat, person.home_lng)
