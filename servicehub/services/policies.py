"""Versioned policies: the one in force for a city, the one that an order froze, and adopting the next.

A version is never changed. Two people who build on the same one cannot both win: its number is unique.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import bus
from servicehub.domain.access import Actor, Permission
from servicehub.domain.policy import ORDER_KIND, OrderPolicy
from servicehub.errors import NotFound, PolicyChanged, ReasonMissing
from servicehub.matching import Policy as DispatchPolicy
from servicehub.models.catalog import Policy
from servicehub.models.order import Order
from servicehub.models.situations import DISPATCH_KIND
from servicehub.services import audits


def in_force(session: Session, city_id: int, kind: str, now: datetime) -> Policy:
    """The newest version of `kind` that is in force at `now`. Raises: NotFound for a city without one."""
    policy = session.exec(
        select(Policy)
        .where(Policy.city_id == city_id, Policy.kind == kind, col(Policy.effective_at) <= now)
        .order_by(col(Policy.version).desc())
        .limit(1)
    ).first()
    if policy is None:
        raise NotFound(f"policy {kind} of city {city_id}")
    return policy


def order_policy(session: Session, city_id: int, now: datetime) -> tuple[int, OrderPolicy]:
    """(id, rules) by which a new order of the city is priced."""
    row = in_force(session, city_id, ORDER_KIND, now)
    return row.id or 0, OrderPolicy.of(row.document, row.version)


def of_order(session: Session, order: Order) -> OrderPolicy:
    """The rules that the order froze when it was made."""
    row = session.get_one(Policy, order.policy_id)
    return OrderPolicy.of(row.document, row.version)


def adopt(
    session: Session, actor: Actor, kind: str, document: dict[str, Any], *, base: int, note: str, now: datetime
) -> int:
    """Put a new version of the city's policy into force, on top of version `base`; returns its number. Audited.

    The document is the caller's to check. Raises: NotAllowed, ReasonMissing, PolicyChanged when `base` is not the newest.
    """
    actor.require(Permission.POLICY_WRITE)
    note = note.strip()
    if not note:
        raise ReasonMissing(kind)
    newest = newest_version(session, actor.city_id, kind)
    if newest != base:
        raise PolicyChanged(kind, version=newest)
    row = Policy(
        city_id=actor.city_id,
        kind=kind,
        version=base + 1,
        document={**document, "note": note[:200], "actor_id": actor.user_id},
        effective_at=now,
    )
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except sa.exc.IntegrityError as error:  # somebody else was faster: the version is unique
        raise PolicyChanged(kind) from error
    audits.record(session, actor, "policy.adopt", f"policy:{kind}-{row.version}", note, document, now=now)
    return row.version


def newest_version(session: Session, city_id: int, kind: str) -> int:
    """0 when the city never adopted any."""
    query = select(sa.func.max(Policy.version)).where(Policy.city_id == city_id, Policy.kind == kind)
    return session.exec(query).one() or 0


def adopt_dispatch(
    session: Session, actor: Actor, wanted: dict[str, Any], *, base: int, note: str, now: datetime
) -> int:
    """Adopt weights and times of the dispatch. Raises: Invalid, and what `adopt` does."""
    policy = DispatchPolicy.checked(wanted)
    version = adopt(session, actor, DISPATCH_KIND, policy.adopted(), base=base, note=note, now=now)
    bus.publish(session, bus.dispatch(str(actor.city_id)))
    return version


def document(session: Session, city_id: int, kind: str, now: datetime) -> dict[str, Any]:
    """The document in force, or an empty one when the city never adopted any."""
    try:
        return in_force(session, city_id, kind, now).document
    except NotFound:
        return {}
