"""The numbers of the cancellation terms in words, as operators see and type them. The customers' table is `texts.money`'s."""

from __future__ import annotations

from typing import Literal

from servicehub.texts import N_, Locale, formats, say

Kind = Literal["minutes", "share", "yuan", "times"]
NUMBERS: dict[str, tuple[str, Kind]] = {
    "grace_minutes": (N_("Free after payment for"), "minutes"),
    "notice_minutes": (N_("Short notice begins before the visit by"), "minutes"),
    "late_bp": (N_("Fee at short notice"), "share"),
    "late_cap_fen": (N_("That fee at most"), "yuan"),
    "free_per_month": (N_("Free at short notice, times a month"), "times"),
    "departed_bp": (N_("Fee after departure, beside the distance fee"), "share"),
    "no_show_bp": (N_("Fee at the door, beside the distance fee"), "share"),
    "technician_bp": (N_("The technician's part of a fee"), "share"),
    "delayed_minutes": (N_("Free when we are late by"), "minutes"),
    "wait_minutes": (N_("Wait at the door"), "minutes"),
    "reschedule_limit": (N_("A visit moves at most, times"), "times"),
}
"""The numbers that operators set, in the order of the table, and what they count."""
UNITS: dict[Kind, str] = {"minutes": N_("{name}, minutes"), "share": N_("{name}, percent"), "yuan": N_("{name}, yuan")}


def title(locale: Locale, name: str) -> str:
    """What the number is."""
    return say(locale, NUMBERS[name][0])


def label(locale: Locale, name: str) -> str:
    """What the number is, with the unit in which it is typed."""
    unit = UNITS.get(NUMBERS[name][1])
    return say(locale, unit, name=title(locale, name)) if unit else title(locale, name)


def value(locale: Locale, name: str, number: int) -> str:
    """The number with its unit: `20%`, `¥50`, `3 h`, `2`."""
    match NUMBERS[name][1]:
        case "minutes":
            return formats.duration(number, locale=locale)
        case "share":
            return formats.rate(number)
        case "yuan":
            return formats.yuan(number)
        case _:
            return str(number)


def typed(name: str, number: int) -> str:
    """The number as it stands in a field: `22.5` for 2250 basis points."""
    if NUMBERS[name][1] in ("share", "yuan"):
        return formats.plain(number)
    return str(number)
