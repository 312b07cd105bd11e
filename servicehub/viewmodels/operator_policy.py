"""What the page of the dispatch policy shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class TermRow:
    """One weight. `was`: the default."""

    name: str
    title: str
    meaning: str
    value: str
    was: str


@dataclass(frozen=True, slots=True)
class VersionRow:
    version: int
    when: str
    who: str
    note: str
    changes: str
    is_now: bool


@dataclass(frozen=True, slots=True)
class ServiceChoice:
    value: str
    text: str
    has_own: bool
    """Whether it has weights of its own."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What one circumstance does to the chance of a yes."""

    text: str
    points: str
    """Percentage points, signed."""
    tone: str
    """up, down or ""."""


@dataclass(frozen=True, slots=True)
class PolicyPage:
    version: int = 0
    service: str = ""
    """Skill of the service whose weights are shown; "" those of all."""
    services: tuple[ServiceChoice, ...] = ()
    document: dict[str, Any] = field(default_factory=dict)
    """The whole policy that is shown, to build on."""
    terms: tuple[TermRow, ...] = ()
    commit_hours: str = ""
    moved_cost_min: str = ""
    claim_seconds: str = ""
    fair_floor_pct: str = ""
    learned: tuple[Learned, ...] = ()
    learned_from: str = ""
    versions: tuple[VersionRow, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A decision that would have been another."""

    no: str
    before: str
    after: str
    way: str


@dataclass(frozen=True, slots=True)
class Replay:
    """The newest decisions under other weights."""

    summary: str = ""
    way: str = ""
    rows: tuple[ChangedRow, ...] = ()
