"""Technicians' time: taken, kept, moved and given back. The only writer of occupancy cells and of the technician-day lock.

A claim locks the days it could disturb, decides again with `domain.availability` over what is committed, and inserts its cells in
one statement; the cells' primary key is the last word. Knows no status and no money: callers say when.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from servicehub.domain.availability import LONGEST_WAY, Decider, Terms, Verdict, WhyNot
from servicehub.domain.calendar import Calendar
from servicehub.domain.geo import Point, distance_m
from servicehub.domain.technician import CELL_MINUTES, CellKind, Gender
from servicehub.domain.timewindow import LocalTime, Window, aligned, cells_of, instant_of, minute_of
from servicehub.errors import NobodyAvailable, NotFound, SlotTaken, SlotUnavailable
from servicehub.models.calendars import Person, load_calendars
from servicehub.models.dispatch import Occupancy, TechnicianDay
from servicehub.models.order import Order
from servicehub.models.supply import Service, load_named_people, load_people, load_service

SEARCHES = ((timedelta(hours=3), timedelta(hours=3)), (timedelta(hours=12), timedelta(hours=72)))
"""Spans before and after the wanted start in which alternatives are looked for; the wider one only when the first gave too few."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit that wants a time: what, where, when, for whom."""

    service_item_id: int
    place: Point
    start_at: datetime
    end_at: datetime
    customer_id: int = 0
    gender: Gender | None = None
    order_id: int = 0
    is_immediate: bool = False

    @classmethod
    def of(cls, order: Order, *, start_at: datetime | None = None, end_at: datetime | None = None) -> Visit:
        """The order's visit, at another time if one is given."""
        return cls(
            service_item_id=order.service_item_id,
            place=Point(order.lat, order.lng),
            start_at=start_at or order.start_at,
            end_at=end_at or order.end_at,
            customer_id=order.customer_id,
            gender=order.gender,
            order_id=order.id or 0,
            is_immediate=order.is_immediate,
        )

    @property
    def window(self) -> Window:
        return Window.between(self.start_at, self.end_at)

    def terms(
        self, service: Service, *, now: datetime, limited: bool, waived: frozenset[WhyNot] = frozenset()
    ) -> Terms:
        """The question to ask of a calendar. Notice never binds an immediate order."""
        return Terms(
            place=self.place,
            minutes=self.window.minutes,
            buffer_minutes=service.buffer_minutes,
            now=now,
            min_notice_minutes=0 if self.is_immediate else service.min_notice_minutes,
            horizon_days=service.horizon_days,
            limited=limited,
            waived=waived,
        )


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another feasible start and who could do it."""

    start_at: datetime
    technician_id: int


def claim(
    session: Session,
    *,
    technician_id: int,
    order: Order,
    kind: CellKind,
    now: datetime,
    start_at: datetime | None = None,
    end_at: datetime | None = None,
    limited: bool | None = None,
    waived: frozenset[WhyNot] = frozenset(),
) -> Verdict:
    """Take the technician's time for the stored `order`: its own window, or the given one.

    `limited`: whether the service's notice and horizon bind; by default they do for a HOLD (a customer is booking). `waived` are
    rules that an operator overrules. When refused, this transaction is as before and stays usable.

    Raises: SlotTaken (somebody has the time), SlotUnavailable(reason, earliest_at), NotFound.
    """
    session.flush()
    visit = Visit.of(order, start_at=start_at, end_at=end_at)
    service = load_service(session, visit.service_item_id)
    bound = kind is CellKind.HOLD if limited is None else limited
    terms = visit.terms(service, now=now, limited=bound, waived=waived)
    block = _block(visit, service)
    person = _person(session, visit, service, technician_id)
    lock_days(session, [technician_id], block, service.clock)
    (calendar,) = _calendars(session, [person], visit.window, service, now=now)
    verdict = Decider(calendar, terms).verdict(visit.window.start)
    if verdict.why is WhyNot.BUSY:
        raise SlotTaken(f"technician {technician_id}", technician_id=technician_id)
    if verdict.why is not None:
        raise SlotUnavailable(
            f"technician {technician_id}: {verdict.why}", reason=verdict.why.value, earliest_at=verdict.earliest_at
        )
    _insert_cells(session, technician_id, visit, block, kind)
    return verdict


def release(session: Session, order_id: int, *, from_at: datetime | None = None, from_cell: int | None = None) -> int:
    """Give the order's time back: all of it, or what is not begun at `from_at` (or from cell `from_cell` on).

    Returns the number of freed cells.
    """
    query = sa.delete(Occupancy).where(col(Occupancy.order_id) == order_id)
    if from_at is not None:
        from_cell = -(-minute_of(from_at) // CELL_MINUTES)
    if from_cell is not None:
        query = query.where(col(Occupancy.cell) >= from_cell)
    return _rowcount(session, query)


def promote(session: Session, order_id: int, kind: CellKind = CellKind.JOB) -> int:
    """Turn the order's held cells into `kind`. Returns how many were held: 0 says that the hold is lost."""
    return _rowcount(
        session,
        sa.update(Occupancy)
        .where(col(Occupancy.order_id) == order_id, col(Occupancy.kind) == CellKind.HOLD)
        .values(kind=kind),
    )


