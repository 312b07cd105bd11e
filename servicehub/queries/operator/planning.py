"""Visits planned ahead and how they were planned anew: before, after, and who moved. Five statements."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission
from servicehub.domain.timewindow import instant_of
from servicehub.matching import Policy
from servicehub.models.account import User
from servicehub.models.catalog import ServiceItem
from servicehub.models.dispatch import Occupancy, Replan, ReplanStatus
from servicehub.models.order import Order, planned_ahead
from servicehub.models.technician import Technician
from servicehub.queries import visit
from servicehub.queries.operator.scope import city_of, guard, orders_of
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.operator_planning import MoveRow, PlanAhead, PlannedRow, RunRow

SHOWN = 100
RUNS = 8
STATES: dict[ReplanStatus, tuple[str, str]] = {
    ReplanStatus.QUEUED: (N_("Waiting to start"), "wait"),
    ReplanStatus.RUNNING: (N_("Searching"), "wait"),
    ReplanStatus.DONE: (N_("Done"), "done"),
    ReplanStatus.STOPPED: (N_("Stopped early"), "done"),
    ReplanStatus.FAILED: (N_("Failed"), "cancel"),
}


def plan_ahead(session: Session, actor: Actor, *, locale: Locale, now: datetime) -> PlanAhead:
    """Raises: NotAllowed without dispatch:read."""
    guard(actor, Permission.DISPATCH_READ)
    tz = city_of(session, actor).timezone
    holder = sa.select(sa.func.min(Occupancy.technician_id)).where(col(Occupancy.order_id) == col(Order.id))
    found = session.execute(
        sa.select(Order, ServiceItem, Technician)
        .join(ServiceItem, col(ServiceItem.id) == col(Order.service_item_id))
        .outerjoin(Technician, col(Technician.id) == holder.correlate(Order).scalar_subquery())
        .where(*orders_of(actor), planned_ahead(now))
        .order_by(col(Order.start_at), col(Order.id))
        .limit(SHOWN)
    ).all()
    visits = tuple(_visit(*row, now=now, tz=tz, locale=locale) for row in found)
    count = session.execute(
        sa.select(sa.func.count()).select_from(Order).where(*orders_of(actor), planned_ahead(now))
    ).scalar_one()
    runs = session.exec(
        select(Replan).where(Replan.city_id == actor.city_id).order_by(col(Replan.id).desc()).limit(RUNS)
    ).all()
    rows = _runs(session, actor, runs, now=now, tz=tz, locale=locale)
    is_open = next((row for row in rows if row.is_open), None)
    return PlanAhead(
        visits=visits,
        count=count,
        runs=rows,
        open_run=is_open.id if is_open else 0,
        is_stopping=bool(is_open and is_open.is_stopping),
    )


def _visit(
    order: Order, item: ServiceItem, technician: Technician | None, *, now: datetime, tz: str, locale: Locale
) -> PlannedRow:
    firm_at = order.dispatch_at or order.start_at - timedelta(hours=Policy.commit_hours)
    return PlannedRow(
        no=order.no,
        service=visit.title(locale, item, order),
        area=order.area,
        visit=_when(order, now, tz, locale),
        technician=technician.name if technician else "—",
        technician_id=technician.id or 0 if technician else 0,
        portrait=technician.portrait if technician else "",
        firm=formats.day_time(firm_at, now, tz, locale=locale),
    )


def _when(order: Order, now: datetime, tz: str, locale: Locale) -> str:
    planned = formats.span(order.start_at, order.end_at, now, tz, locale=locale)
    if order.window_from is None or order.window_until is None:
        return planned
    first, last = (formats.clock_time(at, tz) for at in (order.window_from, order.window_until))
    return f"{planned} · " + say(locale, N_("may begin {first}–{last}"), first=first, last=last)


def _after(move: Mapping[str, Any], names: Mapping[int, str], now: datetime, tz: str, locale: Locale) -> str:
    """Who has it now, and when it begins if that changed."""
    who = names.get(move["to_id"], "—")
    return (
        who if "start" not in move else f"{who} · {formats.day_time(instant_of(move['start']), now, tz, locale=locale)}"
    )


def _runs(
    session: Session, actor: Actor, runs: Iterable[Replan], *, now: datetime, tz: str, locale: Locale
) -> tuple[RunRow, ...]:
    """Runs are the city's; of their moves, those of orders that the actor may see."""
    runs = list(runs)
    moves = [move for run in runs for move in run.result.get("moves", [])]
    ids = {move[key] for move in moves for key in ("from_id", "to_id") if move[key]}
    names = dict(
        session.execute(sa.select(col(Technician.id), col(Technician.name)).where(col(Technician.id).in_(ids))).all()
    )
    users = {run.actor_id for run in runs}
    who = dict(session.execute(sa.select(col(User.id), col(User.display_name)).where(col(User.id).in_(users))).all())
    shown = select(Order.no).where(*orders_of(actor), col(Order.no).in_({move["no"] for move in moves}))
    mine = frozenset(session.exec(shown))
    return tuple(_run(run, names, who, mine, now=now, tz=tz, locale=locale) for run in runs)


def _run(
    run: Replan,
    names: dict[int, str],
    who: dict[int, str],
    mine: frozenset[str],
    *,
    now: datetime,
    tz: str,
    locale: Locale,
) -> RunRow:
    text, tone = STATES[run.status]
    return RunRow(
        id=run.id or 0,
        when=formats.day_time(run.asked_at, now, tz, locale=locale),
        who=who.get(run.actor_id, "") or say(locale, N_("Automatic")),
        state=say(locale, text),
        tone=tone,
        summary=_summary(run, locale),
        is_open=run.status in (ReplanStatus.QUEUED, ReplanStatus.RUNNING),
        is_stopping=run.stop and run.done_at is None,
        moves=tuple(
            MoveRow(move["no"], names.get(move["from_id"], "—"), _after(move, names, now, tz, locale))
            for move in run.result.get("moves", [])
            if move["no"] in mine
        ),
    )


def _summary(run: Replan, locale: Locale) -> str:
    """`8 of 31 visits moved · way 412 → 355 min (−14%)`."""
    if run.done_at is None:
        return say(locale, N_("{n} visits"), n=run.orders)
    if run.status is ReplanStatus.FAILED:
        return say(locale, N_("Nothing was changed. Start it again."))
    moved = len(run.result.get("moves", []))
    if not moved:
        return say(locale, N_("Looked at {n} visits; nothing better found"), n=run.orders)
    before, after = (int(run.result[key]["way_minutes"]) for key in ("before", "after"))
    change = round(100 * (after - before) / before) if before else 0
    sign = f"{change:+d}".replace("-", formats.MINUS)
    text = N_("{moved} of {n} visits moved · way {before} → {after} min ({change}%)")
    return say(locale, text, moved=moved, n=run.orders, before=before, after=after, change=sign)
