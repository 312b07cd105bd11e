"""When a technician works on one local day, in wall-clock minutes: the plan, its breaks, and what time off takes away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlmodel import Session, col, select

from servicehub.domain.timewindow import Window, subtract, union
from servicehub.models.technician import ShiftException, Technician, TimeOff, WeeklyShift
from servicehub.queries.technician.scope import Day, minute

DAY = Window(0, 1440)


@dataclass(frozen=True, slots=True)
class Hours:
    """`work` is what remains after breaks and time off; all windows lie within the day."""

    shifts: tuple[Window, ...]
    breaks: tuple[Window, ...]
    away: tuple[Window, ...]
    work: tuple[Window, ...]


def hours(session: Session, technician: Technician, day: Day) -> Hours:
    """The day's hours; a shift of the day before that runs past midnight counts here with its rest."""
    weekly = session.exec(select(WeeklyShift).where(WeeklyShift.technician_id == technician.id)).all()
    before = day.on - timedelta(days=1)
    special = session.exec(
        select(ShiftException).where(
            ShiftException.technician_id == technician.id, col(ShiftException.on).in_([day.on, before])
        )
    ).all()
    shifts = [w for on, shift in ((day.on, 0), (before, 1440)) for w in _moved(_planned(weekly, special, on), shift)]
    pauses = (
        []
        if any(row.on == day.on for row in special)
        else [_window(row) for row in weekly if row.weekday == day.on.weekday() and row.is_break]
    )
    off = session.exec(
        select(TimeOff).where(
            TimeOff.technician_id == technician.id, col(TimeOff.end_at) > day.start, col(TimeOff.start_at) < day.end
        )
    ).all()
    away = [_within(Window(minute(row.start_at, day), minute(row.end_at, day))) for row in off]
    planned = union(_within(w) for w in shifts)
    return Hours(tuple(planned), tuple(union(pauses)), tuple(union(away)), tuple(subtract(planned, [*pauses, *away])))


def _planned(weekly: Sequence[WeeklyShift], special: Sequence[ShiftException], on: date) -> list[Window]:
    rows = [row for row in special if row.on == on]
    if rows:
        return [Window(row.start_minute, row.end_minute) for row in rows]
    return [_window(row) for row in weekly if row.weekday == on.weekday() and not row.is_break]


def _window(row: WeeklyShift) -> Window:
    return Window(row.start_minute, row.end_minute)


def _moved(windows: list[Window], by: int) -> list[Window]:
    return [Window(w.start - by, w.end - by) for w in windows]


def _within(window: Window) -> Window:
    return Window(max(0, window.start), min(DAY.end, max(0, window.end)))
