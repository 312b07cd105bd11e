"""How good a possible candidate is, as a sum of named terms in seconds: more is better, a cost is negative.

Each term is a row of `OBJECTIVE`: its wording and its raw seconds, which the policy weighs. Rounded term by term, so that what is
shown adds up to the score exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean

from servicehub.domain.technician import LEVEL_RANK
from servicehub.domain.travel import OFFLINE
from servicehub.matching.rules import Case
from servicehub.matching.values import Candidate, Policy
from servicehub.texts import N_

TIGHT_MINUTES = 15
"""With less spare time than this before the visit, being late becomes likely."""
WASTED_MINUTES = 60
"""A hole shorter than this between two jobs can hardly be sold."""
LONGEST_IDLE = 180
GOOD_RATING = 4.6
SOON_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Peers:
    """What the candidates of one job have in common: the yardstick of fairness."""

    income_per_hour_fen: float | None = None

    @classmethod
    def of(cls, candidates: Sequence[Candidate]) -> Peers:
        known = [i for c in candidates if (i := c.income_per_hour_fen) is not None]
        return cls(fmean(known) if len(known) > 1 else None)


def _travel(case: Case, _peers: Peers) -> float:
    """The way there, and what the visit adds to the way that follows."""
    time = case.time
    seconds = time.origin.minutes * 60
    if time.origin.order_id is not None and time.goal.order_id is not None:
        jobs = {job.order_id: job for job in case.candidate.calendar.jobs}
        before, after = jobs.get(time.origin.order_id), jobs.get(time.goal.order_id)
        if before is not None and after is not None:
            leg = OFFLINE.leg(before.place, after.place, case.candidate.calendar.transport)
            seconds += (time.goal.minutes - leg.calm_minutes) * 60
    return -seconds


def _lateness(case: Case, _peers: Peers) -> float:
    spare = case.time.spare_before
    return -900.0 * max(0, TIGHT_MINUTES - max(0, spare)) / TIGHT_MINUTES


def _idle(case: Case, _peers: Peers) -> float:
    """Waiting after the job before."""
    time = case.time
    return -60.0 * min(LONGEST_IDLE, max(0, time.spare_before)) if time.origin.order_id is not None else 0.0


def _gap(case: Case, _peers: Peers) -> float:
    """Holes left before and after that are too short for another job."""
    time = case.time
    spares = [
        spare
        for spare, order_id in ((time.spare_before, time.origin.order_id), (time.spare_after, time.goal.order_id))
        if order_id is not None and TIGHT_MINUTES < spare < WASTED_MINUTES
    ]
    return -300.0 * len(spares)


def _load(case: Case, _peers: Peers) -> float:
    return -120.0 * case.time.jobs_that_day


def _rating(case: Case, _peers: Peers) -> float:
    return 1500.0 * (case.candidate.rating - GOOD_RATING)


def _level(case: Case, _peers: Peers) -> float:
    return 60.0 * LEVEL_RANK[case.candidate.level]


def _regular(case: Case, _peers: Peers) -> float:
    visits = case.candidate.visits_to.get(case.job.customer_id, 0)
    return 600.0 + 100.0 * min(visits, 6) if visits else 0.0


def _acceptance(case: Case, _peers: Peers) -> float:
    return -900.0 * (1 - case.candidate.acceptance)


def _presence(case: Case, _peers: Peers) -> float:
    """Half an hour of way against those who take no orders now, if it is for the next day: an unanswered offer costs time."""
    soon = case.job.start * 60 - case.job.now.timestamp() < SOON_SECONDS
    return 0.0 if case.candidate.is_online else -1800.0 if soon else -900.0


def _fairness(case: Case, peers: Peers) -> float:
    """Up to ten minutes of way for those who earned less an hour than their peers lately, or against those who earned more."""
    own, others = case.candidate.income_per_hour_fen, peers.income_per_hour_fen
    if own is None or not others or case.job.is_urgent:
        return 0.0
    return 600.0 * max(-1.0, min(1.0, (others - own) / others))


def _requested(case: Case, _peers: Peers) -> float:
    return 7200.0 if case.candidate.technician_id == case.job.requested_technician_id else 0.0


@dataclass(frozen=True, slots=True)
class Term:
    """One term of the objective."""

    name: str
    sentence: str
    seconds: Callable[[Case, Peers], float]


OBJECTIVE: tuple[Term, ...] = (
    Term("travel", N_("Way"), _travel),
    Term("lateness", N_("Risk of being late"), _lateness),
    Term("idle", N_("Waiting before"), _idle),
    Term("gap", N_("Holes left in the day"), _gap),
    Term("load", N_("Jobs that day"), _load),
    Term("rating", N_("Rating"), _rating),
    Term("level", N_("Level"), _level),
    Term("regular", N_("Knows the customer"), _regular),
    Term("acceptance", N_("Acceptance rate"), _acceptance),
    Term("presence", N_("Takes orders now"), _presence),
    Term("fairness", N_("Fair share"), _fairness),
    Term("requested", N_("Asked for by the customer"), _requested),
)
TERM_BY_NAME: dict[str, Term] = {term.name: term for term in OBJECTIVE}


def parts_of(case: Case, peers: Peers, policy: Policy) -> dict[str, int]:
    """Weighted whole seconds of every term, in the table's order."""
    return {term.name: round(policy.weight(term.name) * term.seconds(case, peers)) for term in OBJECTIVE}


def is_on_route(case: Case) -> bool:
    """Whether the visit lies within a short way of the job before or after it."""
    time = case.time
    legs = [(time.origin.order_id, time.origin.minutes), (time.goal.order_id, time.goal.minutes)]
    return any(order_id is not None and minutes <= TIGHT_MINUTES for order_id, minutes in legs)
