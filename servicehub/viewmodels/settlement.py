"""Settlements as operators see them: batches, what became available on a day, what matures next, what a dispute holds."""

from __future__ import annotations

from dataclasses import dataclass

from servicehub.viewmodels.statement import StatementSum


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A settlement batch in the list."""

    no: str = ""
    cut_off: str = ""
    earnings: int = 0
    available: str = ""
    repaid: str = ""
    """Empty for nothing, as are `aside` and `held_sum`."""
    aside: str = ""
    total: str = ""
    held: int = 0
    """Earnings that were due and left out, because a dispute or a chargeback held them."""
    held_sum: str = ""


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One earning of a batch."""

    order_no: str = ""
    technician_id: int = 0
    name: str = ""
    available: str = ""
    repaid: str = ""
    aside: str = ""
    total: str = ""
    fens: tuple[int, ...] = ()
    """available, repaid, aside, total."""


@dataclass(frozen=True, slots=True)
class BatchSheet:
    """One batch with its earnings; `batch.no` is empty where there is none of that number."""

    batch: BatchRow = BatchRow()
    closed: str = ""
    is_sound: bool = False
    """Whether it says what its entries come to now."""
    lines: tuple[BatchLine, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchFile:
    """A batch to take home."""

    no: str
    title: str
    made: str
    heads: tuple[str, ...]
    lines: tuple[BatchLine, ...]
    sums: tuple[StatementSum, ...]


@dataclass(frozen=True, slots=True)
class DayShare:
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
    batches: tuple[BatchRow, ...] = ()
    """The newest ones up to the day."""
    people: tuple[DayShare, ...] = ()
    lines: tuple[SettledLine, ...] = ()
    due: tuple[DueDay, ...] = ()
    pending: str = ""
    """Of all technicians of the city, not matured."""
    frozen: tuple[SettledLine, ...] = ()
    frozen_sum: str = ""
