"""Versioned policies: the one in force for a city, the one that an order froze, and adopting the next.

A version is never changed. Two people who build on the same one cannot both win: its number is unique.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import bus
from servicehub.domain.access import Actor, Permission
from servicehub.domain.commission import CommissionPolicy
from servicehub.domain.deposit import DEPOSIT_KIND, DepositPolicy
from servicehub.domain.points import POINTS_KIND, PointsPolicy
from servicehub.domain.policy import ORDER_KIND, OrderPolicy
from servicehub.domain.withdrawal import WITHDRAWAL_KIND, WithdrawalPolicy
from servicehub.errors import Invalid, NotFound, PolicyChanged, ReasonMissing
from servicehub.matching import Policy as DispatchPolicy
from servicehub.models.base import among
from servicehub.models.catalog import Category, Policy
from servicehub.models.order import Order
from servicehub.models.situations import DISPATCH_KIND
from servicehub.models.technician import Technician
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
    session: Session,
    actor: Actor,
    kind: str,
    document: dict[str, Any],
    *,
    base: int,
    note: str,
    now: datetime,
    permission: Permission = Permission.POLICY_WRITE,
) -> int:
    """Put a new version of the city's policy into force, on top of version `base`; returns its number. Audited.

    The document is the caller's to check. Raises: NotAllowed, ReasonMissing, PolicyChanged when `base` is not the newest.
    """
    actor.require(permission)
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


def adopt_withdrawal(
    session: Session, actor: Actor, wanted: dict[str, Any], *, base: int, note: str, now: datetime
) -> int:
    """Adopt limits and fee of withdrawals. Raises: Invalid with the `field`, and what `adopt` does."""
    limits = asdict(WithdrawalPolicy.checked(wanted))
    allowed = Permission.WITHDRAWAL_LIMITS
    version = adopt(session, actor, WITHDRAWAL_KIND, limits, base=base, note=note, now=now, permission=allowed)
    bus.publish(session, bus.overview(str(actor.city_id)))
    return version


def adopt_commission(
    session: Session, actor: Actor, wanted: dict[str, Any], *, base: int, note: str, now: datetime
) -> int:
    """Adopt rules, standard rates and tax for orders made from now on; the order policy's other parts stay as in version `base`.

    Raises: Invalid with the `field` (see `CommissionPolicy.checked`), and what `adopt` does.
    """
    actor.require(Permission.COMMISSION_WRITE)
    rules = CommissionPolicy.checked(wanted)
    _known(session, actor.city_id, rules)
    row = in_force(session, actor.city_id, ORDER_KIND, now)
    if row.version != base:
        raise PolicyChanged(ORDER_KIND, version=row.version)
    kept = {name: part for name, part in row.document.items() if name not in ("note", "actor_id")}
    new = kept | OrderPolicy.of(row.document).document() | {"commission": rules.document()}
    allowed = Permission.COMMISSION_WRITE
    version = adopt(session, actor, ORDER_KIND, new, base=base, note=note, now=now, permission=allowed)
    bus.publish(session, bus.overview(str(actor.city_id)))
    return version


def adopt_points(session: Session, actor: Actor, wanted: dict[str, Any], *, base: int, note: str, now: datetime) -> int:
    """Adopt how points are earned and used from now on. Raises: Invalid with the `field`, and what `adopt` does."""
    rules = asdict(PointsPolicy.checked(wanted))
    allowed = Permission.POINTS_WRITE
    version = adopt(session, actor, POINTS_KIND, rules, base=base, note=note, now=now, permission=allowed)
    bus.publish(session, bus.overview(str(actor.city_id)))
    return version


def adopt_deposit(
    session: Session, actor: Actor, wanted: dict[str, Any], *, base: int, note: str, now: datetime
) -> int:
    """Adopt what technicians put aside from now on. Raises: Invalid with the `field`, and what `adopt` does."""
    rules = asdict(DepositPolicy.checked(wanted))
    allowed = Permission.DEPOSIT_WRITE
    version = adopt(session, actor, DEPOSIT_KIND, rules, base=base, note=note, now=now, permission=allowed)
    bus.publish(session, bus.overview(str(actor.city_id)))
    return version


def _known(session: Session, city_id: int, rules: CommissionPolicy) -> None:
    """Raises: Invalid for a rule about a category or technician that the city does not have."""
    slugs = set(session.exec(select(Category.slug).where(Category.city_id == city_id)))
    asked = {rule.technician_id for rule in rules.rules if rule.technician_id}
    mine = select(Technician.id).where(Technician.city_id == city_id, among(col(Technician.id), asked))
    people = set(session.exec(mine)) if asked else set()
    for rule in rules.rules:
        if rule.category and rule.category not in slugs:
            raise Invalid(f"rule {rule.id}", field="category", rule=rule.id)
        if rule.technician_id and rule.technician_id not in people:
            raise Invalid(f"rule {rule.id}", field="technician", rule=rule.id)


def document(session: Session, city_id: int, kind: str, now: datetime) -> dict[str, Any]:
    """The document in force, or an empty one when the city never adopted any."""
    try:
        return in_force(session, city_id, kind, now).document
    except NotFound:
        return {}
