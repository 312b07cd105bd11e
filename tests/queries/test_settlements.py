"""A city's settlements: batches are their entries, disputes hold their own, and strangers see nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from servicehub.domain.access import OperatorRole
from servicehub.errors import NotAllowed
from servicehub.queries.operator.money_overview import money_overview
from servicehub.queries.operator.settlements import settlements
from servicehub.services import ledger, orders
from servicehub.services import settlements as settling
from servicehub.viewmodels.settlement import Settlements
from tests import journey
from tests.journey import World


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def read(world: World, day: str = "", role: OperatorRole = OperatorRole.FINANCE) -> Settlements:
    return settlements(world.session, journey.operator(world, role), day, now=world.now, locale="en")


def test_what_is_pending_becomes_a_batch_of_its_day(world: World) -> None:
    order = world.completed()
    technician_id = order.technician_id or 0
    pending = ledger.balance(world.session, ledger.pending(technician_id, order.id or 0))
    before = read(world)
    assert (before.batches, before.count) == ((), 0)
    assert before.pending == before.due[0].amount == f"¥{pending / 100:,.2f}"

    world.later(days=20)
    settling.mature_due(world.session, world.now)

    after = read(world)
    batch = after.batches[0]
    assert (batch.technician_id, batch.count, batch.total, batch.repaid) == (technician_id, 1, before.pending, "")
    assert batch.available == f"¥{ledger.balance(world.session, ledger.available(technician_id)) / 100:,.2f}"
    assert after.lines[0].order_no == order.no
    assert (after.pending, after.due) == ("¥0.00", ())
    yesterday = (world.now - timedelta(days=1)).date().isoformat()
    assert read(world, yesterday).count == 0
    for odd in ("2999-01-01", "0001-01-01", "no day", ""):
        assert read(world, odd).day == after.day
        shown = money_overview(
            world.session, journey.operator(world, OperatorRole.FINANCE), odd, now=world.now, locale="en"
        )
        assert shown.day == after.day


def test_a_dispute_holds_its_own(world: World) -> None:
    order = world.completed()
    orders.dispute(world.session, world.customer, order.no, reason="漏水", now=world.now)

    shown = read(world)

    assert [line.order_no for line in shown.frozen] == [order.no]
    assert shown.frozen_sum == shown.pending != "¥0.00"
    assert shown.due == ()


def test_only_who_reads_the_ledger(world: World) -> None:
    for role in (OperatorRole.SUPPORT, OperatorRole.DISPATCHER, OperatorRole.QUALITY):
        with pytest.raises(NotAllowed):
            read(world, role=role)
    with pytest.raises(NotAllowed):
        settlements(world.session, world.customer, "", now=world.now, locale="en")
