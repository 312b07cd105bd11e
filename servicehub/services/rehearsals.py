"""A policy played on the city's own past before anybody adopts it: asked for, worked on elsewhere, kept with what came out.

The newest rehearsal of a city counts: asking again ends the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub import bus, outbox
from servicehub.domain.access import Actor, Permission
from servicehub.errors import Invalid
from servicehub.matching import Policy
from servicehub.models.dispatch import Rehearsal, ReplanStatus

DAYS = (3, 5, 10)
"""How many past days may be asked for."""
_OPEN = (ReplanStatus.QUEUED, ReplanStatus.RUNNING)


class Asked(NamedTuple):
    """What is to be played."""

    city_id: int
    days: int
    wanted: Policy


def request(session: Session, actor: Actor, wanted: Mapping[str, Any], *, days: int, now: datetime) -> int:
    """Ask for `wanted` to be played on the newest `days`; returns the rehearsal's id.

    Raises: NotAllowed, Invalid for a policy that could not be adopted or another number of days.
    """
    actor.require(Permission.POLICY_WRITE)
    if days not in DAYS:
        raise Invalid("days", days=days)
    Policy.checked(wanted)
    session.execute(
        sa.update(Rehearsal)
        .where(col(Rehearsal.city_id) == actor.city_id, col(Rehearsal.status).in_(_OPEN))
        .values(status=ReplanStatus.STOPPED, done_at=now)
    )
    asked = Rehearsal(
        city_id=actor.city_id, actor_id=actor.user_id, asked_at=now, status=ReplanStatus.QUEUED, days=days,
        wanted=dict(wanted),
    )  # fmt: skip
    session.add(asked)
    session.flush()
    outbox.defer(session, "rehearsal", {"id": asked.id}, key=f"rehearsal:{asked.id}")
    _hint(session, asked)
    return asked.id or 0


def stop(session: Session, actor: Actor, *, now: datetime) -> None:
    """End the city's open rehearsal; nothing happens when none is. Raises: NotAllowed."""
    actor.require(Permission.POLICY_WRITE)
    session.execute(
        sa.update(Rehearsal)
        .where(col(Rehearsal.city_id) == actor.city_id, col(Rehearsal.status).in_(_OPEN))
        .values(status=ReplanStatus.STOPPED, done_at=now)
    )
    bus.publish(session, bus.dispatch(str(actor.city_id)))


def begin(session: Session, rehearsal_id: int) -> Asked | None:
    """What to play; None when it is over. A run that died with its process begins anew."""
    asked = session.get(Rehearsal, rehearsal_id, populate_existing=True)
    if asked is None or asked.status not in _OPEN:
        return None
    asked.status, asked.played = ReplanStatus.RUNNING, 0
    session.add(asked)
    _hint(session, asked)
    return Asked(asked.city_id, asked.days, Policy.of(asked.wanted))


def note(session: Session, rehearsal_id: int, played: int, plays: int) -> bool:
    """How far it is; returns whether anybody still wants it."""
    done = session.execute(
        sa.update(Rehearsal)
        .where(col(Rehearsal.id) == rehearsal_id, col(Rehearsal.status) == ReplanStatus.RUNNING)
        .values(played=played, plays=plays)
    )
    _hint(session, session.get_one(Rehearsal, rehearsal_id, populate_existing=True))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def finish(session: Session, rehearsal_id: int, result: Mapping[str, Any] | None, *, now: datetime) -> None:
    """Keep what came out; None: it failed. What was stopped meanwhile stays stopped."""
    session.execute(
        sa.update(Rehearsal)
        .where(col(Rehearsal.id) == rehearsal_id, col(Rehearsal.status) == ReplanStatus.RUNNING)
        .values(
            status=ReplanStatus.FAILED if result is None else ReplanStatus.DONE, result=dict(result or {}), done_at=now
        )
    )
    _hint(session, session.get_one(Rehearsal, rehearsal_id, populate_existing=True))


def _hint(session: Session, asked: Rehearsal) -> None:
    bus.publish(session, bus.dispatch(str(asked.city_id)))
