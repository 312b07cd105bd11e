"""Bonuses and penalties: booked once for each wish, told, audited, and never below zero."""

from __future__ import annotations

import pytest
from sqlmodel import Session, col, select

from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole
from servicehub.errors import Invalid, NotAllowed, NotFound, ReasonMissing
from servicehub.models.audit import AuditEntry
from servicehub.models.customer import Notice
from servicehub.queries.income import income
from servicehub.services import adjustments, ledger, settlements
from tests import journey
from tests.city import NOW
from tests.crowd import at_once
from tests.journey import World

KEY = "0123456789abcdef"


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def finance(world: World) -> Actor:
    return journey.operator(world, OperatorRole.FINANCE)


def test_a_bonus_is_available_told_and_audited(world: World) -> None:
    who = world.technicians[0]

    assert adjustments.bonus(
        world.session, finance(world), who.technician_id, 5_000, reason="雨天加班", key=KEY, now=NOW
    )

    assert ledger.balance(world.session, ledger.available(who.technician_id)) == 5_000
    assert ledger.balance(world.session, ledger.BONUS) == 5_000
    told = world.session.exec(select(Notice).where(Notice.user_id == who.user_id, Notice.kind == "bonus")).one()
    assert told.params == {"amount_fen": 5_000, "reason": "雨天加班"}
    audit = world.session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc())).first()
    assert audit is not None
    assert (audit.action, audit.reason) == ("technician.bonus", "雨天加班")
    page = income(world.session, who, now=NOW, locale="en")
    assert [(row.title, row.net, row.no) for row in page.rows] == [("Bonus", "+¥50.00", "")]


def test_a_penalty_beyond_what_is_there_becomes_a_debt_that_earnings_repay(world: World) -> None:
    order = world.completed()
    who = world.technician(order.technician_id)
    adjustments.bonus(world.session, finance(world), who.technician_id, 1_000, reason="a", key=KEY, now=world.now)

    adjustments.penalty(world.session, finance(world), who.technician_id, 3_000, reason="迟到", key=KEY, now=world.now)

    assert ledger.balance(world.session, ledger.available(who.technician_id)) == 0
    assert ledger.balance(world.session, ledger.debt(who.technician_id)) == 2_000
    earned = settlements.of_visit(world.session, order)[0].net_fen
    settlements.mature_due(world.session, world.later(days=30))
    assert ledger.balance(world.session, ledger.debt(who.technician_id)) == 0
    assert ledger.balance(world.session, ledger.available(who.technician_id)) == earned - 2_000
    assert ledger.verify(world.session) == []


@pytest.mark.parametrize("act", [adjustments.bonus, adjustments.penalty])
def test_who_may_not_and_what_is_no_wish(world: World, act: object) -> None:
    assert callable(act)
    who = world.technicians[0].technician_id
    cases = [
        (journey.operator(world, OperatorRole.DISPATCHER), who, 100, "why", KEY, NotAllowed),
        (world.technicians[0], who, 100, "why", KEY, NotAllowed),
        (finance(world), who, 100, " ", KEY, ReasonMissing),
        (finance(world), who, 0, "why", KEY, Invalid),
        (finance(world), who, -100, "why", KEY, Invalid),
        (finance(world), who, adjustments.MOST_FEN + 1, "why", KEY, Invalid),
        (finance(world), who, 100, "why", "", Invalid),
        (finance(world), 99_999, 100, "why", KEY, NotFound),
    ]
    for actor, technician_id, fen, reason, key, refusal in cases:
        with pytest.raises(refusal):
            act(world.session, actor, technician_id, fen, reason=reason, key=key, now=NOW)
    assert ledger.trial(world.session).by_account == {}


def test_sixty_four_presses_are_one_penalty(database: Database) -> None:
    def prepare(session: Session) -> tuple[Actor, int]:
        world = journey.build(session)
        return finance(world), world.technicians[0].technician_id

    operator, who = database.write_now(prepare)

    def press(_i: int) -> object:
        return database.write_now(adjustments.penalty, operator, who, 700, reason="late", key=KEY, now=NOW)

    assert sorted(map(bool, at_once(64, press))) == [False] * 63 + [True]
    assert database.read_now(ledger.balance, ledger.debt(who)) == 700
    assert database.read_now(ledger.verify) == []
