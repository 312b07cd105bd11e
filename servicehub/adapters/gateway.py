"""Payment channels: the port that each of them is behind, and which are open in this installation.

A channel knows no table: numbers, amounts and states come and go as values of `domain.channel`. Calls block, so they are made in a
thread and never inside a transaction. A lost answer is `GatewayUnknown` or a state UNKNOWN: query it, never assume.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Protocol

from servicehub.adapters.gateway_simulator import GatewaySimulator
from servicehub.domain.channel import (
    ClientAction,
    CloseResult,
    PaymentAnswer,
    PayRequest,
    RefundRequest,
    RefundState,
    Report,
)
from servicehub.errors import NotFound
from servicehub.settings import get_settings


class Gateway(Protocol):
    """One payment channel. Every call may be repeated with the same number."""

    name: str

    def open(self, request: PayRequest) -> ClientAction:
        """Make the payment known to the channel. Raises: GatewayUnknown when the answer was lost."""

    def query(self, no: str) -> PaymentAnswer:
        """What became of a payment; UNKNOWN when the channel does not answer."""

    def close(self, no: str) -> CloseResult:
        """Make sure that the payment can no longer be made; ALREADY_PAID when it was."""

    def refund(self, request: RefundRequest) -> RefundState:
        """Send a refund; PROCESSING means accepted, UNKNOWN that the answer was lost."""

    def query_refund(self, no: str) -> RefundState:
        """What became of a refund; NOT_FOUND when the channel never heard of it."""

    def parse_notify(self, headers: Mapping[str, str], raw: bytes, *, now: datetime) -> list[Report]:
        """The verified reports in a message that the channel sent. Raises: NotAllowed for anything forged, altered or stale."""


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


def gateway(channel: str) -> Gateway:
    """The open channel of that name.

    Raises: NotFound.
    """
    if channel == "simulator":
        return simulator()
    raise NotFound(f"payment channel {channel}")


def default_channel() -> str:
    """The channel that new payments use."""
    return get_settings().payment_channels[0]
