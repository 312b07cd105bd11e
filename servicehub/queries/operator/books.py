"""The books at a glance for everybody, and the money cases that wait for a hand. See `queries.money` for the ledger itself."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.domain.access import Actor, Permission
from servicehub.domain.payment import RefundStatus
from servicehub.models.ledger import JournalEntry, Posting
from servicehub.models.order import Order
from servicehub.models.payment import ChannelEvent, Refund
from servicehub.queries.operator.scope import city_of, guard, orders_of
from servicehub.texts import Locale, formats, money
from servicehub.viewmodels.operator import CaseRow

_LIMIT = 100
_RAW = 160


def tie(session: Session, actor: Actor) -> bool:
    """Whether all postings sum to zero and no entry is off; says nothing about amounts. One statement."""
    guard(actor, Permission.OVERVIEW_READ)
    total = sa.select(sa.func.coalesce(sa.func.sum(Posting.amount_fen), 0)).scalar_subquery()
    off = sa.select(sa.func.count()).where(sa.or_(col(JournalEntry.imbalance) != 0, col(JournalEntry.sealed) != 1))
    return all(value == 0 for value in session.execute(sa.select(total, off.scalar_subquery())).one())


def failed_refunds(session: Session, actor: Actor, *, locale: Locale) -> tuple[CaseRow, ...]:
    """Refunds that their channel refused, oldest first. Raises: NotAllowed without ledger:read."""
    guard(actor, Permission.LEDGER_READ)
    tz = city_of(session, actor).timezone
    rows = session.execute(
        sa.select(Refund, Order.no)
        .join(Order, col(Order.id) == Refund.order_id)
        .where(*orders_of(actor), col(Refund.status) == RefundStatus.FAILED)
        .order_by(col(Refund.id))
        .limit(_LIMIT)
    ).all()
    return tuple(
        CaseRow(
            key=refund.no,
            title=money.of(locale, money.REFUND_REASONS, refund.reason),
            when=formats.stamp(refund.created_at, tz),
            amount=formats.yuan(refund.amount_fen, always_decimals=True),
            note=f"{refund.tries}",
            order_no=no,
        )
        for refund, no in rows
    )


def suspects(session: Session, actor: Actor) -> tuple[CaseRow, ...]:
    """Messages of payment channels that fit no payment of ours, newest first. Raises: NotAllowed without ledger:read."""
    guard(actor, Permission.LEDGER_READ)
    tz = city_of(session, actor).timezone
    rows = session.execute(
        sa.select(ChannelEvent)
        .where(col(ChannelEvent.result) == "suspect")
        .order_by(col(ChannelEvent.received_at).desc())
        .limit(_LIMIT)
    ).scalars()
    return tuple(
        CaseRow(
            key=row.event_id,
            title=row.channel,
            when=formats.stamp(row.received_at, tz),
            amount="",
            note=row.raw[:_RAW],
            order_no="",
        )
        for row in rows
    )
