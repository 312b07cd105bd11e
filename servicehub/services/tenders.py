"""Tenders of ours: what a customer holds here and may pay with, alone or beside a channel.

Owns the rows that reserve (payments of the channels `OURS`). Each tender is a guarded account of the ledger. A reservation is a
payment that is still open, so it ends with it; everybody who spends locks the account and leaves what others have reserved. What
stands beside a payment is a chain (`part_id`): channel, points, balance; all are kept together or not at all.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, select

from servicehub.domain.payment import OURS, POINTS, PaymentStatus, PlanItem
from servicehub.models.order import Order
from servicehub.models.payment import Payment, load_reserved
from servicehub.models.points import load_usable
from servicehub.services import ledger, points


def free(
    session: Session, tender: str, customer_id: int, *, besides: int = 0, since: datetime | None = None, now: datetime
) -> int:
    """What may be spent, in fen; the account stays locked until the transaction ends.

    `besides`: a payment that does not count. `since`: points that lived then count, although they have expired.
    """
    account = ledger.tender(tender, customer_id)
    held = ledger.locked_balances(session, [account])[account]
    if tender == POINTS:
        held = points.living(session, customer_id, at=since or now)
    return held - load_reserved(session, tender, customer_id, besides=besides, now=now)


def reserve(
    session: Session,
    order: Order,
    item: PlanItem,
    amount_fen: int,
    wanted: Collection[str],
    ends_at: datetime,
    *,
    proposal_id: int | None = None,
    now: datetime,
) -> list[Payment]:
    """As much of `amount_fen` as the tenders `wanted` pay, one after another, until `ends_at`; the others are let go.

    The first one names the second. Repeating it changes nothing. The caller has locked the order.
    """
    amounts = {}
    for tender in OURS:
        found = _reservation(session, order, tender)
        amounts[tender] = _most(session, order, tender, amount_fen, found, now) if tender in wanted else 0
        amount_fen -= amounts[tender]
    parts: list[Payment] = []
    for tender in reversed(OURS):
        beside_id = parts[0].id if parts else None
        part = _part(session, order, (item, proposal_id), tender, amounts[tender], beside_id, ends_at, now)
        parts = [part, *parts] if part else parts
    return parts


def beside(session: Session, payment: Payment) -> list[Payment]:
    """The parts that are kept together with `payment`, in the order in which they pay."""
    parts: list[Payment] = []
    while payment.part_id:
        payment = session.get_one(Payment, payment.part_id)
        parts.append(payment)
    return parts


def can_pay(session: Session, payment: Payment, *, now: datetime) -> bool:
    """Whether what stands beside `payment` can still be paid."""
    return all(_has(session, part, now) for part in beside(session, payment))


def _has(session: Session, part: Payment, now: datetime) -> bool:
    """Whether the tender still has what `part` takes: it is reserved, or was let go and nobody took it."""
    if part.status not in (PaymentStatus.PENDING, PaymentStatus.CLOSED):
        return False
    owner, since = session.get_one(Order, part.order_id).customer_id, reserved_since(part, now)
    return free(session, part.channel, owner, besides=part.id or 0, since=since, now=now) >= part.amount_fen


def reserved_since(part: Payment, now: datetime) -> datetime:
    """From when on the part is reserved; now when its reservation has ended."""
    return part.created_at if part.status is PaymentStatus.PENDING and part.expires_at > now else now


def _most(session: Session, order: Order, tender: str, due_fen: int, found: Payment | None, now: datetime) -> int:
    """How much of `due_fen` the tender pays; `found` is its reservation for the order."""
    may_fen = free(session, tender, order.customer_id, besides=(found.id or 0) if found else 0, now=now)
    if tender == POINTS:
        return load_usable(session, order, due_fen, may_fen, now=now)
    return max(min(may_fen, due_fen), 0)


def _part(
    session: Session,
    order: Order,
    what: tuple[PlanItem, int | None],
    tender: str,
    fen: int,
    beside_id: int | None,
    ends_at: datetime,
    now: datetime,
) -> Payment | None:
    """The reservation of `fen` for an item, or for an add-on: the one that is there when nothing else has changed."""
    found = _reservation(session, order, tender)
    if found is not None and (found.item, found.proposal_id, found.amount_fen, found.part_id) == (
        *what,
        fen,
        beside_id,
    ):
        found.created_at, found.expires_at = now, ends_at
        session.add(found)
        return found
    if found is not None:
        found.status = PaymentStatus.CLOSED
        session.add(found)
        session.flush()
    if fen <= 0:
        return None
    part = Payment(
        no=f"B{secrets.token_hex(15)}",
        order_id=order.id or 0,
        item=what[0],
        proposal_id=what[1],
        channel=tender,
        method=tender,
        amount_fen=fen,
        part_id=beside_id,
        status=PaymentStatus.PENDING,
        created_at=now,
        expires_at=ends_at,
    )
    session.add(part)
    session.flush()
    return part


def _reservation(session: Session, order: Order, tender: str) -> Payment | None:
    query = select(Payment).where(
        Payment.order_id == order.id, col(Payment.channel) == tender, Payment.status == PaymentStatus.PENDING
    )
    return session.exec(query).first()
