"""Who should do the job: every candidate with the rules that exclude him or the parts of his score, best first.

Owns the order, the tie-break and the reasons. A `Matcher` that plans whole days can replace `ScoringMatcher`; what it returns stays
the same, so that every decision can be explained.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from servicehub.domain.technician import LEVEL_RANK, Level
from servicehub.matching.objective import Peers, is_on_route, parts_of
from servicehub.matching.rules import Case, failed_rules
from servicehub.matching.values import DEFAULT_POLICY, Candidate, Job, Policy

STORED_CANDIDATES = 80
"""Most candidates kept with a decision: all who passed, then the nearest of those who did not."""
FAIR_SHARE_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Assessment:
    """One candidate for one job. `failed` is empty for a possible one, whose `score` is the sum of `parts` exactly."""

    technician_id: int
    failed: tuple[str, ...]
    parts: dict[str, int]
    score: int
    distance_m: int
    travel_minutes: int
    reasons: tuple[str, ...] = ()
    """What the technician is told: nearest, regular, on_route, level, fair_share, requested."""
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Failed rule -> the numbers of its sentence."""

    @property
    def is_feasible(self) -> bool:
        return not self.failed

    def as_document(self) -> dict[str, Any]:
        """As stored with the decision."""
        document: dict[str, Any] = {
            "technician_id": self.technician_id,
            "failed": list(self.failed),
            "parts": dict(self.parts),
            "score": self.score,
            "distance_m": self.distance_m,
            "travel_minutes": self.travel_minutes,
        }
        if self.numbers:
            document["numbers"] = self.numbers
        if self.reasons:
            document["reasons"] = list(self.reasons)
        return document


@dataclass(frozen=True, slots=True)
class Ranking:
    """All candidates of one job: the possible ones best first, then the excluded ones nearest first."""

    order_id: int
    candidates: tuple[Assessment, ...]

    @property
    def feasible(self) -> tuple[Assessment, ...]:
        return tuple(c for c in self.candidates if c.is_feasible)

    @property
    def best(self) -> Assessment | None:
        return next(iter(self.feasible), None)

    @property
    def funnel(self) -> dict[str, int]:
        """How many candidates each rule excluded, by the first rule that failed."""
        return dict(Counter(c.failed[0] for c in self.candidates if c.failed))

    def of(self, technician_id: int) -> Assessment | None:
        """The assessment of one technician."""
        return next((c for c in self.candidates if c.technician_id == technician_id), None)

    def as_document(self, limit: int = STORED_CANDIDATES) -> list[dict[str, Any]]:
        """As stored with a decision, best first; everybody who passed, and the nearest others up to `limit`."""
        count = max(limit, len(self.feasible))
        return [c.as_document() for c in self.candidates[:count]]


class Matcher(Protocol):
    """Whatever ranks candidates. Deterministic: the same question has the same answer."""

    def assess(self, job: Job, candidates: Sequence[Candidate], policy: Policy) -> Ranking: ...

    def choose(
        self, jobs: Iterable[tuple[Job, Sequence[Candidate]]], policy: Policy
    ) -> dict[int, Assessment | None]: ...


class ScoringMatcher:
    """One job at a time: hard rules, then the weighted sum. Ties: shorter way, nearer home, smaller id."""

    def assess(self, job: Job, candidates: Sequence[Candidate], policy: Policy = DEFAULT_POLICY) -> Ranking:
        """Every candidate of `job`, ranked."""
        possible: list[Case] = []
        excluded: list[Assessment] = []
        for candidate in candidates:
            case = Case(job, candidate)
            failed = list(failed_rules(case))
            if failed:
                excluded.append(_excluded(case, {rule.name: rule.numbers(case) for rule in failed}))
            else:
                possible.append(case)
        peers = Peers.of([case.candidate for case in possible])
        nearest = min((_way_key(case) for case in possible), default=None)
        scored = [_scored(case, peers, policy, is_nearest=_way_key(case) == nearest) for case in possible]
        scored.sort(key=lambda a: (-a.score, a.travel_minutes, a.distance_m, a.technician_id))
        excluded.sort(key=lambda a: (a.distance_m, a.technician_id))
        return Ranking(job.order_id, (*scored, *excluded))

    def choose(
        self, jobs: Iterable[tuple[Job, Sequence[Candidate]]], policy: Policy = DEFAULT_POLICY
    ) -> dict[int, Assessment | None]:
        """One technician per job and one job per technician, in the given order of jobs."""
        taken: set[int] = set()
        chosen: dict[int, Assessment | None] = {}
        for job, candidates in jobs:
            ranking = self.assess(job, candidates, policy)
            best = next((a for a in ranking.feasible if a.technician_id not in taken), None)
            chosen[job.order_id] = best
            if best is not None:
                taken.add(best.technician_id)
        return chosen


def _way_key(case: Case) -> tuple[int, int, int]:
    return case.time.origin.minutes, round(case.home_m), case.candidate.technician_id


def _excluded(case: Case, numbers: dict[str, dict[str, Any]]) -> Assessment:
    knows_time = any(name in numbers for name in ("travel_feasible", "daily_cap", "on_shift", "night_opt_in"))
    return Assessment(
        technician_id=case.candidate.technician_id,
        failed=tuple(numbers),
        parts={},
        score=0,
        distance_m=round(case.home_m),
        travel_minutes=case.time.origin.minutes if knows_time else 0,
        numbers={name: found for name, found in numbers.items() if found},
    )


def _scored(case: Case, peers: Peers, policy: Policy, *, is_nearest: bool) -> Assessment:
    parts = parts_of(case, peers, policy)
    origin = case.time.origin
    return Assessment(
        technician_id=case.candidate.technician_id,
        failed=(),
        parts=parts,
        score=sum(parts.values()),
        distance_m=round(origin.leg.distance_m),
        travel_minutes=origin.minutes,
        reasons=tuple(_reasons(case, parts, is_nearest=is_nearest)),
    )


def _reasons(case: Case, parts: dict[str, int], *, is_nearest: bool) -> Iterable[str]:
    if case.candidate.technician_id == case.job.requested_technician_id:
        yield "requested"
    if case.candidate.visits_to.get(case.job.customer_id):
        yield "regular"
    if is_nearest:
        yield "nearest"
    if is_on_route(case):
        yield "on_route"
    if parts.get("fairness", 0) >= FAIR_SHARE_SECONDS:
        yield "fair_share"
    if LEVEL_RANK[case.candidate.level] >= LEVEL_RANK[Level.GOLD]:
        yield "level"


MATCHER: Matcher = ScoringMatcher()
"""The engine of this process."""


def assess(job: Job, candidates: Sequence[Candidate], policy: Policy = DEFAULT_POLICY) -> Ranking:
    """Every candidate of `job`, ranked by the engine of this process."""
    return MATCHER.assess(job, candidates, policy)


def choose(
    jobs: Iterable[tuple[Job, Sequence[Candidate]]], policy: Policy = DEFAULT_POLICY
) -> dict[int, Assessment | None]:
    """One technician for each job, nobody twice, by the engine of this process."""
    return MATCHER.choose(jobs, policy)
