"""What passes between this product and a payment channel, as values: what we ask for, what it answers, what it reports by itself.

Owns the vocabulary. "Unknown" is a first-class answer: a lost answer is queried, never taken for a failure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal


class PayState(StrEnum):
    WAITING = "waiting"
    PAID = "paid"
    CLOSED = "closed"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


class CloseResult(StrEnum):
    CLOSED = "closed"
    ALREADY_PAID = "already_paid"
    UNKNOWN = "unknown"


class RefundState(StrEnum):
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


class PayoutState(StrEnum):
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    NOT_FOUND = "not_found"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PayRequest:
    """What the customer is asked to pay. `no` is ours and was stored before the channel hears of it."""

    no: str
    order_no: str
    channel: str
    method: str
    amount_fen: int
    title: str
    expires_at: datetime
    return_path: str
    client_ip: str = ""
    """Whence the browser asks; some channels want to know."""


@dataclass(frozen=True, slots=True)
class ClientAction:
    """What the browser does next."""

    kind: Literal["redirect"]
    url: str


@dataclass(frozen=True, slots=True)
class PaymentAnswer:
    """A channel's answer to a query. `amount_fen` and `channel_no` mean something when PAID."""

    no: str
    state: PayState
    amount_fen: int = 0
    channel_no: str = ""


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """A refund to send; every retry carries the same `no`."""

    no: str
    payment_no: str
    channel: str
    amount_fen: int
    paid_fen: int
    tries: int
    """1 at the first sending."""


@dataclass(frozen=True, slots=True)
class PayoutRequest:
    """Money to send to somebody's account at the channel; every retry carries the same `no`."""

    no: str
    channel: str
    amount_fen: int
    account: str
    name: str
    """The owner; the channel refuses an account that belongs to somebody else."""
    tries: int
    """1 at the first sending."""


@dataclass(frozen=True, slots=True)
class Report:
    """A verified message of a channel, or its answer to our query: a payment that was made or a refund that ended.

    `event_id` is unique in its channel: the inbox takes each once.
    """

    channel: str
    event_id: str
    kind: Literal["payment", "refund"]
    no: str
    amount_fen: int
    channel_no: str = ""
    refund_state: RefundState = RefundState.SUCCEEDED
    raw: str = ""

    def foreign(self) -> Report:
        """The same event as one about nothing of ours: another merchant's, kept in the inbox as suspect."""
        return replace(self, no="")
