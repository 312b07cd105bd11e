"""Guarantees at payment channels: the port that each of them is behind, and which are offered in this installation.

Calls block, so they are made in a thread and never inside a transaction. A lost answer is `GatewayUnknown` or a state UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from servicehub.adapters.alipay_freeze import AlipayFreeze
from servicehub.adapters.stripe_hold import StripeHold
from servicehub.adapters.wechat_payscore import WechatPayScore
from servicehub.domain.channel import ClientAction, Report
from servicehub.domain.guarantee import METHODS, CaptureRequest, HoldAnswer, HoldRequest, method_of
from servicehub.errors import NotFound
from servicehub.settings import Settings, get_settings


class Guarantees(Protocol):
    """A channel that secures a payment. Every call may be repeated with the same number."""

    name: str
    acknowledgement: str

    def hold(self, request: HoldRequest) -> ClientAction:
        """Make the guarantee known to the channel. Raises: GatewayUnknown when the answer was lost."""

    def look(self, no: str) -> HoldAnswer:
        """What became of it; UNKNOWN when the channel does not answer."""

    def capture(self, request: CaptureRequest) -> HoldAnswer:
        """Take an amount, once, and give the rest back; CAPTURING means accepted, UNKNOWN that the answer was lost."""

    def release(self, no: str) -> HoldAnswer:
        """Make sure that nothing can be taken any more: CLOSED; CAPTURED when it was taken before."""

    def settled_otherwise(self, no: str, at: datetime) -> HoldAnswer:
        """A capture that the channel still collects is not wanted any more: it was paid otherwise at `at`."""

    def parse_hold(self, headers: Mapping[str, str], raw: bytes, *, now: datetime) -> list[Report]:
        """The verified reports in a message about guarantees. Raises: Forged for anything forged, altered or stale."""


@lru_cache(maxsize=1)
def _wechat() -> WechatPayScore:
    settings = get_settings()
    if settings.wechat is None or not settings.wechat.payscore_service_id:
        raise NotFound("WeChat Pay score is not set up")
    return WechatPayScore(settings.wechat, base_url=settings.base_url)


@lru_cache(maxsize=1)
def _alipay() -> AlipayFreeze:
    settings = get_settings()
    if settings.alipay is None:
        raise NotFound("Alipay is not set up")
    return AlipayFreeze(settings.alipay, base_url=settings.base_url)


@lru_cache(maxsize=1)
def _stripe() -> StripeHold:
    settings = get_settings()
    if settings.stripe is None:
        raise NotFound("Stripe is not set up")
    return StripeHold(settings.stripe, base_url=settings.base_url)


def guarantees(channel: str) -> Guarantees:
    """The channel of that name, also one that is no longer offered: what it holds may have to be released.

    Raises: NotFound.
    """
    made: Mapping[str, Callable[[], Guarantees]] = {"wechat": _wechat, "alipay": _alipay, "stripe": _stripe}
    if channel not in made:
        raise NotFound(f"guarantees by {channel}")
    return made[channel]()


def offered(settings: Settings | None = None) -> tuple[str, ...]:
    """Methods that a customer may give a guarantee with, in the order in which channels are offered.

    None where companies are paid: what is captured could not be shared with the platform.
    """
    settings = settings or get_settings()
    if settings.settlement_mode == "partner":
        return ()
    ready = {
        "wechat": settings.wechat is not None and bool(settings.wechat.payscore_service_id),
        "alipay": settings.alipay is not None and settings.alipay.freeze,
        "stripe": settings.stripe is not None,
    }
    given_at = METHODS.values()
    return tuple(method_of(name) for name in settings.payment_channels if name in given_at and ready[name])


def forget() -> None:
    """Make the channels anew at their next use: the settings are others."""
    _wechat.cache_clear()
    _alipay.cache_clear()
    _stripe.cache_clear()
