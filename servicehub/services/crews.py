"""A visit of several people: the order that was sold leads it, and every further technician has a companion order of his own.

A companion has no price, but a time, a search, offers and a history like any other order, so everything that finds and replaces
technicians works for each of the crew. What belongs to the visit as a whole (its code, proof, end and money) stays with the lead.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from servicehub.domain.access import SYSTEM, Actor
from servicehub.domain.order import CONTACT_OPEN, OrderEvent, OrderMode, OrderStatus
from servicehub.errors import NobodyAvailable
from servicehub.models.catalog import City
from servicehub.models.order import Order, load_companions
from servicehub.services import dispatching, order_numbers, scheduling, transitions
from servicehub.services.dispatching import offers

_S = OrderStatus
_OVER = frozenset({_S.COMPLETED, _S.CLOSED, _S.DISPUTED})
"""Who has done his part, settled or not, keeps it."""
_DONE = frozenset({_S.AWAITING_BALANCE, _S.AWAITING_CONFIRM})
_COPIED = (
    "city_id", "district_id", "customer_id", "service_item_id", "further_ids", "category_id", "is_immediate", "crew_size",
    "quantity", "start_at", "end_at", "gender", "requirements", "note_enc", "area", "detail_enc", "contact_enc", "phone_enc",
    "lat", "lng", "payment_plan", "policy_id",
)  # fmt: skip


def fill(session: Session, order: Order, *, now: datetime, required: bool = False) -> None:
    """Begin to look for everybody who is missing in the crew of a paid order.

    Raises: NobodyAvailable when somebody is not found at once and `required` says so; the caller undoes the transaction.
    """
    here = {companion.seat for companion in companions(session, order)}
    for seat in range(1, order.crew_size):
        if seat in here:
            continue
        companion = _companion(session, order, seat, now)
        transitions.create(session, companion, SYSTEM, now=now)
        dispatching.search(session, companion, now=now)
        if required and scheduling.holder(session, companion.id or 0) is None:
            raise NobodyAvailable(order.no)


def companions(session: Session, order: Order) -> list[Order]:
    """The companions of a lead that were not given up, by seat; nobody for a visit of one person or a companion himself."""
    if order.crew_size == 1 or order.lead_id is not None:
        return []
    return load_companions(session, [order.id or 0])[order.id or 0]


def is_short(session: Session, order: Order) -> bool:
    """Whether a paid visit will have fewer people than were sold: somebody was looked for and not found."""
    if order.crew_size == 1 or order.lead_id is not None or order.status is _S.PENDING_PAYMENT:
        return False
    return len(companions(session, order)) < order.crew_size - 1


def disband(session: Session, order: Order, *, now: datetime, reason: str = "") -> list[Order]:
    """Let the companions go whose visit ended or moved; returns those who had said yes and were not through yet."""
    had_said_yes = []
    for companion in companions(session, order):
        if companion.status in _OVER or (companion.finished_at is not None and order.status in _DONE):
            continue
        if companion.status in CONTACT_OPEN:
            had_said_yes.append(companion)
        offers.void(session, companion, now=now)
        scheduling.release(session, companion.id or 0)
        transitions.advance(
            session,
            companion,
            OrderEvent.LEAD_ENDED,
            SYSTEM,
            now=now,
            reason=reason,
            cancelled_at=now,
            dispatch_at=None,
        )
    return had_said_yes


def start(session: Session, order: Order, actor: Actor, *, now: datetime) -> None:
    """The customer's code starts the visit for everybody who is there."""
    for companion in companions(session, order):
        if companion.status is _S.ARRIVED:
            transitions.advance(session, companion, OrderEvent.START, actor, now=now, started_at=now)


def lead_of(session: Session, order: Order) -> Order:
    """The order that was sold."""
    return order if order.lead_id is None else session.get_one(Order, order.lead_id)


def confirm(session: Session, order: Order, *, now: datetime) -> None:
    """The visit counts as done for its companions too."""
    for companion in companions(session, order):
        if companion.status is _S.AWAITING_CONFIRM:
            transitions.advance(
                session, companion, OrderEvent.AUTO_CONFIRM, SYSTEM, now=now, completed_at=now, settled_at=now
            )


def _companion(session: Session, lead: Order, seat: int, now: datetime) -> Order:
    """A new companion's row: the lead's visit, without its price, code and wishes about a person."""
    in_hall = lead.mode is OrderMode.GRAB
    return Order(
        **{name: getattr(lead, name) for name in _COPIED},
        no=order_numbers.fresh(session.get_one(City, lead.city_id), now),
        lead_id=lead.id,
        seat=seat,
        status=OrderStatus.MATCHING,
        mode=OrderMode.GRAB if in_hall else OrderMode.DISPATCH,
        dispatch_at=(lead.dispatch_at if in_hall else None) or now,
        total_fen=0,
        first_due_fen=0,
        paid_at=lead.paid_at,
        created_at=now,
    )
