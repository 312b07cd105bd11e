"""WeChat Pay's rules of refunds, over the real library: a minute between two of one payment, fifty in all, closed accounts."""

from __future__ import annotations

import secrets

import pytest
from sqlmodel import Session

from servicehub.adapters.wechat_pay import WechatPayGateway
from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.domain.channel import RefundRequest, RefundState
from servicehub.domain.payment import RefundStatus
from servicehub.domain.refund import MOST_REFUNDS
from servicehub.errors import GatewayUnknown, RefundAlive
from servicehub.gateway_sim.serving import Running
from servicehub.jobs.recorder import Recorder
from servicehub.models.account import User
from servicehub.services import failed_refunds, ledger, orders
from servicehub.workflows import refunds as sending
from tests.conftest import FixedClock
from tests.gateway_sim.test_flows import PRICE, Shop, open_channels, shop
from tests.gateway_sim.test_gateways import paid, refund_of
from tests.gateway_sim.test_stripe import on_the_loop

__all__ = ["open_channels", "shop"]
wechat_only = pytest.mark.parametrize("method", ["wechat"])
card_only = pytest.mark.parametrize("method", ["card"])
ANY = (RefundState.SUCCEEDED, RefundState.PROCESSING)


def refusal_of(wechat: WechatPayGateway, request: RefundRequest) -> tuple[int, str]:
    """HTTP status and code of the platform's answer."""
    amount = {"refund": request.amount_fen, "total": request.paid_fen, "currency": "CNY"}
    code, answer = wechat.ask(
        lambda client: client.refund(out_refund_no=request.no, out_trade_no=request.payment_no, amount=amount)
    )
    return code, str(answer.get("code", ""))


def test_the_platform_wants_a_minute_between_two_refunds(
    sim: Running, wechat: WechatPayGateway, fixed_clock: FixedClock
) -> None:
    request = paid(sim, wechat)
    first, second = refund_of(request, 100), refund_of(request, 200)
    assert wechat.refund(first) in ANY

    fixed_clock.advance(seconds=59)
    assert refusal_of(wechat, second) == (429, "FREQUENCY_LIMITED")
    assert wechat.refund(second) is RefundState.UNKNOWN, "it may pass later"
    assert wechat.refund(first) in ANY, "the same one again is no other refund"
    assert wechat.query_refund(second) is RefundState.NOT_FOUND

    fixed_clock.advance(seconds=1)
    assert wechat.refund(second) in ANY


def test_the_platform_takes_fifty_refunds_of_a_payment(
    sim: Running, wechat: WechatPayGateway, fixed_clock: FixedClock
) -> None:
    request = paid(sim, wechat)
    for _ in range(MOST_REFUNDS["wechat"]):
        assert wechat.refund(refund_of(request, 1)) in ANY
        fixed_clock.advance(seconds=60)

    one_more = refund_of(request, 1)
    assert refusal_of(wechat, one_more) == (400, "INVALID_REQUEST")
    assert wechat.refund(one_more) is RefundState.FAILED


def test_a_closed_account_is_a_refusal_for_good(sim: Running, wechat: WechatPayGateway) -> None:
    request = refund_of(paid(sim, wechat), 100)
    sim.platform.faults.accounts_closed = 1

    assert refusal_of(wechat, request) == (403, "USER_ACCOUNT_ABNORMAL")
    sim.platform.faults.accounts_closed = 1
    assert wechat.refund(request) is RefundState.FAILED
    assert wechat.query_refund(request) is RefundState.NOT_FOUND


# -- through the services ---------------------------------------------------------------------------------------------------------


def staff(shop: Shop) -> Actor:
    """Somebody of finance."""

    def made(session: Session) -> Actor:
        user = User(
            city_id=shop.customer.city_id, role=Role.OPERATOR, operator_role=OperatorRole.FINANCE, phone_enc="x",
            phone_index=secrets.token_hex(8), created_at=shop.clock.now,
        )  # fmt: skip
        session.add(user)
        session.flush()
        return Actor(user.id or 0, Role.OPERATOR, shop.customer.city_id, operator_role=OperatorRole.FINANCE)

    return shop.database.write_now(made)


def give_back(shop: Shop, actor: Actor, fen: int) -> None:
    shop.database.write_now(orders.refund, actor, shop.no, fen, reason="差价", now=shop.clock.now)


def bought(shop: Shop) -> Actor:
    """A paid order, and somebody of finance."""
    shop.pay(shop.open())
    shop.hear()
    return staff(shop)


def run_due(shop: Shop, recorder: Recorder) -> int:
    """Run the refunds' jobs that are due; how many."""
    due = [job for job in recorder.take_due(shop.clock.now) if job.name == "refund"]
    for job in due:
        sending.send(shop.database, job.payload)
    return len(due)


