"""Where a company is paid: whose the money is at every step, what is claimed, what waits for what; the books sum to zero."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from servicehub.db import Database
from servicehub.domain.access import OperatorRole
from servicehub.domain.channel import RefundState
from servicehub.domain.order import PaymentPlan
from servicehub.domain.payment import WALLET, PaymentStatus, RefundStatus
from servicehub.domain.sharing import OPEN, SettlementMode, ShareAnswer, ShareKind, ShareState, ShareStatus
from servicehub.domain.vat import PAYABLE
from servicehub.errors import BalanceNotHere, Conflict, NotAllowed, PartnerPays
from servicehub.jobs.recorder import Recorder
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.models.sharing import Share
from servicehub.services import ledger, orders, payments, refunds, settlements, shares, vat, withdrawals
from servicehub.settings import get_settings
from tests import journey
from tests.city import NOW
from tests.journey import World

DONE = ShareAnswer(ShareState.SUCCEEDED)
REFUSED = ShareAnswer(ShareState.FAILED, "NO_AUTH")


@pytest.fixture
def mode(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Run the installation in another mode from now on."""

    def switch(name: str) -> None:
        monkeypatch.setattr(get_settings(), "settlement_mode", name)

    switch("partner")
    return switch


@pytest.fixture
def world(session: Session, mode: object) -> World:
    return journey.build(session)


def balances(session: Session) -> dict[str, int]:
    return {account: fen for account, fen in ledger.trial(session).by_account.items() if fen}


def rows(session: Session, kind: ShareKind = ShareKind.SHARE) -> list[Share]:
    return list(session.exec(select(Share).where(Share.kind == kind).order_by(col(Share.id))))


def shared(world: World, order: Order) -> Share:
    """The order's only share, arrived."""
    (row,) = [row for row in rows(world.session) if row.order_id == order.id]
    assert shares.begin(world.session, row.no, now=world.now)
    assert shares.record_result(world.session, row.no, DONE, now=world.now)
    return row


def test_the_money_is_the_companys_and_only_the_share_becomes_ours(world: World, recorder: Recorder) -> None:
    order = world.completed()
    company = f"mirror:company:{order.id}"

    assert balances(world.session) == {"mirror:simulator": 10_000, "commission:service": -2_500, company: -7_500}
    (share,), (rest,) = rows(world.session), rows(world.session, ShareKind.UNFREEZE)
    assert (share.amount_fen, share.base_fen, rest.amount_fen) == (2_500, 10_000, 7_500)
    assert recorder.named("share") == [{"no": share.no}]

    shared(world, order)
    assert balances(world.session) == {
        "cash:simulator": 2_500, "mirror:simulator": 7_500, "commission:service": -2_500, company: -7_500,
    }  # fmt: skip
    assert recorder.named("share") == [{"no": share.no}, {"no": rest.no}]
    assert ledger.verify(world.session) == []
    assert not shares.record_result(world.session, share.no, REFUSED, now=world.now)


def test_the_platform_owes_tax_of_its_commission_alone(world: World) -> None:
    order = world.completed()
    vat.book_due(world.session, 600, now=world.later(days=1))
    assert ledger.balance(world.session, PAYABLE) == 142, "6 % in 25.00"

    refunds.request(world.session, order, 10_000, "after_sale", now=world.now)
    vat.book_due(world.session, 600, now=world.later(days=1))
    assert ledger.balance(world.session, PAYABLE) == 0


def test_nobody_is_asked_within_a_minute_of_the_payment(session: Session, mode: object, recorder: Recorder) -> None:
    world = journey.build(session, payment_plan=PaymentPlan.AFTER)
    order = world.finished()
    world.pay(order)
    orders.confirm(session, world.customer, order.no, now=world.now)

    (job,) = [job for job in recorder.asked if job.name == "share"]
    opened = [job for job in recorder.asked if job.name == "payment_query"][-1]  # 30 s after it was opened
    assert timedelta(seconds=34) <= job.due_at - opened.due_at <= timedelta(seconds=60)


def test_the_commission_is_capped_at_thirty_percent_of_what_was_paid(session: Session, mode: object) -> None:
    world = journey.build(session)
    order = world.finished()
    order.commission = order.commission | {"rate_bp": 4_000}
    session.add(order)
    orders.confirm(session, world.customer, order.no, now=world.now)

    earning = settlements.of_order(session, order.id or 0)
    assert earning is not None
    assert (earning.commission_fen, earning.net_fen) == (3_000, 7_000)
    assert [row.amount_fen for row in rows(session)] == [3_000]


