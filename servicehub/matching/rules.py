"""The hard rules of matching, as a table: what makes a technician impossible for a job, in words and in code.

Rules about the person are asked first; rules about time only of people who pass those, because they cost more. A rule says
nothing about how good somebody is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from servicehub.domain.availability import Decider, Goal, Origin
from servicehub.domain.calendar import Job as Occupied
from servicehub.domain.calendar import WhyNot
from servicehub.domain.geo import distance_m
from servicehub.domain.timewindow import Window
from servicehub.matching.values import Candidate, Job
from servicehub.texts import N_, Locale, say


class Case:
    """One job and one candidate, with what several rules and terms need computed once."""

    __slots__ = ("_time", "candidate", "home_m", "job")

    def __init__(self, job: Job, candidate: Candidate) -> None:
        self.job = job
        self.candidate = candidate
        self.home_m = distance_m(candidate.calendar.home, job.place)
        self._time: TimeFacts | None = None

    @property
    def time(self) -> TimeFacts:
        """Facts about the technician's time; computed at the first asking."""
        if self._time is None:
            self._time = TimeFacts.of(self.job, self.candidate)
        return self._time


@dataclass(slots=True)
class TimeFacts:
    """The job inside the candidate's calendar. Its own former booking is no obstacle."""

    decider: Decider
    start: int
    failures: frozenset[WhyNot]
    clash: Occupied | None
    origin: Origin
    goal: Goal
    spare_before: int
    spare_after: int
    jobs_that_day: int
    block: Window = field(default=Window(0, 0))

    @classmethod
    def of(cls, job: Job, candidate: Candidate) -> TimeFacts:
        calendar = candidate.calendar
        if any(o.order_id == job.order_id for o in calendar.jobs):
            calendar = calendar.without(job.order_id)
        decider = Decider(calendar, job.terms)
        block = decider.block(job.start)
        shift = decider.shift_of(block)
        origin, goal = decider.origin(block, shift), decider.goal(block, shift)
        day = calendar.clock.day_number(job.start)
        return cls(
            decider=decider,
            start=job.start,
            failures=frozenset(decider.failures(job.start)) - job.waived,
            clash=decider.clash(block),
            origin=origin,
            goal=goal,
            spare_before=block.start - origin.leave - origin.minutes,
            spare_after=goal.due - block.end - goal.minutes,
            jobs_that_day=sum(1 for o in calendar.jobs if calendar.clock.day_number(o.visit_start) == day),
            block=block,
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """A hard rule: its name as stored, the sentence for people, and when it fails."""

    name: str
    sentence: str
    """Message id; its fields are filled from `numbers`."""
    fails: Callable[[Case], bool]
    numbers: Callable[[Case], dict[str, Any]] = lambda _case: {}
    about_time: bool = False

    def why(self, locale: Locale, numbers: dict[str, Any]) -> str:
        """The sentence that explains the refusal."""
        return say(locale, self.sentence, **numbers)


def _time(*reasons: WhyNot) -> Callable[[Case], bool]:
    asked = frozenset(reasons)
    return lambda case: not asked.isdisjoint(case.time.failures)


def _uncertified(case: Case) -> bool:
    kind = case.job.certificate
    if not kind:
        return False
    until = case.candidate.certificates.get(kind)
    return until is None or until < case.candidate.calendar.clock.day(case.job.start)


def _distance(case: Case) -> dict[str, Any]:
    return {"km": f"{case.home_m / 1000:.1f}", "limit": f"{case.candidate.calendar.radius_m / 1000:g}"}


def _travel(case: Case) -> dict[str, Any]:
    time = case.time
    if time.spare_before < 0:
        return {"needed": time.origin.minutes, "have": max(0, time.block.start - time.origin.leave)}
    return {"needed": time.goal.minutes, "have": max(0, time.goal.due - time.block.end)}


RULES: tuple[Rule, ...] = (
    Rule("active", N_("This account may not take jobs now"), lambda c: not c.candidate.is_active),
    Rule("online", N_("Not taking orders right now"), lambda c: c.job.is_immediate and not c.candidate.is_online),
    Rule(
        "skill",
        N_("Does not offer this service"),
        lambda c: bool(c.job.skill) and c.job.skill not in c.candidate.skills,
    ),
    Rule("certificate", N_("No certificate that is valid on that day"), _uncertified),
    Rule(
        "gender", N_("The customer asked for another gender"), lambda c: c.job.gender not in {None, c.candidate.gender}
    ),
    Rule(
        "not_blocked",
        N_("This customer and this technician are kept apart"),
        lambda c: c.job.customer_id in c.candidate.blocked,
    ),
    Rule(
        "not_already_asked",
        N_("Was already asked about this order"),
        lambda c: c.candidate.technician_id in c.job.asked,
    ),
    Rule(
        "area",
        N_("{km} km from home, goes up to {limit} km"),
        lambda c: WhyNot.RADIUS not in c.job.waived and c.home_m > c.candidate.calendar.radius_m,
        _distance,
    ),
    Rule("night_opt_in", N_("Does not take night jobs"), _time(WhyNot.NIGHT), about_time=True),
    Rule(
        "on_shift",
        N_("Not on shift then"),
        _time(WhyNot.OFF_SHIFT, WhyNot.BREAK, WhyNot.TIME_OFF, WhyNot.BLACKOUT),
        about_time=True,
    ),
    Rule(
        "daily_cap",
        N_("Already {jobs} jobs that day"),
        _time(WhyNot.CAP),
        lambda c: {"jobs": c.time.jobs_that_day},
        about_time=True,
    ),
    Rule("cells_free", N_("Has another job at that time"), _time(WhyNot.BUSY), about_time=True),
    Rule(
        "travel_feasible",
        N_("Needs {needed} min for the way and has {have}"),
        _time(WhyNot.TRAVEL_BEFORE, WhyNot.TRAVEL_AFTER),
        _travel,
        about_time=True,
    ),
)
RULE_BY_NAME: dict[str, Rule] = {rule.name: rule for rule in RULES}
_OF_PEOPLE = tuple(rule for rule in RULES if not rule.about_time)
_OF_TIME = tuple(rule for rule in RULES if rule.about_time)


def failed_rules(case: Case) -> Iterator[Rule]:
    """Every rule that the case breaks, in the table's order; rules about time only when those about the person hold."""
    broken = False
    for rule in _OF_PEOPLE:
        if rule.fails(case):
            broken = True
            yield rule
    if not broken:
        yield from (rule for rule in _OF_TIME if rule.fails(case))


def rule_sentence(locale: Locale, name: str, numbers: dict[str, Any] | None = None) -> str:
    """The sentence of a stored rule name; the bare name for a rule of another version."""
    rule = RULE_BY_NAME.get(name)
    if rule is None:
        return name
    try:
        return rule.why(locale, numbers or {})
    except KeyError:
        return rule.sentence
