"""What is sold and who could do it: the facts of a service and the people for it, each in one statement.

Reading only, below services and queries: the list of free times and the commit ask here. Whether somebody is free is decided
by `domain.availability` over `models.calendars`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.domain.calendar import WhyNot, visit_minutes
from servicehub.domain.geo import Point, degrees_around
from servicehub.domain.technician import CertificateStatus, Gender, TechnicianStatus
from servicehub.domain.timewindow import LocalTime, local_time
from servicehub.errors import NotFound
from servicehub.models.base import IdList, among
from servicehub.models.calendars import PERSON_COLUMNS, Person, person_of
from servicehub.models.catalog import City, ServiceItem
from servicehub.models.technician import Certificate, PairBlock, Technician, TechnicianSkill

WIDEST_RADIUS_M = 60_000
"""Nobody's own radius is larger."""
NEVER_CERTIFIED = date.min


@dataclass(frozen=True, slots=True)
class Service:
    """What a service asks of time and of people, or several that one technician does in one visit (`load_services`)."""

    id: int
    city_id: int
    category_id: int
    zone: str
    skill: str
    certificate: str
    base_minutes: int
    minutes_per_extra_unit: float
    min_quantity: int
    buffer_minutes: int
    min_notice_minutes: int
    horizon_days: int
    people: int = 1
    """How many technicians a visit takes."""
    further: tuple[Service, ...] = ()
    """The other services of the same visit; buffers and spans are already those of the visit."""

    @property
    def skills(self) -> tuple[str, ...]:
        """What the technician must offer, all of it."""
        return tuple({one.skill: None for one in (self, *self.further)})

    @property
    def certificates(self) -> tuple[str, ...]:
        """Kinds of certificates that must be valid on the day of the visit."""
        return tuple({one.certificate: None for one in (self, *self.further) if one.certificate})

    @property
    def category_ids(self) -> tuple[int, ...]:
        """On the days on which one of them rests, the visit is not made."""
        return tuple({one.category_id: None for one in (self, *self.further)})

    @property
    def clock(self) -> LocalTime:
        return local_time(self.zone)

    def minutes(self, quantity: int) -> int:
        """Duration of a visit for `quantity` units of the first service."""
        return visit_minutes(self.base_minutes, self.minutes_per_extra_unit, self.min_quantity, quantity)


_SERVICES = (
    sa.select(
        col(ServiceItem.id),
        col(ServiceItem.city_id),
        col(ServiceItem.category_id),
        col(City.timezone),
        col(ServiceItem.skill),
        col(ServiceItem.certificate),
        col(ServiceItem.base_minutes),
        col(ServiceItem.minutes_per_extra_unit),
        col(ServiceItem.min_quantity),
        col(ServiceItem.buffer_minutes),
        col(ServiceItem.min_notice_minutes),
        col(ServiceItem.horizon_days),
        col(ServiceItem.crew_size),
    )
    .join(City, col(City.id) == col(ServiceItem.city_id))
    .where(col(ServiceItem.id).in_(sa.bindparam("ids", expanding=True)))
)
Sold = tuple[int, ...]
"""The service items of one visit, the one that names it first (`models.order.sold`)."""


def load_services(session: Session, sold: Collection[Sold]) -> dict[Sold, Service]:
    """Facts of many visits' services; one statement. What names an unknown item is left out."""
    ids = {item_id for one in sold for item_id in one}
    rows: Iterable[Any] = session.connection().execute(_SERVICES, {"ids": list(ids)})
    known = {row[0]: Service(*row) for row in rows}
    return {one: _together([known[i] for i in one]) for one in sold if all(i in known for i in one)}


def load_service(session: Session, *item_ids: int) -> Service:
    """Facts of one service, or of several in one visit. Raises: NotFound."""
    found = load_services(session, [item_ids]).get(item_ids)
    if found is None:
        raise NotFound(f"service items {item_ids}")
    return found


