"""The hall: near ones see an order first, claims are collected, the best one gets it, and of any number exactly one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from servicehub.db.database import Database
from servicehub.domain.hall import next_wave_at, reach_m
from servicehub.domain.order import OrderMode, OrderStatus
from servicehub.errors import OrderTaken, ServiceHubError, SlotUnavailable, TooEarly
from servicehub.matching import Policy as Weights
from servicehub.models.catalog import Policy
from servicehub.models.customer import Notice
from servicehub.models.dispatch import Claim, DispatchDecision, Occupancy
from servicehub.models.order import Order
from servicehub.models.technician import Technician, TimeOff
from servicehub.queries.technician import hall
from servicehub.services import dispatching
from tests import city
from tests.city import NOW, Town, north
from tests.journey import actor_of

LATER = NOW + timedelta(minutes=5)
"""By then every wave has gone."""


def in_hall(session: Session, town: Town, **values: object) -> Order:
    return city.add_order(
        session, town, NOW + timedelta(hours=5), mode=OrderMode.GRAB, paid_at=NOW, dispatch_at=NOW + timedelta(minutes=9),
        **values,
    )  # fmt: skip


def living(session: Session, town: Town, km: float, **values: object) -> Technician:
    return city.add_technician(session, town, home=north(km), is_online=True, **values)


def notices(session: Session) -> dict[int, str]:
    return {n.user_id: n.kind for n in session.exec(select(Notice)) if n.kind.startswith("claim_")}


def test_the_best_claim_gets_the_order_not_the_first(session: Session) -> None:
    town = city.build(session)
    far, near = living(session, town, 6.0), living(session, town, 1.0)
    order = in_hall(session, town)

    assert dispatching.claim(session, actor_of(far), order.no, now=LATER) == 3
    assert dispatching.claim(session, actor_of(near), order.no, now=LATER + timedelta(seconds=2)) == 1
    assert dispatching.claim(session, actor_of(near), order.no, now=LATER + timedelta(seconds=2)) == 1, "asked once"
    assert hall.claimed(session, near) == {order.id}
    assert dispatching.settle_due(session, LATER + timedelta(seconds=2)) == 0
    assert hall.outcome(session, actor_of(near), order.no) == ""

    assert dispatching.settle_due(session, LATER + timedelta(seconds=3)) == 1

    assert (order.status, order.technician_id) == (OrderStatus.ACCEPTED, near.id)
    assert notices(session) == {near.user_id: "claim_won", far.user_id: "claim_lost"}
    assert session.exec(select(Claim)).all() == []
    assert session.exec(select(DispatchDecision.how).where(DispatchDecision.order_id == order.id)).one() == "grab"
    assert hall.outcome(session, actor_of(near), order.no) == "won"
    assert hall.outcome(session, actor_of(far), order.no) == "lost"
    with pytest.raises(OrderTaken):
        dispatching.claim(session, actor_of(far), order.no, now=LATER + timedelta(seconds=4))


def test_who_became_unable_meanwhile_loses_to_the_next(session: Session) -> None:
    town = city.build(session)
    near, far = living(session, town, 1.0), living(session, town, 6.0)
    order = in_hall(session, town)
    for person in (near, far):
        dispatching.claim(session, actor_of(person), order.no, now=LATER)
    session.add(TimeOff(technician_id=near.id, start_at=NOW, end_at=NOW + timedelta(days=1)))
    session.flush()

    dispatching.settle_due(session, LATER + timedelta(seconds=3))

    assert order.technician_id == far.id


def test_when_nobody_can_any_more_the_order_stays_in_the_hall(session: Session) -> None:
    town = city.build(session)
    only = living(session, town, 1.0)
    order = in_hall(session, town)
    dispatching.claim(session, actor_of(only), order.no, now=LATER)
    session.add(TimeOff(technician_id=only.id, start_at=NOW, end_at=NOW + timedelta(days=1)))
    session.flush()

    dispatching.settle_due(session, LATER + timedelta(seconds=3))

    assert (order.status, order.technician_id) == (OrderStatus.MATCHING, None)
    assert notices(session) == {only.user_id: "claim_lost"}
    with pytest.raises(SlotUnavailable):
        dispatching.claim(session, actor_of(only), order.no, now=LATER + timedelta(seconds=4))


def test_what_was_claimed_is_not_dispatched_before_it_is_decided(session: Session) -> None:
    town = city.build(session)
    near, far = living(session, town, 1.0), living(session, town, 6.0)
    order = in_hall(session, town)
    order.dispatch_at = LATER
    dispatching.claim(session, actor_of(far), order.no, now=LATER)

    assert dispatching.run_due(session, LATER) == 0
    dispatching.settle_due(session, LATER + timedelta(seconds=3))

    assert (order.status, order.technician_id) == (OrderStatus.ACCEPTED, far.id)
    assert near.id != far.id


def test_a_policy_without_a_wait_gives_it_to_the_first(session: Session) -> None:
    town = city.build(session)
    first = living(session, town, 6.0)
    document = Weights(claim_seconds=0).adopted()
    session.add(Policy(city_id=town.city_id, kind="dispatch", version=1, document=document, effective_at=NOW))
    order = in_hall(session, town)

    assert dispatching.claim(session, actor_of(first), order.no, now=LATER) == 0
    assert (order.status, order.technician_id) == (OrderStatus.ACCEPTED, first.id)


def test_near_ones_see_an_order_first_and_far_ones_cannot_ask_before(session: Session) -> None:
    town = city.build(session)
    near, far = living(session, town, 1.0), living(session, town, 8.0)
    order = in_hall(session, town)

    def seen(person: Technician, seconds: int) -> list[str]:
        rows = hall.hall(session, actor_of(person), now=NOW + timedelta(seconds=seconds), locale="en")
        return [row.no for row in rows]

    assert (seen(near, 1), seen(far, 1)) == ([order.no], [])
    with pytest.raises(TooEarly) as refused:
        dispatching.claim(session, actor_of(far), order.no, now=NOW + timedelta(seconds=1))
    assert refused.value.params["at"] == NOW + timedelta(seconds=30)
    assert (seen(far, 29), seen(far, 30)) == ([], [order.no])
    order.round = 1
    session.flush()
    assert seen(far, 1) == [order.no], "what was offered before is open to everybody"


def test_waves_grow_evenly() -> None:
    assert [reach_m(NOW, NOW + timedelta(seconds=s)) for s in (-5, 0, 14, 15, 60)] == [3000, 3000, 3000, 6000, 15_000]
    for metres in (0, 1, 3000, 3001, 8000, 30_000):
        assert reach_m(NOW, next_wave_at(NOW, metres)) >= metres


def test_of_many_claims_at_once_one_wins(database: Database) -> None:
    def prepare(session: Session) -> tuple[str, list[Technician]]:
        town = city.build(session)
        people = [living(session, town, n / 20) for n in range(24)]
        return in_hall(session, town).no, people

    no, people = database.write_now(prepare)

    def ask(person: Technician) -> str:
        try:
            database.write_now(dispatching.claim, actor_of(person), no, now=LATER)
        except ServiceHubError as error:
            return error.code
        return ""

    with ThreadPoolExecutor(24) as pool:
        assert set(pool.map(ask, people)) == {""}
        settled = list(
            pool.map(lambda _n: database.write_now(dispatching.settle_due, LATER + timedelta(seconds=3)), range(4))
        )

    assert sum(settled) >= 1

    def check(session: Session) -> None:
        order = session.exec(select(Order).where(Order.no == no)).one()
        assert (order.status, order.technician_id) == (OrderStatus.ACCEPTED, people[0].id), "the nearest of all"
        assert set(session.exec(select(Occupancy.technician_id)).all()) == {people[0].id}
        assert sorted(notices(session).values()) == ["claim_lost"] * 23 + ["claim_won"]

    database.read_now(check)
