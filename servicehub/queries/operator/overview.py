"""The overview's figures: today against the same weekday last week at the same hour, by hour, and the day's funnel.

Definitions. Valid orders: placed in the window and not unpaid, expired or cancelled (as of the compared instant). GMV: their
totals. Time to accept: from payment (or placing) to acceptance. On time: arrived within ten minutes of the planned start.
Completion: of the visits that should have ended by now, the share that was served. Three statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.domain.access import Actor, Permission
from servicehub.domain.order import OrderStatus, PaymentPlan
from servicehub.domain.technician import TechnicianStatus
from servicehub.models.order import Order, was_sold
from servicehub.models.technician import Technician
from servicehub.queries.operator.scope import CityDay, city_day, city_of, epoch, guard, orders_of, whole
from servicehub.texts import Locale, formats, say
from servicehub.viewmodels.operator import FunnelStep, HourRow, Kpi, Overview

_S = OrderStatus
DEAD = (_S.PENDING_PAYMENT, _S.EXPIRED, _S.CANCELLED)
SERVED = (_S.AWAITING_BALANCE, _S.AWAITING_CONFIRM, _S.COMPLETED, _S.DISPUTED, _S.CLOSED)
ON_TIME_GRACE_S = 600
_FACT_HORIZON = timedelta(days=22)
"""Orders accepted, visited or due in these two days were placed within this time."""
_HOURS = 7 * 24


class _Sum(NamedTuple):
    n: int = 0
    value: int = 0

    def plus(self, n: int, value: int) -> _Sum:
        return _Sum(self.n + n, self.value + value)

    @property
    def mean(self) -> float | None:
        return self.value / self.n if self.n else None


Series = dict[tuple[str, str], dict[int, _Sum]]
"""(kind, "today" | "last" | "last_cut") → hour of the day → sum. `last_cut` ends a week ago at the same time of day."""


def overview(session: Session, actor: Actor, *, locale: Locale, now: datetime) -> Overview:
    """Raises: NotAllowed without overview:read."""
    guard(actor, Permission.OVERVIEW_READ)
    city = city_of(session, actor)
    day = city_day(now, city.timezone)
    placed, funnel = _placed(session, actor, day, now)
    facts = _facts(session, actor, day, now)
    kpis = (
        *_money_kpis(placed, locale),
        *_service_kpis(facts, locale),
        _supply_kpi(session, actor, facts, now, locale),
    )
    on = now.astimezone(ZoneInfo(day.tz)).date()
    named = (formats.month_day(on, locale=locale), formats.weekday(on, locale=locale))
    parts = (*(reversed(named) if locale == "en" else named), formats.clock_time(now, day.tz))
    return Overview(heading=" ".join(parts), kpis=kpis, hours=_hours(placed, day, now), funnel=_funnel(funnel, locale))


def _placed(session: Session, actor: Actor, day: CityDay, now: datetime) -> tuple[Series, tuple[int, int, int, int]]:
    status = col(Order.status)
    alive = sa.or_(
        status.not_in(DEAD),
        sa.and_(col(Order.created_at) < day.start, col(Order.cancelled_at) > day.week_now),
    )
    started = sa.or_(
        col(Order.paid_at).is_not(None), sa.and_(col(Order.payment_plan) == PaymentPlan.AFTER, status.not_in(DEAD))
    )
    cut = sa.or_(col(Order.created_at) >= day.start, col(Order.created_at) < day.week_now)
    bucket = ((epoch(col(Order.created_at)) - whole(day.week_start)) // whole(3600)).label("bucket")
    rows = (
        sa.select(
            bucket,
            sa.case((cut, 1), else_=0).label("cut"),
            sa.case((alive, 1), else_=0).label("alive"),
            sa.case((started, 1), else_=0).label("paid"),
            sa.case((col(Order.accepted_at).is_not(None), 1), else_=0).label("accepted"),
            sa.case((status.in_(SERVED), 1), else_=0).label("served"),
            col(Order.total_fen).label("total"),
        )
        .where(*orders_of(actor), was_sold(), _within(col(Order.created_at), day, now))
        .subquery()
    )
    c = rows.c
    query = sa.select(
        c.bucket, c.cut, sa.func.count(), sa.func.sum(c.alive), sa.func.sum(c.alive * c.total),
        sa.func.sum(c.paid), sa.func.sum(c.accepted), sa.func.sum(c.served),
    ).group_by(c.bucket, c.cut)  # fmt: skip
    series: Series = {}
    funnel = [0, 0, 0, 0]
    for hour, is_cut, n, valid, gmv, paid, accepted, served in session.execute(query).all():
        _add(series, "placed", int(hour), int(valid), int(gmv), is_cut=bool(is_cut))
        if hour >= _HOURS:
            for i, value in enumerate((n, paid, accepted, served)):
                funnel[i] += int(value)
    return series, (funnel[0], funnel[1], funnel[2], funnel[3])


def _facts(session: Session, actor: Actor, day: CityDay, now: datetime) -> Series:
    waited = epoch(col(Order.accepted_at)) - epoch(sa.func.coalesce(Order.paid_at, Order.created_at))
    punctual = sa.case(
        (epoch(col(Order.arrived_at)) <= epoch(col(Order.start_at)) + whole(ON_TIME_GRACE_S), 1), else_=0
    )
    served = sa.case((col(Order.status).in_(SERVED), 1), else_=0)
    due = sa.or_(col(Order.status).in_(SERVED), col(Order.paid_at).is_not(None))
    parts = [
        _fact("accept", col(Order.accepted_at), waited, actor, day, now),
        _fact("arrive", col(Order.arrived_at), punctual, actor, day, now),
        _fact("due", col(Order.end_at), served, actor, day, now, due),
        _fact(
            "visit",
            col(Order.start_at),
            sa.literal_column("1", sa.BigInteger()),
            actor,
            day,
            day.end,
            col(Order.status).not_in(DEAD),
        ),
    ]
    facts = sa.union_all(*parts).subquery()
    query = sa.select(facts.c.kind, facts.c.bucket, facts.c.cut, sa.func.count(), sa.func.sum(facts.c.value)).group_by(
        facts.c.kind, facts.c.bucket, facts.c.cut
    )
    series: Series = {}
    for kind, hour, is_cut, n, value in session.execute(query).all():
        _add(series, kind, int(hour), int(n), int(value or 0), is_cut=bool(is_cut))
    return series


def _fact(kind: str, at: Any, value: Any, actor: Actor, day: CityDay, until: datetime, *more: Any) -> sa.Select[Any]:
    return sa.select(
        sa.literal_column(f"'{kind}'", sa.String()).label("kind"),
        ((epoch(at) - whole(day.week_start)) // whole(3600)).label("bucket"),
        sa.case((sa.or_(at >= day.start, at < day.week_now), 1), else_=0).label("cut"),
        value.label("value"),
    ).where(
        *orders_of(actor),
        was_sold(),
        col(Order.created_at) >= day.week_start - _FACT_HORIZON,
        _within(at, day, until),
        *more,
    )


def _within(at: Any, day: CityDay, until: datetime) -> Any:
    """In today's part of the day, or anywhere in the same day last week."""
    return sa.or_(sa.and_(at >= day.start, at < until), sa.and_(at >= day.week_start, at < day.week_end))


