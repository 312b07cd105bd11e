"""A visit that wants a time, and what is read to decide about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from servicehub.domain.availability import Terms, WhyNot
from servicehub.domain.calendar import Calendar
from servicehub.domain.geo import Point
from servicehub.domain.technician import Gender
from servicehub.domain.timewindow import Window, aligned
from servicehub.errors import NotFound
from servicehub.models.calendars import Person, load_calendars
from servicehub.models.order import Order, sold
from servicehub.models.supply import Service, Sold, load_named_people, load_people


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit that wants a time: what, where, when, for whom."""

    sold: Sold
    place: Point
    start_at: datetime
    end_at: datetime
    customer_id: int = 0
    gender: Gender | None = None
    order_id: int = 0
    is_immediate: bool = False
    people: int = 1
    """How many have to be free at once."""

    @classmethod
    def of(cls, order: Order, *, start_at: datetime | None = None, end_at: datetime | None = None) -> Visit:
        """The order's visit, at another time if one is given."""
        return cls(
            sold=sold(order),
            place=Point(order.lat, order.lng),
            start_at=start_at or order.start_at,
            end_at=end_at or order.end_at,
            customer_id=order.customer_id,
            gender=order.gender,
            order_id=order.id or 0,
            is_immediate=order.is_immediate,
            people=order.crew_size if order.lead_id is None else 1,
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


def block_of(visit: Visit, service: Service) -> Window:
    """The whole cells that the visit takes with its buffers."""
    return aligned(visit.window.grown(service.buffer_minutes, service.buffer_minutes))


def person_for(session: Session, visit: Visit, service: Service, technician_id: int) -> Person:
    """One technician, with what bars him from the visit at every time. Raises: NotFound."""
    people = load_named_people(session, service, [technician_id], customer_id=visit.customer_id, gender=visit.gender)
    if not people:
        raise NotFound(f"technician {technician_id}")
    return people[0]


def everybody(session: Session, visit: Visit, service: Service) -> list[Person]:
    """Who could make the visit, whatever the time."""
    return load_people(
        session,
        service,
        visit.place,
        customer_id=visit.customer_id,
        gender=visit.gender,
        at_once=visit.is_immediate,
    )


def calendars_of(
    session: Session, people: Iterable[Person], within: Window, service: Service, *, now: datetime
) -> list[Calendar]:
    """Their calendars around the time that is asked about."""
    city_id, category_ids = service.city_id, service.category_ids
    found = load_calendars(session, people, within, service.clock, city_id=city_id, category_ids=category_ids, now=now)
    return list(found.values())
