"""What the doctor finds in a payment account: keys that do not fit, in a sentence that names the variable."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from servicehub import clock
from servicehub.adapters import accounts as looking
from servicehub.gateway_sim.serving import Running
from servicehub.settings import ALIPAY_API, WECHAT_PAY_API, Settings


def with_changes(settings: Settings, channel: str, **changes: Any) -> Settings:
    account = getattr(settings, channel).model_copy(update=changes)
    return settings.model_copy(update={channel: account})


@pytest.mark.parametrize("channel", ["wechat", "alipay"])
def test_keys_that_fit(accounts: Settings, channel: str) -> None:
    assert looking.fault_of(channel, accounts) == ""


@pytest.mark.parametrize("channel", ["wechat", "alipay"])
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

    assert any("__API" in line for line in served.unsafe())
    assert not any("__API" in line for line in real.unsafe())
