"""What the page of fair shares shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ShareRow:
    """One technician's income for each available hour."""

    technician_id: int
    name: str
    portrait: str
    level: str
    per_hour: str
    hours: str
    share: str
    """Of the median, in percent."""
    is_below: bool


@dataclass(frozen=True, slots=True)
class Fairness:
    """The last week of a city."""

    gini: str = ""
    median: str = ""
    spread: str = ""
    """How much the upper tenth earns for each yuan of the lower tenth."""
    below: int = 0
    floor: str = ""
    floor_pct: int = 0
    rows: tuple[ShareRow, ...] = ()
    names: tuple[str, ...] = ()
    yuan: tuple[float, ...] = ()
    """Of everybody, ascending, for the picture."""
    floor_yuan: float = 0.0
    median_yuan: float = 0.0
