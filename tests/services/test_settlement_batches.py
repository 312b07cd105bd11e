"""Settlement batches: one of each city and run, never empty, the sum of its entries, and no earning in two of them."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.db import Database
from servicehub.domain.access import SYSTEM, Actor, OperatorRole
from servicehub.domain.deposit import DEPOSIT_KIND, DepositPolicy
from servicehub.domain.settlement import BatchStatus
from servicehub.errors import LedgerRefused, NotAllowed
from servicehub.models.catalog import City, Policy
from servicehub.models.order import Order
from servicehub.models.payment import Earning
from servicehub.models.settlement import BatchFigures, SettlementBatch, figures_of
from servicehub.models.technician import Technician
from servicehub.services import ledger, orders, settlement_batches, settlements
from servicehub.services.chronicle import PastOrder, import_orders, make_batches
from servicehub.workflows import proving
from tests import journey
from tests.city import NOW
from tests.crowd import at_once
from tests.journey import World

NET = 7_500
"""What an order of the town brings its technician."""


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def batches(session: Session) -> list[SettlementBatch]:
    return list(session.exec(select(SettlementBatch).order_by(col(SettlementBatch.id))))


def earning_of(session: Session, order: Order) -> Earning:
    return session.exec(select(Earning).where(Earning.order_id == order.id)).one()


def run(world: World, *, days: int = 20, limit: int = 200) -> int:
    return settlements.mature_due(world.session, world.later(days=days), limit=limit)


def two(world: World) -> tuple[Order, Order]:
    """Two jobs that are done and settled."""
    first = world.completed()
    return first, world.completed(start_at=world.town.local("2026-03-04 14:00"))


# -- one run --------------------------------------------------------------------------------------------------------


def test_a_run_makes_one_batch_that_says_what_it_did(world: World) -> None:
    jobs = two(world)

    assert run(world) == 2

    (batch,) = batches(world.session)
    assert (batch.city_id, batch.status, batch.cut_off) == (world.town.city_id, BatchStatus.CLOSED, world.now)
    assert batch.created_at == batch.closed_at == world.now
    assert figures_of(batch) == BatchFigures(2, 2 * NET, 0, 0, 2 * NET)
    assert (batch.held, batch.held_fen) == (0, 0)
    assert batch.no.startswith("SB2603")
    assert {earning_of(world.session, job).batch_id for job in jobs} == {batch.id}
    assert settlement_batches.problems(world.session) == []


def test_nothing_due_makes_no_batch(world: World) -> None:
    world.completed()

    assert run(world, days=0) == 0
    assert batches(world.session) == []
    assert run(world) == 1
    assert run(world) == 0
    assert len(batches(world.session)) == 1


def test_debts_and_deposits_are_parts_of_it(world: World) -> None:
    rules = {"target_fen": 50_000, "share_bp": 2_000, "hold_days": 30}
    world.session.add(
        Policy(city_id=world.town.city_id, kind=DEPOSIT_KIND, version=1, document=rules, effective_at=world.now)
    )
    order = world.completed()
    who = order.technician_id or 0
    lines = {ledger.debt(who): 1_000, ledger.DISPUTE_COST: -1_000}
    ledger.post(world.session, "owed", "adjustment", "test", lines, now=world.now)

    run(world)

    parts = DepositPolicy(50_000, 2_000).matured(NET, owed=1_000, held=0)
    (batch,) = batches(world.session)
    assert figures_of(batch) == BatchFigures(1, NET, 1_000, parts.aside, parts.available)
    assert parts.aside > 0
    assert settlement_batches.problems(world.session) == []


def test_what_a_dispute_holds_is_left_out_and_counted(world: World) -> None:
    first, second = two(world)
    orders.dispute(world.session, world.customer, first.no, reason="漏水", now=world.now)

    assert run(world) == 1

    (batch,) = batches(world.session)
    assert (batch.earnings, batch.held, batch.held_fen) == (1, 1, NET)
    assert earning_of(world.session, first).batch_id is None
    orders.resolve(world.session, journey.operator(world), first.no, refund_fen=0, reason="已核实", now=world.now)
    assert run(world, days=1) == 1
    assert [one.held for one in batches(world.session)] == [1, 0]
    assert earning_of(world.session, second).batch_id != earning_of(world.session, first).batch_id


def test_each_city_has_its_own(world: World) -> None:
    first, second = (
        world.completed(start_at=world.town.local(f"2026-03-0{day} 14:00"), technician_id=who.technician_id)
        for day, who in zip((3, 4), world.technicians, strict=True)
    )
    far = City(slug="b", code="32", name_zh="乙", name_en="B", timezone="Asia/Shanghai", lat=31, lng=120)
    world.session.add(far)
    world.session.flush()
    world.session.get_one(Technician, second.technician_id).city_id = far.id or 0

    assert run(world) == 2

    made = {one.city_id: one for one in batches(world.session)}
    assert {city_id: one.earnings for city_id, one in made.items()} == {world.town.city_id: 1, far.id: 1}
    assert earning_of(world.session, first).batch_id == made[world.town.city_id].id
    assert earning_of(world.session, second).batch_id == made[far.id or 0].id


def test_a_run_that_is_cut_short_goes_on_with_another_batch(world: World) -> None:
    two(world)

    assert [run(world, limit=1), run(world, limit=1), run(world, limit=1)] == [1, 1, 0]
    assert [one.earnings for one in batches(world.session)] == [1, 1]


# -- what goes wrong ------------------------------------------------------------------------------------------------


def test_what_cannot_be_posted_stays_due_and_is_in_none(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = two(world)
    bad, post = {f"mature:{first.id}", f"mature:{second.id}"}, ledger.post

    def broken(session: Session, key: str, *args: Any, **kw: Any) -> tuple[int, bool]:
        if key in bad:
            raise LedgerRefused(key)
        return post(session, key, *args, **kw)

    monkeypatch.setattr(ledger, "post", broken)
    assert run(world) == 0
    assert batches(world.session) == []

    bad.remove(f"mature:{second.id}")
    assert run(world) == 1
    (batch,) = batches(world.session)
    assert figures_of(batch) == BatchFigures(1, NET, 0, 0, NET)
    assert (earning_of(world.session, first).batch_id, earning_of(world.session, second).batch_id) == (None, batch.id)
    assert settlement_batches.problems(world.session) == []


def test_an_entry_that_is_there_already_is_what_counts(world: World) -> None:
    order = world.completed()
    run(world)
    (first,) = batches(world.session)
    earning = earning_of(world.session, order)
    earning.matured_at, earning.batch_id = None, None  # as if the row alone had been lost
    world.session.flush()

    run(world)

    assert [figures_of(one) for one in batches(world.session)] == [figures_of(first)] * 2
    assert ledger.balance(world.session, ledger.available(order.technician_id or 0)) == NET
    assert settlement_batches.problems(world.session) == [
        f"batch {first.no} says 1 earnings of {NET}: {NET} available, 0 repaid, 0 aside, "
        "its entries 0 earnings of 0: 0 available, 0 repaid, 0 aside"
    ]


def test_a_crash_leaves_neither_a_batch_nor_an_entry(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    database.write_now(lambda s: journey.build(s).completed().id)

    class Crash(Exception):
        pass

    def crash(*_args: object, **_kw: object) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(settlement_batches, "_close", crash)
        with pytest.raises(Crash):
            database.write_now(settlements.mature_due, NOW + timedelta(days=60))
    assert database.read_now(batches) == []
    assert database.read_now(_matured) == 0

    assert database.write_now(settlements.mature_due, NOW + timedelta(days=60)) == 1
    assert [one.earnings for one in database.read_now(batches)] == [1]


def _matured(session: Session) -> int:
    entries = sa.select(sa.func.count()).select_from(Earning).where(col(Earning.matured_at).is_not(None))
    return int(session.scalar(entries) or 0)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE sh_settlement_batch SET status = 'open'",
        "UPDATE sh_settlement_batch SET closed_at = NULL",
        "UPDATE sh_settlement_batch SET earnings = 0",
        "UPDATE sh_settlement_batch SET repaid_fen = net_fen + 1",
        "UPDATE sh_settlement_batch SET held_fen = -1",
        "UPDATE sh_earning SET matured_at = NULL",
        "UPDATE sh_earning SET batch_id = 0",
    ],
)
def test_the_database_knows_what_a_batch_may_be(database: Database, change: str) -> None:
    database.write_now(lambda s: journey.build(s).completed().id)
    database.write_now(settlements.mature_due, NOW + timedelta(days=60))

    with pytest.raises(sa.exc.IntegrityError):
        database.write_now(lambda s: s.execute(sa.text(change)))


def test_sixty_four_runs_at_once_put_every_earning_into_one_batch(database: Database) -> None:
    def city(session: Session) -> list[int]:
        world = journey.build(session)
        starts = [f"2026-03-{day:02} {hour}:00" for day in (3, 4, 5, 6) for hour in ("09", "14")]
        return [world.completed(start_at=world.town.local(start)).id or 0 for start in starts]

    order_ids = database.write_now(city)
    before = database.read_now(lambda s: s.scalar(sa.select(sa.func.sum(col(Earning.net_fen)))))

    done = at_once(
        64, lambda i: database.write_now(settlements.mature_due, NOW + timedelta(days=60), limit=1 + i % 3), 64
    )

    assert sum(int(str(count)) for count in done) == len(order_ids)
    made = database.read_now(batches)
    named = database.read_now(lambda s: list(s.exec(select(Earning.batch_id, Earning.order_id))))
    assert sorted(order_id for _batch_id, order_id in named) == sorted(order_ids)
    assert Counter(batch_id for batch_id, _order_id in named) == {one.id: one.earnings for one in made}
    assert sum(one.net_fen for one in made) == before
    assert all(one.earnings > 0 for one in made)
    assert len({one.no for one in made}) == len(made)
    assert database.read_now(settlement_batches.problems) == database.read_now(ledger.verify) == []


# -- the proof ------------------------------------------------------------------------------------------------------


def test_the_nightly_proof_finds_a_batch_that_is_not_its_entries(database: Database) -> None:
    database.write_now(lambda s: journey.build(s).completed().id)
    database.write_now(settlements.mature_due, NOW + timedelta(days=60))
    assert database.read_now(settlement_batches.problems) == []
    database.write_now(lambda s: s.execute(sa.text("UPDATE sh_settlement_batch SET net_fen = net_fen + 1")))

    assert proving.prove_due(database, NOW + timedelta(days=61)) == 1

    (found,) = database.read_now(settlement_batches.problems)
    assert f"1 earnings of {NET + 1}: {NET + 1} available" in found
    assert f"its entries 1 earnings of {NET}: {NET} available" in found
    problems = database.read_now(lambda s: s.scalar(sa.text("SELECT problems FROM sh_proof")))
    assert "its entries 1 earnings" in str(problems)


# -- history --------------------------------------------------------------------------------------------------------


def test_imported_history_gets_a_batch_for_each_day(world: World) -> None:
    def past(day: int, hour: int) -> PastOrder:
        start_at = world.town.local(f"2026-03-{day:02} {hour:02}:00")
        who, place, item = world.town.customer_id, world.address_id, world.town.item_id
        technician_id, made_at = world.technicians[0].technician_id, start_at - timedelta(days=1)
        return PastOrder(who, place, item, technician_id, made_at, start_at, "finished")

    now = world.town.local("2026-03-20 10:00")
    for visits in (((2, 9), (2, 14)), ((3, 9), (19, 9))):
        import_orders(world.session, SYSTEM, world.town.city_id, [past(*visit) for visit in visits], now=now)

    assert make_batches(world.session, SYSTEM, world.town.city_id) == 2
    assert make_batches(world.session, SYSTEM, world.town.city_id) == 0

    assert [one.earnings for one in batches(world.session)] == [2, 1]
    assert all(one.cut_off <= now for one in batches(world.session))
    assert settlement_batches.problems(world.session) == []
    with pytest.raises(NotAllowed):
        make_batches(world.session, _finance(world), world.town.city_id)


def _finance(world: World) -> Actor:
    return journey.operator(world, OperatorRole.FINANCE)
