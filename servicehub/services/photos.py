"""Photos of an order: who may add one, who may see one, and how many a day.

Owns the rows. The bytes are made harmless and kept by `adapters.pictures`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import bus
from servicehub.domain.access import Actor, Permission, Role
from servicehub.domain.order import OrderStatus
from servicehub.errors import Conflict, Invalid, NotFound, TooManyPhotos
from servicehub.models.order import Order, OrderPhoto, Review

KINDS: dict[Role, frozenset[str]] = {
    Role.TECHNICIAN: frozenset({"before", "after"}),
    Role.CUSTOMER: frozenset({"review"}),
}
PER_DAY = 100
PER_ORDER_AND_KIND = 12
WHEN: dict[str, frozenset[OrderStatus]] = {
    "before": frozenset({OrderStatus.ARRIVED, OrderStatus.IN_SERVICE}),
    "after": frozenset({OrderStatus.IN_SERVICE}),
    "review": frozenset(
        {OrderStatus.AWAITING_CONFIRM, OrderStatus.COMPLETED, OrderStatus.CLOSED, OrderStatus.DISPUTED}
    ),
}
"""In which statuses of the order a photo of each kind may be added."""


def check(session: Session, actor: Actor, order_no: str, kind: str, *, now: datetime) -> int:
    """The order's id if `actor` may add a photo of `kind` to it now.

    Raises: NotFound, Invalid (kind), Conflict (the order is not there yet or any more), TooManyPhotos (quota).
    """
    if kind not in KINDS.get(actor.role, frozenset()):
        raise Invalid("no such kind of photo for this role")
    order = session.exec(select(Order).where(col(Order.no) == order_no, _mine(actor))).first()
    if order is None or order.id is None:
        raise NotFound(order_no)
    if order.status not in WHEN[kind]:
        raise Conflict("not in this state of the order")
    today = sa.select(sa.func.count()).where(
        col(OrderPhoto.uploaded_by) == actor.user_id, col(OrderPhoto.at) > now - timedelta(days=1)
    )
    here = sa.select(sa.func.count()).where(col(OrderPhoto.order_id) == order.id, col(OrderPhoto.kind) == kind)
    if session.execute(today).scalar_one() >= PER_DAY or session.execute(here).scalar_one() >= PER_ORDER_AND_KIND:
        raise TooManyPhotos(order_no)
    return order.id


def attach(session: Session, actor: Actor, order_no: str, kind: str, key: str, *, now: datetime) -> None:
    """Add the stored picture `key` to the order.

    Raises: as `check`.
    """
    order_id = check(session, actor, order_no, kind, now=now)
    session.add(OrderPhoto(order_id=order_id, kind=kind, key=key, uploaded_by=actor.user_id, at=now))
    session.flush()
    bus.publish(session, bus.order(order_no))


def may_see(session: Session, actor: Actor, key: str) -> bool:
    """Whether the photo is of an order that `actor` has a part in, or belongs to a published review, which everybody may see."""
    published = sa.and_(
        col(OrderPhoto.kind) == "review", sa.exists().where(col(Review.order_id) == col(OrderPhoto.order_id))
    )
    query = select(OrderPhoto.id).join(Order, col(Order.id) == col(OrderPhoto.order_id))
    return session.exec(query.where(col(OrderPhoto.key) == key, sa.or_(_mine(actor), published))).first() is not None


def _mine(actor: Actor) -> sa.ColumnElement[bool]:
    if actor.role is Role.CUSTOMER:
        return col(Order.customer_id) == actor.user_id
    if actor.role is Role.TECHNICIAN:
        return col(Order.technician_id) == actor.technician_id
    if actor.may(Permission.ORDER_READ):
        here = col(Order.city_id) == actor.city_id
        return here & col(Order.district_id).in_(actor.district_ids) if actor.district_ids else here
    return sa.false()
