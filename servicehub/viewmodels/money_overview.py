"""The operators' overview of money: a day's figures, how it flowed, the days before, and what is held for whom now."""

from __future__ import annotations

from dataclasses import dataclass, field

from servicehub.viewmodels.sankey import Sankey


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the day; `link` leads to what is behind it."""

    key: str = ""
    name: str = ""
    value: str = ""
    hint: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """What is held now on a group of accounts, `accounts` of them with something on them."""

    group: str = ""
    name: str = ""
    value: str = ""
    accounts: int = 0


@dataclass(frozen=True, slots=True)
class DayFlow:
    """One day's money in yuan, for the chart, and written, for the table."""

    iso: str = ""
    day: str = ""
    taken: str = ""
    returned: str = ""
    paid_out: str = ""
    income: str = ""
    taken_yuan: float = 0.0
    returned_yuan: float = 0.0
    paid_out_yuan: float = 0.0
    income_yuan: float = 0.0


@dataclass(frozen=True, slots=True)
class MoneyOverview:
    day: str = ""
    """ISO date, of the city."""
    last_day: str = ""
    """Today: there is nothing to show beyond it."""
    entries: int = 0
    figures: tuple[Figure, ...] = ()
    sankey: Sankey = field(default_factory=Sankey)
    held: tuple[Held, ...] = ()
    days: tuple[DayFlow, ...] = ()
