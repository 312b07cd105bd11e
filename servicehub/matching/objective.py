"""How good a possible candidate is, as a sum of named terms in seconds: more is better, a cost is negative.

Each term is a row of `OBJECTIVE`: its wording and its raw seconds, which the policy weighs. Rounded term by term, so that what is
shown adds up to the score exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from servicehub.domain.timewindow import DAY_MINUTES
from servicehub.matching.acceptance import features
from servicehub.matching.crew import Floats, Ints
from servicehub.matching.sheet import Sheet
from servicehub.texts import N_

TIGHT_MINUTES = 15
"""With less spare time than this before the visit, being late becomes likely."""
WASTED_MINUTES = 60
"""A hole shorter than this between two jobs can hardly be sold."""
LONGEST_IDLE = 180
GOOD_RATING = 4.6
LEAST_SPREAD = 0.1
"""Standard deviation, as a share of the mean, below which incomes are as good as equal."""
SOON_SECONDS = 24 * 3600
EPOCH_WEEKDAY = 3
"""The first of January 1970 was a Thursday; Monday is 0."""


def _travel(sheet: Sheet) -> Floats:
    """The way there, and what the visit adds to the way that follows."""
    time = sheet.time
    on = np.where(time.between_jobs, time.goal.way - time.detour_saved, 0)
    return -60.0 * (time.origin.way + on)


def _lateness(sheet: Sheet) -> Floats:
    missing: Ints = np.maximum(0, TIGHT_MINUTES - np.maximum(0, sheet.time.spare_before))
    return -900.0 * missing / TIGHT_MINUTES


def _idle(sheet: Sheet) -> Floats:
    """Waiting after the job before."""
    time = sheet.time
    return np.where(time.origin.job >= 0, -60.0 * np.clip(time.spare_before, 0, LONGEST_IDLE), 0.0)


def _gap(sheet: Sheet) -> Floats:
    """Holes left before and after that are too short for another job."""
    time = sheet.time
    sides = ((time.spare_before, time.origin), (time.spare_after, time.goal))
    holes = [(end.job >= 0) & (spare > TIGHT_MINUTES) & (spare < WASTED_MINUTES) for spare, end in sides]
    return -300.0 * (holes[0].astype(np.int64) + holes[1])


def _load(sheet: Sheet) -> Floats:
    return -120.0 * sheet.time.jobs_that_day


def _rating(sheet: Sheet) -> Floats:
    return 1500.0 * (sheet.crew.ratings[sheet.rows] - GOOD_RATING)


def _level(sheet: Sheet) -> Floats:
    return 60.0 * sheet.crew.levels[sheet.rows]


def _regular(sheet: Sheet) -> Floats:
    return np.where(sheet.visits > 0, 600.0 + 100.0 * np.minimum(sheet.visits, 6), 0.0)


def _acceptance(sheet: Sheet) -> Floats:
    jobs, clock = sheet.jobs, sheet.crew.clock
    local = jobs.start + clock.offsets(jobs.start)
    notice = np.array([job.start / 60 - job.now.timestamp() / 3600 for job in jobs.jobs], np.float64)
    minutes = np.array([job.minutes for job in jobs.jobs], np.float64)
    weekday = (local // DAY_MINUTES + EPOCH_WEEKDAY) % 7
    at = sheet.at
    of = features(sheet.time.origin.way, (local % DAY_MINUTES)[at], weekday[at], notice[at], minutes[at])
    return -900.0 * (1 - sheet.policy.acceptance.likely(sheet.crew.acceptance[sheet.rows], of))


def _presence(sheet: Sheet) -> Floats:
    """Half an hour of way against those who take no orders now, if it is for the next day: an unanswered offer costs time."""
    soon = np.array([job.start * 60 - job.now.timestamp() < SOON_SECONDS for job in sheet.jobs.jobs], np.bool_)
    return np.where(sheet.crew.online[sheet.rows], 0.0, np.where(soon, -1800.0, -900.0)[sheet.at])


def _fairness(sheet: Sheet) -> Floats:
    """Ten minutes of way for each standard deviation by which somebody earned less an hour than his peers lately, or against
    those who earned more; twenty at most.

    Peers are the possible candidates of the same job whose income is known. It counts twice for those below the policy's floor.
    After Suehr et al. (2019), "Two-sided fairness for repeated matchings in two-sided markets".
    """
    own = sheet.crew.income_per_hour[sheet.rows]
    known = ~np.isnan(own)
    at, count = sheet.at[known], len(sheet.jobs.jobs)
    peers = np.maximum(np.bincount(at, minlength=count), 1)
    mean = np.bincount(at, own[known], minlength=count) / peers
    variance = np.bincount(at, (own[known] - mean[at]) ** 2, minlength=count) / peers
    spread = np.maximum(np.sqrt(variance), LEAST_SPREAD * mean)
    counts = ((mean > 0) & (peers > 1) & ~sheet.jobs.are_urgent)[sheet.at] & known
    behind = (mean[sheet.at] - np.where(known, own, 0.0)) / np.where(counts, spread[sheet.at], 1.0)
    twice = (behind > 0) & (sheet.crew.share_of_median[sheet.rows] < sheet.policy.fair_floor_pct / 100)
    return np.where(counts, 600.0 * np.clip(behind * np.where(twice, 2.0, 1.0), -2.0, 2.0), 0.0)


def _requested(sheet: Sheet) -> Floats:
    return np.where(sheet.ids == sheet.jobs.requested_ids[sheet.at], 7200.0, 0.0)


@dataclass(frozen=True, slots=True)
class Term:
    """One term of the objective."""

    name: str
    sentence: str
    meaning: str
    """Message id: what it gives or takes at weight 1."""
    seconds: Callable[[Sheet], Floats]
    """Of everybody who passed the rules."""


OBJECTIVE: tuple[Term, ...] = (
    Term("travel", N_("Way"), N_("A second for each second of the way there and of the way it adds"), _travel),
    Term(
        "lateness",
        N_("Risk of being late"),
        N_("Up to 15 minutes when there is no spare time before the visit"),
        _lateness,
    ),
    Term("idle", N_("Waiting before"), N_("A second for each second of waiting after the job before"), _idle),
    Term("gap", N_("Holes left in the day"), N_("5 minutes for each hole too short to be sold"), _gap),
    Term("load", N_("Jobs that day"), N_("2 minutes for each job that day"), _load),
    Term("rating", N_("Rating"), N_("25 minutes for each star above 4.6"), _rating),
    Term("level", N_("Level"), N_("A minute for each level"), _level),
    Term("regular", N_("Knows the customer"), N_("10 minutes and more for each visit to this customer"), _regular),
    Term("acceptance", N_("Acceptance rate"), N_("Up to 15 minutes for those who will probably decline"), _acceptance),
    Term("presence", N_("Takes orders now"), N_("Half an hour for those who take no orders now"), _presence),
    Term(
        "fairness",
        N_("Fair share"),
        N_("10 minutes for each standard deviation of income per hour, 20 at most, twice that below the floor"),
        _fairness,
    ),
    Term("requested", N_("Asked for by the customer"), N_("Two hours for the one the customer asked for"), _requested),
)
TERM_BY_NAME: dict[str, Term] = {term.name: term for term in OBJECTIVE}


def parts_of(sheet: Sheet) -> dict[str, Ints]:
    """Term -> whole seconds of every row, weighted by the sheet's policy, in the table's order."""
    nothing, policy = np.zeros(len(sheet), np.int64), sheet.policy
    parts = {}
    for term in OBJECTIVE:
        weight: Any = policy.weight(term.name)
        if policy.services:
            weight = np.array([policy.weight(term.name, job.skill) for job in sheet.jobs.jobs], np.float64)[sheet.at]
        parts[term.name] = np.rint(weight * term.seconds(sheet)).astype(np.int64) if np.any(weight) else nothing
    return parts


def is_on_route(sheet: Sheet, row: int) -> bool:
    """Whether the visit lies within a short way of the job before or after it."""
    ends = (sheet.time.origin, sheet.time.goal)
    return any(end.job[row] >= 0 and end.way[row] <= TIGHT_MINUTES for end in ends)
