"""How rows become the calendars that `domain.availability` decides over, in three set statements for any number of technicians.

Owns the reading only: no rule and no write. It lies below services and queries because the list and the commit must see the
same calendar. What is occupied is read from the occupancy cells, never guessed from an order's status.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.domain.calendar import Calendar, Job, Seen, WhyNot
from servicehub.domain.geo import Point
from servicehub.domain.technician import CELL_MINUTES, CellKind, Gender, Level, Transport
from servicehub.domain.timewindow import LocalTime, Window, instant_of, minute_of, subtract, union
from servicehub.domain.travel import TravelTimes
from servicehub.models.base import IdList, UtcDateTime, among
from servicehub.models.catalog import Blackout
from servicehub.models.dispatch import Occupancy
from servicehub.models.order import Order
from servicehub.models.technician import ShiftException, Technician, TimeOff, WeeklyShift
from servicehub.models.traffic import load_travel

FRESH_MINUTES = 20
"""A live position older than this is no longer where the technician is."""
MARGIN_MINUTES = 1440
"""Neighbouring time that is read on both sides: travel and the daily cap look beyond the asked window."""


@dataclass(frozen=True, slots=True)
class Person:
    """What a calendar needs of a technician besides time, and what every list shows."""

    id: int
    home: Point
    transport: Transport
    radius_m: int
    daily_cap: int
    takes_night_jobs: bool
    gender: Gender
    level: Level
    rating_sum: int
    rating_count: int
    seen: tuple[Point, datetime] | None = None
    certified_until: date | None = None
    barred: WhyNot | None = None


PERSON_COLUMNS = (
    col(Technician.id),
    col(Technician.home_lat),
    col(Technician.home_lng),
    col(Technician.transport),
    col(Technician.radius_m),
    col(Technician.daily_cap),
    col(Technician.takes_night_jobs),
    col(Technician.gender),
    col(Technician.level),
    col(Technician.rating_sum),
    col(Technician.rating_count),
    col(Technician.last_lat),
    col(Technician.last_lng),
    col(Technician.last_seen_at),
)
"""Select these first to call `person_of`."""


def person_of(row: Sequence[Any], *, certified_until: date | None = None, barred: WhyNot | None = None) -> Person:
    """A person from a row that begins with `PERSON_COLUMNS`."""
    return Person(
        id=row[0],
        home=Point(row[1], row[2]),
        transport=row[3],
        radius_m=row[4],
        daily_cap=row[5],
        takes_night_jobs=row[6],
        gender=row[7],
        level=row[8],
        rating_sum=row[9],
        rating_count=row[10],
        seen=(Point(row[11], row[12]), row[13]) if None not in row[11:14] else None,
        certified_until=certified_until,
        barred=barred,
    )


_Hours = tuple[str, int | date, int, int]
"""Kind (shift, break or day), weekday or date, from and to in minutes of the day."""


@dataclass(slots=True)
class _Plan:
    hours: list[_Hours] = field(default_factory=list)
    off: list[Window] = field(default_factory=list)


class _Expanded(dict[tuple[_Hours, ...], tuple[tuple[Window, ...], tuple[Window, ...]]]):
    """A weekly plan and its exceptions -> shifts and breaks as windows; what many people share is worked out once.

    A day with an exception has nothing of the weekly plan.
    """

    def __init__(self, clock: LocalTime, days: Sequence[date]) -> None:
        super().__init__()
        self._clock, self._days = clock, days

    def __missing__(self, hours: tuple[_Hours, ...]) -> tuple[tuple[Window, ...], tuple[Window, ...]]:
        found: dict[str, list[Window]] = {"shift": [], "break": []}
        special = {on for kind, on, _from, _to in hours if kind == "day"}
        for day in self._days:
            for kind, on, begin, end in hours:
                if on == (day if day in special else day.weekday()) and end > begin:
                    found["break" if kind == "break" else "shift"].append(self._clock.wall_window(day, begin, end))
        windows = self[hours] = tuple(union(found["shift"])), tuple(union(found["break"]))
        return windows


def load_calendars(
    session: Session,
    people: Iterable[Person],
    within: Window,
    clock: LocalTime,
    *,
    city_id: int,
    category_ids: Collection[int] = (),
    now: datetime | None = None,
) -> dict[int, Calendar]:
    """Each person's calendar for visits that start in `within`; three statements.

    `category_ids` add those categories' blackouts to the city's. A live position counts while it is fresh at `now`.
    """
    people = list(people)
    ids = [p.id for p in people]
    wide = within.grown(MARGIN_MINUTES, MARGIN_MINUTES)
    days = clock.days(wide)
    plans, closed = _load_plans(session, ids, wide, days, city_id, category_ids)
    jobs = load_jobs(session, ids, wide)
    blackouts = tuple(union(clock.day_window(day) for day in closed))
    travel = load_travel(session, city_id)
    shifts_of = _Expanded(clock, days)
    return {
        p.id: _calendar(p, plans[p.id], jobs.get(p.id, ()), blackouts, clock, shifts_of, now, travel) for p in people
    }


def load_rests(
    session: Session, category_ids: Collection[int], within: Window, clock: LocalTime
) -> dict[int, list[Window]]:
    """Category -> the days around `within` on which it rests, as windows; one statement. The city's own days are not among them."""
    days = clock.days(within.grown(MARGIN_MINUTES, MARGIN_MINUTES))
    query = sa.select(col(Blackout.category_id), col(Blackout.on)).where(
        col(Blackout.category_id).in_(category_ids), col(Blackout.on).between(days[0], days[-1])
    )
    rests: dict[int, list[Window]] = {}
    for category_id, day in session.connection().execute(query).all():
        rests.setdefault(category_id or 0, []).append(clock.day_window(day))
    return rests


