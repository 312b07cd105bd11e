"""What technicians say about themselves: online or not, where they are, when they work and when they do not.

Owns the technician's row as far as it is theirs, weekly plans, exceptions, time off and the position trail. Jobs are never moved
from here: whoever wants to be away has to give accepted jobs back first.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import pairwise

import sqlalchemy as sa
from sqlmodel import Session, col, delete, select

from servicehub import bus
from servicehub.domain.access import Actor, Role
from servicehub.domain.geo import point
from servicehub.domain.order import HOLDING, TRACKED, OrderStatus
from servicehub.domain.technician import TechnicianStatus
from servicehub.domain.timewindow import DAY_MINUTES, Window, local_time, subtract, union
from servicehub.errors import Invalid, JobsInside, NotAllowed, NotFound
from servicehub.models.catalog import City
from servicehub.models.dispatch import TechnicianDay
from servicehub.models.order import Order
from servicehub.models.technician import Position, ShiftException, Technician, TimeOff, WeeklyShift

TRAIL_EVERY = timedelta(seconds=5)
"""Positions that come faster move the pin but leave no trail."""
LONGEST_TIME_OFF = timedelta(days=60)
PLAN_AHEAD = timedelta(days=180)
STEP_MINUTES = 15
LATEST_END = 2160
"""A shift may end at noon of the next day at the latest."""
WINDOWS_PER_DAY = 6
_JOBS = HOLDING - {OrderStatus.PENDING_PAYMENT}

Planned = tuple[int, int, int, bool]
"""(weekday, start minute, end minute, is break)"""


def set_online(session: Session, actor: Actor, on: bool, *, now: datetime) -> None:  # noqa: FBT001
    """Take orders, or stop. Raises: NotAllowed for a suspended technician who wants to go online."""
    technician = own(session, actor)
    if on and technician.status is not TechnicianStatus.ACTIVE:
        raise NotAllowed(f"technician {technician.id} is {technician.status}")
    if technician.is_online != on:
        technician.is_online = on
        technician.online_at = now if on else None
        session.add(technician)
        session.flush()
    _hint(session, technician)


def report_position(session: Session, actor: Actor, lat: float, lng: float, *, now: datetime) -> None:
    """Note where the technician is; on the way to an order it also becomes part of the trail and moves the customer's map.

    Raises: BadPoint.
    """
    technician, place = own(session, actor), point(lat, lng)
    technician.last_lat, technician.last_lng, technician.last_seen_at = place.lat, place.lng, now
    session.add(technician)
    bus.publish(session, bus.positions(str(technician.city_id)))
    order = session.exec(
        select(Order)
        .where(Order.technician_id == technician.id, col(Order.status).in_(TRACKED))
        .order_by(col(Order.start_at))
    ).first()
    if order is not None:
        last = session.exec(select(sa.func.max(col(Position.at))).where(Position.order_id == order.id)).one()
        if last is None or now - last >= TRAIL_EVERY:
            row = Position(order_id=order.id, technician_id=technician.id, at=now, lat=place.lat, lng=place.lng)
            session.add(row)
        bus.publish(session, bus.order(order.no))
    session.flush()


def add_time_off(
    session: Session, actor: Actor, start_at: datetime, end_at: datetime, reason: str = "", *, now: datetime
) -> int:
    """Be away in `[start_at, end_at)`; returns the new row's id.

    Raises: Invalid (over, reversed, too long, too far ahead), JobsInside (`orders`: numbers of accepted jobs in it).
    """
    technician = own(session, actor)
    if not now < end_at or not start_at < end_at or end_at - start_at > LONGEST_TIME_OFF or start_at > now + PLAN_AHEAD:
        raise Invalid("time off", start_at=start_at, end_at=end_at)
    lock_days(session, technician, Window.between(start_at, end_at))
    _refuse_jobs(session, technician, [Window.between(start_at, end_at)], now=now)
    row = TimeOff(technician_id=technician.id, start_at=start_at, end_at=end_at, reason=reason.strip()[:80])
    session.add(row)
    session.flush()
    _hint(session, technician)
    return row.id or 0


def remove_time_off(session: Session, actor: Actor, time_off_id: int, *, now: datetime) -> None:  # noqa: ARG001
    """Take an absence back. Raises: NotFound for one that is not the actor's."""
    technician = own(session, actor)
    row = session.exec(select(TimeOff).where(TimeOff.id == time_off_id, TimeOff.technician_id == technician.id)).first()
    if row is None:
        raise NotFound(f"time off {time_off_id}")
    session.delete(row)
    session.flush()
    _hint(session, technician)


def set_week(session: Session, actor: Actor, windows: Iterable[Planned], *, now: datetime) -> None:  # noqa: ARG001
    """Replace the weekly plan. Accepted jobs stay where they are.

    Minutes count from local midnight in quarters of an hour; an end may pass 1440 (overnight). Breaks lie inside a shift.

    Raises: Invalid (`reason`: window, overlap, break, many).
    """
    technician, planned = own(session, actor), sorted(set(windows))
    _check_week(planned)
    session.execute(delete(WeeklyShift).where(col(WeeklyShift.technician_id) == technician.id))
    session.add_all(
        WeeklyShift(technician_id=technician.id, weekday=day, start_minute=start, end_minute=end, is_break=pause)
        for day, start, end, pause in planned
    )
    session.flush()
    _hint(session, technician)