def holder(session: Session, order_id: int) -> int | None:
    """Whose time the order has, if it has any."""
    query = sa.select(col(Occupancy.technician_id)).where(col(Occupancy.order_id) == order_id).limit(1)
    return session.connection().execute(query).scalar()


def swap(
    session: Session,
    order: Order,
    *,
    technician_id: int,
    now: datetime,
    start_at: datetime | None = None,
    end_at: datetime | None = None,
    kind: CellKind = CellKind.JOB,
    limited: bool = True,
    waived: frozenset[WhyNot] = frozenset(),
) -> Verdict:
    """Exchange the order's cells for another technician or window in one step; its own booking is no obstacle.

    When refused, the former cells are still there. The order's columns are the caller's to write.

    Raises: SlotTaken, SlotUnavailable, NotFound.
    """
    with session.begin_nested():
        release(session, order.id or 0)
        return claim(
            session,
            technician_id=technician_id,
            order=order,
            kind=kind,
            now=now,
            start_at=start_at,
            end_at=end_at,
            limited=limited,
            waived=waived,
        )


def check(session: Session, visit: Visit, technician_id: int, *, now: datetime, limited: bool = True) -> Verdict:
    """What a claim would decide now, without taking anything. Raises: NotFound."""
    service = load_service(session, visit.service_item_id)
    person = _person(session, visit, service, technician_id)
    (calendar,) = _calendars(session, [person], visit.window, service, now=now)
    terms = visit.terms(service, now=now, limited=limited)
    return Decider(calendar.without(visit.order_id), terms).verdict(visit.window.start)


def free_technicians(session: Session, visit: Visit, *, now: datetime, limited: bool = True) -> list[int]:
    """Everybody who could make this visit, by id."""
    service = load_service(session, visit.service_item_id)
    terms = visit.terms(service, now=now, limited=limited)
    start = visit.window.start
    people = [p for p in _everybody(session, visit, service) if distance_m(p.home, visit.place) <= p.radius_m]
    calendars = _calendars(session, people, visit.window, service, now=now)
    deciders = (Decider(c.without(visit.order_id), terms) for c in calendars)
    return [d.calendar.technician_id for d in deciders if d.refusal(start) is None]


def require_somebody(
    session: Session,
    order: Order,
    *,
    now: datetime,
    start_at: datetime | None = None,
    end_at: datetime | None = None,
    limited: bool = True,
) -> int:
    """How many technicians could make the order's visit (the order need not be stored yet). Raises: NobodyAvailable when none."""
    visit = Visit.of(order, start_at=start_at, end_at=end_at)
    found = free_technicians(session, visit, now=now, limited=limited)
    if not found:
        raise NobodyAvailable(f"at {visit.start_at.isoformat()}")
    return len(found)


