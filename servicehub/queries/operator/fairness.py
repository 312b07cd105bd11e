"""How evenly work is shared: income for each available hour of the last week, against the median and the policy's floor."""

from __future__ import annotations

from datetime import datetime

import numpy as np
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission
from servicehub.domain.fairness import gini
from servicehub.domain.technician import TechnicianStatus
from servicehub.matching import Policy
from servicehub.models.situations import load_income, load_planned
from servicehub.models.technician import Technician
from servicehub.queries.operator import words
from servicehub.queries.operator.policy import adopted
from servicehub.queries.operator.scope import guard
from servicehub.texts import Locale, formats
from servicehub.viewmodels.operator_fairness import Fairness, ShareRow

LEAST_MINUTES = 600
"""Whose plan is shorter is not compared, as in the dispatch."""


def fairness(session: Session, actor: Actor, *, locale: Locale, now: datetime) -> Fairness:
    """Everybody active in the city whose week is long enough. Raises: NotAllowed without dispatch:read."""
    guard(actor, Permission.DISPATCH_READ)
    people = session.exec(
        select(Technician)
        .where(Technician.city_id == actor.city_id, Technician.status == TechnicianStatus.ACTIVE)
        .order_by(col(Technician.id))
    ).all()
    ids = [person.id or 0 for person in people]
    income, planned = load_income(session, ids, now), load_planned(session, ids)
    compared = [p for p in people if planned.get(p.id or 0, 0) >= LEAST_MINUTES]
    if not compared:
        return Fairness()
    per_hour = {p.id or 0: income.get(p.id or 0, 0) * 60 / planned[p.id or 0] for p in compared}
    values = np.array(list(per_hour.values()))
    median, low, high = (float(np.percentile(values, q)) for q in (50, 10, 90))
    policy = Policy.of(adopted(session, actor.city_id))
    floor = median * policy.fair_floor_pct / 100
    ranked = sorted(compared, key=lambda p: (per_hour[p.id or 0], p.id or 0))
    rows = [_row(p, per_hour[p.id or 0], planned[p.id or 0], median, floor, locale) for p in ranked]
    return Fairness(
        gini=f"{gini(list(per_hour.values())):.2f}",
        median=formats.yuan(round(median), always_decimals=True),
        spread=f"{high / low:.1f} : 1" if low > 0 else "—",
        below=sum(row.is_below for row in rows),
        floor=formats.yuan(round(floor), always_decimals=True),
        floor_pct=policy.fair_floor_pct,
        rows=tuple(rows),
        names=tuple(person.name for person in ranked),
        yuan=tuple(round(per_hour[p.id or 0] / 100, 2) for p in ranked),
        floor_yuan=round(floor / 100, 2),
        median_yuan=round(median / 100, 2),
    )


def _row(person: Technician, per_hour: float, minutes: int, median: float, floor: float, locale: Locale) -> ShareRow:
    return ShareRow(
        technician_id=person.id or 0,
        name=person.name,
        portrait=person.portrait,
        level=words.word(locale, words.LEVEL, person.level.value),
        per_hour=formats.yuan(round(per_hour), always_decimals=True),
        hours=f"{minutes / 60:.0f}",
        share=f"{100 * per_hour / median:.0f}%" if median else "—",
        is_below=per_hour < floor,
    )
