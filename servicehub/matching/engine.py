"""Who should do the job: every candidate with the rules that exclude him or the parts of his score, best first; and the best choice
for a whole batch of jobs.

Owns the order, the tie-break and the reasons. Everybody is judged as columns (`sheet`); an `Assessment` is made only of
those who are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from servicehub.domain.technician import LEVEL_RANK, Level
from servicehub.matching.assignment import NOBODY, assign
from servicehub.matching.crew import Bools, Crew, Ints
from servicehub.matching.objective import OBJECTIVE, is_on_route, parts_of
from servicehub.matching.rules import STAGES, Rule, Stage, broken_rules
from servicehub.matching.sheet import Sheet
from servicehub.matching.values import DEFAULT_POLICY, Candidate, Job, Policy

STORED_PASSED, STORED_EXCLUDED = 40, 20
"""Most candidates kept with a decision: the best who passed and the nearest who did not. The funnel counts everybody."""
FAIR_SHARE_SECONDS = 120
LEFT_WAITING = 1_000_000
"""Cost in seconds of leaving a job of a batch without anybody: first as many jobs as possible, then the best scores."""
_LEVELS = {rank: level for level, rank in LEVEL_RANK.items()}


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


class Ranking:
    """All candidates of one job: the possible ones best first, then the excluded ones nearest first."""

    def __init__(self, job: Job, passed: Passed, excluded: Excluded) -> None:
        self.order_id, self.is_urgent = job.order_id, job.is_urgent
        self._passed, self._excluded = passed, excluded

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranking) and (self.order_id, self.candidates) == (other.order_id, other.candidates)

    __hash__ = None  # type: ignore[assignment]  # compared by its candidates, which nobody wants to hash

    @cached_property
    def candidates(self) -> tuple[Assessment, ...]:
        return (*self.feasible, *self.excluded(len(self._excluded.ids)))

    @cached_property
    def feasible(self) -> tuple[Assessment, ...]:
        return self.top(len(self))

    @property
    def best(self) -> Assessment | None:
        return next(iter(self.top(1)), None)

    @property
    def scores(self) -> Ints:
        """Of the possible candidates, best first."""
        return self._passed.scores

    @property
    def ids(self) -> Ints:
        """Technicians who are possible, best first."""
        return self._passed.ids

    def __len__(self) -> int:
        """How many are possible."""
        return len(self._passed.ids)

    def top(self, count: int) -> tuple[Assessment, ...]:
        """The best `count` of those who are possible."""
        return tuple(self._passed.assessment(k) for k in range(min(count, len(self))))

    def excluded(self, count: int) -> tuple[Assessment, ...]:
        """The nearest `count` of those who are not."""
        return tuple(self._excluded.assessment(k) for k in range(min(count, len(self._excluded.ids))))

    @property
    def funnel(self) -> dict[str, int]:
        """How many candidates each rule excluded, by the first rule that failed."""
        return self._excluded.first_rules

    def of(self, technician_id: int) -> Assessment | None:
        """The assessment of one technician."""
        for group in (self._passed, self._excluded):
            found = np.flatnonzero(group.ids == technician_id)
            if len(found):
                return group.assessment(int(found[0]))
        return None

    def as_document(self, passed: int = STORED_PASSED, excluded: int = STORED_EXCLUDED) -> list[dict[str, Any]]:
        """As stored with a decision, best first: of those who passed and of those who did not, the first few."""
        return [a.as_document() for a in (*self.top(passed), *self.excluded(excluded))]


class Passed:
    """Those whom no rule excludes, best first. Ties: shorter way, nearer, smaller id."""

    def __init__(self, sheet: Sheet, policy: Policy) -> None:
        self._sheet = sheet
        self._parts = parts_of(sheet, policy)
        scores = self._parts.sum(axis=1)
        origin = sheet.time.origin
        metres = np.rint(origin.distance_m).astype(np.int64)
        self._order = np.lexsort((sheet.ids, metres, origin.way, -scores))
        self.ids: Ints = sheet.ids[self._order]
        self.scores: Ints = scores[self._order]
        nearest = np.lexsort((sheet.ids, np.rint(sheet.home_m), origin.way))
        self._nearest = int(nearest[0]) if len(nearest) else -1

    def assessment(self, place: int) -> Assessment:
        """The one at this place of the order."""
        row = int(self._order[place])
        sheet, parts = self._sheet, self._parts[row].tolist()
        return Assessment(
            technician_id=int(sheet.ids[row]),
            failed=(),
            parts=dict(zip(_TERMS, parts, strict=True)),
            score=sum(parts),
            distance_m=round(float(sheet.time.origin.distance_m[row])),
            travel_minutes=int(sheet.time.origin.way[row]),
            reasons=tuple(self._reasons(row, dict(zip(_TERMS, parts, strict=True)))),
        )

    def _reasons(self, row: int, parts: dict[str, int]) -> Iterable[str]:
        sheet = self._sheet
        if sheet.ids[row] == sheet.job.requested_technician_id:
            yield "requested"
        if sheet.crew.visits_to(sheet.job.customer_id)[sheet.rows[row]]:
            yield "regular"
        if row == self._nearest:
            yield "nearest"
        if is_on_route(sheet, row):
            yield "on_route"
        if parts.get("fairness", 0) >= FAIR_SHARE_SECONDS:
            yield "fair_share"
        if sheet.crew.levels[sheet.rows[row]] >= LEVEL_RANK[Level.GOLD]:
            yield "level"


class Fallen(NamedTuple):
    """Those rows of a sheet whom one stage of rules excluded, and which of its rules each breaks: [rows, rules]."""

    sheet: Sheet
    rows: Ints
    broken: Bools
    rules: tuple[Rule, ...]


class Excluded:
    """Those whom a rule excludes, nearest first."""

    def __init__(self, stages: Sequence[Fallen]) -> None:
        self._stages = stages
        ids = np.concatenate([fallen.sheet.ids[fallen.rows] for fallen in stages])
        metres = np.concatenate([np.rint(fallen.sheet.home_m[fallen.rows]) for fallen in stages])
        self._order = np.lexsort((ids, metres))
        self.ids: Ints = ids[self._order]

    @property
    def first_rules(self) -> dict[str, int]:
        """How many each rule excluded first, in the table's order."""
        found: dict[str, int] = {}
        for _sheet, _rows, broken, rules in self._stages:
            counts = np.bincount(broken.argmax(axis=1), minlength=len(rules))
            found |= {rule.name: int(count) for rule, count in zip(rules, counts, strict=True) if count}
        return found

    def assessment(self, place: int) -> Assessment:
        """The one at this place of the order."""
        row = int(self._order[place])
        for fallen in self._stages:
            if row < len(fallen.broken):
                return _fallen(fallen, row)
            row -= len(fallen.broken)
        raise IndexError(place)


