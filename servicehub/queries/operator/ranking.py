"""The selected order of the dispatch board with its ranked candidates, as they stand now."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission
from servicehub.domain.order import HOLDING, ORDER, OrderEvent, OrderStatus
from servicehub.matching import Assessment, rule_sentence
from servicehub.models.catalog import ServiceItem
from servicehub.models.order import Order
from servicehub.models.technician import Technician
from servicehub.queries import candidates
from servicehub.queries.operator import words
from servicehub.queries.operator.scope import city_of, guard, midnight, orders_of
from servicehub.queries.operator.scoring import candidate_rows
from servicehub.queries.visit import title
from servicehub.texts import Locale, formats
from servicehub.viewmodels.operator import CandidateRow

JUDGED = 200
"""Of those who cannot, the nearest so many are told why on their lanes."""
SHOWN = 40
"""Candidates on the board: all who pass come first, then the nearest others."""
_PLACEABLE = frozenset({OrderEvent.DISPATCH, OrderEvent.REASSIGN})


class Ranked(NamedTuple):
    no: str = ""
    about: str = ""
    status: str = ""
    again: bool = False
    """Whether somebody has the order already."""
    candidates: tuple[CandidateRow, ...] = ()
    verdicts: dict[int, str] = {}  # noqa: RUF012 - a default that nobody changes
    """Technician -> why he cannot have it; "" when he can. Best first, then nearest first."""
    otherwise: str = ""
    """Why nobody else can."""
    route: str = ""
    """JSON of the way that its technician goes that day, [[lat, lng], …]; "" while nobody has it."""


def ranked(session: Session, actor: Actor, no: str, *, locale: Locale, now: datetime) -> Ranked:
    """Empty for an unknown number and for an order that nobody can be given to any more. Raises: NotAllowed."""
    guard(actor, Permission.DISPATCH_READ)
    found = session.execute(
        sa.select(Order, ServiceItem)
        .join(ServiceItem, col(ServiceItem.id) == Order.service_item_id)
        .where(*orders_of(actor), col(Order.no) == no)
    ).first()
    if found is None:
        return Ranked()
    order, item = found
    tz = city_of(session, actor).timezone
    status = words.word(locale, words.STATUS, order.status.value)
    visit = formats.day_time(order.start_at, now, tz, locale=locale)
    about = " · ".join((title(locale, item, order), visit, order.area, status))
    if not _PLACEABLE & set(ORDER.events(order.status, actor.role)):
        return Ranked(no=no, about=about, status=order.status.value)
    ranking = candidates.ranking(session, actor, no, now=now)
    documents = ranking.as_document()[:SHOWN]
    ids = {int(str(d["technician_id"])) for d in documents}
    people = {t.id or 0: t for t in session.exec(select(Technician).where(col(Technician.id).in_(ids)))}
    return Ranked(
        no=no,
        about=about,
        status=order.status.value,
        again=order.status is not OrderStatus.MATCHING,
        candidates=candidate_rows(documents, people, order.technician_id, locale=locale),
        verdicts={a.technician_id: "" for a in ranking.feasible}
        | {a.technician_id: _why(a, locale) for a in ranking.excluded(JUDGED)},
        otherwise=rule_sentence(locale, "skill"),
        route=_route(session, order, tz),
    )


def _why(assessment: Assessment, locale: Locale) -> str:
    rule = assessment.failed[0]
    return rule_sentence(locale, rule, assessment.numbers.get(rule))


def _route(session: Session, order: Order, tz: str) -> str:
    """From home through the visits of that day."""
    technician = session.get(Technician, order.technician_id) if order.technician_id else None
    if technician is None:
        return ""
    start = midnight(order.start_at, tz)
    visits = session.execute(
        sa.select(Order.lat, Order.lng)
        .where(
            Order.technician_id == technician.id,
            col(Order.status).in_(HOLDING),
            col(Order.start_at).between(start, start + timedelta(days=1)),
        )
        .order_by(col(Order.start_at))
    ).all()
    points = [(technician.home_lat, technician.home_lng), *visits]
    return json.dumps([[round(lat, 5), round(lng, 5)] for lat, lng in points])
