"""What the doctor finds in a payment account: keys that do not fit, in a sentence that names the variable."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from servicehub import clock
from servicehub.adapters import accounts as looking
from servicehub.adapters.gateway import payout_channels
from servicehub.cli.doctor import examine
from servicehub.gateway_sim.keys import Keys
from servicehub.gateway_sim.serving import Running
from servicehub.settings import ALIPAY_API, STRIPE_API, WECHAT_API, WECHAT_PAGE, WECHAT_PAY_API, Settings


def with_changes(settings: Settings, channel: str, **changes: Any) -> Settings:
    account = getattr(settings, channel).model_copy(update=changes)
    return settings.model_copy(update={channel: account})


@pytest.mark.parametrize("channel", ["wechat", "alipay", "stripe"])
def test_keys_that_fit(accounts: Settings, channel: str) -> None:
    assert looking.fault_of(channel, accounts) == ""


@pytest.mark.parametrize("channel", ["wechat", "alipay", "stripe"])
def test_an_account_that_is_not_set(accounts: Settings, channel: str) -> None:
    nobody = accounts.model_copy(update={channel: None})

    assert f"SERVICEHUB_{channel.upper()}__" in looking.fault_of(channel, nobody)
    assert any("is not set" in line for line in nobody.unsafe())


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"merchant_id": "mine"}, "MERCHANT_ID"),
        ({"certificate_serial": "not a number"}, "CERTIFICATE_SERIAL"),
        ({"api_v3_key": "short"}, "API_V3_KEY"),
        ({"public_key_id": "1234"}, "PUBLIC_KEY_ID"),
        ({"payscore_service_id": "mine"}, "PAYSCORE_SERVICE_ID"),
        ({"transfer_scene_id": "mine"}, "TRANSFER_SCENE_ID"),
        ({"app_secret": None}, "APP_SECRET"),
        ({"transfer_report": {"岗位类型": ""}}, "TRANSFER_REPORT"),
        ({"private_key_file": Path("/nowhere/key.pem")}, "PRIVATE_KEY_FILE"),
    ],
)
def test_what_is_wrong_with_wechat_pay(accounts: Settings, changes: dict[str, Any], named: str) -> None:
    assert f"SERVICEHUB_WECHAT__{named}" in looking.fault_of("wechat", with_changes(accounts, "wechat", **changes))


def test_a_public_key_where_a_private_one_belongs(sim: Running, accounts: Settings) -> None:
    public = sim.platform.keys.public_file("wechat_platform")

    fault = looking.fault_of("wechat", with_changes(accounts, "wechat", private_key_file=public))

    assert "SERVICEHUB_WECHAT__PRIVATE_KEY_FILE holds no private key" in fault


def test_what_is_wrong_with_alipay(sim: Running, accounts: Settings, tmp_path: Path) -> None:
    keys, empty = sim.platform.keys, tmp_path / "empty.pem"
    empty.write_text("nothing", "utf-8")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"app_certificate_file": keys.certificate_file("wechat_merchant")}, "belongs to another key"),
        ({"alipay_certificate_file": empty}, "holds no certificate"),
        ({"root_certificate_file": keys.certificate_file("alipay_app")}, "no root certificate"),
        ({"seller_id": "17"}, "SELLER_ID"),
    ]

    for changes, sentence in wrong:
        assert sentence in looking.fault_of("alipay", with_changes(accounts, "alipay", **changes))


def test_a_certificate_that_has_ended(accounts: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "machine_now", lambda: datetime(2099, 1, 1, tzinfo=UTC))

    assert "is not valid now" in looking.fault_of("alipay", accounts)


def test_production_talks_to_the_real_platforms_only(accounts: Settings) -> None:
    served = accounts.model_copy(update={"env": "production", "secret": "x" * 32, "base_url": "https://example.com"})
    real = with_changes(with_changes(served, "wechat", api=WECHAT_PAY_API), "alipay", api=ALIPAY_API)
    real = with_changes(real, "stripe", api=STRIPE_API)
    real = with_changes(real, "wechat", oauth_page=WECHAT_PAGE, oauth_api=WECHAT_API)

    for channel in ("wechat", "alipay", "stripe"):
        assert any("__API" in line for line in with_changes(real, channel, api="http://127.0.0.1:9").unsafe())
    for name in ("oauth_page", "oauth_api"):
        assert any("__API" in line for line in with_changes(real, "wechat", **{name: "http://127.0.0.1:9"}).unsafe())
    assert not any("__API" in line for line in real.unsafe())


def test_production_takes_no_test_cards(accounts: Settings) -> None:
    served = accounts.model_copy(update={"env": "production"})

    assert any("STRIPE__LIVE" in line for line in served.unsafe())
    assert not any("STRIPE__LIVE" in line for line in with_changes(served, "stripe", live=True).unsafe())


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"live": True}, "SECRET_KEY"),
        ({"secret_key": SecretStr("pk_test_00000000000000000000")}, "SECRET_KEY"),
        ({"secret_key": SecretStr("sk_live_00000000000000000000")}, "SECRET_KEY"),
        ({"webhook_secret": SecretStr("sk_test_00000000000000000000")}, "WEBHOOK_SECRET"),
        ({"currency": "CNY"}, "CURRENCY"),
        ({"currency": "jpy"}, "CURRENCY"),
    ],
)
def test_what_is_wrong_with_stripe(accounts: Settings, changes: dict[str, Any], named: str) -> None:
    fault = looking.fault_of("stripe", with_changes(accounts, "stripe", **changes))

    assert f"SERVICEHUB_STRIPE__{named}" in fault
    assert "0000" not in fault


def test_nobody_pays_a_hundred_times_as_much(accounts: Settings) -> None:
    yen = with_changes(accounts, "stripe", currency="jpy")

    assert any("STRIPE__CURRENCY" in line for line in yen.unsafe())
    assert not any("STRIPE__CURRENCY" in line for line in accounts.unsafe())


def test_a_restricted_key_will_do(accounts: Settings) -> None:
    restricted = with_changes(accounts, "stripe", secret_key=SecretStr("rk_live_00000000000000000000"), live=True)

    assert looking.fault_of("stripe", restricted) == ""


def test_secrets_are_never_printed(sim: Running, accounts: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = sim.platform.keys.facts
    monkeypatch.setenv("SERVICEHUB_STRIPE__SECRET_KEY", facts["stripe_secret_key"])  # and nothing else

    with pytest.raises(ValidationError) as refusal:
        Settings()
    for text in (repr(accounts), str(accounts.model_dump()), accounts.model_dump_json(), str(refusal.value)):
        assert facts["stripe_secret_key"] not in text
        assert facts["stripe_webhook_secret"] not in text


def test_an_older_simulators_folder_learns_of_stripe(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text('{"merchant_id": "17"}', "utf-8")

    facts = Keys(tmp_path).facts

    assert facts["merchant_id"] == "17"
    assert Keys(tmp_path).facts == facts
    assert facts["stripe_secret_key"].startswith("sk_test_")


def test_real_customers_need_a_page_where_they_confirm(accounts: Settings) -> None:
    real = with_changes(accounts, "wechat", api=WECHAT_PAY_API)
    assert any("PAYSCORE_ENTRY" in line for line in real.unsafe())

    ready = with_changes(real, "wechat", payscore_entry="https://example.com/score?package={package}")
    assert not any("PAYSCORE_ENTRY" in line for line in ready.unsafe())


def test_the_doctor_says_what_secures_a_payment_afterwards(accounts: Settings) -> None:
    def said(settings: Settings) -> list[str]:
        return [one.text for one in examine(settings) if one.subject == "Guarantees"]

    assert said(accounts) == ["WeChat Pay score, amounts frozen at Alipay, amounts authorised on cards"]
    assert "PAYSCORE_SERVICE_ID" in said(Settings(payment_channels=["simulator"]))[0]


def test_the_doctor_says_where_withdrawals_can_go(accounts: Settings) -> None:
    def said(settings: Settings) -> list[str]:
        return [one.text for one in examine(settings) if one.subject == "Payouts"]

    assert said(accounts) == ["Alipay accounts, WeChat wallets, which technicians confirm"]
    assert said(Settings(payment_channels=["simulator"])) == ["the simulator inside this process"]
    assert "TRANSFER_SCENE_ID" in said(accounts.model_copy(update={"payment_channels": ["stripe"]}))[0]
    assert said(accounts.model_copy(update={"settlement_mode": "partner"})) == []


def test_wechat_pays_out_where_the_scene_was_granted_and_payees_log_in(accounts: Settings) -> None:
    def open_(channels: list[str], **changes: Any) -> tuple[str, ...]:
        return payout_channels(
            with_changes(accounts, "wechat", **changes).model_copy(update={"payment_channels": channels})
        )

    assert open_(["wechat", "alipay", "simulator"]) == ("alipay", "wechat")
    assert open_(["wechat", "simulator"]) == ("wechat",)
    assert open_(["wechat", "simulator"], transfer_scene_id="") == ("simulator",)
    assert open_(["wechat"], app_secret=None) == ()
