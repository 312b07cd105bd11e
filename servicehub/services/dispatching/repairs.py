"""Visits that would begin much too late go to somebody who is in time, before the customer has waited.

Owns when the platform takes an accepted visit from its technician by itself: the forecast (`services.delays`) says that he cannot
make it, nobody was asked for by name, he has not set out, and at least two others could be there in time, so that one refusal does
not leave the customer with nobody. He is told, and it does not count against him.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import matching
from servicehub.domain.access import SYSTEM
from servicehub.domain.order import OrderEvent, OrderStatus
from servicehub.domain.technician import CellKind
from servicehub.errors import SlotTaken, SlotUnavailable
from servicehub.models.delay import Delay
from servicehub.models.order import Order
from servicehub.models.technician import Technician
from servicehub.services import notices, roster, scheduling
from servicehub.services.dispatching import offers
from servicehub.services.dispatching.rounds import Placed, place
from servicehub.services.due import each

LEAST_IN_TIME = 2
"""So many others must be able to come in time."""


def repair_due(session: Session, now: datetime, *, limit: int = 100) -> int:
    """Ask somebody else for every visit that will be too late by its city's policy; returns for how many somebody is asked."""
    late = session.exec(
        select(Order)
        .join(Delay, col(Delay.order_id) == col(Order.id))
        .where(
            Order.status == OrderStatus.ACCEPTED,
            Order.crew_size == 1,
            col(Order.requested_technician_id).is_(None),
            col(Order.start_at) > now,
        )
        .order_by(col(Order.start_at))
        .limit(limit)
        .with_for_update(of=Order, skip_locked=True)
    ).all()
    if not late:
        return 0
    situations = roster.situations(session, late, now=now)
    minutes = _forecasts(session, late)
    bound = {o.id: situations[o.id or 0].policy.repair_minutes for o in late}
    due = [o for o in late if 0 < (bound[o.id] or 0) <= minutes[o.id or 0]]
    rankings = roster.rankings({o.id or 0: situations[o.id or 0] for o in due})
    unfit = _behind(session)
    asked: set[int] = set()

    def repaired(order: Order) -> None:
        situation, ranking = situations[order.id or 0], rankings[order.id or 0]
        online = set(situation.crew.ids[situation.crew.online].tolist())
        fit = [one for one in ranking.feasible if one.technician_id in online - unfit - asked]
        if len(fit) < LEAST_IN_TIME:
            return
        choice = _taken(session, order, fit, now=now)
        if choice is None:
            return
        asked.add(choice.technician_id)
        _hand_over(session, Placed(order, ranking, situation.policy, choice), minutes[order.id or 0], now=now)

    each(session, due, repaired)
    return len(asked)


def _forecasts(session: Session, orders: Collection[Order]) -> dict[int, int]:
    """Order -> minutes by which it will be late."""
    rows: Any = session.execute(
        sa.select(col(Delay.order_id), col(Delay.minutes)).where(col(Delay.order_id).in_([o.id for o in orders]))
    )
    return dict(list(rows))


def _behind(session: Session) -> set[int]:
    """Technicians who are late themselves."""
    rows = session.execute(
        sa.select(col(Order.technician_id)).join(Delay, col(Delay.order_id) == col(Order.id)).distinct()
    )
    return {technician_id for (technician_id,) in rows if technician_id is not None}


def _taken(
    session: Session, order: Order, fit: Collection[matching.Assessment], *, now: datetime
) -> matching.Assessment | None:
    """The best one whose time could be taken; the order keeps what it has when nobody's could."""
    for choice in fit:
        try:
            scheduling.swap(
                session, order, technician_id=choice.technician_id, kind=CellKind.JOB, now=now, limited=False
            )
        except (SlotTaken, SlotUnavailable):
            continue
        return choice
    return None


def _hand_over(session: Session, placed: Placed, minutes: int, *, now: datetime) -> None:
    order, former = placed.order, placed.order.technician_id
    place(
        session, placed, SYSTEM, OrderEvent.REASSIGN, "repair", open_for=offers.answer_time(order, now), now=now,
        reason="late", priority=1, accepted_at=None, commission={},
    )  # fmt: skip
    session.execute(sa.delete(Delay).where(col(Delay.order_id) == order.id))
    user_id = session.exec(select(Technician.user_id).where(col(Technician.id) == former)).one()
    key = f"late-away:{order.no}:{order.version}"
    notices.send(session, user_id, "late_away", key=key, now=now, link="/technician/", minutes=minutes)
    notices.tell_customer(session, order, "repairing", key=f"repairing:{order.no}:{order.version}", now=now)
