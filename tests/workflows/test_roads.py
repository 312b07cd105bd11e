"""The weekly table of ways: asked when due, kept as a whole, read by the calendar, the batch and the forecast alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pytest
from numpy.typing import NDArray
from sqlmodel import Session, col, select

from servicehub.db import Database
from servicehub.domain.calendar import WhyNot
from servicehub.domain.geo import Point
from servicehub.domain.technician import CellKind, Transport
from servicehub.domain.travel import OFFLINE, SPEEDS, Zones
from servicehub.errors import SlotUnavailable, Unavailable
from servicehub.jobs import ticks
from servicehub.jobs.registry import duties
from servicehub.models.situations import load_situations
from servicehub.models.traffic import RoadTable, load_travel
from servicehub.services import roads, scheduling
from servicehub.workflows.roads import refresh
from tests import city
from tests.city import NOW, Town


class River:
    """From one half of the city to the other it takes three times as long; buses are not known."""

    name = "river"

    def __init__(self, *, works: bool = True) -> None:
        self.asked, self.works = 0, works

    def minutes(self, places: Sequence[Point], transport: Transport) -> NDArray[np.float64] | None:
        self.asked += 1
        if not self.works:
            raise Unavailable("the server sleeps")
        if transport is Transport.TRANSIT:
            return None
        fixed = SPEEDS[transport].fixed_minutes
        usual = np.array([[OFFLINE.leg(a, b, transport).calm_minutes - fixed for b in places] for a in places])
        south = np.array([place.lat < city.CENTRE[0] for place in places])
        return usual * np.where(south[:, None] == south[None, :], 1.0, 3.0)


@pytest.fixture
def town(database: Database) -> Town:
    return database.write_now(lambda session, **_: city.build(session))


def tables(session: Session) -> list[RoadTable]:
    return list(session.exec(select(RoadTable).order_by(col(RoadTable.id))))


def test_a_table_is_asked_for_once_a_week(database: Database, town: Town) -> None:
    river = River()

    assert refresh(database, NOW, source=river) == 1
    assert refresh(database, NOW + timedelta(days=6), source=river) == 0
    assert refresh(database, NOW + timedelta(days=7), source=river) == 1

    assert river.asked == 2 * len(Transport)
    assert [table.source for table in database.read_now(tables)] == ["river", "river"]
    assert database.read_now(load_travel, town.city_id).zones.rows == roads.SIDE


def test_only_a_few_old_tables_are_kept_and_the_newest_counts(database: Database, town: Town) -> None:
    zones = Zones.around(Point(*city.CENTRE), 5_000, 2)
    for n in range(5):
        factors = np.full((len(Transport), 4, 4), 1.0 + n / 10)
        database.write_now(roads.store, town.city_id, "river", zones, factors, now=NOW + timedelta(days=n))

    assert len(database.read_now(tables)) == roads.KEPT
    assert database.read_now(load_travel, town.city_id).factors.max() == pytest.approx(1.4)
    assert database.read_now(load_travel, 10**6) is OFFLINE


@pytest.mark.usefixtures("town")
def test_a_server_that_sleeps_changes_nothing(database: Database) -> None:
    assert refresh(database, NOW, source=River(works=False)) == 0
    assert database.read_now(tables) == []


@pytest.mark.usefixtures("town")
def test_without_a_server_nobody_is_asked(database: Database) -> None:
    (duty,) = (duty for duty in duties() if duty.name == ticks.renew_road_tables.__name__)

    assert duty.run(database, NOW) == 0


def test_a_way_across_the_river_is_refused_by_the_calendar_and_the_batch(database: Database, town: Town) -> None:
    def visits(session: Session) -> tuple[str, int]:
        """Why the second visit cannot follow the first, half an hour later and three kilometres north; who could make it."""
        trial = session.begin_nested()
        worker = city.add_technician(session, town, home=city.north(-1.5), is_online=True)
        first = city.add_order(session, town, town.local("2026-03-03 10:00"), place=city.north(-1.5))
        second = city.add_order(session, town, town.local("2026-03-03 11:30"), place=city.north(1.5))
        scheduling.claim(session, technician_id=worker.id or 0, order=first, kind=CellKind.JOB, now=NOW)
        ranking = load_situations(session, [second], now=NOW)[second.id or 0].ranking()
        why = ""
        try:
            with session.begin_nested():
                scheduling.claim(session, technician_id=worker.id or 0, order=second, kind=CellKind.JOB, now=NOW)
        except SlotUnavailable as refused:
            why = refused.params["reason"]
        trial.rollback()
        return why, len(ranking)

    assert database.write_now(visits) == ("", 1), "by the formula alone"
    refresh(database, NOW, source=River())
    assert database.write_now(visits) == (WhyNot.TRAVEL_BEFORE.value, 0)
