"""The automatic search: orders in MATCHING get a round when due; whom `matching` chooses for the whole batch gets the offer.

Owns when a round happens, to whom nobody was found, and when the order opens to the hall. Nobody is asked twice in one search, and
nobody gets two orders in one batch. The first round belongs to the transaction that starts the search, so that no time gets lost
between a payment and a tick. A visit that is still far away is planned: somebody's time is held, nobody is asked until it is firm.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import matching
from servicehub.domain.access import SYSTEM, Actor
from servicehub.domain.order import OrderEvent, OrderMode, OrderStatus
from servicehub.domain.technician import CellKind
from servicehub.errors import NotFound, SlotTaken, SlotUnavailable
from servicehub.models.dispatch import Claim, DispatchDecision
from servicehub.models.order import Order
from servicehub.services import notices, roster, scheduling, transitions
from servicehub.services.dispatching import offers
from servicehub.services.due import each

RETRY = timedelta(seconds=30)
TRIES_PER_ROUND = 3
"""Candidates tried in one round when somebody else takes the time of the best one meanwhile."""
_log = logging.getLogger(__name__)


def run_due(session: Session, now: datetime, *, limit: int = 50) -> int:
    """Give the due orders in MATCHING one round together; returns how many were handled. Rescued orders first, then by start.

    Whose candidates all went to other orders of the batch stays due: the next batch sees the fuller days.
    """
    due = session.exec(
        select(Order)
        .where(Order.status == OrderStatus.MATCHING, col(Order.dispatch_at) <= now, ~_is_claimed())
        .order_by(col(Order.priority).desc(), col(Order.start_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    return run(session, due, now=now)


def _is_claimed() -> Any:
    """Somebody in the hall has asked for it: that is decided first."""
    return sa.exists().where(col(Claim.order_id) == col(Order.id))


def run(session: Session, due: Sequence[Order], *, now: datetime) -> int:
    """Give these orders, which are in MATCHING, one round together; returns how many were handled."""
    situations = roster.situations(session, list(due), now=now)
    rankings = roster.rankings(situations)
    chosen = matching.choose(list(rankings.values()))
    wishes = [(order, who) for order in due if (who := chosen[order.id or 0]) is not None]
    taken: set[int] = set()
    for kind in CellKind.JOB, CellKind.HOLD:
        some = [(o, who) for o, who in wishes if _kind(o, situations[o.id or 0].policy, now) is kind]
        taken |= scheduling.swap_many(session, some, now=now, kind=kind) if some else set()
    placed = {
        order.id or 0: Placed(order, rankings[order.id or 0], situations[order.id or 0].policy, choice)
        for order, who in wishes
        if order.id in taken and (choice := rankings[order.id or 0].of(who))
    }
    firm = [p for p in placed.values() if is_firm(p.order, p.policy, now)]
    planned = placed.keys() - {p.order.id for p in firm}
    done = _offer_together(session, firm, now=now)

    def alone(order: Order) -> None:
        order_id = order.id or 0
        ranking, policy = rankings[order_id], situations[order_id].policy
        choice = ranking.of(chosen[order_id] or 0)
        if choice is None and len(ranking):
            return
        if order_id not in planned:
            choice = _first_free(session, order, ranking, choice, _kind(order, policy, now), now=now)
        _answer(session, order, ranking, policy, choice, now=now)

    return len(done) + each(session, [order for order in due if order.id not in done], alone)


def is_firm(order: Order, policy: matching.Policy, now: datetime) -> bool:
    """Whether the order's technician is asked now. A scheduled visit that is still far away is planned, and may yet be moved."""
    if order.is_immediate or order.priority or order.mode is OrderMode.CHOOSE:
        return True
    return order.start_at - now <= timedelta(hours=policy.commit_hours)


def _kind(order: Order, policy: matching.Policy, now: datetime) -> CellKind:
    """What the time of a choice is taken as."""
    return CellKind.JOB if is_firm(order, policy, now) else CellKind.HOLD


def _offer_together(session: Session, placed: Sequence[Placed], *, now: datetime) -> set[int]:
    """Offer all of them at once; returns the orders. None when anything is wrong with one: each is then handled alone."""
    ids = {p.order.id or 0 for p in placed}
    try:
        with session.begin_nested():
            _place(session, placed, now=now)
    except sa.exc.OperationalError:
        raise
    except Exception:  # noqa: BLE001 - whatever is wrong with one order must not hold up the others
        _log.exception("a batch of %d orders is taken apart", len(ids))
        for p in placed:
            session.refresh(p.order)
        return set()
    return ids


def search(session: Session, order: Order, *, now: datetime) -> None:
    """Give the order its first round at once, unless the hall has its chance before.

    Time that is held for the order is exchanged for the best candidate's, or kept where nobody better is free. Whatever goes wrong
    here undoes the round alone: the order stays due, and the next tick searches.
    """
    if order.status is OrderStatus.MATCHING and order.dispatch_at is not None and order.dispatch_at <= now:
        each(session, [order], lambda due: _alone(session, due, now=now))


def _alone(session: Session, order: Order, *, now: datetime) -> None:
    situation = roster.situation(session, order, now=now)
    ranking = situation.ranking()
    kind = _kind(order, situation.policy, now)
    choice = _first_free(session, order, ranking, ranking.best, kind, now=now)
    _answer(session, order, ranking, situation.policy, choice, now=now)


