"""Invoices: their states, whose name stands on them, and the tax that an amount contains.

Owns the arithmetic: prices contain the tax, so `net = gross / (1 + rate)`, half up to the fen, and the tax is the rest; lines are
shares of what was paid by the largest remainder, so that they sum to it exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from servicehub.domain.money import BP, scaled, split


class InvoiceStatus(StrEnum):
    REQUESTED = "requested"
    ISSUED = "issued"
    REFUSED = "refused"
    VOIDED = "voided"


LIVING = (InvoiceStatus.REQUESTED, InvoiceStatus.ISSUED)
"""At most one of an order is in one of these."""


class TitleKind(StrEnum):
    PERSON = "person"
    COMPANY = "company"


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """`net_fen + tax_fen = gross_fen`."""

    name: str
    gross_fen: int
    net_fen: int
    tax_fen: int


def taxed(name: str, gross_fen: int, rate_bp: int) -> InvoiceLine:
    """A line whose `gross_fen` contains the tax of `rate_bp` basis points of its net."""
    net = scaled(gross_fen, BP, BP + rate_bp)
    return InvoiceLine(name, gross_fen, net, gross_fen - net)


def invoice_lines(priced: Iterable[tuple[str, int]], paid_fen: int, rate_bp: int) -> list[InvoiceLine]:
    """What was paid, by line of the price: (name, fen) each, discounts negative, which lower every other line in proportion.

    Raises: ValueError when nothing was paid or nothing priced.
    """
    lines: Sequence[tuple[str, int]] = [(name, fen) for name, fen in priced if fen > 0]
    if paid_fen <= 0 or not lines:
        raise ValueError(f"{paid_fen} paid for {len(lines)} lines")
    parts = split(paid_fen, [fen for _name, fen in lines])
    return [taxed(name, part, rate_bp) for (name, _fen), part in zip(lines, parts, strict=True) if part]
