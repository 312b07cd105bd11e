"""Profit sharing at payment channels: the port, and who implements it.

The account at the channel is then the company's; the platform's own number is the receiver of the share.
"""

from __future__ import annotations

from typing import Protocol

from servicehub.adapters.alipay import AlipayGateway
from servicehub.adapters.alipay_royalty import AlipayRoyalty
from servicehub.adapters.gateway import gateway
from servicehub.adapters.gateway_simulator import GatewaySimulator
from servicehub.adapters.sharing_simulator import SharingSimulator
from servicehub.adapters.wechat_pay import WechatPayGateway
from servicehub.adapters.wechat_sharing import WechatSharing
from servicehub.domain.sharing import ShareAnswer, ShareRequest
from servicehub.errors import NotFound


class Sharing(Protocol):
    """A channel that divides a payment. Every call may be repeated with the same number."""

    def add_receiver(self) -> ShareAnswer:
        """Make the platform's account known as a receiver; again changes nothing."""

    def share(self, request: ShareRequest) -> ShareAnswer:
        """Claim a share, unfreeze the rest or return a share, as `request.kind` says; PROCESSING means accepted."""

    def query_share(self, request: ShareRequest) -> ShareAnswer:
        """What became of it; NOT_FOUND when the channel never heard of the number."""


def sharing(channel: str) -> Sharing:
    """The channel of that name, which shares. Raises: NotFound."""
    made = gateway(channel)
    if isinstance(made, WechatPayGateway):
        return WechatSharing(made)
    if isinstance(made, AlipayGateway):
        return AlipayRoyalty(made)
    if isinstance(made, GatewaySimulator):
        return SharingSimulator(made)
    raise NotFound(f"profit sharing by {channel}")