def _answer(
    session: Session,
    order: Order,
    ranking: matching.Ranking,
    policy: matching.Policy,
    choice: matching.Assessment | None,
    *,
    now: datetime,
) -> None:
    """Offer the order to him whose time is now taken for it, plan it if it is not firm yet, or open it to the hall."""
    if choice is None:
        _nobody(session, order, ranking, policy, now=now)
        return
    if not is_firm(order, policy, now):
        firm_at = order.start_at - timedelta(hours=policy.commit_hours)
        transitions.amend(session, order, mode=OrderMode.DISPATCH, dispatch_at=firm_at)
        explain(session, order, ranking, policy, choice.technician_id, "planned", SYSTEM, now=now)
        return
    _place(session, [Placed(order, ranking, policy, choice)], now=now)


def _place(session: Session, placed: Sequence[Placed], *, now: datetime) -> None:
    """What the search decided for these orders, whose cells are taken."""
    if not placed:
        return
    requested = {p.order.id for p in placed if p.order.mode is OrderMode.CHOOSE}
    with session.no_autoflush:  # the log rows of all of them in one statement
        steps = [_assigned(p, offers.answer_time(p.order, now), now) for p in placed]
        _to_assigned(session, steps, SYSTEM, OrderEvent.DISPATCH, now=now)
        offers.make(session, [(p.order, p.choice) for p in placed], open_for=None, now=now)
    for p in placed:
        how = "requested" if p.order.id in requested else "auto"
        explain(session, p.order, p.ranking, p.policy, p.choice.technician_id, how, SYSTEM, now=now)
    session.flush()


@dataclass(frozen=True, slots=True)
class Placed:
    """An order, whose time is taken for `choice`, with the reasons."""

    order: Order
    ranking: matching.Ranking
    policy: matching.Policy
    choice: matching.Assessment


def place(
    session: Session,
    placed: Placed,
    actor: Actor,
    event: OrderEvent,
    how: str,
    *,
    open_for: timedelta,
    now: datetime,
    reason: str = "",
    **values: Any,
) -> None:
    """Put one order to ASSIGNED, offer it, and store why."""
    _to_assigned(session, [_assigned(placed, open_for, now, reason=reason, **values)], actor, event, now=now)
    offers.make(session, [(placed.order, placed.choice)], open_for=open_for, now=now)
    explain(session, placed.order, placed.ranking, placed.policy, placed.choice.technician_id, how, actor, now=now)


def _assigned(
    placed: Placed, open_for: timedelta, now: datetime, *, reason: str = "", **values: Any
) -> transitions.Step:
    """The step of an order whose technician is asked now."""
    order, technician_id = placed.order, placed.choice.technician_id
    columns = {
        "technician_id": technician_id, "round": order.round + 1, "dispatch_at": None, "deadline_at": now + open_for,
    }  # fmt: skip
    return transitions.Step(order, columns | values, reason, {"technician_id": technician_id})


def _to_assigned(
    session: Session, steps: Sequence[transitions.Step], actor: Actor, event: OrderEvent, *, now: datetime
) -> None:
    transitions.advance_all(session, steps, event, actor, now=now)
    for order in (step.order for step in steps if step.order.window_until is not None):
        key = f"time:{order.no}:{order.start_at.timestamp():.0f}"
        notices.tell_customer(session, order, "time_set", key=key, now=now, start_at=order.start_at)


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
    """Store the decision with the candidates' failed rules or score parts, and how many each rule excluded."""
    session.add(
        DispatchDecision(
            order_id=order.id,
            round=order.round,
            at=now,
            how=how,
            actor_id=actor.user_id,
            technician_id=technician_id,
            candidates=ranking.as_document(),
            funnel=ranking.funnel,
            passed=len(ranking),
            policy=policy.for_service(ranking.service).as_document(),
        )
    )


def offer_requested(session: Session, order: Order, *, now: datetime) -> None:
    """Offer a paid order to the technician whom the customer chose, and whose time it already holds."""
    situation = roster.situation(session, order, now=now, by_hand=order.requested_technician_id)
    ranking = situation.ranking()
    choice = ranking.of(order.requested_technician_id or 0)
    if choice is None:
        raise NotFound(f"technician {order.requested_technician_id}")
    place(
        session, Placed(order, ranking, situation.policy, choice), SYSTEM, OrderEvent.PAY_CHOSEN, "requested",
        open_for=offers.answer_time(order, now), now=now, paid_at=now,
    )  # fmt: skip


def _first_free(
    session: Session,
    order: Order,
    ranking: matching.Ranking,
    choice: matching.Assessment | None,
    kind: CellKind,
    *,
    now: datetime,
) -> matching.Assessment | None:
    """`choice`, or the best whose time could be taken; the one whose time is held comes last, and cannot be lost before."""
    holder = ranking.of(scheduling.holder(session, order.id or 0) or 0)
    for option in dict.fromkeys(c.technician_id for c in (choice, *ranking.top(TRIES_PER_ROUND), holder) if c):
        possible = ranking.of(option)
        if possible is None or not possible.is_feasible:
            continue
        try:
            scheduling.swap(session, order, technician_id=option, kind=kind, now=now, limited=False)
        except (SlotTaken, SlotUnavailable):
            continue
        return possible
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
