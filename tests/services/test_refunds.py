"""Refunds never exceed what was paid, come from where the money is, and are sent under one number."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, func, select

from servicehub.db import Database
from servicehub.domain.channel import RefundState
from servicehub.domain.order import PaymentPlan
from servicehub.domain.payment import RefundStatus
from servicehub.errors import RefundTooLarge
from servicehub.jobs.recorder import Recorder
from servicehub.models.order import Order
from servicehub.models.payment import Refund
from servicehub.services import ledger, refunds, settlements, sums
from tests import journey
from tests.city import NOW
from tests.journey import World


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def paid(world: World) -> Order:
    order = world.book()
    world.pay(order)
    return order


def test_a_refund_is_promised_before_it_is_sent(world: World, recorder: Recorder) -> None:
    order = paid(world)
    (refund,) = refunds.request(world.session, order, 3000, "goodwill", now=world.now)

    assert (refund.status, refund.amount_fen, refund.reason) == (RefundStatus.NEW, 3000, "goodwill")
    assert (sums.escrow(world.session, order), sums.paid_net(world.session, order)) == (7000, 7000)
    assert ledger.balance(world.session, f"refund_due:{order.id}") == 3000
    assert recorder.named("refund") == [{"no": refund.no}]


@pytest.mark.parametrize("amount", [0, -1, 10_001])
def test_more_than_was_paid_is_refused_and_nothing_is_promised(world: World, amount: int) -> None:
    order = paid(world)

    with pytest.raises(RefundTooLarge):
        refunds.request(world.session, order, amount, "goodwill", now=world.now)
    assert world.session.exec(select(func.count()).select_from(Refund)).one() == 0
    assert sums.escrow(world.session, order) == 10_000


def test_a_refund_spreads_over_the_payments_newest_first(session: Session) -> None:
    world = journey.build(session, payment_plan=PaymentPlan.DEPOSIT, deposit_bp=2000)
    order = world.finished()
    world.pay(order)

    made = refunds.request(session, order, 9000, "after_sale", now=world.now)

    assert [refund.amount_fen for refund in made] == [8000, 1000]
    with pytest.raises(RefundTooLarge):
        refunds.request(session, order, 1001, "after_sale", now=world.now)


def test_every_try_carries_the_same_number(world: World, recorder: Recorder) -> None:
    (refund,) = refunds.request(world.session, paid(world), 3000, "goodwill", now=world.now)
    first = refunds.begin(world.session, refund.no, now=world.now)
    assert refunds.again(world.session, refund.no) == 30
    second = refunds.begin(world.session, refund.no, now=world.now)
    assert refunds.again(world.session, refund.no) == 60

    assert first is not None
    assert second is not None
    assert (first.no, first.tries, second.no, second.tries) == (refund.no, 1, refund.no, 2)
    assert (first.amount_fen, first.paid_fen) == (3000, 10_000)
    assert recorder.named("refund") == [{"no": refund.no}] * 3
    refunds.record_result(world.session, refund.no, RefundState.SUCCEEDED, now=world.now)
    assert refunds.begin(world.session, refund.no, now=world.now) is None
    assert refunds.again(world.session, refund.no) == 0


def test_a_failed_refund_stays_promised_and_may_still_succeed(world: World) -> None:
    order = paid(world)
    (refund,) = refunds.request(world.session, order, 3000, "goodwill", now=world.now)

    assert refunds.record_result(world.session, refund.no, RefundState.FAILED, now=world.now)
    assert refund.status is RefundStatus.FAILED
    assert sums.paid_net(world.session, order) == 7000
    assert not refunds.record_result(world.session, refund.no, RefundState.UNKNOWN, now=world.now)
    assert refunds.record_result(world.session, refund.no, RefundState.SUCCEEDED, now=world.now)
    assert ledger.balance(world.session, f"refund_due:{order.id}") == 0


def test_after_settlement_everybody_gives_back_a_part(world: World) -> None:
    order = world.completed()
    technician = order.technician_id
    assert ledger.balance(world.session, f"t_pending:{technician}:{order.id}") == 7500

    refunds.request(world.session, order, 4000, "after_sale", now=world.now)

    assert ledger.balance(world.session, f"t_pending:{technician}:{order.id}") == 4500
    assert ledger.balance(world.session, ledger.COMMISSION) == 1500
    assert ledger.balance(world.session, f"refund_due:{order.id}") == 4000
    assert ledger.verify(world.session) == []


def test_what_the_technician_has_withdrawn_or_never_had_becomes_a_debt_that_is_repaid_first(world: World) -> None:
    order = world.completed()
    technician = order.technician_id
    settlements.mature_due(world.session, world.later(days=8))
    ledger.post(
        world.session, "out", "payout", "x", {f"t_avail:{technician}": 7000, "cash:simulator": -7000}, now=world.now
    )

    refunds.request(world.session, order, 10_000, "after_sale", now=world.now)

    assert ledger.balance(world.session, f"t_avail:{technician}") == 0
    assert ledger.balance(world.session, f"tech_debt:{technician}") == 7000
    assert ledger.balance(world.session, ledger.COMMISSION) == 0


def test_the_platform_may_bear_the_technicians_part(world: World) -> None:
    order = world.completed()
    refunds.request(world.session, order, 4000, "after_sale", now=world.now, technician_bp=0)

    assert ledger.balance(world.session, f"t_pending:{order.technician_id}:{order.id}") == 7500
    assert ledger.balance(world.session, ledger.DISPUTE_COST) == 3000


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=6))
def test_partial_refunds_of_a_settled_order_add_up_to_the_full_one(session: Session, parts: list[int]) -> None:
    with session.begin_nested() as undo:
        world = journey.build(session, price_fen=sum(parts))
        order = world.completed()
        for part in parts:
            refunds.request(session, order, part, "after_sale", now=world.now)

        left = {account: fen for account, fen in ledger.trial(session).by_account.items() if fen}
        assert left == {"cash:simulator": sum(parts), f"refund_due:{order.id}": -sum(parts)}
        undo.rollback()


def test_refunds_raced_by_many_threads_never_exceed_the_payment(database: Database) -> None:
    order_id = database.write_now(lambda s: paid(journey.build(s)).id)
    barrier = threading.Barrier(12)

    def ask(_: int) -> int:
        barrier.wait(30)
        try:
            made = database.write_now(
                lambda s: refunds.request(s, s.get_one(Order, order_id), 3000, "goodwill", now=NOW)
            )
        except RefundTooLarge:
            return 0
        return sum(refund.amount_fen for refund in made)

    with ThreadPoolExecutor(12) as pool:
        granted = list(pool.map(ask, range(12)))

    assert sorted(granted, reverse=True)[:4] == [3000, 3000, 3000, 0]
    assert database.read_now(lambda s: s.exec(select(func.sum(col(Refund.amount_fen)))).one()) == 9000
    assert database.read_now(ledger.balance, f"escrow:{order_id}") == 1000
    assert database.read_now(ledger.verify) == []


def test_results_raced_by_many_threads_are_booked_once(database: Database) -> None:
    def prepare(session: Session) -> str:
        world = journey.build(session)
        return refunds.request(session, paid(world), 10_000, "cancelled", now=NOW)[0].no

    no = database.write_now(prepare)
    with ThreadPoolExecutor(8) as pool:
        later = NOW + timedelta(minutes=1)
        booked = list(
            pool.map(
                lambda _: database.write_now(refunds.record_result, no, RefundState.SUCCEEDED, now=later), range(8)
            )
        )

    assert booked.count(True) == 1
    assert database.read_now(ledger.balance, "cash:simulator") == 0
