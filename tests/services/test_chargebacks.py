"""Chargebacks: booked once whatever order messages come in, and seen by operators until the bank decides."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from servicehub.db import Database
from servicehub.domain.channel import Report
from servicehub.domain.chargeback import ChargebackStatus, is_news
from servicehub.domain.order import OrderStatus
from servicehub.models.chargeback import Chargeback
from servicehub.models.order import Order, OrderLog
from servicehub.models.payment import ChannelEvent, Payment
from servicehub.queries.customer.order import order_page
from servicehub.queries.operator import attention, money_overview
from servicehub.queries.operator import order as order_sheet
from servicehub.queries.operator import orders as desk
from servicehub.services import ledger, orders, payments, settlements
from servicehub.services.payments import OutcomeKind
from tests import journey
from tests.city import NOW
from tests.crowd import at_once
from tests.journey import World

S = ChargebackStatus
CASH, COST = ledger.cash("simulator"), ledger.chargebacks("simulator")


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def paid(world: World) -> tuple[Order, Payment]:
    order = world.book()
    world.pay(order)
    payment = world.session.exec(select(Payment).where(Payment.order_id == order.id)).one()
    return order, payment


def report(payment: Payment, status: ChargebackStatus, *, event: str = "", **changes: Any) -> Report:
    told = Report(
        "simulator",
        event or f"e-{status}",
        "chargeback",
        "dp_1",
        payment.amount_fen,
        payment.channel_no or "",
        chargeback=status,
    )
    return replace(told, **changes)


def hear(session: Session, told: Report) -> OutcomeKind:
    outcome = payments.record(session, told, now=NOW)
    orders.payment_recorded(session, outcome, now=NOW)
    return outcome.kind


def balances(session: Session) -> tuple[int, int]:
    return ledger.balance(session, CASH), ledger.balance(session, COST)


def log_of(session: Session, order: Order) -> list[str]:
    rows = session.exec(select(OrderLog.event).where(OrderLog.order_id == order.id).order_by(OrderLog.id))  # type: ignore[arg-type]
    return [event for event in rows if event.startswith("chargeback")]


def test_taken_and_lost_stays_an_expense(world: World) -> None:
    order, payment = paid(world)
    price = payment.amount_fen
    before = (order.status, order.version)

    assert hear(world.session, report(payment, S.OPEN)) is OutcomeKind.CHARGEBACK
    assert balances(world.session) == (0, price)
    assert hear(world.session, report(payment, S.OPEN)) is OutcomeKind.DUPLICATE
    assert hear(world.session, report(payment, S.OPEN, event="funds")) is OutcomeKind.DUPLICATE
    assert hear(world.session, report(payment, S.LOST)) is OutcomeKind.CHARGEBACK

    assert balances(world.session) == (0, price)
    assert ledger.lines_of(world.session, "chargeback:simulator:dp_1") == {CASH: -price, COST: price}
    assert log_of(world.session, order) == ["chargeback_open", "chargeback_lost"]
    world.session.refresh(order)
    assert (order.status, order.version) == before
    assert ledger.balance(world.session, ledger.escrow(order.id or 0)) == price
    assert ledger.verify(world.session) == []


def test_taken_and_won_comes_back(world: World) -> None:
    _order, payment = paid(world)
    hear(world.session, report(payment, S.OPEN))

    told = [hear(world.session, report(payment, S.WON, event=f"w{i}")) for i in range(2)]

    assert told == [OutcomeKind.CHARGEBACK, OutcomeKind.DUPLICATE]
    assert balances(world.session) == (payment.amount_fen, 0)
    row = world.session.exec(select(Chargeback)).one()
    assert (row.status, row.taken_at, row.returned_at) == (S.WON, NOW, NOW)


@pytest.mark.parametrize("verdict", [S.WON, S.LOST])
def test_earnings_wait_until_the_bank_has_decided(world: World, verdict: ChargebackStatus) -> None:
    order = world.completed()
    payment = world.session.exec(select(Payment).where(Payment.order_id == order.id)).one()
    hear(world.session, report(payment, S.OPEN))
    assert settlements.mature_due(world.session, world.later(days=9)) == 0

    hear(world.session, report(payment, verdict))

    assert settlements.mature_due(world.session, world.now) == 1
    assert ledger.verify(world.session) == []


def test_earnings_wait_also_when_the_bank_was_first_or_a_dispute_is_over(world: World) -> None:
    order = world.finished()
    payment = world.session.exec(select(Payment).where(Payment.order_id == order.id)).one()
    hear(world.session, report(payment, S.OPEN))
    orders.dispute(world.session, world.customer, order.no, reason="漏扫", now=world.now)
    orders.resolve(world.session, journey.operator(world), order.no, refund_fen=0, reason="已核实", now=world.now)

    assert settlements.mature_due(world.session, world.later(days=9)) == 0
    orders.dispute(world.session, world.customer, order.no, reason="又漏扫", now=world.now)
    hear(world.session, report(payment, S.WON))
    assert settlements.mature_due(world.session, world.now) == 0  # the second dispute
    orders.resolve(world.session, journey.operator(world), order.no, refund_fen=0, reason="已核实", now=world.now)
    assert settlements.mature_due(world.session, world.now) == 1


def test_won_is_heard_first(world: World) -> None:
    """Both sides are booked, for a bill has both; what is told late changes nothing."""
    order, payment = paid(world)

    told = [hear(world.session, report(payment, status)) for status in (S.WON, S.OPEN, S.LOST)]

    assert told == [OutcomeKind.CHARGEBACK, OutcomeKind.DUPLICATE, OutcomeKind.DUPLICATE]
    assert balances(world.session) == (payment.amount_fen, 0)
    assert len(journey.entries_of(world.session, ledger.order_ref(order.id or 0))) == 3
    assert log_of(world.session, order) == ["chargeback_won"]


def test_lost_and_then_won_after_all(world: World) -> None:
    _order, payment = paid(world)

    told = [hear(world.session, report(payment, status)) for status in (S.LOST, S.OPEN, S.WON)]

    assert told == [OutcomeKind.CHARGEBACK, OutcomeKind.DUPLICATE, OutcomeKind.CHARGEBACK]
    assert balances(world.session) == (payment.amount_fen, 0)


def test_a_question_takes_nothing_and_may_become_more(world: World) -> None:
    order, payment = paid(world)
    hear(world.session, report(payment, S.INQUIRY))
    assert balances(world.session) == (payment.amount_fen, 0)

    hear(world.session, report(payment, S.DROPPED))
    assert world.session.exec(select(Chargeback)).one().taken_at is None

    assert hear(world.session, report(payment, S.OPEN, amount_fen=3_000)) is OutcomeKind.CHARGEBACK
    assert balances(world.session) == (payment.amount_fen - 3_000, 3_000)
    assert log_of(world.session, order) == ["chargeback_inquiry", "chargeback_dropped", "chargeback_open"]


@pytest.mark.parametrize(
    "changes",
    [{"no": ""}, {"channel_no": ""}, {"channel_no": "pi_of_somebody"}, {"amount_fen": 0}, {"channel": "stripe"}],
)
def test_what_fits_no_payment_is_parked(world: World, changes: dict[str, Any]) -> None:
    _order, payment = paid(world)

    assert hear(world.session, report(payment, S.OPEN, **changes)) is OutcomeKind.SUSPECT

    assert balances(world.session) == (payment.amount_fen, 0)
    assert world.session.exec(select(Chargeback)).all() == []


def test_another_amount_or_payment_is_parked(world: World) -> None:
    _order, payment = paid(world)
    hear(world.session, report(payment, S.OPEN))
    _second, other = paid(world)

    for told in (report(payment, S.LOST, amount_fen=1), report(other, S.LOST, event="other")):
        assert hear(world.session, told) is OutcomeKind.SUSPECT

    assert world.session.exec(select(Chargeback)).one().status is S.OPEN


def test_no_status_follows_itself_and_won_is_the_end() -> None:
    assert not any(is_news(status, status) for status in S)
    assert not any(is_news(S.WON, status) for status in S)
    assert all(is_news(S.INQUIRY, status) for status in S if status is not S.INQUIRY)


def test_operators_see_it_until_the_bank_decides_and_customers_do_not(world: World) -> None:
    session, admin = world.session, journey.operator(world)
    order, payment = paid(world)
    hear(session, report(payment, S.OPEN))

    def alerts() -> list[tuple[str, str]]:
        found = attention.attention(session, admin, locale="en", now=NOW)
        return [(one.title, one.link) for one in found if one.key == "chargeback"]

    def listed() -> list[str]:
        wanted = desk.Filter(view="chargeback")
        return [row.no for row in desk.desk(session, admin, wanted, locale="en", now=NOW).rows]

    assert alerts() == [("1 chargeback waits for an answer", "/operator/orders/?view=chargeback")]
    assert listed() == [order.no]
    page = order_sheet.page(session, admin, order.no, locale="en", now=NOW)
    assert page.log[0].title == "The customer's bank took the payment back"
    assert [(row.title, row.state, row.amount) for row in page.money if row.no == "dp_1"] == [
        ("Chargeback", "Taken by the bank, please answer", "−¥100.00")
    ]
    mine = order_page(session, world.customer, order.no, locale="en", now=NOW)
    assert not any("bank" in line.title.lower() for line in mine.log)

    hear(session, report(payment, S.WON))
    assert (alerts(), listed()) == ([], [])
    page = order_sheet.page(session, admin, order.no, locale="zh", now=NOW)
    assert [(row.state, row.amount) for row in page.money if row.no == "dp_1"] == [("已胜诉，款项退回", "¥0.00")]


def test_the_overview_counts_it_as_given_and_never_as_paid_by_customers(world: World) -> None:
    session, admin = world.session, journey.operator(world)
    _order, payment = paid(world)

    def figures() -> dict[str, str]:
        shown = money_overview.money_overview(session, admin, "", now=NOW, locale="en")
        return {one.key: one.value for one in shown.figures}

    hear(session, report(payment, S.OPEN))
    taken = figures()
    hear(session, report(payment, S.WON))
    won = figures()

    assert (taken["taken"], taken["given"], taken["returned"]) == ("¥100.00", "¥100.00", "¥0.00")
    assert (won["taken"], won["given"], won["returned"]) == ("¥100.00", "¥0.00", "¥0.00")


def test_the_database_holds_times_and_statuses_together(world: World) -> None:
    _order, payment = paid(world)
    hear(world.session, report(payment, S.OPEN))

    for changes in ({"taken_at": None}, {"status": S.WON}, {"status": S.INQUIRY}, {"amount_fen": 0}):
        with world.session.begin_nested() as attempt:
            with pytest.raises(sa.exc.IntegrityError):
                world.session.execute(sa.update(Chargeback).values(**changes))
            attempt.rollback()


def test_everything_about_one_chargeback_is_heard_at_once(database: Database) -> None:
    """Sixty-four messages in every order: taken once, returned once, and the last word is the bank's."""

    def prepare(session: Session) -> tuple[int, Payment]:
        order, payment = paid(journey.build(session))
        return order.id or 0, payment

    order_id, payment = database.write_now(prepare)
    statuses = (S.OPEN, S.WON, S.INQUIRY, S.LOST)
    told = [report(payment, statuses[i % 4], event=f"e{i // 2}-{i % 4}") for i in range(64)]

    outcomes = at_once(64, lambda i: database.write_now(hear, told[i]))

    assert all(isinstance(one, OutcomeKind) for one in outcomes)
    row = database.read_now(lambda s: s.exec(select(Chargeback)).one())
    assert row.status is S.WON
    kinds = Counter(entry.kind for entry, _lines in database.read_now(journey.entries_of, ledger.order_ref(order_id)))
    assert (kinds["chargeback"], kinds["chargeback_won"]) == (1, 1)
    assert database.read_now(balances) == (payment.amount_fen, 0)
    assert database.read_now(ledger.verify) == []
    waits = database.read_now(lambda s: s.exec(select(Order).where(Order.id == order_id)).one()).status
    assert waits in (OrderStatus.MATCHING, OrderStatus.ASSIGNED)
    inbox = database.read_now(lambda s: s.exec(select(ChannelEvent.result)).all())
    assert set(inbox) <= {"paid", "chargeback", "duplicate"}
