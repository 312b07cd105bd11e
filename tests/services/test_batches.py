"""A whole batch of orders: the best total choice, nobody twice, reasons for each, and one bad order that stops no other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, col, func, select

from servicehub.db.database import Database
from servicehub.domain.offer import OfferStatus
from servicehub.domain.order import OrderMode, OrderStatus
from servicehub.domain.technician import CellKind
from servicehub.domain.timewindow import instant_of
from servicehub.models.customer import Notice
from servicehub.models.dispatch import DispatchDecision, Occupancy, Offer, TechnicianDay
from servicehub.models.order import Order, OrderLog
from servicehub.models.technician import PairBlock, Technician, TimeOff
from servicehub.services import dispatching, scheduling, settlements
from tests import city
from tests.city import NOW, Town, north

TWO_PM = "2026-03-03 14:00"


def due(session: Session, town: Town, km: float = 0.0, **values: object) -> Order:
    """A paid order that waits for somebody."""
    return city.add_order(session, town, town.local(TWO_PM), place=north(km), dispatch_at=NOW, **values)


def online(session: Session, town: Town, km: float, **values: object) -> Technician:
    return city.add_technician(session, town, home=north(km), is_online=True, **values)


def test_the_batch_is_chosen_as_a_whole_and_says_why(database: Database) -> None:
    def prepare(session: Session) -> tuple[int, int, int, int]:
        town = city.build(session)
        middle, far = online(session, town, 2.0), online(session, town, -5.0)
        first, second = due(session, town), due(session, town, 4.0)
        return first.id or 0, second.id or 0, middle.id or 0, far.id or 0

    first_id, second_id, middle_id, far_id = database.write_now(prepare)

    assert database.write_now(dispatching.run_due, NOW) == 2

    def check(session: Session) -> None:
        chosen = {o.id: o.technician_id for o in session.exec(select(Order))}
        assert chosen == {first_id: far_id, second_id: middle_id}, (
            "one by one, the first would have taken the middle one"
        )
        assert {o.status for o in session.exec(select(Order))} == {OrderStatus.ASSIGNED}
        for order_id, technician_id in chosen.items():
            offer = session.exec(select(Offer).where(Offer.order_id == order_id)).one()
            assert (offer.technician_id, offer.status, offer.round) == (technician_id, OfferStatus.OPEN, 1)
            cells = session.exec(select(Occupancy).where(Occupancy.order_id == order_id)).all()
            assert {(c.technician_id, c.kind) for c in cells} == {(technician_id, CellKind.JOB)}
            assert len(cells) == 4
            decision = session.exec(select(DispatchDecision).where(DispatchDecision.order_id == order_id)).one()
            assert (decision.technician_id, decision.passed, decision.how) == (technician_id, 2, "auto")
            log = session.exec(select(OrderLog).where(OrderLog.order_id == order_id)).one()
            assert (log.event, log.data) == ("dispatch", {"technician_id": technician_id})
        assert session.exec(select(func.count()).select_from(Notice).where(Notice.kind == "offer")).one() == 2
        assert {t.offers_feasible for t in session.exec(select(Technician))} == {1}

    database.read_now(check)


def test_whose_candidates_all_went_to_others_waits_for_the_next_look(session: Session) -> None:
    town = city.build(session)
    only = online(session, town, 0.0)
    far, near = due(session, town, 3.0), due(session, town)

    assert dispatching.run_due(session, NOW) == 2

    assert (near.technician_id, near.status) == (only.id, OrderStatus.ASSIGNED)
    assert (far.status, far.mode, far.dispatch_at) == (OrderStatus.MATCHING, OrderMode.DISPATCH, NOW)
    assert dispatching.run_due(session, NOW) == 1
    assert far.mode is OrderMode.GRAB, "now the only one is busy then, and the hall has its chance"
    decision = session.exec(select(DispatchDecision).where(DispatchDecision.order_id == far.id)).one()
    assert (decision.passed, decision.funnel) == (0, {"cells_free": 1})


def test_a_rescued_order_comes_before_a_better_match(session: Session) -> None:
    town = city.build(session)
    only = online(session, town, 0.0)
    near, rescued = due(session, town), due(session, town, 6.0, priority=1)

    dispatching.run_due(session, NOW)

    assert (rescued.technician_id, near.technician_id) == (only.id, None)


def test_one_broken_order_stops_no_other(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    town = city.build(session)
    people = [online(session, town, km) for km in (0.0, 1.0, 2.0)]
    bad, good, other = (due(session, town, km) for km in (0.0, 1.0, 2.0))
    real = settlements.take_homes

    def breaks(session: Session, pairs: list[tuple[Order, Technician]]) -> list[settlements.Split]:
        if any(order.id == bad.id for order, _technician in pairs):
            raise ZeroDivisionError
        return real(session, pairs)

    monkeypatch.setattr(settlements, "take_homes", breaks)

    assert dispatching.run_due(session, NOW) == 2

    assert [o.status for o in (good, other)] == [OrderStatus.ASSIGNED] * 2
    assert (bad.status, bad.technician_id, bad.round) == (OrderStatus.MATCHING, None, 0)
    assert session.exec(select(func.count()).select_from(Offer)).one() == 2
    monkeypatch.undo()
    assert dispatching.run_due(session, NOW) == 1
    assert bad.technician_id in {t.id for t in people}


def test_time_is_taken_for_many_as_for_one(session: Session) -> None:
    town = city.build(session)
    free, busy, away, apart = (online(session, town, 0.0) for _ in range(4))
    wanted = town.local(TWO_PM)
    taken = city.add_order(session, town, wanted, status=OrderStatus.ACCEPTED, technician_id=busy.id)
    scheduling.claim(session, technician_id=busy.id or 0, order=taken, kind=CellKind.JOB, now=NOW)
    session.add(TimeOff(technician_id=away.id, start_at=wanted, end_at=wanted + timedelta(hours=1)))
    session.add(PairBlock(technician_id=apart.id, customer_id=town.customer_id))
    orders = [due(session, town) for _ in range(4)]
    pairs = [(order, t.id or 0) for order, t in zip(orders, (free, busy, away, apart), strict=True)]

    assert scheduling.swap_many(session, pairs, now=NOW) == {orders[0].id}

    cells = session.exec(
        select(Occupancy).where(Occupancy.order_id == orders[0].id).order_by(col(Occupancy.cell))
    ).all()
    assert [instant_of(cells[0].cell * 15), len(cells)] == [wanted, 4]
    assert session.exec(select(func.count()).select_from(Occupancy)).one() == 8
    locked = session.exec(select(TechnicianDay.technician_id)).all()
    assert {free.id, busy.id, away.id, apart.id} <= set(locked), "all are locked before anything is decided"
