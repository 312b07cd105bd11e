"""What the page of visits planned ahead shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A visit whose technician is not told yet."""

    no: str
    service: str
    area: str
    visit: str
    technician: str
    technician_id: int
    portrait: str
    firm: str
    """When the technician is asked."""


@dataclass(frozen=True, slots=True)
class MoveRow:
    no: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class RunRow:
    """One re-planning. `tone` of its state: ok, wait or bad."""

    id: int
    when: str
    who: str
    state: str
    tone: str
    summary: str
    is_open: bool
    is_stopping: bool
    moves: tuple[MoveRow, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanAhead:
    visits: tuple[PlannedRow, ...] = ()
    count: int = 0
    """Of all planned visits, also those that are not shown."""
    runs: tuple[RunRow, ...] = ()
    open_run: int = 0
    """Id of the run that is queued or working; 0: none."""
    is_stopping: bool = False
