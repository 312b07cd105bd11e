"""What technicians earned and what tax was withheld of it, as a table of lines: a year by months, or a quarter by technicians."""

from __future__ import annotations

from dataclasses import dataclass, field

from servicehub.viewmodels.statement import StatementSum


@dataclass(frozen=True, slots=True)
class TaxLine:
    """`gross − commission − tax = net`, fen; the same amounts are written beside."""

    label: str = ""
    gross_fen: int = 0
    commission_fen: int = 0
    base_fen: int = 0
    """Of what was earned before tax: the jobs of which some was withheld."""
    tax_fen: int = 0
    net_fen: int = 0
    paid_fen: int = 0
    """Taken out."""
    gross: str = ""
    commission: str = ""
    base: str = ""
    tax: str = ""
    net: str = ""
    paid: str = ""

    @property
    def fens(self) -> tuple[int, ...]:
        """In the order of the heads."""
        return self.gross_fen, self.commission_fen, self.base_fen, self.tax_fen, self.net_fen, self.paid_fen


@dataclass(frozen=True, slots=True)
class TaxSheet:
    """`total` is the sum of `lines`; a technician's year has balances, too: opening + net − paid = closing."""

    period: str = ""
    """`2026` or `2026-Q4`."""
    before: str = ""
    """The period before; empty when nothing is older."""
    after: str = ""
    name: str = ""
    """The technician; empty for all of them."""
    title: str = ""
    made: str = ""
    heads: tuple[str, ...] = ()
    """Names of the label's column and of the amounts'."""
    lines: tuple[TaxLine, ...] = ()
    total: TaxLine = field(default_factory=TaxLine)
    sums: tuple[StatementSum, ...] = ()
    """Beside the table: balances of a year, the account that a quarter's tax stands on."""


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter that can be taken home, and what its entries withheld."""

    period: str = ""
    tax: str = ""
