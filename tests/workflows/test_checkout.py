"""Paying and refunding through the simulated channel, with everything going wrong that can."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from servicehub.adapters import gateway as channels
from servicehub.adapters.gateway_simulator import GatewaySimulator
from servicehub.db import Database
from servicehub.domain.access import Actor, Role
from servicehub.domain.channel import CloseResult, PayState, RefundRequest, RefundState
from servicehub.domain.order import OrderStatus
from servicehub.domain.payment import PaymentStatus, PlanItem, RefundStatus
from servicehub.errors import GatewayUnknown, Invalid, NotAllowed, NotFound
from servicehub.jobs.recorder import Recorder
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.services import ledger, orders, refunds
from servicehub.services.payments import OutcomeKind
from servicehub.workflows import checkout
from servicehub.workflows import refunds as sending
from tests import journey
from tests.conftest import FixedClock


@pytest.fixture
def simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GatewaySimulator]:
    """A channel with empty books that sends no message by itself."""
    made = GatewaySimulator(tmp_path / "channel.db")
    monkeypatch.setattr(channels, "simulator", lambda: made)
    monkeypatch.setattr(checkout, "simulator", lambda: made)
    yield made
    made.close_file()


@pytest.fixture
def booked(sqlite_database: Database, simulator: GatewaySimulator, fixed_clock: FixedClock) -> tuple[Actor, str]:
    """The customer and the number of an order that waits for its payment."""

    def prepare(session: Session) -> tuple[Actor, str]:
        world = journey.build(session)
        return world.customer, world.book().no

    return sqlite_database.write_now(prepare)


def order_of(database: Database, no: str) -> Order:
    return database.read_now(lambda s: s.exec(select(Order).where(Order.no == no)).one())


def payment_of(database: Database) -> Payment:
    return database.read_now(lambda s: s.exec(select(Payment)).one())


def refund_of(database: Database) -> Refund:
    return database.read_now(lambda s: s.exec(select(Refund)).one())


def open_at_cashier(database: Database, booked: tuple[Actor, str], clock: FixedClock, **options: Any) -> str:
    """The payment's number."""
    url = checkout.start_now(database, booked[0], booked[1], "wechat", now=clock.now, **options).url
    assert url.startswith("/sim/pay/P")
    return url.rsplit("/", 1)[-1]


def test_paying_at_the_cashier(
    sqlite_database: Database, simulator: GatewaySimulator, booked: tuple[Actor, str], fixed_clock: FixedClock
) -> None:
    no = open_at_cashier(sqlite_database, booked, fixed_clock, locale="en")
    bill = simulator.bill(no)
    assert bill is not None
    assert (bill.amount_fen, bill.title, bill.return_path) == (10_000, "Cleaning", f"/en/pay/result/?o={booked[1]}")
    assert simulator.pay(no)
    assert not simulator.pay(no)
    headers, raw = simulator.message(no)

    outcomes = [checkout.deliver(sqlite_database, "simulator", headers, raw, now=fixed_clock.now) for _ in range(3)]

    assert [o.kind for (o,) in outcomes] == [OutcomeKind.PAID, OutcomeKind.DUPLICATE, OutcomeKind.DUPLICATE]
    assert order_of(sqlite_database, booked[1]).status is OrderStatus.ASSIGNED
    assert sqlite_database.read_now(ledger.balance, "cash:simulator") == 10_000


def test_a_visitor_pays_with_one_call(sqlite_database: Database, booked: tuple[Actor, str], run: Any) -> None:
    run(checkout.pay_in_simulator(sqlite_database, booked[0], booked[1], method="alipay"))

    assert order_of(sqlite_database, booked[1]).status is OrderStatus.ASSIGNED


def test_forged_altered_and_stale_messages_change_nothing(
    sqlite_database: Database, simulator: GatewaySimulator, booked: tuple[Actor, str], fixed_clock: FixedClock
) -> None:
    no = open_at_cashier(sqlite_database, booked, fixed_clock)
    simulator.pay(no)
    headers, raw = simulator.message(no)
    simulator.faults.forge = True
    forged, _ = simulator.message(no)
    late = fixed_clock.now + timedelta(minutes=6)

    attempts = (
        (forged, raw, fixed_clock.now),
        (headers, raw.replace(b"10000", b"10001"), fixed_clock.now),
        (headers | {"x-sim-timestamp": late.isoformat()}, raw, late),
        (headers, raw, late),
        ({}, raw, fixed_clock.now),
        (headers, b"\xff", fixed_clock.now),
    )
    for given, body, now in attempts:
        with pytest.raises(NotAllowed):
            checkout.deliver(sqlite_database, "simulator", given, body, now=now)
    assert order_of(sqlite_database, booked[1]).status is OrderStatus.PENDING_PAYMENT
    with pytest.raises(NotFound):
        checkout.deliver(sqlite_database, "unheard-of", headers, raw, now=fixed_clock.now)


