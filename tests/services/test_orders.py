"""Orders from the wish to the end: prices, holds, payments late and early, cancelling, disputes, timers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, col, func, select

from servicehub.domain.access import ANONYMOUS, Actor, OperatorRole, Role
from servicehub.domain.order import OrderEvent, OrderStatus, PaymentPlan
from servicehub.domain.payment import PaymentStatus, RefundStatus
from servicehub.domain.technician import CellKind
from servicehub.errors import (
    ChecklistOpen,
    Invalid,
    NobodyAvailable,
    NotAllowed,
    NotFound,
    NotLoggedIn,
    OrderTaken,
    PhotosMissing,
    PriceChanged,
    ReasonMissing,
    RefundTooLarge,
    ServiceHubError,
    SlotTaken,
    SlotUnavailable,
    TooEarly,
    TooFar,
    TooManyTries,
    TransitionRefused,
    WrongStartCode,
)
from servicehub.models.audit import AuditEntry
from servicehub.models.customer import Coupon, CouponKind
from servicehub.models.dispatch import DispatchDecision, Occupancy, Offer
from servicehub.models.order import Order, OrderLine, OrderLog
from servicehub.models.payment import Payment, Refund
from servicehub.models.situations import Situation
from servicehub.models.technician import Technician
from servicehub.services import coupons, dispatching, fulfilment, ledger, order_numbers, orders, payments, sums
from tests import journey
from tests.journey import World

HOUR_FEN = 10_000


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def log_of(world: World, order: Order) -> list[str]:
    return list(
        world.session.exec(select(OrderLog.event).where(OrderLog.order_id == order.id).order_by(col(OrderLog.id)))
    )


def cells_of(world: World, order: Order) -> list[CellKind]:
    return list(world.session.exec(select(Occupancy.kind).where(Occupancy.order_id == order.id)))


def assert_books_are_sound(world: World) -> None:
    assert ledger.verify(world.session) == []
    assert ledger.trial(world.session).total_fen == 0


# -- booking --------------------------------------------------------------------------------------------------------------


def test_an_order_costs_what_was_quoted_line_by_line(world: World) -> None:
    quote = orders.quote(world.session, world.customer, world.request(), now=world.now)

    order = world.book(price_hash=quote.price_hash)

    lines = world.session.exec(select(OrderLine).where(OrderLine.order_id == order.id)).all()
    assert [(line.kind, line.amount_fen) for line in lines] == [("service", HOUR_FEN)]
    assert order.total_fen == order.first_due_fen == quote.total_fen == HOUR_FEN
    assert order.status is OrderStatus.PENDING_PAYMENT
    assert order.deadline_at == world.now + timedelta(minutes=15)


def test_a_price_that_changed_meanwhile_is_refused_and_nothing_is_stored(world: World) -> None:
    with pytest.raises(PriceChanged):
        world.book(price_hash="0" * 32)

    assert world.session.exec(select(func.count()).select_from(Order)).one() == 0


def test_a_stranger_cannot_book(world: World) -> None:
    with pytest.raises(NotLoggedIn):
        orders.create(world.session, ANONYMOUS, world.request(), now=world.now)


def test_somebody_elses_address_is_not_found(world: World) -> None:
    other = Actor(user_id=world.customer.user_id + 999, role=Role.CUSTOMER, city_id=world.town.city_id)

    with pytest.raises(NotFound):
        orders.create(world.session, other, world.request(), now=world.now)


@pytest.mark.parametrize(
    "change",
    [{"requirements": ("dragons",)}, {"gender": "robot"}, {"note": "x" * 201}, {"quantity": 99}],
    ids=["requirement", "gender", "note", "quantity"],
)
def test_nonsense_is_refused(world: World, change: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        world.book(**change)


def test_a_chosen_technicians_time_is_held_while_paying(world: World) -> None:
    chosen = world.technicians[0].technician_id

    order = world.book(technician_id=chosen)

    assert cells_of(world, order) == [CellKind.HOLD] * 4


def test_the_same_time_of_the_same_technician_is_refused_with_alternatives(world: World) -> None:
    chosen = world.technicians[0].technician_id
    world.book(technician_id=chosen)

    with pytest.raises(SlotTaken) as refusal:
        world.book(technician_id=chosen)

    assert len(refusal.value.params["alternatives"]) == 3
    assert world.session.exec(select(func.count()).select_from(Order)).one() == 1


def test_a_night_hour_nobody_works_is_refused_with_the_reason(world: World) -> None:
    with pytest.raises(SlotUnavailable) as refusal:
        world.book(technician_id=world.technicians[0].technician_id, start_at=world.town.local("2026-03-03 03:00"))

    assert refusal.value.params["reason"] == "off_shift"


def test_as_soon_as_possible_gets_the_first_start_that_somebody_can_make(world: World) -> None:
    order = world.book(start_at=None)

    assert order.is_immediate
    assert world.now < order.start_at <= world.now + timedelta(minutes=60)
    assert order.total_fen == HOUR_FEN + 2000


def test_as_soon_as_possible_counts_only_people_who_take_orders_now(world: World) -> None:
    for technician in world.session.exec(select(Technician)):
        technician.is_online = False

    with pytest.raises(NobodyAvailable):
        world.book(start_at=None)
    assert world.session.exec(select(Order)).all() == []
    assert world.book().status is OrderStatus.PENDING_PAYMENT, "for tomorrow it does not matter who is online today"


def test_a_coupon_is_locked_used_and_given_back(world: World) -> None:
    batch = Coupon(
        city_id=world.town.city_id,
        slug="ten",
        name_zh="减十元",
        name_en="Ten off",
        kind=CouponKind.AMOUNT,
        amount_fen=1000,
        stock=1,
    )
    world.session.add(batch)
    world.session.flush()
    grant_id = coupons.claim(world.session, world.customer, "ten", now=world.now)

    order = world.book()
    assert order.coupon_grant_id == grant_id
    assert order.total_fen == HOUR_FEN - 1000
    assert coupons.in_hand(world.session, world.customer.user_id) == []

    orders.cancel(world.session, world.customer, order.no, reason="plans", expected_refund_fen=0, now=world.now)
    assert [c.grant_id for c in coupons.in_hand(world.session, world.customer.user_id)] == [grant_id]


def test_a_number_that_was_drawn_before_is_drawn_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = world.book()
    monkeypatch.setattr(order_numbers, "fresh", lambda _city, _now: first.no)

    second = world.book()

    assert second.no != first.no
    assert second.no[:-4] == first.no[:-4]


# -- paying ---------------------------------------------------------------------------------------------------------------


def test_payment_of_a_smart_match_asks_the_best_one_at_once(world: World) -> None:
    order = world.book()

    world.pay(order)

    assert order.status is OrderStatus.ASSIGNED
    assert sums.escrow(world.session, order) == HOUR_FEN
    assert log_of(world, order) == ["created", "pay", "dispatch"]


def test_an_order_for_the_hall_waits_there_before_the_platform_searches(world: World) -> None:
    order = world.book(mode="grab")

    world.pay(order)

    assert (order.status, order.technician_id) == (OrderStatus.MATCHING, None)
    assert cells_of(world, order) == []
    assert world.dispatch() == 0
    world.later(minutes=2)
    assert world.dispatch() == 1
    assert order.status is OrderStatus.ASSIGNED


def test_an_order_to_be_paid_later_is_offered_in_the_transaction_that_places_it(session: Session) -> None:
    world = journey.build(session, technicians=2, payment_plan=PaymentPlan.AFTER)

    order = world.book()

    assert order.status is OrderStatus.ASSIGNED
    assert cells_of(world, order) == [CellKind.JOB] * 4
    assert world.offer(order).technician_id == order.technician_id


def test_a_search_that_breaks_keeps_the_payment_and_is_made_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = world.book()
    with monkeypatch.context() as broken:
        broken.setattr(Situation, "ranking", lambda *_: 1 / 0)
        world.pay(order)
    world.session.refresh(order)
    assert (order.status, cells_of(world, order)) == (OrderStatus.MATCHING, [CellKind.HOLD] * 4)
    assert sums.escrow(world.session, order) == HOUR_FEN

    assert world.dispatch() == 1

    assert (order.status, cells_of(world, order)) == (OrderStatus.ASSIGNED, [CellKind.JOB] * 4)


def test_payment_for_a_chosen_technician_becomes_an_offer_to_that_person(world: World) -> None:
    chosen = world.technicians[1]
    order = world.book(technician_id=chosen.technician_id)

    world.pay(order)

    assert order.status is OrderStatus.ASSIGNED
    assert world.offer(order).technician_id == chosen.technician_id
    assert cells_of(world, order) == [CellKind.JOB] * 4
    decision = world.session.exec(select(DispatchDecision).where(DispatchDecision.order_id == order.id)).one()
    assert (decision.how, decision.technician_id) == ("requested", chosen.technician_id)


def test_an_unpaid_hold_expires_and_frees_the_time(world: World) -> None:
    order = world.book(technician_id=world.technicians[0].technician_id)
    world.later(minutes=15)

    assert orders.fire_due(world.session, world.now) == 1

    world.session.refresh(order)
    assert order.status is OrderStatus.EXPIRED
    assert cells_of(world, order) == []


def test_a_hold_for_anybody_ends_with_the_payment_and_the_best_one_is_asked(world: World) -> None:
    order = world.book()
    assert cells_of(world, order) == [CellKind.HOLD] * 4
    assert order.requested_technician_id is None

    world.pay(order)
    world.session.refresh(order)
    nearest = world.technicians[0].technician_id
    assert (order.status, order.technician_id) == (OrderStatus.ASSIGNED, nearest)
    assert cells_of(world, order) == [CellKind.JOB] * 4
    assert set(world.session.exec(select(Occupancy.technician_id))) == {nearest}


def test_a_late_payment_revives_the_order_when_it_can_still_be_served(world: World) -> None:
    order = world.book(technician_id=world.technicians[0].technician_id)
    payment = world.open_payment(order)
    world.later(minutes=17)
    orders.fire_due(world.session, world.now)

    world.report(payment)

    world.session.refresh(order)
    assert order.status is OrderStatus.ASSIGNED
    assert sums.escrow(world.session, order) == HOUR_FEN
    assert world.offer(order).technician_id == world.technicians[0].technician_id


def test_a_late_payment_is_returned_when_the_time_is_gone(session: Session) -> None:
    world = journey.build(session, technicians=1)
    order = world.book(technician_id=world.technicians[0].technician_id)
    payment = world.open_payment(order)
    world.later(minutes=17)
    orders.fire_due(world.session, world.now)
    world.pay(world.book(technician_id=world.technicians[0].technician_id))

    world.report(payment)

    world.session.refresh(order)
    world.session.refresh(payment)
    assert order.status is OrderStatus.EXPIRED
    assert payment.status is PaymentStatus.LATE
    refund = world.session.exec(select(Refund).where(Refund.payment_id == payment.id)).one()
    assert (refund.amount_fen, refund.reason) == (HOUR_FEN, "late_payment")
    assert log_of(world, order) == ["created", "pay_timeout", "late_pay"]
    assert_books_are_sound(world)


def test_a_payment_after_cancelling_is_returned(world: World) -> None:
    order = world.book()
    payment = world.open_payment(order)
    orders.cancel(world.session, world.customer, order.no, reason="", expected_refund_fen=0, now=world.now)

    world.report(payment)

    world.session.refresh(order)
    assert order.status is OrderStatus.CANCELLED
    assert world.session.exec(select(Refund.amount_fen).where(Refund.order_id == order.id)).one() == HOUR_FEN


def test_a_second_payment_of_the_same_item_is_returned(world: World) -> None:
    order = world.book()
    first, second = (
        world.open_payment(order),
        payments.open_payment(
            world.session,
            world.customer,
            order,
            payments.due(world.session, order)[0],
            "simulator",
            "alipay",
            now=world.now,
        ),
    )

    world.report(first)
    world.report(second)

    world.session.refresh(second)
    assert second.status is PaymentStatus.EXTRA
    assert sums.escrow(world.session, order) == HOUR_FEN
    assert_books_are_sound(world)


def test_a_deposit_is_followed_by_the_balance(session: Session) -> None:
    world = journey.build(session, payment_plan=PaymentPlan.DEPOSIT, deposit_bp=2000)
    order = world.finished()
    assert order.first_due_fen == 2000
    assert order.status is OrderStatus.AWAITING_BALANCE
    assert sums.balance_due(world.session, order) == 8000

    world.pay(order)

    world.session.refresh(order)
    assert order.status is OrderStatus.AWAITING_CONFIRM
    assert sums.escrow(world.session, order) == HOUR_FEN


def test_payment_after_service_is_asked_at_the_end(session: Session) -> None:
    world = journey.build(session, payment_plan=PaymentPlan.AFTER)
    order = world.finished()
    assert order.status is OrderStatus.AWAITING_BALANCE

    world.pay(order)

    orders.confirm(world.session, world.customer, order.no, now=world.now)
    world.session.refresh(order)
    assert order.status is OrderStatus.COMPLETED
    assert_books_are_sound(world)


# -- dispatch -------------------------------------------------------------------------------------------------------------


def test_a_declined_order_goes_to_the_next_technician_and_never_back(world: World) -> None:
    order = world.book()
    world.pay(order)
    world.dispatch()
    first = world.offer(order)
    dispatching.decline(world.session, world.technician(first.technician_id), first.id, "too_far", now=world.now)

    world.dispatch()

    second = world.offer(order)
    assert second.technician_id != first.technician_id
    dispatching.decline(world.session, world.technician(second.technician_id), second.id, "unwell", now=world.now)
    world.dispatch()
    world.session.refresh(order)
    assert order.status is OrderStatus.MATCHING
    assert cells_of(world, order) == []


def test_an_offer_past_its_deadline_cannot_be_accepted_even_before_the_timer(world: World) -> None:
    order = world.book()
    world.pay(order)
    world.dispatch()
    offer = world.offer(order)
    world.now = offer.deadline_at

    with pytest.raises(ServiceHubError, match=f"offer {offer.id}"):
        dispatching.accept(world.session, world.technician(offer.technician_id), offer.id, now=world.now)

    assert dispatching.expire_due(world.session, world.now) == 1
    world.session.refresh(order)
    assert order.status is OrderStatus.MATCHING


def test_somebody_elses_offer_is_not_found(world: World) -> None:
    order = world.book()
    world.pay(order)
    world.dispatch()
    offer = world.offer(order)
    other = next(a for a in world.technicians if a.technician_id != offer.technician_id)

    with pytest.raises(NotFound):
        dispatching.accept(world.session, other, offer.id, now=world.now)


def test_an_order_from_the_hall_is_grabbed_once(world: World) -> None:
    order = world.book(mode="grab")
    world.pay(order)

    dispatching.grab(world.session, world.technicians[0], order.no, now=world.now)

    with pytest.raises(OrderTaken):
        dispatching.grab(world.session, world.technicians[1], order.no, now=world.now)
    world.session.refresh(order)
    assert (order.status, order.technician_id) == (OrderStatus.ACCEPTED, world.technicians[0].technician_id)
    assert order.commission["net_fen"] == 7500


def test_an_operator_assigns_and_reassigns_with_a_reason(world: World) -> None:
    order = world.book(mode="grab")
    world.pay(order)
    admin = journey.operator(world)
    first, second = (a.technician_id for a in world.technicians)
    dispatching.assign(world.session, admin, order.no, first, now=world.now)

    with pytest.raises(ReasonMissing):
        dispatching.assign(world.session, admin, order.no, second, now=world.now)
    dispatching.assign(world.session, admin, order.no, second, reason="nearer", now=world.now)

    world.session.refresh(order)
    assert (order.status, order.technician_id) == (OrderStatus.ASSIGNED, second)
    assert set(world.session.exec(select(Occupancy.technician_id))) == {second}
    actions = world.session.exec(select(AuditEntry.action).order_by(col(AuditEntry.id))).all()
    assert actions == ["order.assign", "order.reassign"]


def test_support_may_not_assign_and_dispatch_may_not_refund(world: World) -> None:
    order = world.accepted()

    with pytest.raises(NotAllowed):
        dispatching.assign(
            world.session, journey.operator(world, OperatorRole.SUPPORT), order.no, 1, reason="x", now=world.now
        )
    with pytest.raises(NotAllowed):
        orders.refund(
            world.session, journey.operator(world, OperatorRole.DISPATCHER), order.no, 100, reason="x", now=world.now
        )

    assert world.session.exec(select(AuditEntry)).all() == []


def sorry(world: World) -> None:
    """The batch of which customers get one when our side lets them down."""
    world.session.add(
        Coupon(
            city_id=world.town.city_id,
            slug="promise-20",
            name_zh="补偿",
            name_en="Sorry",
            kind=CouponKind.AMOUNT,
            amount_fen=2000,
            stock=9,
            claimable=False,
        )
    )
    world.session.flush()


def test_when_nobody_takes_it_everything_goes_back_with_a_coupon_for_the_trouble(session: Session) -> None:
    world = journey.build(session, technicians=1)
    sorry(world)
    order = world.book()
    world.pay(order)
    world.dispatch()
    offer = world.offer(order)
    dispatching.decline(world.session, world.technicians[0], offer.id, "other", now=world.now)
    world.now = order.start_at - timedelta(minutes=60)

    orders.fire_due(world.session, world.now)

    world.session.refresh(order)
    assert order.status is OrderStatus.EXPIRED
    assert world.session.exec(select(Refund.amount_fen).where(Refund.order_id == order.id)).one() == HOUR_FEN
    assert [c.slug for c in coupons.in_hand(world.session, world.customer.user_id)] == ["promise-20"]


# -- the visit ------------------------------------------------------------------------------------------------------------


def test_nobody_departs_before_the_window(world: World) -> None:
    order = world.accepted()

    with pytest.raises(TooEarly):
        fulfilment.depart(world.session, world.technician(order.technician_id), order.no, now=world.now)

    world.session.refresh(order)
    assert order.status is OrderStatus.ACCEPTED


def test_arriving_far_away_is_refused(world: World) -> None:
    order = world.accepted()
    actor = world.technician(order.technician_id)
    world.now = order.start_at - timedelta(minutes=30)
    fulfilment.depart(world.session, actor, order.no, now=world.now)

    with pytest.raises(TooFar):
        fulfilment.arrive(world.session, actor, order.no, order.lat + 0.01, order.lng, now=world.now)


def test_five_wrong_codes_lock_the_start(world: World) -> None:
    order = world.accepted()
    actor = world.technician(order.technician_id)
    world.now = order.start_at
    fulfilment.depart(world.session, actor, order.no, now=world.now)
    fulfilment.arrive(world.session, actor, order.no, order.lat, order.lng, now=world.now)
    with pytest.raises(WrongStartCode):
        fulfilment.start(world.session, actor, order.no, "12a4", now=world.now)

    wrong = "0000" if fulfilment.crypto.decrypt(order.start_code_enc, "order.start_code") != "0000" else "1111"
    tried = [fulfilment.start(world.session, actor, order.no, wrong, now=world.now) for _ in range(5)]

    assert tried == [False] * 5
    with pytest.raises(TooManyTries):
        fulfilment.start(world.session, actor, order.no, wrong, now=world.now)


def test_finishing_needs_both_photos_and_every_line_of_the_checklist(session: Session) -> None:
    world = journey.build(session, checklist=[{"key": "floor", "zh": "地面", "en": "Floor"}])
    order = world.in_service()
    actor = world.technician(order.technician_id)

    with pytest.raises(PhotosMissing):
        fulfilment.finish(world.session, actor, order.no, now=world.now)
    for kind in ("before", "after"):
        journey.photos.attach(world.session, actor, order.no, kind, f"{kind}-1", now=world.now)
    with pytest.raises(ChecklistOpen):
        fulfilment.finish(world.session, actor, order.no, now=world.now)
    fulfilment.tick(world.session, actor, order.no, "floor", done=True, now=world.now)
    fulfilment.finish(world.session, actor, order.no, now=world.now)

    world.session.refresh(order)
    assert order.status is OrderStatus.AWAITING_CONFIRM


def test_finishing_early_gives_the_rest_of_the_time_back(world: World) -> None:
    order = world.in_service()
    actor = world.technician(order.technician_id)
    for kind in ("before", "after"):
        journey.photos.attach(world.session, actor, order.no, kind, f"{kind}-2", now=world.now)
    world.later(minutes=20)

    fulfilment.finish(world.session, actor, order.no, now=world.now)

    assert len(cells_of(world, order)) == 2


def test_a_technician_who_gives_up_is_replaced_ahead_of_others(world: World) -> None:
    order = world.accepted()
    former = order.technician_id
    with pytest.raises(ReasonMissing):
        fulfilment.technician_cancel(world.session, world.technician(former), order.no, reason=" ", now=world.now)

    fulfilment.technician_cancel(world.session, world.technician(former), order.no, reason="flat tyre", now=world.now)

    world.session.refresh(order)
    assert (order.status, order.technician_id, order.priority) == (OrderStatus.MATCHING, None, 1)
    world.dispatch()
    assert world.offer(order).technician_id != former


def test_a_technician_who_never_arrives_is_replaced(world: World) -> None:
    order = world.accepted()
    former = order.technician_id
    world.now = order.start_at + timedelta(minutes=20)

    orders.fire_due(world.session, world.now)

    world.session.refresh(order)
    assert (order.status, order.technician_id) == (OrderStatus.MATCHING, None)
    assert former is not None


def test_a_customer_who_is_not_there_pays_the_way_and_half(world: World) -> None:
    order = world.accepted()
    actor = world.technician(order.technician_id)
    world.now = order.start_at
    fulfilment.depart(world.session, actor, order.no, now=world.now)
    fulfilment.arrive(world.session, actor, order.no, order.lat, order.lng, now=world.now)
    with pytest.raises(TooEarly):
        fulfilment.customer_no_show(world.session, actor, order.no, now=world.later(minutes=14))

    fulfilment.customer_no_show(world.session, actor, order.no, now=world.later(minutes=1))

    world.session.refresh(order)
    assert order.status is OrderStatus.CANCELLED
    assert ledger.balance(world.session, ledger.pending(actor.technician_id, order.id or 0)) == HOUR_FEN // 2
    assert world.session.exec(select(Refund.amount_fen).where(Refund.order_id == order.id)).one() == HOUR_FEN // 2
    assert_books_are_sound(world)


# -- the end --------------------------------------------------------------------------------------------------------------


def test_a_confirmed_order_is_settled_by_level(world: World) -> None:
    order = world.completed()

    technician_id = order.technician_id or 0
    assert ledger.balance(world.session, ledger.pending(technician_id, order.id or 0)) == 7500
    assert ledger.balance(world.session, ledger.COMMISSION) == 2500
    assert ledger.balance(world.session, ledger.escrow(order.id or 0)) == 0
    assert_books_are_sound(world)


def test_a_silent_customer_is_taken_as_content_after_a_day(world: World) -> None:
    order = world.finished()

    orders.fire_due(world.session, world.later(hours=24))

    world.session.refresh(order)
    assert order.status is OrderStatus.COMPLETED
    assert log_of(world, order)[-1] == "auto_confirm"


def test_the_preview_of_cancelling_is_what_is_charged(world: World) -> None:
    order = journey.without_free(world).accepted()
    world.now = order.start_at - timedelta(minutes=90)
    preview = orders.cancel_preview(world.session, world.customer, order.no, now=world.now)
    assert (preview.fee_fen, preview.refund_fen) == (2000, 8000)

    orders.cancel(
        world.session, world.customer, order.no, reason="ill", expected_refund_fen=preview.refund_fen, now=world.now
    )

    world.session.refresh(order)
    refund = world.session.exec(select(Refund).where(Refund.order_id == order.id)).one()
    assert (order.status, refund.amount_fen, refund.status) == (OrderStatus.CANCELLED, 8000, RefundStatus.NEW)
    assert cells_of(world, order) == []
    assert_books_are_sound(world)


def test_cancelling_on_terms_that_got_worse_is_refused(world: World) -> None:
    order = journey.without_free(world).accepted()
    world.now = order.start_at - timedelta(minutes=90)

    with pytest.raises(PriceChanged):
        orders.cancel(world.session, world.customer, order.no, reason="", expected_refund_fen=HOUR_FEN, now=world.now)

    world.session.refresh(order)
    assert order.status is OrderStatus.ACCEPTED


def test_a_stranger_cannot_see_or_cancel_an_order(world: World) -> None:
    order = world.accepted()
    stranger = Actor(user_id=world.customer.user_id + 999, role=Role.CUSTOMER, city_id=world.town.city_id)

    with pytest.raises(NotFound):
        orders.cancel(world.session, stranger, order.no, reason="", expected_refund_fen=0, now=world.now)

    world.session.refresh(order)
    assert order.status is OrderStatus.ACCEPTED


def test_a_move_takes_the_new_time_and_gives_the_old_one_back(world: World) -> None:
    order = world.accepted()
    later = order.start_at + timedelta(hours=2)

    orders.reschedule(world.session, world.customer, order.no, later, now=world.now)

    world.session.refresh(order)
    assert (order.start_at, order.end_at, order.reschedules) == (later, later + timedelta(hours=1), 1)
    assert len(cells_of(world, order)) == 4


def test_an_order_moves_three_times_at_most(world: World) -> None:
    order = world.accepted()
    for hours in (1, 2, 1):
        orders.reschedule(
            world.session,
            world.customer,
            order.no,
            world.town.local("2026-03-03 14:00") + timedelta(hours=hours),
            now=world.now,
        )

    with pytest.raises(Invalid):
        orders.reschedule(world.session, world.customer, order.no, world.town.local("2026-03-03 16:00"), now=world.now)


def test_an_operator_ends_an_order_at_the_platforms_cost_and_it_is_audited(world: World) -> None:
    sorry(world)
    order = world.accepted()
    with pytest.raises(ReasonMissing):
        orders.force_cancel(world.session, journey.operator(world), order.no, reason="", now=world.now)

    orders.force_cancel(
        world.session, journey.operator(world), order.no, reason="burst pipe in the house", now=world.now
    )

    world.session.refresh(order)
    assert order.status is OrderStatus.CANCELLED
    assert world.session.exec(select(Refund.amount_fen).where(Refund.order_id == order.id)).one() == HOUR_FEN
    entry = world.session.exec(select(AuditEntry)).one()
    assert (entry.action, entry.subject, entry.reason) == (
        "order.cancel",
        f"order:{order.no}",
        "burst pipe in the house",
    )
    assert [c.slug for c in coupons.in_hand(world.session, world.customer.user_id)] == ["promise-20"]
    assert_books_are_sound(world)


def test_a_refund_cannot_exceed_what_was_paid(world: World) -> None:
    order = world.accepted()
    admin = journey.operator(world)
    orders.refund(world.session, admin, order.no, 4000, reason="late", now=world.now)

    with pytest.raises(RefundTooLarge):
        orders.refund(world.session, admin, order.no, 6001, reason="late", now=world.now)

    assert world.session.exec(select(func.sum(Refund.amount_fen)).where(Refund.order_id == order.id)).one() == 4000
    assert_books_are_sound(world)


def test_a_dispute_freezes_the_earning_until_an_operator_decides(world: World) -> None:
    order = world.completed()
    orders.dispute(world.session, world.customer, order.no, reason="two hours instead of three", now=world.now)
    from_maturity = world.later(days=10)
    assert journey.orders.fire_due(world.session, from_maturity) == 1
    pending = ledger.pending(order.technician_id or 0, order.id or 0)
    assert ledger.balance(world.session, pending) == 7500

    orders.resolve(world.session, journey.operator(world), order.no, refund_fen=4000, reason="evidence", now=world.now)

    world.session.refresh(order)
    assert order.status is OrderStatus.CLOSED
    assert ledger.balance(world.session, pending) == 4500
    assert_books_are_sound(world)


def test_a_dispute_before_settlement_that_is_rejected_settles(world: World) -> None:
    order = world.finished()
    orders.dispute(world.session, world.customer, order.no, reason="dust", now=world.now)

    orders.resolve(
        world.session, journey.operator(world), order.no, refund_fen=0, reason="photos show it clean", now=world.now
    )

    world.session.refresh(order)
    assert order.status is OrderStatus.COMPLETED
    assert ledger.balance(world.session, ledger.pending(order.technician_id or 0, order.id or 0)) == 7500


def test_buttons_come_from_the_machine(world: World) -> None:
    assert orders.events_for(OrderStatus.AWAITING_CONFIRM, world.customer) == [OrderEvent.CONFIRM, OrderEvent.DISPUTE]
    assert OrderEvent.CONFIRM not in orders.events_for(OrderStatus.AWAITING_CONFIRM, world.technicians[0])


def test_a_stale_tab_is_told_that_the_step_is_gone(world: World) -> None:
    order = world.completed()

    with pytest.raises(TransitionRefused):
        orders.confirm(world.session, world.customer, order.no, now=world.now)

    assert log_of(world, order).count("confirm") == 1


def test_offers_say_what_is_earned_and_why(world: World) -> None:
    order = world.book()
    world.pay(order)
    world.dispatch()

    offer = world.session.exec(select(Offer).where(Offer.order_id == order.id)).one()
    decision = world.session.exec(select(DispatchDecision).where(DispatchDecision.order_id == order.id)).one()

    assert offer.take_home_fen == 7500
    best = decision.candidates[0]
    assert best["technician_id"] == offer.technician_id == decision.technician_id
    assert sum(best["parts"].values()) == best["score"]
    assert world.session.exec(select(Payment.status).where(Payment.order_id == order.id)).one() is PaymentStatus.KEPT
