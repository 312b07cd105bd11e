"""A technician who cannot go on today: his visits are given to others at once, all of them weighed together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor
from servicehub.domain.order import OrderEvent, OrderStatus
from servicehub.domain.technician import CellKind
from servicehub.domain.timewindow import Window, local_time
from servicehub.errors import JobRunning, ReasonMissing
from servicehub.models.catalog import City
from servicehub.models.dispatch import Occupancy
from servicehub.models.order import Order
from servicehub.models.technician import Technician, TimeOff
from servicehub.services import ending, scheduling, technicians, transitions
from servicehub.services.dispatching import offers, rounds

ROUNDS = 4
"""Searches at once; what is left then waits for the next tick."""
_HERE = (OrderStatus.ARRIVED, OrderStatus.IN_SERVICE)
_AHEAD = (OrderStatus.ACCEPTED, OrderStatus.EN_ROUTE)


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of the visits of the rest of the day."""

    visits: int
    asked: int
    """For so many somebody else is being asked already; the others are looked for on."""


def until(session: Session, technician: Technician, now: datetime) -> datetime:
    """The end of the local day."""
    clock = local_time(session.get_one(City, technician.city_id).timezone)
    return clock.day_window(clock.day_of(now)).end_at


def stop_today(session: Session, actor: Actor, reason: str, *, now: datetime) -> Handed:
    """Be away for the rest of the local day, whatever was accepted for it. The order's histories keep the reason.

    Raises: ReasonMissing, JobRunning while a visit is under way: it is finished, or operations are called.
    """
    if not reason.strip():
        raise ReasonMissing("stop today")
    technician = technicians.own(session, actor)
    end = until(session, technician, now)
    technicians.lock_days(session, technician, Window.between(now, end))
    held = sa.select(Occupancy.order_id).where(
        col(Occupancy.technician_id) == technician.id, col(Occupancy.kind) == CellKind.HOLD
    )
    visits = session.exec(
        select(Order)
        .where(
            col(Order.end_at) > now - timedelta(hours=12),
            col(Order.start_at) < end,
            sa.or_(
                sa.and_(
                    col(Order.technician_id) == technician.id,
                    col(Order.status).in_((*_HERE, *_AHEAD, OrderStatus.ASSIGNED)),
                ),
                sa.and_(col(Order.status) == OrderStatus.MATCHING, col(Order.id).in_(held)),
            ),
        )
        .order_by(col(Order.start_at))
        .with_for_update()
    ).all()
    if any(order.status in _HERE for order in visits):
        raise JobRunning(f"technician {technician.id}")
    away = select(TimeOff.id).where(
        TimeOff.technician_id == technician.id, col(TimeOff.start_at) <= now, col(TimeOff.end_at) >= end
    )
    if session.exec(away).first() is None:  # a second press changes nothing
        session.add(TimeOff(technician_id=technician.id, start_at=now, end_at=end, reason=reason.strip()[:80]))
    technicians.set_online(session, actor, on=False, now=now)
    for order in visits:
        _give_back(session, order, actor, reason.strip(), now)
    session.flush()
    for _round in range(ROUNDS):  # nobody gets two visits in one
        due = [
            o for o in visits if o.status is OrderStatus.MATCHING and o.dispatch_at is not None and o.dispatch_at <= now
        ]
        if not due:
            break
        rounds.run(session, due, now=now)
    return Handed(len(visits), sum(order.status is OrderStatus.ASSIGNED for order in visits))


def _give_back(session: Session, order: Order, actor: Actor, reason: str, now: datetime) -> None:
    if order.status in _AHEAD:
        ending.back_to_matching(session, order, OrderEvent.TECHNICIAN_CANCEL, actor, now=now, reason=reason)
    elif order.status is OrderStatus.ASSIGNED:
        offers.give_up(session, order, actor, reason, now=now)
    else:  # planned ahead: nobody was told yet
        scheduling.release(session, order.id or 0)
        transitions.amend(session, order, dispatch_at=now)