def test_a_lost_message_is_found_by_asking(
    sqlite_database: Database,
    simulator: GatewaySimulator,
    booked: tuple[Actor, str],
    fixed_clock: FixedClock,
    recorder: Recorder,
) -> None:
    no = open_at_cashier(sqlite_database, booked, fixed_clock)
    (job,) = [job for job in recorder.jobs if job.name == "payment_query"]
    assert (job.due_at - fixed_clock.now, job.payload) == (timedelta(seconds=30), {"no": no, "step": 0})
    checkout.query(sqlite_database, job.payload)
    assert recorder.named("payment_query")[-1] == {"no": no, "step": 1}
    simulator.pay(no)
    simulator.faults.lose_answers = True
    checkout.query(sqlite_database, {"no": no, "step": 1})
    assert order_of(sqlite_database, booked[1]).status is OrderStatus.PENDING_PAYMENT
    simulator.faults.lose_answers = False
    checkout.query(sqlite_database, {"no": no, "step": 2})

    assert order_of(sqlite_database, booked[1]).status is OrderStatus.ASSIGNED
    headers, raw = simulator.message(no)
    assert (
        checkout.deliver(sqlite_database, "simulator", headers, raw, now=fixed_clock.now)[0].kind
        is OutcomeKind.DUPLICATE
    )
    asked = len(recorder.named("payment_query"))
    checkout.query(sqlite_database, {"no": no, "step": 3})
    assert len(recorder.named("payment_query")) == asked


def test_a_payment_that_nobody_made_ends_with_its_time(
    sqlite_database: Database, simulator: GatewaySimulator, fixed_clock: FixedClock, recorder: Recorder
) -> None:
    """A thank-you has no order that ends with it: without this it would wait for its money for ever."""

    def served(session: Session) -> tuple[Actor, str]:
        world = journey.build(session)
        return world.customer, world.completed().no

    customer, order_no = sqlite_database.write_now(served)
    checkout.start_now(sqlite_database, customer, order_no, "wechat", tip_fen=500, now=fixed_clock.now)
    tip = sqlite_database.read_now(lambda s: s.exec(select(Payment).where(Payment.item == PlanItem.TIP)).one())
    checkout.query(sqlite_database, {"no": tip.no, "step": 9})
    job = next(job for job in recorder.jobs if job.name == "payment_lapse")
    assert (job.payload, job.due_at > tip.expires_at) == ({"no": tip.no}, True)
    fixed_clock.now = job.due_at

    simulator.faults.down = True
    with pytest.raises(GatewayUnknown):
        checkout.lapse(sqlite_database, job.payload)
    simulator.faults.down = False
    checkout.lapse(sqlite_database, job.payload)
    checkout.lapse(sqlite_database, job.payload)

    ended = sqlite_database.read_now(lambda s: s.get_one(Payment, tip.id))
    assert (ended.status, recorder.named("payment_close")[-1]) == (PaymentStatus.CLOSED, {"no": tip.no})


def test_an_order_that_is_held_ends_with_its_own_timer(
    sqlite_database: Database, booked: tuple[Actor, str], simulator: GatewaySimulator, fixed_clock: FixedClock
) -> None:
    no = open_at_cashier(sqlite_database, booked, fixed_clock)
    fixed_clock.now = payment_of(sqlite_database).expires_at + timedelta(seconds=1)

    checkout.lapse(sqlite_database, {"no": no})

    assert simulator.bill(no) is not None
    assert payment_of(sqlite_database).status is PaymentStatus.PENDING


def test_a_channel_that_is_down_leaves_an_open_payment_that_will_be_asked_for(
    sqlite_database: Database,
    simulator: GatewaySimulator,
    booked: tuple[Actor, str],
    fixed_clock: FixedClock,
    recorder: Recorder,
) -> None:
    simulator.faults.down = True
    with pytest.raises(GatewayUnknown):
        checkout.start_now(sqlite_database, *booked, "wechat", now=fixed_clock.now)

    payment = payment_of(sqlite_database)
    assert (payment.status, recorder.named("payment_query")) == (PaymentStatus.PENDING, [{"no": payment.no, "step": 0}])
    simulator.faults.down = False
    assert open_at_cashier(sqlite_database, booked, fixed_clock) == payment.no


