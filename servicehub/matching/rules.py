"""The hard rules of matching, as a table: what makes a technician impossible for a job, in words and in code.

A rule is asked of everybody at once (`sheet`), in stages: about the person, about the place, about the plan of the day, about the
way. A rule says nothing about how good somebody is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servicehub.domain.calendar import WhyNot
from servicehub.matching.crew import Bools, gender_number
from servicehub.matching.judge import BIT
from servicehub.matching.sheet import Glance, Sheet
from servicehub.texts import N_, Locale, say


class Stage(IntEnum):
    """When a rule is asked: each stage costs more, and is asked only of those whom the stages before let through."""

    PERSON = 0
    """The job beside everybody, as a `Glance`; the stages after it see pairs, as a `Sheet`."""
    PLACE = 1
    PLAN = 2
    WAY = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """A hard rule: its name as stored, the sentence for people, and for whom it fails."""

    name: str
    short: str
    """Message id: what a count of the excluded is called."""
    sentence: str
    """Message id; its fields are filled from `numbers`."""
    fails: Callable[[Glance], Bools] | None = None
    """Of the first stage: who breaks it."""
    reasons: tuple[WhyNot, ...] = ()
    """Of the others: what of the plan or the way breaks it."""
    numbers: Callable[[Sheet, int], dict[str, Any]] = lambda _sheet, _row: {}
    stage: Stage = Stage.PERSON

    @property
    def bits(self) -> int:
        """`reasons` as the judge says them."""
        return sum(BIT[why] for why in self.reasons)

    def why(self, locale: Locale, numbers: dict[str, Any]) -> str:
        """The sentence that explains the refusal."""
        return say(locale, self.sentence, **numbers)


def _nobody(glance: Glance) -> Bools:
    return np.zeros(len(glance.rows), np.bool_)


def _unskilled(glance: Glance) -> Bools:
    skills = {skill for skill, _kind in glance.job.needs if skill}
    if not skills:
        return _nobody(glance)
    lacks: Bools = np.any([~glance.crew.offers(skill)[glance.rows] for skill in skills], axis=0)
    return lacks


def _uncertified(glance: Glance) -> Bools:
    kinds = {kind for _skill, kind in glance.job.needs if kind}
    if not kinds:
        return _nobody(glance)
    day = glance.crew.clock.day(glance.job.start).toordinal()
    lapsed: Bools = np.any([glance.crew.certified_until(kind)[glance.rows] < day for kind in kinds], axis=0)
    return lapsed


def _other_gender(glance: Glance) -> Bools:
    wanted = glance.job.gender
    return _nobody(glance) if wanted is None else glance.crew.genders[glance.rows] != gender_number(wanted)


def _kept_apart(glance: Glance) -> Bools:
    apart = glance.crew.kept_apart(glance.job.customer_id)
    return _nobody(glance) if apart is None else apart[glance.rows]


def _already_asked(glance: Glance) -> Bools:
    asked = glance.job.asked
    return np.isin(glance.ids, list(asked)) if asked else _nobody(glance)


def _distance(sheet: Sheet, row: int) -> dict[str, Any]:
    limit = sheet.crew.radius_m[sheet.rows[row]] / 1000
    return {"km": f"{sheet.home_m[row] / 1000:.1f}", "limit": f"{limit:g}"}


def _travel(sheet: Sheet, row: int) -> dict[str, Any]:
    time = sheet.time
    if time.spare_before[row] < 0:
        have = int(time.block_start[row] - time.origin.minute[row])
        return {"needed": int(time.origin.way[row]), "have": max(0, have)}
    return {"needed": int(time.goal.way[row]), "have": max(0, int(time.goal.minute[row] - time.block_end[row]))}


RULES: tuple[Rule, ...] = (
    Rule("active", N_("Inactive"), N_("This account may not take jobs now"), lambda g: ~g.crew.active[g.rows]),
    Rule(
        "online",
        N_("Offline"),
        N_("Not taking orders right now"),
        lambda g: g.job.is_immediate & ~g.crew.online[g.rows],
    ),
    Rule(
        "skill",
        N_("Skill"),
        N_("Does not offer this service"),
        _unskilled,
    ),
    Rule("certificate", N_("Certificate"), N_("No certificate that is valid on that day"), _uncertified),
    Rule("gender", N_("Gender"), N_("The customer asked for another gender"), _other_gender),
    Rule("not_blocked", N_("Kept apart"), N_("This customer and this technician are kept apart"), _kept_apart),
    Rule("not_already_asked", N_("Asked before"), N_("Was already asked about this order"), _already_asked),
    Rule(
        "area",
        N_("Out of area"),
        N_("{km} km from home, goes up to {limit} km"),
        reasons=(WhyNot.RADIUS,),
        numbers=_distance,
        stage=Stage.PLACE,
    ),
    Rule("night_opt_in", N_("No nights"), N_("Does not take night jobs"), reasons=(WhyNot.NIGHT,), stage=Stage.PLAN),
    Rule(
        "on_shift",
        N_("Off shift"),
        N_("Not on shift then"),
        reasons=(WhyNot.OFF_SHIFT, WhyNot.BREAK, WhyNot.TIME_OFF, WhyNot.BLACKOUT),
        stage=Stage.PLAN,
    ),
    Rule(
        "daily_cap",
        N_("Daily cap"),
        N_("Already {jobs} jobs that day"),
        reasons=(WhyNot.CAP,),
        numbers=lambda s, row: {"jobs": int(s.time.jobs_that_day[row])},
        stage=Stage.PLAN,
    ),
    Rule("cells_free", N_("Busy"), N_("Has another job at that time"), reasons=(WhyNot.BUSY,), stage=Stage.PLAN),
    Rule(
        "travel_feasible",
        N_("Way too long"),
        N_("Needs {needed} min for the way and has {have}"),
        reasons=(WhyNot.TRAVEL_BEFORE, WhyNot.TRAVEL_AFTER),
        numbers=_travel,
        stage=Stage.WAY,
    ),
)
RULE_BY_NAME: dict[str, Rule] = {rule.name: rule for rule in RULES}
STAGES = tuple(tuple(rule for rule in RULES if rule.stage is stage) for stage in Stage)
LATER = tuple(rule for rule in RULES if rule.stage is not Stage.PERSON)


def of_person(glance: Glance) -> list[Bools]:
    """Who breaks which rule of the first stage, by rule."""
    return [rule.fails(glance) for rule in STAGES[Stage.PERSON] if rule.fails]


def of_bits(bits: NDArray[np.int16]) -> Bools:
    """[rows, rules of the other stages] who breaks which, from what the judge said."""
    return np.column_stack([(bits & rule.bits) != 0 for rule in LATER])


def rule_sentence(locale: Locale, name: str, numbers: dict[str, Any] | None = None) -> str:
    """The sentence of a stored rule name; the bare name for a rule of another version."""
    rule = RULE_BY_NAME.get(name)
    if rule is None:
        return name
    try:
        return rule.why(locale, numbers or {})
    except KeyError:
        return rule.sentence