def set_exception(
    session: Session, actor: Actor, on: date, windows: Iterable[tuple[int, int]] | None, *, now: datetime
) -> None:
    """Work other hours on one local day: `windows` replace the week's, none at all is a day off, None goes back to the week.

    Raises: Invalid (a past day, bad windows), JobsInside when accepted jobs would lie outside the new hours.
    """
    technician = own(session, actor)
    clock = local_time(_zone(session, technician))
    if not clock.day_of(now) <= on <= clock.day_of(now + PLAN_AHEAD):
        raise Invalid(f"exception on {on}", reason="day")
    kept = None if windows is None else sorted(set(windows))
    if kept is not None:
        _check_day([(start, end) for start, end in kept])
        hours = [clock.wall_window(on, start, end) for start, end in kept]
        lock_days(session, technician, clock.day_window(on))
        _refuse_jobs(session, technician, subtract([clock.day_window(on)], hours), now=now)
    session.execute(
        delete(ShiftException).where(col(ShiftException.technician_id) == technician.id, col(ShiftException.on) == on)
    )
    for start, end in kept or ([] if kept is None else [(0, 0)]):
        session.add(ShiftException(technician_id=technician.id, on=on, start_minute=start, end_minute=end))
    session.flush()
    _hint(session, technician)


def own(session: Session, actor: Actor) -> Technician:
    """The acting technician's own row. Raises: NotAllowed for others."""
    actor.require_role(Role.TECHNICIAN)
    technician = session.get(Technician, actor.technician_id)
    if technician is None or technician.user_id != actor.user_id:
        raise NotAllowed(f"user {actor.user_id} is no technician")
    return technician


def _zone(session: Session, technician: Technician) -> str:
    return session.get_one(City, technician.city_id).timezone


def _check_week(planned: list[Planned]) -> None:
    for weekday in range(7):
        shifts = [(start, end) for day, start, end, pause in planned if day == weekday and not pause]
        pauses = [(start, end) for day, start, end, pause in planned if day == weekday and pause]
        _check_day(shifts)
        _check_day(pauses)
        if any(not any(a <= start and end <= b for a, b in shifts) for start, end in pauses):
            raise Invalid("a break outside the shift", reason="break", weekday=weekday)
    if any(day not in range(7) for day, *_ in planned):
        raise Invalid("no such weekday", reason="window")
    spread = [
        Window(day * DAY_MINUTES + start, day * DAY_MINUTES + end) for day, start, end, pause in planned if not pause
    ]
    spread += [Window(w.start + 7 * DAY_MINUTES, w.end + 7 * DAY_MINUTES) for w in spread if w.start < DAY_MINUTES]
    if sum(w.minutes for w in union(spread)) != sum(w.minutes for w in spread):
        raise Invalid("shifts overlap", reason="overlap")


def _check_day(windows: list[tuple[int, int]]) -> None:
    if len(windows) > WINDOWS_PER_DAY:
        raise Invalid("too many windows", reason="many")
    for start, end in windows:
        if not 0 <= start < DAY_MINUTES or not start < end <= LATEST_END or start % STEP_MINUTES or end % STEP_MINUTES:
            raise Invalid(f"window {start}-{end}", reason="window")
    for (_, end), (start, _) in pairwise(windows):
        if start < end:
            raise Invalid("windows overlap", reason="overlap")


def _refuse_jobs(session: Session, technician: Technician, away: list[Window], *, now: datetime) -> None:
    if not away:
        return
    first, last = away[0].start_at, away[-1].end_at
    jobs = session.exec(
        select(Order)
        .where(
            Order.technician_id == technician.id,
            col(Order.status).in_(_JOBS),
            col(Order.end_at) > max(first, now),
            col(Order.start_at) < last,
        )
        .order_by(col(Order.start_at))
    ).all()
    inside = [job.no for job in jobs if any(Window.between(job.start_at, job.end_at).overlaps(w) for w in away)]
    if inside:
        raise JobsInside(f"{len(inside)} jobs", orders=tuple(inside))


def lock_days(session: Session, technician: Technician, window: Window) -> None:
    """Raise the version of the days whose travel a concurrent booking may be checking, so that one of the two waits."""
    days = {
        window.start_at.date() + timedelta(days=n)
        for n in range((window.end_at.date() - window.start_at.date()).days + 1)
    }
    session.execute(
        sa.update(TechnicianDay)
        .where(col(TechnicianDay.technician_id) == technician.id, col(TechnicianDay.day).in_(sorted(days)))
        .values(version=TechnicianDay.version + 1)
        .execution_options(synchronize_session=False)
    )


def _hint(session: Session, technician: Technician) -> None:
    city = str(technician.city_id)
    bus.publish(
        session, bus.technician(technician.id or 0), bus.dispatch(city), bus.overview(city), bus.positions(city)
    )
