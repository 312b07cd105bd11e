"""Commission rules in force: frozen at acceptance, settled as shown, taxes withheld and given back, adopted once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.domain.commission import CommissionPolicy
from servicehub.domain.order import OrderStatus
from servicehub.errors import Invalid, NotAllowed, PolicyChanged, ReasonMissing
from servicehub.models.audit import AuditEntry
from servicehub.models.catalog import Policy
from servicehub.models.order import Order
from servicehub.models.payment import Earning
from servicehub.queries.income import income_detail
from servicehub.queries.operator import order as operator_order
from servicehub.queries.operator.commission import commission_page, technician_named
from servicehub.queries.statements import statement
from servicehub.queries.technician import hall, job, workbench
from servicehub.services import ledger, orders, policies, refunds, settlements
from tests import city, journey
from tests.city import NOW
from tests.journey import World

GOLDEN = {"id": "r1", "name": "春季", "category": "daily", "level": "silver", "bp": 1200, "by_group": {"add_on": 500}}
TAXED = {"tax": {"bp": 2000, "from_fen": 5000}}


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def adopt(world: World, *rules: dict[str, Any], base: int = 1, note: str = "试行", **more: Any) -> int:
    wanted = {"rules": list(rules), **more}
    return policies.adopt_commission(
        world.session, journey.operator(world), wanted, base=base, note=note, now=world.now
    )


def books(world: World) -> dict[str, int]:
    return {account: fen for account, fen in ledger.trial(world.session).by_account.items() if fen}


def earned(world: World, order: Order) -> Earning:
    found = settlements.of_order(world.session, order.id or 0)
    assert found is not None
    return found


def test_the_winning_rule_is_shown_frozen_and_settled(world: World) -> None:
    assert adopt(world, GOLDEN, {"id": "r2", "level": "silver", "bp": 100}) == 2
    order = world.accepted()

    assert order.commission == {
        "rule": "rule:r1@2", "rate_bp": 1200, "net_fen": 8800, "by_group": {"add_on": 500},
        "where": {"name": "春季", "category": "daily", "level": "silver"},
    }  # fmt: skip
    actor = world.technician(order.technician_id)
    shown = job.job(world.session, actor, order.no, now=world.now, locale="zh")
    assert (shown.take_home, shown.rule, shown.tax) == ("¥88.00", "抽成 12%（春季 · 银牌 · 日常保洁） · 加项 5%", "")


def test_a_fixed_part_and_limits_are_said_frozen_and_settled(world: World) -> None:
    adopt(
        world,
        {"id": "r1", "level": "silver", "bp": 1000, "bounds": {"fixed_fen": 350, "least_fen": 500, "most_fen": 1200}},
    )
    order = world.finished()

    assert order.commission["bounds"] == {"fixed_fen": 350, "least_fen": 500, "most_fen": 1200}
    assert order.commission["net_fen"] == 8800
    actor = world.technician(order.technician_id)
    shown = job.job(world.session, actor, order.no, now=world.now, locale="zh")
    assert shown.rule == "抽成 10%（银牌） · 另加 ¥3.5 · 最低 ¥5 · 最高 ¥12"
    adopt(world, {"id": "r1", "level": "silver", "bp": 5000}, base=2)
    orders.confirm(world.session, world.customer, order.no, now=world.now)
    found = earned(world, order)
    assert (found.rule, found.commission_fen, found.net_fen) == ("rule:r1@2", 1200, 8800)
    assert ledger.verify(world.session) == []


def test_a_rule_adopted_after_acceptance_changes_nothing(world: World) -> None:
    order = world.finished()
    adopt(world, GOLDEN, **TAXED)
    orders.confirm(world.session, world.customer, order.no, now=world.now)

    found = earned(world, order)
    assert (found.rule, found.commission_fen, found.tax_fen, found.net_fen) == ("level:silver@1", 2500, 0, 7500)


def test_an_order_made_before_is_accepted_by_the_rules_of_its_own_version(world: World) -> None:
    order = world.book()
    adopt(world, GOLDEN, **TAXED)
    world.pay(order)
    world.dispatch()
    world.firm(order)
    offer = world.offer(order)

    assert offer.take_home_fen == 7500
    card = workbench.open_offer(world.session, world.technician(offer.technician_id), now=world.now, locale="zh")
    assert (card.take_home, card.rule, card.tax) == ("75.00", "抽成 25%（银牌）", "")


def test_tax_is_shown_before_accepting_withheld_at_settlement_and_on_every_page(world: World) -> None:
    adopt(world, **TAXED)
    order = world.completed()
    actor, words = world.technician(order.technician_id), "代扣个税 20%（超过 ¥50 的部分）"

    assert (order.commission["tax_fen"], order.commission["net_fen"]) == (500, 7000)
    assert books(world) == {
        "cash:simulator": 10_000, "commission:service": -2500, "tax_payable:iit": -500,
        f"t_pending:{actor.technician_id}:{order.id}": -7000,
        "comp:points": 100, f"points:{order.customer_id}": -100,
    }  # fmt: skip
    assert ledger.verify(world.session) == []
    found = earned(world, order)
    assert (found.commission_fen, found.tax_fen, found.net_fen) == (2500, 500, 7000)
    detail = income_detail(world.session, actor, order.no, now=world.now, locale="zh")
    assert ("代扣个税", "−¥5.00", words) in [(row.label, row.amount, row.note) for row in detail.split]
    assert detail.rule == f"抽成 25%（银牌） · {words} · level:silver@2"
    month = statement(world.session, actor, "", locale="zh", now=world.now)
    assert [(one.name, one.fen) for one in month.withheld] == [("本月代扣税", 500)]
    (row,) = month.rows
    assert row.deducted == "平台抽成 −¥25.00 · 代扣税 −¥5.00"
    assert (row.labour_fen, row.commission_fen, row.tax_fen, row.amount_fen) == (10_000, -2500, -500, 7000)
    sheet = operator_order.page(world.session, journey.operator(world), order.no, locale="zh", now=world.now).sheet
    assert [(row.name, row.amount) for row in sheet.division] == [
        (f"抽成 25%（银牌） · {words}", "−¥25.00"), ("代扣个税", "−¥5.00"), ("技师实得", "¥70.00"),
    ]  # fmt: skip


def test_the_offer_and_the_hall_say_the_rule_and_the_tax(world: World) -> None:
    adopt(world, GOLDEN, **TAXED)
    order = world.book()
    world.pay(order)
    world.dispatch()
    world.firm(order)
    actor = world.technician(world.offer(order).technician_id)
    card = workbench.open_offer(world.session, actor, now=world.now, locale="en")
    said = "Commission 12% (春季 · Silver · Cleaning) · Add-ons 5% · Income tax withheld 20% above ¥50"
    assert (card.take_home, card.rule, card.tax) == ("80.40", said, "¥7.60")

    in_hall = world.book(start_at=world.town.local("2026-03-04 14:00"), mode="grab")
    world.pay(in_hall)
    rows = {row.no: row for row in hall.hall(world.session, world.technicians[0], now=world.now, locale="en")}
    assert (rows[in_hall.no].take_home, rows[in_hall.no].rule, rows[in_hall.no].tax) == ("80.40", said, "¥7.60")


def test_a_promotion_goes_by_the_day_of_the_visit(world: World) -> None:
    day = world.town.local("2026-03-03 14:00")
    adopt(world, {"id": "r1", "bp": 0, "from": "2026-03-03", "until": "2026-03-03"})
    inside, after = world.accepted(start_at=day), world.accepted(start_at=day + timedelta(days=1))
    assert [o.commission["rule"] for o in (inside, after)] == ["rule:r1@2", "level:silver@2"]
    assert inside.commission["net_fen"] == 10_000


def test_a_rule_for_one_technician_is_his_alone(world: World) -> None:
    mine = world.technicians[1].technician_id
    adopt(world, {"id": "r1", "bp": 500, "technician_id": mine})
    pair = [world.accepted(technician_id=t.technician_id, mode="choose") for t in world.technicians]
    assert [order.commission["rule"] for order in pair] == ["level:silver@2", "rule:r1@2"]


def test_a_full_refund_after_settlement_takes_the_tax_back(world: World) -> None:
    adopt(world, **TAXED)
    order = world.completed()
    refunds.request(world.session, order, 10_000, "after_sale", now=world.now)
    assert books(world) == {"cash:simulator": 10_000, f"refund_due:{order.id}": -10_000}


def test_of_what_the_platform_bears_the_tax_is_still_owed(world: World) -> None:
    adopt(world, **TAXED)
    order = world.completed()
    refunds.request(world.session, order, 4000, "after_sale", now=world.now, technician_bp=0)

    assert ledger.balance(world.session, ledger.TAX) == 500
    assert ledger.balance(world.session, ledger.DISPUTE_COST) == 3000
    assert ledger.balance(world.session, f"t_pending:{order.technician_id}:{order.id}") == 7000


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 4000), min_size=1, max_size=6), st.integers(0, 5000), st.integers(0, 4000))
def test_partial_refunds_give_back_commission_and_tax_to_the_fen(
    session: Session, parts: list[int], bp: int, from_fen: int
) -> None:
    with session.begin_nested() as undo:
        world = journey.build(session, price_fen=sum(parts))
        adopt(world, GOLDEN, tax={"bp": bp, "from_fen": from_fen})
        order = world.completed()
        found = earned(world, order)
        assert found.commission_fen + found.tax_fen + found.net_fen == sum(parts)
        for part in parts:
            refunds.request(session, order, part, "after_sale", now=world.now)
        assert books(world) == {"cash:simulator": sum(parts), f"refund_due:{order.id}": -sum(parts)}
        undo.rollback()


def test_of_a_crew_everybody_pays_his_own_tax(session: Session) -> None:
    world = journey.build(session, crew_size=2, price_fen=20_001)
    adopt(world, **TAXED)
    lead = world.book()
    world.pay(lead)
    members = session.exec(
        select(Order).where((Order.id == lead.id) | (Order.lead_id == lead.id)).order_by(col(Order.id))
    ).all()
    world.later(seconds=1)
    splits = [
        settlements.take_home(session, m, session.get_one(settlements.Technician, world.offer(m).technician_id))
        for m in members
    ]
    assert [s.tax_fen for s in splits] == [500, 500]
    assert sum(s.commission_fen + s.tax_fen + s.net_fen for s in splits) == 20_001


def test_only_the_commission_changes_and_the_audit_knows_who_and_why(world: World) -> None:
    before = world.session.get_one(Policy, world.town.policy_id).document
    adopt(world, GOLDEN, rates={"gold": 2000}, note="春季活动")
    row = world.session.exec(select(Policy).where(Policy.kind == "order", Policy.version == 2)).one()

    assert {k: row.document[k] for k in ("fees", "cancellation", "settlement")} == {
        k: before[k] for k in ("fees", "cancellation", "settlement")
    }
    found = CommissionPolicy.of(row.document["commission"])
    assert (found.rules[0].document(), found.rates["gold"], found.rates["chief"]) == (GOLDEN, 2000, 1800)
    entry = world.session.exec(select(AuditEntry)).one()
    assert (entry.action, entry.subject, entry.reason) == ("policy.adopt", "policy:order-2", "春季活动")
    page = commission_page(world.session, journey.operator(world, OperatorRole.FINANCE), now=world.now, locale="zh")
    assert [(v.version, v.note, v.changes) for v in page.versions] == [
        (2, "春季活动", "+ 春季 · 银牌 · 日常保洁 12% · 加项 5%；金牌 22% → 20%"), (1, "", ""),
    ]  # fmt: skip


@pytest.mark.parametrize("role", [r for r in OperatorRole if r is not OperatorRole.ADMIN])
def test_nobody_but_administrators_adopts(world: World, role: OperatorRole) -> None:
    actor = journey.operator(world, role)
    with pytest.raises(NotAllowed):
        policies.adopt_commission(world.session, actor, {"rules": [GOLDEN]}, base=1, note="x", now=world.now)
    if role is not OperatorRole.FINANCE:
        with pytest.raises(NotAllowed):
            commission_page(world.session, actor, now=world.now, locale="zh")


def test_what_the_city_does_not_have_and_stale_bases_are_refused(world: World) -> None:
    elsewhere = city.add_technician(world.session, city.build(world.session))
    for field, wrong in (("category", {"category": "spa"}), ("technician", {"technician_id": elsewhere.id})):
        with pytest.raises(Invalid) as refused:
            adopt(world, {"id": "r1", "bp": 1, **wrong})
        assert refused.value.params["field"] == field
    with pytest.raises(ReasonMissing):
        adopt(world, GOLDEN, note=" ")
    adopt(world, GOLDEN)
    with pytest.raises(PolicyChanged):
        adopt(world, base=1)
    assert policies.newest_version(world.session, world.town.city_id, "order") == 2
    assert technician_named(world.session, journey.operator(world), str(elsewhere.id)) == 0


def test_of_many_who_adopt_at_once_one_wins_and_the_order_settles_as_shown(database: Database) -> None:
    def prepare(session: Session) -> tuple[Actor, str, Actor]:
        world = journey.build(session)
        adopt(world, GOLDEN, **TAXED)
        return journey.operator(world), world.finished().no, world.customer

    admin, no, customer = database.write_now(prepare)

    def attempt(n: int) -> bool:
        wanted = {"rules": [{**GOLDEN, "bp": n}]}
        try:
            database.write_now(policies.adopt_commission, admin, wanted, base=2, note="x", now=NOW)
        except PolicyChanged:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(attempt, range(64))) == 1
    database.write_now(orders.confirm, customer, no, now=NOW + timedelta(days=1))

    order = database.read_now(lambda s: s.exec(select(Order).where(Order.no == no)).one())
    found = database.read_now(settlements.of_order, order.id)
    assert order.status is OrderStatus.COMPLETED
    assert found is not None
    assert (found.rule, found.commission_fen, found.tax_fen, found.net_fen) == ("rule:r1@2", 1200, 760, 8040)
    assert database.read_now(ledger.balance, ledger.TAX) == 760
    assert database.read_now(ledger.verify) == []


def test_a_technician_is_no_operator(world: World) -> None:
    actor = world.technicians[0]
    assert actor.role is Role.TECHNICIAN
    with pytest.raises(NotAllowed):
        commission_page(world.session, actor, now=world.now, locale="zh")
