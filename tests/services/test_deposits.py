"""Deposits: a share of what matures, more by hand, drawn on before a debt, and given back once by people."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole
from servicehub.domain.deposit import CASES, DEPOSIT_KIND, HOLD, RUNNING, DepositPolicy, DepositStatus
from servicehub.errors import (
    Conflict,
    DepositChanged,
    DepositHeld,
    DepositLimit,
    DepositOpen,
    Invalid,
    NotAllowed,
    NotEnough,
    NotFound,
    PartnerPays,
    PolicyChanged,
    ReasonMissing,
    ServiceHubError,
)
from servicehub.models.audit import AuditEntry
from servicehub.models.catalog import Policy
from servicehub.models.customer import Notice
from servicehub.models.deposit import DepositRequest, load_deposit_policy, load_standings
from servicehub.models.ledger import Account
from servicehub.models.order import Order
from servicehub.services import adjustments, deposits, ledger, orders, policies, refunds, settlements, withdrawals
from servicehub.settings import get_settings
from tests import journey
from tests.city import NOW
from tests.crowd import at_once
from tests.journey import World

KEY, OTHER = "0123456789abcdef", "fedcba9876543210"
TARGET = 50_000


def ask_for(world: World, version: int = 1, **rules: int) -> None:
    """The city asks for a deposit."""
    document = {"target_fen": TARGET, "share_bp": 2_000, "hold_days": 30} | rules
    row = Policy(
        city_id=world.town.city_id, kind=DEPOSIT_KIND, version=version, document=document, effective_at=world.now
    )
    world.session.add(row)
    world.session.flush()


def earn(world: World, fen: int) -> None:
    """Make something available to the first technician."""
    who = world.technicians[0].technician_id
    key = f"earned-{world.events}"
    world.events += 1
    lines = {ledger.cash("bank"): fen, ledger.available(who): -fen}
    ledger.post(world.session, key, "payment", "test", lines, now=world.now)


def held(world: World, technician_id: int = 0) -> tuple[int, int, int]:
    """(deposit, available, owed)."""
    who = technician_id or world.technicians[0].technician_id
    accounts = ledger.deposit(who), ledger.available(who), ledger.debt(who)
    deposit, available, owed = (ledger.balance(world.session, account) for account in accounts)
    return deposit, available, owed


def aside(world: World, fen: int, key: str = KEY) -> bool:
    return deposits.put_aside(world.session, world.technicians[0], fen, key=key, now=world.now)


def finance(world: World) -> Actor:
    return journey.operator(world, OperatorRole.FINANCE)


def wish_of(world: World, no: str) -> DepositRequest:
    return world.session.exec(select(DepositRequest).where(DepositRequest.no == no)).one()


@pytest.fixture
def world(session: Session) -> World:
    made = journey.build(session)
    ask_for(made)
    return made


def full(world: World) -> str:
    """The deposit is full and asked back."""
    earn(world, TARGET + 10_000)
    aside(world, TARGET)
    return deposits.ask_back(world.session, world.technicians[0], now=world.now)


# -- growing --------------------------------------------------------------------------------------------------------


def test_a_share_of_an_earning_is_put_aside_in_the_entry_with_which_it_matures(world: World) -> None:
    order = world.completed()
    who = order.technician_id or 0
    net = settlements.of_visit(world.session, order)[0].net_fen

    settlements.mature_due(world.session, world.later(days=20))

    deposit, available, _owed = held(world, who)
    assert (deposit, deposit + available) == (DepositPolicy(TARGET, 2_000).matured(net, owed=0, held=0).aside, net)
    lines = ledger.lines_of(world.session, f"mature:{order.id}")
    assert lines[ledger.deposit(who)] == -deposit
    assert sum(lines.values()) == 0
    settlements.mature_due(world.session, world.later(days=20))
    assert held(world, who) == (deposit, available, 0)


def test_debts_come_before_the_deposit(world: World) -> None:
    order = world.completed()
    who, boss = order.technician_id or 0, finance(world)
    net = settlements.of_visit(world.session, order)[0].net_fen
    adjustments.penalty(world.session, boss, who, 1_000, reason="late", key=KEY, now=world.now)

    settlements.mature_due(world.session, world.later(days=20))

    parts = DepositPolicy(TARGET, 2_000).matured(net, owed=1_000, held=0)
    assert held(world, who) == (parts.aside, parts.available, 0)
    assert parts.repaid == 1_000


def test_a_city_without_a_target_puts_nothing_aside(world: World) -> None:
    ask_for(world, 2, target_fen=0)
    order = world.completed()
    who = order.technician_id or 0

    settlements.mature_due(world.session, world.later(days=20))

    assert held(world, who)[0] == 0
    assert ledger.deposit(who) not in ledger.lines_of(world.session, f"mature:{order.id}")
    earn(world, 5_000)
    with pytest.raises(DepositLimit):
        aside(world, 100)


def test_a_bonus_is_whole(world: World) -> None:
    who = world.technicians[0].technician_id
    adjustments.bonus(world.session, finance(world), who, 5_000, reason="rain", key=KEY, now=NOW)

    assert held(world) == (0, 5_000, 0)


def test_more_by_hand_up_to_the_target_and_once(world: World) -> None:
    earn(world, TARGET + 20_000)

    assert aside(world, 30_000)
    assert not aside(world, 30_000)
    assert held(world) == (30_000, 40_000, 0)
    for fen in (20_001, 0, -5):
        with pytest.raises(DepositLimit) as refusal:
            aside(world, fen, OTHER)
        assert refusal.value.params["most_fen"] == 20_000
    assert aside(world, 20_000, OTHER)
    assert not aside(world, 20_000, OTHER)  # the same wish once more, although nothing is missing now
    assert held(world) == (TARGET, 20_000, 0)
    assert ledger.verify(world.session) == []


def test_not_more_than_is_available(world: World) -> None:
    earn(world, 10_000)

    with pytest.raises(NotEnough):
        aside(world, 10_001)

    assert held(world) == (0, 10_000, 0)


def test_who_puts_nothing_aside(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    earn(world, 10_000)
    for actor in (world.customer, finance(world)):
        with pytest.raises(NotAllowed):
            deposits.put_aside(world.session, actor, 100, key=KEY, now=NOW)
    for key in ("", "0123456789ABCDEF", "x" * 16, KEY + "0"):
        with pytest.raises(Invalid):
            aside(world, 100, key)
    monkeypatch.setattr(get_settings(), "settlement_mode", "partner")
    with pytest.raises(PartnerPays):
        aside(world, 100)

    assert held(world) == (0, 10_000, 0)


# -- drawn on -------------------------------------------------------------------------------------------------------


def test_a_penalty_draws_on_the_deposit_before_it_is_a_debt(world: World) -> None:
    earn(world, 10_000)
    aside(world, 8_000)
    who, boss = world.technicians[0].technician_id, finance(world)

    adjustments.penalty(world.session, boss, who, 3_000, reason="late", key=KEY, now=NOW)
    assert held(world) == (7_000, 0, 0)
    adjustments.penalty(world.session, boss, who, 9_000, reason="late", key=OTHER, now=NOW)

    assert held(world) == (0, 0, 2_000)
    assert ledger.balance(world.session, ledger.PENALTY_INCOME) == 12_000
    assert ledger.verify(world.session) == []


def test_a_penalty_leaves_a_deposit_that_is_asked_for_no_longer(world: World) -> None:
    earn(world, 8_000)
    aside(world, 8_000)
    ask_for(world, 2, target_fen=0)

    who = world.technicians[0].technician_id
    adjustments.penalty(world.session, finance(world), who, 3_000, reason="late", key=KEY, now=NOW)

    assert held(world) == (8_000, 0, 3_000)


@pytest.mark.parametrize("target", [TARGET, 0])
def test_a_clawback_draws_on_it_before_it_is_a_debt(world: World, target: int) -> None:
    order = world.completed()
    who = order.technician_id or 0
    settlements.mature_due(world.session, world.later(days=20))
    deposit, available, _owed = held(world, who)
    taken = {ledger.available(who): available, ledger.cash("bank"): -available}
    ledger.post(world.session, "spent", "withdrawal", "test", taken, now=world.now)
    ask_for(world, 2, target_fen=target)

    refunds.request(world.session, order, order.total_fen, "goodwill", now=world.now)

    net = deposit + available
    assert held(world, who) == ((0, 0, available) if target else (deposit, 0, net))
    assert ledger.verify(world.session) == []


# -- given back -----------------------------------------------------------------------------------------------------


def test_asked_back_and_given_back_once(world: World) -> None:
    no, boss = full(world), finance(world)

    assert deposits.give_back(world.session, boss, no, TARGET, now=NOW) == TARGET

    wish = wish_of(world, no)
    assert (wish.status, wish.asked_fen, wish.returned_fen, wish.decided_by, wish.done_at) == (
        DepositStatus.RETURNED, TARGET, TARGET, boss.user_id, NOW,
    )  # fmt: skip
    assert held(world) == (0, TARGET + 10_000, 0)
    who = world.technicians[0]
    told = world.session.exec(select(Notice).where(Notice.user_id == who.user_id)).one()
    assert (told.kind, told.params) == ("deposit_returned", {"amount_fen": TARGET})
    audit = world.session.exec(select(AuditEntry)).one()
    assert (audit.action, audit.subject) == ("deposit.return", f"technician:{who.technician_id}")
    for again in (deposits.give_back, lambda *a, now: deposits.refuse(*a[:3], reason="x", now=now)):
        with pytest.raises(Conflict):
            again(world.session, boss, no, TARGET, now=NOW)
    assert deposits.problems(world.session) == ledger.verify(world.session) == []


def test_what_he_owes_is_repaid_of_it(world: World) -> None:
    no = full(world)
    who = world.technicians[0].technician_id
    owes = {ledger.debt(who): 15_000, ledger.COMMISSION: -15_000}
    ledger.post(world.session, "owes", "payment", "test", owes, now=NOW)

    assert deposits.give_back(world.session, finance(world), no, TARGET, now=NOW) == TARGET - 15_000

    assert held(world) == (0, TARGET - 15_000 + 10_000, 0)


def test_another_amount_than_was_shown_is_looked_at_again(world: World) -> None:
    no, boss = full(world), finance(world)
    who = world.technicians[0].technician_id
    adjustments.penalty(world.session, boss, who, 12_000, reason="late", key=KEY, now=NOW)

    with pytest.raises(DepositChanged):
        deposits.give_back(world.session, boss, no, TARGET, now=NOW)

    assert (held(world), wish_of(world, no).status) == ((TARGET - 2_000, 0, 0), DepositStatus.OPEN)
    assert deposits.give_back(world.session, boss, no, TARGET - 2_000, now=NOW)
    assert (wish_of(world, no).asked_fen, wish_of(world, no).returned_fen) == (TARGET, TARGET - 2_000)


def test_nothing_that_is_left_is_given_back(world: World) -> None:
    no, boss = full(world), finance(world)
    who = world.technicians[0].technician_id
    adjustments.penalty(world.session, boss, who, TARGET + 10_000, reason="late", key=KEY, now=NOW)

    with pytest.raises(NotEnough):
        deposits.give_back(world.session, boss, no, 0, now=NOW)

    deposits.refuse(world.session, boss, no, reason="nothing left", now=NOW)


def test_visits_cases_and_days_keep_it(world: World) -> None:
    order = world.accepted()
    who, boss = world.technician(order.technician_id), finance(world)
    lines = {ledger.cash("bank"): TARGET, ledger.deposit(who.technician_id): -TARGET}
    ledger.post(world.session, "put", "payment", "test", lines, now=world.now)
    no = deposits.ask_back(world.session, who, now=world.now)

    def kept_by() -> object:
        with pytest.raises(DepositHeld) as refusal:
            deposits.give_back(world.session, boss, no, TARGET, now=world.now)
        return refusal.value.params["reason"]

    assert kept_by() == RUNNING
    world.serve(order)
    world.finish(order)
    assert kept_by() == RUNNING
    orders.confirm(world.session, world.customer, order.no, now=world.now)
    orders.dispute(world.session, world.customer, order.no, reason="leaks", now=world.now)
    assert kept_by() == CASES
    orders.resolve(world.session, journey.operator(world), order.no, refund_fen=0, reason="dry", now=world.now)
    assert kept_by() == HOLD
    world.now = order.end_at + timedelta(days=30, seconds=-1)
    assert kept_by() == HOLD

    assert deposits.give_back(world.session, boss, no, TARGET, now=world.later(seconds=1)) == TARGET


def test_refused_with_a_reason_and_asked_again(world: World) -> None:
    no, boss, who = full(world), finance(world), world.technicians[0]
    with pytest.raises(ReasonMissing):
        deposits.refuse(world.session, boss, no, reason=" ", now=NOW)

    deposits.refuse(world.session, boss, no, reason="工具未还", now=NOW)

    told = world.session.exec(select(Notice).where(Notice.user_id == who.user_id)).one()
    assert (told.kind, told.params) == ("deposit_refused", {"reason": "工具未还"})
    assert (wish_of(world, no).reason, wish_of(world, no).returned_fen, held(world)[0]) == ("工具未还", 0, TARGET)
    assert deposits.ask_back(world.session, who, now=NOW) != no


def test_one_wish_at_a_time_and_nothing_by_hand_meanwhile(world: World) -> None:
    earn(world, TARGET)
    aside(world, 1_000)
    who = world.technicians[0]
    no = deposits.ask_back(world.session, who, now=NOW)

    with pytest.raises(DepositOpen):
        deposits.ask_back(world.session, who, now=NOW)
    with pytest.raises(DepositOpen):
        aside(world, 1_000, OTHER)
    deposits.cancel(world.session, who, no, now=NOW)
    with pytest.raises(Conflict):
        deposits.cancel(world.session, who, no, now=NOW)

    assert aside(world, 1_000, OTHER)
    assert deposits.ask_back(world.session, who, now=NOW)


def test_an_empty_deposit_is_not_asked_for(world: World) -> None:
    with pytest.raises(NotEnough):
        deposits.ask_back(world.session, world.technicians[0], now=NOW)


def test_strangers_and_other_roles(world: World) -> None:
    no, boss = full(world), finance(world)
    support = journey.operator(world, OperatorRole.SUPPORT)
    elsewhere = replace(boss, city_id=999)
    attempts: list[tuple[Any, Actor, tuple[Any, ...], dict[str, Any], type[ServiceHubError]]] = [
        (deposits.cancel, world.technicians[1], (no,), {}, NotFound),
        (deposits.cancel, boss, (no,), {}, NotAllowed),
        (deposits.ask_back, boss, (), {}, NotAllowed),
        (deposits.ask_back, world.customer, (), {}, NotAllowed),
        (deposits.give_back, support, (no, TARGET), {}, NotAllowed),
        (deposits.give_back, world.technicians[0], (no, TARGET), {}, NotAllowed),
        (deposits.give_back, elsewhere, (no, TARGET), {}, NotFound),
        (deposits.give_back, boss, ("D" + "0" * 30, TARGET), {}, NotFound),
        (deposits.refuse, support, (no,), {"reason": "x"}, NotAllowed),
        (deposits.refuse, elsewhere, (no,), {"reason": "x"}, NotFound),
    ]
    for act, actor, args, more, refusal in attempts:
        with pytest.raises(refusal):
            act(world.session, actor, *args, **more, now=NOW)

    assert (held(world)[0], wish_of(world, no).status) == (TARGET, DepositStatus.OPEN)


def test_the_daily_proof_misses_no_entry(world: World) -> None:
    no = full(world)
    values = {"status": DepositStatus.RETURNED, "returned_fen": 7, "done_at": NOW}
    world.session.execute(sa.update(DepositRequest).where(col(DepositRequest.no) == no).values(**values))

    assert deposits.problems(world.session) == [f"deposit {no} says 7, its entry 0"]


# -- the database ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values", [{"returned_fen": 5}, {"asked_fen": 0}, {"status": DepositStatus.RETURNED}, {"done_at": NOW}]
)
def test_the_database_knows_what_a_wish_may_be(world: World, values: dict[str, Any]) -> None:
    no = full(world)

    with pytest.raises(sa.exc.IntegrityError), world.session.begin_nested():
        world.session.execute(sa.update(DepositRequest).where(col(DepositRequest.no) == no).values(**values))


def prepare(session: Session) -> tuple[Actor, Actor]:
    world = journey.build(session)
    ask_for(world, target_fen=10_000_000)
    earn(world, 100_000)
    return world.technicians[0], finance(world)


def test_sixty_four_at_once_never_overdraw(database: Database) -> None:
    technician, _boss = database.write_now(prepare)
    who = technician.technician_id

    def take(i: int) -> object:
        if i % 2:
            return database.write_now(withdrawals.request, technician, 30_000, "19900000002", "alipay", now=NOW)
        return database.write_now(deposits.put_aside, technician, 7_000, key=f"{i:016x}", now=NOW)

    found = at_once(64, take)

    refused = [one for one in found if isinstance(one, ServiceHubError)]
    assert all(one.code in ("not_enough", "withdrawal_open", "withdrawal_limit") for one in refused)
    accounts = ledger.deposit(who), ledger.withdrawing(who), ledger.available(who)
    deposit, frozen, available = (database.read_now(ledger.balance, account) for account in accounts)
    assert deposit + frozen + available == 100_000
    assert deposit == 7_000 * sum(one is True for one in found)
    assert available < 7_000
    assert database.read_now(ledger.verify) == []


def test_sixty_four_at_once_never_pass_the_target(database: Database) -> None:
    def city(session: Session) -> Actor:
        world = journey.build(session)
        ask_for(world)
        earn(world, 1_000_000)
        return world.technicians[0]

    technician = database.write_now(city)

    found = at_once(64, lambda i: database.write_now(deposits.put_aside, technician, 4_000, key=f"{i:016x}", now=NOW))

    assert sum(one is True for one in found) == TARGET // 4_000
    assert all(isinstance(one, DepositLimit) for one in found if one is not True)
    assert database.read_now(ledger.balance, ledger.deposit(technician.technician_id)) == 48_000


def test_one_wish_and_one_end_of_many_presses(database: Database) -> None:
    technician, boss = database.write_now(prepare)
    database.write_now(deposits.put_aside, technician, 50_000, key=KEY, now=NOW)

    asked = at_once(64, lambda _: database.write_now(deposits.ask_back, technician, now=NOW))
    (no,) = [one for one in asked if isinstance(one, str)]
    assert all(isinstance(one, str | DepositOpen) for one in asked)

    def decide(i: int) -> str:
        if i % 3 == 0:
            database.write_now(deposits.give_back, boss, no, 50_000, now=NOW)
        elif i % 3 == 1:
            database.write_now(deposits.refuse, boss, no, reason="x", now=NOW)
        else:
            database.write_now(deposits.cancel, technician, no, now=NOW)
        return "did"

    assert at_once(60, decide).count("did") == 1
    wish = database.read_now(lambda s: s.exec(select(DepositRequest)).one())
    deposit = database.read_now(ledger.balance, ledger.deposit(technician.technician_id))
    assert deposit == (0 if wish.status is DepositStatus.RETURNED else 50_000)
    assert database.read_now(deposits.problems) == database.read_now(ledger.verify) == []


def test_earnings_that_mature_at_once_do_not_pass_the_target(database: Database) -> None:
    def city(session: Session) -> int:
        world = journey.build(session, technicians=1)
        ask_for(world, target_fen=3_000, share_bp=10_000)
        for start in ("2026-03-03 14:00", "2026-03-04 09:00"):
            order = world.completed(start_at=world.town.local(start))
        return order.technician_id or 0

    who = database.write_now(city)

    at_once(16, lambda _: database.write_now(settlements.mature_due, NOW + timedelta(days=60)))

    assert database.read_now(ledger.balance, ledger.deposit(who)) == 3_000
    assert database.read_now(ledger.verify) == []
    low = sa.select(col(Account.code)).where(col(Account.guarded) == 1, col(Account.balance_fen) < 0)
    assert database.read_now(lambda s: s.execute(low).all()) == []


# -- the rules ------------------------------------------------------------------------------------------------------


def test_rules_are_adopted_as_versions_by_those_who_do_not_decide(session: Session) -> None:
    world = journey.build(session)
    admin, wanted = journey.operator(world), {"target_fen": 30_000, "share_bp": 500, "hold_days": 7}

    def adopt(who: Actor, base: int, note: str = "spring", **changes: int) -> int:
        return policies.adopt_deposit(session, who, wanted | changes, base=base, note=note, now=NOW)

    assert load_deposit_policy(session, world.town.city_id) == DepositPolicy()
    assert (adopt(admin, 0), adopt(admin, 1, hold_days=9)) == (1, 2)
    assert load_deposit_policy(session, world.town.city_id) == DepositPolicy(30_000, 500, 9)
    for actor, base, note, changes, refusal in (
        (finance(world), 2, "mine", {}, NotAllowed),
        (world.technicians[0], 2, "mine", {}, NotAllowed),
        (admin, 1, "stale tab", {}, PolicyChanged),
        (admin, 2, " ", {}, ReasonMissing),
        (admin, 2, "x", {"share_bp": 10_001}, Invalid),
    ):
        with pytest.raises(refusal):
            adopt(actor, base, note, **changes)
    assert load_deposit_policy(session, world.town.city_id).hold_days == 9


def test_companions_of_a_disputed_visit_keep_theirs(session: Session) -> None:
    world = journey.build(session, technicians=3, crew_size=2)
    ask_for(world)
    lead = world.book()
    world.pay(lead)
    world.later(seconds=1)
    world.dispatch()
    companion = session.exec(select(Order).where(Order.lead_id == lead.id)).one()
    session.execute(
        sa.update(Order).where(col(Order.id) == companion.id).values(technician_id=world.technicians[2].technician_id)
    )
    session.execute(sa.update(Order).where(col(Order.id).in_([lead.id, companion.id])).values(status="disputed"))
    session.execute(sa.update(Order).where(col(Order.id) == companion.id).values(status="closed"))
    session.expire_all()
    who = world.technicians[2].technician_id

    assert load_standings(session, [who])[who].cases == 1