def alternatives(
    session: Session, visit: Visit, *, now: datetime, technician_id: int | None = None, n: int = 3
) -> list[Alternative]:
    """The `n` nearest other feasible starts, nearest first, the later one on a tie.

    With a technician, his own times come first and others only fill up.
    """
    service = load_service(session, visit.service_item_id)
    found: list[Alternative] = []
    for before, after in SEARCHES:
        around = Window.between(max(now, visit.start_at - before), max(now, visit.start_at) + after)
        people = [] if technician_id is None else [_person(session, visit, service, technician_id)]
        found = _nearest(session, visit, service, people, around, now=now, n=n) if people else []
        if len(found) < n:
            others = [p for p in _everybody(session, visit, service) if p.id != technician_id]
            found += _nearest(session, visit, service, others, around, now=now, n=n - len(found), also=bool(people))
        if len(found) == n:
            break
    return found


def _nearest(
    session: Session,
    visit: Visit,
    service: Service,
    people: Sequence[Person],
    around: Window,
    *,
    now: datetime,
    n: int,
    also: bool = False,
) -> list[Alternative]:
    """The `n` nearest feasible starts of these people; the wanted start itself counts only with `also`."""
    terms, wanted = visit.terms(service, now=now, limited=True), visit.window.start
    starts: dict[int, int] = {}
    for calendar in _calendars(session, people, around, service, now=now):
        for start in Decider(calendar.without(visit.order_id), terms).feasible_starts(around):
            if start != wanted or also:
                starts.setdefault(start, calendar.technician_id)
    ranked = nsmallest(n, starts, key=lambda start: (abs(start - wanted), -start))
    return [Alternative(instant_of(start), starts[start]) for start in ranked]


def lock_days(session: Session, technician_ids: Iterable[int], block: Window, clock: LocalTime) -> None:
    """Serialise with everybody who commits time that could disturb `block`: bump the versions of its local days.

    One statement in ascending order, so two bookings never wait for each other. Rows appear when missing.
    """
    wide = block.grown(LONGEST_WAY // 2, LONGEST_WAY // 2)
    rows = [
        {"technician_id": technician_id, "day": day, "version": 1}
        for technician_id in sorted(set(technician_ids))
        for day in clock.days(wide)
    ]
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    query = insert(TechnicianDay).values(rows)
    query = query.on_conflict_do_update(
        index_elements=["technician_id", "day"], set_={"version": col(TechnicianDay.version) + 1}
    )
    session.connection().execute(query)


def _block(visit: Visit, service: Service) -> Window:
    return aligned(visit.window.grown(service.buffer_minutes, service.buffer_minutes))


def _person(session: Session, visit: Visit, service: Service, technician_id: int) -> Person:
    people = load_named_people(session, service, [technician_id], customer_id=visit.customer_id, gender=visit.gender)
    if not people:
        raise NotFound(f"technician {technician_id}")
    return people[0]


def _everybody(session: Session, visit: Visit, service: Service) -> list[Person]:
    return load_people(
        session,
        service,
        visit.place,
        customer_id=visit.customer_id,
        gender=visit.gender,
        at_once=visit.is_immediate,
    )


def _calendars(
    session: Session, people: Iterable[Person], within: Window, service: Service, *, now: datetime
) -> list[Calendar]:
    city_id, category_id = service.city_id, service.category_id
    found = load_calendars(session, people, within, service.clock, city_id=city_id, category_id=category_id, now=now)
    return list(found.values())


def _insert_cells(session: Session, technician_id: int, visit: Visit, block: Window, kind: CellKind) -> None:
    served = cells_of(visit.window)
    rows = [
        {
            "technician_id": technician_id,
            "cell": cell,
            "order_id": visit.order_id,
            "kind": kind if cell in served else CellKind.BUFFER,
        }
        for cell in cells_of(block)
    ]
    try:
        with session.begin_nested():
            session.connection().execute(sa.insert(Occupancy).values(rows))
    except IntegrityError as error:
        raise SlotTaken(f"technician {technician_id}", technician_id=technician_id) from error


def _rowcount(session: Session, query: Any) -> int:
    session.flush()
    return int(session.connection().execute(query).rowcount)
