"""From a wish to an order: the price with every line, the time that is held, and the row.

`quote` and `create` price the same wish with the same function; what was shown is bound by `price_hash`. The slot that the calendar
showed is decided again here, in the transaction that takes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, func, select

from servicehub import crypto
from servicehub.domain import pricing
from servicehub.domain.access import Actor, Role
from servicehub.domain.coupon import CouponTerms, Labour
from servicehub.domain.geo import Point, distance_m
from servicehub.domain.order import OrderMode, OrderStatus
from servicehub.domain.technician import CellKind, Gender
from servicehub.errors import (
    Conflict,
    Invalid,
    NobodyAvailable,
    NotFound,
    NotLoggedIn,
    OutsideArea,
    PriceChanged,
    ServiceHubError,
    SlotTaken,
    SlotUnavailable,
)
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
from servicehub.models.order import Order
from servicehub.models.technician import Technician
from servicehub.services import addresses, coupons, crews, dispatching, order_numbers, policies, scheduling, transitions
from servicehub.services.pricing import named, order_lines

REQUIREMENTS = frozenset({"pets", "bring_vacuum", "shoe_covers", "parking", "stairs", "elderly", "quiet"})
"""What a customer may tell the technician beforehand."""
HALL_FIRST = timedelta(minutes=2)
"""How long an order that opened in the hall waits there before the platform searches itself."""
IMMEDIATE_LEAD = timedelta(minutes=20)
IMMEDIATE_WITHIN = timedelta(hours=4)
"""An order for as soon as possible starts in this span from now."""
BALANCE_GRACE = timedelta(hours=24)
FLEXIBLE = (0, 60, 120, 240)
"""Minutes by which a customer may let the visit begin later."""
WINDOW_STEP = timedelta(minutes=30)
NOTE_LENGTH = 200


class UnpaidOrder(Conflict):
    """The customer still owes the balance of a finished visit."""

    code = "unpaid_order"


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
class _Wish:
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


def quote(session: Session, actor: Actor, request: BookingRequest, *, now: datetime) -> BookingQuote:
    """The price of `request` now, without taking anything.

    Raises: NotFound, Invalid, OutsideArea, CouponUnusable, NobodyAvailable (as soon as possible is not possible).
    """
    wish = _wish(session, actor, request)
    start_at = request.start_at or _earliest(session, actor, wish, now)
    return _priced(session, actor, wish, start_at, now)


def create(session: Session, actor: Actor, request: BookingRequest, *, now: datetime) -> str:
    """Place the order and hold the chosen technician's time; returns the order's number.

    Raises: PriceChanged when `price_hash` is no longer the price; SlotTaken, SlotUnavailable, NobodyAvailable with
    `alternatives` (starts) among their params; UnpaidOrder; as `quote` otherwise. A refusal changes nothing.
    """
    wish = _wish(session, actor, request)
    _refuse_debtor(session, actor, now)
    start_at = request.start_at or _earliest(session, actor, wish, now)
    priced = _priced(session, actor, wish, start_at, now)
    if request.price_hash is not None and request.price_hash != priced.price_hash:
        raise PriceChanged(wish.item.slug, total_fen=priced.total_fen)
    order = _row(wish, actor, priced, now)
    order.window_from, order.window_until = _window(session, actor, wish, priced, now)
    try:
        _store(session, actor, order, priced, now)
    except (SlotTaken, SlotUnavailable, NobodyAvailable) as refusal:
        raise _with_alternatives(session, refusal, wish, actor, priced, now) from refusal
    return order.no


def _wish(session: Session, actor: Actor, request: BookingRequest) -> _Wish:
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
    return _Wish(request, item, add_ons, further, address, session.get_one(City, item.city_id), district)


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


def _priced(session: Session, actor: Actor, wish: _Wish, start_at: datetime, now: datetime) -> BookingQuote:
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


def _coupon(session: Session, actor: Actor, wish: _Wish, labour: Labour, now: datetime) -> CouponTerms | None:
    """The coupon that the customer wants, or the best one in hand. Raises: CouponUnusable."""
    match wish.request.coupon:
        case "none":
            return None
        case "best":
            return coupons.best(session, actor.user_id, labour, now=now).best
        case grant_id:
            return coupons.pick(session, actor.user_id, grant_id, labour, now=now)


def _earliest(session: Session, actor: Actor, wish: _Wish, now: datetime) -> datetime:
    """The first start that somebody can make. Raises: NobodyAvailable within the next hours."""
    minutes = pricing.duration_minutes(
        item_terms(wish.item),
        wish.request.quantity,
        [(add_on_terms(a), n) for a, n in wish.add_ons],
        wish.further_terms,
    )
    soon = now + IMMEDIATE_LEAD
    visit = _visit(wish, actor, soon, soon + timedelta(minutes=minutes))
    found = scheduling.alternatives(session, visit, now=now, technician_id=wish.request.technician_id, n=3)
    chosen = wish.request.technician_id
    fitting = [
        other.start_at
        for other in found
        if chosen in (None, other.technician_id) and other.start_at <= now + IMMEDIATE_WITHIN
    ]
    if not fitting:
        raise NobodyAvailable(wish.item.slug, alternatives=tuple(other.start_at for other in found))
    return min(fitting)


def _window(
    session: Session, actor: Actor, wish: _Wish, priced: BookingQuote, now: datetime
) -> tuple[datetime | None, datetime | None]:
    """Between which instants the visit may begin: as late as the customer allows and the price stays the same.

    A person who was asked for by name, and a crew, come at the exact time.
    """
    request, until = wish.request, priced.start_at
    if request.start_at is None or request.technician_id is not None or wish.item.crew_size > 1:
        return None, None
    latest = priced.start_at + timedelta(minutes=request.flexible_minutes)
    while until + WINDOW_STEP <= latest:
        if _priced(session, actor, wish, until + WINDOW_STEP, now).total_fen != priced.total_fen:
            break
        until += WINDOW_STEP
    return (priced.start_at, until) if until > priced.start_at else (None, None)


def _visit(wish: _Wish, actor: Actor, start_at: datetime, end_at: datetime) -> scheduling.Visit:
    return scheduling.Visit(
        sold=wish.sold,
        place=Point(wish.address.lat, wish.address.lng),
        start_at=start_at,
        end_at=end_at,
        customer_id=actor.user_id,
        gender=Gender(wish.request.gender) if wish.request.gender else None,
        is_immediate=wish.request.start_at is None,
        people=wish.item.crew_size,
    )


def _row(wish: _Wish, actor: Actor, priced: BookingQuote, now: datetime) -> Order:
    request, address, item = wish.request, wish.address, wish.item
    nothing_due = priced.first_due_fen == 0
    chosen = request.technician_id
    mode = OrderMode.CHOOSE if chosen else OrderMode(request.mode)
    return Order(
        city_id=item.city_id,
        no=order_numbers.fresh(wish.city, now),
        district_id=address.district_id,
        customer_id=actor.user_id,
        service_item_id=item.id,
        category_id=item.category_id,
        further_ids=list(wish.sold[1:]),
        requested_technician_id=chosen,
        crew_size=item.crew_size,
        technician_id=None if nothing_due else chosen,
        status=OrderStatus.MATCHING if nothing_due else OrderStatus.PENDING_PAYMENT,
        mode=mode,
        is_immediate=request.start_at is None,
        dispatch_at=search_from(mode, now) if nothing_due else None,
        quantity=request.quantity,
        start_at=priced.start_at,
        end_at=priced.end_at,
        gender=Gender(request.gender) if request.gender else None,
        requirements=sorted(request.requirements),
        note_enc=crypto.encrypt(request.note, "order.note") if request.note else "",
        area=address.area,
        detail_enc=_moved(address.detail_enc, "detail"),
        contact_enc=_moved(address.contact_enc, "contact"),
        phone_enc=_moved(address.phone_enc, "phone"),
        lat=address.lat,
        lng=address.lng,
        payment_plan=item.payment_plan,
        total_fen=priced.total_fen,
        first_due_fen=priced.first_due_fen,
        coupon_grant_id=priced.coupon_grant_id,
        policy_id=priced.policy_id,
        start_code_enc=crypto.encrypt(crypto.new_code(4), "order.start_code"),
        created_at=now.astimezone(UTC),
    )


def search_from(mode: OrderMode, now: datetime) -> datetime:
    """When the platform begins to search: at once, or after the hall had its chance."""
    return now + HALL_FIRST if mode is OrderMode.GRAB else now


def _moved(token: str, name: str) -> str:
    """An address's secret, sealed again for the order: it stays what it was when ordered."""
    return crypto.encrypt(crypto.decrypt(token, f"address.{name}"), f"order.{name}")


