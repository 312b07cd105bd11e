"""What a customer asks for, with its rows and its price: read and computed, nothing is taken.

`priced_at` is the one place where an order's price comes from, for what is shown and for what is bought.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from servicehub.domain import pricing
from servicehub.domain.access import Actor, Role
from servicehub.domain.coupon import CouponTerms, Labour
from servicehub.domain.geo import Point, distance_m
from servicehub.domain.guarantee import METHODS
from servicehub.domain.technician import Gender
from servicehub.errors import Invalid, NotFound, NotLoggedIn, OutsideArea
from servicehub.models.catalog import (
    MOST_FURTHER,
    AddOn,
    City,
    District,
    DistrictStatus,
    ServiceItem,
    add_on_terms,
    item_terms,
    joins,
)
from servicehub.models.customer import Address
from servicehub.services import addresses, coupons, policies
from servicehub.services.pricing import named

REQUIREMENTS = frozenset({"pets", "bring_vacuum", "shoe_covers", "parking", "stairs", "elderly", "quiet"})
"""What a customer may tell the technician beforehand."""
FLEXIBLE = (0, 60, 120, 240)
"""Minutes by which a customer may let the visit begin later."""
WINDOW_STEP = timedelta(minutes=30)
NOTE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class BookingRequest:
    """What a customer asks for. `start_at` None means as soon as possible; `technician_id` None lets the platform match."""

    service_slug: str
    quantity: int
    add_ons: tuple[tuple[str, int], ...]
    address_id: int
    start_at: datetime | None
    technician_id: int | None = None
    gender: str | None = None
    requirements: tuple[str, ...] = ()
    note: str = ""
    coupon: Literal["best", "none"] | int = "best"
    price_hash: str | None = None
    mode: Literal["dispatch", "grab"] = "dispatch"
    further: tuple[tuple[str, int], ...] = ()
    """Other services of the same visit, and their quantities."""
    guarantee: str = ""
    """What secures a payment after the service: wechat, alipay, or nothing but the customer's credit."""
    flexible_minutes: int = 0
    """By how much later than `start_at` the visit may begin, if that makes a better plan; see `FLEXIBLE`."""


@dataclass(frozen=True, slots=True)
class BookingQuote:
    """The price of a request, at the start that it would get."""

    lines: tuple[pricing.Line, ...]
    total_fen: int
    first_due_fen: int
    coupon_grant_id: int | None
    start_at: datetime
    end_at: datetime
    duration_minutes: int
    price_hash: str
    policy_id: int


@dataclass(frozen=True, slots=True)
class Wish:
    """A request with its rows."""

    request: BookingRequest
    item: ServiceItem
    add_ons: tuple[tuple[AddOn, int], ...]
    further: tuple[tuple[ServiceItem, int], ...]
    address: Address
    city: City
    district: District

    @property
    def sold(self) -> tuple[int, ...]:
        return self.item.id or 0, *(other.id or 0 for other, _count in self.further)

    @property
    def further_terms(self) -> list[pricing.Wanted]:
        return [(item_terms(other), count) for other, count in self.further]


def load_wish(session: Session, actor: Actor, request: BookingRequest) -> Wish:
    actor.require_role(Role.CUSTOMER)
    if not actor.user_id:
        raise NotLoggedIn
    item = session.exec(
        select(ServiceItem).where(
            ServiceItem.slug == request.service_slug, ServiceItem.city_id == actor.city_id, col(ServiceItem.published)
        )
    ).first()
    if item is None:
        raise NotFound(f"service {request.service_slug}")
    if (
        not set(request.requirements) <= REQUIREMENTS
        or request.gender not in (None, *Gender)
        or request.flexible_minutes not in FLEXIBLE
        or request.guarantee not in ("", *METHODS)
        or len(request.note) > NOTE_LENGTH
    ):
        raise Invalid("booking request")
    if request.start_at is not None and request.start_at.tzinfo is None:
        raise Invalid("naive start")
    address = addresses.load(session, actor, request.address_id)
    district = session.get_one(District, address.district_id)
    if district.status is not DistrictStatus.OPEN:
        raise OutsideArea(district.adcode)
    by_slug = {a.slug: a for a in session.exec(select(AddOn).where(AddOn.service_item_id == item.id))}
    if unknown := [slug for slug, _ in request.add_ons if slug not in by_slug]:
        raise NotFound(f"add-ons {unknown}")
    add_ons = tuple((by_slug[slug], count) for slug, count in request.add_ons)
    further = _further(session, item, request)
    return Wish(request, item, add_ons, further, address, session.get_one(City, item.city_id), district)


