"""Add-ons proposed during a visit, as each face sees them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExtraLine:
    key: str = ""
    title: str = ""
    note: str = ""
    """Of several: the price of one."""
    amount: str = ""


@dataclass(frozen=True, slots=True)
class ProposalCard:
    id: int = 0
    """0: nothing is proposed."""
    lines: tuple[ExtraLine, ...] = ()
    amount: str = ""
    total: str = ""
    """The same in figures."""
    longer: str = ""
    """How much more time it takes, and until when the visit then lasts; "" for none."""
    at_once: bool = False
    """Paid before it is done; else with the balance."""
    status: str = ""
    state: str = ""
    """The status in words."""
    tone: str = ""
    when: str = ""
    net: str = ""
    """What its technician gets more for the visit; only on his own page."""


@dataclass(frozen=True, slots=True)
class ExtraChoice:
    """One add-on that may be proposed; `most` of it, as many as the catalogue allows besides what was sold."""

    slug: str = ""
    title: str = ""
    price: str = ""
    minutes: str = ""
    most: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True)
class ProposalDraft:
    """What a technician is about to propose."""

    choices: tuple[ExtraChoice, ...] = ()
    amount: str = ""
    """Empty while nothing is chosen."""
    net: str = ""
    longer: str = ""
    warning: str = ""
    """Which visit would begin late, "" for none."""
