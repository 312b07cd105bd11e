"""Orders paid and refunded through all channels: what the platforms say reaches the books once, whatever happens on the way."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session, select

from servicehub.adapters import gateway as channels
from servicehub.db import Database
from servicehub.domain.access import Actor
from servicehub.domain.channel import Scene
from servicehub.domain.order import OrderStatus
from servicehub.domain.payment import PaymentStatus, RefundStatus
from servicehub.errors import GatewayUnknown, Invalid, NotAllowed
from servicehub.gateway_sim.serving import Running
from servicehub.jobs.recorder import Recorder
from servicehub.models.identity import WechatIdentity
from servicehub.models.order import Order
from servicehub.models.payment import ChannelEvent, Payment, Refund
from servicehub.queries.customer.payments import outcome
from servicehub.services import identities, ledger, orders
from servicehub.services.payments import OutcomeKind
from servicehub.settings import Settings
from servicehub.workflows import checkout
from servicehub.workflows import refunds as sending
from tests import journey
from tests.conftest import FixedClock

PRICE = 10_000
CHANNELS = {"wechat": "wechat", "alipay": "alipay", "card": "stripe"}


@dataclass
class Shop:
    """One customer with one order that waits for its payment, and what both sides may do."""

    database: Database
    sim: Running
    clock: FixedClock
    method: str
    customer: Actor
    no: str

    @property
    def channel(self) -> str:
        return CHANNELS[self.method]

    def open(self, method: str = "") -> str:
        """To the cashier; the payment's number."""
        action = checkout.start_now(self.database, self.customer, self.no, method or self.method, now=self.clock.now)
        assert httpx.get(action.url, follow_redirects=True, trust_env=False).status_code == 200
        return self.payments()[-1].no

    def pay(self, number: str, method: str = "") -> bool:
        """The customer pays; the platform's message is held."""
        platform = getattr(self.sim, CHANNELS[method or self.method])

        async def now() -> bool:
            paid: bool = platform.pay(number)
            return paid

        return asyncio.run_coroutine_threadsafe(now(), self.sim.loop).result(60)

    def hear(self, *, at: int = -1) -> list[OutcomeKind]:
        """One of the held messages arrives."""
        url, message = self.sim.platform.held[at]
        raw, headers = message()
        found = checkout.deliver(self.database, url.rsplit("/", 1)[-1], headers, raw, now=self.clock.now)
        return [outcome.kind for outcome in found]

    def payments(self) -> list[Payment]:
        return self.database.read_now(lambda s: list(s.exec(select(Payment).order_by(Payment.id))))  # type: ignore[arg-type]

    def refunds(self) -> list[Refund]:
        return self.database.read_now(lambda s: list(s.exec(select(Refund).order_by(Refund.id))))  # type: ignore[arg-type]

    def status(self) -> OrderStatus:
        return self.database.read_now(lambda s: s.exec(select(Order).where(Order.no == self.no)).one()).status

    def cash(self, channel: str = "") -> int:
        return self.database.read_now(ledger.balance, f"cash:{CHANNELS[channel or self.method]}")

    def cancel(self, expected_fen: int) -> None:
        self.database.write_now(
            orders.cancel, self.customer, self.no, reason="", expected_refund_fen=expected_fen, now=self.clock.now
        )

    def is_proven(self) -> bool:
        return self.database.read_now(ledger.verify) == []


