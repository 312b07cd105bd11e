"""Guarantees for paying after the service: the customer's channel promises up to an amount, which is taken when the visit is done.

Owns the statuses, and what passes between this product and a channel as values. Until it is captured the money is the customer's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class GuaranteeStatus(StrEnum):
    WAITING = "waiting"
    """Opened; the customer has not agreed yet."""
    HELD = "held"
    CAPTURING = "capturing"
    """The amount due is being taken, as the payment of the same number."""
    CAPTURED = "captured"
    RELEASING = "releasing"
    """Not needed any more; the channel is being told."""
    RELEASED = "released"
    FAILED = "failed"
    """Refused, run out, or nothing could be taken: the customer pays as usual."""


LIVING = (GuaranteeStatus.WAITING, GuaranteeStatus.HELD, GuaranteeStatus.CAPTURING)
"""An order has one guarantee in these at most."""
SECURES = (GuaranteeStatus.WAITING, GuaranteeStatus.HELD, GuaranteeStatus.CAPTURING, GuaranteeStatus.CAPTURED)
"""With one in these an order does not draw on the credit of its customer."""
METHODS = {"wechat": "wechat", "alipay": "alipay", "card": "stripe"}
"""What a guarantee can be given with -> the channel that it is given at."""


def method_of(channel: str) -> str:
    """What customers know a channel by. Raises: KeyError for one without guarantees."""
    return {given_at: method for method, given_at in METHODS.items()}[channel]


class HoldState(StrEnum):
    WAITING = "waiting"
    HELD = "held"
    CAPTURING = "capturing"
    """The channel is collecting."""
    CAPTURED = "captured"
    CLOSED = "closed"
    """Refused, run out, cancelled or unfrozen: nothing can be taken."""
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """What the customer is asked to agree to. `no` is ours and was stored before the channel hears of it."""

    no: str
    channel: str
    amount_fen: int
    title: str
    minutes: int
    """How long the customer has to agree…"""
    expires_at: datetime
    """…which is until then."""
    return_path: str


@dataclass(frozen=True, slots=True)
class CaptureRequest:
    """What to take of a guarantee, once. A retry carries the same values; `at` is when we decided to."""

    no: str
    amount_fen: int
    title: str
    at: datetime
    tries: int
    """1 at the first sending."""


@dataclass(frozen=True, slots=True)
class HoldAnswer:
    """What a channel says of a guarantee. `amount_fen`: held when HELD, taken when CAPTURED, then under `channel_no`."""

    no: str
    state: HoldState
    amount_fen: int = 0
    channel_no: str = ""
