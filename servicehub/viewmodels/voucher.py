"""What the page of vouchers shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """What an account holds, and one thing that can be booked of it by hand."""

    key: str
    name: str
    code: str
    amount: str
    kind: str
    channel: str
    action: str
    most: str
    """What the form begins with: all of it, in yuan."""


@dataclass(frozen=True, slots=True)
class VoucherRow:
    """One voucher."""

    id: int
    title: str
    amount: str
    when: str
    note: str
    people: str
    state_label: str
    tone: str
    may_agree: bool
    may_drop: bool


@dataclass(frozen=True, slots=True)
class Vouchers:
    """The page."""

    positions: tuple[Position, ...] = ()
    rows: tuple[VoucherRow, ...] = ()
    waits: int = 0
