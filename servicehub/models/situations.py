"""How rows become the matching's questions: a job and its candidates for any number of orders, in about a dozen set statements.

Reading only; the rules are in `matching`. It lies below services and queries because an operator's preview and the automatic round
must ask the same question.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlmodel import Session, col

from servicehub.domain.calendar import Calendar
from servicehub.domain.geo import Point
from servicehub.domain.order import OrderMode, OrderStatus
from servicehub.domain.technician import CertificateStatus, TechnicianStatus
from servicehub.domain.timewindow import LocalTime, Window, local_time
from servicehub.matching import DEFAULT_POLICY, Acceptance, Candidate, Crew, Job, Policy, Ranking, rank
from servicehub.models.base import among
from servicehub.models.calendars import PERSON_COLUMNS, Person, load_calendars, person_of
from servicehub.models.catalog import Policy as PolicyRow
from servicehub.models.dispatch import DispatchDecision, Offer
from servicehub.models.order import Order, sold
from servicehub.models.payment import Earning
from servicehub.models.supply import Service, Sold, load_services
from servicehub.models.technician import Certificate, PairBlock, Technician, TechnicianSkill, WeeklyShift

DISPATCH_KIND = "dispatch"
"""Kind of the policy document that holds the weights."""
ACCEPTANCE_KIND = "acceptance"
"""Kind of the document that holds what was learned from answers."""
FAIR_DAYS = 7
"""Income of this many days is compared with the weekly plan."""
DONE = (OrderStatus.COMPLETED, OrderStatus.CLOSED)


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that the matching asks for about one order; the crew is shared by all orders of a city."""

    job: Job
    crew: Crew
    rows: NDArray[np.int64]
    """Who of the crew is a candidate."""
    policy: Policy

    def ranking(self) -> Ranking:
        """Every candidate of the order, best first."""
        return rank([(self.job, self.rows)], self.crew, self.policy)[0]


def rankings(situations: Mapping[int, Situation]) -> dict[int, Ranking]:
    """`Situation.ranking` of many orders; those of one city are judged together."""
    cities: dict[int, list[tuple[int, Situation]]] = defaultdict(list)
    for order_id, situation in situations.items():
        cities[id(situation.crew)].append((order_id, situation))
    found: dict[int, Ranking] = {}
    for members in cities.values():
        first = members[0][1]
        ranked = rank([(s.job, s.rows) for _id, s in members], first.crew, first.policy)
        found |= {order_id: ranking for (order_id, _s), ranking in zip(members, ranked, strict=True)}
    return {order_id: found[order_id] for order_id in situations}


class _Standing(NamedTuple):
    """A technician's row besides what a calendar needs."""

    person: Person
    city_id: int
    is_active: bool
    is_online: bool
    offers_feasible: int
    offers_accepted: int


@dataclass(frozen=True, slots=True)
class _About:
    """What is known of the technicians beyond their rows."""

    skills: dict[int, frozenset[str]]
    certificates: dict[int, dict[str, date]]
    income: dict[int, int]
    planned: dict[int, int]
    blocked: dict[int, frozenset[int]]
    visits: dict[int, dict[int, int]]


def load_situations(
    session: Session,
    orders: Sequence[Order],
    *,
    now: datetime,
    technician_ids: Collection[int] | None = None,
    by_hand: int | None = None,
) -> dict[int, Situation]:
    """Order id -> its situation.

    Candidates are everybody in the city who offers the service; an order in mode CHOOSE has only the requested technician.
    `technician_ids` narrows to these people whatever they offer. `by_hand` adds one person, who may have been asked before.
    """
    if not orders:
        return {}
    services = load_services(session, {sold(o) for o in orders})
    standings = _load_standings(session, {o.city_id for o in orders}, technician_ids)
    about = _load_about(session, standings, {o.customer_id for o in orders}, now)
    wanted = _wanted(orders, services, about, technician_ids, by_hand)
    calendars = _load_all_calendars(session, orders, services, standings, set().union(*wanted.values()), now)
    asked = _load_asked(session, orders)
    policies = _load_policies(session, {o.city_id for o in orders}, now)
    crews = {
        city_id: Crew(
            [
                _candidate(s, calendars[i], about)
                for i, s in standings.items()
                if i in calendars and s.city_id == city_id
            ]
        )
        for city_id in {o.city_id for o in orders}
    }
    return {
        o.id or 0: Situation(
            job=_job(o, services[sold(o)], asked[o.id or 0] - {by_hand}, now),
            crew=crews[o.city_id],
            rows=np.flatnonzero(np.isin(crews[o.city_id].ids, list(wanted[o.id or 0]))),
            policy=policies.get(o.city_id, DEFAULT_POLICY),
        )
        for o in orders
    }


