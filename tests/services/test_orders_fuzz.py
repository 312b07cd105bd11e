"""Ten thousand random steps of booking, paying, moving, cancelling and expiring: time and money stay whole after every example."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from servicehub.domain.availability import infeasible_neighbours
from servicehub.domain.order import HOLDING, OrderStatus
from servicehub.domain.timewindow import Window, cells_of, minute_of
from servicehub.errors import ServiceHubError
from servicehub.models.calendars import load_calendars
from servicehub.models.delay import Delay
from servicehub.models.dispatch import Occupancy, Offer
from servicehub.models.order import Order
from servicehub.models.payment import Payment
from servicehub.models.supply import load_named_people, load_service
from servicehub.services import dispatching, ledger, orders, scheduling
from tests import city, journey
from tests.city import CENTRE, KM
from tests.journey import World

STEPS, EXAMPLES, PARTS = 200, 10, 5
OPERATIONS = (
    "book",
    "book",
    "book",
    "pay",
    "pay",
    "late",
    "move",
    "cancel",
    "expire",
    "answer",
    "answer",
    "wait",
    "repair",
)
steps = st.lists(
    st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 999), st.integers(0, 999)), min_size=STEPS, max_size=STEPS
)


@pytest.mark.parametrize("part", range(PARTS))
def test_ten_thousand_random_steps_keep_time_and_money_whole(session: Session, part: int) -> None:
    @seed(part)
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(steps=steps)
    def play(steps: list[tuple[str, int, int]]) -> None:
        with session.begin_nested() as sandbox:
            world = journey.build(session, technicians=3)
            city.add_item(session, world.town, slug="windows", base_minutes=30)
            made: list[Order] = []
            for operation, a, b in steps:
                _step(world, made, operation, a, b)
            _time_is_whole(session, world, made)
            assert ledger.verify(session) == []
            sandbox.rollback()

    play()


def _step(world: World, made: list[Order], operation: str, a: int, b: int) -> None:
    try:
        with world.session.begin_nested():
            _do(world, made, operation, a, b)
    except ServiceHubError:
        world.session.expire_all()  # what the undone step had read is not true any more


def _do(world: World, made: list[Order], operation: str, a: int, b: int) -> None:
    session, now = world.session, world.now
    order = made[a % len(made)] if made else None
    if operation == "wait":
        world.later(minutes=1 + b % 7)
    elif operation == "book":
        made.append(_book(world, a, b))
    elif operation == "expire":
        for order_id in orders.to_ask_about(session, now):
            orders.expire(session, order_id, now=now)
        orders.fire_due(session, now)
        dispatching.expire_due(session, now)
    elif order is None:
        return
    elif operation == "repair":
        _repair(world, order, b)
    elif operation == "pay":
        world.pay(order)
    elif operation == "late":
        _report_again(world, order)
    elif operation == "move":
        orders.reschedule(
            session, world.customer, order.no, order.start_at + timedelta(minutes=30 * (b % 9 - 4)), now=now
        )
    elif operation == "cancel":
        orders.cancel(session, world.customer, order.no, reason="", expected_refund_fen=0, now=now)
    elif operation == "answer":
        dispatching.run_due(session, now)
        _answer(world, b)


def _book(world: World, a: int, b: int) -> Order:
    _move_address(world, a)
    start = world.town.local("2026-03-03 08:00") + timedelta(minutes=30 * (b % 44))
    chosen = world.technicians[a % 3].technician_id if a % 4 else None
    mode, further = "grab" if a % 7 == 0 else "dispatch", (("windows", 1),) if b % 3 == 0 else ()
    return world.book(start_at=start, technician_id=chosen, mode=mode, further=further)


def _report_again(world: World, order: Order) -> None:
    payment = world.session.exec(select(Payment).where(Payment.order_id == order.id)).first()
    if payment is not None:
        world.report(payment)


def _repair(world: World, order: Order, b: int) -> None:
    if order.status is OrderStatus.ACCEPTED:  # as if the forecast said so
        world.session.merge(Delay(order_id=order.id or 0, begins_at=world.now, minutes=30 + b, noted_at=world.now))
    dispatching.repair_due(world.session, world.now)


def _move_address(world: World, a: int) -> None:
    """Orders come from places up to six kilometres apart."""
    address = world.session.get_one(journey.Address, world.address_id)
    address.lat = CENTRE[0] + KM * (a % 7 - 3)
    world.session.add(address)
    world.session.flush()


def _answer(world: World, b: int) -> None:
    offer = world.session.exec(select(Offer).where(Offer.status == "open").order_by(col(Offer.id))).first()
    if offer is None:
        return
    actor = world.technician(offer.technician_id)
    if b % 5 == 0:
        dispatching.decline(world.session, actor, offer.id or 0, "other", now=world.now)
    else:
        dispatching.accept(world.session, actor, offer.id or 0, now=world.now)


def _time_is_whole(session: Session, world: World, made: list[Order]) -> None:
    rows = session.exec(select(Occupancy)).all()
    owned: dict[int, set[int]] = {}
    for row in rows:
        owned.setdefault(row.order_id, set()).add(row.cell)
    for order in made:
        session.refresh(order)
        holds = order.status in HOLDING and order.technician_id is not None
        window = Window(minute_of(order.start_at), minute_of(order.end_at))
        assert owned.pop(order.id or 0, set()) == (set(cells_of(window)) if holds else set()), (order.no, order.status)
    assert owned == {}, "cells without an order"
    for actor in world.technicians:
        _neighbours_are_reachable(session, world, actor.technician_id, made)


def _neighbours_are_reachable(session: Session, world: World, technician_id: int, made: list[Order]) -> None:
    held = [o for o in made if o.technician_id == technician_id and o.status in HOLDING]
    if len(held) < 2:
        return
    visit = scheduling.Visit.of(held[0])
    service = load_service(session, *visit.sold)
    whole = Window(min(minute_of(o.start_at) for o in held), max(minute_of(o.end_at) for o in held))
    people = load_named_people(session, service, [technician_id], customer_id=0, gender=None)
    calendars = load_calendars(
        session, people, whole, service.clock, city_id=service.city_id, category_ids=service.category_ids, now=world.now
    )
    calendar = calendars[technician_id]
    assert infeasible_neighbours(calendar.jobs, calendar.transport, calendar.clock) == []
