"""The automatic search: orders in MATCHING get a round when due; the best candidate by `matching` gets the offer.

Owns when a round happens, to whom nobody was found, and when the order opens to the hall. Nobody is asked twice in one search.
The first round belongs to the transaction that starts the search, so that no time gets lost between a payment and a tick.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from servicehub import matching
from servicehub.domain.access import SYSTEM, Actor
from servicehub.domain.order import OrderEvent, OrderMode, OrderStatus
from servicehub.domain.technician import CellKind
from servicehub.errors import NotFound, SlotTaken, SlotUnavailable
from servicehub.models.dispatch import DispatchDecision
from servicehub.models.order import Order
from servicehub.services import roster, scheduling, transitions
from servicehub.services.dispatching import offers
from servicehub.services.due import each

RETRY = timedelta(seconds=30)
TRIES_PER_ROUND = 3
"""Candidates tried in one round when somebody else takes the time of the best one meanwhile."""


def run_due(session: Session, now: datetime, *, limit: int = 50) -> int:
    """Give every due order in MATCHING one round; returns how many. Rescued orders first, then by start."""
    due = session.exec(
        select(Order)
        .where(Order.status == OrderStatus.MATCHING, col(Order.dispatch_at) <= now)
        .order_by(col(Order.priority).desc(), col(Order.start_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    situations = roster.situations(session, list(due), now=now)
    return each(session, due, lambda order: _round(session, order, situations[order.id or 0], now=now))


def search(session: Session, order: Order, *, now: datetime) -> None:
    """Give the order its first round at once, unless the hall has its chance before.

    Time that is held for the order is exchanged for the best candidate's, or kept where nobody better is free. Whatever goes wrong
    here undoes the round alone: the order stays due, and the next tick searches.
    """
    if order.status is OrderStatus.MATCHING and order.dispatch_at is not None and order.dispatch_at <= now:
        each(session, [order], lambda due: _round(session, due, roster.situation(session, due, now=now), now=now))


def _round(session: Session, order: Order, situation: roster.Situation, *, now: datetime) -> None:
    ranking = matching.assess(situation.job, situation.candidates, situation.policy)
    chosen = _first_free(session, order, ranking, now=now)
    how = "requested" if order.mode is OrderMode.CHOOSE else "auto"
    if chosen is None:
        _nobody(session, order, ranking, situation.policy, now=now)
        return
    place(session, order, chosen, SYSTEM, OrderEvent.DISPATCH, open_for=offers.answer_time(order, now), now=now)
    explain(session, order, ranking, situation.policy, chosen.technician_id, how, SYSTEM, now=now)


def place(
    session: Session,
    order: Order,
    choice: matching.Assessment,
    actor: Actor,
    event: OrderEvent,
    *,
    open_for: timedelta,
    now: datetime,
    reason: str = "",
    **values: Any,
) -> None:
    """Put `order`, whose cells for the chosen technician are already taken, to ASSIGNED and offer it."""
    transitions.advance(
        session, order, event, actor, now=now, reason=reason, data={"technician_id": choice.technician_id},
        technician_id=choice.technician_id, round=order.round + 1, dispatch_at=None, deadline_at=now + open_for, **values,
    )  # fmt: skip
    offers.make(session, order, choice, open_for=open_for, now=now)


def explain(
    session: Session,
    order: Order,
    ranking: matching.Ranking,
    policy: matching.Policy,
    technician_id: int | None,
    how: str,
    actor: Actor,
    *,
    now: datetime,
) -> None:
    """Store the decision with every candidate's failed rules or score parts."""
    session.add(
        DispatchDecision(
            order_id=order.id,
            round=order.round,
            at=now,
            how=how,
            actor_id=actor.user_id,
            technician_id=technician_id,
            candidates=ranking.as_document(),
            policy=policy.as_document(),
        )
    )
    session.flush()


def offer_requested(session: Session, order: Order, *, now: datetime) -> None:
    """Offer a paid order to the technician whom the customer chose, and whose time it already holds."""
    situation = roster.situation(session, order, now=now, by_hand=order.requested_technician_id)
    ranking = matching.assess(situation.job, situation.candidates, situation.policy)
    choice = ranking.of(order.requested_technician_id or 0)
    if choice is None:
        raise NotFound(f"technician {order.requested_technician_id}")
    place(
        session,
        order,
        choice,
        SYSTEM,
        OrderEvent.PAY_CHOSEN,
        open_for=offers.answer_time(order, now),
        now=now,
        paid_at=now,
    )
    explain(session, order, ranking, situation.policy, choice.technician_id, "requested", SYSTEM, now=now)


def _first_free(
    session: Session, order: Order, ranking: matching.Ranking, *, now: datetime
) -> matching.Assessment | None:
    """The best candidate whose time could be taken; the one whose time is held comes last, and cannot be lost before."""
    holder = ranking.of(scheduling.holder(session, order.id or 0) or 0)
    choices = [*ranking.feasible[:TRIES_PER_ROUND], *([holder] if holder and holder.is_feasible else [])]
    for choice in choices:
        try:
            scheduling.swap(
                session, order, technician_id=choice.technician_id, kind=CellKind.JOB, now=now, limited=False
            )
        except (SlotTaken, SlotUnavailable):
            continue
        return choice
    return None


def _nobody(
    session: Session, order: Order, ranking: matching.Ranking, policy: matching.Policy, *, now: datetime
) -> None:
    """Open the order to the hall and look again later; the reasons are stored once per round, not at every look."""
    scheduling.release(session, order.id or 0)
    mode = OrderMode.DISPATCH if order.mode is OrderMode.CHOOSE else OrderMode.GRAB
    again = now if order.mode is OrderMode.CHOOSE else now + RETRY
    if order.mode is not OrderMode.GRAB or order.round == 0:
        explain(session, order, ranking, policy, None, "auto", SYSTEM, now=now)
    transitions.amend(session, order, mode=mode, dispatch_at=again, round=max(order.round, 1))
