"""Guarantees over the real libraries against the simulated platforms: given, heard of, late, refused; and the platforms' wire."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlmodel import select

from servicehub.adapters import gateway as channels
from servicehub.adapters import guarantee as holds
from servicehub.domain.guarantee import CaptureRequest, GuaranteeStatus, HoldState
from servicehub.domain.order import OrderStatus
from servicehub.domain.payment import PaymentStatus
from servicehub.domain.reconciliation import LineKind
from servicehub.errors import Invalid, NotAllowed
from servicehub.jobs.recorder import Recorder
from servicehub.models.payment import ChannelEvent
from servicehub.services.payments import OutcomeKind
from servicehub.settings import Settings
from servicehub.workflows import checkout, guaranteeing
from tests.gateway_sim.guarantee_shop import KINDS, PRICE, Shop, captured, method, open_channels, shop

__all__ = ["method", "open_channels", "shop"]  # fixtures that these tests ask for


def test_agreed_served_and_taken_by_itself(shop: Shop, recorder: Recorder) -> None:
    assert shop.status() is OrderStatus.PENDING_PAYMENT
    shop.hold()
    assert shop.status() is not OrderStatus.PENDING_PAYMENT
    assert (shop.cash(), shop.payments()) == (0, [])

    shop.finish()
    assert (shop.status(), shop.guarantees()[0].status) == (OrderStatus.AWAITING_BALANCE, GuaranteeStatus.CAPTURING)
    captured(shop, recorder)

    assert (shop.status(), shop.cash(), shop.is_proven()) == (OrderStatus.AWAITING_CONFIRM, PRICE, True)
    guarantee = shop.guarantees()[0]
    assert (guarantee.status, guarantee.captured_fen) == (GuaranteeStatus.CAPTURED, PRICE)
    assert [(one.no, one.status) for one in shop.payments()] == [(guarantee.no, PaymentStatus.KEPT)]
    assert shop.hear() == [OutcomeKind.DUPLICATE]
    assert recorder.named("guarantee_release") == []


def test_heard_of_three_times(shop: Shop) -> None:
    number = shop.open()
    shop.act("confirm", number)

    assert [shop.hear() for _ in range(3)] == [[OutcomeKind.HELD], [OutcomeKind.DUPLICATE], [OutcomeKind.DUPLICATE]]
    assert len(shop.database.read_now(lambda s: s.exec(select(ChannelEvent)).all())) == 1


def test_a_forged_message_leaves_no_trace(shop: Shop) -> None:
    shop.act("confirm", shop.open())
    shop.sim.platform.faults.forge = True

    with pytest.raises(NotAllowed):
        shop.hear()
    assert shop.status() is OrderStatus.PENDING_PAYMENT


def test_a_stale_message_is_refused(shop: Shop) -> None:
    shop.act("confirm", shop.open())
    url, message = shop.sim.platform.held[-1]
    raw, headers = message()
    late = shop.clock.now + timedelta(hours=30)

    with pytest.raises(NotAllowed):
        guaranteeing.deliver(shop.database, url.rsplit("/", 1)[-1], headers, raw, now=late)


def test_another_amount_is_parked(shop: Shop) -> None:
    number = shop.open()
    changed: dict[str, Any] = {
        "wechat": {"risk_fund": {"name": "ESTIMATE_ORDER_COST", "amount": 1}},
        "alipay": {"fen": 1},
        "card": {"amount_total": 1},
    }
    shop.alter(number, **changed[shop.method])
    shop.act("confirm", number)

    assert shop.hear() == [OutcomeKind.SUSPECT]
    assert shop.status() is OrderStatus.PENDING_PAYMENT


def test_a_lost_message_is_found_by_asking(shop: Shop, recorder: Recorder) -> None:
    number = shop.open()
    shop.act("confirm", number)
    shop.sim.platform.faults.errors = 1
    guaranteeing.query(shop.database, {"no": number, "step": 0})
    assert shop.status() is OrderStatus.PENDING_PAYMENT
    assert recorder.named("guarantee_query")[-1] == {"no": number, "step": 1}

    guaranteeing.query(shop.database, {"no": number, "step": 1})

    assert shop.guarantees()[0].status is GuaranteeStatus.HELD
    assert shop.status() is not OrderStatus.PENDING_PAYMENT
    assert shop.hear() == [OutcomeKind.DUPLICATE]


def test_refused_and_given_again(shop: Shop) -> None:
    first = shop.open()
    shop.act("refuse", first)
    guaranteeing.query(shop.database, {"no": first, "step": 0})
    assert (shop.status(), shop.guarantees()[0].status) == (OrderStatus.PENDING_PAYMENT, GuaranteeStatus.FAILED)

    shop.hold()

    assert [one.status for one in shop.guarantees()] == [GuaranteeStatus.FAILED, GuaranteeStatus.HELD]


def test_another_channel_is_chosen(shop: Shop, recorder: Recorder) -> None:
    first = shop.open()
    shop.open("alipay" if shop.method == "wechat" else "wechat")

    assert [one.status for one in shop.guarantees()] == [GuaranteeStatus.RELEASING, GuaranteeStatus.WAITING]
    guaranteeing.release(shop.database, recorder.named("guarantee_release")[0])
    assert shop.guarantees()[0].status is GuaranteeStatus.RELEASED
    assert not shop.act("confirm", first)


def test_an_order_expires_only_after_its_channel_was_asked(shop: Shop) -> None:
    shop.act("confirm", shop.open())  # and the message about it is lost
    now = shop.clock.advance(minutes=16)
    shop.sim.platform.faults.errors = 1
    assert checkout.expire_unpaid(shop.database, now) == 0
    assert shop.status() is OrderStatus.PENDING_PAYMENT

    assert checkout.expire_unpaid(shop.database, now) == 0
    assert shop.guarantees()[0].status is GuaranteeStatus.HELD


def test_agreed_too_late_is_released(shop: Shop, recorder: Recorder) -> None:
    number = shop.open()
    now = shop.clock.advance(minutes=16)
    assert checkout.expire_unpaid(shop.database, now) == 1
    assert shop.status() is OrderStatus.EXPIRED
    shop.act("confirm", number)

    assert shop.hear() == [OutcomeKind.DUPLICATE]
    guaranteeing.release(shop.database, recorder.named("guarantee_release")[-1])

    assert (shop.guarantees()[0].status, shop.status()) == (GuaranteeStatus.RELEASED, OrderStatus.EXPIRED)
    assert shop.port.look(number).state is HoldState.CLOSED


def test_a_visitor_agrees_at_the_platforms_page_and_is_sent_back(shop: Shop) -> None:
    url = guaranteeing.start_now(shop.database, shop.customer, shop.no, shop.method, now=shop.clock.now)
    page = httpx.get(url, follow_redirects=True, trust_env=False)
    assert "100.00" in page.text

    later = httpx.post(str(page.url), data={"do": "leave"}, trust_env=False)
    answer = httpx.post(str(page.url), data={"do": "pay" if shop.method == "card" else "agree"}, trust_env=False)

    assert later.headers["location"] == answer.headers["location"] == f"http://127.0.0.1:9/orders/{shop.no}/"
    assert shop.hear() == [OutcomeKind.HELD]
    assert httpx.get(str(page.url), trust_env=False).text.count("<button") == 0
    nobody = str(page.url).replace("no=", "no=x").replace("package=", "package=x")
    assert httpx.get(nobody, trust_env=False).status_code == 404


def test_the_control_plane_agrees_and_lets_run_out(shop: Shop) -> None:
    number, kind = shop.open(), KINDS[shop.method]
    base = f"{shop.sim.address}/control/guarantee/{kind}/{number}"

    done = [httpx.post(f"{base}/{act}", trust_env=False).status_code for act in ("confirm", "confirm", "refuse", "fly")]

    assert done == [200, 409, 200, 409]
    assert shop.port.look(number).state is HoldState.CLOSED


def test_an_error_of_the_platform_is_unknown_never_a_failure(shop: Shop) -> None:
    number, channel = shop.hold(), shop.port
    shop.sim.platform.faults.errors = 9

    asked = [channel.look(number), channel.release(number)]
    asked.append(channel.capture(CaptureRequest(number, 1, "x", shop.clock.now, 1)))

    assert [one.state for one in asked] == [HoldState.UNKNOWN] * 3


def test_what_nobody_heard_of_is_closed(shop: Shop) -> None:
    channel, number = shop.port, f"G{secrets.token_hex(15)}"

    assert channel.look(number).state is HoldState.NOT_FOUND
    assert channel.release(number).state is HoldState.CLOSED


def test_more_than_was_promised_is_refused_by_the_platform(shop: Shop) -> None:
    number, channel = shop.hold(), shop.port

    answer = channel.capture(CaptureRequest(number, PRICE + 1, "x", shop.clock.now, 1))

    assert answer.state is HoldState.CLOSED
    assert channel.look(number).state is HoldState.HELD


def test_a_foreign_message_is_parked(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed by the platform, about somebody else's service, to somebody else's account, or in another currency."""
    number = shop.open()
    if shop.method == "wechat":
        shop.alter(number, service_id="999999")
    elif shop.method == "card":
        shop.alter(number, currency="usd")
    else:
        monkeypatch.setitem(shop.sim.platform.keys.facts, "seller_id", "2088000000000009")
    shop.act("confirm", number)

    assert shop.hear() == [OutcomeKind.SUSPECT]
    assert shop.status() is OrderStatus.PENDING_PAYMENT


def test_only_what_is_set_up_is_offered(shop: Shop, accounts: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    assert holds.offered() == ("wechat", "alipay", "card")
    assert accounts.wechat is not None
    assert accounts.alipay is not None
    bare = accounts.model_copy(
        update={
            "wechat": accounts.wechat.model_copy(update={"payscore_service_id": ""}),
            "alipay": accounts.alipay.model_copy(update={"freeze": False}),
            "stripe": None,
        }
    )
    assert holds.offered(bare) == ()
    monkeypatch.setattr(holds, "get_settings", lambda: bare)
    with pytest.raises(Invalid):
        guaranteeing.start_now(shop.database, shop.customer, shop.no, shop.method, now=shop.clock.now)


def test_what_was_taken_is_in_the_days_bill(shop: Shop, recorder: Recorder) -> None:
    shop.sim.platform.forget()
    number = shop.hold()
    shop.finish()
    captured(shop, recorder)
    day = shop.clock.now.astimezone(ZoneInfo("Asia/Shanghai")).date()

    lines = channels.bills(shop.channel).bill(day)

    assert [(line.no, line.amount_fen) for line in lines if line.kind is LineKind.PAYMENT] == [(number, PRICE)]