def _further(session: Session, item: ServiceItem, request: BookingRequest) -> tuple[tuple[ServiceItem, int], ...]:
    """The other services of the visit. Raises: NotFound, Invalid for what cannot be done beside `item`."""
    if not request.further:
        return ()
    if len(request.further) > MOST_FURTHER:
        raise Invalid("too many services in one visit", most=MOST_FURTHER)
    slugs = [slug for slug, _count in request.further]
    found = session.exec(
        select(ServiceItem).where(col(ServiceItem.slug).in_(slugs), ServiceItem.city_id == item.city_id)
    )
    by_slug = {other.slug: other for other in found}
    if unknown := [slug for slug in slugs if slug not in by_slug or not by_slug[slug].published]:
        raise NotFound(f"services {unknown}")
    if apart := [slug for slug in slugs if not joins(item, by_slug[slug])]:
        raise Invalid(f"{apart} beside {item.slug}")
    return tuple((by_slug[slug], count) for slug, count in request.further)


def priced_at(session: Session, actor: Actor, wish: Wish, start_at: datetime, now: datetime) -> BookingQuote:
    policy_id, policy = policies.order_policy(session, wish.city.id or 0, now)

    def price(coupon: CouponTerms | None) -> pricing.Quote:
        return pricing.quote(
            item_terms(wish.item),
            wish.request.quantity,
            [(add_on_terms(add_on), count) for add_on, count in wish.add_ons],
            start_local=start_at.astimezone(ZoneInfo(wish.city.timezone)),
            distance_m=round(
                distance_m(Point(wish.district.lat, wish.district.lng), Point(wish.address.lat, wish.address.lng))
            ),
            is_immediate=wish.request.start_at is None,
            coupon=coupon,
            policy=policy.fees,
            further=wish.further_terms,
        )

    bare = price(None)
    coupon = _coupon(session, actor, wish, bare.labour, now)
    quoted = named(price(coupon) if coupon else bare)
    return BookingQuote(
        lines=quoted.lines,
        total_fen=quoted.total_fen,
        first_due_fen=quoted.first_due_fen,
        coupon_grant_id=coupon.grant_id if coupon else None,
        start_at=start_at,
        end_at=start_at + timedelta(minutes=quoted.duration_minutes),
        duration_minutes=quoted.duration_minutes,
        price_hash=quoted.price_hash,
        policy_id=policy_id,
    )


def _coupon(session: Session, actor: Actor, wish: Wish, labour: Labour, now: datetime) -> CouponTerms | None:
    """The coupon that the customer wants, or the best one in hand. Raises: CouponUnusable."""
    match wish.request.coupon:
        case "none":
            return None
        case "best":
            return coupons.best(session, actor.user_id, labour, now=now).best
        case grant_id:
            return coupons.pick(session, actor.user_id, grant_id, labour, now=now)


def start_window(
    session: Session, actor: Actor, wish: Wish, priced: BookingQuote, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Between which instants the visit may begin: as late as the customer allows and the price stays the same.

    A person who was asked for by name, and a crew, come at the exact time.
    """
    request, until = wish.request, priced.start_at
    if request.start_at is None or request.technician_id is not None or wish.item.crew_size > 1:
        return None, None
    latest = priced.start_at + timedelta(minutes=request.flexible_minutes)
    while until + WINDOW_STEP <= latest:
        if priced_at(session, actor, wish, until + WINDOW_STEP, now).total_fen != priced.total_fen:
            break
        until += WINDOW_STEP
    return (priced.start_at, until) if until > priced.start_at else (None, None)
