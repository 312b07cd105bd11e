"""Payment channels: the port that each of them is behind, and which are open in this installation.

A channel knows no table: numbers, amounts and states come and go as values of `domain.channel`. Calls block, so they are made in a
thread and never inside a transaction. A lost answer is `GatewayUnknown` or a state UNKNOWN: query it, never assume.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Protocol

from servicehub.adapters.alipay import AlipayGateway
from servicehub.adapters.gateway_simulator import GatewaySimulator
from servicehub.adapters.wechat_pay import WechatPayGateway
from servicehub.domain.channel import (
    ClientAction,
    CloseResult,
    PaymentAnswer,
    PayoutRequest,
    PayoutState,
    PayRequest,
    RefundRequest,
    RefundState,
    Report,
)
from servicehub.domain.reconciliation import BillLine
from servicehub.errors import NotFound
from servicehub.settings import get_settings

METHODS = ("wechat", "alipay")
"""What customers know: each is taken by the channel of its name, or by the simulator."""


class Gateway(Protocol):
    """One payment channel. Every call may be repeated with the same number."""

    name: str
    acknowledgement: str
    """The body that its messages are answered with; empty: the status alone says that a message was taken."""

    def open(self, request: PayRequest) -> ClientAction:
        """Make the payment known to the channel. Raises: GatewayUnknown when the answer was lost."""

    def query(self, no: str) -> PaymentAnswer:
        """What became of a payment; UNKNOWN when the channel does not answer."""

    def close(self, no: str) -> CloseResult:
        """Make sure that the payment can no longer be made; ALREADY_PAID when it was."""

    def refund(self, request: RefundRequest) -> RefundState:
        """Send a refund; PROCESSING means accepted, UNKNOWN that the answer was lost."""

    def query_refund(self, request: RefundRequest) -> RefundState:
        """What became of a refund; NOT_FOUND when the channel never heard of it."""

    def parse_notify(self, headers: Mapping[str, str], raw: bytes, *, now: datetime) -> list[Report]:
        """The verified reports in a message that the channel sent. Raises: NotAllowed for anything forged, altered or stale."""


class Payouts(Protocol):
    """A channel that also sends money. Every call may be repeated with the same number."""

    name: str

    def payout(self, request: PayoutRequest) -> PayoutState:
        """Send money; PROCESSING means accepted, UNKNOWN that the answer was lost."""

    def query_payout(self, no: str) -> PayoutState:
        """What became of it; NOT_FOUND when the channel never heard of it."""


class Bills(Protocol):
    """A channel that says afterwards what it has done."""

    name: str

    def bill(self, day: date) -> list[BillLine]:
        """Everything of one of its days, under our numbers. Raises: BillUnavailable when it does not answer, or not wholly."""


@lru_cache(maxsize=1)
def simulator() -> GatewaySimulator:
    """The process's simulated channel.

    Raises: NotFound where simulators are not allowed.
    """
    settings = get_settings()
    if not settings.simulators_allowed or "simulator" not in settings.payment_channels:
        raise NotFound("the payment simulator is not open here")
    host = "127.0.0.1" if settings.host in ("", "0.0.0.0", "::") else settings.host  # noqa: S104 - compared, not bound
    notify_url = f"http://{host}:{settings.port}/api/payments/notify/simulator"
    return GatewaySimulator(settings.data_dir / "simulated-channel.db", notify_url=notify_url)


@lru_cache(maxsize=1)
def _wechat() -> WechatPayGateway:
    settings = get_settings()
    if settings.wechat is None:
        raise NotFound("WeChat Pay is not set up")
    return WechatPayGateway(settings.wechat, base_url=settings.base_url)


@lru_cache(maxsize=1)
def _alipay() -> AlipayGateway:
    settings = get_settings()
    if settings.alipay is None:
        raise NotFound("Alipay is not set up")
    return AlipayGateway(settings.alipay, base_url=settings.base_url)


def gateway(channel: str) -> Gateway:
    """The channel of that name, also one that is no longer offered: what was paid there may have to be returned.

    Raises: NotFound.
    """
    made: Mapping[str, Callable[[], Gateway]] = {"wechat": _wechat, "alipay": _alipay, "simulator": simulator}
    if channel not in made:
        raise NotFound(f"payment channel {channel}")
    return made[channel]()


def payouts(channel: str) -> Payouts:
    """The channel of that name, which sends money. Raises: NotFound."""
    made: Mapping[str, Callable[[], Payouts]] = {"alipay": _alipay, "simulator": simulator}
    if channel not in made:
        raise NotFound(f"payouts by {channel}")
    return made[channel]()


def bills(channel: str) -> Bills:
    """The channel of that name, which has bills. Raises: NotFound."""
    made: Mapping[str, Callable[[], Bills]] = {"wechat": _wechat, "alipay": _alipay}
    if channel not in made:
        raise NotFound(f"bills of {channel}")
    return made[channel]()


def bill_channels() -> tuple[str, ...]:
    """The open channels that have bills."""
    return tuple(channel for channel in get_settings().payment_channels if channel in ("wechat", "alipay"))


def payout_channel() -> str:
    """The channel that new payouts use. Raises: NotFound when none of the open ones sends money."""
    for channel in ("alipay", "simulator"):
        if channel in get_settings().payment_channels:
            return channel
    raise NotFound("no channel pays out")


def forget() -> None:
    """Make the channels anew at their next use: the settings are others."""
    for made in (simulator, _wechat, _alipay):
        made.cache_clear()


def methods() -> dict[str, str]:
    """What a customer may pay with -> the channel that takes it, in the order in which they are offered.

    The simulator takes every method that has no channel of its own.
    """
    channels = get_settings().payment_channels
    own = {channel: channel for channel in channels if channel in METHODS}
    rest = dict.fromkeys(METHODS, "simulator") if "simulator" in channels else {}
    return own | {method: channel for method, channel in rest.items() if method not in own}
