"""The day after: bills are pulled in the platforms' own formats, what was lost is booked, and differences are worked to zero."""

from __future__ import annotations

import gzip
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from servicehub.adapters import gateway as channels
from servicehub.adapters.alipay import AlipayGateway
from servicehub.adapters.wechat_pay import WechatPayGateway
from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole
from servicehub.domain.channel import PayoutRequest
from servicehub.domain.order import OrderStatus
from servicehub.domain.reconciliation import DifferenceKind, DifferenceStatus, LineKind
from servicehub.errors import BillUnavailable, Conflict, NotAllowed, ReasonMissing, SecondPersonNeeded, StillDifferent
from servicehub.gateway_sim.serving import Running
from servicehub.jobs.recorder import Recorder
from servicehub.models.audit import AuditEntry
from servicehub.models.reconciliation import Bill, Difference
from servicehub.services import ledger, reconciliation
from servicehub.workflows import reconciling
from servicehub.workflows import refunds as sending
from tests import journey
from tests.conftest import FixedClock
from tests.crowd import at_once
from tests.gateway_sim.test_flows import PRICE, Shop, open_channels, shop

__all__ = ["open_channels", "shop"]  # fixtures that these tests ask for

FEE = PRICE * 60 // 10_000


@pytest.fixture(autouse=True)
def _empty_books(sim: Running) -> None:
    """A bill has everything of its day: nothing of other tests may be left."""
    sim.platform.forget()


@pytest.fixture
def finance(shop: Shop) -> tuple[Actor, Actor]:
    def prepare(session: Session) -> tuple[Actor, Actor]:
        world = journey.build(session)
        return journey.operator(world, OperatorRole.FINANCE), journey.operator(world, OperatorRole.FINANCE)

    return shop.database.write_now(prepare)


def today(shop: Shop) -> date:
    return reconciliation.day_of(shop.clock.now)


def pull(shop: Shop) -> int:
    return reconciling.pull(shop.database, shop.method, today(shop), now=shop.clock.now)


def bill_of(database: Database) -> Bill:
    return database.read_now(lambda s: s.exec(select(Bill)).one())


def differences(database: Database) -> list[Difference]:
    return database.read_now(lambda s: list(s.exec(select(Difference).order_by(Difference.id))))  # type: ignore[arg-type]


def test_a_day_that_fits_is_closed(shop: Shop, finance: tuple[Actor, Actor], recorder: Recorder) -> None:
    shop.pay(shop.open())
    shop.hear()
    shop.cancel(PRICE)
    sending.send(shop.database, recorder.named("refund")[0])
    sending.send(shop.database, recorder.named("refund")[0])

    assert [pull(shop) for _ in range(3)] == [0, 0, 0]

    bill = bill_of(shop.database)
    assert (bill.matched, bill.net_fen, bill.ledger_fen, bill.unexplained_fen, bill.fee_fen) == (2, 0, 0, 0, 0)
    shop.database.write_now(reconciliation.close, finance[0], shop.method, today(shop), now=shop.clock.now)
    with pytest.raises(Conflict):
        pull(shop)
    with pytest.raises(Conflict):
        shop.database.write_now(reconciliation.close, finance[1], shop.method, today(shop), now=shop.clock.now)


def test_fees_are_booked_once_from_the_bill(shop: Shop, recorder: Recorder) -> None:
    shop.pay(shop.open())
    shop.hear()
    assert [pull(shop) for _ in range(3)] == [0, 0, 0]

    assert shop.cash() == PRICE - FEE
    assert shop.database.read_now(ledger.balance, ledger.channel_fees(shop.method)) == FEE

    shop.cancel(PRICE)
    for _ in range(2):
        sending.send(shop.database, recorder.named("refund")[0])
    pull(shop)

    assert (shop.cash(), shop.is_proven()) == (0, True)  # a refund gives its fee back
    assert shop.database.read_now(ledger.balance, ledger.channel_fees(shop.method)) == 0


def test_a_lost_message_is_found_in_the_bill(shop: Shop) -> None:
    shop.pay(shop.open())
    assert shop.status() is OrderStatus.PENDING_PAYMENT

    assert pull(shop) == 0

    assert (shop.status(), bill_of(shop.database).matched) == (OrderStatus.ASSIGNED, 1)
    assert shop.cash() == PRICE - FEE


