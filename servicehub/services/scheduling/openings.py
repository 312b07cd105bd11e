"""What is free: whether a visit is possible, for whom, and when else. Takes nothing."""

from __future__ import annotations

from collections import defaultdict
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
from servicehub.services.scheduling.claims import lock_days
from servicehub.services.scheduling.visits import Visit, block_of, calendars_of, everybody, person_for

SEARCHES = ((timedelta(hours=3), timedelta(hours=3)), (timedelta(hours=12), timedelta(hours=72)))
"""Spans before and after the wanted start in which alternatives are looked for; the wider one only when the first gave too few."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another feasible start and who could do it."""

    start_at: datetime
    technician_id: int


def check(session: Session, visit: Visit, technician_id: int, *, now: datetime, limited: bool = True) -> Verdict:
    """What a claim would decide now, without taking anything. Raises: NotFound."""
    service = load_service(session, *visit.sold)
    person = person_for(session, visit, service, technician_id)
    (calendar,) = calendars_of(session, [person], visit.window, service, now=now)
    terms = visit.terms(service, now=now, limited=limited)
    return Decider(calendar.without(visit.order_id), terms).verdict(visit.window.start)


def free_technicians(session: Session, visit: Visit, *, now: datetime, limited: bool = True) -> list[int]:
    """Everybody who could make this visit, by id."""
    service = load_service(session, *visit.sold)
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
    """How many technicians could make the order's visit (the order need not be stored yet).

    Raises: NobodyAvailable when they are fewer than it needs.
    """
    visit = Visit.of(order, start_at=start_at, end_at=end_at)
    found = free_technicians(session, visit, now=now, limited=limited)
    if len(found) < visit.people:
        raise NobodyAvailable(f"at {visit.start_at.isoformat()}")
    return len(found)


def lock_everybody(session: Session, order: Order, *, now: datetime) -> None:
    """Serialise with everybody who takes the time of one who could make the visit; who needs several then takes them in peace."""
    visit = Visit.of(order)
    service = load_service(session, *visit.sold)
    ids = {*free_technicians(session, visit, now=now), order.requested_technician_id} - {None}
    if ids:
        lock_days(session, [i for i in ids if i is not None], block_of(visit, service), service.clock)


def alternatives(
    session: Session, visit: Visit, *, now: datetime, technician_id: int | None = None, n: int = 3
) -> list[Alternative]:
    """The `n` nearest other feasible starts, nearest first, the later one on a tie.

    With a technician, his own times come first and others only fill up.
    """
    service = load_service(session, *visit.sold)
    found: list[Alternative] = []
    for before, after in SEARCHES:
        around = Window.between(max(now, visit.start_at - before), max(now, visit.start_at) + after)
        people = [] if technician_id is None else [person_for(session, visit, service, technician_id)]
        found = _nearest(session, visit, service, people, around, now=now, n=n) if people else []
        if len(found) < n:
            others = [p for p in everybody(session, visit, service) if p.id != technician_id]
            found += _nearest(
                session,
                visit,
                service,
                others,
                around,
                now=now,
                n=n - len(found),
                also=bool(people),
                least=visit.people,
            )
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
    least: int = 1,
) -> list[Alternative]:
    """The `n` nearest starts that at least `least` of these people can make; the wanted start itself counts only with `also`."""
    terms, wanted = visit.terms(service, now=now, limited=True), visit.window.start
    free: dict[int, list[int]] = defaultdict(list)
    for calendar in calendars_of(session, people, around, service, now=now):
        for start in Decider(calendar.without(visit.order_id), terms).feasible_starts(around):
            if start != wanted or also:
                free[start].append(calendar.technician_id)
    starts = {start: ids[0] for start, ids in free.items() if len(ids) >= least}
    ranked = nsmallest(n, starts, key=lambda start: (abs(start - wanted), -start))
    return [Alternative(instant_of(start), starts[start]) for start in ranked]