def _add(series: Series, kind: str, hour: int, n: int, value: int, *, is_cut: bool) -> None:
    names = ["today"] if hour >= _HOURS else ["last", "last_cut"] if is_cut else ["last"]
    for name in names:
        hours = series.setdefault((kind, name), {})
        at = hour - _HOURS if name == "today" else hour
        hours[at] = hours.get(at, _Sum()).plus(n, value)


def _total(series: Series, kind: str, name: str) -> _Sum:
    total = _Sum()
    for part in series.get((kind, name), {}).values():
        total = total.plus(*part)
    return total


def _line(series: Series, kind: str, pick: str) -> str:
    """Today's hours so far, for a sparkline; hours without a fact repeat the one before."""
    hours = series.get((kind, "today"), {})
    points: list[float] = []
    for hour in range(max(hours, default=0) + 1):
        part = hours.get(hour, _Sum())
        points.append(float(part.n if pick == "n" else part.value) if pick != "mean" else _or_last(part.mean, points))
    return ",".join(f"{p:.2f}" for p in points) if len(points) > 1 else "0,0"


def _or_last(value: float | None, points: Sequence[float]) -> float:
    return value if value is not None else points[-1] if points else 0.0


def _money_kpis(placed: Series, locale: Locale) -> tuple[Kpi, Kpi]:
    today, last = _total(placed, "placed", "today"), _total(placed, "placed", "last_cut")
    versus = say(locale, "vs last week")
    gmv = Kpi(
        key="gmv", label=say(locale, "GMV today"), value=formats.yuan(today.value // 100 * 100), unit="",
        **_change(today.value, last.value), hint=versus, spark=_line(placed, "placed", "value"), link="/operator/orders/?view=all",
    )  # fmt: skip
    orders = Kpi(
        key="orders", label=say(locale, "Valid orders"), value=f"{today.n:,}", unit=say(locale, "orders"),
        **_change(today.n, last.n), hint=versus, spark=_line(placed, "placed", "n"), link="/operator/orders/?view=all",
    )  # fmt: skip
    return gmv, orders


def _change(now: int, before: int) -> dict[str, Any]:
    if not before:
        return {"delta": "", "rises": True, "good": True}
    bp = (now - before) * 10_000 // before
    return {"delta": formats.percent(abs(bp)), "rises": bp >= 0, "good": bp >= 0}


def _service_kpis(facts: Series, locale: Locale) -> tuple[Kpi, Kpi, Kpi]:
    accept, accept_last = _total(facts, "accept", "today").mean, _total(facts, "accept", "last_cut").mean
    slower = round(accept - accept_last) if accept is not None and accept_last is not None else 0
    known = accept is not None and accept_last is not None
    value, unit = _span(accept, locale)
    change, change_unit = _span(abs(slower), locale)
    wait = Kpi(
        key="accept", label=say(locale, "Avg. time to accept"), value=value, unit=unit,
        delta=f"{change} {change_unit}" if known else "", rises=slower > 0, good=slower <= 0,
        hint=say(locale, "vs last week") if known else say(locale, "Nothing accepted yet"),
        spark=_line(facts, "accept", "mean"), link="/operator/orders/?view=wait",
    )  # fmt: skip
    return wait, _rate_kpi(facts, "arrive", locale), _rate_kpi(facts, "due", locale)


def _span(seconds: float | None, locale: Locale) -> tuple[str, str]:
    if seconds is None:
        return "–", ""
    if seconds < 120:
        return f"{round(seconds)}", say(locale, "s")
    return f"{round(seconds / 60)}", say(locale, "min")


def _rate_kpi(facts: Series, kind: str, locale: Locale) -> Kpi:
    today, last = _total(facts, kind, "today"), _total(facts, kind, "last_cut")
    rate = today.value * 10_000 // today.n if today.n else None
    before = last.value * 10_000 // last.n if last.n else None
    points = rate - before if rate is not None and before is not None else None
    arrive = kind == "arrive"
    return Kpi(
        key=kind,
        label=say(locale, "On-time rate") if arrive else say(locale, "Completion rate"),
        value=f"{rate / 100:.1f}" if rate is not None else "–",
        unit="%" if rate is not None else "",
        delta=f"{abs(points) / 100:.1f}pt" if points is not None else "",
        rises=(points or 0) >= 0,
        good=(points or 0) >= 0,
        hint=say(locale, "{n} arrivals today", n=today.n) if arrive else say(locale, "of {n} visits due", n=today.n),
        spark=_line(facts, kind, "mean"),
        link="/operator/orders/?view=risk" if arrive else "/operator/orders/?view=cancelled",
    )


def _supply_kpi(session: Session, actor: Actor, facts: Series, now: datetime, locale: Locale) -> Kpi:
    week = now - timedelta(days=7)

    def busy(at: datetime) -> Any:
        return (
            sa.select(sa.func.count(sa.distinct(Order.technician_id)))
            .where(*orders_of(actor), col(Order.status).not_in(DEAD), col(Order.start_at) <= at, col(Order.end_at) > at)
            .where(col(Order.start_at) > at - timedelta(days=2))
            .scalar_subquery()
        )

    people = sa.select(sa.func.count()).where(
        col(Technician.city_id) == actor.city_id,
        col(Technician.is_online).is_(True),
        col(Technician.status) == TechnicianStatus.ACTIVE,
    )
    online, working, before = session.execute(sa.select(people.scalar_subquery(), busy(now), busy(week))).one()
    return Kpi(
        key="online", label=say(locale, "Technicians online"), value=f"{online:,}", unit=say(locale, "people"),
        delta=f"{abs(working - before)}" if before else "", rises=working >= before, good=working >= before,
        hint=say(locale, "{n} with a visit now", n=working), spark=_line(facts, "visit", "n"), link="/operator/technicians/",
    )  # fmt: skip


def _hours(placed: Series, day: CityDay, now: datetime) -> tuple[HourRow, ...]:
    today, last = placed.get(("placed", "today"), {}), placed.get(("placed", "last"), {})
    running = int((now - day.start).total_seconds()) // 3600
    rows = []
    for hour in range(int((day.end - day.start).total_seconds()) // 3600):
        t, w = today.get(hour, _Sum()), last.get(hour, _Sum())
        come = hour <= running
        rows.append(
            HourRow(
                hour=formats.clock_time(day.start + timedelta(hours=hour), day.tz),
                gmv_yuan=t.value / 100 if come else None,
                orders=t.n if come else None,
                ticket_yuan=round(t.value / 100 / t.n, 2) if come and t.n else (0.0 if come else None),
                last_gmv_yuan=w.value / 100,
                last_orders=w.n,
                last_ticket_yuan=round(w.value / 100 / w.n, 2) if w.n else 0.0,
            )
        )
    return tuple(rows)


def _funnel(counts: tuple[int, int, int, int], locale: Locale) -> tuple[FunnelStep, ...]:
    names = (say(locale, "Placed"), say(locale, "Paid"), say(locale, "Accepted"), say(locale, "Served"))
    steps = []
    for i, (name, n) in enumerate(zip(names, counts, strict=True)):
        share = n * 100 // counts[0] if counts[0] else 0
        before = counts[i - 1] if i else 0
        text = f"{n:,}" if not before else f"{n:,} · {n * 100 // before}%"
        steps.append(FunnelStep(name=name, value=text, width=f"{share}%"))
    return tuple(steps)
