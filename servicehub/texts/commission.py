"""Commission rates in words, the same for the technician who is offered a job and for operators who write the rules."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from servicehub.domain.commission import ADD_ON, SURCHARGE, Rate, Rule, Tax
from servicehub.texts import N_, Locale, formats, say

LEVELS: dict[str, str] = {
    "trainee": N_("Trainee"),
    "bronze": N_("Bronze"),
    "silver": N_("Silver"),
    "gold": N_("Gold"),
    "chief": N_("Chief"),
}
GROUPS: dict[str, str] = {ADD_ON: N_("Add-ons {share}"), SURCHARGE: N_("Surcharges {share}")}


def share(bp: int) -> str:
    """A rate: `22%`, `22.5%`, `22.25%`."""
    return formats.rate(bp)


def rate(locale: Locale, found: Rate, categories: Mapping[str, str]) -> str:
    """`Commission 25% (Gold · Appliance cleaning) · Add-ons 10%`; the tax where one is withheld."""
    said = conditions(locale, found.where or _of_old(found.rule), categories, mine=say(locale, N_("your own rate")))
    first = say(locale, N_("Commission {share}"), share=share(found.bp))
    if said:
        first = say(locale, N_("Commission {share} ({conditions})"), share=share(found.bp), conditions=said)
    return " · ".join([first, *more(locale, found), *([tax(locale, found.tax)] if found.tax.bp else [])])


def more(locale: Locale, found: Rate | Rule) -> list[str]:
    """What there is beside the rate: rates of lines that differ, a fixed part, a least and a most."""
    said = [say(locale, text, share=share(found.by_group[g])) for g, text in GROUPS.items() if g in found.by_group]
    bounds = found.bounds
    amounts = (N_("plus {amount}"), bounds.fixed_fen), (N_("at least {amount}"), bounds.least_fen)
    said += [say(locale, text, amount=formats.yuan(fen)) for text, fen in amounts if fen]
    if bounds.most_fen is not None:
        said.append(say(locale, N_("at most {amount}"), amount=formats.yuan(bounds.most_fen)))
    return said


def tax(locale: Locale, found: Tax) -> str:
    """`Income tax 20% of what is above ¥800`."""
    if not found.from_fen:
        return say(locale, N_("Income tax withheld {share}"), share=share(found.bp))
    text = N_("Income tax withheld {share} above {amount}")
    return say(locale, text, share=share(found.bp), amount=formats.yuan(found.from_fen))


def conditions(locale: Locale, where: Mapping[str, Any], categories: Mapping[str, str], *, mine: str) -> str:
    """Name and conditions of a rule (`Rule.document`); `mine` is the word for its technician. "" for one without any."""
    category, level = str(where.get("category", "")), str(where.get("level", ""))
    parts = [
        str(where.get("name", "")),
        mine if where.get("technician_id") else "",
        say(locale, LEVELS[level]) if level in LEVELS else "",
        categories.get(category, category),
        days(locale, str(where.get("from", "")), str(where.get("until", ""))),
    ]
    return " · ".join(part for part in parts if part)


def days(locale: Locale, first: str, last: str) -> str:
    """The days of a promotion, ISO dates of which either may be missing."""
    begins, ends = (formats.month_day(date.fromisoformat(day), locale=locale) if day else "" for day in (first, last))
    if begins and ends:
        return begins if first == last else f"{begins}–{ends}"
    if begins:
        return say(locale, N_("from {day} on"), day=begins)
    return say(locale, N_("until {day}"), day=ends) if ends else ""


def _of_old(rule: str) -> dict[str, str]:
    """What the id of a level's standard rate says; orders of before kept no more."""
    kind, _colon, rest = rule.partition(":")
    return {"level": rest.partition("@")[0]} if kind == "level" else {}
