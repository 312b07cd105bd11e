"""The rules of points as operators see and change them."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.domain.access import Actor, Permission
from servicehub.domain.points import POINTS_KIND
from servicehub.models.catalog import Policy
from servicehub.models.points import load_points_policy
from servicehub.queries.operator.scope import guard
from servicehub.texts import formats
from servicehub.viewmodels.operator_policy import PointsRules


def points_rules(session: Session, actor: Actor, *, now: datetime) -> PointsRules:
    """The rules in force in the actor's city, as they are typed. Raises: NotAllowed without ledger:read."""
    guard(actor, Permission.LEDGER_READ)
    policy = load_points_policy(session, actor.city_id, now)
    newest = sa.select(sa.func.max(col(Policy.version))).where(
        col(Policy.city_id) == actor.city_id, col(Policy.kind) == POINTS_KIND
    )
    return PointsRules(
        version=int(session.scalar(newest) or 0),
        per_yuan=str(policy.per_yuan),
        most=formats.amount(policy.most_bp),
        least=str(policy.least),
        months=str(policy.months),
        may_write=actor.may(Permission.POINTS_WRITE),
    )
