"""How an order ends: its offer withdrawn, its time and coupon given back, its money sent where it belongs. One transaction each."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from servicehub.domain import cancellation
from servicehub.domain.access import Actor, Role
from servicehub.domain.cancellation import CancelQuote
from servicehub.domain.money import split
from servicehub.domain.order import OrderEvent
from servicehub.models.cancellation import load_free_left, load_terms
from servicehub.models.order import Order
from servicehub.services import (
    capturing,
    coupons,
    crews,
    delays,
    guarantees,
    notices,
    payments,
    proposals,
    refunds,
    scheduling,
    settlements,
    sums,
    transitions,
)
from servicehub.services.dispatching import offers


def end_unpaid(
    session: Session, order: Order, event: OrderEvent, actor: Actor, *, now: datetime, reason: str = ""
) -> None:
    """End an order for which nothing was paid."""
    _give_back(session, order, now=now)
    coupons.release(session, order, now=now)
    transitions.advance(
        session, order, event, actor, now=now, reason=reason, cancelled_at=now, technician_id=None, dispatch_at=None
    )
    payments.close_open(session, order)
    notices.tell_customer(
        session, order, "payment_expired" if event is OrderEvent.PAY_TIMEOUT else "cancelled", now=now
    )


def end_in_full(session: Session, order: Order, event: OrderEvent, actor: Actor, *, now: datetime, reason: str) -> None:
    """End an order at the platform's cost: everything that was paid goes back, and the coupon too."""
    _give_back(session, order, now=now)
    coupons.release(session, order, now=now)
    transitions.advance(session, order, event, actor, now=now, reason=reason, cancelled_at=now, dispatch_at=None)
    proposals.lapse(session, order, now=now)
    payments.close_open(session, order)
    if paid := sums.paid_net(session, order):
        refunds.request(
            session, order, paid, "nobody_found" if event is OrderEvent.MATCH_TIMEOUT else "cancelled", now=now
        )
    notices.tell_customer(session, order, "nobody_found" if event is OrderEvent.MATCH_TIMEOUT else "cancelled", now=now)


def end_with_fee(
    session: Session, order: Order, event: OrderEvent, actor: Actor, quote: CancelQuote, *, now: datetime, reason: str
) -> None:
    """End a paid order by the cancellation terms: the fee is kept and shared, the rest goes back; a guarantee likewise."""
    companions = _give_back(session, order, now=now)
    if quote.fee_fen == 0:
        coupons.release(session, order, now=now)
    data = {"fee_fen": quote.fee_fen, "refund_fen": quote.refund_fen, "rule": quote.rule}
    transitions.advance(
        session, order, event, actor, now=now, reason=reason, data=data, cancelled_at=now, dispatch_at=None
    )
    secured = guarantees.held(session, order) is not None
    if secured and quote.fee_fen:
        capturing.intend_fee(session, order, quote, companions, now=now)
    else:
        payments.close_open(session, order)
    if quote.fee_fen and not secured:
        settlements.settle_cancellation(session, order, quote, companions=companions, now=now)
    if quote.refund_fen and not secured:
        refunds.request(session, order, quote.refund_fen, "cancelled", now=now)
    notices.tell_customer(session, order, "cancelled", now=now)


def complete(session: Session, order: Order, event: OrderEvent, actor: Actor, *, now: datetime) -> None:
    """The customer is content, or silent for a day: the escrow becomes commission and the technician's pending earning."""
    transitions.advance(session, order, event, actor, now=now, completed_at=now, settled_at=now)
    crews.confirm(session, order, now=now)
    settle(session, order, now=now)
    notices.tell_customer(session, order, "completed", now=now)


def settle(session: Session, order: Order, *, now: datetime) -> None:
    """Divide what was paid among those who came. The part of anybody who was sold and did not come goes back to the customer."""
    came = 1 + sum(c.finished_at is not None for c in crews.companions(session, order))
    if order.lead_id is None and came < order.crew_size and (held := sums.escrow(session, order)):
        refunds.request(session, order, sum(split(held, [1] * order.crew_size)[came:]), "crew_short", now=now)
    settlements.settle(session, order, now=now)


def back_to_matching(
    session: Session, order: Order, event: OrderEvent, actor: Actor, *, now: datetime, reason: str
) -> None:
    """The technician is out: his time is released and the order is matched again at once, ahead of others."""
    scheduling.release(session, order.id or 0)
    transitions.advance(
        session, order, event, actor, now=now, reason=reason,
        technician_id=None, dispatch_at=now, priority=1, departed_at=None, accepted_at=None, commission={},
    )  # fmt: skip
    notices.tell_customer(session, order, "rematching", now=now)


def terms(session: Session, order: Order, *, by: Role, now: datetime, with_free: bool = True) -> CancelQuote:
    """What ending the order now costs, by the policy that it froze: the preview and the charge both.

    `with_free`: whether a free late cancellation of the month counts, if one is left.
    """
    secured = guarantees.held(session, order)
    return cancellation.fee(
        load_terms(session, order),
        status=order.status,
        paid_fen=sums.paid_net(session, order) + (secured.amount_fen if secured else 0),
        total_fen=order.total_fen,
        paid_at=order.paid_at or (secured.held_at if secured else None),
        start_at=order.start_at,
        now=now,
        travel_fee_fen=sums.line_sum(session, order, "travel"),
        by=by,
        delay_minutes=delays.minutes_of(session, order),
        is_short=crews.is_short(session, order),
        free_left=load_free_left(session, order, now) if with_free else 0,
    )


def _give_back(session: Session, order: Order, *, now: datetime) -> list[Order]:
    """The order's time and offer, and its companions; returns those of them who had said yes."""
    offers.void(session, order, now=now)
    scheduling.release(session, order.id or 0)
    return crews.disband(session, order, now=now)
