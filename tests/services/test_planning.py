"""Visits that are not firm: planned without telling anybody, exchanged where it pays, asked when they become firm."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from servicehub.db.database import Database
from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.domain.order import OrderMode, OrderStatus
from servicehub.domain.technician import CellKind
from servicehub.errors import NotAllowed, NotFound
from servicehub.matching.replan import Replan as Answer
from servicehub.models.audit import AuditEntry
from servicehub.models.dispatch import DispatchDecision, Occupancy, Offer, Replan, ReplanStatus
from servicehub.models.order import Order
from servicehub.services import dispatching, scheduling, transitions
from servicehub.services.dispatching import planning
from servicehub.workflows import replanning
from tests import city
from tests.city import NOW, Town, north

FAR_AHEAD = "2026-03-06 14:00"
"""Four days from now."""


def dispatcher(town: Town, role: OperatorRole = OperatorRole.DISPATCHER) -> Actor:
    return Actor(user_id=town.customer_id, role=Role.OPERATOR, operator_role=role, city_id=town.city_id)


def crossed(session: Session) -> tuple[Town, list[int], list[int]]:
    """Two planned visits at one time, each held by the technician who lives at the other's door."""
    town = city.build(session)
    people = [city.add_technician(session, town, home=north(km), is_online=True).id or 0 for km in (0.0, 6.0)]
    when = town.local(FAR_AHEAD)
    orders = []
    for km, technician_id in ((6.0, people[0]), (0.0, people[1])):
        order = city.add_order(session, town, when, place=north(km), dispatch_at=when - timedelta(hours=48))
        scheduling.claim(
            session, technician_id=technician_id, order=order, kind=CellKind.HOLD, now=NOW, limited=False
        )  # fmt: skip
        orders.append(order.id or 0)
    return town, orders, people


def held(session: Session, orders: list[int]) -> list[int | None]:
    return [scheduling.holder(session, order_id) for order_id in orders]


def test_a_visit_far_ahead_is_planned_and_nobody_is_told(session: Session) -> None:
    town = city.build(session)
    near = city.add_technician(session, town, home=north(1.0), is_online=True)
    city.add_technician(session, town, home=north(5.0), is_online=True)
    when = town.local(FAR_AHEAD)
    order = city.add_order(session, town, when, dispatch_at=NOW)

    assert dispatching.run_due(session, NOW) == 1

    assert (order.status, order.technician_id, order.mode) == (OrderStatus.MATCHING, None, OrderMode.DISPATCH)
    assert order.dispatch_at == when - timedelta(hours=48)
    assert scheduling.holder(session, order.id or 0) == near.id
    assert {c.kind for c in session.exec(select(Occupancy))} == {CellKind.HOLD}
    assert session.exec(select(Offer)).all() == []
    decision = session.exec(select(DispatchDecision)).one()
    assert (decision.how, decision.technician_id, decision.passed) == ("planned", near.id, 2)

    assert dispatching.run_due(session, NOW + timedelta(hours=1)) == 0, "it is not due before it becomes firm"
    assert dispatching.run_due(session, order.dispatch_at) == 1
    assert (order.status, order.technician_id) == (OrderStatus.ASSIGNED, near.id)


@pytest.mark.parametrize("values", [{"is_immediate": True}, {"priority": 1}, {"mode": OrderMode.CHOOSE}])
def test_what_cannot_wait_is_firm_at_once(session: Session, values: dict[str, Any]) -> None:
    town = city.build(session)
    only = city.add_technician(session, town, is_online=True)
    chosen = {"requested_technician_id": only.id} if "mode" in values else {}
    order = city.add_order(session, town, town.local(FAR_AHEAD), dispatch_at=NOW, **values, **chosen)

    dispatching.run_due(session, NOW)

    assert order.status is OrderStatus.ASSIGNED


def test_planned_visits_are_exchanged_where_it_pays_and_say_why(database: Database) -> None:
    town, orders, people = database.write_now(crossed)
    replan_id = database.write_now(planning.request, dispatcher(town), now=NOW)

    assert replanning.run_queued(database, NOW, solver=replanning.here) == 2

    def check(session: Session) -> None:
        assert held(session, orders) == [people[1], people[0]]
        run = session.get_one(Replan, replan_id)
        assert (run.status, run.orders) == (ReplanStatus.DONE, 2)
        assert (run.result["before"]["way_minutes"], run.result["after"]["way_minutes"]) == (4 * 33, 0)
        numbers = [session.get_one(Order, order_id).no for order_id in orders]
        assert run.result["moves"] == [
            {"no": numbers[0], "from_id": people[0], "to_id": people[1]},
            {"no": numbers[1], "from_id": people[1], "to_id": people[0]},
        ]
        decisions = session.exec(select(DispatchDecision).order_by(DispatchDecision.order_id)).all()
        assert [(d.how, d.technician_id) for d in decisions] == [("replanned", people[1]), ("replanned", people[0])]
        assert session.exec(select(AuditEntry.action)).all() == ["dispatch.replan"]
        assert {o.version for o in session.exec(select(Order))} == {2}, "whoever read them before must read again"

    database.read_now(check)
    assert replanning.run_queued(database, NOW) == 0


