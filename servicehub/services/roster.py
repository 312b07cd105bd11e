"""What a dispatch decision is made from: the job, the candidates and the policy of an order, as they are now.

A thin door to `models.situations` for the services; chooses nobody and writes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session

from servicehub.models.order import Order
from servicehub.models.situations import Situation, load_situations, rankings

__all__ = ["Situation", "rankings", "situation", "situations"]


def situations(session: Session, orders: Sequence[Order], *, now: datetime) -> dict[int, Situation]:
    """Order id -> its situation; as many statements for a hundred orders as for one."""
    session.flush()
    return load_situations(session, orders, now=now)


def situation(
    session: Session,
    order: Order,
    *,
    now: datetime,
    technician_ids: Collection[int] | None = None,
    by_hand: int | None = None,
) -> Situation:
    """One order's situation.

    `technician_ids`: only these people, whatever they offer. `by_hand`: this person too, who may have been asked before.
    """
    session.flush()
    found = load_situations(session, [order], now=now, technician_ids=technician_ids, by_hand=by_hand)
    return found[order.id or 0]
