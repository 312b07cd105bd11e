"""Taking one of a customer's free late cancellations of a month: numbered, each number once, however many cancel at once."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session

from servicehub.models.cancellation import FreeCancellation, load_free_used, load_terms, month_in
from servicehub.models.order import Order


def take(session: Session, order: Order, *, now: datetime) -> bool:
    """Take the next free one for the order that is being cancelled; False when none is left.

    Whoever cancels another order of the customer at the same time gets the next number or waits for this transaction: take it
    before anything else is locked but the order.
    """
    month = month_in(session, order, now)
    used = load_free_used(session, order.customer_id, month)
    for n in range(used + 1, load_terms(session, order).free_per_month + 1):
        row = FreeCancellation(customer_id=order.customer_id, month=month, n=n, order_id=order.id or 0, used_at=now)
        try:
            with session.begin_nested():
                session.add(row)
                session.flush()
        except sa.exc.IntegrityError:  # somebody else was faster
            continue
        return True
    return False
