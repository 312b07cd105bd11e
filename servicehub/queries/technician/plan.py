"""When a technician works: the week, other hours on single days, time off; and which jobs stand in an absence's way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, select

from servicehub.domain.access import Actor
from servicehub.models.order import Order
from servicehub.models.technician import ShiftException, Technician, TimeOff, WeeklyShift
from servicehub.queries.technician import scope
from servicehub.queries.technician.scope import LIVE
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.technician import Absence, JobInside, Plan, PlanDay, SpecialDay

AHEAD = timedelta(days=180)
MONDAY = date(2024, 1, 1)
"""Any Monday: weekdays are named by it."""


def plan(session: Session, actor: Actor, *, now: datetime, locale: Locale) -> Plan:
    """The whole plan as the page edits it."""
    technician, tz = scope.me(session, actor), scope.zone(session, actor)
    today = scope.today(now, tz).on
    by_day: dict[int, list[WeeklyShift]] = defaultdict(list)
    for row in _week(session, technician):
        by_day[row.weekday].append(row)
    worked = sum((r.end_minute - r.start_minute) * (-1 if r.is_break else 1) for rows in by_day.values() for r in rows)
    return Plan(
        days=tuple(_day(weekday, by_day[weekday], locale) for weekday in range(7)),
        week_hours=formats.duration(worked, locale=locale),
        special=_special(session, technician, today, locale),
        absences=_absences(session, technician, now, tz, locale),
        today=today.isoformat(),
        last=(today + AHEAD).isoformat(),
    )


def windows(session: Session, actor: Actor) -> list[tuple[int, int, int, bool]]:
    """The weekly plan as `services.technicians.set_week` takes it."""
    rows = _week(session, scope.me(session, actor))
    return [(row.weekday, row.start_minute, row.end_minute, row.is_break) for row in rows]


def jobs_inside(
    session: Session, actor: Actor, numbers: Sequence[str], *, now: datetime, locale: Locale
) -> list[JobInside]:
    """The technician's own jobs among `numbers`, named."""
    technician, tz = scope.me(session, actor), scope.zone(session, actor)
    found = scope.tasks(session, technician, LIVE, col(Order.no).in_(list(numbers)[:50]))
    return [
        JobInside(
            t.order.no, scope.title(locale, t), formats.span(t.order.start_at, t.order.end_at, now, tz, locale=locale)
        )
        for t in found
    ]


def wall(minute: int) -> str:
    """`09:30` of a minute of the day; past midnight it starts again."""
    return f"{minute // 60 % 24:02d}:{minute % 60:02d}"


def _week(session: Session, technician: Technician) -> Sequence[WeeklyShift]:
    query = select(WeeklyShift).where(WeeklyShift.technician_id == technician.id)
    return session.exec(query.order_by(col(WeeklyShift.weekday), col(WeeklyShift.start_minute))).all()


def _day(weekday: int, rows: list[WeeklyShift], locale: Locale) -> PlanDay:
    shifts, breaks = [r for r in rows if not r.is_break], [r for r in rows if r.is_break]
    name = formats.weekday(MONDAY + timedelta(days=weekday), locale=locale)
    if not shifts:
        return PlanDay(weekday, name, summary=say(locale, N_("Day off")))
    first, pause = shifts[0], breaks[0] if breaks else None
    minutes = sum(r.end_minute - r.start_minute for r in shifts) - sum(r.end_minute - r.start_minute for r in breaks)
    spans = " · ".join(_span(r, locale) for r in shifts)
    pauses = say(locale, N_("Break {span}"), span=" · ".join(_span(r, locale) for r in breaks)) if breaks else ""
    return PlanDay(
        weekday=weekday,
        name=name,
        summary=spans,
        hours=formats.duration(minutes, locale=locale),
        works=True,
        start=wall(first.start_minute),
        end=wall(first.end_minute),
        break_start=wall(pause.start_minute) if pause else "",
        break_end=wall(pause.end_minute) if pause else "",
        more=pauses,
    )


def _span(row: WeeklyShift, locale: Locale) -> str:
    until = wall(row.end_minute)
    late = (
        say(locale, N_("{time} next day"), time=until)
        if row.end_minute > 1440
        else "24:00"
        if row.end_minute == 1440
        else until
    )
    return f"{wall(row.start_minute)}–{late}"


def _special(session: Session, technician: Technician, today: date, locale: Locale) -> tuple[SpecialDay, ...]:
    rows = session.exec(
        select(ShiftException)
        .where(ShiftException.technician_id == technician.id, col(ShiftException.on) >= today)
        .order_by(col(ShiftException.on), col(ShiftException.start_minute))
    ).all()
    days: dict[date, list[str]] = defaultdict(list)
    for row in rows:
        works = row.end_minute > 0
        days[row.on].append(f"{wall(row.start_minute)}–{wall(row.end_minute)}" if works else say(locale, N_("Day off")))
    return tuple(
        SpecialDay(on.isoformat(), formats.day(on, today, locale=locale), " · ".join(spans))
        for on, spans in days.items()
    )


def _absences(session: Session, technician: Technician, now: datetime, tz: str, locale: Locale) -> tuple[Absence, ...]:
    rows = session.exec(
        select(TimeOff)
        .where(TimeOff.technician_id == technician.id, col(TimeOff.end_at) > now)
        .order_by(col(TimeOff.start_at))
    ).all()
    return tuple(
        Absence(row.id or 0, formats.span(row.start_at, row.end_at, now, tz, locale=locale), row.reason) for row in rows
    )
