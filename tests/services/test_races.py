"""Everybody at once, on both databases: one slot, one order in the hall. One wins, the others are told what else there is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, func, select

from servicehub.db import Database
from servicehub.domain.access import Actor, Role
from servicehub.domain.channel import Report
from servicehub.domain.order import OrderStatus, PaymentPlan
from servicehub.domain.payment import PaymentStatus, PlanItem
from servicehub.errors import NobodyAvailable, OrderTaken, RefundTooLarge, SlotTaken
from servicehub.models.customer import Address
from servicehub.models.dispatch import Occupancy
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.models.technician import Technician
from servicehub.services import dispatching, ledger, orders, payments
from servicehub.services.orders.booking import CreditUsedUp
from tests import city, journey
from tests.city import NOW
from tests.crowd import at_once
from tests.journey import World


def forty_buyers(session: Session, world: World) -> list[tuple[Actor, int]]:
    """Customers with an address each, all at one place."""
    buyers = [(world.customer, world.address_id)]
    address = session.get_one(Address, world.address_id)
    for _ in range(39):
        user = city.add_user(session, world.town, Role.CUSTOMER)
        copy = Address(**address.model_dump(exclude={"id", "customer_id"}), customer_id=user.id)
        session.add(copy)
        session.flush()
        buyers.append((Actor(user_id=user.id or 0, role=Role.CUSTOMER, city_id=world.town.city_id), copy.id or 0))
    return buyers


def test_two_hundred_bookings_of_one_slot_make_one_order(database: Database) -> None:
    def prepare(session: Session) -> tuple[orders.BookingRequest, list[tuple[Actor, int]]]:
        world = journey.build(session, technicians=1)
        return world.request(technician_id=world.technicians[0].technician_id), forty_buyers(session, world)

    wish, buyers = database.write_now(prepare)

    def attempt(i: int) -> object:
        actor, address_id = buyers[i % len(buyers)]
        return database.write_now(orders.create, actor, replace(wish, address_id=address_id), now=NOW)

    outcomes = at_once(200, attempt)

    assert Counter(type(o) for o in outcomes) == {str: 1, SlotTaken: 199}
    assert all(len(o.params["alternatives"]) == 3 for o in outcomes if isinstance(o, SlotTaken))
    assert database.read_now(_count, Order) == 1
    assert database.read_now(_count, Occupancy) == 4


def test_who_lets_the_platform_choose_pays_only_for_a_time_that_somebody_holds(database: Database) -> None:
    def prepare(session: Session) -> tuple[orders.BookingRequest, list[tuple[Actor, int]]]:
        world = journey.build(session, technicians=3)
        return world.request(), forty_buyers(session, world)

    wish, buyers = database.write_now(prepare)

    def attempt(i: int) -> object:
        actor, address_id = buyers[i]
        return database.write_now(orders.create, actor, replace(wish, address_id=address_id), now=NOW)

    outcomes = at_once(40, attempt)

    assert Counter(type(o) for o in outcomes) == {str: 3, NobodyAvailable: 37}
    assert all(o.params["alternatives"] for o in outcomes if isinstance(o, NobodyAvailable))
    assert len(set(database.read_now(_holders))) == 3
    assert database.read_now(_count, Occupancy) == 3 * 4
    assert database.write_now(orders.fire_due, NOW + timedelta(minutes=15)) == 3
    assert database.read_now(_count, Occupancy) == 0, "unpaid holds end"


def test_crews_never_share_a_person_whoever_books_and_pays_at_once(database: Database) -> None:
    """Forty want a crew of two of seven people at one time: three get one, and keep it when all pay in the same moment."""

    def prepare(session: Session) -> tuple[orders.BookingRequest, list[tuple[Actor, int]]]:
        world = journey.build(session, technicians=7, crew_size=2)
        return world.request(), forty_buyers(session, world)

    wish, buyers = database.write_now(prepare)

    def attempt(i: int) -> object:
        actor, address_id = buyers[i]
        return database.write_now(orders.create, actor, replace(wish, address_id=address_id), now=NOW)

    outcomes = at_once(40, attempt)
    assert Counter(type(o) for o in outcomes) == {str: 3, NobodyAvailable: 37}
    assert len(set(database.read_now(_holders))) == 6

    def reports(session: Session) -> list[Report]:
        found = []
        for i, no in enumerate(outcomes):
            if isinstance(no, str):
                order = session.exec(select(Order).where(Order.no == no)).one()
                item, _due = payments.due(session, order)
                p = payments.open_payment(session, buyers[i][0], order, item, "simulator", "wechat", now=NOW)
                found.append(Report("simulator", f"e{p.no}", "payment", p.no, p.amount_fen, f"c{p.no}"))
        return found

    def pay(session: Session, report: Report) -> None:
        orders.payment_recorded(session, payments.record(session, report, now=NOW), now=NOW)

    paid = database.write_now(reports)
    assert at_once(3, lambda i: database.write_now(pay, paid[i])) == [None] * 3
    statuses = database.read_now(lambda session: list(session.exec(select(Order.status))))
    assert statuses == [OrderStatus.ASSIGNED] * 6
    assert len(set(database.read_now(_holders))) == 6


def test_nobody_gets_in_between_a_payment_and_the_offer(database: Database) -> None:
    """Three people's time is held for three orders; all are paid while 37 others want the same time."""

    def prepare(session: Session) -> tuple[orders.BookingRequest, list[tuple[Actor, int]], list[Report]]:
        world = journey.build(session, technicians=3)
        held = [world.open_payment(world.book()) for _ in range(3)]
        reports = [Report("simulator", f"e{p.no}", "payment", p.no, p.amount_fen, f"c{p.no}") for p in held]
        return world.request(), forty_buyers(session, world), reports

    wish, buyers, reports = database.write_now(prepare)

    def pay(session: Session, report: Report) -> None:
        orders.payment_recorded(session, payments.record(session, report, now=NOW), now=NOW)

    def attempt(i: int) -> object:
        if i % 13 == 0 and i < 39:
            return database.write_now(pay, reports[i // 13])
        actor, address_id = buyers[i]
        return database.write_now(orders.create, actor, replace(wish, address_id=address_id), now=NOW)

    outcomes = at_once(40, attempt)

    assert Counter(type(o) for o in outcomes) == {type(None): 3, NobodyAvailable: 37}
    assert database.read_now(_states) == [OrderStatus.ASSIGNED] * 3
    assert len(set(database.read_now(_holders))) == 3
    assert database.read_now(_count, Occupancy) == 3 * 4


def test_a_hundred_technicians_grab_one_order_and_one_gets_it(database: Database) -> None:
    def prepare(session: Session) -> tuple[str, list[Actor]]:
        world = journey.build(session, technicians=100)
        near_lat, near_lng = city.north(0.5)
        session.execute(sa.update(Technician).values(home_lat=near_lat, home_lng=near_lng))
        session.expire_all()
        order = world.book(mode="grab", start_at=world.town.local("2026-03-03 14:00"))
        world.pay(order)
        return order.no, world.technicians

    no, technicians = database.write_now(prepare)

    outcomes = at_once(
        100, lambda i: database.write_now(dispatching.grab, technicians[i], no, now=NOW + timedelta(seconds=1))
    )

    assert Counter(type(o) for o in outcomes) == {type(None): 1, OrderTaken: 99}
    assert len(set(database.read_now(_holders))) == 1
    assert database.read_now(ledger.verify) == []


def _count(session: Session, table: type) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def _holders(session: Session) -> list[int]:
    return list(session.exec(select(Occupancy.technician_id)))


def _states(session: Session) -> list[OrderStatus]:
    return list(session.exec(select(Order.status)))


def test_credit_is_never_used_twice_by_bookings_at_the_same_moment(database: Database) -> None:
    """Sixty-four bookings of 100 yuan that are paid afterwards, at different times: the limit of 600 lets six through."""

    def prepare(session: Session) -> tuple[Actor, orders.BookingRequest]:
        world = journey.build(session, technicians=1, payment_plan=PaymentPlan.AFTER)
        return world.customer, world.request()

    customer, wish = database.write_now(prepare)
    assert wish.start_at is not None
    starts = [wish.start_at + timedelta(days=i // 8, minutes=75 * (i % 8) - 240) for i in range(64)]

    def attempt(i: int) -> object:
        return database.write_now(orders.create, customer, replace(wish, start_at=starts[i]), now=NOW)

    outcomes = at_once(64, attempt)

    assert sum(isinstance(o, str) for o in outcomes) == 6
    assert CreditUsedUp in {type(o) for o in outcomes}
    assert database.read_now(_count, Order) == 6


def test_a_hundred_refunds_at_once_never_exceed_what_was_paid(database: Database) -> None:
    def prepare(session: Session) -> tuple[Actor, str]:
        world = journey.build(session)
        order = world.finished()
        return journey.operator(world), order.no

    operator, no = database.write_now(prepare)

    def attempt(_i: int) -> object:
        return database.write_now(orders.refund, operator, no, 3_000, reason="late", now=NOW + timedelta(days=2))

    outcomes = at_once(100, attempt)

    assert Counter(type(o) for o in outcomes) == {type(None): 3, RefundTooLarge: 97}
    assert sum(r.amount_fen for r in database.read_now(lambda s: s.exec(select(Refund)).all())) == 9_000
    assert database.read_now(ledger.verify) == []


def test_two_tips_at_once_are_one_and_the_other_goes_back(database: Database) -> None:
    def prepare(session: Session) -> list[Report]:
        world = journey.build(session)
        order = world.completed()
        opened = [
            payments.open_tip(session, world.customer, order, fen, "simulator", "wechat", now=world.now)
            for fen in range(100, 164)
        ]
        return [Report("simulator", f"t{p.no}", "payment", p.no, p.amount_fen, f"c{p.no}") for p in opened]

    reports = database.write_now(prepare)

    def pay(session: Session, report: Report) -> str:
        outcome = payments.record(session, report, now=NOW + timedelta(days=2))
        orders.payment_recorded(session, outcome, now=NOW + timedelta(days=2))
        return outcome.kind.value

    outcomes = at_once(64, lambda i: database.write_now(pay, reports[i]))

    assert Counter(outcomes) == {"paid": 1, "extra": 63}
    tips = select(func.count()).where(Payment.item == PlanItem.TIP, Payment.status == PaymentStatus.KEPT)
    assert database.read_now(lambda s: s.exec(tips).one()) == 1
    assert database.read_now(ledger.verify) == []
