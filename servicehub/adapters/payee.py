"""Payouts to which the payee says yes at the channel: the port, who asks for it, and where a visitor of a demo does.

Calls block, so they are made in a thread and never inside a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from urllib.parse import urlencode

from servicehub.adapters.gateway import payouts
from servicehub.adapters.wechat_transfer import WechatTransfer
from servicehub.domain.channel import Confirmation, PayoutRequest, PayoutState, Report, Scene
from servicehub.errors import NotFound
from servicehub.settings import WECHAT_PAGE, WECHAT_PAY_API, get_settings


class Payees(Protocol):
    """A channel that asks its payees."""

    name: str
    acknowledgement: str

    def confirmation(self, request: PayoutRequest) -> Confirmation:
        """How a payout stands, and what the payee's browser is called with while it waits for him."""

    def cancel(self, no: str) -> PayoutState:
        """Take a payout back that still waits for its payee; returns how it stands then, whoever was faster."""

    def parse_payout(self, headers: Mapping[str, str], raw: bytes, *, now: datetime) -> list[Report]:
        """The verified reports in a message about payouts. Raises: Forged for anything forged, altered or stale."""


def payees(channel: str) -> Payees:
    """The channel of that name, which asks. Raises: NotFound."""
    made = payouts(channel)
    if isinstance(made, WechatTransfer):
        return made
    raise NotFound(f"payees of {channel}")


def can_log_in(scene: Scene) -> bool:
    """Whether WeChat's log-in answers this browser: its own one, or any at the simulator."""
    settings = get_settings()
    return scene is Scene.WECHAT or (settings.wechat is not None and settings.wechat.oauth_page != WECHAT_PAGE)


def demo_confirm(params: Mapping[str, str], back: str) -> str:
    """Where a visitor of a demo says yes without WeChat, who then returns to `back`; empty at the real platform."""
    settings = get_settings()
    package, account = params.get("package"), settings.wechat
    if not settings.simulators_allowed or not package or account is None or account.api == WECHAT_PAY_API:
        return ""
    asked = {"package": package, "redirect_url": f"{settings.base_url.rstrip('/')}{back}"}
    return f"{account.api}/cashier/transfer?{urlencode(asked)}"