def test_the_database_holds_the_ratio(world: World) -> None:
    world.completed()
    (share,) = rows(world.session)

    with pytest.raises(sa.exc.IntegrityError), world.session.begin_nested():
        world.session.execute(sa.update(Share).where(col(Share.id) == share.id).values(amount_fen=3_001))


def test_an_order_keeps_the_mode_in_which_it_was_paid(world: World, mode: Callable[[str], None]) -> None:
    first = world.book()
    world.pay(first)
    mode("self_operated")
    assert shares.mode_of(world.session, first.id or 0) is SettlementMode.PARTNER
    assert shares.mode_for(world.session, first.id or 0) is SettlementMode.PARTNER

    second = world.book(start_at=world.town.local("2026-03-04 14:00"))
    world.pay(second)
    mode("partner")
    assert shares.mode_of(world.session, second.id or 0) is SettlementMode.SELF_OPERATED
    assert balances(world.session) == {
        "mirror:simulator": 10_000, f"escrow:{first.id}": -10_000, "cash:simulator": 10_000, f"escrow:{second.id}": -10_000,
    }  # fmt: skip


def test_a_payment_that_was_opened_before_the_switch_is_not_used_after_it(
    world: World, mode: Callable[[str], None]
) -> None:
    order = world.book()
    opened = world.open_payment(order)
    mode("self_operated")
    other = world.open_payment(order)

    assert (opened.mode, other.mode) == (SettlementMode.PARTNER, SettlementMode.SELF_OPERATED)
    assert opened.no != other.no
    world.report(opened)
    assert shares.mode_of(world.session, order.id or 0) is SettlementMode.PARTNER
    world.report(other)
    assert other.status is PaymentStatus.EXTRA
    assert balances(world.session)["cash:simulator"] == 10_000


def test_a_balance_is_paid_in_the_mode_of_the_deposit(session: Session, mode: Callable[[str], None]) -> None:
    world = journey.build(session, payment_plan=PaymentPlan.DEPOSIT, deposit_bp=2000)
    order = world.finished()
    mode("self_operated")
    world.pay(order)
    orders.confirm(session, world.customer, order.no, now=world.now)

    assert {p.mode for p in session.exec(select(Payment))} == {SettlementMode.PARTNER}
    assert [(row.amount_fen, row.base_fen) for row in rows(session)] == [(500, 2_000), (2_000, 8_000)]


def test_a_refund_before_settlement_waits_for_nothing(world: World, recorder: Recorder) -> None:
    order = world.book()
    world.pay(order)
    (refund,) = refunds.request(world.session, order, 4_000, "goodwill", now=world.now)

    assert recorder.named("refund") == [{"no": refund.no}]
    assert refunds.begin(world.session, refund.no, now=world.now) is not None
    refunds.record_result(world.session, refund.no, RefundState.SUCCEEDED, now=world.now)
    assert balances(world.session) == {"mirror:simulator": 6_000, f"escrow:{order.id}": -6_000}


def test_after_the_share_a_refund_waits_until_its_part_is_back(world: World, recorder: Recorder) -> None:
    order = world.completed()
    share = shared(world, order)
    (refund,) = refunds.request(world.session, order, 4_000, "after_sale", now=world.now)
    (back,) = rows(world.session, ShareKind.RETURN)

    assert (back.amount_fen, back.refund_id) == (1_000, refund.id)
    assert recorder.named("refund") == []
    assert refunds.begin(world.session, refund.no, now=world.now) is None
    asked = shares.begin(world.session, back.no, now=world.now)
    assert asked is not None
    assert (asked.kind, asked.amount_fen, asked.share_no) == (ShareKind.RETURN, 1_000, share.no)
    shares.record_result(world.session, back.no, DONE, now=world.now)

    assert recorder.named("refund") == [{"no": refund.no}]
    assert refunds.begin(world.session, refund.no, now=world.now) is not None
    refunds.record_result(world.session, refund.no, RefundState.SUCCEEDED, now=world.now)
    assert balances(world.session) == {
        "cash:simulator": 1_500, "mirror:simulator": 4_500, "commission:service": -1_500,
        f"mirror:company:{order.id}": -4_500,
    }  # fmt: skip