def test_strangers_and_unknown_methods_open_nothing(
    sqlite_database: Database, booked: tuple[Actor, str], fixed_clock: FixedClock
) -> None:
    stranger = Actor(user_id=999_999, role=Role.CUSTOMER)

    with pytest.raises(NotFound):
        checkout.start_now(sqlite_database, stranger, booked[1], "wechat", now=fixed_clock.now)
    with pytest.raises(Invalid):
        checkout.start_now(sqlite_database, *booked, "shells", now=fixed_clock.now)
    assert sqlite_database.read_now(lambda s: s.exec(select(Payment)).all()) == []


def test_a_cancelled_order_closes_its_payment_at_the_channel(
    sqlite_database: Database,
    simulator: GatewaySimulator,
    booked: tuple[Actor, str],
    fixed_clock: FixedClock,
    recorder: Recorder,
) -> None:
    no = open_at_cashier(sqlite_database, booked, fixed_clock)
    sqlite_database.write_now(orders.cancel, *booked, reason="", expected_refund_fen=0, now=fixed_clock.now)
    simulator.faults.lose_answers = True
    with pytest.raises(GatewayUnknown):
        checkout.close(sqlite_database, recorder.named("payment_close")[0])
    simulator.faults.lose_answers = False
    checkout.close(sqlite_database, recorder.named("payment_close")[0])

    assert not simulator.pay(no)
    assert simulator.query(no).state is PayState.CLOSED


def test_paid_while_being_cancelled_goes_back_in_full(
    sqlite_database: Database,
    simulator: GatewaySimulator,
    booked: tuple[Actor, str],
    fixed_clock: FixedClock,
    recorder: Recorder,
) -> None:
    no = open_at_cashier(sqlite_database, booked, fixed_clock)
    sqlite_database.write_now(orders.cancel, *booked, reason="", expected_refund_fen=0, now=fixed_clock.now)
    simulator.pay(no)
    checkout.close(sqlite_database, recorder.named("payment_close")[0])
    assert payment_of(sqlite_database).status is PaymentStatus.LATE
    sending.send(sqlite_database, recorder.named("refund")[0])

    assert order_of(sqlite_database, booked[1]).status is OrderStatus.CANCELLED
    assert refund_of(sqlite_database).status is RefundStatus.SUCCEEDED
    assert sqlite_database.read_now(ledger.balance, "cash:simulator") == 0
    assert sqlite_database.read_now(ledger.verify) == []


def test_the_channel_is_asked_before_an_order_expires(
    sqlite_database: Database, simulator: GatewaySimulator, booked: tuple[Actor, str], fixed_clock: FixedClock
) -> None:
    no = open_at_cashier(sqlite_database, booked, fixed_clock)
    simulator.pay(no)  # and the message about it is lost
    now = fixed_clock.advance(minutes=16)
    assert sqlite_database.write_now(orders.fire_due, now) == 0

    simulator.faults.down = True
    assert checkout.expire_unpaid(sqlite_database, now) == 0
    assert order_of(sqlite_database, booked[1]).status is OrderStatus.PENDING_PAYMENT
    simulator.faults.down = False
    assert checkout.expire_unpaid(sqlite_database, now) == 0
    assert order_of(sqlite_database, booked[1]).status is OrderStatus.ASSIGNED


def test_an_order_expires_once_its_channel_says_that_nothing_came(
    sqlite_database: Database, simulator: GatewaySimulator, booked: tuple[Actor, str], fixed_clock: FixedClock
) -> None:
    open_at_cashier(sqlite_database, booked, fixed_clock)
    assert checkout.expire_unpaid(sqlite_database, fixed_clock.advance(minutes=14)) == 0
    assert order_of(sqlite_database, booked[1]).status is OrderStatus.PENDING_PAYMENT

    assert checkout.expire_unpaid(sqlite_database, fixed_clock.advance(minutes=2)) == 1
    assert order_of(sqlite_database, booked[1]).status is OrderStatus.EXPIRED
    assert payment_of(sqlite_database).status is PaymentStatus.CLOSED
    assert checkout.expire_unpaid(sqlite_database, fixed_clock.now) == 0


def test_a_silent_channel_does_not_hold_an_order_for_ever(
    sqlite_database: Database, simulator: GatewaySimulator, booked: tuple[Actor, str], fixed_clock: FixedClock
) -> None:
    open_at_cashier(sqlite_database, booked, fixed_clock)
    simulator.faults.down = True
    fixed_clock.advance(minutes=18)

    assert checkout.expire_unpaid(sqlite_database, fixed_clock.now) == 0
    assert sqlite_database.write_now(orders.fire_due, fixed_clock.now) == 1
    assert order_of(sqlite_database, booked[1]).status is OrderStatus.EXPIRED


