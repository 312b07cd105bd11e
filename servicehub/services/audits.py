"""The operators' audit trail: what was done to whom, by whom and why, in a chain that cannot be altered unseen.

Owns writing and checking the chain. Each row's `chain` is an HMAC of the row and of the row before it, so that a changed, removed
or inserted row breaks it. Cutting off the newest rows leaves a sound chain: compare `Verdict.head` with a copy kept elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import crypto
from servicehub.domain.access import Actor, Permission, Role
from servicehub.models.audit import AuditEntry

_LOCK = 0x5348_4155
"""Key of the PostgreSQL advisory lock that serialises writers; SQLite has one writer anyway."""
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of checking the whole trail. `broken_id` is the first row that does not follow from the one before."""

    entries: int
    broken_id: int | None
    head: str
    """The newest row's chain; empty for an empty trail."""


def record(
    session: Session,
    actor: Actor,
    action: str,
    subject: str,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
    *,
    now: datetime,
) -> AuditEntry:
    """Append a row in this transaction. `subject` is `order:<no>`, `technician:<id>`, …; `data` holds plain JSON values.

    Writers are serialised until the COMMIT, so call it late in the transaction.

    Raises: NotAllowed when the actor is no operator.
    """
    actor.require_role(Role.OPERATOR)
    if session.connection().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    entry = AuditEntry(
        at=now.astimezone(UTC),
        actor_id=actor.user_id,
        action=action,
        subject=subject,
        reason=reason.strip()[:200],
        data=json.loads(json.dumps(dict(data or {}))),
        chain="",
    )
    entry.chain = _chained(_head(session), entry)
    session.add(entry)
    session.flush()
    return entry


def inspect(session: Session, actor: Actor) -> Verdict:
    """`verify` for an operator. Raises: NotAllowed without audit:read."""
    actor.require(Permission.AUDIT_READ)
    return verify(session)


def verify(session: Session) -> Verdict:
    """Walk the trail from its first row; reads everything, in batches."""
    previous, count, after = "", 0, 0
    while rows := _after(session, after):
        for entry in rows:
            if not crypto.same(entry.chain, _chained(previous, entry)):
                return Verdict(entries=_size(session), broken_id=entry.id, head=_head(session))
            previous, count, after = entry.chain, count + 1, entry.id or 0
    return Verdict(entries=count, broken_id=None, head=previous)


def _after(session: Session, entry_id: int) -> list[AuditEntry]:
    query = select(AuditEntry).where(col(AuditEntry.id) > entry_id).order_by(col(AuditEntry.id)).limit(_BATCH)
    return list(session.exec(query).all())


def _head(session: Session) -> str:
    newest = select(AuditEntry.chain).order_by(col(AuditEntry.id).desc()).limit(1)
    return session.exec(newest).first() or ""


def _size(session: Session) -> int:
    return session.exec(select(sa.func.count()).select_from(AuditEntry)).one()


def _chained(previous: str, entry: AuditEntry) -> str:
    row = [
        previous,
        entry.at.astimezone(UTC).isoformat(),
        entry.actor_id,
        entry.action,
        entry.subject,
        entry.reason,
        entry.data,
    ]
    return crypto.mac("audit", json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":")))
