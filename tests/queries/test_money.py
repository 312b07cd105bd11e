"""Money on screens: the books' soundness, the trace of a number, an earning back to its price."""

from __future__ import annotations

import pytest
from sqlmodel import Session

from servicehub.db import Database
from servicehub.domain.access import OperatorRole
from servicehub.errors import NotAllowed, NotFound
from servicehub.queries import income, money, tracing
from servicehub.services import orders, payments, refunds, settlements
from tests import journey
from tests.journey import World


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def test_an_orders_money_is_complete(world: World) -> None:
    order = world.completed()
    refunds.request(world.session, order, 4000, "after_sale", now=world.now)
    view = money.order_money(world.session, journey.operator(world), order.no, locale="zh")

    assert (view.total, view.paid, view.refunded, view.held) == ("¥100.00", "¥100.00", "¥40.00", "¥0.00")
    assert [(p.channel, p.amount, p.status_label) for p in view.payments] == [("微信支付", "¥100.00", "已收款")]
    assert [(r.amount, r.reason, r.status) for r in view.refunds] == [("¥40.00", "售后处理", "new")]
    assert [(e.kind, e.order_no, e.amount) for e in view.entries] == [
        ("payment", order.no, "¥100.00"), ("settlement", order.no, "¥100.00"), ("points", order.no, "¥1.00"),
        ("clawback", order.no, "¥40.00"), ("points_back", order.no, "¥0.40"),
    ]  # fmt: skip
    assert [(line.account, line.debit, line.credit) for line in view.entries[0].lines] == [
        ("cash:simulator", "¥100.00", ""), (f"escrow:{order.id}", "", "¥100.00"),
    ]  # fmt: skip


def test_money_is_for_those_who_may_read_it(world: World) -> None:
    order = world.book()
    dispatcher = journey.operator(world, OperatorRole.DISPATCHER)
    elsewhere = journey.operator(journey.build(world.session))

    with pytest.raises(NotAllowed):
        money.ledger_health(world.session, dispatcher, now=world.now, locale="zh")
    with pytest.raises(NotAllowed):
        money.order_money(world.session, world.customer, order.no, locale="zh")
    with pytest.raises(NotFound):
        money.order_money(world.session, elsewhere, order.no, locale="zh")


def test_the_books_sum_to_zero_by_account_and_by_day(world: World) -> None:
    world.completed()
    view = money.ledger_health(world.session, journey.operator(world), now=world.now, locale="zh")

    assert (view.ok, view.sum, view.entries, view.unbalanced, view.unsealed, view.suspects) == (
        True,
        "¥0.00",
        3,
        0,
        0,
        0,
    )
    assert {row.group: row.balance for row in view.accounts} == {
        "cash": "¥100.00", "escrow": "¥0.00", "t_pending": "−¥75.00", "commission": "−¥25.00",
        "points": "−¥1.00", "comp": "¥1.00",
    }  # fmt: skip
    assert all(day.ok and day.sum == "¥0.00" for day in view.days)
    assert [day.entries for day in view.days[:3]] == [2, 1, 0]
    assert [entry.kind for entry in view.latest] == ["points", "settlement", "payment"]


def test_a_technicians_income_ties_with_the_ledger(world: World) -> None:
    order = world.completed()
    actor = world.technician(order.technician_id)
    view = income.income(world.session, actor, now=world.now, locale="zh")

    assert (view.today, view.week, view.pending, view.available, view.debt) == (
        "¥75.00",
        "¥75.00",
        "¥75.00",
        "¥0.00",
        "",
    )
    assert [(row.no, row.net, row.state) for row in view.rows] == [(order.no, "+¥75.00", "pending")]
    assert [day.net for day in view.days][-1] == "¥75.00"
    settlements.mature_due(world.session, world.later(days=3))
    later = income.income(world.session, actor, now=world.now, locale="zh")
    assert (later.today, later.pending, later.available, later.rows[0].state) == (
        "¥0.00",
        "¥0.00",
        "¥75.00",
        "available",
    )


def test_an_earning_is_traced_to_its_price_and_its_entries(world: World) -> None:
    order = world.completed()
    actor = world.technician(order.technician_id)
    view = income.income_detail(world.session, actor, order.no, now=world.now, locale="en")

    assert [(row.label, row.amount) for row in view.price] == [("Cleaning", "¥100.00")]
    assert [(row.label, row.amount, row.note) for row in view.split] == [
        ("Labour", "¥100.00", ""), ("Platform commission", "−¥25.00", "25%"), ("You receive", "¥75.00", ""),
    ]  # fmt: skip
    assert [entry.kind for entry in view.entries] == ["payment", "settlement"]
    orders.dispute(world.session, world.customer, order.no, reason="x", now=world.now)
    frozen = income.income_detail(world.session, actor, order.no, now=world.now, locale="en")
    assert frozen.state == "frozen"
    other = next(a for a in world.technicians if a.technician_id != order.technician_id)
    with pytest.raises(NotFound):
        income.income_detail(world.session, other, order.no, now=world.now, locale="en")


def test_suspect_reports_are_counted(world: World) -> None:
    payment = world.open_payment(world.book())
    world.report(payment, amount_fen=1)
    view = money.ledger_health(world.session, journey.operator(world), now=world.now, locale="zh")

    assert (view.suspects, view.entries) == (1, 0)
    assert payments.QUERY_AFTER_S == (30, 120, 300)


def test_every_money_screen_reads_on_both_databases(database: Database) -> None:
    """Grouping by computed values is where the engines differ."""

    def look(session: Session) -> tuple[bool, int, int, str]:
        world = journey.build(session)
        order = world.completed()
        staff = journey.operator(world)
        health = money.ledger_health(session, staff, now=world.now, locale="en")
        found = tracing.trace(session, staff, f"escrow:{order.id}", locale="en")
        assert money.order_money(session, staff, order.no, locale="en").paid == "¥100.00"
        actor = world.technician(order.technician_id)
        detail = income.income_detail(session, actor, order.no, now=world.now, locale="en")
        assert income.income(session, actor, now=world.now, locale="en").pending == "¥75.00"
        return health.ok, len(health.accounts), len(found.entries), detail.net

    assert database.write_now(look) == (True, 6, 2, "¥75.00")
