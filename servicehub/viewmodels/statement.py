"""A technician's statement of one month, as the page, the PDF and the table file show it. Amounts are fen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One movement of what the platform owes the technician."""

    id: int
    at: str
    title: str
    order_no: str
    """Empty for what belongs to no order."""
    note: str
    labour_fen: int
    passed_fen: int
    """Travel and fees without commission."""
    commission_fen: int
    tax_fen: int
    """Withheld; negative as the commission is."""
    amount_fen: int
    """+ more is owed to the technician, − less."""
    amount: str
    deducted: str = ""
    """Commission and tax in words; "" where nothing was taken."""


@dataclass(frozen=True, slots=True)
class StatementSum:
    """A total and its name."""

    name: str
    fen: int
    amount: str


@dataclass(frozen=True, slots=True)
class Statement:
    """`opening + Σ rows = closing`, and closing is pending + available + frozen − debt."""

    month: str = ""
    """`2026-11`"""
    before: str = ""
    """The month before; empty when nothing is older."""
    after: str = ""
    """The next month; empty in the current one."""
    name: str = ""
    opening: StatementSum = StatementSum("", 0, "")
    closing: StatementSum = StatementSum("", 0, "")
    sums: tuple[StatementSum, ...] = ()
    """By kind of movement."""
    parts: tuple[StatementSum, ...] = ()
    """What the closing balance consists of."""
    withheld: tuple[StatementSum, ...] = ()
    """The tax withheld in the month, where any was."""
    rows: tuple[StatementRow, ...] = ()
    heads: tuple[str, ...] = ()
    """Column names of the table file."""
    title: str = ""
    made: str = ""
    """When, and by which clock."""
