"""Commands on an existing order by its customer and by operators. The preview of a charge and the charge are one computation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from servicehub.domain.access import Actor, Permission, Role
from servicehub.domain.cancellation import LATE_FREE, CancelQuote
from servicehub.domain.order import ORDER, OrderEvent, OrderStatus
from servicehub.errors import (
    Invalid,
    PriceChanged,
    ReasonMissing,
    RefundChanged,
    RefundTooLarge,
    SlotUnavailable,
    TransitionRefused,
)
from servicehub.models.cancellation import load_terms
from servicehub.models.order import Order
from servicehub.services import (
    audits,
    coupons,
    crews,
    ending,
    free_cancellations,
    notices,
    payments,
    refund_plans,
    refunds,
    scheduling,
    settlements,
    sums,
    transitions,
)

_NOTHING_PAID = frozenset({OrderStatus.PENDING_PAYMENT})


def events_for(order_status: OrderStatus, actor: Actor) -> list[OrderEvent]:
    """What this actor's role may fire now, by the machine; screens draw their buttons from it."""
    return ORDER.events(order_status, actor.role)


def cancel_preview(session: Session, actor: Actor, no: str, *, now: datetime) -> CancelQuote:
    """What cancelling would cost now. Raises: NotFound, TransitionRefused when it can no longer be cancelled."""
    actor.require_role(Role.CUSTOMER)
    order = transitions.load(session, actor, no)
    ORDER.step(order.status, OrderEvent.CANCEL)
    return ending.terms(session, order, by=Role.CUSTOMER, now=now)


def cancel(
    session: Session,
    actor: Actor,
    no: str,
    *,
    reason: str,
    expected_refund_fen: int,
    expected_rule: str = "",
    now: datetime,
) -> CancelQuote:
    """Cancel the customer's order on the terms that were shown; `expected_rule` is the rule that was ("" for not looked at).

    Raises: PriceChanged (look again) when less than `expected_refund_fen` goes back, or when the same does but it would now use up
    a free one of the month; TransitionRefused, NotFound.
    """
    actor.require_role(Role.CUSTOMER)
    order = transitions.load(session, actor, no)
    payments.lock_order(
        session, order.id or 0
    )  # before its time and its money, as everybody who reports a payment does
    session.refresh(order)
    ORDER.step(order.status, OrderEvent.CANCEL)
    terms = ending.terms(session, order, by=Role.CUSTOMER, now=now)
    if terms.rule == LATE_FREE and not free_cancellations.take(session, order, now=now):
        terms = ending.terms(session, order, by=Role.CUSTOMER, now=now, with_free=False)
    newly_free = terms.rule == LATE_FREE and expected_rule not in ("", LATE_FREE)
    if terms.refund_fen < expected_refund_fen or (newly_free and terms.refund_fen == expected_refund_fen):
        raise PriceChanged(no, refund_fen=terms.refund_fen)
    if order.status in _NOTHING_PAID:
        ending.end_unpaid(session, order, OrderEvent.CANCEL, actor, now=now, reason=reason)
    else:
        ending.end_with_fee(session, order, OrderEvent.CANCEL, actor, terms, now=now, reason=reason)
    return terms


def reschedule(session: Session, actor: Actor, no: str, start_at: datetime, *, now: datetime) -> None:
    """Move the visit to `start_at`, with the same technician once one accepted; as often as the order's policy allows.

    The companions of a crew are looked for anew at the new time. Raises: SlotTaken, SlotUnavailable(reason), NobodyAvailable,
    TransitionRefused (a companion alone is never moved), Invalid after the last move.
    """
    actor.require_role(Role.CUSTOMER, Role.OPERATOR)
    if actor.role is Role.OPERATOR:
        actor.require(Permission.DISPATCH_ASSIGN)
    order = transitions.load(session, actor, no)
    ORDER.step(order.status, OrderEvent.RESCHEDULE)
    if order.lead_id is not None:
        raise TransitionRefused(no, state=order.status.value, event=OrderEvent.RESCHEDULE.value)
    if order.reschedules >= load_terms(session, order).reschedule_limit:
        raise Invalid("too many moves")
    if order.status is OrderStatus.ACCEPTED and not _free_to_move(session, order, now):
        raise SlotUnavailable(no, reason="notice")
    end_at = start_at + (order.end_at - order.start_at)
    crews.disband(session, order, now=now, reason="rescheduled")
    if order.technician_id is not None:
        scheduling.swap(session, order, technician_id=order.technician_id, start_at=start_at, end_at=end_at, now=now)
    else:
        scheduling.require_somebody(session, order, start_at=start_at, end_at=end_at, now=now)
    again = {"dispatch_at": now, "round": 0} if order.status is OrderStatus.MATCHING else {}
    moved = {"from": order.start_at.isoformat(), "to": start_at.isoformat()}
    transitions.advance(
        session, order, OrderEvent.RESCHEDULE, actor, now=now, data=moved,
        start_at=start_at, end_at=end_at, reschedules=order.reschedules + 1, is_immediate=False,
        window_from=None, window_until=None, **again,
    )  # fmt: skip
    crews.fill(session, order, now=now, required=True)