def load_team(session: Session, city_id: int, within: Window, clock: LocalTime, *, now: datetime) -> list[Candidate]:
    """Everybody of a city with what was planned for `within`, as if nobody had any visit yet nor had been seen anywhere."""
    standings = _load_standings(session, {city_id}, None)
    about = _load_about(session, standings, (), now)
    people = [s.person for s in standings.values()]
    calendars = load_calendars(session, people, within, clock, city_id=city_id, now=now)
    return [
        _candidate(s, replace(calendars[i], jobs=(), seen=None), about) for i, s in standings.items() if i in calendars
    ]


def _job(order: Order, service: Service, asked: frozenset[int], now: datetime) -> Job:
    window = Window.between(order.start_at, order.end_at)
    return Job(
        order_id=order.id or 0,
        place=Point(order.lat, order.lng),
        start=window.start,
        minutes=window.minutes,
        now=now,
        buffer_minutes=service.buffer_minutes,
        skill=service.skill,
        certificate=service.certificate,
        further=tuple((one.skill, one.certificate) for one in service.further),
        customer_id=order.customer_id,
        gender=order.gender,
        requested_technician_id=order.requested_technician_id,
        is_immediate=order.is_immediate,
        is_urgent=order.priority > 0,
        asked=asked,
    )


def _candidate(standing: _Standing, calendar: Calendar, about: _About) -> Candidate:
    person = standing.person
    return Candidate(
        technician_id=person.id,
        calendar=calendar,
        gender=person.gender,
        level=person.level,
        is_active=standing.is_active,
        is_online=standing.is_online,
        skills=about.skills.get(person.id, frozenset()),
        certificates=about.certificates.get(person.id, {}),
        rating_sum=person.rating_sum,
        rating_count=person.rating_count,
        offers_feasible=standing.offers_feasible,
        offers_accepted=standing.offers_accepted,
        income_fen=about.income.get(person.id, 0),
        available_minutes=about.planned.get(person.id, 0),
        visits_to=about.visits.get(person.id, {}),
        blocked=about.blocked.get(person.id, frozenset()),
    )


def _wanted(
    orders: Sequence[Order],
    services: Mapping[Sold, Service],
    about: _About,
    technician_ids: Collection[int] | None,
    by_hand: int | None,
) -> dict[int, set[int]]:
    offering: dict[str, set[int]] = defaultdict(set)
    for technician_id, skills in about.skills.items():
        for skill in skills:
            offering[skill].add(technician_id)
    wanted: dict[int, set[int]] = {}
    for order in orders:
        chosen = order.requested_technician_id
        if technician_ids is not None:
            people = set(technician_ids)
        elif order.mode is OrderMode.CHOOSE and chosen is not None and by_hand is None:
            people = {chosen}
        else:
            people = set.intersection(*(offering[skill] for skill in services[sold(order)].skills))
        wanted[order.id or 0] = people | ({by_hand} if by_hand is not None else set())
    return wanted


def _load_standings(
    session: Session, city_ids: Collection[int], technician_ids: Collection[int] | None
) -> dict[int, _Standing]:
    query = sa.select(
        *PERSON_COLUMNS,
        col(Technician.city_id),
        col(Technician.status),
        col(Technician.is_online),
        col(Technician.offers_feasible),
        col(Technician.offers_accepted),
    ).where(col(Technician.city_id).in_(city_ids), col(Technician.status) != TechnicianStatus.LEFT)
    if technician_ids is not None:
        query = query.where(among(col(Technician.id), technician_ids))
    found: dict[int, _Standing] = {}
    for row in session.execute(query):
        city_id, status, *rest = row[-5:]
        found[row[0]] = _Standing(person_of(row), city_id, status is TechnicianStatus.ACTIVE, *rest)
    return found


def _load_about(session: Session, ids: Collection[int], customer_ids: Collection[int], now: datetime) -> _About:
    skills: dict[int, set[str]] = defaultdict(set)
    rows: Iterable[Any] = session.execute(
        sa.select(col(TechnicianSkill.technician_id), col(TechnicianSkill.skill)).where(
            among(col(TechnicianSkill.technician_id), ids)
        )
    )
    for technician_id, skill in rows:
        skills[technician_id].add(skill)
    certificates: dict[int, dict[str, date]] = defaultdict(dict)
    rows = session.execute(
        sa.select(col(Certificate.technician_id), col(Certificate.kind), sa.func.max(col(Certificate.expires_on)))
        .where(among(col(Certificate.technician_id), ids), col(Certificate.status) == CertificateStatus.APPROVED)
        .group_by(col(Certificate.technician_id), col(Certificate.kind))
    )
    for technician_id, kind, until in rows:
        certificates[technician_id][kind] = until
    blocked: dict[int, set[int]] = defaultdict(set)
    rows = session.execute(
        sa.select(col(PairBlock.technician_id), col(PairBlock.customer_id)).where(
            among(col(PairBlock.customer_id), customer_ids)
        )
    )
    for technician_id, customer_id in rows:
        blocked[technician_id].add(customer_id)
    return _About(
        skills={i: frozenset(found) for i, found in skills.items()},
        certificates=certificates,
        income=load_income(session, ids, now),
        planned=load_planned(session, ids),
        blocked={i: frozenset(found) for i, found in blocked.items()},
        visits=_load_visits(session, customer_ids),
    )


