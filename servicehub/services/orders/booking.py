"""From a wish to an order: the price with every line, the time that is held, and the row.

`quote` and `create` price the same wish with the same function; what was shown is bound by `price_hash`. The slot that the calendar
showed is decided again here, in the transaction that takes it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlmodel import Session, and_, col, func, or_, select

from servicehub import crypto
from servicehub.domain import pricing
from servicehub.domain.access import Actor
from servicehub.domain.geo import Point
from servicehub.domain.order import ACTIVE, OrderMode, OrderStatus, PaymentPlan
from servicehub.domain.technician import CellKind, Gender
from servicehub.errors import (
    Conflict,
    NobodyAvailable,
    NotFound,
    PriceChanged,
    ServiceHubError,
    SlotTaken,
    SlotUnavailable,
)
from servicehub.models.account import User
from servicehub.models.catalog import (
    add_on_terms,
    item_terms,
)
from servicehub.models.order import Order
from servicehub.models.payment import in_collection
from servicehub.models.technician import Technician
from servicehub.services import (
    coupons,
    crews,
    dispatching,
    guarantees,
    order_numbers,
    policies,
    scheduling,
    transitions,
)
from servicehub.services.orders.wishes import BookingQuote, BookingRequest, Wish, load_wish, priced_at, start_window
from servicehub.services.pricing import order_lines

HALL_FIRST = timedelta(minutes=2)
"""How long an order that opened in the hall waits there before the platform searches itself."""
IMMEDIATE_LEAD = timedelta(minutes=20)
IMMEDIATE_WITHIN = timedelta(hours=4)
"""An order for as soon as possible starts in this span from now."""
BALANCE_GRACE = timedelta(hours=24)
OWING = ACTIVE - {OrderStatus.AWAITING_CONFIRM}
"""Statuses in which an order that is paid afterwards is not paid yet."""


class UnpaidOrder(Conflict):
    """The customer still owes the balance of a finished visit."""

    code = "unpaid_order"


class CreditUsedUp(Conflict):
    """The customer's visits that are paid afterwards come to more than the policy allows."""

    code = "credit_used_up"


def quote(session: Session, actor: Actor, request: BookingRequest, *, now: datetime) -> BookingQuote:
    """The price of `request` now, without taking anything.

    Raises: NotFound, Invalid, OutsideArea, CouponUnusable, NobodyAvailable (as soon as possible is not possible).
    """
    wish = load_wish(session, actor, request)
    start_at = request.start_at or _earliest(session, actor, wish, now)
    return priced_at(session, actor, wish, start_at, now)


def create(session: Session, actor: Actor, request: BookingRequest, *, now: datetime) -> str:
    """Place the order and hold the chosen technician's time; returns the order's number.

    Raises: PriceChanged when `price_hash` is no longer the price; SlotTaken, SlotUnavailable, NobodyAvailable with
    `alternatives` (starts) among their params; UnpaidOrder; CreditUsedUp; as `quote` otherwise. A refusal changes nothing.
    """
    wish = load_wish(session, actor, request)
    _refuse_debtor(session, actor, now)
    start_at = request.start_at or _earliest(session, actor, wish, now)
    priced = priced_at(session, actor, wish, start_at, now)
    if request.price_hash is not None and request.price_hash != priced.price_hash:
        raise PriceChanged(wish.item.slug, total_fen=priced.total_fen)
    order = _row(wish, actor, priced, now)
    if not _is_secured(wish, priced):
        _refuse_beyond_credit(session, order)
    order.window_from, order.window_until = start_window(session, actor, wish, priced, now)
    try:
        _store(session, actor, order, priced, now)
        if order.status is OrderStatus.PENDING_PAYMENT and _is_secured(wish, priced):
            guarantees.open_one(session, actor, order, request.guarantee, now=now)
    except (SlotTaken, SlotUnavailable, NobodyAvailable) as refusal:
        raise _with_alternatives(session, refusal, wish, actor, priced, now) from refusal
    return order.no


def _earliest(session: Session, actor: Actor, wish: Wish, now: datetime) -> datetime:
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


def _visit(wish: Wish, actor: Actor, start_at: datetime, end_at: datetime) -> scheduling.Visit:
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


def _row(wish: Wish, actor: Actor, priced: BookingQuote, now: datetime) -> Order:
    request, address, item = wish.request, wish.address, wish.item
    nothing_due = priced.first_due_fen == 0 and not _is_secured(wish, priced)
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


def _is_secured(wish: Wish, priced: BookingQuote) -> bool:
    """Whether the order waits for a guarantee before anybody is looked for."""
    return bool(wish.request.guarantee) and wish.item.payment_plan is PaymentPlan.AFTER and priced.total_fen > 0


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
    session: Session, refusal: ServiceHubError, wish: Wish, actor: Actor, priced: BookingQuote, now: datetime
) -> ServiceHubError:
    """The same refusal, with the nearest other starts."""
    visit = _visit(wish, actor, priced.start_at, priced.end_at)
    others = scheduling.alternatives(session, visit, now=now, technician_id=wish.request.technician_id)
    return type(refusal)(str(refusal), **{**refusal.params, "alternatives": tuple(o.start_at for o in others)})


def _refuse_beyond_credit(session: Session, order: Order) -> None:
    """One customer's bookings are counted one after the other. Raises: CreditUsedUp."""
    if order.payment_plan is not PaymentPlan.AFTER:
        return
    session.execute(select(User.id).where(User.id == order.customer_id).with_for_update())
    owed = select(func.sum(Order.total_fen)).where(
        Order.customer_id == order.customer_id,
        Order.payment_plan == PaymentPlan.AFTER,
        col(Order.status).in_(OWING),
        ~guarantees.secures(),
    )
    limit = policies.of_order(session, order).fees.credit_fen
    if int(session.exec(owed).one() or 0) + order.total_fen > limit:
        raise CreditUsedUp(order.no, limit_fen=limit)


def _refuse_debtor(session: Session, actor: Actor, now: datetime) -> None:
    """Nobody orders again while the balance of a finished visit is overdue, however long. Raises: UnpaidOrder."""
    overdue = session.exec(
        select(func.count())
        .select_from(Order)
        .where(
            Order.customer_id == actor.user_id,
            or_(
                and_(Order.status == OrderStatus.AWAITING_BALANCE, col(Order.finished_at) < now - BALANCE_GRACE),
                in_collection(),
            ),
        )
    ).one()
    if overdue:
        raise UnpaidOrder(str(overdue))
