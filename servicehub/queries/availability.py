"""Free times: the grid of one service at one address, the soonest start of many services, the next times of many technicians.

All of it asks `domain.availability`, the same decision that a booking meets at its commit. People, plans and occupied time are
read in set statements, never per technician or per day. Prices are not known here; a caller may pass a hook for surcharges.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from heapq import nsmallest
from itertools import islice

from sqlmodel import Session

from servicehub.domain.access import Actor, Role
from servicehub.domain.availability import Decider, Terms
from servicehub.domain.calendar import Calendar, WhyNot
from servicehub.domain.geo import Point
from servicehub.domain.technician import Gender
from servicehub.domain.timewindow import LocalTime, Window, instant_of, minute_of, union
from servicehub.errors import Invalid
from servicehub.models.calendars import Person, load_calendars, load_rests
from servicehub.models.supply import (
    NEVER_CERTIFIED,
    Service,
    Sold,
    load_named_people,
    load_people,
    load_people_by_skill,
    load_service,
    load_services,
)
from servicehub.viewmodels.availability import Slot, SlotDay, SlotGrid, SlotState

MOST_DAYS = 15
FEW = 2
RECOMMENDED = 3
SOON_DAYS = 3
Surcharge = Callable[[datetime], int]
"""Fen that a start costs more than the plain price."""


@dataclass(frozen=True, slots=True)
class SlotRequest:
    """What the grid is asked for. `technician_id` 0: anybody; `first_on` None: today."""

    sold: Sold
    place: Point
    quantity: int = 1
    technician_id: int = 0
    gender: Gender | None = None
    first_on: date | None = None
    days: int = 14
    order_id: int = 0
    """An order that is to be moved: its own booking is no obstacle."""
    minutes: int = 0
    """Duration of the visit when it is already known; 0: that of the named service alone, without add-ons."""


def slots(
    session: Session, actor: Actor, request: SlotRequest, *, now: datetime, surcharge: Surcharge | None = None
) -> SlotGrid:
    """The grid of starts; five statements whatever the number of technicians and days.

    Raises: NotFound for an unknown service, Invalid for a span of days that is no span.
    """
    if not 1 <= request.days <= MOST_DAYS:
        raise Invalid("days", days=request.days)
    service = load_service(session, *request.sold)
    clock = service.clock
    people = _people(session, actor, service, request)
    within = _span(clock, request.first_on, request.days, now)
    calendars = _calendars(session, people, within, service, now)
    terms = _terms(service, request, now)
    deciders = [Decider(c.without(request.order_id) if request.order_id else c, terms) for c in calendars]
    in_reach = [d for d in deciders if not d.out_of_reach()]
    counted = _count(deciders if request.technician_id else in_reach, within)
    if service.people > 1:
        everybody = (
            counted if not request.technician_id else _with_anybody(session, actor, service, request, within, now)
        )
        counted = {start: _together(tally, everybody.get(start), service.people) for start, tally in counted.items()}
    one = deciders[0] if request.technician_id and deciders else None
    best = _recommend(counted)
    return SlotGrid(
        days=tuple(_days(clock, within, counted, best, one, surcharge)),
        minutes=terms.minutes,
        technicians=len(in_reach),
        best=tuple(instant_of(start) for start in best),
    )


def earliest(
    session: Session,
    actor: Actor,
    item_ids: Collection[int],
    place: Point,
    *,
    now: datetime,
    days: int = SOON_DAYS,
) -> dict[int, datetime | None]:
    """Service item -> the soonest start at `place` within `days`, None when there is none; seven statements for many items.

    For the least quantity. The items are of one city; unknown ones are left out.
    """
    services = {one[0]: service for one, service in load_services(session, [(i,) for i in item_ids]).items()}
    if not services:
        return {}
    people, certificates = load_people_by_skill(session, services.values(), place, customer_id=_customer(actor))
    some = next(iter(services.values()))
    within = _span(some.clock, None, days, now)
    everybody = {p.id: p for group in people.values() for p in group}
    calendars = load_calendars(session, everybody.values(), within, some.clock, city_id=some.city_id, now=now)
    rests = load_rests(session, {service.category_id for service in services.values()}, within, some.clock)
    return {
        item_id: _first(
            [
                _certified(_resting(calendars[p.id], rests.get(service.category_id)), service, certificates)
                for p in people.get(service.skill, ())
            ],
            _terms(service, SlotRequest((item_id,), place, quantity=service.min_quantity), now),
            within,
            service.people,
        )
        for item_id, service in services.items()
    }


def next_free_times(
    session: Session,
    actor: Actor,
    technician_ids: Sequence[int],
    item_id: int,
    place: Point,
    n: int = 3,
    *,
    now: datetime,
    days: int = 7,
) -> dict[int, list[datetime]]:
    """Technician -> his next `n` free starts for the service at `place`; five statements. Raises: NotFound for the service."""
    service = load_service(session, item_id)
    people = load_named_people(session, service, technician_ids, customer_id=_customer(actor))
    within = _span(service.clock, None, days, now)
    terms = _terms(service, SlotRequest((item_id,), place, quantity=service.min_quantity), now)
    found: dict[int, list[datetime]] = {technician_id: [] for technician_id in technician_ids}
    for calendar in _calendars(session, people, within, service, now):
        starts = islice(Decider(calendar, terms).feasible_starts(within), n)
        found[calendar.technician_id] = [instant_of(start) for start in starts]
    return found


def soonest_of_technicians(
    session: Session,
    actor: Actor,
    technician_ids: Sequence[int],
    item_ids: dict[int, int],
    place: Point,
    *,
    now: datetime,
) -> dict[int, datetime | None]:
    """Technician -> the soonest start of the service that `item_ids` names for him; seven statements for each distinct service."""
    found: dict[int, datetime | None] = dict.fromkeys(technician_ids)
    for item_id in sorted(set(item_ids.values())):
        asked = [t for t in technician_ids if item_ids.get(t) == item_id]
        times = next_free_times(session, actor, asked, item_id, place, 1, now=now)
        found |= {technician_id: starts[0] for technician_id, starts in times.items() if starts}
    return found


# --- the parts --------------------------------------------------------------------------------------------------------


def _customer(actor: Actor) -> int:
    return actor.user_id if actor.role is Role.CUSTOMER else 0


def _people(session: Session, actor: Actor, service: Service, request: SlotRequest) -> list[Person]:
    customer_id, gender = _customer(actor), request.gender
    if request.technician_id:
        return load_named_people(session, service, [request.technician_id], customer_id=customer_id, gender=gender)
    return load_people(session, service, request.place, customer_id=customer_id, gender=gender)


def _calendars(
    session: Session, people: Iterable[Person], within: Window, service: Service, now: datetime
) -> list[Calendar]:
    found = load_calendars(
        session, people, within, service.clock, city_id=service.city_id, category_ids=service.category_ids, now=now
    )
    return list(found.values())


def _span(clock: LocalTime, first_on: date | None, days: int, now: datetime) -> Window:
    today = clock.day_of(now)
    first = max(first_on or today, today)
    end = clock.midnight(first + timedelta(days=days))
    return Window(max(clock.midnight(first), minute_of(now)), end)


def _terms(service: Service, request: SlotRequest, now: datetime) -> Terms:
    return Terms(
        place=request.place,
        minutes=request.minutes or service.minutes(request.quantity),
        buffer_minutes=service.buffer_minutes,
        now=now,
        min_notice_minutes=service.min_notice_minutes,
        horizon_days=service.horizon_days,
    )


def _resting(calendar: Calendar, rests: Sequence[Window] | None) -> Calendar:
    return replace(calendar, blackouts=tuple(union([*calendar.blackouts, *rests]))) if rests else calendar


def _certified(calendar: Calendar, service: Service, certificates: dict[tuple[int, str], date]) -> Calendar:
    if not service.certificate:
        return calendar
    until = certificates.get((calendar.technician_id, service.certificate), NEVER_CERTIFIED)
    return replace(calendar, certified_until=until)


def _first(calendars: Iterable[Calendar], terms: Terms, within: Window, people: int = 1) -> datetime | None:
    """The soonest start that so many people can make; for one, each search stops where the best one so far begins."""
    if people > 1:
        counted = _count([d for d in (Decider(c, terms) for c in calendars) if not d.out_of_reach()], within)
        enough = min((start for start, tally in counted.items() if tally.free >= people), default=None)
        return None if enough is None else instant_of(enough)
    best: int | None = None
    for calendar in calendars:
        decider = Decider(calendar, terms)
        if not decider.out_of_reach():
            limit = Window(within.start, within.end if best is None else best)
            best = next(decider.feasible_starts(limit), best)
    return None if best is None else instant_of(best)


@dataclass(slots=True)
class _Tally:
    free: int = 0
    nearest: int = 10**6
    """Fewest minutes of way of anybody who is free."""


def _count(deciders: Sequence[Decider], within: Window) -> dict[int, _Tally]:
    """Start -> how many are free; every start that somebody's shift holds is there, also when nobody is free."""
    grid: set[int] = set()
    for decider in deciders:
        grid.update(*decider.start_ranges(within))
    counted = {start: _Tally() for start in grid}
    for decider in deciders:
        for start in decider.feasible_starts(within):
            tally = counted[start]
            tally.free += 1
            tally.nearest = min(tally.nearest, decider.last_way)
    return counted


