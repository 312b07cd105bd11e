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
    repair_minutes: str = ""
    learned: tuple[Learned, ...] = ()
    learned_from: str = ""
    roads: str = ""
    """Where the travel times come from, in a sentence."""
    versions: tuple[VersionRow, ...] = ()


@dataclass(frozen=True, slots=True)
class PlayedRow:
    """One figure of the played days: under the policy in force, the tried one, and taking the nearest."""

    name: str
    now: str
    tried: str
    nearest: str
    change: str
    """Tried against in force, with half the width of its 95 % interval."""
    tone: str
    """better, worse, or "" while the interval holds zero."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The newest rehearsal of the city."""

    id: int = 0
    state: str = ""
    """queued, running, done, stopped, failed; "" when there was none."""
    text: str = ""
    share: int = 0
    """Percent of the plays that are done."""
    rows: tuple[PlayedRow, ...] = ()


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


@dataclass(frozen=True, slots=True)
class PointsRules:
    """How customers earn and use points, as it is typed; version 0 when none was adopted."""

    version: int = 0
    per_yuan: str = ""
    most: str = ""
    """Percent of an order."""
    least: str = ""
    months: str = ""
    may_write: bool = False