@pytest.fixture
def open_channels(accounts: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(channels, "get_settings", lambda: accounts)
    channels.forget()
    yield
    channels.forget()


@pytest.fixture(params=list(CHANNELS))
def method(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def shop(method: str, open_channels: None, database: Database, sim: Running, fixed_clock: FixedClock) -> Shop:
    def prepare(session: Session) -> tuple[Actor, str]:
        world = journey.build(session)
        return world.customer, world.book().no

    customer, no = database.write_now(prepare)
    sim.platform.faults.hold = True
    return Shop(database, sim, fixed_clock, method, customer, no)


def test_paid_and_heard_of_three_times(shop: Shop) -> None:
    assert shop.pay(shop.open())

    assert [shop.hear() for _ in range(3)] == [[OutcomeKind.PAID], [OutcomeKind.DUPLICATE], [OutcomeKind.DUPLICATE]]
    assert (shop.status(), shop.cash(), shop.is_proven()) == (OrderStatus.ASSIGNED, PRICE, True)
    assert len(shop.database.read_now(lambda s: s.exec(select(ChannelEvent)).all())) == 1


def test_who_cannot_pay_tries_again_on_the_same_page(shop: Shop) -> None:
    action = checkout.start_now(shop.database, shop.customer, shop.no, shop.method, now=shop.clock.now)
    page = str(httpx.get(action.url, follow_redirects=True, trust_env=False).url)
    again = httpx.post(page, data={"do": "fail"}, follow_redirects=True, trust_env=False)
    assert 'role="alert"' in again.text
    assert 'value="pay"' in again.text
    checkout.query(shop.database, {"no": shop.payments()[-1].no, "step": 0})
    assert (shop.status(), shop.cash()) == (OrderStatus.PENDING_PAYMENT, 0)

    assert shop.pay(shop.payments()[-1].no)
    heard = [kind for at in range(len(shop.sim.platform.held)) for kind in shop.hear(at=at)]

    assert heard.count(OutcomeKind.PAID) == 1
    assert (shop.status(), shop.cash(), shop.is_proven()) == (OrderStatus.ASSIGNED, PRICE, True)
    assert 'role="alert"' not in httpx.get(page, trust_env=False).text


def test_a_forged_message_leaves_no_trace(shop: Shop) -> None:
    shop.pay(shop.open())
    shop.sim.platform.faults.forge = True

    with pytest.raises(NotAllowed):
        shop.hear()
    assert shop.status() is OrderStatus.PENDING_PAYMENT
    assert shop.database.read_now(lambda s: s.exec(select(ChannelEvent)).all()) == []


def test_a_lost_message_is_found_by_asking(shop: Shop, recorder: Recorder) -> None:
    no = shop.open()
    shop.pay(no)
    shop.sim.platform.faults.errors = 1
    checkout.query(shop.database, {"no": no, "step": 0})
    assert shop.status() is OrderStatus.PENDING_PAYMENT
    assert recorder.named("payment_query")[-1] == {"no": no, "step": 1}

    checkout.query(shop.database, {"no": no, "step": 1})

    assert (shop.status(), shop.cash()) == (OrderStatus.ASSIGNED, PRICE)
    assert shop.hear() == [OutcomeKind.DUPLICATE]
    assert (shop.cash(), shop.is_proven()) == (PRICE, True)


def test_a_cancelled_order_is_refunded_once_although_the_answer_was_lost(
    shop: Shop, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.pay(shop.open())
    shop.hear()
    shop.cancel(PRICE)
    job = recorder.named("refund")[0]
    shop.sim.platform.faults.lose_answers = 1

    sending.send(shop.database, job)
    assert (shop.refunds()[0].status, shop.cash()) == (RefundStatus.SENT, PRICE)
    for _ in range(3):
        sending.send(shop.database, job)

    assert (shop.refunds()[0].status, shop.cash(), shop.is_proven()) == (RefundStatus.SUCCEEDED, 0, True)
    assert shop.hear() in ([], [OutcomeKind.DUPLICATE])
    assert shop.cash() == 0


def test_a_refund_is_heard_of_before_its_payment(shop: Shop, recorder: Recorder) -> None:
    """Messages arrive the other way round: the payment was known by asking."""
    no = shop.open()
    shop.pay(no)
    checkout.query(shop.database, {"no": no, "step": 0})
    shop.cancel(PRICE)
    sending.send(shop.database, recorder.named("refund")[0])

    heard = [shop.hear(at=1), shop.hear(at=0)]

    assert heard[1] == [OutcomeKind.DUPLICATE]
    assert (shop.status(), shop.cash(), shop.is_proven()) == (OrderStatus.CANCELLED, 0, True)
    assert [refund.status for refund in shop.refunds()] == [RefundStatus.SUCCEEDED]


def test_paid_while_the_order_was_cancelled_goes_back_in_full(shop: Shop, recorder: Recorder) -> None:
    no = shop.open()
    shop.cancel(0)
    shop.pay(no)

    assert shop.hear() == [OutcomeKind.PAID]
    assert shop.payments()[0].status is PaymentStatus.LATE
    sending.send(shop.database, recorder.named("refund")[0])
    sending.send(shop.database, recorder.named("refund")[0])
    assert (shop.status(), shop.cash(), shop.is_proven()) == (OrderStatus.CANCELLED, 0, True)


def test_a_cancelled_order_cannot_be_paid_any_more(shop: Shop, recorder: Recorder) -> None:
    no = shop.open()
    shop.cancel(0)
    shop.sim.platform.faults.errors = 1
    with pytest.raises(GatewayUnknown):
        checkout.close(shop.database, recorder.named("payment_close")[0])

    checkout.close(shop.database, recorder.named("payment_close")[0])

    assert not shop.pay(no)


def test_paid_at_both_channels_keeps_one_and_returns_the_other(shop: Shop, recorder: Recorder) -> None:
    other = "alipay" if shop.method == "wechat" else "wechat"
    first, second = shop.open(), shop.open(other)
    shop.pay(first)
    shop.pay(second, other)

    assert [shop.hear(at=0), shop.hear(at=1)] == [[OutcomeKind.PAID], [OutcomeKind.EXTRA]]
    sending.send(shop.database, recorder.named("refund")[0])
    sending.send(shop.database, recorder.named("refund")[0])
    assert (shop.cash(), shop.cash(other), shop.is_proven()) == (PRICE, 0, True)
    assert [one.status for one in shop.payments()] == [PaymentStatus.KEPT, PaymentStatus.EXTRA]


def test_what_was_opened_elsewhere_is_closed_once_one_is_paid(shop: Shop, recorder: Recorder) -> None:
    other = "alipay" if shop.method == "wechat" else "wechat"
    first, second = shop.open(), shop.open(other)
    shop.pay(first)
    assert shop.hear() == [OutcomeKind.PAID]

    (job,) = recorder.named("payment_close")
    assert job == {"no": second}
    checkout.close(shop.database, job)

    assert not shop.pay(second, other)
    told = shop.database.read_now(outcome, shop.customer, shop.no, locale="zh", now=shop.clock.now)
    assert told.state == "paid"
    assert [one.status for one in shop.payments()] == [PaymentStatus.KEPT, PaymentStatus.CLOSED]


def test_another_amount_is_parked_and_nothing_moves(shop: Shop) -> None:
    no = shop.open()
    kind = CHANNELS[shop.method]
    kept = shop.sim.stripe.bill(no) if kind == "stripe" else shop.sim.platform.get(kind, no)
    assert kept is not None
    shop.sim.platform.put(kind, kept.get("id", no), kept | {"total": 1, "fen": 1, "amount_total": 1})
    shop.pay(no)

    assert shop.hear() == [OutcomeKind.SUSPECT]
    assert (shop.status(), shop.cash()) == (OrderStatus.PENDING_PAYMENT, 0)


def test_an_order_expires_only_after_its_channel_was_asked(shop: Shop) -> None:
    no = shop.open()
    shop.pay(no)  # and the message about it is lost
    now = shop.clock.advance(minutes=16)
    shop.sim.platform.faults.errors = 1
    assert checkout.expire_unpaid(shop.database, now) == 0
    assert shop.status() is OrderStatus.PENDING_PAYMENT

    assert checkout.expire_unpaid(shop.database, now) == 0
    assert (shop.status(), shop.cash()) == (OrderStatus.ASSIGNED, PRICE)


def test_only_channels_that_are_open_are_offered(
    shop: Shop, accounts: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = accounts.model_copy(update={"payment_channels": ["alipay"]})
    monkeypatch.setattr(channels, "get_settings", lambda: only)

    assert channels.methods() == {"alipay": "alipay"}
    with pytest.raises(Invalid):
        checkout.start_now(shop.database, shop.customer, shop.no, "wechat", now=shop.clock.now)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_order_messages_arrive_in_the_books_are_the_same(shop: Shop, recorder: Recorder, seed: int) -> None:
    """Two payments, a cancellation, refunds, and all messages doubled, shuffled and mixed with questions."""
    other = "alipay" if shop.method == "wechat" else "wechat"
    shop.pay(shop.open())
    shop.pay(shop.open(other), other)
    rng = random.Random(seed)
    numbers = [payment.no for payment in shop.payments()]
    acts: list[tuple[str, Any]] = [("hear", at) for at in (0, 1, 0, 1)]
    acts += [("ask", no) for no in numbers] + [("cancel", None)]
    rng.shuffle(acts)

    for act, what in acts:
        if act == "hear":
            shop.hear(at=what)
        elif act == "ask":
            checkout.query(shop.database, {"no": what, "step": 9})
        else:
            paid = shop.database.read_now(lambda s: ledger.balance(s, ledger.escrow(1)))
            shop.cancel(-paid if paid < 0 else paid)
    for _ in range(2):
        for job in recorder.named("refund"):
            sending.send(shop.database, job)
    shop.clock.advance(minutes=1)

    assert (shop.status(), shop.cash(), shop.cash(other)) == (OrderStatus.CANCELLED, 0, 0)
    assert shop.is_proven()
    assert sum(refund.amount_fen for refund in shop.refunds()) == 2 * PRICE
    assert timedelta(0) <= shop.clock.now - shop.payments()[0].created_at


@pytest.mark.parametrize("method", ["wechat", "alipay"])
def test_a_payment_opened_on_a_desk_and_on_the_phone_is_two_and_one_is_kept(shop: Shop) -> None:
    def start(scene: Scene) -> str:
        action = checkout.start_now(shop.database, shop.customer, shop.no, shop.method, scene=scene, now=shop.clock.now)
        return action.kind

    assert [start(Scene.DESKTOP), start(Scene.PHONE), start(Scene.DESKTOP)] == ["qr", "redirect", "qr"]
    opened = shop.payments()
    assert [payment.scene for payment in opened] == ["desktop", "phone"]
    assert shop.pay(opened[0].no)
    assert shop.hear() == [OutcomeKind.PAID]
    assert [payment.status for payment in shop.payments()] == [PaymentStatus.KEPT, PaymentStatus.CLOSED]
    assert shop.is_proven()


@pytest.mark.parametrize("method", ["wechat"])
def test_the_openid_is_kept_sealed_and_the_newest_counts(shop: Shop) -> None:
    for openid in ("oFirst", "oSecond"):
        shop.database.write_now(identities.remember, shop.customer, openid, now=shop.clock.now)

    assert shop.database.read_now(identities.openid_of, shop.customer.user_id) == "oSecond"
    assert "oSecond" not in shop.database.read_now(lambda s: s.exec(select(WechatIdentity.openid_enc)).one())
    assert shop.database.read_now(identities.openid_of, 10**6) == ""
