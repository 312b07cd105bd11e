"""The versions of a city's order policy, for the pages that each edit a part of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor
from servicehub.domain.policy import ORDER_KIND
from servicehub.errors import NotFound
from servicehub.models.account import User
from servicehub.models.catalog import Policy
from servicehub.texts import formats
from servicehub.viewmodels.operator_policy import VersionRow

VERSIONS = 20


def order_policies(session: Session, actor: Actor, now: datetime) -> tuple[Sequence[Policy], Policy]:
    """The city's order policies, newest first, and the one in force. Raises: NotFound for a city without one."""
    mine = select(Policy).where(Policy.city_id == actor.city_id, Policy.kind == ORDER_KIND)
    rows = session.exec(mine.order_by(col(Policy.version).desc())).all()
    shown = next((row for row in rows if row.effective_at <= now), None)
    if shown is None:
        raise NotFound("order policy")
    return rows, shown


def version_rows(
    session: Session, rows: Sequence[Policy], shown: Policy, tz: str, changes: Callable[[int, int], str]
) -> tuple[VersionRow, ...]:
    """The newest versions, each with what it changed: `changes(version before, version)` in words."""
    ids = {row.document.get("actor_id", 0) for row in rows}
    who = dict(session.execute(sa.select(col(User.id), col(User.display_name)).where(col(User.id).in_(ids))).all())
    known = {row.version for row in rows}
    return tuple(
        VersionRow(
            version=row.version,
            when=formats.stamp(row.effective_at, tz),
            who=who.get(row.document.get("actor_id", 0), ""),
            note=str(row.document.get("note", "")),
            changes=changes(row.version - 1, row.version) if row.version - 1 in known else "",
            is_now=row.version == shown.version,
        )
        for row in rows[:VERSIONS]
    )
