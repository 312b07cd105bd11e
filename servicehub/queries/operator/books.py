"""The books at a glance for everybody, and the messages that fit nothing. See `queries.money` for the ledger itself."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.domain.access import Actor, Permission
from servicehub.models.account import User
from servicehub.models.ledger import JournalEntry, Posting
from servicehub.models.payment import ChannelEvent
from servicehub.queries.operator.scope import city_of, guard
from servicehub.texts import N_, Locale, formats, money, say
from servicehub.viewmodels.operator_payments import SuspectRow

_LIMIT = 100
_RAW = 160


def tie(session: Session, actor: Actor) -> bool:
    """Whether all postings sum to zero and no entry is off; says nothing about amounts. One statement."""
    guard(actor, Permission.OVERVIEW_READ)
    total = sa.select(sa.func.coalesce(sa.func.sum(Posting.amount_fen), 0)).scalar_subquery()
    off = sa.select(sa.func.count()).where(sa.or_(col(JournalEntry.imbalance) != 0, col(JournalEntry.sealed) != 1))
    return all(value == 0 for value in session.execute(sa.select(total, off.scalar_subquery())).one())


def suspects(session: Session, actor: Actor, *, locale: Locale, now: datetime) -> tuple[SuspectRow, ...]:
    """Messages of payment channels that fit nothing of ours: what nobody has looked at first, then the newest.

    Raises: NotAllowed without ledger:read.
    """
    guard(actor, Permission.LEDGER_READ)
    tz = city_of(session, actor).timezone
    rows = session.execute(
        sa.select(ChannelEvent, User)
        .outerjoin(User, col(User.id) == col(ChannelEvent.closed_by))
        .where(col(ChannelEvent.result) == "suspect")
        .order_by(sa.case((col(ChannelEvent.closed_at).is_(None), 0), else_=1), col(ChannelEvent.received_at).desc())
        .order_by(col(ChannelEvent.channel), col(ChannelEvent.event_id))
        .limit(_LIMIT)
    ).all()
    return tuple(
        SuspectRow(
            key=f"{row.channel}:{row.event_id}",
            channel=row.channel,
            channel_name=money.of(locale, money.METHODS, row.channel),
            event_id=row.event_id,
            when=formats.stamp(row.received_at, tz),
            raw=row.raw[:_RAW],
            is_open=row.closed_at is None,
            closed=_closed(row, user, now, tz, locale),
        )
        for row, user in rows
    )


def _closed(row: ChannelEvent, user: User | None, now: datetime, tz: str, locale: Locale) -> str:
    if row.closed_at is None:
        return ""
    name = (user.display_name or user.login_name or "") if user else ""
    at = formats.day_time(row.closed_at, now, tz, locale=locale)
    return say(locale, N_("{name}, {at}: {reason}"), name=name, at=at, reason=row.closed_reason)