def _with_anybody(
    session: Session, actor: Actor, service: Service, request: SlotRequest, within: Window, now: datetime
) -> dict[int, _Tally]:
    """Start -> how many are free of everybody, whoever was asked for."""
    people = _people(session, actor, service, replace(request, technician_id=0))
    terms = _terms(service, request, now)
    calendars = (c.without(request.order_id) for c in _calendars(session, people, within, service, now))
    return _count([d for d in (Decider(c, terms) for c in calendars) if not d.out_of_reach()], within)


def _together(tally: _Tally, everybody: _Tally | None, people: int) -> _Tally:
    """How many visits of so many people could begin then, at the least."""
    free = 0 if everybody is None else max(0, everybody.free - people + 1)
    return _Tally(min(tally.free, free), tally.nearest)


def _recommend(counted: dict[int, _Tally]) -> list[int]:
    """The starts for which somebody's way is shortest; then more people free, then earlier."""
    free = ((t.nearest, -t.free, start) for start, t in counted.items() if t.free)
    return [start for _way, _free, start in nsmallest(RECOMMENDED, free)]


def _days(
    clock: LocalTime,
    within: Window,
    counted: dict[int, _Tally],
    best: Sequence[int],
    one: Decider | None,
    surcharge: Surcharge | None,
) -> Iterable[SlotDay]:
    per_day: dict[date, list[Slot]] = {day: [] for day in clock.days(within)}
    for start in sorted(counted):
        slot = _slot(clock, start, counted[start], one, is_best=start in best)
        if surcharge is not None:
            slot = replace(slot, surcharge_fen=surcharge(slot.start_at))
        per_day[clock.day(start)].append(slot)
    for day, found in per_day.items():
        yield SlotDay(day, tuple(found), sum(1 for s in found if s.free))


def _slot(clock: LocalTime, start: int, tally: _Tally, one: Decider | None, *, is_best: bool) -> Slot:
    hour, minute = divmod(clock.minute_of_day(start), 60)
    time = f"{hour:02d}:{minute:02d}"
    if tally.free:
        few = one is None and tally.free <= FEW
        return Slot(
            instant_of(start), time, SlotState.FEW if few else SlotState.FREE, tally.free, is_recommended=is_best
        )
    if one is None:
        return Slot(instant_of(start), time, SlotState.FULL, 0)
    verdict = one.verdict(start)
    why = verdict.why or WhyNot.BUSY
    return Slot(instant_of(start), time, SlotState.FULL, 0, why_not=why.value, earliest_at=verdict.earliest_at)
