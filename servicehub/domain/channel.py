"""What passes between this product and a payment channel, as values: what we ask for, what it answers, what it reports by itself.

Owns the vocabulary. "Unknown" is a first-class answer: a lost answer is queried, never taken for a failure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from servicehub.domain.chargeback import ChargebackStatus


class Scene(StrEnum):
    """Where the payer's browser runs, which decides how a channel can be paid."""

    PHONE = "phone"
    DESKTOP = "desktop"
    WECHAT = "wechat"
    """WeChat's own browser."""


IN_WECHAT = "MicroMessenger"
"""In the name of WeChat's own browser."""
_ON_PHONE = re.compile("Mobi|Android|iPhone|iPad")


def scene_of(agent: str) -> Scene:
    """Where a browser runs, by its name."""
    if IN_WECHAT in agent:
        return Scene.WECHAT
    return Scene.PHONE if _ON_PHONE.search(agent) else Scene.DESKTOP


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
    CONFIRMING = "confirming"
    """Waits for the payee, who has to say yes at the channel."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    """Ended because the payee did not say yes; nothing was paid."""
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
    scene: Scene = Scene.PHONE
    openid: str = ""
    """Who pays, in WeChat's own browser."""
    is_shared: bool = False
    """The money is frozen at the channel until the platform has claimed its share."""


@dataclass(frozen=True, slots=True)
class ClientAction:
    """What the browser does next: go to `url`, show it as a code to be scanned, or hand `params` to WeChat's browser."""

    kind: Literal["redirect", "qr", "jsapi"]
    url: str = ""
    params: Mapping[str, str] = field(default_factory=dict)


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
    channel_no: str = ""
    """The channel's own number of a payment that it does not know by ours."""
    return_fen: int = 0
    """What the platform gives back of its share with the same request, where the channel has no other way."""
    is_retry: bool = False
    """The channel had refused it, and a person wants it tried once more."""


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
    is_known: bool = False
    """The channel has spoken of it: it is asked about, and never sent again."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a payee's browser is called with to say yes. `params` is empty where there is nothing to say yes to."""

    state: PayoutState
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """A verified message of a channel, or its answer to our query: a payment that was made, a refund or payout that ended, a
    guarantee that is held, one that has run out (a lapse), a chargeback.

    `event_id` is unique in its channel: the inbox takes each once.
    """

    channel: str
    event_id: str
    kind: Literal["payment", "refund", "guarantee", "lapse", "payout", "chargeback"]
    no: str
    """Ours; of a chargeback the channel's, whose payment is then `channel_no`."""
    amount_fen: int
    channel_no: str = ""
    refund_state: RefundState = RefundState.SUCCEEDED
    payout_state: PayoutState = PayoutState.SUCCEEDED
    chargeback: ChargebackStatus = ChargebackStatus.OPEN
    raw: str = ""

    def foreign(self) -> Report:
        """The same event as one about nothing of ours: another merchant's, kept in the inbox as suspect."""
        return replace(self, no="")


class OutcomeKind(StrEnum):
    PAID = "paid"
    EXTRA = "extra"
    DUPLICATE = "duplicate"
    SUSPECT = "suspect"
    REFUND = "refund"
    PAYOUT = "payout"
    HELD = "held"
    """A guarantee: the order takes it up."""
    LAPSED = "lapsed"
    CHARGEBACK = "chargeback"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a channel's report came to. Ids are 0 where there is nothing."""

    kind: OutcomeKind
    order_id: int = 0
    payment_id: int = 0
    refund_id: int = 0