@wechat_only
def test_two_refunds_at_once_are_sent_a_minute_apart(shop: Shop, recorder: Recorder) -> None:
    finance = bought(shop)
    for fen in (100, 200):
        give_back(shop, finance, fen)

    assert run_due(shop, recorder) == 2
    first, second = shop.refunds()
    assert first.status in (RefundStatus.SENT, RefundStatus.SUCCEEDED)
    assert (second.status, second.tries) == (RefundStatus.NEW, 0)
    shop.clock.advance(seconds=59)
    assert [job for job in recorder.take_due(shop.clock.now) if job.payload == {"no": second.no}] == []

    shop.clock.advance(seconds=3)
    for _ in range(2):
        run_due(shop, recorder)
        shop.clock.advance(minutes=1)
    for refund in shop.refunds():
        sending.send(shop.database, {"no": refund.no})
    assert [(one.status, one.tries <= 2) for one in shop.refunds()] == [(RefundStatus.SUCCEEDED, True)] * 2
    assert (shop.cash(), shop.is_proven()) == (PRICE - 300, True)


@wechat_only
def test_a_refusal_is_tried_again_under_the_same_number(shop: Shop, recorder: Recorder) -> None:
    finance = bought(shop)
    give_back(shop, finance, 100)
    shop.sim.platform.faults.accounts_closed = 1
    run_due(shop, recorder)
    (refused,) = shop.refunds()
    assert refused.status is RefundStatus.FAILED

    shop.database.write_now(failed_refunds.retry, finance, refused.no, now=shop.clock.now)
    for _ in range(2):
        run_due(shop, recorder)
        shop.clock.advance(minutes=1)

    (done,) = shop.refunds()
    assert (done.no, done.status, shop.cash()) == (refused.no, RefundStatus.SUCCEEDED, PRICE - 100)


@wechat_only
def test_what_the_platform_can_never_carry_out_goes_to_the_balance(shop: Shop, recorder: Recorder) -> None:
    finance, other = bought(shop), staff(shop)
    give_back(shop, finance, 100)
    shop.sim.platform.faults.refunds_abnormal = 1
    run_due(shop, recorder)
    (refund,) = shop.refunds()
    sending.send(shop.database, {"no": refund.no})
    assert shop.refunds()[0].status is RefundStatus.FAILED
    shop.database.write_now(failed_refunds.retry, finance, refund.no, now=shop.clock.now)
    sending.send(shop.database, {"no": refund.no})
    assert shop.refunds()[0].status is RefundStatus.FAILED, "its number is used up there"

    shop.database.write_now(failed_refunds.propose, finance, refund.no, reason="银行卡作废", now=shop.clock.now)
    shop.sim.platform.faults.errors = 1
    with pytest.raises(GatewayUnknown):
        sending.give_to_balance(shop.database, other, refund.no, now=shop.clock.now)
    sending.give_to_balance(shop.database, other, refund.no, now=shop.clock.now)

    assert shop.refunds()[0].status is RefundStatus.BALANCE
    assert shop.database.read_now(ledger.balance, ledger.wallet(shop.customer.user_id)) == 100
    assert (shop.cash(), shop.is_proven()) == (PRICE, True)


@wechat_only
def test_what_has_arrived_after_all_is_booked_instead_of_given_twice(shop: Shop, recorder: Recorder) -> None:
    finance, other = bought(shop), staff(shop)
    give_back(shop, finance, 100)
    shop.sim.platform.faults.refunds_abnormal = 1
    run_due(shop, recorder)
    (refund,) = shop.refunds()
    sending.send(shop.database, {"no": refund.no})
    shop.database.write_now(failed_refunds.propose, finance, refund.no, reason="银行卡作废", now=shop.clock.now)
    known = shop.sim.platform.get("wechat-refund", refund.no)
    assert known is not None
    shop.sim.platform.put("wechat-refund", refund.no, known | {"status": "SUCCESS"})  # its operator has paid it by hand

    with pytest.raises(RefundAlive):
        sending.give_to_balance(shop.database, other, refund.no, now=shop.clock.now)

    assert shop.refunds()[0].status is RefundStatus.SUCCEEDED
    assert shop.database.read_now(ledger.balance, ledger.wallet(shop.customer.user_id)) == 0
    assert (shop.cash(), shop.is_proven()) == (PRICE - 100, True)


@card_only
def test_a_card_that_bounced_is_tried_again_as_another_refund_with_our_number(shop: Shop, recorder: Recorder) -> None:
    finance = bought(shop)
    give_back(shop, finance, 100)
    shop.sim.stripe.refunds_pend = True
    run_due(shop, recorder)
    (refund,) = shop.refunds()
    named = [one for one in shop.sim.platform.every("stripe-refund") if refund.no in one["metadata"].values()]
    on_the_loop(shop.sim, lambda: shop.sim.stripe.settle(named[0]["id"], "failed"))
    sending.send(shop.database, {"no": refund.no})
    assert shop.refunds()[0].status is RefundStatus.FAILED

    shop.sim.stripe.refunds_pend = False
    shop.database.write_now(failed_refunds.retry, finance, refund.no, now=shop.clock.now)
    sending.send(shop.database, {"no": refund.no})

    assert [one.status for one in shop.refunds()] == [RefundStatus.SUCCEEDED]
    assert (shop.cash(), shop.is_proven()) == (PRICE - 100, True)
