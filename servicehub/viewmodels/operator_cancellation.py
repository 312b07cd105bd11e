"""What the page of the cancellation terms shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from servicehub.viewmodels.operator_policy import ServiceChoice, VersionRow


@dataclass(frozen=True, slots=True)
class NumberRow:
    """One number of the terms. `usual`: the standard's where a category differs; `was`: in force where the draft differs."""

    name: str
    title: str
    label: str
    """With the unit in which it is typed."""
    value: str
    usual: str
    was: str
    typed: str
    """What stands in the field; "" where a category follows the standard."""
    hint: str
    """What an empty field of a category means."""
    pattern: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A row of the customers' table. `is_new`: it is not in force."""

    text: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class CancellationPage:
    """A draft beside the terms in force, of the standard or of one category."""

    version: int = 0
    """The newest order policy."""
    document: dict[str, Any] = field(default_factory=dict)
    """The terms that are shown: the draft as it was typed, or what is in force."""
    scope: str = ""
    """Slug of the category; "" the city's standard."""
    scope_name: str = ""
    scopes: tuple[ServiceChoice, ...] = ()
    has_own: bool = False
    numbers: tuple[NumberRow, ...] = ()
    table: tuple[Sentence, ...] = ()
    changes: tuple[str, ...] = ()
    versions: tuple[VersionRow, ...] = ()
