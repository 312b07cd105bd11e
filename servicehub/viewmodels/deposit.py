"""What the pages about guarantee deposits show, to a technician and to operators."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DepositRow:
    """One of a technician's own wishes to have it back."""

    no: str
    amount: str
    when: str
    state_label: str
    tone: str
    note: str
    """What happens next, or why it came to nothing."""
    may_cancel: bool


@dataclass(frozen=True, slots=True)
class Depositing:
    """A technician's deposit."""

    held: str = ""
    target: str = ""
    """Empty where none is asked for."""
    missing: str = ""
    """To the target; empty when nothing is."""
    available: str = ""
    most: str = ""
    """The largest amount that can be put aside now, as it is typed; empty when nothing can."""
    rules: tuple[str, ...] = ()
    """How it grows, what it is for, and when it goes back."""
    keeps: tuple[str, ...] = ()
    """What stands in the way of giving it back now."""
    may_ask: bool = False
    is_asked: bool = False
    by_company: bool = False
    rows: tuple[DepositRow, ...] = ()


@dataclass(frozen=True, slots=True)
class DepositWish:
    """A wish as operators see it."""

    no: str
    technician_id: int
    name: str
    portrait: str
    amount: str
    """What the deposit holds; when decided, what was given back or asked for."""
    fen: int
    owed: str
    """What is repaid of it; empty for nothing."""
    when: str
    state_label: str
    tone: str
    note: str
    """What keeps it, or why it was refused, or who decided."""
    may_decide: bool
    may_give: bool


@dataclass(frozen=True, slots=True)
class DepositRules:
    """What the city asks for, as it is typed; version 0 when none was adopted."""

    version: int = 0
    is_on: bool = False
    target: str = ""
    share: str = ""
    """Percent of an earning."""
    hold_days: str = ""
    may_write: bool = False


@dataclass(frozen=True, slots=True)
class DepositDesk:
    """Everything that operators see of deposits."""

    rules: DepositRules = DepositRules()
    held: str = ""
    """Of all technicians of the city."""
    people: int = 0
    waiting: int = 0
    rows: tuple[DepositWish, ...] = ()
