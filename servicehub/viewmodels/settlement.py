"""Settlements as operators see them: what became available on a day, what matures next, what a dispute holds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything of one technician that became available on one day."""

    technician_id: int = 0
    name: str = ""
    portrait: str = ""
    count: int = 0
    available: str = ""
    repaid: str = ""
    """What of it repaid a debt; empty for nothing."""
    aside: str = ""
    """What of it went to the deposit; empty for nothing."""
    total: str = ""


@dataclass(frozen=True, slots=True)
class SettledLine:
    """One order's earning."""

    order_no: str = ""
    name: str = ""
    when: str = ""
    amount: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class DueDay:
    """What matures on a day, if no dispute holds it."""

    day: str = ""
    count: int = 0
    amount: str = ""


@dataclass(frozen=True, slots=True)
class Settlements:
    day: str = ""
    last_day: str = ""
    total: str = ""
    count: int = 0
    batches: tuple[Batch, ...] = ()
    lines: tuple[SettledLine, ...] = ()
    due: tuple[DueDay, ...] = ()
    pending: str = ""
    """Of all technicians of the city, not matured."""
    frozen: tuple[SettledLine, ...] = ()
    frozen_sum: str = ""
