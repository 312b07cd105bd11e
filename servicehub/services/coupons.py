"""Coupons in customers' hands: claimed once, locked for one order, used or given back, granted as compensation.

Owns stock and the status of grants. Every step is one conditional statement, so that two requests can never both succeed. What a
coupon takes off, and which is the best, is `domain.coupon`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from servicehub import bus
from servicehub.domain.access import Actor, Role
from servicehub.domain.coupon import Choice, CouponTerms, Labour, Purchase, choose, refusal
from servicehub.domain.order import OrderStatus
from servicehub.errors import CouponUnusable, NotFound
from servicehub.models.account import User
from servicehub.models.base import UtcDateTime
from servicehub.models.customer import Coupon, CouponGrant, GrantStatus
from servicehub.models.order import Order

APOLOGY = "promise-20"
"""The batch of what customers are promised when our side lets them down."""
LIFE_AFTER_RETURN = timedelta(days=3)
"""A coupon that comes back with a cancelled order stays usable at least so long."""
_DEAD = (OrderStatus.CANCELLED, OrderStatus.EXPIRED)


def claim(session: Session, actor: Actor, slug: str, *, now: datetime) -> int:
    """Take one coupon of the batch `slug` of the customer's city; returns the grant's id.

    Raises: CouponUnusable(why="claimed" | "sold_out"), NotFound for a batch that is not for claiming.
    """
    actor.require_role(Role.CUSTOMER)
    batch = session.exec(
        select(Coupon).where(Coupon.city_id == actor.city_id, Coupon.slug == slug, col(Coupon.claimable).is_(True))
    ).first()
    if batch is None or not actor.user_id:
        raise NotFound(f"coupon {slug}")
    grant_id = _grant(session, batch, actor.user_id, 1, now)
    if grant_id is None:
        raise CouponUnusable(slug, why="claimed")
    taken = session.execute(
        sa.update(Coupon)
        .where(col(Coupon.id) == batch.id, col(Coupon.stock) > 0)
        .values(stock=Coupon.stock - 1)
        .execution_options(synchronize_session=False)
    )
    if taken.rowcount != 1:  # type: ignore[attr-defined]
        raise CouponUnusable(slug, why="sold_out")
    bus.publish(session, bus.customer(actor.user_id))
    return grant_id


def apologise(session: Session, customer_id: int, *, key: str, now: datetime) -> bool:
    """What customers are promised when our side lets them down, for the reason `key` once; as `compensate`."""
    return compensate(session, customer_id, APOLOGY, key=key, now=now)


def compensate(session: Session, customer_id: int, slug: str, *, key: str, now: datetime) -> bool:
    """Give the customer a coupon of the batch `slug` for the reason `key`, once; False when it was given or there is no batch."""
    city_id = session.exec(select(User.city_id).where(User.id == customer_id)).one()
    batch = session.exec(select(Coupon).where(Coupon.city_id == city_id, Coupon.slug == slug)).first()
    if batch is None:
        return False
    number = 2 + int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % 2_000_000_000
    granted = _grant(session, batch, customer_id, number, now) is not None
    if granted:
        bus.publish(session, bus.customer(customer_id))
    return granted


def in_hand(session: Session, customer_id: int) -> list[CouponTerms]:
    """The customer's coupons that are neither locked nor used, the expired ones among them."""
    rows = session.exec(
        select(CouponGrant, Coupon)
        .join(Coupon, col(Coupon.id) == col(CouponGrant.coupon_id))
        .where(CouponGrant.customer_id == customer_id, CouponGrant.status == GrantStatus.AVAILABLE)
        .order_by(col(CouponGrant.id))
    )
    return [_terms(grant, batch) for grant, batch in rows]


def purchase(session: Session, customer_id: int, labour: Labour, *, now: datetime) -> Purchase:
    """What coupons are judged by; an order that is still unpaid counts as a first order too."""
    earlier = session.exec(
        select(Order.id).where(Order.customer_id == customer_id, col(Order.status).not_in(_DEAD)).limit(1)
    ).first()
    return Purchase(labour, earlier is None, now)


