"""What technicians say about themselves, and whom it tells."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from servicehub import bus
from servicehub.domain.order import OrderStatus
from servicehub.domain.technician import TechnicianStatus
from servicehub.errors import Invalid, JobsInside, NotAllowed, NotFound
from servicehub.models.technician import Position, ShiftException, TimeOff, WeeklyShift
from servicehub.services import technicians
from tests.queries.technician_world import NOW, World

LUNCH = datetime.fromisoformat("2026-03-02T12:00:00+08:00")


@pytest.fixture
def world(session: Session) -> World:
    return World(session).build()


def test_going_online_is_noted_and_told(world: World) -> None:
    technicians.set_online(world.session, world.actor, True, now=NOW)
    assert (world.technician.is_online, world.technician.online_at) == (True, NOW)
    assert set(bus.pending(world.session)) == {
        f"technician:{world.technician.id}", f"dispatch:{world.city_id}", f"overview:{world.city_id}", f"positions:{world.city_id}",
    }  # fmt: skip
    technicians.set_online(world.session, world.actor, False, now=NOW)
    assert (world.technician.is_online, world.technician.online_at) == (False, None)


def test_a_suspended_technician_cannot_go_online(world: World) -> None:
    world.technician.status = TechnicianStatus.SUSPENDED
    with pytest.raises(NotAllowed):
        technicians.set_online(world.session, world.actor, True, now=NOW)
    assert not world.technician.is_online


@pytest.mark.parametrize("who", ["as_customer", "operator"])
def test_nobody_else_speaks_for_a_technician(world: World, who: str) -> None:
    with pytest.raises(NotAllowed):
        technicians.set_online(world.session, getattr(world, who), True, now=NOW)


def test_a_position_off_duty_leaves_no_trail(world: World) -> None:
    order = world.order(OrderStatus.ACCEPTED)
    technicians.report_position(world.session, world.actor, 31.2, 121.4, now=NOW)
    assert (world.technician.last_lat, world.technician.last_lng, world.technician.last_seen_at) == (31.2, 121.4, NOW)
    assert world.session.exec(select(Position)).all() == []
    assert f"order:{order.no}" not in bus.pending(world.session)


def test_a_position_on_the_way_moves_the_customers_map_and_leaves_a_thin_trail(world: World) -> None:
    order = world.order(OrderStatus.EN_ROUTE)
    for seconds in (0, 2, 6):
        technicians.report_position(
            world.session, world.actor, 31.2 + seconds, 121.4, now=NOW + timedelta(seconds=seconds)
        )
    trail = world.session.exec(select(Position).order_by(col(Position.at))).all()
    assert [(p.order_id, p.lat) for p in trail] == [(order.id, 31.2), (order.id, 37.2)]
    assert f"order:{order.no}" in bus.pending(world.session)


@pytest.mark.parametrize(("lat", "lng"), [(91.0, 0.0), (0.0, 181.0), (float("nan"), 0.0)])
def test_a_position_that_is_no_place_changes_nothing(world: World, lat: float, lng: float) -> None:
    with pytest.raises(Invalid):
        technicians.report_position(world.session, world.actor, lat, lng, now=NOW)
    assert world.technician.last_lat is None


def test_time_off_over_an_accepted_job_is_refused_and_names_it(world: World) -> None:
    order = world.order(OrderStatus.ACCEPTED, at=LUNCH)
    world.order(OrderStatus.CANCELLED, at=LUNCH + timedelta(hours=3))
    with pytest.raises(JobsInside) as refused:
        technicians.add_time_off(
            world.session, world.actor, LUNCH + timedelta(hours=1), LUNCH + timedelta(hours=9), now=NOW
        )
    assert refused.value.params == {"orders": (order.no,)}
    assert world.session.exec(select(TimeOff)).all() == []


def test_time_off_may_touch_a_job(world: World) -> None:
    world.order(OrderStatus.ACCEPTED, at=LUNCH)
    made = technicians.add_time_off(
        world.session, world.actor, LUNCH + timedelta(hours=2), LUNCH + timedelta(hours=9), " dentist ", now=NOW
    )
    assert world.session.get_one(TimeOff, made).reason == "dentist"
    with pytest.raises(NotFound):
        technicians.remove_time_off(world.session, world.acting(world.other), made, now=NOW)
    technicians.remove_time_off(world.session, world.actor, made, now=NOW)
    assert world.session.exec(select(TimeOff)).all() == []


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (timedelta(hours=-3), timedelta(hours=-1)),
        (timedelta(hours=2), timedelta(hours=1)),
        (timedelta(0), timedelta(days=61)),
        (timedelta(days=200), timedelta(days=201)),
    ],
)
def test_odd_time_off_is_refused(world: World, start: timedelta, end: timedelta) -> None:
    with pytest.raises(Invalid):
        technicians.add_time_off(world.session, world.actor, NOW + start, NOW + end, now=NOW)


def test_a_week_is_replaced(world: World) -> None:
    week = [(0, 540, 1080, False), (0, 720, 780, True), (6, 1320, 1560, False)]
    technicians.set_week(world.session, world.actor, week, now=NOW)
    rows = world.session.exec(select(WeeklyShift).where(WeeklyShift.technician_id == world.technician.id)).all()
    assert sorted((r.weekday, r.start_minute, r.end_minute, r.is_break) for r in rows) == week
    others = world.session.exec(select(WeeklyShift).where(WeeklyShift.technician_id == world.other.id)).all()
    assert len(others) == 14


@pytest.mark.parametrize(
    ("week", "reason"),
    [
        ([(0, 600, 540, False)], "window"),
        ([(0, 605, 700, False)], "window"),
        ([(7, 600, 700, False)], "window"),
        ([(0, 600, 2175, False)], "window"),
        ([(0, 540, 720, False), (0, 705, 900, False)], "overlap"),
        ([(0, 1200, 1800, False), (1, 300, 600, False)], "overlap"),
        ([(6, 1200, 1800, False), (0, 300, 600, False)], "overlap"),
        ([(0, 540, 720, False), (0, 700, 730, True)], "window"),
        ([(0, 540, 720, False), (0, 705, 735, True)], "break"),
        ([(0, 60 * n, 60 * n + 30, False) for n in range(7)], "many"),
    ],
)
def test_an_odd_week_is_refused_and_nothing_changes(world: World, week: list[Any], reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        technicians.set_week(world.session, world.actor, week, now=NOW)
    assert refused.value.params["reason"] == reason
    assert (
        len(world.session.exec(select(WeeklyShift).where(WeeklyShift.technician_id == world.technician.id)).all()) == 14
    )


def test_a_day_gets_other_hours_and_goes_back(world: World) -> None:
    day = date(2026, 3, 5)
    for windows, stored in (([(600, 900)], [(600, 900)]), ([], [(0, 0)]), (None, [])):
        technicians.set_exception(world.session, world.actor, day, windows, now=NOW)
        rows = world.session.exec(select(ShiftException)).all()
        assert [(r.start_minute, r.end_minute) for r in rows] == stored


def test_shorter_hours_must_leave_room_for_accepted_jobs(world: World) -> None:
    order = world.order(OrderStatus.ACCEPTED, at=LUNCH)
    with pytest.raises(JobsInside) as refused:
        technicians.set_exception(world.session, world.actor, date(2026, 3, 2), [(540, 780)], now=NOW)
    assert refused.value.params == {"orders": (order.no,)}
    technicians.set_exception(world.session, world.actor, date(2026, 3, 2), [(720, 840)], now=NOW)
    with pytest.raises(Invalid):
        technicians.set_exception(world.session, world.actor, date(2026, 3, 1), [], now=NOW)
