"""Customers' balances: how they grow.

A balance is a guarded account of the ledger; there is no paying in: it comes from refunds of what it had paid, and from credits.
Spending it is `services.tenders`.
"""

from __future__ import annotations

import re
from datetime import datetime

from sqlmodel import Session, select

from servicehub import bus
from servicehub.domain.access import Actor, Permission
from servicehub.errors import Invalid, NotFound, ReasonMissing
from servicehub.models.order import Order
from servicehub.services import audits, ledger, notices

MOST_CREDIT_FEN = 50_000
"""For one credit."""
LONGEST_REASON = 200
_KEY = re.compile(r"[0-9a-f]{16}")


def credit(session: Session, actor: Actor, no: str, amount_fen: int, *, reason: str, key: str, now: datetime) -> bool:
    """Give the customer of an order balance at the platform's cost; False when this `key` (16 hexadecimal digits, new for each
    wish) was booked before. Audited; the customer reads the reason.

    Raises: NotAllowed without wallet:credit, NotFound outside the actor's city, ReasonMissing, Invalid for an amount.
    """
    actor.require(Permission.WALLET_CREDIT)
    if not reason.strip():
        raise ReasonMissing(no)
    if not 0 < amount_fen <= MOST_CREDIT_FEN or not _KEY.fullmatch(key):
        raise Invalid(f"a credit of {amount_fen}", most=MOST_CREDIT_FEN)
    order = session.exec(select(Order).where(Order.no == no, Order.city_id == actor.city_id)).first()
    if order is None:
        raise NotFound(f"order {no}")
    owner, told, entry_key = order.customer_id, reason.strip()[:LONGEST_REASON], f"credit:{no}:{key}"
    lines = {ledger.CREDIT: amount_fen, ledger.wallet(owner): -amount_fen}
    _entry_id, is_new = ledger.post(session, entry_key, "credit", ledger.order_ref(order.id or 0), lines, now=now)
    if not is_new:
        return False
    notices.send(session, owner, "credit", key=entry_key, now=now, link="/wallet/", amount_fen=amount_fen, reason=told)
    bus.publish(session, bus.customer(owner), bus.order(no))
    audits.record(session, actor, "order.credit", f"order:{no}", told, {"amount_fen": amount_fen}, now=now)
    return True
