"""The hard rules of matching, as a table: what makes a technician impossible for a job, in words and in code.

A rule is asked of everybody at once (`sheet`), in stages: about the person, about the plan of the day, about the way. A rule says
nothing about how good somebody is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from servicehub.domain.calendar import WhyNot
from servicehub.matching.crew import Bools, gender_number
from servicehub.matching.sheet import Sheet
from servicehub.texts import N_, Locale, say


class Stage(IntEnum):
    """When a rule is asked: each stage costs more, and is asked only of those whom the stages before let through."""

    PERSON = 0
    PLAN = 1
    WAY = 2


@dataclass(frozen=True, slots=True)
class Rule:
    """A hard rule: its name as stored, the sentence for people, and for whom it fails."""

    name: str
    short: str
    """Message id: what a count of the excluded is called."""
    sentence: str
    """Message id; its fields are filled from `numbers`."""
    fails: Callable[[Sheet], Bools]
    numbers: Callable[[Sheet, int], dict[str, Any]] = lambda _sheet, _row: {}
    stage: Stage = Stage.PERSON

    def why(self, locale: Locale, numbers: dict[str, Any]) -> str:
        """The sentence that explains the refusal."""
        return say(locale, self.sentence, **numbers)


def _time(*reasons: WhyNot) -> Callable[[Sheet], Bools]:
    return lambda sheet: sheet.time.fails(*reasons)


def _nobody(sheet: Sheet) -> Bools:
    return np.zeros(len(sheet.rows), np.bool_)


def _uncertified(sheet: Sheet) -> Bools:
    kind = sheet.job.certificate
    if not kind:
        return _nobody(sheet)
    return sheet.crew.certified_until(kind)[sheet.rows] < sheet.crew.clock.day(sheet.job.start).toordinal()


def _other_gender(sheet: Sheet) -> Bools:
    wanted = sheet.job.gender
    return _nobody(sheet) if wanted is None else sheet.crew.genders[sheet.rows] != gender_number(wanted)


def _too_far(sheet: Sheet) -> Bools:
    waived = WhyNot.RADIUS in sheet.job.waived
    return _nobody(sheet) if waived else sheet.home_m > sheet.crew.radius_m[sheet.rows]


def _distance(sheet: Sheet, row: int) -> dict[str, Any]:
    limit = sheet.crew.radius_m[sheet.rows[row]] / 1000
    return {"km": f"{sheet.home_m[row] / 1000:.1f}", "limit": f"{limit:g}"}


def _travel(sheet: Sheet, row: int) -> dict[str, Any]:
    time = sheet.time
    if time.spare_before[row] < 0:
        have = time.block.start - int(time.origin.minute[row])
        return {"needed": int(time.origin.way[row]), "have": max(0, have)}
    return {"needed": int(time.goal.way[row]), "have": max(0, int(time.goal.minute[row]) - time.block.end)}


RULES: tuple[Rule, ...] = (
    Rule("active", N_("Inactive"), N_("This account may not take jobs now"), lambda s: ~s.crew.active[s.rows]),
    Rule(
        "online",
        N_("Offline"),
        N_("Not taking orders right now"),
        lambda s: s.job.is_immediate & ~s.crew.online[s.rows],
    ),
    Rule(
        "skill",
        N_("Skill"),
        N_("Does not offer this service"),
        lambda s: bool(s.job.skill) & ~s.crew.offers(s.job.skill)[s.rows],
    ),
    Rule("certificate", N_("Certificate"), N_("No certificate that is valid on that day"), _uncertified),
    Rule("gender", N_("Gender"), N_("The customer asked for another gender"), _other_gender),
    Rule(
        "not_blocked",
        N_("Kept apart"),
        N_("This customer and this technician are kept apart"),
        lambda s: s.crew.kept_apart(s.job.customer_id)[s.rows],
    ),
    Rule(
        "not_already_asked",
        N_("Asked before"),
        N_("Was already asked about this order"),
        lambda s: np.isin(s.ids, list(s.job.asked)),
    ),
    Rule(
        "area",
        N_("Out of area"),
        N_("{km} km from home, goes up to {limit} km"),
        _too_far,
        _distance,
    ),
    Rule("night_opt_in", N_("No nights"), N_("Does not take night jobs"), _time(WhyNot.NIGHT), stage=Stage.PLAN),
    Rule(
        "on_shift",
        N_("Off shift"),
        N_("Not on shift then"),
        _time(WhyNot.OFF_SHIFT, WhyNot.BREAK, WhyNot.TIME_OFF, WhyNot.BLACKOUT),
        stage=Stage.PLAN,
    ),
    Rule(
        "daily_cap",
        N_("Daily cap"),
        N_("Already {jobs} jobs that day"),
        _time(WhyNot.CAP),
        lambda s, row: {"jobs": int(s.time.jobs_that_day[row])},
        stage=Stage.PLAN,
    ),
    Rule("cells_free", N_("Busy"), N_("Has another job at that time"), _time(WhyNot.BUSY), stage=Stage.PLAN),
    Rule(
        "travel_feasible",
        N_("Way too long"),
        N_("Needs {needed} min for the way and has {have}"),
        _time(WhyNot.TRAVEL_BEFORE, WhyNot.TRAVEL_AFTER),
        _travel,
        stage=Stage.WAY,
    ),
)
RULE_BY_NAME: dict[str, Rule] = {rule.name: rule for rule in RULES}
STAGES = tuple(tuple(rule for rule in RULES if rule.stage is stage) for stage in Stage)


def broken_rules(sheet: Sheet, rules: Sequence[Rule]) -> Bools:
    """[rows, rules] who breaks which."""
    return np.column_stack([rule.fails(sheet) for rule in rules])


def rule_sentence(locale: Locale, name: str, numbers: dict[str, Any] | None = None) -> str:
    """The sentence of a stored rule name; the bare name for a rule of another version."""
    rule = RULE_BY_NAME.get(name)
    if rule is None:
        return name
    try:
        return rule.why(locale, numbers or {})
    except KeyError:
        return rule.sentence