def _together(services: Sequence[Service]) -> Service:
    first, *further = services
    if not further:
        return first
    return replace(
        first,
        buffer_minutes=max(one.buffer_minutes for one in services),
        min_notice_minutes=max(one.min_notice_minutes for one in services),
        horizon_days=min(one.horizon_days for one in services),
        further=tuple(further),
    )


def _certified_until() -> Any:
    """The last day on which every wanted certificate is valid; NULL when one is missing."""
    by_kind = (
        sa.select(sa.func.max(col(Certificate.expires_on)).label("until"))
        .where(
            col(Certificate.technician_id) == col(Technician.id),
            col(Certificate.kind).in_(sa.bindparam("certificates", expanding=True)),
            col(Certificate.status) == CertificateStatus.APPROVED,
        )
        .group_by(col(Certificate.kind))
        .correlate(Technician)
        .subquery()
    )
    all_of_them = sa.func.count() == sa.bindparam("certificate_count", type_=sa.Integer)
    return sa.select(sa.case((all_of_them, sa.func.min(by_kind.c.until)))).select_from(by_kind).scalar_subquery()


def _has_skills() -> Any:
    offered = (
        sa.select(sa.func.count())
        .where(
            col(TechnicianSkill.technician_id) == col(Technician.id),
            col(TechnicianSkill.skill).in_(sa.bindparam("skills", expanding=True)),
        )
        .correlate(Technician)
        .scalar_subquery()
    )
    return offered == sa.bindparam("skill_count", type_=sa.Integer)


def _asked(service: Service) -> dict[str, Any]:
    """The parameters of what the technician must offer and be certified for."""
    skills, certificates = service.skills, service.certificates
    return {
        "skills": list(skills),
        "skill_count": len(skills),
        "certificates": list(certificates),
        "certificate_count": len(certificates),
    }


def _is_blocked() -> Any:
    return sa.exists().where(
        col(PairBlock.technician_id) == col(Technician.id), col(PairBlock.customer_id) == sa.bindparam("customer_id")
    )


_BY_ID = sa.select(
    *PERSON_COLUMNS, _certified_until(), col(Technician.status), _has_skills(), _is_blocked()
).where(
    among(col(Technician.id), sa.bindparam("ids", type_=IdList())), col(Technician.city_id) == sa.bindparam("city_id")
)  # fmt: skip
_AROUND = (
    sa.select(*PERSON_COLUMNS, _certified_until())
    .where(
        col(Technician.city_id) == sa.bindparam("city_id"),
        col(Technician.status) == TechnicianStatus.ACTIVE,
        col(Technician.home_lat).between(sa.bindparam("south"), sa.bindparam("north")),
        col(Technician.home_lng).between(sa.bindparam("west"), sa.bindparam("east")),
        sa.or_(sa.bindparam("gender") == "", sa.cast(col(Technician.gender), sa.String) == sa.bindparam("gender")),
        sa.or_(sa.not_(sa.bindparam("at_once", type_=sa.Boolean)), col(Technician.is_online)),
        _has_skills(),
        ~_is_blocked(),
    )
    .order_by(col(Technician.id))
)


def load_people(
    session: Session,
    service: Service,
    place: Point,
    *,
    customer_id: int = 0,
    gender: Gender | None = None,
    at_once: bool = False,
) -> list[Person]:
    """Everybody who could do this service for this customer around `place`, whatever the time; one statement.

    `at_once`: only those who are online, for a visit as soon as possible.
    """
    half_lat, half_lng = degrees_around(place, WIDEST_RADIUS_M)
    rows: Iterable[Any] = session.connection().execute(
        _AROUND,
        {
            **_asked(service),
            "city_id": service.city_id,
            "customer_id": customer_id,
            "gender": gender.value if gender else "",
            "at_once": at_once,
            "south": place.lat - half_lat,
            "north": place.lat + half_lat,
            "west": place.lng - half_lng,
            "east": place.lng + half_lng,
        },
    )
    return [person_of(row, certified_until=_certified(service, row[-1])) for row in rows]


