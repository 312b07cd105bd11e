"""The hall of open orders: those that this technician may take by every rule of the matching, near ones first.

The same assessment decides the claim, so that the hall promises nothing that a claim would refuse (unless somebody is faster).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor
from servicehub.domain.hall import opened_at, reach_m
from servicehub.domain.order import OrderMode, OrderStatus
from servicehub.domain.settlement import Split
from servicehub.models.catalog import Category, ServiceItem
from servicehub.models.commissions import load_category_names
from servicehub.models.dispatch import Claim
from servicehub.models.order import Order
from servicehub.models.situations import load_situations, rankings
from servicehub.models.technician import Technician, TechnicianSkill
from servicehub.queries import visit
from servicehub.queries.technician import money, scope, words
from servicehub.queries.technician.scope import Task
from servicehub.texts import N_, Locale, commission, formats, say
from servicehub.viewmodels.technician import Choice, HallRow

SORTS = ("near", "soon", "pay")
MOST = 200


class Found(NamedTuple):
    """An order that may be claimed, and the way there as the matching counts it (from where the technician will be)."""

    task: Task
    distance_m: int
    travel_minutes: int
    reasons: tuple[str, ...]
    """Why it fits him; whether he is the nearest of all is not known here."""


def hall(
    session: Session,
    actor: Actor,
    *,
    within_m: int = 0,
    skill: str = "",
    sort: str = "near",
    now: datetime,
    locale: Locale,
) -> list[HallRow]:
    """Orders that the technician may claim. `within_m` 0: as far as his own radius; `skill` "": any of his; `sort`: see `SORTS`."""
    technician, tz = scope.me(session, actor), scope.zone(session, actor)
    found = _takeable(session, technician, skill, min(within_m or technician.radius_m, technician.radius_m), now)
    pay = money.estimates(session, technician, [one.task.order for one in found])
    keys: dict[str, Callable[[Found], Any]] = {
        "near": lambda one: one.distance_m,
        "soon": lambda one: one.task.order.start_at,
        "pay": lambda one: -pay[one.task.order.id or 0].net_fen,
    }
    found.sort(key=keys.get(sort, keys["near"]))
    asked, categories = claimed(session, technician), load_category_names(session, technician.city_id, locale)
    works = visit.works(session, [one.task.order for one in found], locale=locale)
    return [_row(one, pay, categories, works, technician, asked, now, tz, locale) for one in found]


def claimed(session: Session, technician: Technician) -> frozenset[int]:
    """Orders for which the technician's claim waits for the decision."""
    return frozenset(session.exec(select(Claim.order_id).where(Claim.technician_id == technician.id)))


def outcome(session: Session, actor: Actor, no: str) -> str:
    """What became of an order that the actor claimed: won, lost, or "" while it is open."""
    order = session.exec(select(Order).where(Order.no == no, Order.city_id == actor.city_id)).first()
    if order is None or order.status is OrderStatus.MATCHING:
        return ""
    return "won" if order.technician_id == actor.technician_id else "lost"


def count(session: Session, technician: Technician, *, now: datetime) -> int:
    """How many orders the unfiltered hall shows."""
    return len(_takeable(session, technician, "", technician.radius_m, now))


def skills(session: Session, actor: Actor, *, locale: Locale) -> list[Choice]:
    """The technician's own skills, for the filter."""
    technician = scope.me(session, actor)
    rows = session.exec(select(TechnicianSkill.skill).where(TechnicianSkill.technician_id == technician.id)).all()
    return [Choice(key, words.skill(locale, key)) for key in sorted(rows)]


def _takeable(session: Session, technician: Technician, skill: str, far_m: int, now: datetime) -> list[Found]:
    """Orders within `far_m` that pass every rule of the matching for this technician."""
    tasks = _open(session, technician, skill, now)
    me = technician.id or 0
    known = load_situations(session, [task.order for task in tasks], now=now, technician_ids=[me], by_hand=me)
    ranked = rankings(known)
    found = []
    for task in tasks:
        fit, opened = ranked[task.order.id or 0].feasible, opened_at(task.order)
        if fit and fit[0].distance_m <= (far_m if opened is None else min(far_m, reach_m(opened, now))):
            reasons = tuple(reason for reason in fit[0].reasons if reason != "nearest")
            found.append(Found(task, fit[0].distance_m, fit[0].travel_minutes, reasons))
    return found


def _open(session: Session, technician: Technician, skill: str, now: datetime) -> list[Task]:
    """The hall's orders of the technician's skills; the rules about one person and one time come later."""
    mine = sa.select(TechnicianSkill.skill).where(col(TechnicianSkill.technician_id) == technician.id)
    query = (
        sa.select(Order, ServiceItem, col(Category.slug))
        .join(ServiceItem, col(ServiceItem.id) == col(Order.service_item_id))
        .join(Category, col(Category.id) == col(Order.category_id))
        .where(
            col(Order.city_id) == technician.city_id,
            col(Order.status) == OrderStatus.MATCHING,
            col(Order.mode) == OrderMode.GRAB,
            col(Order.start_at) > now,
            col(ServiceItem.skill).in_(mine),
        )
        .order_by(col(Order.start_at))
        .limit(MOST)
    )
    if skill:
        query = query.where(col(ServiceItem.skill) == skill)
    return [Task(order, item, slug) for order, item, slug in session.execute(query).all()]


def _row(
    found: Found,
    pay: Mapping[int, Split],
    categories: Mapping[str, str],
    works: Mapping[int, tuple[str, ...]],
    technician: Technician,
    asked: frozenset[int],
    now: datetime,
    tz: str,
    locale: Locale,
) -> HallRow:
    task, order = found.task, found.task.order
    order_id = order.id or 0
    return HallRow(
        no=order.no,
        title=scope.title(locale, task),
        facts=scope.facts(locale, order, task.item, works[order_id]),
        when=formats.span(order.start_at, order.end_at, now, tz, locale=locale),
        area=order.area,
        distance=formats.distance(found.distance_m),
        travel=words.way(locale, technician.transport, found.travel_minutes),
        take_home=formats.amount(pay[order_id].net_fen, always_decimals=True),
        rule=commission.rate(locale, pay[order_id].rate, categories),
        tax=formats.yuan(pay[order_id].tax_fen, always_decimals=True) if pay[order_id].tax_fen else "",
        art=f"cat-{task.category}",
        fresh=say(locale, N_("Needs somebody soon")) if order.is_immediate else "",
        claimed=order_id in asked,
        reasons=words.reasons(found.reasons, locale),
    )
