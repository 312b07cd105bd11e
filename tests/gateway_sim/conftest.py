"""A listening simulator, and the product's gateways over the real libraries, pointed at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from servicehub.adapters.alipay import AlipayGateway
from servicehub.adapters.stripe_pay import StripeGateway
from servicehub.adapters.wechat_pay import WechatPayGateway
from servicehub.gateway_sim.platform import Faults
from servicehub.gateway_sim.serving import Running
from servicehub.settings import Settings
from tests.platforms import listening

__all__ = ["listening"]  # a fixture of all tests here


@pytest.fixture
def sim(listening: Running) -> Iterator[Running]:
    """Nothing goes wrong at first, and nothing of the last test is left."""
    platform = listening.platform
    platform.faults, platform.held, platform.sent = Faults(), [], []
    yield listening
    platform.faults = Faults()
    listening.stripe.refunds_pend = False


@pytest.fixture
def accounts(sim: Running, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The product's settings with all accounts, as the environment gives them."""
    with monkeypatch.context() as only_here:  # the process's settings are read once, at any time
        for name, value in sim.environment().items():
            only_here.setenv(name, value)
        only_here.setenv("SERVICEHUB_PAYMENT_CHANNELS", '["wechat", "alipay", "stripe"]')
        return Settings(base_url="http://127.0.0.1:9")


@pytest.fixture
def wechat(accounts: Settings) -> WechatPayGateway:
    assert accounts.wechat is not None
    return WechatPayGateway(accounts.wechat, base_url=accounts.base_url)


@pytest.fixture
def alipay(accounts: Settings) -> AlipayGateway:
    assert accounts.alipay is not None
    return AlipayGateway(accounts.alipay, base_url=accounts.base_url)


@pytest.fixture
def stripe(accounts: Settings) -> StripeGateway:
    assert accounts.stripe is not None
    return StripeGateway(accounts.stripe, base_url=accounts.base_url)
