"""A city's settlements: batches are their entries, disputes hold their own, and strangers see nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from servicehub.adapters import batch_files
from servicehub.domain.access import OperatorRole
from servicehub.errors import NotAllowed, NotFound
from servicehub.queries.income import income_detail
from servicehub.queries.operator.money_overview import money_overview
from servicehub.queries.operator.settlement_batches import batch_file, batch_sheet
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
    assert (before.people, before.batches, before.count) == ((), (), 0)
    assert before.pending == before.due[0].amount == f"¥{pending / 100:,.2f}"

    world.later(days=20)
    settling.mature_due(world.session, world.now)

    after = read(world)
    share = after.people[0]
    assert (share.technician_id, share.count, share.total, share.repaid) == (technician_id, 1, before.pending, "")
    assert share.available == f"¥{ledger.balance(world.session, ledger.available(technician_id)) / 100:,.2f}"
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


def test_batches_are_listed_up_to_a_day_and_opened_with_their_earnings(world: World) -> None:
    first = world.completed()
    second = world.completed(start_at=world.town.local("2026-03-04 14:00"))
    world.later(days=20)
    settling.mature_due(world.session, world.now, limit=1)
    world.later(days=1)
    settling.mature_due(world.session, world.now)
    boss = journey.operator(world, OperatorRole.FINANCE)

    newest, oldest = read(world).batches
    assert (newest.earnings, newest.available, newest.repaid, newest.held, newest.held_sum) == (1, "¥75.00", "", 0, "")
    yesterday = (world.now - timedelta(days=1)).date().isoformat()
    assert read(world, yesterday).batches == (oldest,)

    for row, order in ((oldest, first), (newest, second)):
        sheet = batch_sheet(world.session, boss, row.no)
        assert (sheet.batch, sheet.is_sound, len(sheet.lines)) == (row, True, 1)
        (line,) = sheet.lines
        assert (line.order_no, line.technician_id, line.total) == (order.no, order.technician_id, "¥75.00")
        assert line.fens == (7_500, 0, 0, 7_500)
    world.session.execute(sa.text("UPDATE sh_settlement_batch SET net_fen = net_fen + 1"))
    world.session.expire_all()
    assert not batch_sheet(world.session, boss, newest.no).is_sound


def test_a_batch_is_taken_home_with_all_its_earnings(world: World) -> None:
    order = world.completed()
    settling.mature_due(world.session, world.later(days=20))
    boss = journey.operator(world, OperatorRole.FINANCE)
    no = read(world).batches[0].no

    found = batch_file(world.session, boss, no, locale="en", now=world.now)

    assert [(line.order_no, line.fens) for line in found.lines] == [(order.no, (7_500, 0, 0, 7_500))]
    assert [one.fen for one in found.sums] == [7_500, 0, 0, 7_500, 0]
    assert no in found.title
    assert batch_files.render(found, "ServiceHub").startswith(b"PK")
    with pytest.raises(NotFound):
        batch_file(world.session, boss, "SB", locale="en", now=world.now)
    assert batch_sheet(world.session, boss, "SB").batch.no == ""
    stranger = replace(boss, city_id=boss.city_id + 1)
    assert batch_sheet(world.session, stranger, no).batch.no == ""
    for role in (OperatorRole.SUPPORT, OperatorRole.DISPATCHER):
        with pytest.raises(NotAllowed):
            batch_sheet(world.session, journey.operator(world, role), no)
        with pytest.raises(NotAllowed):
            batch_file(world.session, journey.operator(world, role), no, locale="en", now=world.now)


def test_a_technician_reads_with_which_batch_it_became_available(world: World) -> None:
    order = world.completed()
    who = world.technician(order.technician_id)
    assert income_detail(world.session, who, order.no, now=world.now, locale="en").batch == ""

    settling.mature_due(world.session, world.later(days=20))

    shown = income_detail(world.session, who, order.no, now=world.now, locale="en").batch
    assert shown.endswith(f"· {read(world).batches[0].no}")


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
