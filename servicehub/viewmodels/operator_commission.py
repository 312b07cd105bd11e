"""What the page of the commission rules shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from servicehub.viewmodels.operator_policy import VersionRow


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule. `mark`: new, changed, removed, or "" where the draft is what is in force."""

    id: str
    tier: str
    conditions: str
    rate: str
    mark: str = ""
    mark_text: str = ""


@dataclass(frozen=True, slots=True)
class RuleForm:
    """A rule as its form shows it: rates in percent, amounts in yuan, days as ISO dates."""

    id: str = ""
    name: str = ""
    category: str = ""
    level: str = ""
    technician: str = ""
    from_on: str = ""
    until_on: str = ""
    rate: str = ""
    add_on: str = ""
    surcharge: str = ""
    fixed: str = ""
    least: str = ""
    most: str = ""


@dataclass(frozen=True, slots=True)
class LevelRow:
    """The standard rate of a level. `was` is what is in force where the draft differs."""

    level: str
    text: str
    percent: str
    rate: str
    was: str = ""


@dataclass(frozen=True, slots=True)
class Named:
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class CommissionPage:
    """A draft beside the rules in force."""

    version: int = 0
    """The newest order policy."""
    document: dict[str, Any] = field(default_factory=dict)
    """The commission document that is shown: the draft, or what is in force."""
    in_force: dict[str, Any] = field(default_factory=dict)
    rules: tuple[RuleRow, ...] = ()
    levels: tuple[LevelRow, ...] = ()
    tax: str = ""
    tax_was: str = ""
    tax_percent: str = ""
    tax_from: str = ""
    changes: tuple[str, ...] = ()
    """What the draft changes, in words."""
    today: str = ""
    """The city's day, ISO."""
    next_id: str = ""
    """Free id of the next rule."""
    categories: tuple[Named, ...] = ()
    versions: tuple[VersionRow, ...] = ()


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """A line of the price, or a sum, under both sets of rules."""

    name: str
    amount: str
    rate: str
    now: str
    tried_rate: str
    tried: str
    strong: bool = False
    differs: bool = False


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """A rule and what became of it under both sets; "—" where the set lacks it."""

    id: str
    tier: str
    conditions: str
    rate: str
    now: str
    tried: str
    wins_now: bool
    wins_tried: bool


@dataclass(frozen=True, slots=True)
class Example:
    """An order's division under the rules in force and under the draft."""

    case: str = ""
    """What was asked, in words."""
    rows: tuple[ExampleRow, ...] = ()
    verdicts: tuple[VerdictRow, ...] = ()
