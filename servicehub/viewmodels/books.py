"""The books from the inside: a number's trace, an account's statement, the accounts of a group. Amounts are + debit, − credit."""

from __future__ import annotations

from dataclasses import dataclass

from servicehub.viewmodels.money import EntryRow, Ref


@dataclass(frozen=True, slots=True)
class Touched:
    """An account with what a trace's entries did to it."""

    code: str = ""
    name: str = ""
    debit: str = ""
    credit: str = ""
    left: str = ""
    """Debits − credits: what these entries left there."""


@dataclass(frozen=True, slots=True)
class TracePart:
    """Entries beside those that were asked for, and why they stand here."""

    key: str = ""
    title: str = ""
    note: str = ""
    entries: tuple[EntryRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """What was found for a number: entries, what they add up to, what they touched, and what came before or afterwards."""

    query: str = ""
    order_no: str = ""
    refs: tuple[Ref, ...] = ()
    """Where else to look."""
    account: str = ""
    """The code, when an account was asked for."""
    entries: tuple[EntryRow, ...] = ()
    more: str = ""
    """What is left out, if anything is."""
    sum: str = ""
    touched: tuple[Touched, ...] = ()
    parts: tuple[TracePart, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One posting of an account, with the balance after it. `others`: the entry's other accounts."""

    id: int = 0
    key: str = ""
    title: str = ""
    at: str = ""
    refs: tuple[Ref, ...] = ()
    others: tuple[str, ...] = ()
    debit: str = ""
    credit: str = ""
    balance: str = ""


@dataclass(frozen=True, slots=True)
class AccountSheet:
    """One account, newest first. `opening` + Σ lines of the page = `closing`; `code` "" when there is none."""

    code: str = ""
    name: str = ""
    group: str = ""
    kind: str = ""
    owners: tuple[Ref, ...] = ()
    balance: str = ""
    """Of everything that was ever posted."""
    opening: str = ""
    closing: str = ""
    lines: tuple[AccountLine, ...] = ()
    total: int = 0
    page: int = 1
    pages: int = 1


@dataclass(frozen=True, slots=True)
class GroupLine:
    code: str = ""
    owners: tuple[Ref, ...] = ()
    postings: int = 0
    balance: str = ""


@dataclass(frozen=True, slots=True)
class GroupSheet:
    """The accounts of a group, the largest balance first; `group` "" when there is none."""

    group: str = ""
    name: str = ""
    balance: str = ""
    lines: tuple[GroupLine, ...] = ()
    total: int = 0
    page: int = 1
    pages: int = 1