def confirm(session: Session, actor: Actor, no: str, *, now: datetime) -> None:
    """The customer confirms that the work is done: settlement."""
    actor.require_role(Role.CUSTOMER)
    ending.complete(session, transitions.load(session, actor, no), OrderEvent.CONFIRM, actor, now=now)


def dispute(session: Session, actor: Actor, no: str, *, reason: str, now: datetime) -> None:
    """Complain: the order's money stays where it is until an operator decides. Raises: ReasonMissing."""
    actor.require_role(Role.CUSTOMER)
    if not reason.strip():
        raise ReasonMissing(no)
    order = transitions.load(session, actor, no)
    transitions.advance(session, order, OrderEvent.DISPUTE, actor, now=now, reason=reason.strip())
    settlements.freeze(session, order)


def force_cancel(session: Session, actor: Actor, no: str, *, reason: str, now: datetime) -> None:
    """An operator ends the order at the platform's cost. Audited. Raises: NotAllowed, ReasonMissing, TransitionRefused."""
    order = _intervene(session, actor, no, Permission.ORDER_CANCEL, reason)
    if order.status is OrderStatus.PENDING_PAYMENT:
        ending.end_unpaid(session, order, OrderEvent.CANCEL, actor, now=now, reason=reason)
    else:
        ending.end_in_full(session, order, OrderEvent.FORCE_CANCEL, actor, now=now, reason=reason)
        coupons.apologise(session, order.customer_id, key=f"cancelled:{order.no}", now=now)
    audits.record(session, actor, "order.cancel", f"order:{no}", reason, {}, now=now)


def refund(
    session: Session,
    actor: Actor,
    no: str,
    amount_fen: int,
    *,
    reason: str,
    lines: Sequence[int] = (),
    expected: str = "",
    now: datetime,
) -> None:
    """An operator gives money back without ending the order: `amount_fen`, or what is left of these lines of the price. Audited.

    `expected` is the digest of the plan that was shown; a refund that would do anything else is refused.

    Raises: RefundTooLarge beyond what was paid and not yet returned, RefundChanged, NotAllowed, ReasonMissing.
    """
    order = _intervene(session, actor, no, Permission.ORDER_REFUND, reason)
    if order.status is OrderStatus.PENDING_PAYMENT:
        raise TransitionRefused(no, state=order.status.value, event="refund")
    payments.lock_order(session, order.id or 0)
    chosen = refund_plans.for_lines(session, order, lines) if lines else {}
    planned = refund_plans.plan(session, order, sum(chosen.values()) if chosen else amount_fen, locked=True)
    if expected and expected != planned.digest:
        raise RefundChanged(no)
    refunds.carry_out(session, order, planned, "goodwill", now=now)
    refund_plans.note_lines(session, order, chosen, now=now)
    transitions.hint(session, order)
    given = {"amount_fen": planned.amount_fen} | ({"lines": sorted(chosen)} if chosen else {})
    audits.record(session, actor, "order.refund", f"order:{no}", reason, given, now=now)
    notices.tell_customer(session, order, "refunded", key=f"refunded:{no}:{now.timestamp()}", now=now)


def resolve(session: Session, actor: Actor, no: str, *, refund_fen: int, reason: str, now: datetime) -> None:
    """Decide a dispute: nothing back (the order counts as done) or `refund_fen` back (the order is closed). Audited."""
    order = _intervene(session, actor, no, Permission.ORDER_REFUND, reason)
    if refund_fen < 0 or refund_fen > sums.paid_net(session, order):
        raise RefundTooLarge(no, limit_fen=sums.paid_net(session, order))
    event = OrderEvent.RESOLVE_REFUND if refund_fen else OrderEvent.RESOLVE_REJECT
    unsettled = order.settled_at is None
    marks = {"completed_at": order.completed_at or now, "settled_at": order.settled_at or now}
    transitions.advance(session, order, event, actor, now=now, reason=reason, data={"refund_fen": refund_fen}, **marks)
    if refund_fen:
        refunds.request(session, order, refund_fen, "after_sale", now=now)
    settlements.unfreeze(session, order)
    payments.close_open(session, order)
    if unsettled:
        settle = settlements.settle if refund_fen else ending.settle
        settle(session, order, now=now)
    audits.record(session, actor, "order.resolve", f"order:{no}", reason, {"refund_fen": refund_fen}, now=now)


def _intervene(session: Session, actor: Actor, no: str, permission: Permission, reason: str) -> Order:
    actor.require(permission)
    if not reason.strip():
        raise ReasonMissing(no)
    return transitions.load(session, actor, no)


def _free_to_move(session: Session, order: Order, now: datetime) -> bool:
    """A visit may be moved while cancelling it would be free; the free late ones of a month are for cancelling only."""
    return ending.terms(session, order, by=Role.CUSTOMER, now=now, with_free=False).fee_fen == 0
