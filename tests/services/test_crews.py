"""Visits of several people: everybody is held, found, replaced, started, finished and paid; nobody counts twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from servicehub.domain import settlement
from servicehub.domain.access import SYSTEM
from servicehub.domain.order import ORDER, OrderEvent, OrderStatus
from servicehub.domain.settlement import Rate
from servicehub.errors import NobodyAvailable, NotFound, TransitionRefused
from servicehub.models.customer import Coupon, CouponKind, Notice
from servicehub.models.dispatch import Occupancy, Offer
from servicehub.models.order import Order, load_companions
from servicehub.models.payment import Earning, Refund
from servicehub.services import coupons, crews, dispatching, fulfilment, ledger, orders, transitions
from servicehub.texts.money import REFUND_REASONS
from tests import city, journey
from tests.journey import World

_S = OrderStatus


@pytest.fixture
def world(session: Session) -> World:
    return of_people(session, 2)


def of_people(session: Session, people: int, technicians: int = 4) -> World:
    return journey.build(session, technicians=technicians, crew_size=people)


def crew(world: World, order: Order) -> list[Order]:
    world.session.expire_all()
    return [order, *load_companions(world.session, [order.id])[order.id]]


def holders(world: World, order: Order) -> set[int]:
    query = select(Occupancy.technician_id).where(Occupancy.order_id == order.id)
    return set(world.session.exec(query))


def everybody_accepts(world: World, order: Order) -> None:
    for member in crew(world, order):
        offer = world.offer(member)
        dispatching.accept(world.session, world.technician(offer.technician_id), offer.id or 0, now=world.now)


def at_the_door(world: World, *members: Order) -> None:
    for member in members:
        actor = world.technician(member.technician_id)
        fulfilment.depart(world.session, actor, member.no, now=world.now)
        fulfilment.arrive(world.session, actor, member.no, member.lat, member.lng, now=world.now)


def accepted(world: World) -> Order:
    order = world.book()
    world.pay(order)
    everybody_accepts(world, order)
    world.now = order.start_at - timedelta(minutes=10)
    return order


def finished(world: World, order: Order) -> None:
    world.start(order)
    world.finish(order)


def assert_books_are_sound(world: World) -> None:
    assert ledger.verify(world.session) == []
    assert ledger.trial(world.session).total_fen == 0


def test_so_many_people_are_held_while_the_customer_pays(world: World) -> None:
    order = world.book()

    assert len(holders(world, order)) == 2
    assert crew(world, order) == [order], "nobody is looked for before it is paid"


def test_a_chosen_technician_is_held_with_somebody_else(world: World) -> None:
    chosen = world.technicians[0].technician_id

    order = world.book(technician_id=chosen)

    assert chosen in holders(world, order)
    assert len(holders(world, order)) == 2
    world.pay(order)
    lead, companion = crew(world, order)
    assert world.offer(lead).technician_id == chosen
    assert holders(world, lead) == {chosen}
    assert world.offer(companion).technician_id != chosen


def test_too_few_people_are_refused_before_anything_is_taken(session: Session) -> None:
    world = of_people(session, 3, technicians=2)

    with pytest.raises(NobodyAvailable):
        world.book()

    assert session.exec(select(Occupancy)).all() == []


def test_once_paid_everybody_of_the_crew_is_asked_and_nobody_twice(world: World) -> None:
    order = world.book()
    world.pay(order)

    members = crew(world, order)
    assert [m.status for m in members] == [_S.ASSIGNED, _S.ASSIGNED]
    asked = [world.offer(m).technician_id for m in members]
    assert len(set(asked)) == 2
    assert [holders(world, m) for m in members] == [{t} for t in asked]
    assert [m.total_fen for m in members] == [order.total_fen, 0]
    assert world.offer(members[0]).take_home_fen == world.offer(members[1]).take_home_fen > 0


def test_who_declines_one_seat_is_not_asked_for_another(world: World) -> None:
    order = world.book()
    world.pay(order)
    _lead, companion = crew(world, order)
    refused = world.offer(companion).technician_id

    dispatching.decline(world.session, world.technician(refused), world.offer(companion).id, "too_far", now=world.now)
    world.later(seconds=1)
    world.dispatch()

    _lead, companion = crew(world, order)
    again = world.offer(companion).technician_id
    assert again != refused
    asked = world.session.exec(
        select(Offer.technician_id).where(col(Offer.order_id).in_([order.id, companion.id]))
    ).all()
    assert len(asked) == len(set(asked)) == 3


def test_the_database_allows_one_companion_for_each_seat(world: World) -> None:
    order = world.book()
    world.pay(order)
    second = crews._companion(world.session, order, 1, world.now)

    with pytest.raises(IntegrityError), world.session.begin_nested():
        transitions.create(world.session, second, SYSTEM, now=world.now)


def test_the_code_starts_the_visit_for_who_is_there_and_for_who_comes_later(session: Session) -> None:
    world = of_people(session, 3)
    order = accepted(world)
    lead, there, later = crew(world, order)
    at_the_door(world, lead, there)

    with pytest.raises(TransitionRefused):
        fulfilment.start(session, world.technician(there.technician_id), there.no, "0000", now=world.now)
    world.start(order)
    assert [m.status for m in crew(world, order)] == [_S.IN_SERVICE, _S.IN_SERVICE, _S.ACCEPTED]

    at_the_door(world, later)
    assert crew(world, order)[2].status is _S.IN_SERVICE


def test_everybody_who_came_has_an_equal_part_and_the_books_stay_sound(world: World) -> None:
    order = accepted(world)
    at_the_door(world, *crew(world, order))
    finished(world, order)
    assert {m.status for m in crew(world, order)} == {_S.AWAITING_CONFIRM}

    orders.confirm(world.session, world.customer, order.no, now=world.now)

    members = crew(world, order)
    assert {m.status for m in members} == {_S.COMPLETED}
    earned = world.session.exec(select(Earning).order_by(col(Earning.order_id))).all()
    assert [e.technician_id for e in earned] == [m.technician_id for m in members]
    assert [e.net_fen for e in earned] == [m.commission["net_fen"] for m in members], "what was shown is what is paid"
    assert sum(e.net_fen + e.commission_fen for e in earned) == order.total_fen
    assert ledger.balance(world.session, ledger.escrow(order.id)) == 0
    assert_books_are_sound(world)


def test_the_part_of_who_never_came_goes_back_to_the_customer(world: World) -> None:
    order = accepted(world)
    lead, companion = crew(world, order)
    at_the_door(world, lead)

    finished(world, order)
    assert world.session.get(Order, companion.id).status is _S.CANCELLED
    assert holders(world, companion) == set()
    orders.confirm(world.session, world.customer, order.no, now=world.now)

    (refund,) = world.session.exec(select(Refund)).all()
    assert (refund.amount_fen, refund.reason) == (order.total_fen // 2, "crew_short")
    assert refund.reason in REFUND_REASONS
    (earning,) = world.session.exec(select(Earning)).all()
    assert earning.net_fen == lead.commission["net_fen"]
    assert_books_are_sound(world)


def test_a_refund_after_settling_is_taken_back_from_everybody(world: World) -> None:
    order = accepted(world)
    at_the_door(world, *crew(world, order))
    finished(world, order)
    orders.confirm(world.session, world.customer, order.no, now=world.now)
    before = [ledger.balance(world.session, ledger.pending(m.technician_id, m.id)) for m in crew(world, order)]

    orders.refund(world.session, journey.operator(world), order.no, order.total_fen, reason="all of it", now=world.now)

    after = [ledger.balance(world.session, ledger.pending(m.technician_id, m.id)) for m in crew(world, order)]
    assert before[0] == before[1] > 0
    assert after == [0, 0]
    assert_books_are_sound(world)


def test_a_dispute_holds_the_earnings_of_all(world: World) -> None:
    order = accepted(world)
    at_the_door(world, *crew(world, order))
    finished(world, order)
    orders.confirm(world.session, world.customer, order.no, now=world.now)

    orders.dispute(world.session, world.customer, order.no, reason="dust", now=world.now)

    assert [e.frozen for e in world.session.exec(select(Earning)).all()] == [True, True]


def test_cancelling_lets_the_companions_go_and_shares_the_fee(world: World) -> None:
    order = accepted(world)
    members = crew(world, order)
    for member in members:
        fulfilment.depart(world.session, world.technician(member.technician_id), member.no, now=world.now)
    shown = orders.cancel_preview(world.session, world.customer, order.no, now=world.now)
    assert shown.fee_fen > 0

    orders.cancel(
        world.session, world.customer, order.no, reason="", expected_refund_fen=shown.refund_fen, now=world.now
    )

    world.session.expire_all()
    assert {world.session.get(Order, m.id).status for m in members} == {_S.CANCELLED}
    assert all(holders(world, m) == set() for m in members)
    earned = world.session.exec(select(Earning)).all()
    assert sum(e.net_fen for e in earned) == shown.technician_fen
    assert len(earned) == 2
    assert_books_are_sound(world)


def test_a_companion_who_is_not_found_is_told_and_makes_cancelling_free(session: Session) -> None:
    world = of_people(session, 2, technicians=2)
    order = world.book()
    world.pay(order)
    lead, companion = crew(world, order)
    offer = world.offer(lead)
    dispatching.accept(session, world.technician(offer.technician_id), offer.id, now=world.now)
    dispatching.decline(
        session,
        world.technician(world.offer(companion).technician_id),
        world.offer(companion).id,
        "too_far",
        now=world.now,
    )
    world.now = order.start_at - timedelta(minutes=55)
    world.dispatch()
    assert orders.fire_due(session, world.now) >= 1

    session.expire_all()
    assert session.get(Order, companion.id).status is _S.EXPIRED
    assert session.exec(select(Notice.kind).where(Notice.kind == "crew_short")).all() == ["crew_short"]
    terms = orders.cancel_preview(session, world.customer, order.no, now=world.now)
    assert (terms.fee_fen, terms.rule) == (0, "short_handed")


def test_moving_the_visit_finds_a_crew_for_the_new_time_or_changes_nothing(world: World) -> None:
    order = accepted(world)
    world.now = city.NOW + timedelta(minutes=3)
    former = crew(world, order)[1]
    later = order.start_at + timedelta(hours=2)

    orders.reschedule(world.session, world.customer, order.no, later, now=world.now)

    lead, companion = crew(world, order)
    assert world.session.get(Order, former.id).status is _S.CANCELLED
    assert companion.start_at == lead.start_at == later
    assert holders(world, companion) - holders(world, lead)


def test_a_companion_alone_is_never_moved(world: World) -> None:
    order = accepted(world)
    world.now = city.NOW + timedelta(minutes=3)
    companion = crew(world, order)[1]

    with pytest.raises(TransitionRefused):
        orders.reschedule(
            world.session, journey.operator(world), companion.no, order.start_at + timedelta(hours=2), now=world.now
        )


def test_a_customer_has_no_door_to_a_companions_order(world: World) -> None:
    order = accepted(world)
    companion = crew(world, order)[1]

    with pytest.raises(NotFound):
        orders.cancel_preview(world.session, world.customer, companion.no, now=world.now)


def test_a_companion_who_gives_back_is_replaced_while_the_lead_stays(world: World) -> None:
    order = accepted(world)
    world.now = order.start_at - timedelta(hours=2)
    lead, companion = crew(world, order)
    gone = companion.technician_id

    fulfilment.technician_cancel(world.session, world.technician(gone), companion.no, reason="unwell", now=world.now)
    world.later(seconds=1)
    world.dispatch()

    lead, companion = crew(world, order)
    assert lead.status is _S.ACCEPTED
    assert companion.status is _S.ASSIGNED
    assert world.offer(companion).technician_id not in (gone, lead.technician_id)


def test_a_coupon_is_funded_by_all_in_equal_parts(session: Session) -> None:
    world = of_people(session, 2)
    coupon = Coupon(
        city_id=world.town.city_id, slug="ten", name_zh="十", name_en="Ten", kind=CouponKind.AMOUNT, amount_fen=1001,
        stock=5, funder_platform_bp=5000,
    )  # fmt: skip
    session.add(coupon)
    session.flush()
    coupons.claim(session, world.customer, coupon.slug, now=world.now)
    order = accepted(world)
    assert order.total_fen == 10_000 - 1001
    at_the_door(world, *crew(world, order))
    finished(world, order)

    orders.confirm(session, world.customer, order.no, now=world.now)

    earned = session.exec(select(Earning)).all()
    assert abs(earned[0].net_fen - earned[1].net_fen) <= 1
    assert_books_are_sound(world)


@given(
    labour=st.integers(0, 100_000), travel=st.integers(0, 5_000), coupon=st.integers(0, 9_000), bp=st.integers(0, 10_000),
    funder=st.integers(0, 10_000), people=st.integers(1, 6), back=st.integers(0, 100_000),
)  # fmt: skip
def test_the_parts_of_a_crew_sum_to_the_whole(
    labour: int, travel: int, coupon: int, bp: int, funder: int, people: int, back: int
) -> None:
    lines = [_Line("service", labour), _Line("travel", travel), _Line("coupon", -min(coupon, labour))]
    paid = max(0, sum(line.amount_fen for line in lines) - back)
    parts = [
        settlement.settle(lines, rate=Rate("r", bp), funder_platform_bp=funder, paid_fen=paid, seat=seat, people=people)
        for seat in range(people)
    ]

    assert sum(part.paid_fen for part in parts) == paid
    assert all(part.paid_fen + part.subsidy_fen == part.commission_fen + part.net_fen for part in parts)
    assert all(min(part.net_fen, part.commission_fen, part.subsidy_fen, part.labour_fen) >= 0 for part in parts)
    assert max(part.paid_fen for part in parts) - min(part.paid_fen for part in parts) <= 1


class _Line:
    def __init__(self, kind: str, amount_fen: int) -> None:
        self.kind, self.amount_fen = kind, amount_fen


def test_every_step_of_a_companion_ends_with_the_visit() -> None:
    ends = {step.source for step in ORDER.steps if step.event is OrderEvent.LEAD_ENDED}
    assert ends == {
        _S.MATCHING, _S.ASSIGNED, _S.ACCEPTED, _S.EN_ROUTE, _S.ARRIVED, _S.IN_SERVICE, _S.AWAITING_CONFIRM,
    }  # fmt: skip
