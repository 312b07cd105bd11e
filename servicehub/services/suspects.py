"""Messages of payment channels that fit nothing of ours: looked at by people, and put away.

Owns the end of a suspect row of the inbox (`services.payments` parks it); the row itself is kept, with who closed it and why.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub import bus
from servicehub.domain.access import Actor, Permission
from servicehub.errors import Conflict, NotFound, ReasonMissing
from servicehub.models.payment import ChannelEvent
from servicehub.services import audits

SUSPECT = "suspect"
LONGEST_REASON = 200


def close(session: Session, actor: Actor, channel: str, event_id: str, *, reason: str, now: datetime) -> None:
    """Put a suspect message away, with what was found out about it. Audited.

    Raises: NotAllowed without reconciliation:resolve, ReasonMissing, NotFound, Conflict when it was put away before.
    """
    actor.require(Permission.RECONCILE)
    why = reason.strip()[:LONGEST_REASON]
    if not why:
        raise ReasonMissing(event_id)
    found = session.get(ChannelEvent, (channel, event_id))
    if found is None or found.result != SUSPECT:
        raise NotFound(f"message {channel} {event_id}")
    closed = session.execute(
        sa.update(ChannelEvent)
        .where(col(ChannelEvent.channel) == channel, col(ChannelEvent.event_id) == event_id)
        .where(col(ChannelEvent.closed_at).is_(None))
        .values(closed_at=now, closed_by=actor.user_id, closed_reason=why)
        .execution_options(synchronize_session=False)
    )
    if closed.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(f"message {channel} {event_id} is put away")
    session.refresh(found)
    bus.publish(session, bus.overview(str(actor.city_id)))
    audits.record(session, actor, "suspect.close", f"message:{channel}:{event_id}", why, now=now)
