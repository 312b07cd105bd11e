"""One offer's life: made with the technician's time already taken, then accepted, declined, expired or void."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import bus
from servicehub.domain.access import SYSTEM, Actor, Role
from servicehub.domain.offer import DeclineReason, OfferStatus
from servicehub.domain.order import OrderEvent, OrderMode
from servicehub.errors import Invalid, NotFound, OfferGone
from servicehub.matching import Assessment
from servicehub.models.base import among
from servicehub.models.dispatch import Offer
from servicehub.models.order import Order
from servicehub.models.technician import Technician
from servicehub.services import notices, scheduling, settlements, transitions
from servicehub.services.due import each

ANSWER_NOW = timedelta(seconds=30)
ANSWER_TODAY = timedelta(seconds=45)
ANSWER_LATER = timedelta(seconds=90)
ANSWER_BY_HAND = timedelta(minutes=5)
"""How long a technician may think: immediate visits, visits within a day, later ones, and those an operator picked by hand."""


def answer_time(order: Order, now: datetime) -> timedelta:
    """How long the offer stays open."""
    if order.is_immediate:
        return ANSWER_NOW
    return ANSWER_TODAY if order.start_at - now < timedelta(hours=24) else ANSWER_LATER


def make(
    session: Session, pairs: Sequence[tuple[Order, Assessment]], *, open_for: timedelta | None, now: datetime
) -> None:
    """Offer each order, which is ASSIGNED to its technician and has his time; nobody gets two.

    Open for `open_for`, or as long as `answer_time` says. As many statements for a hundred offers as for one.
    """
    ids = [choice.technician_id for _order, choice in pairs]
    technicians = {t.id: t for t in session.exec(select(Technician).where(among(col(Technician.id), ids)))}
    splits = settlements.take_homes(session, [(order, technicians[c.technician_id]) for order, c in pairs])
    made = [
        Offer(
            order_id=order.id,
            technician_id=choice.technician_id,
            round=order.round,
            status=OfferStatus.OPEN,
            created_at=now,
            deadline_at=now + (open_for or answer_time(order, now)),
            take_home_fen=split.net_fen,
            distance_m=choice.distance_m,
            travel_minutes=choice.travel_minutes,
            reasons=list(choice.reasons),
        )
        for (order, choice), split in zip(pairs, splits, strict=True)
    ]
    session.add_all(made)
    session.execute(
        sa.update(Technician)
        .where(among(col(Technician.id), ids))
        .values(offers_feasible=Technician.offers_feasible + 1)
        .execution_options(synchronize_session=False)
    )
    session.flush()
    receivers = {f"offer:{offer.id}": technicians[offer.technician_id].user_id for offer in made}
    notices.send_each(session, "offer", receivers, now=now, link="/technician/")
    bus.publish(session, *(bus.technician(technician_id) for technician_id in ids))


def accept(session: Session, actor: Actor, offer_id: int, *, now: datetime) -> str:
    """Take the job. Returns the order's number.

    Raises: OfferGone when the offer was answered, withdrawn, or its deadline passed (whether or not a timer saw it).
    """
    offer, order = _own(session, actor, offer_id)
    _answer(session, offer, OfferStatus.ACCEPTED, now)
    technician = session.get_one(Technician, offer.technician_id)
    split = settlements.take_home(session, order, technician)
    transitions.advance(
        session, order, OrderEvent.ACCEPT, actor, now=now, accepted_at=now, commission=split.as_document()
    )
    session.execute(
        sa.update(Technician)
        .where(col(Technician.id) == technician.id)
        .values(offers_accepted=Technician.offers_accepted + 1)
        .execution_options(synchronize_session=False)
    )
    notices.tell_customer(session, order, "accepted", now=now, technician=technician.name)
    return order.no


def decline(session: Session, actor: Actor, offer_id: int, reason: str, *, now: datetime) -> None:
    """Refuse the job; the next round begins at once. Raises: Invalid for an unknown reason, OfferGone."""
    if reason not in set(DeclineReason):
        raise Invalid(f"decline reason {reason!r}")
    offer, order = _own(session, actor, offer_id)
    _answer(session, offer, OfferStatus.DECLINED, now, decline_reason=DeclineReason(reason))
    _back_to_matching(session, order, OrderEvent.DECLINE, actor, now=now, reason=reason)


def give_up(session: Session, order: Order, actor: Actor, reason: str, *, now: datetime) -> None:
    """The technician who is being asked cannot come at all: his open offer counts as declined, whatever its deadline."""
    offer = session.exec(select(Offer).where(Offer.order_id == order.id, Offer.status == OfferStatus.OPEN)).first()
    if offer is not None:
        _answer(session, offer, OfferStatus.DECLINED, now, decline_reason=DeclineReason.UNWELL, in_time=False)
    _back_to_matching(session, order, OrderEvent.DECLINE, actor, now=now, reason=reason)


def expire_due(session: Session, now: datetime, *, limit: int = 200) -> int:
    """Expire open offers whose deadline passed; returns how many. Idempotent: the status is the guard."""
    due = session.exec(
        select(Offer)
        .where(Offer.status == OfferStatus.OPEN, col(Offer.deadline_at) <= now)
        .order_by(col(Offer.deadline_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    return each(session, due, lambda offer: _expire(session, offer, now))


def _expire(session: Session, offer: Offer, now: datetime) -> None:
    order = session.get_one(Order, offer.order_id)
    _answer(session, offer, OfferStatus.EXPIRED, now, in_time=False)
    _back_to_matching(session, order, OrderEvent.OFFER_TIMEOUT, SYSTEM, now=now)
    bus.publish(session, bus.technician(offer.technician_id))


def void(session: Session, order: Order, *, now: datetime) -> None:
    """Withdraw the order's open offer, if any."""
    open_offers = session.exec(select(Offer).where(Offer.order_id == order.id, Offer.status == OfferStatus.OPEN)).all()
    for offer in open_offers:
        _answer(session, offer, OfferStatus.VOID, now, in_time=False)
        bus.publish(session, bus.technician(offer.technician_id))


def _own(session: Session, actor: Actor, offer_id: int) -> tuple[Offer, Order]:
    actor.require_role(Role.TECHNICIAN)
    offer = session.get(Offer, offer_id)
    if offer is None or offer.technician_id != actor.technician_id:
        raise NotFound(f"offer {offer_id}")
    return offer, session.get_one(Order, offer.order_id)


def _answer(
    session: Session,
    offer: Offer,
    status: OfferStatus,
    now: datetime,
    *,
    decline_reason: DeclineReason | None = None,
    in_time: bool = True,
) -> None:
    query = sa.update(Offer).where(col(Offer.id) == offer.id, col(Offer.status) == OfferStatus.OPEN)
    if in_time:
        query = query.where(col(Offer.deadline_at) > now)
    changed = session.execute(
        query.values(status=status, answered_at=now, decline_reason=decline_reason).execution_options(
            synchronize_session=False
        )
    )
    if changed.rowcount != 1:  # type: ignore[attr-defined]
        raise OfferGone(f"offer {offer.id}")
    session.refresh(offer)


def _back_to_matching(
    session: Session, order: Order, event: OrderEvent, actor: Actor, *, now: datetime, reason: str = ""
) -> None:
    """Release the time and search again; a request for one person has been answered, so the platform matches from here on."""
    scheduling.release(session, order.id or 0)
    mode = OrderMode.DISPATCH if order.mode is OrderMode.CHOOSE else order.mode
    transitions.advance(
        session, order, event, actor, now=now, reason=reason, technician_id=None, dispatch_at=now, mode=mode
    )
