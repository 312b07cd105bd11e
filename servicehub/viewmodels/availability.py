"""Free times as screens show them: days of slots with a state, a reason and a recommendation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class SlotState(StrEnum):
    FREE = "free"
    FEW = "few"
    """At most two technicians are left."""
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Slot:
    """One start on the grid."""

    start_at: datetime
    time: str
    """City time, `HH:MM`."""
    state: SlotState
    free: int
    """Technicians who could come."""
    why_not: str = ""
    """A full slot of one technician: a `domain.calendar.WhyNot` value."""
    earliest_at: datetime | None = None
    """With `why_not`: when that technician could begin."""
    is_recommended: bool = False
    surcharge_fen: int = 0
    """What the caller's price hook added for this start."""


@dataclass(frozen=True, slots=True)
class SlotDay:
    """The slots of one local day, ascending; none when nobody works."""

    on: date
    slots: tuple[Slot, ...]
    free_slots: int


@dataclass(frozen=True, slots=True)
class SlotGrid:
    """Days of slots for one question."""

    days: tuple[SlotDay, ...]
    minutes: int
    """Duration of the visit."""
    technicians: int
    """People who offer the service in reach of the place, free or not."""
    best: tuple[datetime, ...] = ()
    """The recommended starts, best first."""

    @property
    def earliest(self) -> datetime | None:
        """The first free start."""
        return next((s.start_at for day in self.days for s in day.slots if s.free), None)
