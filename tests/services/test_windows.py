"""Visits that may begin later: the price is the same, the plan may use it until the visit is firm, the customer hears the time."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from servicehub.db.database import Database
from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.domain.order import OrderStatus
from servicehub.domain.technician import CellKind
from servicehub.domain.timewindow import minute_of
from servicehub.errors import Invalid
from servicehub.matching.replan import Replan as Answer
from servicehub.models.catalog import Policy
from servicehub.models.customer import Notice
from servicehub.models.dispatch import Occupancy
from servicehub.models.order import Order
from servicehub.queries import visit
from servicehub.queries.customer import progress
from servicehub.queries.operator.planning import plan_ahead
from servicehub.services import orders, scheduling, transitions
from servicehub.services.dispatching import planning
from servicehub.viewmodels.customer.draft import Draft
from servicehub.workflows import replanning
from servicehub.workflows.quoting import quoted
from tests import city, journey
from tests.city import NOW, Town, north
from tests.journey import World

FAR_AHEAD = "2026-03-06 14:00"
"""Four days from now."""
HOUR = timedelta(hours=1)


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def booked(world: World, when: str = FAR_AHEAD, minutes: int = 120, **changes: object) -> Order:
    return world.book(start_at=world.town.local(when), flexible_minutes=minutes, **changes)


def test_the_window_reaches_as_far_as_the_customer_allows(world: World) -> None:
    order = booked(world)

    assert (order.window_from, order.window_until) == (order.start_at, order.start_at + 2 * HOUR)
    assert booked(world, "2026-03-06 09:00", 0).window_until is None
    with pytest.raises(Invalid):
        booked(world, "2026-03-06 11:00", 90)


def test_it_ends_where_another_price_would_begin(world: World) -> None:
    """From ten at night on a fee is taken."""
    policy = world.session.get_one(Policy, world.town.policy_id)
    fees = {
        **policy.document.get("fees", {}),
        "night_fen": 3000,
        "night_from_minute": 15 * 60,
        "night_until_minute": 420,
    }
    policy.document = {**policy.document, "fees": fees}
    world.session.add(policy)
    world.session.flush()

    order = booked(world)

    assert order.window_until == world.town.local("2026-03-06 14:30")


def test_a_person_asked_for_and_as_soon_as_possible_have_none(world: World) -> None:
    assert booked(world, technician_id=world.technicians[0].technician_id).window_from is None
    assert world.book(start_at=None, flexible_minutes=60).window_from is None


def test_a_crew_comes_at_its_time(session: Session) -> None:
    assert booked(journey.build(session, technicians=3, crew_size=2)).window_from is None


def test_the_database_keeps_the_start_inside(world: World) -> None:
    order = booked(world)

    with pytest.raises(IntegrityError), world.session.begin_nested():
        transitions.amend(world.session, order, start_at=order.start_at - HOUR, end_at=order.end_at - HOUR)


def test_moving_the_visit_by_hand_promises_the_time(world: World) -> None:
    order = booked(world)
    world.pay(order)

    orders.reschedule(world.session, world.customer, order.no, order.start_at + 5 * HOUR / 2, now=world.now)

    assert (order.window_from, order.window_until) == (None, None)


def test_the_customer_reads_the_window_and_hears_the_time_when_it_is_firm(world: World) -> None:
    order = booked(world)
    world.pay(order)
    assert order.status is OrderStatus.MATCHING
    said = progress.hint("en", order, "", world.now, "Asia/Shanghai")
    assert "between" in said
    assert "16:00" in said
    assert visit.when("zh", order, world.now, "Asia/Shanghai").endswith("14:00–16:00 之间开始（待定）")

    later = {name: getattr(order, name) + HOUR for name in ("start_at", "end_at", "dispatch_at")}
    transitions.amend(world.session, order, **later)
    world.firm(order)

    assert order.status is OrderStatus.ASSIGNED
    assert visit.when("zh", order, world.now, "Asia/Shanghai").endswith("15:00–16:00")
    (notice,) = world.session.exec(select(Notice).where(Notice.kind == "time_set")).all()
    assert notice.user_id == order.customer_id
    assert notice.params["start_at"] == order.start_at.isoformat()


def test_who_has_no_window_hears_of_no_time(world: World) -> None:
    order = booked(world, minutes=0)
    world.pay(order)
    world.firm(order)

    assert world.session.exec(select(Notice).where(Notice.kind == "time_set")).all() == []


@pytest.mark.parametrize(
    ("when", "changes", "may"),
    [(FAR_AHEAD, {}, True), ("2026-03-03 14:00", {}, False), (FAR_AHEAD, {"technician": 1}, False), ("", {}, False)],
)
def test_a_window_is_offered_where_it_can_be_used(
    world: World, when: str, changes: dict[str, int], *, may: bool
) -> None:
    slug = world.session.get_one(city.ServiceItem, world.town.item_id).slug
    start = world.town.local(when).isoformat() if when else ""

    draft = Draft(service=slug, quantity=1, start=start, flexible=60, **changes)

    assert quoted(world.session, world.customer, draft, 0, locale="zh", now=world.now).may_flex is may


# --- the plan ---------------------------------------------------------------------------------------------------------


def apart(session: Session) -> tuple[Town, list[int], int]:
    """Two visits next door at one time, each held by somebody; one could do both if the second began an hour later."""
    town = city.build(session)
    near = city.add_technician(session, town, home=north(0.0), is_online=True)
    far = city.add_technician(session, town, home=north(9.0), is_online=True)
    when = town.local(FAR_AHEAD)
    found = []
    for technician, window in ((near, {}), (far, {"window_from": when, "window_until": when + 2 * HOUR})):
        order = city.add_order(session, town, when, dispatch_at=when - 48 * HOUR, **window)
        scheduling.claim(
            session, technician_id=technician.id or 0, order=order, kind=CellKind.HOLD, now=NOW, limited=False
        )
        found.append(order.id or 0)
    return town, found, near.id or 0


def dispatcher(town: Town) -> Actor:
    return Actor(
        user_id=town.customer_id, role=Role.OPERATOR, operator_role=OperatorRole.DISPATCHER, city_id=town.city_id
    )


def test_the_plan_begins_a_visit_later_where_that_saves_a_way(database: Database) -> None:
    town, ids, near = database.write_now(apart)
    database.write_now(planning.request, dispatcher(town), now=NOW)

    assert replanning.run_queued(database, NOW, solver=replanning.here) == 1

    def check(session: Session) -> None:
        when = town.local(FAR_AHEAD)
        first, second = (session.get_one(Order, order_id) for order_id in ids)
        assert (first.start_at, scheduling.holder(session, ids[0])) == (when, near)
        assert scheduling.holder(session, ids[1]) == near
        assert when + HOUR <= second.start_at <= when + 2 * HOUR
        assert second.end_at - second.start_at == HOUR
        assert second.dispatch_at == second.start_at - 48 * HOUR
        assert second.deadline_at == second.start_at - HOUR
        cells = {c.cell for c in session.exec(select(Occupancy).where(Occupancy.order_id == ids[1]))}
        assert min(cells) * 15 == minute_of(second.start_at)
        page = plan_ahead(session, dispatcher(town), locale="en", now=NOW)
        (move,) = page.runs[0].moves
        assert move.after.endswith(second.start_at.astimezone(ZoneInfo(town.zone)).strftime("%H:%M"))
        assert any("may begin 14:00–16:00" in row.visit for row in page.visits)

    database.read_now(check)


def test_when_the_time_is_gone_meanwhile_nothing_changes(database: Database) -> None:
    town, ids, near = database.write_now(apart)
    database.write_now(planning.request, dispatcher(town), now=NOW)

    def solver(question: planning.Question, stopped: object) -> Answer | None:
        answer = replanning.here(question, stopped)  # type: ignore[arg-type]

        def take(session: Session) -> None:
            """Somebody books the afternoon of the one who should do both."""
            order = city.add_order(session, town, town.local("2026-03-06 15:00"), minutes=180)
            scheduling.claim(session, technician_id=near, order=order, kind=CellKind.JOB, now=NOW, limited=False)

        database.write_now(take)
        return answer

    assert replanning.run_queued(database, NOW, solver=solver) == 0

    def check(session: Session) -> None:
        second = session.get_one(Order, ids[1])
        assert second.start_at == town.local(FAR_AHEAD)
        assert scheduling.holder(session, ids[1]) not in (None, near)

    database.read_now(check)