def best(session: Session, customer_id: int, labour: Labour, *, now: datetime) -> Choice:
    """The best coupon in the customer's hand for services and add-ons worth `labour`, and why the others lost."""
    return choose(in_hand(session, customer_id), purchase(session, customer_id, labour, now=now))


def pick(session: Session, customer_id: int, grant_id: int, labour: Labour, *, now: datetime) -> CouponTerms:
    """The coupon that the customer chose.

    Raises: CouponUnusable(why=…) when it is not in hand or does not fit.
    """
    found = next((terms for terms in in_hand(session, customer_id) if terms.grant_id == grant_id), None)
    if found is None:
        raise CouponUnusable(str(grant_id), why="not_in_hand")
    if why := refusal(found, purchase(session, customer_id, labour, now=now)):
        raise CouponUnusable(found.slug, why=why)
    return found


def lock(session: Session, order: Order, grant_id: int, *, now: datetime) -> None:
    """Reserve the coupon for `order` (stored, of the same customer).

    Raises: CouponUnusable when another order was faster, it expired, or it is somebody else's.
    """
    locked = session.execute(
        sa.update(CouponGrant)
        .where(
            col(CouponGrant.id) == grant_id,
            col(CouponGrant.customer_id) == order.customer_id,
            col(CouponGrant.status) == GrantStatus.AVAILABLE,
            col(CouponGrant.expires_at) > now,
        )
        .values(status=GrantStatus.LOCKED, order_id=order.id)
        .execution_options(synchronize_session=False)
    )
    if locked.rowcount != 1:  # type: ignore[attr-defined]
        raise CouponUnusable(str(grant_id), why="not_in_hand")


def use(session: Session, order: Order) -> bool:
    """The order was paid: its coupon is spent. False when it has none."""
    return _of_order(session, order, {GrantStatus.LOCKED}, status=GrantStatus.USED)


def release(session: Session, order: Order, *, now: datetime | None = None) -> bool:
    """The order ended without a service: its coupon goes back, paid or not. False when it has none.

    With `now` a coupon that would soon expire stays usable for three days.
    """
    values: dict[str, Any] = {"status": GrantStatus.AVAILABLE, "order_id": None}
    if now is not None:
        least = now + LIFE_AFTER_RETURN
        kept = col(CouponGrant.expires_at)
        values["expires_at"] = sa.case((kept < least, sa.literal(least, UtcDateTime())), else_=kept)
    return _of_order(session, order, {GrantStatus.LOCKED, GrantStatus.USED}, **values)


def _of_order(session: Session, order: Order, among: set[GrantStatus], **values: Any) -> bool:
    if order.coupon_grant_id is None:
        return False
    changed = session.execute(
        sa.update(CouponGrant)
        .where(col(CouponGrant.id) == order.coupon_grant_id, col(CouponGrant.order_id) == order.id)
        .where(col(CouponGrant.status).in_(among))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]


def _grant(session: Session, batch: Coupon, customer_id: int, number: int, now: datetime) -> int | None:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    made = session.execute(
        insert(CouponGrant)
        .values(
            coupon_id=batch.id,
            customer_id=customer_id,
            number=number,
            status=GrantStatus.AVAILABLE,
            granted_at=now,
            expires_at=now + timedelta(days=batch.valid_days),
        )
        .on_conflict_do_nothing(index_elements=["coupon_id", "customer_id", "number"])
        .returning(col(CouponGrant.id))
    )
    return made.scalar()


def _terms(grant: CouponGrant, batch: Coupon) -> CouponTerms:
    return CouponTerms(
        grant_id=grant.id or 0,
        slug=batch.slug,
        name_zh=batch.name_zh,
        name_en=batch.name_en,
        kind=batch.kind.value,
        amount_fen=batch.amount_fen,
        percent_bp=batch.percent_bp,
        cap_fen=batch.cap_fen,
        min_spend_fen=batch.min_spend_fen,
        category_id=batch.category_id,
        first_order_only=batch.first_order_only,
        funder_platform_bp=batch.funder_platform_bp,
        expires_at=grant.expires_at,
    )
