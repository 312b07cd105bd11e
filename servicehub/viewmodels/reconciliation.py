"""What the page of bills shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BillLineRow:
    """One channel's bill of one day."""

    id: int
    channel: str
    day: str
    matched: str
    other_day: str
    net: str
    fee: str
    unexplained: str
    waits: int
    """Differences that nobody has resolved."""
    state: str
    """closed, ready (nothing is left), open."""
    state_label: str
    tone: str


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One thing that does not fit."""

    id: int
    kind: str
    no: str
    theirs: str
    ours: str
    net: str
    state_label: str
    tone: str
    note: str
    may_propose: bool
    may_agree: bool


@dataclass(frozen=True, slots=True)
class Bills:
    """The bills, and the chosen one's proof and differences."""

    rows: tuple[BillLineRow, ...] = ()
    chosen: int = 0
    title: str = ""
    ref: str = ""
    """By which the ledger's trace finds what was booked from it."""
    proof: tuple[tuple[str, str], ...] = ()
    """Words and amounts that come to what is unexplained."""
    is_proven: bool = False
    waits: int = 0
    """Differences of the chosen bill that nobody has resolved."""
    may_close: bool = False
    differences: tuple[DifferenceRow, ...] = ()
    yesterday: str = ""