def planted(shop: Shop, fen: int) -> None:
    """The platform has another amount than we booked."""
    no = shop.open()
    shop.pay(no)
    shop.hear()
    kept = shop.sim.platform.get(shop.method, no)
    assert kept is not None
    shop.sim.platform.put(shop.method, no, kept | {"total": fen, "fen": fen})


def test_a_difference_is_worked_to_zero_by_two_people(shop: Shop, finance: tuple[Actor, Actor]) -> None:
    first, second = finance
    planted(shop, PRICE - 1_000)
    assert pull(shop) == 1
    (found,) = differences(shop.database)
    assert (found.kind, found.line_kind, found.their_fen, found.our_fen) == (
        DifferenceKind.AMOUNT,
        LineKind.PAYMENT,
        PRICE - 1_000,
        PRICE,
    )
    write, now, day = shop.database.write_now, shop.clock.now, today(shop)
    with pytest.raises(StillDifferent):
        write(reconciliation.close, first, shop.method, day, now=now)
    with pytest.raises(Conflict):
        write(reconciliation.agree, second, found.id, now=now)
    with pytest.raises(ReasonMissing):
        write(reconciliation.propose, first, found.id, reason=" ", now=now)
    write(reconciliation.propose, first, found.id, reason="渠道少结 10 元，已提工单", now=now)
    with pytest.raises(SecondPersonNeeded):
        write(reconciliation.agree, first, found.id, now=now)
    with pytest.raises(StillDifferent):
        write(reconciliation.close, first, shop.method, day, now=now)

    write(reconciliation.agree, second, found.id, now=now)
    assert pull(shop) == 0  # a newer bill does not open it again
    write(reconciliation.close, first, shop.method, day, now=now)

    bill, fee = bill_of(shop.database), (PRICE - 1_000) * 60 // 10_000
    assert (bill.unexplained_fen, bill.closed_by) == (0, first.user_id)
    assert shop.cash() == PRICE - 1_000 - fee
    assert shop.database.read_now(ledger.balance, ledger.suspense(shop.method)) == 1_000
    assert shop.is_proven()
    actions = [entry.action for entry in shop.database.read_now(lambda s: s.exec(select(AuditEntry)).all())]
    assert actions == ["reconciliation.propose", "reconciliation.agree", "reconciliation.close"]


def test_what_the_channel_lacks_is_found_and_goes_when_it_comes(shop: Shop) -> None:
    no = shop.open()
    shop.pay(no)
    shop.hear()
    kept = shop.sim.platform.get(shop.method, no)
    assert kept is not None
    shop.sim.platform.put(shop.method, no, kept | {"success_time": "1999-01-01", "paid_at": "1999-01-01"})

    assert pull(shop) == 1
    assert [one.kind for one in differences(shop.database)] == [DifferenceKind.ONLY_OURS]

    shop.sim.platform.put(shop.method, no, kept)
    assert pull(shop) == 0
    assert [one.status for one in differences(shop.database)] == [DifferenceStatus.GONE]


def test_what_only_the_channel_has_is_found(shop: Shop) -> None:
    no = shop.open()
    shop.pay(no)
    kept = shop.sim.platform.get(shop.method, no)
    assert kept is not None
    stranger = "Pnobodyknowsthisnumber"
    shop.sim.platform.put(shop.method, stranger, kept | {"out_trade_no": stranger, "no": stranger})
    shop.hear()

    assert pull(shop) == 1
    (found,) = differences(shop.database)
    assert (found.kind, found.no, found.net_fen) == (DifferenceKind.ONLY_CHANNEL, stranger, PRICE)


def test_booked_after_midnight_is_another_day_and_no_difference(shop: Shop) -> None:
    no = shop.open()
    shop.pay(no)
    first = today(shop)
    shop.clock.advance(minutes=14)
    while today(shop) == first:
        shop.clock.advance(minutes=30)
    shop.hear()

    for _ in range(2):  # the second time the neighbour's bill is known
        assert reconciling.pull(shop.database, shop.method, first, now=shop.clock.now) == 0
        assert reconciling.pull(shop.database, shop.method, today(shop), now=shop.clock.now) == 0

    bills = shop.database.read_now(lambda s: s.exec(select(Bill).order_by(Bill.day)).all())  # type: ignore[arg-type]
    assert [(bill.other_day, bill.unexplained_fen) for bill in bills] == [(1, 0), (1, 0)]


