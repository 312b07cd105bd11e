"""Coupons of a customer: to claim, to use, gone; and which of them fits a purchase, with the reason for each."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor
from servicehub.domain.coupon import Choice, CouponTerms, Labour, Purchase, choose, discount_fen, eligible_fen
from servicehub.domain.order import OrderStatus
from servicehub.models.catalog import Category
from servicehub.models.customer import Coupon, CouponGrant, CouponKind, GrantStatus
from servicehub.models.order import Order
from servicehub.queries.customer.places import city_of
from servicehub.texts import N_, Locale, formats, pick, say
from servicehub.viewmodels.customer.account import CouponCard, Coupons, HeroCoupon
from servicehub.viewmodels.customer.booking import CouponChoice

WHY: dict[str, str] = {
    "expired": N_("Expired"),
    "category": N_("Not for this service"),
    "first_order": N_("First order only"),
    "min_spend": N_("From {amount}"),
    "nothing_off": N_("Nothing to take off"),
    "smaller": N_("Another coupon takes off more"),
}
HERO = "welcome"
_DEAD = (OrderStatus.CANCELLED, OrderStatus.EXPIRED)


def coupons(session: Session, actor: Actor, *, locale: Locale, now: datetime) -> Coupons:
    """All of the customer's coupons and those that can be claimed."""
    categories = _categories(session, actor, locale)
    mine = _grants(session, actor)
    claimed = {coupon.id for _grant, coupon in mine}
    open_now = _claimable(session, actor, first=is_first_order(session, actor))
    tz = city_of(session, actor).timezone
    held = [_card(locale, coupon, categories, now, tz, grant) for grant, coupon in mine]
    return Coupons(
        claimable=tuple(_card(locale, row, categories, now, tz) for row in open_now if row.id not in claimed),
        usable=tuple(card for card in held if card.state == "available"),
        gone=tuple(card for card in held if card.state != "available"),
    )


def hero(session: Session, actor: Actor, *, locale: Locale) -> HeroCoupon:
    """The coupon of the home page's big card; empty for customers who ordered before."""
    coupon = session.exec(
        select(Coupon).where(Coupon.city_id == city_of(session, actor).id, Coupon.slug == HERO, col(Coupon.claimable))
    ).first()
    if coupon is None or coupon.stock < 1 or not is_first_order(session, actor):
        return HeroCoupon()
    claimed = any(row.id == coupon.id for _grant, row in _grants(session, actor))
    title = pick(locale, coupon.name_zh, coupon.name_en)
    line = say(locale, N_("For orders from {amount}"), amount=formats.yuan(coupon.min_spend_fen))
    return HeroCoupon(coupon.slug, title, line, claimed)


def choices(
    session: Session, actor: Actor, labour: Labour, chosen: int, *, locale: Locale, now: datetime
) -> tuple[CouponChoice, ...]:
    """The customer's coupons for a purchase, best first. `chosen` is a grant's id, 0 for none."""
    if not actor.user_id:
        return ()
    purchase = Purchase(labour, is_first_order(session, actor), now)
    judged: Choice = choose(
        [terms(grant, coupon) for grant, coupon in _grants(session, actor, available=True)], purchase
    )
    return tuple(
        CouponChoice(
            id=row.terms.grant_id,
            title=pick(locale, row.terms.name_zh, row.terms.name_en),
            off=formats.yuan(-row.discount_fen) if row.discount_fen else "",
            why=say(locale, WHY.get(row.why, ""), amount=formats.yuan(row.terms.min_spend_fen)) if row.why else "",
            usable=row.why in ("", "smaller"),
            chosen=row.terms.grant_id == chosen,
        )
        for row in judged.considered
    )


def best_off_fen(session: Session, actor: Actor, labour: Labour, *, now: datetime) -> int:
    """What the best coupon in hand would take off; 0 without one."""
    if not actor.user_id:
        return 0
    purchase = Purchase(labour, is_first_order(session, actor), now)
    best = choose([terms(grant, coupon) for grant, coupon in _grants(session, actor, available=True)], purchase).best
    return discount_fen(best, eligible_fen(best, labour)) if best else 0