def _calendar(
    person: Person,
    plan: _Plan,
    jobs: Sequence[Job],
    blackouts: tuple[Window, ...],
    clock: LocalTime,
    shifts_of: _Expanded,
    now: datetime | None,
    travel: TravelTimes,
) -> Calendar:
    shifts, breaks = shifts_of[tuple(plan.hours)]
    seen = None
    if person.seen and now is not None and timedelta(0) <= now - person.seen[1] <= timedelta(minutes=FRESH_MINUTES):
        seen = Seen(person.seen[0], minute_of(person.seen[1]))
    return Calendar(
        technician_id=person.id,
        clock=clock,
        home=person.home,
        transport=person.transport,
        shifts=shifts,
        breaks=breaks,
        time_off=tuple(union(plan.off)),
        blackouts=blackouts,
        jobs=tuple(jobs),
        radius_m=person.radius_m,
        daily_cap=person.daily_cap,
        takes_night_jobs=person.takes_night_jobs,
        certified_until=person.certified_until,
        barred=person.barred,
        seen=seen,
        travel=travel,
    )


_NO_NUMBER = sa.cast(sa.null(), sa.Integer)
_NO_DATE = sa.cast(sa.null(), sa.Date)


def _no_instant() -> Any:
    return sa.type_coerce(sa.cast(sa.null(), sa.DateTime(timezone=True)), UtcDateTime())


def _plan_query() -> Any:
    """Weekly hours, exceptions, time off and blackouts in one statement: kind, technician, weekday, from, to, date, from, to."""
    ids: sa.BindParameter[Any] = sa.bindparam("ids", type_=IdList())
    weekly = sa.select(
        sa.case((col(WeeklyShift.is_break), "break"), else_="shift").label("kind"),
        col(WeeklyShift.technician_id).label("technician_id"),
        col(WeeklyShift.weekday).label("weekday"),
        col(WeeklyShift.start_minute).label("start_minute"),
        col(WeeklyShift.end_minute).label("end_minute"),
        _NO_DATE.label("on_date"),
        _no_instant().label("start_at"),
        _no_instant().label("end_at"),
    ).where(
        among(col(WeeklyShift.technician_id), ids),
        col(WeeklyShift.weekday).in_(sa.bindparam("weekdays", expanding=True)),
    )
    exceptions = sa.select(
        sa.literal("day"),
        col(ShiftException.technician_id),
        _NO_NUMBER,
        col(ShiftException.start_minute),
        col(ShiftException.end_minute),
        col(ShiftException.on),
        _no_instant(),
        _no_instant(),
    ).where(
        among(col(ShiftException.technician_id), ids),
        col(ShiftException.on).between(sa.bindparam("first"), sa.bindparam("last")),
    )
    off = sa.select(
        sa.literal("off"), col(TimeOff.technician_id), _NO_NUMBER, _NO_NUMBER, _NO_NUMBER, _NO_DATE,
        col(TimeOff.start_at), col(TimeOff.end_at),
    ).where(
        among(col(TimeOff.technician_id), ids),
        col(TimeOff.end_at) > sa.bindparam("begin", type_=UtcDateTime()),
        col(TimeOff.start_at) < sa.bindparam("finish", type_=UtcDateTime()),
    )  # fmt: skip
    blackout = sa.select(
        sa.literal("blackout"),
        _NO_NUMBER,
        _NO_NUMBER,
        _NO_NUMBER,
        _NO_NUMBER,
        col(Blackout.on),
        _no_instant(),
        _no_instant(),
    ).where(
        col(Blackout.city_id) == sa.bindparam("city_id"),
        sa.or_(
            col(Blackout.category_id).is_(None),
            col(Blackout.category_id).in_(sa.bindparam("category_ids", expanding=True)),
        ),
        col(Blackout.on).between(sa.bindparam("first"), sa.bindparam("last")),
    )
    return sa.union_all(weekly, exceptions, off, blackout)


