"""What operators see of payments, refunds and parked messages, already written in their language."""

from __future__ import annotations

from dataclasses import dataclass

from servicehub.viewmodels.operator import Choice


@dataclass(frozen=True, slots=True)
class Sum:
    """A figure above a list: about everything that is filtered, not only about the page."""

    key: str
    name: str
    value: str
    hint: str


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """One payment."""

    no: str
    short: str
    """The number's beginning and end."""
    order_no: str
    item: str
    method: str
    channel_no: str
    at: str
    state_label: str
    tone: str
    """Class of the kit's tag."""
    amount: str
    returned: str
    """What was promised back of it; empty for nothing."""


@dataclass(frozen=True, slots=True)
class RefundLine:
    """One refund, with what this operator may do about it."""

    no: str
    short: str
    order_no: str
    payment: str
    """What it goes back of, in words."""
    method: str
    reason: str
    at: str
    state_label: str
    tone: str
    note: str
    """How often it was tried, or who wants it in the balance and why."""
    amount: str
    may_retry: bool
    may_propose: bool
    may_give: bool


@dataclass(frozen=True, slots=True)
class Choices:
    """What a list can be narrowed by."""

    channels: tuple[Choice, ...] = ()
    items: tuple[Choice, ...] = ()
    reasons: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class PaymentList:
    rows: tuple[PaymentLine, ...] = ()
    sums: tuple[Sum, ...] = ()
    total: int = 0
    pages: int = 1
    page: int = 1
    may_trace: bool = False
    """Whether the ledger may be read."""


@dataclass(frozen=True, slots=True)
class RefundList:
    rows: tuple[RefundLine, ...] = ()
    sums: tuple[Sum, ...] = ()
    total: int = 0
    pages: int = 1
    page: int = 1
    may_trace: bool = False


@dataclass(frozen=True, slots=True)
class SuspectRow:
    """A message of a channel that fits nothing of ours."""

    key: str
    channel: str
    channel_name: str
    event_id: str
    when: str
    raw: str
    """The beginning of what it says."""
    is_open: bool
    closed: str
    """Who put it away, when and why."""
