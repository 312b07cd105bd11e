"""The newest batches of the dispatch, as they are decided: which orders were weighed together, who got each, and how clearly."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission
from servicehub.models.catalog import ServiceItem
from servicehub.models.dispatch import DispatchDecision
from servicehub.models.order import Order
from servicehub.models.technician import Technician
from servicehub.queries import visit
from servicehub.queries.operator import words
from servicehub.queries.operator.scope import city_of, guard, orders_of
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.operator_supply import Batch, BatchRow

SHOWN = 12
"""Decisions."""


def newest(session: Session, actor: Actor, *, locale: Locale) -> tuple[Batch, ...]:
    """The last decisions by the instant at which they were made, newest first. Raises: NotAllowed without dispatch:read."""
    guard(actor, Permission.DISPATCH_READ)
    tz = city_of(session, actor).timezone
    found = session.execute(
        sa.select(DispatchDecision, Order, ServiceItem)
        .join(Order, col(Order.id) == col(DispatchDecision.order_id))
        .join(ServiceItem, col(ServiceItem.id) == col(Order.service_item_id))
        .where(*orders_of(actor))
        .order_by(col(DispatchDecision.id).desc())
        .limit(SHOWN)
    ).all()
    people = _names(session, [decision for decision, _order, _item in found])
    batches = []
    for at, members in groupby(found, key=lambda one: one[0].at):
        rows = tuple(_row(decision, order, item, people, locale) for decision, order, item in members)
        batches.append(Batch(key=at.isoformat(), when=_when(at, tz), rows=rows))
    return tuple(batches)


def _names(session: Session, decisions: list[DispatchDecision]) -> dict[int, str]:
    ids = {d.technician_id for d in decisions} | {c["technician_id"] for d in decisions for c in d.candidates[:2]}
    rows: Any = session.execute(
        select(col(Technician.id), col(Technician.name)).where(col(Technician.id).in_(ids - {None}))
    )
    return dict(list(rows))


def _when(at: datetime, tz: str) -> str:
    return formats.stamp(at, tz)[-8:]


def _row(
    decision: DispatchDecision, order: Order, item: ServiceItem, people: Mapping[int, str], locale: Locale
) -> BatchRow:
    who = people.get(decision.technician_id or 0, "")
    return BatchRow(
        id=decision.id or 0,
        no=order.no,
        service=visit.title(locale, item, order),
        who=who or say(locale, N_("Nobody: open to all")),
        found=bool(who),
        note=" · ".join(
            part
            for part in (
                words.word(locale, words.HOW, decision.how),
                say(locale, N_("{n} could"), n=decision.passed),
                _lead(decision, people, locale),
            )
            if part
        ),
    )


def _lead(decision: DispatchDecision, people: Mapping[int, str], locale: Locale) -> str:
    """How far the choice is ahead of the best other one, or what the batch gave up for another order."""
    scores = {c["technician_id"]: c["score"] for c in decision.candidates if not c["failed"]}
    mine = scores.pop(decision.technician_id, None)
    if mine is None or not scores:
        return ""
    other = max(scores, key=lambda t: (scores[t], -t))
    lead = round(mine - scores[other])
    if lead >= 0:
        return say(locale, N_("{n} s ahead of {name}"), n=lead, name=people.get(other, "—"))
    return say(locale, N_("{name} was {n} s better and went to another order"), n=-lead, name=people.get(other, "—"))