def test_nobody_else_may_and_one_of_many_agrees(shop: Shop, finance: tuple[Actor, Actor]) -> None:
    planted(shop, PRICE + 500)
    pull(shop)
    (found,) = differences(shop.database)
    write, now = shop.database.write_now, shop.clock.now
    with pytest.raises(NotAllowed):
        write(reconciliation.propose, shop.customer, found.id, reason="x", now=now)
    write(reconciliation.propose, finance[0], found.id, reason="多结", now=now)

    done = at_once(40, lambda _: write(reconciliation.agree, finance[1], found.id, now=now))

    assert done.count(None) == 1
    assert shop.database.read_now(ledger.balance, ledger.suspense(shop.method)) == -500
    assert shop.is_proven()


def test_the_database_wants_two_people(shop: Shop) -> None:
    planted(shop, 1)
    pull(shop)

    def cheat(session: Session) -> None:
        session.execute(sa.update(Difference).values(status=DifferenceStatus.RESOLVED))

    with pytest.raises(sa.exc.IntegrityError):
        shop.database.write_now(cheat)


def test_bills_are_pulled_when_they_are_ready_until_they_are_closed(
    shop: Shop, finance: tuple[Actor, Actor], fixed_clock: FixedClock
) -> None:
    shop.pay(shop.open())
    shop.hear()
    day = today(shop)
    while today(shop) == day:
        fixed_clock.advance(minutes=30)
    assert reconciling.pull_due(shop.database, fixed_clock.now) == 0  # not ready before half past ten
    while fixed_clock.now.astimezone(reconciliation.ZONE).time() < reconciling.READY:
        fixed_clock.advance(minutes=30)

    assert reconciling.pull_due(shop.database, fixed_clock.now) == 2
    assert reconciling.pull_due(shop.database, fixed_clock.now) == 2
    shop.database.write_now(reconciliation.close, finance[0], shop.method, day, now=fixed_clock.now)
    assert reconciling.pull_due(shop.database, fixed_clock.now) == 1


def test_a_bill_that_does_not_come_is_asked_for_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.pay(shop.open())
    shop.sim.platform.faults.errors = 1
    with pytest.raises(BillUnavailable):
        pull(shop)
    module = "wechat" if shop.method == "wechat" else "alipay"
    monkeypatch.setattr(
        f"servicehub.gateway_sim.{module}.{module}_bill", lambda *_a: b"broken" if module == "alipay" else "x"
    )

    with pytest.raises(BillUnavailable):
        pull(shop)
    assert shop.database.read_now(lambda s: s.exec(select(Bill)).all()) == []


def test_a_bill_whose_text_was_altered_is_refused(
    sim: Running, open_channels: None, monkeypatch: pytest.MonkeyPatch, fixed_clock: FixedClock
) -> None:
    wechat = channels.gateway("wechat")
    assert isinstance(wechat, WechatPayGateway)
    sim.platform.put("wechat", "P1", {"success_time": fixed_clock.now.isoformat(), "total": 100, "appid": "a", "mchid": "m",
                                      "transaction_id": "t", "out_trade_no": "P1"})  # fmt: skip
    day = fixed_clock.now.date()
    assert [line.no for line in wechat.bill(day)] == ["P1"]
    original = wechat._client.download_bill

    def altered(url: str) -> tuple[int, bytes]:
        code, packed = original(url)
        return code, gzip.compress(gzip.decompress(packed).replace(b"1.00", b"9.00"))

    monkeypatch.setattr(wechat._client, "download_bill", altered)
    with pytest.raises(BillUnavailable):
        wechat.bill(day)


def test_transfers_stand_in_the_account_s_bill(sim: Running, open_channels: None, fixed_clock: FixedClock) -> None:
    alipay = channels.gateway("alipay")
    assert isinstance(alipay, AlipayGateway)
    alipay.payout(PayoutRequest("W1", "alipay", 8_000, "19900000002", "周敏", 1))
    day = reconciliation.day_of(fixed_clock.now)

    (line,) = alipay.bill(day)

    assert (line.kind, line.no, line.amount_fen, line.fee_fen) == (LineKind.PAYOUT, "W1", 8_000, 0)
    assert alipay.bill(day - timedelta(days=1)) == []
