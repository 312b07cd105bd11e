"""The day after: bills are pulled in the platforms' own formats, what was lost is booked, and differences are worked to zero."""

from __future__ import annotations

import gzip
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from servicehub.adapters import gateway as channels
from servicehub.adapters.alipay import AlipayGateway
from servicehub.adapters.stripe_names import PAYMENT
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

FEES = {"wechat": PRICE * 60 // 10_000, "alipay": PRICE * 60 // 10_000, "card": 320}
"""Of a payment of that price: a share, and at Stripe a fixed part, too…"""
LEFT = {"wechat": 0, "alipay": 0, "card": 320}
"""…and what is left of it when the payment went back."""


@pytest.fixture(autouse=True)
def _empty_books(sim: Running) -> None:
    """A bill has everything of its day: nothing of other tests may be left."""
    sim.platform.forget()


@pytest.fixture(params=["wechat", "alipay", "card"])
def method(request: pytest.FixtureRequest) -> str:
    """Channels that have bills."""
    chosen: str = request.param
    return chosen


@pytest.fixture
def finance(shop: Shop) -> tuple[Actor, Actor]:
    def prepare(session: Session) -> tuple[Actor, Actor]:
        world = journey.build(session)
        return journey.operator(world, OperatorRole.FINANCE), journey.operator(world, OperatorRole.FINANCE)

    return shop.database.write_now(prepare)


def today(shop: Shop) -> date:
    return reconciliation.day_of(shop.clock.now)


def pull(shop: Shop) -> int:
    return reconciling.pull(shop.database, shop.channel, today(shop), now=shop.clock.now)


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
    assert (bill.matched, bill.net_fen, bill.ledger_fen, bill.unexplained_fen, bill.fee_fen) == (
        2,
        0,
        0,
        0,
        LEFT[shop.method],
    )
    shop.database.write_now(reconciliation.close, finance[0], shop.channel, today(shop), now=shop.clock.now)
    with pytest.raises(Conflict):
        pull(shop)
    with pytest.raises(Conflict):
        shop.database.write_now(reconciliation.close, finance[1], shop.channel, today(shop), now=shop.clock.now)


def test_fees_are_booked_once_from_the_bill(shop: Shop, recorder: Recorder) -> None:
    shop.pay(shop.open())
    shop.hear()
    assert [pull(shop) for _ in range(3)] == [0, 0, 0]

    assert shop.cash() == PRICE - FEES[shop.method]
    assert shop.database.read_now(ledger.balance, ledger.channel_fees(shop.channel)) == FEES[shop.method]

    shop.cancel(PRICE)
    for _ in range(2):
        sending.send(shop.database, recorder.named("refund")[0])
    pull(shop)

    assert (shop.cash(), shop.is_proven()) == (-LEFT[shop.method], True)
    assert shop.database.read_now(ledger.balance, ledger.channel_fees(shop.channel)) == LEFT[shop.method]


def test_a_lost_message_is_found_in_the_bill(shop: Shop) -> None:
    shop.pay(shop.open())
    assert shop.status() is OrderStatus.PENDING_PAYMENT

    assert pull(shop) == 0

    assert (shop.status(), bill_of(shop.database).matched) == (OrderStatus.ASSIGNED, 1)
    assert shop.cash() == PRICE - FEES[shop.method]


def entry(shop: Shop, no: str) -> tuple[str, str, dict[str, Any]]:
    """Where a payment stands in the books from which the platform writes its bill: kind, number, document."""
    kind, number = shop.channel, no
    if kind == "stripe":
        charge = next(one for one in shop.sim.platform.every("stripe-charge") if one["metadata"][PAYMENT] == no)
        kind, number = "stripe-balance", shop.sim.stripe.books.of(charge["id"])[0]["id"]
    found = shop.sim.platform.get(kind, number)
    assert found is not None
    return kind, number, found


def alter(shop: Shop, no: str, **changes: Any) -> None:
    kind, number, found = entry(shop, no)
    shop.sim.platform.put(kind, number, found | changes)


def planted(shop: Shop, fen: int) -> None:
    """The platform has another amount than we booked."""
    no = shop.open()
    shop.pay(no)
    shop.hear()
    alter(shop, no, total=fen, fen=fen, amount=fen)


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
        write(reconciliation.close, first, shop.channel, day, now=now)
    with pytest.raises(Conflict):
        write(reconciliation.agree, second, found.id, now=now)
    with pytest.raises(ReasonMissing):
        write(reconciliation.propose, first, found.id, reason=" ", now=now)
    write(reconciliation.propose, first, found.id, reason="渠道少结 10 元，已提工单", now=now)
    with pytest.raises(SecondPersonNeeded):
        write(reconciliation.agree, first, found.id, now=now)
    with pytest.raises(StillDifferent):
        write(reconciliation.close, first, shop.channel, day, now=now)

    write(reconciliation.agree, second, found.id, now=now)
    assert pull(shop) == 0  # a newer bill does not open it again
    write(reconciliation.close, first, shop.channel, day, now=now)

    bill, fee = bill_of(shop.database), FEES["card"] if shop.method == "card" else (PRICE - 1_000) * 60 // 10_000
    assert (bill.unexplained_fen, bill.closed_by) == (0, first.user_id)
    assert shop.cash() == PRICE - 1_000 - fee
    assert shop.database.read_now(ledger.balance, ledger.suspense(shop.channel)) == 1_000
    assert shop.is_proven()
    actions = [entry.action for entry in shop.database.read_now(lambda s: s.exec(select(AuditEntry)).all())]
    assert actions == ["reconciliation.propose", "reconciliation.agree", "reconciliation.close"]


def test_what_the_channel_lacks_is_found_and_goes_when_it_comes(shop: Shop) -> None:
    no = shop.open()
    shop.pay(no)
    shop.hear()
    kind, number, kept = entry(shop, no)
    alter(shop, no, success_time="1999-01-01", paid_at="1999-01-01", created=0)

    assert pull(shop) == 1
    assert [one.kind for one in differences(shop.database)] == [DifferenceKind.ONLY_OURS]

    shop.sim.platform.put(kind, number, kept)
    assert pull(shop) == 0
    assert [one.status for one in differences(shop.database)] == [DifferenceStatus.GONE]


def test_what_only_the_channel_has_is_found(shop: Shop) -> None:
    no = shop.open()
    shop.pay(no)
    kind, _number, kept = entry(shop, no)
    stranger = "Pnobodyknowsthisnumber"
    shop.sim.platform.put(kind, stranger, kept | {"out_trade_no": stranger, "no": stranger, "id": stranger})
    if shop.channel == "stripe":  # another shop of the same company: a charge that has none of our numbers
        charge = shop.sim.platform.get("stripe-charge", kept["source"]) or {}
        foreign = {"id": "ch_stranger", "metadata": {}}
        shop.sim.platform.put("stripe-charge", "ch_stranger", charge | foreign)
        shop.sim.platform.put(kind, stranger, kept | {"id": stranger, "source": "ch_stranger"})
        stranger = "ch_stranger"
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
        assert reconciling.pull(shop.database, shop.channel, first, now=shop.clock.now) == 0
        assert reconciling.pull(shop.database, shop.channel, today(shop), now=shop.clock.now) == 0

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
    assert shop.database.read_now(ledger.balance, ledger.suspense(shop.channel)) == -500
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

    assert reconciling.pull_due(shop.database, fixed_clock.now) == 3
    assert reconciling.pull_due(shop.database, fixed_clock.now) == 3
    shop.database.write_now(reconciliation.close, finance[0], shop.channel, day, now=fixed_clock.now)
    assert reconciling.pull_due(shop.database, fixed_clock.now) == 2


def test_a_bill_that_does_not_come_is_asked_for_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.pay(shop.open())
    shop.sim.platform.faults.errors = 1
    with pytest.raises(BillUnavailable):
        pull(shop)
    if shop.channel == "stripe":
        alter(shop, shop.payments()[0].no, amount="x")
    else:
        broken = b"broken" if shop.channel == "alipay" else "x"
        monkeypatch.setattr(f"servicehub.gateway_sim.{shop.channel}.{shop.channel}_bill", lambda *_a: broken)

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