def test_a_return_waits_for_a_share_that_is_under_way(world: World, recorder: Recorder) -> None:
    order = world.completed()
    (share,) = rows(world.session)
    shares.begin(world.session, share.no, now=world.now)
    refunds.request(world.session, order, 10_000, "after_sale", now=world.now)
    (back,) = rows(world.session, ShareKind.RETURN)

    assert shares.begin(world.session, back.no, now=world.now) is None
    assert recorder.named("share").count({"no": back.no}) == 2
    shares.record_result(world.session, share.no, DONE, now=world.now)
    assert shares.begin(world.session, back.no, now=world.now) is not None


def test_when_the_share_comes_to_nothing_the_refund_goes_and_less_is_claimed(world: World, recorder: Recorder) -> None:
    order = world.completed()
    (share,) = rows(world.session)
    shares.begin(world.session, share.no, now=world.now)
    (refund,) = refunds.request(world.session, order, 4_000, "after_sale", now=world.now)
    (back,) = rows(world.session, ShareKind.RETURN)
    shares.record_result(world.session, share.no, REFUSED, now=world.now)

    assert shares.begin(world.session, back.no, now=world.now) is None
    assert (back.status, recorder.named("refund")) == (ShareStatus.VOID, [{"no": refund.no}])
    assert (share.status, share.amount_fen, share.base_fen) == (ShareStatus.FAILED, 1_500, 6_000)
    assert refunds.begin(world.session, refund.no, now=world.now) is not None


def test_a_refused_share_waits_for_a_person_who_tries_again(world: World, recorder: Recorder) -> None:
    world.completed()
    (share,) = rows(world.session)
    shares.begin(world.session, share.no, now=world.now)
    shares.record_result(world.session, share.no, REFUSED, now=world.now)
    finance, support = journey.operator(world, OperatorRole.FINANCE), journey.operator(world, OperatorRole.SUPPORT)
    old = share.no

    assert (share.status, share.reason) == (ShareStatus.FAILED, "NO_AUTH")
    with pytest.raises(NotAllowed):
        shares.retry(world.session, support, old, now=world.now)
    new = shares.retry(world.session, finance, old, now=world.now)
    assert (share.no, share.status, share.tries) == (new, ShareStatus.NEW, 0)
    assert new != old
    assert recorder.named("share")[-1] == {"no": new}
    with pytest.raises(Conflict):
        shares.retry(world.session, finance, new, now=world.now)


def test_every_try_carries_the_same_number_and_is_later(world: World) -> None:
    world.completed()
    (share,) = rows(world.session)
    tries = []
    for _ in range(3):
        asked = shares.begin(world.session, share.no, now=world.now)
        assert asked is not None
        tries.append((asked.no, asked.tries, shares.again(world.session, share.no)))

    assert tries == [(share.no, 1, 30), (share.no, 2, 60), (share.no, 3, 120)]


def test_a_cancellation_fee_is_shared_too(world: World) -> None:
    order = journey.without_free(world).accepted()
    world.now = order.start_at - timedelta(hours=1)
    orders.cancel(world.session, world.customer, order.no, reason="", expected_refund_fen=8000, now=world.now)

    found = balances(world.session)
    assert found[f"refund_due:{order.id}"] == -8_000
    assert found["mirror:simulator"] == 10_000
    assert found[f"mirror:company:{order.id}"] + found.get("fee_income:cancellation", 0) == -2_000
    assert all(row.base_fen == 2_000 for row in rows(world.session, ShareKind.UNFREEZE))
    assert sum(row.amount_fen for row in rows(world.session)) == -found.get("fee_income:cancellation", 0)


def test_a_tip_is_the_companys(world: World) -> None:
    order = world.completed()
    tip = payments.open_tip(world.session, world.customer, order, 1_000, "simulator", "wechat", now=world.now)
    world.report(tip)

    assert balances(world.session)[f"mirror:company:{order.id}"] == -8_500
    assert not [code for code in balances(world.session) if code.startswith("t_")]


def test_nothing_is_withdrawn_and_the_balance_pays_nothing(world: World) -> None:
    who = world.technicians[0]
    lines = {ledger.cash("bank"): 50_000, ledger.available(who.technician_id): -50_000}
    ledger.post(world.session, "earned", "payment", "test", lines, now=world.now)
    with pytest.raises(PartnerPays):
        withdrawals.request(world.session, who, 50_000, "19900000002", "simulator", now=world.now)

    order = world.book()
    item, _fen = payments.due(world.session, order)
    with pytest.raises(BalanceNotHere):
        payments.open_payment(
            world.session, world.customer, order, item, "simulator", "wechat", now=world.now, ours=(WALLET,)
        )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=6), st.integers(0, 6), st.booleans())