_PLANS = _plan_query()


def _load_plans(
    session: Session,
    ids: Collection[int],
    wide: Window,
    days: Sequence[date],
    city_id: int,
    category_ids: Collection[int],
) -> tuple[dict[int, _Plan], list[date]]:
    plans: dict[int, _Plan] = {i: _Plan() for i in ids}
    closed: list[date] = []
    rows = (
        session.connection()
        .execute(
            _PLANS,
            {
                "ids": list(ids),
                "weekdays": sorted({day.weekday() for day in days}),
                "first": days[0],
                "last": days[-1],
                "begin": instant_of(wide.start),
                "finish": instant_of(wide.end),
                "city_id": city_id,
                "category_ids": list(category_ids),
            },
        )
        .all()
    )
    for kind, technician_id, weekday, start, end, on, start_at, end_at in rows:
        if kind == "blackout":
            closed.append(on)
            continue
        plan = plans[technician_id]
        if kind == "off":
            plan.off.append(Window.between(start_at, end_at))
        else:
            plan.hours.append((kind, on if kind == "day" else weekday, start, end))
    return plans, closed


def _jobs_query() -> Any:
    cells = (
        sa.select(
            col(Occupancy.technician_id).label("technician_id"),
            col(Occupancy.order_id).label("order_id"),
            sa.func.min(Occupancy.cell).label("first"),
            sa.func.max(Occupancy.cell).label("last"),
            sa.func.min(sa.case((col(Occupancy.kind) != CellKind.BUFFER, col(Occupancy.cell)))).label("visit"),
        )
        .where(
            among(col(Occupancy.technician_id), sa.bindparam("ids", type_=IdList())),
            col(Occupancy.cell).between(sa.bindparam("first_cell"), sa.bindparam("last_cell")),
        )
        .group_by(col(Occupancy.technician_id), col(Occupancy.order_id))
        .subquery()
    )
    return sa.select(cells, col(Order.lat), col(Order.lng)).join(Order, col(Order.id) == cells.c.order_id)


_JOBS = _jobs_query()


def load_jobs(session: Session, ids: Collection[int], within: Window) -> dict[int, tuple[Job, ...]]:
    """Occupied time of the technicians by order, ascending; one statement."""
    found: dict[int, list[Job]] = defaultdict(list)
    bounds = {"first_cell": within.start // CELL_MINUTES, "last_cell": -(-within.end // CELL_MINUTES)}
    rows = session.connection().execute(_JOBS, {"ids": list(ids), **bounds}).all()
    for technician_id, order_id, first, last, visit, lat, lng in rows:
        start = (first if visit is None else visit) * CELL_MINUTES
        found[technician_id].append(
            Job(first * CELL_MINUTES, (last + 1) * CELL_MINUTES, Point(lat, lng), order_id, start)
        )
    return {technician_id: tuple(sorted(jobs)) for technician_id, jobs in found.items()}


def working_minutes(calendar: Calendar, within: Window) -> int:
    """Minutes of the plan inside `within`, without breaks and time off."""
    kept = subtract(calendar.shifts, [*calendar.breaks, *calendar.time_off, *calendar.blackouts])
    return sum(max(0, min(w.end, within.end) - max(w.start, within.start)) for w in kept)