def _store(session: Session, actor: Actor, order: Order, priced: BookingQuote, now: datetime) -> None:
    chosen = order.requested_technician_id is not None
    unpaid = order.status is OrderStatus.PENDING_PAYMENT
    with session.begin_nested():
        if not chosen and not unpaid:
            scheduling.require_somebody(session, order, now=now)
        if chosen and session.get(Technician, order.requested_technician_id) is None:
            raise NotFound(f"technician {order.requested_technician_id}")
        transitions.create(session, order, actor, now=now)
        for line in order_lines(priced):
            line.order_id = order.id or 0
            session.add(line)
        if unpaid and order.crew_size > 1:
            scheduling.lock_everybody(session, order, now=now)
        if order.technician_id is not None:
            scheduling.claim(session, technician_id=order.technician_id, order=order, kind=CellKind.HOLD, now=now)
        if unpaid:
            _hold(session, order, order.crew_size - (order.technician_id is not None), now)
        if priced.coupon_grant_id is not None:
            coupons.lock(session, order, priced.coupon_grant_id, now=now)
        session.flush()
        dispatching.search(session, order, now=now)
        if not unpaid:
            crews.fill(session, order, now=now)


def _hold(session: Session, order: Order, people_wanted: int, now: datetime) -> None:
    """Hold the time of so many who could come while the customer pays, so that nobody pays for a time that is gone.

    Who comes is found when it is paid, and this is given back for their time only; holds are spread over everybody.

    Raises: NobodyAvailable.
    """
    if not people_wanted:
        return
    people = scheduling.free_technicians(session, scheduling.Visit.of(order), now=now)
    first = (order.id or 0) % len(people) if people else 0
    for technician_id in people[first:] + people[:first]:
        try:
            with session.begin_nested():
                scheduling.claim(session, technician_id=technician_id, order=order, kind=CellKind.HOLD, now=now)
        except (SlotTaken, SlotUnavailable):
            continue
        if order.technician_id is None:
            transitions.amend(session, order, technician_id=technician_id)
        people_wanted -= 1
        if not people_wanted:
            return
    raise NobodyAvailable(order.no)


def _with_alternatives(
    session: Session, refusal: ServiceHubError, wish: _Wish, actor: Actor, priced: BookingQuote, now: datetime
) -> ServiceHubError:
    """The same refusal, with the nearest other starts."""
    visit = _visit(wish, actor, priced.start_at, priced.end_at)
    others = scheduling.alternatives(session, visit, now=now, technician_id=wish.request.technician_id)
    return type(refusal)(str(refusal), **{**refusal.params, "alternatives": tuple(o.start_at for o in others)})


def _refuse_debtor(session: Session, actor: Actor, now: datetime) -> None:
    """Nobody orders again while the balance of a finished visit is overdue. Raises: UnpaidOrder."""
    overdue = session.exec(
        select(func.count())
        .select_from(Order)
        .where(
            Order.customer_id == actor.user_id,
            Order.status == OrderStatus.AWAITING_BALANCE,
            col(Order.finished_at) < now - BALANCE_GRACE,
        )
    ).one()
    if overdue:
        raise UnpaidOrder(str(overdue))
