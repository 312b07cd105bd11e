"""Claims of orders in the hall: collected for a few seconds, then the best one by the dispatch's own score gets the order.

Being near and well rated counts, not having the fastest thumb. With `Policy.claim_seconds` 0 the first claim wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from servicehub import bus
from servicehub.domain.access import Actor, Role
from servicehub.domain.hall import next_wave_at, opened_at, reach_m
from servicehub.errors import NotCertified, OrderTaken, SlotTaken, SlotUnavailable, TooEarly
from servicehub.models.dispatch import Claim
from servicehub.models.order import Order
from servicehub.models.technician import Technician
from servicehub.services import notices, roster
from servicehub.services.dispatching import hand
from servicehub.services.due import each


def claim(session: Session, actor: Actor, no: str, *, now: datetime) -> int:
    """Ask for an order of the hall. Returns after how many seconds it is decided; 0: it is the actor's already.

    Asking twice is asking once. Raises: NotFound, OrderTaken, TooEarly before the wave reaches the actor, and what
    `hand.grab` raises for somebody who may not have it.
    """
    order = hand.in_hall(session, actor, no)
    situation = roster.situation(
        session, order, now=now, technician_ids=[actor.technician_id], by_hand=actor.technician_id
    )
    found = hand.refuse_unfit(situation.ranking(), actor.technician_id)
    opened = opened_at(order)
    if opened is not None and found.distance_m > reach_m(opened, now):
        raise TooEarly(f"claim {no}", at=next_wave_at(opened, found.distance_m))
    seconds = situation.policy.claim_seconds
    if seconds == 0:
        hand.grab(session, actor, no, now=now)
        return 0
    return _ask(session, order, actor.technician_id, now, timedelta(seconds=seconds))


def settle_due(session: Session, now: datetime, *, limit: int = 50) -> int:
    """Decide the orders whose claims were collected long enough; returns how many. Idempotent: decided claims are gone."""
    due = session.exec(
        select(Order)
        .where(col(Order.id).in_(sa.select(Claim.order_id).where(col(Claim.due_at) <= now)))
        .order_by(col(Order.id))
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    return each(session, due, lambda order: _settle(session, order, now))


def _ask(session: Session, order: Order, technician_id: int, now: datetime, collected_for: timedelta) -> int:
    first = session.exec(select(sa.func.min(Claim.due_at)).where(Claim.order_id == order.id)).one()
    due_at = first or now + collected_for
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(
        insert(Claim)
        .values(order_id=order.id, technician_id=technician_id, at=now, due_at=due_at)
        .on_conflict_do_nothing(index_elements=["order_id", "technician_id"])
    )
    bus.publish(session, bus.technician(technician_id))
    return max(1, -(-(due_at - now) // timedelta(seconds=1)))


def _settle(session: Session, order: Order, now: datetime) -> None:
    rows = session.execute(
        sa.select(Claim, Technician)
        .join(Technician, col(Technician.id) == col(Claim.technician_id))
        .where(col(Claim.order_id) == order.id)
    )
    asked = [(claimed, technician) for claimed, technician in rows]
    winner = _give(session, order, _ranked(session, order, asked, now), now)
    session.execute(sa.delete(Claim).where(col(Claim.order_id) == order.id))
    for _claim, technician in asked:
        kind = "claim_won" if technician.id == winner else "claim_lost"
        key = f"{kind}:{order.no}:{technician.id}:{order.version}"
        link = f"/technician/job/{order.no}/" if technician.id == winner else "/technician/offers/"
        notices.send(session, technician.user_id, kind, key=key, now=now, link=link)


def _ranked(
    session: Session, order: Order, asked: Sequence[tuple[Claim, Technician]], now: datetime
) -> list[Technician]:
    """Who still may have it, best first; of equals the one who asked first."""
    scored = []
    for claimed, technician in asked:
        me = technician.id or 0
        found = roster.situation(session, order, now=now, technician_ids=[me], by_hand=me).ranking().best
        if found is not None:
            scored.append((-found.score, claimed.at, me, technician))
    return [technician for *_key, technician in sorted(scored, key=lambda one: one[:3])]


def _give(session: Session, order: Order, ranked: Sequence[Technician], now: datetime) -> int | None:
    for technician in ranked:
        actor = Actor(
            user_id=technician.user_id,
            role=Role.TECHNICIAN,
            city_id=technician.city_id,
            technician_id=technician.id or 0,
        )
        try:
            with session.begin_nested():
                hand.grab(session, actor, order.no, now=now)
        except (SlotTaken, SlotUnavailable, NotCertified):
            continue
        except OrderTaken:
            return None
        return technician.id
    return None
