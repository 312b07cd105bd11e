"""What is free: whether a visit is possible, for whom, and when else. Takes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest

from sqlmodel import Session

from servicehub.domain.availability import Decider, Verdict
from servicehub.domain.geo import distance_m
from servicehub.domain.timewindow import Window, instant_of
from servicehub.errors import NobodyAvailable
from servicehub.models.calendars import Person
from servicehub.models.order import Order
from servicehub.models.supply import Service, load_service
from servicehub.services.scheduling.visits import Visit, calendars_of, everybody, person_for

SEARCHES = ((timedelta(hours=3), timedelta(hours=3)), (timedelta(hours=12), timedelta(hours=72)))
"""Spans before and after the wanted start in which alternatives are looked for; the wider one only when the first gave too few."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another feasible start and who could do it."""

    start_at: datetime
    technician_id: int


def check(session: Session, visit: Visit, technician_id: int, *, now: datetime, limited: bool = True) -> Verdict:
    """What a claim would decide now, without taking anything. Raises: NotFound."""
    service = load_service(session, visit.service_item_id)
    person = person_for(session, visit, service, technician_id)
    (calendar,) = calendars_of(session, [person], visit.window, service, now=now)
    terms = visit.terms(service, now=now, limited=limited)
    return Decider(calendar.without(visit.order_id), terms).verdict(visit.window.start)


def free_technicians(session: Session, visit: Visit, *, now: datetime, limited: bool = True) -> list[int]:
    """Everybody who could make this visit, by id."""
    service = load_service(session, visit.service_item_id)
    terms = visit.terms(service, now=now, limited=limited)
    start = visit.window.start
    people = [p for p in everybody(session, visit, service) if distance_m(p.home, visit.place) <= p.radius_m]
    calendars = calendars_of(session, people, visit.window, service, now=now)
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
        people = [] if technician_id is None else [person_for(session, visit, service, technician_id)]
        found = _nearest(session, visit, service, people, around, now=now, n=n) if people else []
        if len(found) < n:
            others = [p for p in everybody(session, visit, service) if p.id != technician_id]
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
    for calendar in calendars_of(session, people, around, service, now=now):
        for start in Decider(calendar.without(visit.order_id), terms).feasible_starts(around):
            if start != wanted or also:
                starts.setdefault(start, calendar.technician_id)
    ranked = nsmallest(n, starts, key=lambda start: (abs(start - wanted), -start))
    return [Alternative(instant_of(start), starts[start]) for start in ranked]
