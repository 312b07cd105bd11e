"""Invoices as customers and operators see them, and as they are printed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class InvoicePage:
    """The customer's page of one order's invoice. `state`: none, requested, issued, refused, voided, early."""

    order_no: str = ""
    service: str = ""
    amount: str = ""
    state: str = ""
    state_label: str = ""
    note: str = ""
    no: str = ""
    title: str = ""
    tax_no: str = ""
    is_company: bool = False
    fiscal_no: str = ""
    is_stale: bool = False
    """Money went back since it was issued."""


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """A line of the operators' list."""

    no: str = ""
    order_no: str = ""
    title: str = ""
    tax_no: str = ""
    amount: str = ""
    asked: str = ""
    state: str = ""
    state_label: str = ""
    tone: str = ""
    note: str = ""
    may_issue: bool = False
    may_end: bool = False
    is_stale: bool = False


@dataclass(frozen=True, slots=True)
class InvoiceList:
    rows: tuple[InvoiceRow, ...] = ()
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class PrintedLine:
    name: str
    net: str
    rate: str
    tax: str
    gross: str


@dataclass(frozen=True, slots=True)
class PrintedInvoice:
    """What stands on the paper; every word is in the reader's language."""

    no: str
    heading: str
    facts: tuple[tuple[str, str], ...]
    heads: tuple[str, ...]
    lines: tuple[PrintedLine, ...]
    totals: PrintedLine
    footnote: str