def _fallen(fallen: Fallen, place: int) -> Assessment:
    sheet, rules, row = fallen.sheet, fallen.rules, int(fallen.rows[place])
    names = [rule for rule, fails in zip(rules, fallen.broken[place], strict=True) if fails]
    numbers = {rule.name: rule.numbers(sheet, row) for rule in names}
    return Assessment(
        technician_id=int(sheet.ids[row]),
        failed=tuple(numbers),
        parts={},
        score=0,
        distance_m=round(float(sheet.home_m[row])),
        travel_minutes=int(sheet.time.origin.way[row]) if rules[0].stage is Stage.WAY else 0,
        numbers={name: found for name, found in numbers.items() if found},
    )


_TERMS = tuple(term.name for term in OBJECTIVE)


def assess(job: Job, candidates: Sequence[Candidate], policy: Policy = DEFAULT_POLICY) -> Ranking:
    """Every candidate of `job`, ranked. Deterministic: the same question has the same answer."""
    return rank(job, Crew(candidates), np.arange(len(candidates)), policy)


def rank(job: Job, crew: Crew, rows: Ints, policy: Policy = DEFAULT_POLICY) -> Ranking:
    """`assess` for some rows of a crew, which many jobs may share."""
    sheet, stages = Sheet(job, crew, rows), []
    for rules in STAGES:
        broken = broken_rules(sheet, rules)
        out = np.asarray(broken.any(axis=1))
        stages.append(Fallen(sheet, np.flatnonzero(out), broken[out], rules))
        sheet = sheet.only(~out)
    return Ranking(job, Passed(sheet, policy), Excluded(stages))


def choose(rankings: Sequence[Ranking]) -> dict[int, int | None]:
    """Order id -> technician: nobody twice, as many jobs as possible (rescued ones first), then the best total score. Exact."""
    counts = [len(ranking) for ranking in rankings]
    if not sum(counts):
        return {ranking.order_id: None for ranking in rankings}
    people, columns = np.unique(np.concatenate([ranking.ids for ranking in rankings]), return_inverse=True)
    costs = -np.concatenate([ranking.scores for ranking in rankings])
    alone = [LEFT_WAITING * (2 if ranking.is_urgent else 1) for ranking in rankings]
    chosen = assign(np.repeat(np.arange(len(rankings)), counts), columns, costs, alone)
    return {
        ranking.order_id: None if column == NOBODY else int(people[column])
        for ranking, column in zip(rankings, chosen, strict=True)
    }
