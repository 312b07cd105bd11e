"""What pages say of deposits: the technician's own, the operators' list, and the amounts on other pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from servicehub.domain.access import OperatorRole
from servicehub.domain.deposit import DEPOSIT_KIND
from servicehub.errors import NotAllowed
from servicehub.models.catalog import Policy
from servicehub.queries import deposits as reading
from servicehub.queries.income import income, income_detail
from servicehub.queries.operator import attention, technicians
from servicehub.queries.operator.settlements import settlements
from servicehub.queries.statements import statement
from servicehub.queries.tracing import trace
from servicehub.services import adjustments, deposits, ledger
from servicehub.services import settlements as settling
from servicehub.workflows.previewing import refund_preview
from tests import journey
from tests.city import NOW
from tests.journey import World

KEY = "0123456789abcdef"


@pytest.fixture
def world(session: Session) -> World:
    made = journey.build(session, technicians=1)
    ask_for(made)
    return made


def ask_for(world: World, version: int = 1, target_fen: int = 50_000) -> None:
    document = {"target_fen": target_fen, "share_bp": 1_250, "hold_days": 30}
    city_id = world.town.city_id
    world.session.add(Policy(city_id=city_id, kind=DEPOSIT_KIND, version=version, document=document, effective_at=NOW))
    world.session.flush()


def earn(world: World, fen: int) -> None:
    lines = {ledger.cash("bank"): fen, ledger.available(world.technicians[0].technician_id): -fen}
    ledger.post(world.session, "earned", "payment", "test", lines, now=world.now)


def mine(world: World) -> reading.Depositing:
    return reading.mine(world.session, world.technicians[0], now=world.now, locale="en")


def desk(world: World, role: OperatorRole = OperatorRole.FINANCE) -> reading.DepositDesk:
    return reading.desk(world.session, journey.operator(world, role), now=world.now, locale="en")


def test_a_technician_sees_what_is_held_what_is_missing_and_each_step(world: World) -> None:
    who = world.technicians[0]
    earn(world, 20_000)
    before = mine(world)
    assert (before.held, before.target, before.missing, before.most) == ("¥0.00", "¥500", "¥500.00", "200.00")
    assert before.rules[0].startswith("12.50% of each earning")
    assert (before.may_ask, before.rows) == (False, ())

    deposits.put_aside(world.session, who, 20_000, key=KEY, now=world.now)
    held = mine(world)
    assert (held.held, held.available, held.most, held.may_ask) == ("¥200.00", "¥0.00", "", True)

    no = deposits.ask_back(world.session, who, now=world.now)
    asked = mine(world)
    assert (asked.may_ask, asked.is_asked, asked.rows[0].may_cancel) == (False, True, True)
    boss = journey.operator(world, OperatorRole.FINANCE)
    deposits.refuse(world.session, boss, no, reason="工具未还", now=world.now)
    (row,) = mine(world).rows
    assert (row.state_label, row.note, row.may_cancel, row.amount) == ("Not given back", "工具未还", False, "¥200.00")
    with pytest.raises(NotAllowed):
        reading.mine(world.session, boss, now=world.now, locale="en")


def test_without_a_target_there_is_nothing_to_add_and_what_is_held_can_be_asked_for(world: World) -> None:
    earn(world, 20_000)
    deposits.put_aside(world.session, world.technicians[0], 5_000, key=KEY, now=world.now)
    ask_for(world, 2, target_fen=0)

    shown = mine(world)

    assert (shown.target, shown.most, shown.rules, shown.may_ask) == ("", "", (), True)
    page = income(world.session, world.technicians[0], now=world.now, locale="en")
    assert (page.deposit, page.deposit_target) == ("¥50.00", "")


def test_finance_sees_who_asks_what_keeps_it_and_may_not_set_the_rules(world: World) -> None:
    order, who = world.completed(), world.technicians[0]
    settling.mature_due(world.session, world.later(days=20))
    earn(world, 60_000)
    held = ledger.balance(world.session, ledger.deposit(who.technician_id))
    no = deposits.ask_back(world.session, who, now=world.now)

    shown = desk(world)
    (row,) = shown.rows
    assert (row.no, row.fen, row.may_decide, row.may_give, row.owed) == (no, held, True, False, "")
    assert row.note.startswith("The waiting period ends")
    assert (shown.held, shown.people, shown.waiting) == (row.amount, 1, 1)
    rules = shown.rules
    assert (rules.version, rules.target, rules.share, rules.hold_days, rules.may_write) == (
        1,
        "500",
        "12.5",
        "30",
        False,
    )
    assert desk(world, OperatorRole.ADMIN).rules.may_write

    world.now = order.end_at + timedelta(days=30)
    assert desk(world).rows[0].may_give
    boss = journey.operator(world, OperatorRole.FINANCE)
    deposits.give_back(world.session, boss, no, held, now=world.now)
    (row,) = desk(world).rows
    assert (row.state_label, row.may_decide, row.amount) == ("Deposit given back", False, shown.held)
    for role in (OperatorRole.SUPPORT, OperatorRole.DISPATCHER):
        with pytest.raises(NotAllowed):
            desk(world, role)


def test_it_needs_a_hand_of_finance_alone(world: World) -> None:
    earn(world, 20_000)
    deposits.put_aside(world.session, world.technicians[0], 5_000, key=KEY, now=world.now)
    deposits.ask_back(world.session, world.technicians[0], now=world.now)

    for role, keys in ((OperatorRole.FINANCE, ["deposit"]), (OperatorRole.SUPPORT, [])):
        found = attention.attention(world.session, journey.operator(world, role), locale="en", now=world.now)
        assert [alert.key for alert in found] == keys


def test_other_pages_know_it(world: World) -> None:
    order, who = world.completed(), world.technicians[0]
    boss = journey.operator(world, OperatorRole.FINANCE)
    settling.mature_due(world.session, world.later(days=20))
    fen = ledger.balance(world.session, ledger.deposit(who.technician_id))
    shown = f"¥{fen // 100}.{fen % 100:02d}"

    page = income(world.session, who, now=world.now, locale="en")
    assert (page.deposit, page.deposit_target) == (shown, "¥500")
    traced = income_detail(world.session, who, order.no, now=world.now, locale="en").entries[-1].lines
    assert ("Professionals, put aside", shown) in [(line.name, line.credit) for line in traced]
    (batch,) = settlements(world.session, boss, "", now=world.now, locale="en").batches
    assert batch.aside == shown
    assert sum(float(part[1:]) for part in (batch.available, batch.aside)) == pytest.approx(float(batch.total[1:]))
    sheet = technicians.page(world.session, boss, who.technician_id, locale="en", now=world.now)
    assert [(f.value, f.note) for f in sheet.earnings if f.label == "Deposit"] == [(shown, "of ¥500")]
    of_month = statement(world.session, who, "", locale="en", now=world.now)
    assert [part.amount for part in of_month.parts if part.name == "Deposit"] == [shown]
    preview = refund_preview(world.session, boss, order.no, order.total_fen, [], locale="en")
    assert ("The professional's deposit", shown) in [(row.name, row.amount) for row in preview.sources]


def test_a_penalty_out_of_the_deposit_is_shown_whole(world: World) -> None:
    earn(world, 5_000)
    who, boss = world.technicians[0], journey.operator(world, OperatorRole.FINANCE)
    deposits.put_aside(world.session, who, 5_000, key=KEY, now=world.now)
    adjustments.penalty(world.session, boss, who.technician_id, 3_000, reason="late", key=KEY, now=world.now)

    rows = income(world.session, who, now=world.now, locale="en").rows

    assert [(row.title, row.net) for row in rows] == [("Penalty", "−¥30.00")]


def test_a_wish_is_traced_by_its_number(world: World) -> None:
    earn(world, 5_000)
    who, boss = world.technicians[0], journey.operator(world, OperatorRole.FINANCE)
    deposits.put_aside(world.session, who, 5_000, key=KEY, now=world.now)
    no = deposits.ask_back(world.session, who, now=world.now)
    deposits.give_back(world.session, boss, no, 5_000, now=world.now)

    found = trace(world.session, boss, no, locale="en")

    assert [(entry.title, entry.amount) for entry in found.entries] == [("Deposit given back", "¥50.00")]