def terms(grant: CouponGrant, coupon: Coupon) -> CouponTerms:
    """A coupon in hand as a value."""
    return CouponTerms(
        grant_id=grant.id or 0,
        slug=coupon.slug,
        name_zh=coupon.name_zh,
        name_en=coupon.name_en,
        kind=coupon.kind.value,
        amount_fen=coupon.amount_fen,
        percent_bp=coupon.percent_bp,
        cap_fen=coupon.cap_fen,
        min_spend_fen=coupon.min_spend_fen,
        category_id=coupon.category_id,
        first_order_only=coupon.first_order_only,
        funder_platform_bp=coupon.funder_platform_bp,
        expires_at=grant.expires_at,
    )


def is_first_order(session: Session, actor: Actor) -> bool:
    """Whether the customer has no order that was not called off; strangers count as new."""
    if not actor.user_id:
        return True
    query = sa.select(sa.func.count()).where(col(Order.customer_id) == actor.user_id, col(Order.status).not_in(_DEAD))
    return int(session.execute(query).scalar_one()) == 0


def usable_count(session: Session, actor: Actor, *, now: datetime) -> int:
    """How many coupons the customer can use now."""
    query = sa.select(sa.func.count()).where(
        col(CouponGrant.customer_id) == actor.user_id,
        col(CouponGrant.status) == GrantStatus.AVAILABLE,
        col(CouponGrant.expires_at) > now,
    )
    return int(session.execute(query).scalar_one())


def _grants(session: Session, actor: Actor, *, available: bool = False) -> list[tuple[CouponGrant, Coupon]]:
    if not actor.user_id:
        return []
    query = (
        select(CouponGrant, Coupon)
        .join(Coupon, col(Coupon.id) == col(CouponGrant.coupon_id))
        .where(CouponGrant.customer_id == actor.user_id)
        .order_by(col(CouponGrant.expires_at), col(CouponGrant.id))
    )
    return list(session.exec(query.where(CouponGrant.status == GrantStatus.AVAILABLE) if available else query).all())


def _claimable(session: Session, actor: Actor, *, first: bool) -> list[Coupon]:
    query = select(Coupon).where(
        Coupon.city_id == city_of(session, actor).id, col(Coupon.claimable), col(Coupon.stock) > 0
    )
    return [row for row in session.exec(query.order_by(col(Coupon.id))) if first or not row.first_order_only]


def _categories(session: Session, actor: Actor, locale: Locale) -> dict[int, str]:
    rows = session.exec(select(Category).where(Category.city_id == city_of(session, actor).id))
    return {row.id or 0: pick(locale, row.name_zh, row.name_en) for row in rows}


def _card(
    locale: Locale,
    coupon: Coupon,
    categories: dict[int, str],
    now: datetime,
    tz: str,
    grant: CouponGrant | None = None,
) -> CouponCard:
    return CouponCard(
        id=grant.id or 0 if grant else 0,
        slug=coupon.slug,
        title=pick(locale, coupon.name_zh, coupon.name_en),
        off=_off(locale, coupon),
        terms=_terms(locale, coupon, categories),
        until=_until(locale, coupon, grant, now, tz),
        state=_state(grant, now),
    )


def _off(locale: Locale, coupon: Coupon) -> str:
    if coupon.kind is CouponKind.AMOUNT:
        return formats.yuan(coupon.amount_fen)
    return say(locale, N_("{share} off"), share=formats.percent(coupon.percent_bp, digits=0))


def _terms(locale: Locale, coupon: Coupon, categories: dict[int, str]) -> str:
    parts = []
    if coupon.min_spend_fen:
        parts.append(say(locale, N_("For orders from {amount}"), amount=formats.yuan(coupon.min_spend_fen)))
    if coupon.cap_fen:
        parts.append(say(locale, N_("up to {amount}"), amount=formats.yuan(coupon.cap_fen)))
    parts.append(categories.get(coupon.category_id or 0, "") or say(locale, N_("All services")))
    if coupon.first_order_only:
        parts.append(say(locale, N_("First order only")))
    return " · ".join(parts)


def _until(locale: Locale, coupon: Coupon, grant: CouponGrant | None, now: datetime, tz: str) -> str:
    if grant is None:
        return say(locale, N_("Valid for {n} days"), n=coupon.valid_days)
    return say(locale, N_("Valid until {day}"), day=formats.day_time(grant.expires_at, now, tz, locale=locale))


def _state(grant: CouponGrant | None, now: datetime) -> str:
    if grant is None:
        return "claimable"
    if grant.status is GrantStatus.AVAILABLE and grant.expires_at <= now:
        return "expired"
    return grant.status.value
