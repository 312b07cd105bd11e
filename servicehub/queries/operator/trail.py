"""The audit trail as a page: rows in words, newest first, and whether the chain holds."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.domain.access import Actor, Permission
from servicehub.models.account import User
from servicehub.models.audit import AuditEntry
from servicehub.queries.operator import words
from servicehub.queries.operator.scope import city_of, guard
from servicehub.texts import Locale, formats
from servicehub.viewmodels.operator import AuditPage, AuditRow

PAGE = 25


def page(session: Session, actor: Actor, number: int, q: str = "", *, locale: Locale) -> AuditPage:
    """One page of the city's operators' rows; `q` is part of a subject, an action, a reason or an operator's name.

    The verdict on the chain is not part of it: see `services.audits.verify`. Raises: NotAllowed without audit:read.
    """
    guard(actor, Permission.AUDIT_READ)
    tz = city_of(session, actor).timezone
    found = [col(User.city_id) == actor.city_id]
    if q := q.strip()[:40]:
        names = (AuditEntry.subject, AuditEntry.action, AuditEntry.reason, User.display_name)
        found.append(sa.or_(*(col(name).contains(q, autoescape=True) for name in names)))
    total = session.execute(_joined(sa.func.count()).where(*found)).scalar_one()
    pages = max(1, -(-total // PAGE))
    number = min(max(1, number), pages)
    query = (
        _joined(AuditEntry, User)
        .where(*found)
        .order_by(col(AuditEntry.id).desc())
        .limit(PAGE)
        .offset((number - 1) * PAGE)
    )
    rows = tuple(_row(entry, user, tz, locale) for entry, user in session.execute(query).all())
    return AuditPage(rows=rows, total=total, pages=pages, page=number)


def of_subject(session: Session, subject: str, *, tz: str, locale: Locale) -> tuple[AuditRow, ...]:
    """Every row about one thing, newest first. The caller checks audit:read."""
    query = (
        _joined(AuditEntry, User)
        .where(col(AuditEntry.subject) == subject)
        .order_by(col(AuditEntry.id).desc())
        .limit(50)
    )
    return tuple(_row(entry, user, tz, locale) for entry, user in session.execute(query).all())


def _joined(*columns: Any) -> sa.Select[Any]:
    return sa.select(*columns).select_from(AuditEntry).join(User, col(User.id) == AuditEntry.actor_id)


def _row(entry: AuditEntry, user: User, tz: str, locale: Locale) -> AuditRow:
    kind, _sep, name = entry.subject.partition(":")
    links = {
        "order": f"/operator/orders/{name}/",
        "technician": f"/operator/technicians/{name}/",
        "refund": f"/operator/refunds/?q={name}",
    }
    role = user.operator_role.value if user.operator_role else ""
    return AuditRow(
        id=entry.id or 0,
        when=formats.stamp(entry.at, tz),
        who=user.display_name or user.login_name or f"#{user.id}",
        role=words.word(locale, words.OPERATOR_ROLE, role),
        action=words.action(locale, entry.action),
        subject=name or kind,
        link=links.get(kind, ""),
        reason=entry.reason,
        details=json.dumps(entry.data, ensure_ascii=False, sort_keys=True) if entry.data else "",
        chain=entry.chain[:12],
    )