def test_partial_refunds_return_the_whole_share_in_the_end(
    session: Session, mode: object, parts: list[int], arrives: int, is_refused: bool
) -> None:
    with session.begin_nested() as undo:
        world = journey.build(session, price_fen=sum(parts))
        order = world.completed()
        for n, part in enumerate(parts):
            if n == arrives:
                finish(world, REFUSED if is_refused else DONE)
            refunds.request(session, order, part, "after_sale", now=world.now)
        for _ in range(3):
            finish(world)

        assert balances(session) == {}
        assert not [row for row in rows(session, ShareKind.RETURN) if row.status in OPEN]
        assert is_refused or not [row for row in rows(session) if row.status in OPEN]
        assert ledger.verify(session) == []
        undo.rollback()


def finish(world: World, share: ShareAnswer = DONE) -> None:
    """Every instruction and every refund that may go does, and succeeds; but what a `share` comes to may be chosen."""
    for row in world.session.exec(select(Share).order_by(col(Share.id))).all():
        if shares.begin(world.session, row.no, now=world.now):
            answer = share if row.kind is ShareKind.SHARE else DONE
            shares.record_result(world.session, row.no, answer, now=world.now)
    for refund in world.session.exec(select(Refund).where(Refund.status != RefundStatus.SUCCEEDED)).all():
        if refunds.begin(world.session, refund.no, now=world.now):
            refunds.record_result(world.session, refund.no, RefundState.SUCCEEDED, now=world.now)


def test_an_answer_that_many_report_is_booked_once(database: Database, mode: object) -> None:
    def prepare(session: Session) -> str:
        world = journey.build(session)
        world.completed()
        (share,) = rows(session)
        shares.begin(session, share.no, now=world.now)
        return share.no

    no = database.write_now(prepare)
    with ThreadPoolExecutor(16) as pool:
        booked = list(
            pool.map(
                lambda n: database.write_now(
                    shares.record_result, no, REFUSED if n % 2 else DONE, now=NOW, urgent=True
                ),
                range(64),
            )
        )

    assert booked.count(True) == 1
    (share,) = database.read_now(rows)
    ours = database.read_now(balances).get("cash:simulator", 0)
    assert ours == (2_500 if share.status is ShareStatus.SUCCEEDED else 0)
    assert database.read_now(ledger.verify) == []


def test_refunds_raced_with_the_share_keep_the_books(database: Database, mode: object) -> None:
    def prepare(session: Session) -> tuple[int, str]:
        world = journey.build(session)
        order = world.completed()
        (share,) = rows(session)
        shares.begin(session, share.no, now=world.now)
        return order.id or 0, share.no

    order_id, no = database.write_now(prepare)

    def act(n: int) -> None:
        if n == 7:
            database.write_now(shares.record_result, no, DONE, now=NOW)
        else:
            database.write_now(lambda s: refunds.request(s, s.get_one(Order, order_id), 150, "after_sale", now=NOW))

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(act, range(40)))

    found = database.read_now(balances)
    returning = sum(row.amount_fen for row in database.read_now(rows, ShareKind.RETURN))
    assert found[f"refund_due:{order_id}"] == -39 * 150
    assert abs(returning - 2_500 * 39 * 150 // 10_000) <= 1
    assert sum(found.values()) == 0


def test_what_is_claimed_after_a_refusal_and_a_refund_comes_back_whole(world: World) -> None:
    order = world.completed()
    (share,) = rows(world.session)
    shares.begin(world.session, share.no, now=world.now)
    shares.record_result(world.session, share.no, REFUSED, now=world.now)
    refunds.request(world.session, order, 4_000, "after_sale", now=world.now)
    finish(world)
    finance = journey.operator(world, OperatorRole.FINANCE)
    shares.retry(world.session, finance, share.no, now=world.now)
    finish(world)
    assert balances(world.session)["cash:simulator"] == 1_500
    assert [(row.amount_fen, row.status) for row in rows(world.session, ShareKind.UNFREEZE)] == [
        (4_500, ShareStatus.SUCCEEDED)
    ]

    refunds.request(world.session, order, 6_000, "after_sale", now=world.now)
    finish(world)
    finish(world)
    assert balances(world.session) == {}