def test_an_answer_to_yesterdays_question_moves_nothing(database: Database) -> None:
    town, orders, people = database.write_now(crossed)
    database.write_now(planning.request, dispatcher(town), now=NOW)

    def meanwhile(question: planning.Question, _stopped: object) -> Answer:
        def edit(session: Session) -> None:
            transitions.amend(session, session.get_one(Order, orders[0]), round=1)

        database.write_now(edit)
        return replanning.here(question, lambda: False)

    assert replanning.run_queued(database, NOW, solver=meanwhile) == 0

    run = database.read_now(lambda session: session.exec(select(Replan)).one())
    assert (run.status, run.result["moves"], run.result["gain_s"]) == (ReplanStatus.DONE, [], 0)
    assert database.read_now(held, orders) == people


def test_time_that_somebody_took_meanwhile_is_not_taken_again(database: Database) -> None:
    town, orders, people = database.write_now(crossed)
    database.write_now(planning.request, dispatcher(town), now=NOW)

    def meanwhile(question: planning.Question, _stopped: object) -> Answer:
        answer = replanning.here(question, lambda: False)

        def take(session: Session) -> None:
            late = city.add_order(session, town, town.local("2026-03-06 15:15"), place=north(0.0))
            scheduling.claim(session, technician_id=people[1], order=late, kind=CellKind.JOB, now=NOW)

        database.write_now(
            take
        )  # from the door he is held for now he gets there in time; after an exchange he would not
        return answer

    assert replanning.run_queued(database, NOW, solver=meanwhile) == 0
    assert database.read_now(held, orders) == people


def test_a_search_that_breaks_ends_its_run_and_frees_the_next(database: Database) -> None:
    town, orders, people = database.write_now(crossed)
    database.write_now(planning.request, dispatcher(town), now=NOW)

    with pytest.raises(ZeroDivisionError):
        replanning.run_queued(database, NOW, solver=lambda *_: 1 / 0)  # type: ignore[arg-type,return-value]

    assert database.read_now(lambda s: s.exec(select(Replan.status)).all()) == [ReplanStatus.FAILED]
    database.write_now(planning.request, dispatcher(town), now=NOW)
    assert replanning.run_queued(database, NOW, solver=replanning.here) == 2
    assert database.read_now(held, orders) == people[::-1]


def test_asked_twice_it_runs_once_and_may_be_stopped(session: Session) -> None:
    town, _orders, _people = crossed(session)
    actor = dispatcher(town)
    first = planning.request(session, actor, now=NOW)

    assert planning.request(session, actor, now=NOW) == first
    planning.stop(session, actor, first)
    assert planning.is_stopped(session, first)
    with pytest.raises(NotFound):
        planning.stop(
            session, Actor(user_id=1, role=Role.OPERATOR, operator_role=OperatorRole.DISPATCHER, city_id=9), first
        )
    with pytest.raises(NotAllowed):
        planning.request(session, dispatcher(town, OperatorRole.FINANCE), now=NOW)
    begun = planning.begin(session, NOW)
    assert begun is not None
    planning.finish(session, first, begun[1], replanning.here(begun[1], lambda: True), now=NOW)
    assert session.get_one(Replan, first).status is ReplanStatus.STOPPED
    with pytest.raises(NotFound):
        planning.stop(session, actor, first)


def test_of_many_who_ask_at_once_all_get_the_same_run(database: Database) -> None:
    town, _orders, _people = database.write_now(crossed)

    with ThreadPoolExecutor(12) as pool:
        runs = list(pool.map(lambda _n: database.write_now(planning.request, dispatcher(town), now=NOW), range(24)))

    assert len(set(runs)) == 1
    assert database.read_now(lambda s: s.exec(select(Replan.id)).all()) == runs[:1]
    assert database.read_now(lambda s: len(s.exec(select(AuditEntry.id)).all())) == 1


def test_the_platform_plans_anew_by_itself_now_and_then(session: Session) -> None:
    crossed(session)

    assert planning.queue_due(session, NOW) == 1
    assert planning.queue_due(session, NOW + timedelta(minutes=10)) == 0, "one is open"
    assert planning.begin(session, NOW) is not None
    assert planning.queue_due(session, NOW + planning.LOST_AFTER + timedelta(seconds=1)) == 1, "that one died"
    statuses = session.exec(select(Replan.status).order_by(Replan.id)).all()
    assert statuses == [ReplanStatus.FAILED, ReplanStatus.QUEUED]


def test_the_search_runs_in_a_process_of_its_own(session: Session) -> None:
    town, _orders, people = crossed(session)
    planning.request(session, dispatcher(town), now=NOW)
    begun = planning.begin(session, NOW)
    assert begun is not None

    answer = replanning.in_a_process(begun[1], lambda: False)

    assert answer == replanning.here(begun[1], lambda: False)
    assert {move.to_id for move in answer.moves} == set(people)