def load_income(session: Session, ids: Collection[int], now: datetime) -> dict[int, int]:
    rows = session.execute(
        sa.select(col(Earning.technician_id), sa.func.sum(col(Earning.net_fen)))
        .where(among(col(Earning.technician_id), ids), col(Earning.created_at) > now - timedelta(days=FAIR_DAYS))
        .group_by(col(Earning.technician_id))
    )
    return {technician_id: int(total or 0) for technician_id, total in rows}


def load_planned(session: Session, ids: Collection[int]) -> dict[int, int]:
    """Minutes of the weekly plan."""
    length = col(WeeklyShift.end_minute) - col(WeeklyShift.start_minute)
    rows = session.execute(
        sa.select(
            col(WeeklyShift.technician_id), sa.func.sum(sa.case((col(WeeklyShift.is_break), -length), else_=length))
        )
        .where(among(col(WeeklyShift.technician_id), ids))
        .group_by(col(WeeklyShift.technician_id))
    )
    return {technician_id: int(minutes or 0) for technician_id, minutes in rows}


def _load_visits(session: Session, customer_ids: Collection[int]) -> dict[int, dict[int, int]]:
    """Technician -> customer -> finished visits."""
    rows: Iterable[Any] = session.execute(
        sa.select(col(Order.technician_id), col(Order.customer_id), sa.func.count())
        .where(
            among(col(Order.customer_id), customer_ids),
            col(Order.technician_id).is_not(None),
            col(Order.status).in_(DONE),
        )
        .group_by(col(Order.technician_id), col(Order.customer_id))
    )
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for technician_id, customer_id, count in rows:
        found[technician_id][customer_id] = count
    return found


def _load_all_calendars(
    session: Session,
    orders: Sequence[Order],
    services: Mapping[Sold, Service],
    standings: dict[int, _Standing],
    wanted: set[int],
    now: datetime,
) -> dict[int, Calendar]:
    calendars: dict[int, Calendar] = {}
    for city_id in sorted({o.city_id for o in orders}):
        here = [o for o in orders if o.city_id == city_id]
        within = Window.between(min(o.start_at for o in here), max(o.end_at for o in here))
        people = [s.person for i, s in standings.items() if i in wanted and s.city_id == city_id]
        clock = local_time(services[sold(here[0])].zone)
        calendars |= load_calendars(session, people, within, clock, city_id=city_id, now=now)
    return calendars


def _load_asked(session: Session, orders: Sequence[Order]) -> dict[int, frozenset[int]]:
    """Order -> who was asked for it or took it from the hall, or another seat of the same visit."""
    crews = [o.lead_id or o.id or 0 for o in orders if o.crew_size > 1]
    visit_of = {o.id or 0: o.lead_id or o.id or 0 for o in orders}
    if crews:
        seats = sa.select(col(Order.id), col(Order.lead_id)).where(among(col(Order.lead_id), crews))
        seated: list[Any] = list(session.execute(seats))
        visit_of |= dict(seated) | {lead: lead for lead in crews}
    found: dict[int, set[int]] = defaultdict(set)
    grabbed = sa.select(col(DispatchDecision.order_id), col(DispatchDecision.technician_id)).where(
        among(col(DispatchDecision.order_id), visit_of), col(DispatchDecision.how) == "grab"
    )
    offered = sa.select(col(Offer.order_id), col(Offer.technician_id)).where(among(col(Offer.order_id), visit_of))
    rows: Iterable[Any] = session.execute(sa.union(offered, grabbed))
    for order_id, technician_id in rows:
        found[visit_of[order_id]].add(technician_id)
    return {o.id or 0: frozenset(found[visit_of[o.id or 0]]) for o in orders}


def load_policy(session: Session, city_id: int, now: datetime) -> Policy:
    """The dispatch policy of a city in force, with what was learned from answers."""
    return _load_policies(session, {city_id}, now)[city_id]


def _load_policies(session: Session, city_ids: Collection[int], now: datetime) -> dict[int, Policy]:
    rows: Iterable[Any] = session.execute(
        sa.select(col(PolicyRow.city_id), col(PolicyRow.kind), col(PolicyRow.version), col(PolicyRow.document))
        .where(
            col(PolicyRow.city_id).in_(city_ids),
            col(PolicyRow.kind).in_((DISPATCH_KIND, ACCEPTANCE_KIND)),
            col(PolicyRow.effective_at) <= now,
        )
        .order_by(col(PolicyRow.version))
    )
    adopted: dict[int, Policy] = dict.fromkeys(city_ids, DEFAULT_POLICY)
    learned: dict[int, Acceptance] = {}
    for city_id, kind, version, document in rows:
        if kind == DISPATCH_KIND:
            adopted[city_id] = Policy.of(document, version)
        else:
            learned[city_id] = Acceptance.of(document)
    return {
        city_id: replace(policy, acceptance=learned.get(city_id, Acceptance())) for city_id, policy in adopted.items()
    }
