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
from servicehub.adapters.stripe_pay import StripeGateway
from servicehub.adapters.wechat_oauth import WechatOAuth
from servicehub.adapters.wechat_pay import WechatPayGateway
from servicehub.adapters.wechat_transfer import WechatTransfer
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
from servicehub.domain.payment import CASH
from servicehub.domain.reconciliation import BillLine
from servicehub.errors import NotFound
from servicehub.settings import WECHAT_PAY_API, Settings, get_settings

METHODS = {"wechat": "wechat", "alipay": "alipay", "stripe": "card"}
"""Channel -> the method that customers know it by."""
SIMULATED = ("wechat", "alipay")
"""Methods that the simulator takes where they have no channel of their own."""


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
        """The verified reports in a message that the channel sent. Raises: Forged for anything forged, altered or stale."""


class Payouts(Protocol):
    """A channel that also sends money. Every call may be repeated with the same number."""

    name: str
    wants_repeats: bool
    """Whether what is PROCESSING may hang until the same request comes again, as soon as the merchant has money."""

    def payout(self, request: PayoutRequest) -> PayoutState:
        """Send money; PROCESSING means accepted, CONFIRMING that the payee has to say yes, UNKNOWN that the answer was lost."""

    def query_payout(self, no: str) -> PayoutState:
        """What became of it; NOT_FOUND when the channel never heard of it."""


class Bills(Protocol):
    """A channel that says afterwards what it has done."""

    name: str

    def bill(self, day: date, *, with_shares: bool = False) -> list[BillLine]:
        """Everything of one of its days, under our numbers; shares, where a company is paid, may be under those of their payments.

        Raises: BillUnavailable when it does not answer, or not wholly.
        """


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


@lru_cache(maxsize=1)
def _stripe() -> StripeGateway:
    settings = get_settings()
    if settings.stripe is None:
        raise NotFound("Stripe is not set up")
    return StripeGateway(settings.stripe, base_url=settings.base_url)


def gateway(channel: str) -> Gateway:
    """The channel of that name, also one that is no longer offered: what was paid there may have to be returned.

    Raises: NotFound.
    """
    made: Mapping[str, Callable[[], Gateway]] = {
        "wechat": _wechat,
        "alipay": _alipay,
        "stripe": _stripe,
        "simulator": simulator,
    }
    if channel not in made:
        raise NotFound(f"payment channel {channel}")
    return made[channel]()


def _transfers() -> WechatTransfer:
    return WechatTransfer(_wechat(), base_url=get_settings().base_url)


def wechat_oauth() -> WechatOAuth:
    """Who somebody is in WeChat's browser. Raises: NotFound where no app secret is set up."""
    account = get_settings().wechat
    if account is None or account.app_secret is None:
        raise NotFound("WeChat's log-in is not set up")
    return WechatOAuth(account)


def pays_in_wechat() -> bool:
    """Whether customers can pay inside WeChat's own browser."""
    settings = get_settings()
    return (
        "wechat" in settings.payment_channels and settings.wechat is not None and settings.wechat.app_secret is not None
    )


def demo_scan(channel: str, code: str) -> str:
    """Where a visitor of a demo scans a simulated `code` without a second device; empty for real ones."""
    settings = get_settings()
    if not settings.simulators_allowed:
        return ""
    if channel == "wechat" and settings.wechat is not None and settings.wechat.api != WECHAT_PAY_API:
        return f"{settings.wechat.api}/cashier/wechat?pr={code.partition('pr=')[2]}"
    return code if code.startswith("http://") else ""


def payouts(channel: str) -> Payouts:
    """The channel of that name, which sends money. Raises: NotFound."""
    made: Mapping[str, Callable[[], Payouts]] = {"alipay": _alipay, "wechat": _transfers, "simulator": simulator}
    if channel not in made:
        raise NotFound(f"payouts by {channel}")
    return made[channel]()


def bills(channel: str) -> Bills:
    """The channel of that name, which has bills. Raises: NotFound."""
    made: Mapping[str, Callable[[], Bills]] = {"wechat": _wechat, "alipay": _alipay, "stripe": _stripe}
    if channel not in made:
        raise NotFound(f"bills of {channel}")
    return made[channel]()


def bill_channels() -> tuple[str, ...]:
    """The open channels that have bills."""
    return tuple(channel for channel in get_settings().payment_channels if channel in METHODS)


def payout_channels(settings: Settings | None = None) -> tuple[str, ...]:
    """The open channels that send money, the usual one first; the simulator only where there is no other."""
    settings = settings or get_settings()
    ready = {"alipay": True, "wechat": settings.wechat is not None and settings.wechat.pays_out}
    found = tuple(channel for channel in ready if channel in settings.payment_channels and ready[channel])
    return found or tuple(channel for channel in settings.payment_channels if channel == "simulator")


def forget() -> None:
    """Make the channels anew at their next use: the settings are others."""
    for made in (simulator, _wechat, _alipay, _stripe):
        made.cache_clear()


def methods() -> dict[str, str]:
    """What a customer may pay with -> the channel that takes it, in the order in which they are offered.

    The simulator takes wallets that have no channel of their own, never cards. Cash is last, and off unless it is named.
    """
    channels = get_settings().payment_channels
    own = {METHODS[channel]: channel for channel in channels if channel in METHODS}
    rest = dict.fromkeys(SIMULATED, "simulator") if "simulator" in channels else {}
    found = own | {method: channel for method, channel in rest.items() if method not in own}
    return found | ({CASH: CASH} if CASH in channels else {})
