"""Visits that will be late: noted, told once, gone when they are not, and a way out that costs nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.domain.order import OrderStatus
from servicehub.domain.technician import CellKind
from servicehub.errors import JobRunning, ReasonMissing
from servicehub.models.customer import Notice
from servicehub.models.delay import Delay
from servicehub.models.dispatch import Occupancy, Offer, TechnicianDay
from servicehub.models.order import Order, OrderLog
from servicehub.models.technician import Position, Technician, TimeOff
from servicehub.queries.customer.order import _late as customer_line
from servicehub.queries.operator.attention import attention
from servicehub.queries.operator.board import board
from servicehub.services import absences, delays, dispatching, ending, scheduling
from tests import city
from tests.city import NOW, Town, north
from tests.journey import actor_of


def day_of(session: Session, town: Town) -> tuple[Technician, Order, Order]:
    """Somebody at a visit that began forty minutes late, and the next one an hour after its planned end."""
    who = city.add_technician(session, town, is_online=True)
    running = city.add_order(
        session, town, NOW - timedelta(minutes=60), status=OrderStatus.IN_SERVICE, technician_id=who.id,
        started_at=NOW - timedelta(minutes=10),
    )  # fmt: skip
    following = city.add_order(
        session, town, NOW + timedelta(minutes=30), status=OrderStatus.ACCEPTED, technician_id=who.id, place=north(3),
        paid_at=NOW - timedelta(hours=3), accepted_at=NOW - timedelta(hours=2),
    )  # fmt: skip
    return who, running, following


def told(session: Session) -> list[Notice]:
    return list(session.exec(select(Notice).where(Notice.kind == "late")))


def test_a_late_visit_is_noted_and_told_once_until_it_grows(session: Session) -> None:
    _who, running, following = day_of(session, city.build(session))

    assert delays.watch(session, NOW) == 1
    delay = session.get_one(Delay, following.id)
    # done at 10:50, twenty minutes of way, planned for 10:30
    assert (delay.minutes, delay.behind_id, delay.told_minutes) == (40, running.id, 40)
    assert delay.begins_at == NOW + timedelta(minutes=70)
    delays.watch(session, NOW + timedelta(minutes=1))
    assert [notice.user_id for notice in told(session)] == [following.customer_id]

    delays.watch(session, NOW + timedelta(minutes=70))
    assert session.get_one(Delay, following.id).minutes == 60
    assert len(told(session)) == 2


def test_the_note_goes_when_the_visit_is_in_time_or_begins(session: Session) -> None:
    _who, running, following = day_of(session, city.build(session))
    delays.watch(session, NOW)

    running.status, following.status = OrderStatus.AWAITING_CONFIRM, OrderStatus.ARRIVED
    session.flush()
    assert delays.watch(session, NOW + timedelta(minutes=10)) == 0
    assert session.get(Delay, following.id) is None


def test_a_customer_who_is_kept_waiting_leaves_free_of_charge(session: Session) -> None:
    town = city.build(session)
    _who, _running, following = day_of(session, town)
    following.status = OrderStatus.EN_ROUTE
    session.flush()
    before = ending.terms(session, following, by=Role.CUSTOMER, now=NOW)
    delays.watch(session, NOW)
    session.get_one(Delay, following.id).minutes = 19
    assert ending.terms(session, following, by=Role.CUSTOMER, now=NOW).rule == before.rule
    session.get_one(Delay, following.id).minutes = 20

    assert before.rule in ("departed", "unpaid")
    assert delays.minutes_of(session, following) == 20
    line = customer_line(session, following, town.zone, "en")
    assert "20 min late" in line
    assert "free of charge" in line


def test_operators_see_it(session: Session) -> None:
    town = city.build(session)
    who, _running, following = day_of(session, town)
    following.start_at, following.end_at = NOW + timedelta(minutes=40), NOW + timedelta(minutes=100)
    session.flush()
    operator = Actor(user_id=1, role=Role.OPERATOR, city_id=town.city_id, operator_role=OperatorRole.ADMIN)
    assert not [a for a in attention(session, operator, locale="en", now=NOW) if a.key == "late"]
    delays.watch(session, NOW)

    assert [a.key for a in attention(session, operator, locale="en", now=NOW) if a.key == "late"] == ["late"]
    (lane,) = board(session, operator, locale="en", now=NOW).lanes
    bar = next(bar for bar in lane.bars if bar.no == following.no)
    assert (lane.technician_id, bar.kind) == (who.id, "bad")
    assert "30 min late" in bar.title


# --- somebody cannot go on -----------------------------------------------------------------------------------------------


def test_the_rest_of_the_day_is_given_to_others_at_once(session: Session) -> None:
    town = city.build(session)
    who, other = (city.add_technician(session, town, is_online=True, home=north(km)) for km in (0.0, 2.0))
    visits = [
        city.add_order(session, town, NOW + timedelta(hours=hours), technician_id=who.id, status=OrderStatus.ACCEPTED)
        for hours in (2, 5)
    ]
    tomorrow = city.add_order(
        session, town, NOW + timedelta(hours=26), technician_id=who.id, status=OrderStatus.ACCEPTED
    )
    asked = city.add_order(session, town, NOW + timedelta(hours=3), dispatch_at=NOW, requested_technician_id=None)
    for visit in (*visits, tomorrow):
        scheduling.claim(session, technician_id=who.id or 0, order=visit, kind=CellKind.JOB, now=NOW)
    dispatching.run_due(session, NOW)
    session.flush()

    def versions_of(person: Technician) -> list[int]:
        query = (
            select(TechnicianDay.version).where(TechnicianDay.technician_id == person.id).order_by(TechnicianDay.day)
        )
        return list(session.exec(query))

    before = versions_of(who)
    handed = absences.stop_today(session, actor_of(who), "unwell", now=NOW)

    mine = [visit for visit in (*visits, asked) if visit.technician_id is not None]
    assert {visit.technician_id for visit in mine} == {other.id}
    assert handed.visits >= 2
    assert handed.asked == sum(v.status is OrderStatus.ASSIGNED for v in visits) == 2
    assert (tomorrow.technician_id, tomorrow.status) == (who.id, OrderStatus.ACCEPTED)
    assert {v.priority for v in visits} == {1}
    away = session.exec(select(TimeOff).where(TimeOff.technician_id == who.id)).one()
    assert (away.start_at, away.end_at) == (NOW, town.local("2026-03-03 00:00"))
    assert session.get_one(Technician, who.id).is_online is False
    assert versions_of(who)[:1] != before[:1], "whoever is booking him at this moment decides again"
    again = absences.stop_today(session, actor_of(who), "unwell", now=NOW)
    assert (again.visits, len(session.exec(select(TimeOff)).all())) == (0, 1), "a second press changes nothing"
    cells = session.exec(select(Occupancy.technician_id).where(Occupancy.order_id == visits[0].id)).all()
    assert set(cells) == {other.id}
    logs = session.exec(select(OrderLog).where(OrderLog.order_id == visits[0].id)).all()
    assert [log.event for log in logs] == ["technician_cancel", "dispatch"]
    assert logs[0].reason == "unwell"
    assert session.exec(select(Offer).where(Offer.order_id == visits[0].id)).one().technician_id == other.id


def test_a_visit_that_was_only_planned_or_offered_finds_somebody_else(session: Session) -> None:
    town = city.build(session)
    who = city.add_technician(session, town, is_online=True)
    offered = city.add_order(session, town, NOW + timedelta(hours=3), dispatch_at=NOW)
    dispatching.run_due(session, NOW)
    assert offered.technician_id == who.id
    other = city.add_technician(session, town, is_online=True, home=north(2))

    handed = absences.stop_today(session, actor_of(who), "vehicle", now=NOW)

    assert (handed.visits, handed.asked, offered.technician_id) == (1, 1, other.id)
    statuses = [(o.technician_id, o.status.value) for o in session.exec(select(Offer).order_by(Offer.id))]
    assert statuses == [(who.id, "declined"), (other.id, "open")]


def test_stopping_needs_a_reason_and_no_visit_under_way(session: Session) -> None:
    who, _running, _following = day_of(session, city.build(session))

    with pytest.raises(ReasonMissing):
        absences.stop_today(session, actor_of(who), "  ", now=NOW)
    with pytest.raises(JobRunning):
        absences.stop_today(session, actor_of(who), "unwell", now=NOW)
    assert session.exec(select(TimeOff)).first() is None


def test_slow_roads_make_a_visit_late_that_would_have_been_in_time(session: Session) -> None:
    town = city.build(session)
    who = city.add_technician(session, town, is_online=True)
    following = city.add_order(
        session, town, NOW + timedelta(minutes=35), status=OrderStatus.ACCEPTED, technician_id=who.id, place=north(6),
        paid_at=NOW - timedelta(hours=3), accepted_at=NOW - timedelta(hours=2),
    )  # fmt: skip
    assert delays.watch(session, NOW) == 0

    for _ in range(8):  # others have just needed fifty minutes for six kilometres
        other = city.add_technician(session, town, is_online=True)
        order = city.add_order(
            session, town, NOW - timedelta(hours=1), status=OrderStatus.ARRIVED, technician_id=other.id,
            arrived_at=NOW - timedelta(minutes=5),
        )  # fmt: skip
        session.add(
            Position(
                order_id=order.id,
                technician_id=other.id,
                at=NOW - timedelta(minutes=55),
                lat=north(6)[0],
                lng=north(6)[1],
            )
        )
    session.flush()

    late = delays.watch(session, NOW)
    assert late >= 1
    assert session.get_one(Delay, following.id).minutes >= 5
    shown = board(
        session,
        Actor(user_id=1, role=Role.OPERATOR, operator_role=OperatorRole.ADMIN, city_id=town.city_id),
        locale="zh",
        now=NOW,
    )
    assert 40 <= shown.slow_pct <= 150
