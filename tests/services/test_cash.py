"""Cash at the door: off unless named, after the service only, confirmed and owed by who took it, repaid by his earnings."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest
from sqlmodel import Session, select

from servicehub.adapters import gateway
from servicehub.db import Database
from servicehub.domain.access import Actor
from servicehub.domain.order import OrderStatus, PaymentPlan
from servicehub.domain.payment import PaymentStatus
from servicehub.errors import Invalid, NotAllowed, NotFound, TransitionRefused
from servicehub.models.order import Order
from servicehub.models.payment import Payment
from servicehub.queries.customer.payments import lines, outcome, pay_item
from servicehub.queries.technician.job import job
from servicehub.services import ledger, orders, payments, refunds, settlements, sums
from servicehub.services.payments import OutcomeKind
from servicehub.workflows import checkout
from tests import journey
from tests.city import NOW
from tests.crowd import at_once
from tests.journey import World


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session, payment_plan=PaymentPlan.AFTER)


def choose(world: World, order: Order, channel: str = "cash") -> Payment:
    item, _due = payments.due(world.session, order)
    return payments.open_payment(world.session, world.customer, order, item, channel, channel, now=world.now)


def receive(world: World, order: Order, who: Actor | None = None) -> None:
    actor = who or world.technician(order.technician_id)
    checkout.cash_received(world.session, actor, order.no, now=world.now)


def test_offered_only_where_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for channels, methods in (
        (["simulator"], {"wechat", "alipay"}),
        (["simulator", "cash"], {"wechat", "alipay", "cash"}),
    ):
        settings = SimpleNamespace(payment_channels=channels)
        monkeypatch.setattr(gateway, "get_settings", lambda settings=settings: settings)
        assert set(gateway.methods()) == methods


def test_handed_over_confirmed_and_repaid_by_what_he_earns(world: World) -> None:
    order = world.finished()
    technician_id = order.technician_id or 0
    assert pay_item(world.session, world.customer, order.no, locale="en", now=world.now).takes_cash
    choose(world, order)
    says = outcome(world.session, world.customer, order.no, locale="en", now=world.now)
    assert (says.state, says.text) == ("pending", "Please hand the amount to the professional, who confirms it.")
    seen = job(world.session, world.technician(technician_id), order.no, now=world.now, locale="en")
    assert seen.cash == f"¥{order.total_fen / 100:,.2f}"

    receive(world, order)

    assert order.status is OrderStatus.AWAITING_CONFIRM
    assert ledger.balance(world.session, ledger.debt(technician_id)) == order.total_fen
    assert sums.escrow(world.session, order) == order.total_fen
    orders.confirm(world.session, world.customer, order.no, now=world.now)
    settlements.mature_due(world.session, world.later(days=20))
    commission = ledger.balance(world.session, ledger.COMMISSION)
    assert ledger.balance(world.session, ledger.debt(technician_id)) == commission > 0
    assert ledger.balance(world.session, ledger.available(technician_id)) == 0
    assert ledger.verify(world.session) == []


def test_before_the_service_and_for_a_tip_there_is_none(session: Session) -> None:
    world = journey.build(session)
    order = world.book()
    with pytest.raises(Invalid):
        choose(world, order)
    done = world.completed(start_at=world.town.local("2026-03-03 10:00"))
    with pytest.raises(Invalid):
        payments.open_tip(session, world.customer, done, 1_000, "cash", "cash", now=world.now)


def test_only_who_was_there_confirms_and_only_what_waits(world: World) -> None:
    order = world.finished()
    with pytest.raises(TransitionRefused):
        receive(world, order)  # the customer has not said so
    choose(world, order)
    other = next(t for t in world.technicians if t.technician_id != order.technician_id)
    with pytest.raises(NotFound):
        receive(world, order, other)
    with pytest.raises(NotAllowed):
        receive(world, order, world.customer)
    receive(world, order)
    with pytest.raises(TransitionRefused):
        receive(world, order)


def test_whoever_pays_otherwise_owes_no_cash_any_more(world: World) -> None:
    order = world.finished()
    cash = choose(world, order)
    world.report(choose(world, order, "simulator"))

    world.session.refresh(cash)
    assert cash.status is PaymentStatus.CLOSED
    with pytest.raises(TransitionRefused):
        receive(world, order)


def test_a_channels_money_after_the_cash_goes_back(world: World) -> None:
    order = world.finished()
    online = choose(world, order, "simulator")
    choose(world, order)
    receive(world, order)

    assert world.report(online).kind is OutcomeKind.EXTRA
    assert ledger.verify(world.session) == []


def test_what_was_paid_in_cash_goes_back_to_the_balance(world: World) -> None:
    order = world.finished()
    choose(world, order)
    receive(world, order)
    orders.confirm(world.session, world.customer, order.no, now=world.now)

    refunds.request(world.session, order, 2_500, "after_sale", now=world.now)

    assert ledger.balance(world.session, ledger.wallet(world.customer.user_id)) == 2_500
    rows = lines(world.session, order, "Asia/Shanghai", locale="en", now=world.now)
    assert [row.sub.split(" · ")[0] for row in rows] == ["Cash", "To your balance"]
    assert ledger.verify(world.session) == []


def test_sixty_four_confirmations_are_one(database: Database) -> None:
    def prepare(session: Session) -> tuple[Actor, str]:
        world = journey.build(session, payment_plan=PaymentPlan.AFTER)
        order = world.finished()
        choose(world, order)
        return world.technician(order.technician_id), order.no

    technician, no = database.write_now(prepare)

    outcomes = at_once(64, lambda _i: database.write_now(checkout.cash_received, technician, no, now=NOW))

    assert Counter(type(o) for o in outcomes) == {type(None): 1, TransitionRefused: 63}
    kept = select(Payment.channel).where(Payment.status == PaymentStatus.KEPT)
    assert database.read_now(lambda s: list(s.exec(kept))) == ["cash"]
    assert database.read_now(ledger.verify) == []
