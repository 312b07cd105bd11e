"""Withdrawals to WeChat's wallets, through the real library: confirmed by their payee, or back, and booked once."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session, select

from servicehub.adapters import payee
from servicehub.adapters.wechat_pay import WechatPayGateway
from servicehub.adapters.wechat_transfer import WechatTransfer
from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole
from servicehub.domain.channel import PayoutRequest, PayoutState
from servicehub.domain.withdrawal import WithdrawalStatus
from servicehub.errors import NotAllowed, NotFound, PayeeUnknown
from servicehub.gateway_sim.app import make
from servicehub.gateway_sim.serving import Running
from servicehub.jobs.recorder import Recorder
from servicehub.models.customer import Notice
from servicehub.models.payment import ChannelEvent
from servicehub.models.technician import Technician
from servicehub.models.withdrawal import Withdrawal
from servicehub.services import identities, ledger, withdrawals
from servicehub.services.payments import OutcomeKind
from servicehub.settings import Settings
from servicehub.workflows import payouts
from tests import journey
from tests.conftest import FixedClock
from tests.crowd import at_once
from tests.gateway_sim.test_flows import open_channels
from tests.gateway_sim.test_gateways import now
from tests.gateway_sim.test_scenes import logged_in

__all__ = ["open_channels"]  # a fixture that these tests ask for

EARNED, FEN = 300_000, 50_000


def on_platform(sim: Running, act: Callable[[str], bool], no: str) -> bool:
    """What a payee or time does."""

    async def run() -> bool:
        return act(no)

    return asyncio.run_coroutine_threadsafe(run(), sim.loop).result(60)


# --- the port ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def transfers(wechat: WechatPayGateway, sim: Running) -> WechatTransfer:
    sim.platform.faults.hold = True
    return WechatTransfer(wechat, base_url="http://127.0.0.1:9")


@pytest.fixture
def openid(accounts: Settings) -> str:
    return logged_in(accounts)


def wanted(openid: str, fen: int = FEN, name: str = "周敏", *, tries: int = 1) -> PayoutRequest:
    return PayoutRequest(f"W{secrets.token_hex(15)}", "wechat", fen, openid, name, tries)


def test_a_transfer_waits_for_its_payee_and_is_one_however_often_it_is_sent(
    sim: Running, transfers: WechatTransfer, openid: str
) -> None:
    request = wanted(openid)
    assert transfers.query_payout(request.no) is PayoutState.NOT_FOUND
    assert [transfers.payout(request) for _ in range(3)] == [PayoutState.CONFIRMING] * 3

    called = transfers.confirmation(request)
    facts = sim.platform.keys.facts
    assert (called.state, set(called.params)) == (PayoutState.CONFIRMING, {"mchId", "appId", "package"})
    assert (called.params["mchId"], called.params["appId"]) == (facts["merchant_id"], facts["app_id"])
    assert transfers.confirmation(request) == called, "the same package again"

    assert on_platform(sim, sim.wechat.transfers.confirm, request.no)
    assert not on_platform(sim, sim.wechat.transfers.confirm, request.no)
    assert transfers.query_payout(request.no) is PayoutState.SUCCEEDED
    assert transfers.payout(request) is PayoutState.SUCCEEDED
    assert transfers.confirmation(request).params == {}


def test_an_answer_without_the_package_brings_it_by_the_same_request(
    sim: Running, transfers: WechatTransfer, openid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = wanted(openid)
    transfers.payout(request)
    document = sim.wechat.transfers._document

    def silent(known: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in document(known).items() if name != "package_info"}

    monkeypatch.setattr(sim.wechat.transfers, "_document", silent)

    kept = sim.platform.get("wechat-transfer", request.no)
    assert kept is not None
    assert transfers.confirmation(request).params["package"] == kept["package"]
    assert len([one for one in sim.platform.every("wechat-transfer") if one["openid"] == openid]) == 1


def test_the_name_is_encrypted_and_compared(sim: Running, transfers: WechatTransfer, openid: str) -> None:
    assert transfers.payout(wanted(openid, name="周敏")) is PayoutState.CONFIRMING
    assert transfers.payout(wanted(openid, name="吴岚")) is PayoutState.FAILED
    assert transfers.payout(wanted(openid, 29, name="吴岚")) is PayoutState.CONFIRMING, "too little for names"
    assert transfers.payout(wanted(openid, 200_000, name="周敏")) is PayoutState.CONFIRMING
    assert transfers.payout(wanted(openid, 200_000, name="")) is PayoutState.UNKNOWN, "the library refuses to ask"


def test_what_the_platform_refuses_fails_only_when_it_knows_no_such_transfer(
    sim: Running, transfers: WechatTransfer, openid: str, accounts: Settings
) -> None:
    request = wanted(openid)
    transfers.payout(request)

    assert transfers.payout(replace(request, amount_fen=FEN + 1)) is PayoutState.CONFIRMING, "the first one lives"
    assert transfers.payout(wanted("oNobodyOfThisApp")) is PayoutState.FAILED
    assert transfers.payout(wanted(openid, 9)) is PayoutState.FAILED
    assert accounts.wechat is not None
    for changes in {"transfer_scene_id": "1000"}, {"transfer_report": {"活动名称": "x"}}:
        other = WechatPayGateway(accounts.wechat.model_copy(update=changes), base_url="http://127.0.0.1:9")
        assert WechatTransfer(other, base_url="http://127.0.0.1:9").payout(wanted(openid)) is PayoutState.FAILED


def test_what_may_pass_is_unknown_and_tried_again(
    sim: Running, transfers: WechatTransfer, openid: str, wechat: WechatPayGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, faults = wanted(openid), sim.platform.faults
    faults.transfer_no_money = 1
    assert transfers.payout(request) is PayoutState.UNKNOWN
    faults.errors = 3
    assert transfers.payout(request) is PayoutState.UNKNOWN
    assert transfers.query_payout(request.no) is PayoutState.UNKNOWN
    assert transfers.cancel(request.no) is PayoutState.NOT_FOUND
    faults.transfer_pending = 2
    assert transfers.payout(request) is PayoutState.PROCESSING
    assert transfers.query_payout(request.no) is PayoutState.PROCESSING
    assert transfers.query_payout(request.no) is PayoutState.CONFIRMING
    faults.lose_answers, lost = 1, wanted(openid)
    assert transfers.payout(lost) is PayoutState.UNKNOWN
    assert transfers.query_payout(lost.no) is PayoutState.CONFIRMING


def test_an_answer_with_a_wrong_signature_is_unknown(
    transfers: WechatTransfer, openid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = wanted(openid)
    monkeypatch.setattr("servicehub.gateway_sim.wechat.signed", lambda _key, _text: "QUJD")

    assert transfers.payout(request) is PayoutState.UNKNOWN
    assert transfers.query_payout(request.no) is PayoutState.UNKNOWN
    assert transfers.confirmation(request).params == {}


def test_it_is_taken_back_until_the_payee_was_faster(sim: Running, transfers: WechatTransfer, openid: str) -> None:
    first, second = wanted(openid), wanted(openid)
    transfers.payout(first)
    transfers.payout(second)
    on_platform(sim, sim.wechat.transfers.confirm, second.no)

    assert [transfers.cancel(first.no) for _ in range(2)] == [PayoutState.UNCONFIRMED] * 2
    assert transfers.cancel(second.no) is PayoutState.SUCCEEDED
    assert not on_platform(sim, sim.wechat.transfers.confirm, first.no)


def test_the_platform_ends_it_after_a_day(
    sim: Running, transfers: WechatTransfer, openid: str, fixed_clock: FixedClock
) -> None:
    request = wanted(openid)
    transfers.payout(request)
    fixed_clock.advance(hours=24)
    assert transfers.query_payout(request.no) is PayoutState.CONFIRMING
    fixed_clock.advance(seconds=1)

    assert transfers.query_payout(request.no) is PayoutState.UNCONFIRMED
    assert transfers.payout(request) is PayoutState.UNCONFIRMED


def test_only_the_messages_of_ones_own_transfers_name_a_number(
    sim: Running, transfers: WechatTransfer, openid: str, accounts: Settings
) -> None:
    request = wanted(openid)
    transfers.payout(request)
    on_platform(sim, sim.wechat.transfers.confirm, request.no)
    url, message = sim.platform.held[-1]
    raw, headers = message()

    (report,) = transfers.parse_payout(headers, raw, now=now())
    assert url == "http://127.0.0.1:9/api/payouts/notify/wechat"
    assert (report.kind, report.no, report.amount_fen, report.payout_state) == (
        "payout", request.no, FEN, PayoutState.SUCCEEDED
    )  # fmt: skip
    assert transfers._gateway.parse_notify(headers, raw, now=now()) == [], "it is no payment's message"
    assert accounts.wechat is not None
    other = WechatPayGateway(accounts.wechat.model_copy(update={"merchant_id": "1900000999"}), base_url="http://x")
    assert [one.no for one in WechatTransfer(other, base_url="http://x").parse_payout(headers, raw, now=now())] == [""]
    sim.platform.faults.forge = True
    raw, headers = message()
    with pytest.raises(NotAllowed):
        transfers.parse_payout(headers, raw, now=now())


def test_books_outlive_a_restart(sim: Running, transfers: WechatTransfer, openid: str) -> None:
    request = wanted(openid)
    transfers.payout(request)

    again = make(sim.platform.keys.home)
    try:
        kept = again.state.wechat.transfers.get(request.no)
    finally:
        again.state.platform.close()

    assert (kept["state"], kept["fen"], kept["openid"]) == ("WAIT_USER_CONFIRM", FEN, openid)


def test_a_visitor_of_a_demo_says_yes_on_a_page(
    sim: Running, transfers: WechatTransfer, openid: str, accounts: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = wanted(openid)
    transfers.payout(request)
    monkeypatch.setattr(payee, "get_settings", lambda: accounts)
    address = payee.demo_confirm(transfers.confirmation(request).params, "/technician/withdraw/")
    assert payee.demo_confirm({}, "/") == ""

    page = httpx.get(address, trust_env=False)
    assert "500.00" in page.text
    left = httpx.post(address, data={"do": "leave"}, trust_env=False)
    assert left.headers["location"] == "http://127.0.0.1:9/technician/withdraw/"
    assert transfers.query_payout(request.no) is PayoutState.CONFIRMING
    httpx.post(address, data={"do": "confirm"}, trust_env=False)

    assert transfers.query_payout(request.no) is PayoutState.SUCCEEDED
    assert "已结束" in httpx.get(address, trust_env=False).text
    assert httpx.get(f"{sim.address}/cashier/transfer?package=none", trust_env=False).status_code == 404
    assert httpx.post(f"{sim.address}/control/transfer/{request.no}/confirm", trust_env=False).status_code == 409


# --- the product ------------------------------------------------------------------------------------------------------


@dataclass
class Purse:
    """A technician whose withdrawal to WeChat somebody has said yes to."""

    database: Database
    sim: Running
    clock: FixedClock
    recorder: Recorder
    technician: Actor
    finance: Actor
    no: str = ""

    def ask(self) -> str:
        write = self.database.write_now
        no: str = write(payouts.request, self.technician, FEN, "", "wechat", now=self.clock.now)
        write(withdrawals.approve, self.finance, no, now=self.clock.now)
        return no

    def send(self, times: int = 1) -> None:
        for _ in range(times):
            payouts.send(self.database, {"no": self.no})

    def act(self, act: str) -> bool:
        return on_platform(self.sim, getattr(self.sim.wechat.transfers, act), self.no)

    def hear(self) -> list[OutcomeKind]:
        """The newest held message arrives."""
        _url, message = self.sim.platform.held[-1]
        raw, headers = message()
        found = payouts.deliver(self.database, "wechat", headers, raw, now=self.clock.now)
        return [outcome.kind for outcome in found]

    def row(self) -> Withdrawal:
        return self.database.read_now(lambda s: s.exec(select(Withdrawal).where(Withdrawal.no == self.no)).one())

    def money(self) -> tuple[int, int, int]:
        """Available, frozen, paid out."""
        who = self.technician.technician_id
        accounts = (ledger.available(who), ledger.withdrawing(who), ledger.cash("wechat"))
        available, frozen, cash = (self.database.read_now(ledger.balance, account) for account in accounts)
        return available, frozen, -cash

    def notices(self) -> list[str]:
        mine = select(Notice.kind).where(Notice.user_id == self.technician.user_id)
        return [kind for kind in self.database.read_now(lambda s: list(s.exec(mine))) if kind.startswith("withdraw")]

    def is_(self, status: WithdrawalStatus, money: tuple[int, int, int]) -> bool:
        proven = self.database.read_now(ledger.verify) == []
        return (self.row().status, self.money(), proven) == (status, money, True)


FROZEN, BACK, PAID = (EARNED - FEN, FEN, 0), (EARNED, 0, 0), (EARNED - FEN, 0, FEN)


@pytest.fixture
def purse(
    open_channels: None, database: Database, sim: Running, fixed_clock: FixedClock, recorder: Recorder, openid: str,
    accounts: Settings, monkeypatch: pytest.MonkeyPatch,
) -> Purse:  # fmt: skip
    def prepare(session: Session) -> tuple[Actor, Actor]:
        world = journey.build(session)
        who = world.technicians[0]
        lines = {ledger.cash("bank"): EARNED, ledger.available(who.technician_id): -EARNED}
        ledger.post(session, "earned", "payment", "test", lines, now=fixed_clock.now)
        identities.remember(session, who, openid, now=fixed_clock.now)
        return who, journey.operator(world, OperatorRole.FINANCE)

    technician, finance = database.write_now(prepare)
    sim.platform.faults.hold = True
    made = Purse(database, sim, fixed_clock, recorder, technician, finance)
    made.no = made.ask()
    return made


def test_it_waits_for_the_technician_who_says_yes_and_is_paid_once(purse: Purse, openid: str) -> None:
    assert openid not in purse.row().account, "unreadable at rest"
    purse.send(3)
    assert purse.is_(WithdrawalStatus.CONFIRMING, FROZEN)
    assert purse.row().confirm_until == purse.clock.now + timedelta(hours=24)
    assert purse.notices() == ["withdrawal_confirm"]
    assert payouts.confirmation(purse.database, purse.technician, purse.no).params["package"]

    purse.act("confirm")
    assert [purse.hear() for _ in range(3)] == [[OutcomeKind.PAYOUT], [OutcomeKind.DUPLICATE], [OutcomeKind.DUPLICATE]]
    purse.send(3)

    assert purse.is_(WithdrawalStatus.DONE, PAID)
    assert sorted(purse.notices()) == ["withdrawal_confirm", "withdrawn"]
    assert len(purse.database.read_now(lambda s: s.exec(select(ChannelEvent)).all())) == 1
    assert payouts.confirmation(purse.database, purse.technician, purse.no).params == {}


def test_a_forged_message_changes_nothing_and_a_lost_one_is_found_by_asking(purse: Purse) -> None:
    purse.send()
    purse.act("confirm")
    purse.sim.platform.faults.forge = True
    with pytest.raises(NotAllowed):
        purse.hear()
    assert purse.is_(WithdrawalStatus.CONFIRMING, FROZEN)

    purse.send()

    assert purse.is_(WithdrawalStatus.DONE, PAID)


def test_a_page_that_is_opened_after_the_yes_books_it(purse: Purse) -> None:
    purse.send()
    purse.act("confirm")

    assert payouts.confirmation(purse.database, purse.technician, purse.no).state is PayoutState.SUCCEEDED
    assert purse.is_(WithdrawalStatus.DONE, PAID)


def test_a_lost_answer_is_asked_for_and_nothing_is_sent_twice(purse: Purse, monkeypatch: pytest.MonkeyPatch) -> None:
    purse.sim.platform.faults.lose_answers = 1
    purse.send()
    assert purse.is_(WithdrawalStatus.SENDING, FROZEN)
    assert purse.recorder.named("payout")[-1] == {"no": purse.no}

    purse.send()

    assert purse.is_(WithdrawalStatus.CONFIRMING, FROZEN)
    assert len([one for one in purse.sim.platform.every("wechat-transfer") if one["no"] == purse.no]) == 1


def test_one_that_hangs_for_want_of_money_goes_on_by_the_same_request(purse: Purse) -> None:
    purse.sim.platform.faults.transfer_stuck = 2
    purse.send(2)
    assert purse.is_(WithdrawalStatus.SENDING, FROZEN)

    purse.send()

    assert purse.is_(WithdrawalStatus.CONFIRMING, FROZEN)
    assert len([one for one in purse.sim.platform.every("wechat-transfer") if one["no"] == purse.no]) == 1


def test_what_the_channel_forgot_is_never_sent_again(purse: Purse) -> None:
    purse.send()
    purse.sim.platform.forget()

    purse.send(3)

    assert purse.is_(WithdrawalStatus.CONFIRMING, FROZEN)
    assert list(purse.sim.platform.every("wechat-transfer")) == []


def test_a_day_without_a_yes_gives_the_money_back_once(purse: Purse) -> None:
    purse.send()
    purse.clock.advance(hours=23, minutes=59)
    purse.send()
    assert purse.is_(WithdrawalStatus.CONFIRMING, FROZEN)
    purse.clock.advance(minutes=1)

    purse.send(3)

    kept = purse.sim.platform.get("wechat-transfer", purse.no)
    assert kept is not None
    assert kept["state"] == "CANCELLED", "taken back at the channel first"
    assert purse.is_(WithdrawalStatus.EXPIRED, BACK)
    assert sorted(purse.notices()) == ["withdrawal_confirm", "withdrawal_expired"]
    assert not purse.act("confirm")
    assert purse.hear() == [OutcomeKind.DUPLICATE]
    assert purse.is_(WithdrawalStatus.EXPIRED, BACK)


def test_a_yes_in_the_last_moment_is_paid(purse: Purse) -> None:
    purse.send()
    purse.clock.advance(hours=24)
    purse.act("confirm")

    purse.send()

    assert purse.is_(WithdrawalStatus.DONE, PAID)


def test_a_channel_that_is_silent_at_the_end_keeps_the_money_frozen(purse: Purse) -> None:
    purse.send()
    purse.clock.advance(hours=25)
    purse.sim.platform.faults.errors = 1
    purse.send()
    assert purse.is_(WithdrawalStatus.CONFIRMING, FROZEN)

    purse.send()

    assert purse.is_(WithdrawalStatus.EXPIRED, BACK)


@pytest.mark.parametrize(
    ("act", "status"),
    [
        ("fail", WithdrawalStatus.FAILED),
        ("expire", WithdrawalStatus.EXPIRED),
        ("withdraw", WithdrawalStatus.EXPIRED),
    ],
)
def test_what_came_to_nothing_is_available_again(purse: Purse, act: str, status: WithdrawalStatus) -> None:
    purse.send()
    purse.act(act)

    assert [purse.hear() for _ in range(2)] == [[OutcomeKind.PAYOUT], [OutcomeKind.DUPLICATE]]
    assert purse.is_(status, BACK)
    purse.no = purse.ask()
    assert purse.row().status is WithdrawalStatus.SENDING, "the next one may follow"


def test_results_that_contradict_each_other_are_booked_once(purse: Purse) -> None:
    purse.send()
    purse.act("confirm")
    purse.hear()
    kept = purse.sim.platform.get("wechat-transfer", purse.no)
    assert kept is not None
    on_platform(
        purse.sim, lambda _no: purse.sim.wechat.transfers._end(kept, "FAIL", "PAYEE_ACCOUNT_ABNORMAL"), purse.no
    )

    assert purse.hear() == [OutcomeKind.DUPLICATE]
    purse.send(2)
    assert purse.is_(WithdrawalStatus.DONE, PAID)


def test_a_message_about_another_amount_moves_nothing(purse: Purse) -> None:
    purse.send()
    kept = purse.sim.platform.get("wechat-transfer", purse.no)
    assert kept is not None
    purse.sim.platform.put("wechat-transfer", purse.no, kept | {"fen": FEN - 1})
    purse.act("confirm")

    assert purse.hear() == [OutcomeKind.SUSPECT]
    assert purse.is_(WithdrawalStatus.CONFIRMING, FROZEN)


def test_the_technician_takes_it_back_and_nobody_else(purse: Purse) -> None:
    purse.send()
    other = replace(purse.technician, technician_id=purse.technician.technician_id + 1)
    for call in payouts.give_up, payouts.confirmation:
        with pytest.raises(NotFound):
            call(purse.database, other, purse.no)

    assert payouts.give_up(purse.database, purse.technician, purse.no) is PayoutState.UNCONFIRMED
    assert purse.is_(WithdrawalStatus.EXPIRED, BACK)
    assert payouts.give_up(purse.database, purse.technician, purse.no) is PayoutState.UNKNOWN


def test_the_yes_and_the_taking_back_at_once_have_one_end(purse: Purse) -> None:
    purse.send()
    purse.act("confirm")
    _url, message = purse.sim.platform.held[-1]
    raw, headers = message()

    def hear(i: int) -> object:
        if i % 2:
            return payouts.deliver(purse.database, "wechat", headers, raw, now=purse.clock.now)[0].kind
        state = PayoutState.UNCONFIRMED if i % 4 else PayoutState.FAILED
        return purse.database.write_now(withdrawals.record_result, purse.no, state, now=purse.clock.now)

    found = at_once(64, hear)

    assert found.count(True) + found.count(OutcomeKind.PAYOUT) == 1
    assert purse.money() in (PAID, BACK)
    assert purse.is_(purse.row().status, PAID if purse.row().status is WithdrawalStatus.DONE else BACK)


def test_who_has_not_logged_in_at_wechat_is_told_so(purse: Purse) -> None:
    stranger = purse.database.read_now(
        lambda s: s.exec(select(Technician).where(Technician.id != purse.technician.technician_id)).first()
    )
    assert stranger is not None
    with pytest.raises(PayeeUnknown):
        purse.database.write_now(payouts.request, journey.actor_of(stranger), 10_000, "", "wechat", now=purse.clock.now)
