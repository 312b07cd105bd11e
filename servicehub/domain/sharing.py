"""Settlement mode and profit sharing (分账): who receives customers' money, what the platform may claim of it, and what comes back.

Owns the arithmetic of shares and the vocabulary between this product and a channel that shares. Amounts are integer fen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from servicehub.domain.money import BP, scaled, split
from servicehub.domain.settlement import Split


class SettlementMode(StrEnum):
    """Who the customer pays."""

    SELF_OPERATED = "self_operated"
    """The platform sells: all money is the platform's, technicians are paid for their work."""
    PARTNER = "partner"
    """The company that comes sells: its own account at the channel is paid, the platform claims its commission as a share."""


MOST_BP = 3_000
"""The largest share of a payment: the channels refuse more."""
EARLIEST = timedelta(seconds=60)
"""After a payment, before which no share may be claimed."""
RETURNS_WITH_REFUND = ("alipay",)
"""Channels without a return of its own: the refund names what the receivers of shares give back."""
SHARING_CHANNELS = ("wechat", "alipay", "simulator")


class ShareKind(StrEnum):
    SHARE = "share"
    """The platform's commission, from the company's account to the platform's."""
    UNFREEZE = "unfreeze"
    """The rest of the payment: the company may use it."""
    RETURN = "return"
    """A part of a share goes back, so that the company can refund the customer."""


class ShareStatus(StrEnum):
    NEW = "new"
    SENT = "sent"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The channel said no; somebody has to look, and may try again."""
    VOID = "void"
    """Nothing is left to do: refunds took it away before it was carried out."""


OPEN = (ShareStatus.NEW, ShareStatus.SENT)


class ShareState(StrEnum):
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ShareRequest:
    """What to ask of a channel; every retry carries the same `no`."""

    no: str
    kind: ShareKind
    channel: str
    payment_no: str
    channel_no: str
    """The payment's number at the channel."""
    amount_fen: int
    tries: int
    """1 at the first sending."""
    share_no: str = ""
    """Of a return: the number of the share."""


@dataclass(frozen=True, slots=True)
class ShareAnswer:
    """`reason`: the channel's own code, when it said no."""

    state: ShareState
    reason: str = ""


UNKNOWN = ShareAnswer(ShareState.UNKNOWN)


def most_share(base_fen: int) -> int:
    """The largest share of a payment of which `base_fen` is left."""
    return base_fen * MOST_BP // BP


def of_partner(whole: Split, room_fen: int) -> Split:
    """The same split where the company was paid: the commission is at most `room_fen` of what the customer paid, besides what the
    platform's own coupon pays; the rest, untaxed, is the company's, who pays its technicians."""
    commission = min(whole.commission_fen, room_fen + whole.subsidy_fen)
    net = whole.paid_fen + whole.subsidy_fen - commission
    return replace(whole, commission_fen=commission, tax_fen=0, net_fen=net, shares=())


def allotted(claim_fen: int, bases: Sequence[int]) -> list[int]:
    """`claim_fen` over the payments of which `bases` are left, none above its ratio; the parts sum to the claim.

    Raises: ValueError for more than all of them together may give.
    """
    rooms = [most_share(base) for base in bases]
    if not 0 <= claim_fen <= sum(rooms):
        raise ValueError(f"{claim_fen} of {rooms}")
    return split(claim_fen, rooms) if claim_fen else [0] * len(rooms)


def part_returned(share_fen: int, base_fen: int, before_fen: int, refund_fen: int) -> int:
    """What of a share comes back for a refund of `refund_fen` after `before_fen`; all refunds together return the whole share."""
    last = min(before_fen + refund_fen, base_fen)
    return scaled(share_fen, last, base_fen) - scaled(share_fen, min(before_fen, base_fen), base_fen)