def load_named_people(
    session: Session,
    service: Service,
    technician_ids: Collection[int],
    *,
    customer_id: int = 0,
    gender: Gender | None = None,
) -> list[Person]:
    """These technicians of the service's city, with the reason that bars one from it at every time; one statement."""
    rows: Iterable[Any] = session.connection().execute(
        _BY_ID,
        {
            **_asked(service),
            "ids": list(technician_ids),
            "city_id": service.city_id,
            "customer_id": customer_id,
        },
    )
    people = []
    for row in rows:
        until, status, skilled, blocked = row[-4:]
        barred = None
        if status is not TechnicianStatus.ACTIVE:
            barred = WhyNot.INACTIVE
        elif not skilled:
            barred = WhyNot.SKILL
        elif blocked:
            barred = WhyNot.BLOCKED
        elif gender is not None and row[7] is not gender:
            barred = WhyNot.GENDER
        people.append(person_of(row, certified_until=_certified(service, until), barred=barred))
    return people


def load_kept_apart(session: Session, technician_ids: Collection[int]) -> set[tuple[int, int]]:
    """(technician, customer) of these technicians who are never matched again; one statement."""
    rows = session.connection().execute(
        sa.select(col(PairBlock.technician_id), col(PairBlock.customer_id)).where(
            col(PairBlock.technician_id).in_(technician_ids)
        )
    )
    return {(technician_id, customer_id) for technician_id, customer_id in rows}


_OFFERING = (
    sa.select(*PERSON_COLUMNS, col(TechnicianSkill.skill))
    .join(TechnicianSkill, col(TechnicianSkill.technician_id) == col(Technician.id))
    .where(
        col(Technician.city_id) == sa.bindparam("city_id"),
        col(Technician.status) == TechnicianStatus.ACTIVE,
        col(Technician.home_lat).between(sa.bindparam("south"), sa.bindparam("north")),
        col(Technician.home_lng).between(sa.bindparam("west"), sa.bindparam("east")),
        col(TechnicianSkill.skill).in_(sa.bindparam("skills", expanding=True)),
        ~_is_blocked(),
    )
    .order_by(col(Technician.id))
)
_CERTIFIED = (
    sa.select(col(Certificate.technician_id), col(Certificate.kind), sa.func.max(col(Certificate.expires_on)))
    .where(
        col(Certificate.kind).in_(sa.bindparam("kinds", expanding=True)),
        col(Certificate.status) == CertificateStatus.APPROVED,
    )
    .group_by(col(Certificate.technician_id), col(Certificate.kind))
)


def load_people_by_skill(
    session: Session, services: Collection[Service], place: Point, *, customer_id: int = 0
) -> tuple[dict[str, list[Person]], dict[tuple[int, str], date]]:
    """Who offers each skill of the services (of one city) around `place`, and until when they are certified; two statements.

    The second value maps (technician, kind of certificate) to its last day.
    """
    half_lat, half_lng = degrees_around(place, WIDEST_RADIUS_M)
    rows: Iterable[Any] = session.connection().execute(
        _OFFERING,
        {
            "city_id": next(iter(services)).city_id if services else 0,
            "skills": sorted({s.skill for s in services}),
            "customer_id": customer_id,
            "south": place.lat - half_lat,
            "north": place.lat + half_lat,
            "west": place.lng - half_lng,
            "east": place.lng + half_lng,
        },
    )
    people: dict[str, list[Person]] = {}
    known: dict[int, Person] = {}
    for row in rows:
        person = known.get(row[0]) or known.setdefault(row[0], person_of(row))
        people.setdefault(row[-1], []).append(person)
    kinds = sorted({s.certificate for s in services if s.certificate})
    rows = session.connection().execute(_CERTIFIED, {"kinds": kinds}) if kinds else ()
    return people, {(technician_id, kind): until for technician_id, kind, until in rows}


def _certified(service: Service, until: date | None) -> date | None:
    return (until or NEVER_CERTIFIED) if service.certificates else None
