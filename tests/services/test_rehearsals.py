"""A policy on past days: who may ask, what history becomes, that the newest counts, and that a stop leaves nothing behind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from servicehub import clock
from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.domain.order import OrderStatus
from servicehub.errors import Invalid, NotAllowed
from servicehub.matching import DEFAULT_WEIGHTS, Policy
from servicehub.models.dispatch import Rehearsal, ReplanStatus
from servicehub.models.order import Order
from servicehub.queries.operator.rehearsal import rehearsal
from servicehub.queries.past import past_days
from servicehub.services import rehearsals
from servicehub.simulation.compare import played
from servicehub.simulation.day import Tactics
from servicehub.simulation.scenario import Scenario
from servicehub.workflows import rehearsing
from tests import city
from tests.city import NOW, Town, north

WANTED = Policy(weights={**DEFAULT_WEIGHTS, "fairness": 2.0}).adopted()


def boss(town: Town, role: OperatorRole = OperatorRole.ADMIN) -> Actor:
    return Actor(user_id=town.customer_id, role=Role.OPERATOR, operator_role=role, city_id=town.city_id)


def with_a_past(session: Session, days: int = 2) -> Town:
    """Three technicians and six orders on each of the last days."""
    town = city.build(session)
    for km in (0.0, 1.0, 2.0):
        city.add_technician(session, town, home=north(km), is_online=True)
    for back in range(1, days + 1):
        for hour in (9, 10, 11, 13, 14, 15):
            start = town.local(f"2026-03-02 {hour:02d}:00") - timedelta(days=back)
            city.add_order(
                session, town, start, place=north(hour % 3), status=OrderStatus.COMPLETED, paid_at=start - timedelta(hours=5),
                started_at=start, finished_at=start + timedelta(minutes=50),
            )  # fmt: skip
    return town


def test_history_becomes_days_with_its_people_orders_and_times(session: Session) -> None:
    town = with_a_past(session)
    never_paid = session.exec(select(Order)).first()
    never_paid.paid_at = None
    session.add(never_paid)

    days = past_days(session, town.city_id, 5, now=NOW)

    assert [len(day.wishes) for day in days] == [5, 6]
    first = days[0]
    assert [c.technician_id for c in first.technicians] == [1, 2, 3]
    assert all(c.calendar.jobs == () and len(c.calendar.shifts) == 1 for c in first.technicians)
    wish = first.wishes[0]
    assert (wish.minutes, wish.duration, wish.slack, wish.start - wish.booked) == (60, 50, 0, 300)
    assert sum(first.usual) == pytest.approx(6.0), "six hours of visits on the other day"


def test_the_same_history_is_the_same_scenario(session: Session) -> None:
    town = with_a_past(session)

    assert past_days(session, town.city_id, 2, now=NOW) == past_days(session, town.city_id, 2, now=NOW)


def test_a_day_is_played_under_both_policies_and_compared(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    town = database.write_now(with_a_past)
    asked = database.write_now(rehearsals.request, boss(town), WANTED, days=3, now=NOW)

    rehearsing.run(database, {"id": asked}, player=played)

    row = database.read_now(lambda session: session.get_one(Rehearsal, asked))
    assert (row.status, row.plays, row.played) == (ReplanStatus.DONE, 6, 5)
    assert row.result["days"] == ["2026-03-01", "2026-02-28"]
    assert set(row.result["policies"]) == {"in_force", "tried", "nearest"}
    assert row.result["policies"]["tried"]["fill_pct"]["mean"] > 0
    page = database.read_now(rehearsal, boss(town), locale="zh")
    assert page.state == "done"
    assert {"成单率 %", "单均路程（分钟）"} <= {r.name for r in page.rows}
    assert "即时单等待（分钟）" not in {r.name for r in page.rows}, "nobody wanted anything at once"
    assert page.rows[0].now == f"{row.result['policies']['in_force']['fill_pct']['mean']:.1f}"

    rehearsing.run(database, {"id": asked}, player=played)  # the job may come twice
    assert database.read_now(lambda session: session.get_one(Rehearsal, asked)).result == row.result


def test_asking_again_or_stopping_ends_the_one_before(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    town = database.write_now(with_a_past)
    first = database.write_now(rehearsals.request, boss(town), WANTED, days=3, now=NOW)
    plays = 0

    def stopping(day: Scenario, how: Tactics) -> dict[str, float]:
        nonlocal plays
        plays += 1
        database.write_now(rehearsals.stop, boss(town), now=NOW)
        return played(day, how)

    rehearsing.run(database, {"id": first}, player=stopping)

    assert plays == 1
    row = database.read_now(lambda session: session.get_one(Rehearsal, first))
    assert (row.status, row.result) == (ReplanStatus.STOPPED, {})


def test_a_crash_is_told_and_may_be_repeated(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    town = database.write_now(with_a_past)
    asked = database.write_now(rehearsals.request, boss(town), WANTED, days=3, now=NOW)

    def crash(_day: Scenario, _how: Tactics) -> dict[str, float]:
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError):
        rehearsing.run(database, {"id": asked}, player=crash)

    assert database.read_now(rehearsal, boss(town), locale="zh").state == "failed"


def test_without_a_past_there_is_nothing_to_play(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    town = database.write_now(city.build)
    asked = database.write_now(rehearsals.request, boss(town), WANTED, days=3, now=NOW)

    rehearsing.run(database, {"id": asked}, player=played)

    page = database.read_now(rehearsal, boss(town), locale="en")
    assert (page.state, page.rows) == ("done", ())
    assert page.text == "There is no past day with enough orders yet."


def test_who_may_not_change_the_policy_may_not_rehearse(session: Session) -> None:
    town = city.build(session)

    with pytest.raises(NotAllowed):
        rehearsals.request(session, boss(town, OperatorRole.SUPPORT), WANTED, days=3, now=NOW)
    with pytest.raises(Invalid):
        rehearsals.request(session, boss(town), WANTED, days=365, now=NOW)
    with pytest.raises(Invalid):
        rehearsals.request(session, boss(town), {"weights": {"charm": 1.0}}, days=3, now=NOW)