def refunded(database: Database, booked: tuple[Actor, str], clock: FixedClock, run: Any) -> str:
    """The number of a refund of ¥40 of the paid order."""
    run(checkout.pay_in_simulator(database, *booked))
    order = order_of(database, booked[1])
    return database.write_now(refunds.request, order, 4000, "goodwill", now=clock.now)[0].no


def test_a_refund_whose_answer_was_lost_is_asked_for_and_paid_once(
    sqlite_database: Database,
    simulator: GatewaySimulator,
    booked: tuple[Actor, str],
    fixed_clock: FixedClock,
    recorder: Recorder,
    run: Any,
) -> None:
    no = refunded(sqlite_database, booked, fixed_clock, run)
    simulator.faults.lose_answers = True
    sending.send(sqlite_database, {"no": no})
    assert refund_of(sqlite_database).status is RefundStatus.SENT
    assert sqlite_database.read_now(ledger.balance, "cash:simulator") == 10_000
    simulator.faults.lose_answers = False
    for _ in range(3):
        sending.send(sqlite_database, {"no": no})

    refund = refund_of(sqlite_database)
    assert (refund.status, refund.tries, refund.no) == (RefundStatus.SUCCEEDED, 2, no)
    assert sqlite_database.read_now(ledger.balance, "cash:simulator") == 6000
    assert len(recorder.named("refund")) == 2


def test_a_refund_that_never_arrived_is_sent_again_under_its_number(
    sqlite_database: Database, simulator: GatewaySimulator, booked: tuple[Actor, str], fixed_clock: FixedClock, run: Any
) -> None:
    no = refunded(sqlite_database, booked, fixed_clock, run)
    simulator.faults.down = True
    sending.send(sqlite_database, {"no": no})
    simulator.faults.down = False
    sending.send(sqlite_database, {"no": no})

    assert refund_of(sqlite_database).status is RefundStatus.SUCCEEDED
    assert simulator.query_refund(RefundRequest(no, "", "simulator", 0, 0, 1)) is RefundState.SUCCEEDED


def test_a_refused_refund_waits_for_people(
    sqlite_database: Database, simulator: GatewaySimulator, booked: tuple[Actor, str], fixed_clock: FixedClock, run: Any
) -> None:
    simulator.faults.fail_refunds = True
    sending.send(sqlite_database, {"no": refunded(sqlite_database, booked, fixed_clock, run)})

    assert refund_of(sqlite_database).status is RefundStatus.FAILED
    assert sqlite_database.read_now(ledger.verify) == []


def test_the_channels_books_survive_a_restart(
    tmp_path: Path,
    simulator: GatewaySimulator,
    booked: tuple[Actor, str],
    sqlite_database: Database,
    fixed_clock: FixedClock,
) -> None:
    no = open_at_cashier(sqlite_database, booked, fixed_clock)
    simulator.pay(no)
    simulator.close_file()
    again = GatewaySimulator(tmp_path / "channel.db")

    assert (again.query(no).state, again.close(no), again.query("P-unheard").state) == (
        PayState.PAID,
        CloseResult.ALREADY_PAID,
        PayState.NOT_FOUND,
    )
    again.close_file()


def test_production_has_no_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = channels.get_settings().model_copy(update={"env": "production"})
    monkeypatch.setattr(channels, "get_settings", lambda: settings)
    channels.simulator.cache_clear()

    with pytest.raises(NotFound):
        channels.simulator()
    with pytest.raises(NotFound):
        channels.gateway("simulator")


def test_coming_back_asks_the_channel_once_in_a_while(
    sqlite_database: Database,
    simulator: GatewaySimulator,
    booked: tuple[Actor, str],
    fixed_clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
    run: Any,
) -> None:
    no = open_at_cashier(sqlite_database, booked, fixed_clock)
    asked: list[str] = []
    query = simulator.query
    monkeypatch.setattr(simulator, "query", lambda number: (asked.append(number), query(number))[1])
    for _ in range(5):
        run(checkout.look(sqlite_database, *booked))
    assert asked == [no]
    with pytest.raises(NotFound):
        run(checkout.look(sqlite_database, Actor(user_id=999_999, role=Role.CUSTOMER), booked[1]))

    simulator.pay(no, notify=False)  # and the message about it is lost
    monkeypatch.setattr(checkout, "_ASKED", type(checkout._ASKED)(type(checkout._ASKED.storage)()))
    run(checkout.look(sqlite_database, *booked))

    assert order_of(sqlite_database, booked[1]).status is OrderStatus.ASSIGNED
