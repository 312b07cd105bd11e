"""A visit that would be too late goes to somebody in time: only when it is sure to help, and nobody is punished for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from servicehub.db.database import Database
from servicehub.domain.access import Actor, Role
from servicehub.domain.order import OrderMode, OrderStatus
from servicehub.domain.technician import CellKind
from servicehub.matching import Policy as Weights
from servicehub.models.catalog import Policy
from servicehub.models.customer import Notice
from servicehub.models.delay import Delay
from servicehub.models.dispatch import DispatchDecision, Occupancy, Offer
from servicehub.models.order import Order, OrderLog
from servicehub.models.situations import DISPATCH_KIND
from servicehub.models.technician import Technician
from servicehub.services import delays, dispatching, fulfilment, scheduling
from tests import city
from tests.city import NOW, Town, north
from tests.crowd import at_once
from tests.journey import actor_of


class Late:
    """Somebody whose visit lasts, the next visit that he cannot make, and others who could."""

    def __init__(self, session: Session, *, others: int = 2, **order: object) -> None:
        self.session, self.town = session, city.build(session)
        self.held_up = city.add_technician(session, self.town, is_online=True)
        self.running = city.add_order(
            session, self.town, NOW - timedelta(minutes=60), status=OrderStatus.IN_SERVICE, technician_id=self.held_up.id,
            started_at=NOW - timedelta(minutes=5),
        )  # fmt: skip
        self.order = city.add_order(
            session, self.town, NOW + timedelta(minutes=45), status=OrderStatus.ACCEPTED, technician_id=self.held_up.id,
            place=north(3), paid_at=NOW - timedelta(hours=3), accepted_at=NOW - timedelta(hours=2), **order,
        )  # fmt: skip
        scheduling.claim(
            session, technician_id=self.held_up.id or 0, order=self.order, kind=CellKind.JOB, now=NOW, limited=False
        )
        self.others = [
            city.add_technician(session, self.town, home=north(3 + n / 10), is_online=True) for n in range(others)
        ]
        delays.watch(session, NOW)

    def repair(self) -> int:
        return dispatching.repair_due(self.session, NOW)

    def holders(self) -> set[int]:
        rows = self.session.exec(select(Occupancy.technician_id).where(Occupancy.order_id == self.order.id))
        return set(rows)


def adopt(session: Session, town: Town, **changes: int) -> None:
    document = Weights(**changes).adopted()
    session.add(Policy(city_id=town.city_id, kind=DISPATCH_KIND, version=1, document=document, effective_at=NOW))
    session.flush()


def test_somebody_in_time_is_asked_and_holds_the_time(session: Session) -> None:
    late = Late(session)
    assert session.get_one(Delay, late.order.id).minutes >= 30

    assert late.repair() == 1

    order, new = late.order, late.others[0].id
    assert (order.status, order.technician_id, order.accepted_at) == (OrderStatus.ASSIGNED, new, None)
    assert late.holders() == {new}
    offer = session.exec(select(Offer).where(Offer.order_id == order.id)).one()
    assert offer.technician_id == new
    decision = session.exec(select(DispatchDecision)).one()
    assert (decision.how, decision.technician_id) == ("repair", new)
    log = session.exec(select(OrderLog).where(OrderLog.order_id == order.id, OrderLog.event == "reassign")).one()
    assert (log.actor_role, log.reason) == (Role.SYSTEM, "late")


def test_both_are_told_and_nobody_is_blamed(session: Session) -> None:
    late = Late(session)
    before = late.held_up.offers_feasible, late.held_up.offers_accepted

    late.repair()

    told = {
        (n.user_id, n.kind)
        for n in session.exec(select(Notice).where(col(Notice.kind).in_(("late_away", "repairing"))))
    }
    assert told == {(late.held_up.user_id, "late_away"), (late.order.customer_id, "repairing")}
    session.refresh(late.held_up)
    assert (late.held_up.offers_feasible, late.held_up.offers_accepted) == before


def test_the_substitute_accepts_and_all_is_well(session: Session) -> None:
    late = Late(session)
    late.repair()
    offer = session.exec(select(Offer).where(Offer.order_id == late.order.id)).one()

    dispatching.accept(session, actor_of(late.others[0]), offer.id or 0, now=NOW + timedelta(seconds=10))

    assert late.order.status is OrderStatus.ACCEPTED
    delays.watch(session, NOW + timedelta(seconds=20))
    assert session.exec(select(Delay)).all() == []
    assert late.repair() == 0


def test_who_declines_is_followed_by_the_next_one(session: Session) -> None:
    late = Late(session)
    late.repair()
    offer = session.exec(select(Offer).where(Offer.order_id == late.order.id)).one()

    dispatching.decline(session, actor_of(late.others[0]), offer.id or 0, "too_far", now=NOW + timedelta(seconds=10))
    dispatching.run_due(session, NOW + timedelta(seconds=11))

    assert (late.order.status, late.order.technician_id) == (OrderStatus.ASSIGNED, late.others[1].id)


def test_who_took_it_from_the_hall_is_not_asked_again(session: Session) -> None:
    late = Late(session)
    session.add(
        DispatchDecision(
            order_id=late.order.id, round=1, at=NOW - timedelta(hours=2), how="grab", technician_id=late.held_up.id,
            candidates=[], policy={},
        )
    )  # fmt: skip
    late.repair()

    for other in late.others:
        offer = session.exec(
            select(Offer).where(Offer.order_id == late.order.id, Offer.technician_id == other.id)
        ).one()
        dispatching.decline(session, actor_of(other), offer.id or 0, "too_far", now=NOW + timedelta(seconds=10))
        dispatching.run_due(session, NOW + timedelta(seconds=11))

    asked = set(session.exec(select(Offer.technician_id).where(Offer.order_id == late.order.id)))
    assert asked == {other.id for other in late.others}
    assert (late.order.status, late.order.technician_id) == (OrderStatus.MATCHING, None)


@pytest.mark.parametrize("others", [0, 1])
def test_without_a_second_choice_nothing_is_risked(session: Session, others: int) -> None:
    late = Late(session, others=others)

    assert late.repair() == 0
    assert (late.order.status, late.holders()) == (OrderStatus.ACCEPTED, {late.held_up.id})


def test_who_is_offline_or_late_himself_is_no_help(session: Session) -> None:
    late = Late(session, others=3)
    late.others[0].is_online = False
    held_up_too = city.add_order(
        session, late.town, NOW + timedelta(hours=4), status=OrderStatus.ACCEPTED, technician_id=late.others[1].id
    )
    session.add(Delay(order_id=held_up_too.id or 0, begins_at=NOW, minutes=5, noted_at=NOW))
    session.add(late.others[0])
    session.flush()

    assert late.repair() == 0


def test_a_customer_who_asked_for_a_person_decides_for_himself(session: Session) -> None:
    late = Late(session)
    late.order.requested_technician_id, late.order.mode = late.held_up.id, OrderMode.CHOOSE
    session.add(late.order)
    session.flush()

    assert late.repair() == 0


def test_who_has_set_out_goes_on(session: Session) -> None:
    late = Late(session)
    late.order.status = OrderStatus.EN_ROUTE
    session.add(late.order)
    session.flush()

    assert late.repair() == 0


@pytest.mark.parametrize(("bound", "repaired"), [(0, 0), (20, 1), (200, 0)])
def test_the_policy_says_how_late_is_too_late(session: Session, bound: int, repaired: int) -> None:
    late = Late(session)
    adopt(session, late.town, repair_minutes=bound)

    assert late.repair() == repaired


def test_two_late_visits_go_to_two_people(session: Session) -> None:
    late = Late(session, others=3)
    second = city.add_order(
        session, late.town, late.order.start_at, status=OrderStatus.ACCEPTED, technician_id=late.held_up.id, place=north(3),
        paid_at=NOW - timedelta(hours=3), accepted_at=NOW - timedelta(hours=2),
    )  # fmt: skip
    session.add(Delay(order_id=second.id or 0, begins_at=NOW + timedelta(hours=2), minutes=90, noted_at=NOW))
    session.flush()

    assert late.repair() == 2
    assert late.order.technician_id != second.technician_id
    people = {t.id for t in session.exec(select(Technician))}
    assert {late.order.technician_id, second.technician_id} <= people - {late.held_up.id}
    assert session.get_one(Order, second.id).status is OrderStatus.ASSIGNED


def test_setting_out_and_being_replaced_at_once_is_one_of_both(database: Database) -> None:
    def prepare(session: Session) -> tuple[Actor, str, int]:
        late = Late(session)
        return actor_of(late.held_up), late.order.no, late.order.id or 0

    actor, no, order_id = database.write_now(prepare)

    def attempt(i: int) -> object:
        if i % 2:
            return database.write_now(dispatching.repair_due, NOW)
        return database.write_now(fulfilment.depart, actor, no, now=NOW)

    outcomes = at_once(20, attempt)

    def check(session: Session) -> None:
        order = session.get_one(Order, order_id)
        holders = set(session.exec(select(Occupancy.technician_id).where(Occupancy.order_id == order_id)))
        offers = session.exec(select(Offer).where(Offer.order_id == order_id)).all()
        assert holders == {order.technician_id}
        replaced = sum(outcome == 1 for outcome in outcomes)
        assert (order.status, replaced, len(offers)) in (
            (OrderStatus.EN_ROUTE, 0, 0),
            (OrderStatus.ASSIGNED, 1, 1),
        )

    database.read_now(check)
