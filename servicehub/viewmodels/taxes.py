"""What technicians earned and what tax was withheld of it, as a table of lines: a year by months, or a quarter by technicians."""

from __future__ import annotations

from dataclasses import dataclass, field

from servicehub.viewmodels.statement import StatementSum


@dataclass(frozen=True, slots=True)
class TaxLine:
    """`gross − commission − tax = net`; `base`: of the gross, the jobs of which some was withheld; `paid`: taken out."""

    label: str = ""
    fens: tuple[int, ...] = ()
    """The same amounts in the order of the heads: gross, commission, base, tax, net, paid."""
    gross: str = ""
    commission: str = ""
    base: str = ""
    tax: str = ""
    net: str = ""
    paid: str = ""

    @property
    def commission_fen(self) -> int:
        return self.fens[1]

    @property
    def tax_fen(self) -> int:
        return self.fens[3]

    @property
    def net_fen(self) -> int:
        return self.fens[4]

    @property
    def paid_fen(self) -> int:
        return self.fens[5]


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
class VatMonth:
    """Value-added tax booked for a month's days so far, by all cities."""

    period: str = ""
    """`2026-03`."""
    sold: str = ""
    """Tax included."""
    rates: str = ""
    """`1%`, or several of them."""
    tax: str = ""


@dataclass(frozen=True, slots=True)
class Quarter:
    """A quarter that can be taken home, and what its entries withheld."""

    period: str = ""
    tax: str = ""
