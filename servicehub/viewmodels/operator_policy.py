"""What the page of the dispatch policy shows."""

from __future__ import annotations

from dataclasses import dataclass


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
class PolicyPage:
    version: int = 0
    terms: tuple[TermRow, ...] = ()
    commit_hours: str = ""
    moved_cost_min: str = ""
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
