"""Who should do the job: every candidate with the rules that exclude him or the parts of his score, best first; and the best choice
for a whole batch of jobs.

Owns the order, the tie-break and the reasons. Everybody is judged as columns (`sheet`); an `Assessment` is made only of
those who are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from servicehub.domain.calendar import Calendar
from servicehub.domain.geo import Point
from servicehub.domain.technician import LEVEL_RANK, Gender, Level, Transport
from servicehub.domain.timewindow import instant_of, local_time
from servicehub.matching.assignment import NOBODY, assign
from servicehub.matching.crew import Bools, Crew, Ints
from servicehub.matching.objective import is_on_route, parts_of
from servicehub.matching.rules import LATER, STAGES, Rule, Stage, of_bits, of_person
from servicehub.matching.sheet import Glance, Jobs, Sheet, judged
from servicehub.matching.values import DEFAULT_POLICY, Candidate, Job, Policy

STORED_PASSED, STORED_EXCLUDED = 40, 20
"""Most candidates kept with a decision: the best who passed and the nearest who did not. The funnel counts everybody."""
FAIR_SHARE_SECONDS = 120
_NONE = np.empty(0, np.int64)
LARGE = 400_000
"""Pairs of a job and a candidate from which a batch is worth two threads."""
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

    def __init__(self, job: Job, passed: Passed, place: int, excluded: Excluded) -> None:
        self.order_id, self.is_urgent, self.service = job.order_id, job.is_urgent, job.skill
        self._passed, self._span, self._excluded = passed, passed.sheet.of_job(place), excluded

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

    @cached_property
    def _order(self) -> Ints:
        return self._passed.ranked(self._span)

    @property
    def scores(self) -> Ints:
        """Of the possible candidates, best first."""
        return self._passed.scores[self._order]

    @property
    def ids(self) -> Ints:
        """Technicians who are possible, best first."""
        return self._passed.sheet.ids[self._order]

    @property
    def unsorted(self) -> tuple[Ints, Ints]:
        """Who is possible and their scores, in no order: enough for an assignment."""
        return self._passed.sheet.ids[self._span], self._passed.scores[self._span]

    def __len__(self) -> int:
        """How many are possible."""
        return int(self._span.stop - self._span.start)

    def top(self, count: int) -> tuple[Assessment, ...]:
        """The best `count` of those who are possible."""
        return tuple(self._passed.assessment(int(row)) for row in self._order[:count])

    def excluded(self, count: int) -> tuple[Assessment, ...]:
        """The nearest `count` of those who are not."""
        return tuple(self._excluded.assessments(range(min(count, len(self._excluded.ids)))))

    @property
    def funnel(self) -> dict[str, int]:
        """How many candidates each rule excluded, by the first rule that failed."""
        return self._excluded.first_rules

    def of(self, technician_id: int) -> Assessment | None:
        """The assessment of one technician."""
        found = np.flatnonzero(self.unsorted[0] == technician_id)
        if len(found):
            return self._passed.assessment(self._span.start + int(found[0]))
        found = np.flatnonzero(self._excluded.ids == technician_id)
        return next(self._excluded.assessments([int(found[0])])) if len(found) else None

    def as_document(self, passed: int = STORED_PASSED, excluded: int = STORED_EXCLUDED) -> list[dict[str, Any]]:
        """As stored with a decision, best first: of those who passed and of those who did not, the first few."""
        return [a.as_document() for a in (*self.top(passed), *self.excluded(excluded))]


class Passed:
    """The pairs of a batch whom no rule excludes, with their scores."""

    def __init__(self, sheet: Sheet, policy: Policy) -> None:
        self.sheet, sheet.policy = sheet, policy
        self._parts = parts_of(sheet)
        self.scores: Ints = np.sum(list(self._parts.values()), axis=0)

    def ranked(self, span: slice) -> Ints:
        """Rows of `span`, best first. Ties: shorter way, nearer, smaller id."""
        origin = self.sheet.time.origin
        metres = np.rint(origin.distance_m[span]).astype(np.int64)
        keys = (self.sheet.ids[span], metres, origin.way[span], -self.scores[span])
        return np.asarray(np.lexsort(keys) + span.start, np.int64)

    @cached_property
    def _nearest(self) -> Bools:
        """Who has the shortest way of all who may do the job."""
        sheet = self.sheet
        order = np.lexsort((sheet.ids, np.rint(sheet.home_m), sheet.time.origin.way, sheet.at))
        found = np.zeros(len(sheet), np.bool_)
        found[order[np.unique(sheet.at, return_index=True)[1]]] = True
        return found

    def assessment(self, row: int) -> Assessment:
        """Of one row of the sheet."""
        sheet, parts = self.sheet, {term: int(column[row]) for term, column in self._parts.items()}
        return Assessment(
            technician_id=int(sheet.ids[row]),
            failed=(),
            parts=parts,
            score=sum(parts.values()),
            distance_m=round(float(sheet.time.origin.distance_m[row])),
            travel_minutes=int(sheet.time.origin.way[row]),
            reasons=tuple(self._reasons(row, parts)),
        )

    def _reasons(self, row: int, parts: dict[str, int]) -> Iterable[str]:
        sheet = self.sheet
        if sheet.ids[row] == sheet.jobs.requested_ids[sheet.at[row]]:
            yield "requested"
        if sheet.visits[row]:
            yield "regular"
        if self._nearest[row]:
            yield "nearest"
        if is_on_route(sheet, row):
            yield "on_route"
        if parts.get("fairness", 0) >= FAIR_SHARE_SECONDS:
            yield "fair_share"
        if sheet.crew.levels[sheet.rows[row]] >= LEVEL_RANK[Level.GOLD]:
            yield "level"


class Fallen(NamedTuple):
    """Rows of the crew whom rules excluded, and which of `rules` each breaks: [rows, rules]."""

    rows: Ints
    broken: Bools
    rules: tuple[Rule, ...]


class Excluded:
    """Those of one job whom a rule excludes, nearest first. Looked up only when somebody asks."""

    def __init__(self, glance: Glance, bits: NDArray[np.int16]) -> None:
        self._glance, self._bits = glance, bits

    @cached_property
    def _groups(self) -> tuple[Fallen, Fallen]:
        rows, broken = self._glance.rows, np.column_stack(of_person(self._glance))
        out, later = broken.any(axis=1), rows[self._bits[rows] != 0]
        return (
            Fallen(rows[out], broken[out], STAGES[Stage.PERSON]),
            Fallen(later, of_bits(self._bits[later]), LATER),
        )

    @cached_property
    def _rows(self) -> Ints:
        return np.concatenate([group.rows for group in self._groups])

    @cached_property
    def _order(self) -> Ints:
        metres = self._glance.crew.home_m(self._glance.job.place, self._rows)
        return np.lexsort((self._glance.crew.ids[self._rows], np.rint(metres)))

    @cached_property
    def ids(self) -> Ints:
        """Nearest first."""
        return self._glance.crew.ids[self._rows[self._order]]

    @property
    def first_rules(self) -> dict[str, int]:
        """How many each rule excluded first, in the table's order."""
        found: dict[str, int] = {}
        for _rows, broken, rules in self._groups:
            counts = np.bincount(broken.argmax(axis=1), minlength=len(rules))
            found |= {rule.name: int(count) for rule, count in zip(rules, counts, strict=True) if count}
        return found

    def assessments(self, places: Sequence[int]) -> Iterator[Assessment]:
        """Those at these places of the order."""
        chosen = self._order[np.asarray(places, np.int64)]
        metres = self._glance.crew.home_m(self._glance.job.place, self._rows[chosen])
        early, late = self._groups
        rows = np.sort(self._rows[chosen[chosen >= len(early.rows)]])
        sheet = self._sheet(rows) if len(rows) else None
        for place, far in zip(chosen.tolist(), metres.tolist(), strict=True):
            if place < len(early.rows):
                yield self._assessment(early, place, round(far), None, 0)
            else:
                row = late.rows[place - len(early.rows)]
                line = int(np.searchsorted(rows, row))
                yield self._assessment(late, place - len(early.rows), round(far), sheet, line)

    def _assessment(self, group: Fallen, at: int, distance_m: int, sheet: Sheet | None, line: int) -> Assessment:
        """`line`: where the candidate stands in the sheet."""
        rules = [rule for rule, fails in zip(group.rules, group.broken[at], strict=True) if fails]
        numbers = {rule.name: rule.numbers(sheet, line) if sheet else {} for rule in rules}
        knows_way = sheet is not None and rules[0].stage is Stage.WAY
        return Assessment(
            technician_id=int(self._glance.crew.ids[group.rows[at]]),
            failed=tuple(numbers),
            parts={},
            score=0,
            distance_m=distance_m,
            travel_minutes=int(sheet.time.origin.way[line]) if sheet is not None and knows_way else 0,
            numbers={name: found for name, found in numbers.items() if found},
        )

    def _sheet(self, rows: Ints) -> Sheet:
        """The facts of these candidates, although rules fail; by row."""
        about = np.zeros((1, len(self._glance.crew)), np.bool_)
        about[0, rows] = True
        return judged(Jobs([self._glance.job]), self._glance.crew, about, through=True)[1]


def assess(job: Job, candidates: Sequence[Candidate], policy: Policy = DEFAULT_POLICY) -> Ranking:
    """Every candidate of `job`, ranked. Deterministic: the same question has the same answer."""
    return rank([(job, np.arange(len(candidates)))], Crew(candidates), policy)[0]


def rank(questions: Sequence[tuple[Job, Ints]], crew: Crew, policy: Policy = DEFAULT_POLICY) -> list[Ranking]:
    """`assess` for every job of a batch, each with the rows of the crew that are asked about; in the order of the questions."""
    if len(questions) * len(crew) < LARGE:
        return _rank(questions, crew, policy)
    middle = len(questions) // 2
    with ThreadPoolExecutor(2) as threads:  # the judge and the columns hold no lock of the interpreter
        halves = threads.map(lambda half: _rank(half, crew, policy), (questions[:middle], questions[middle:]))
        return [ranking for half in halves for ranking in half]


def _rank(questions: Sequence[tuple[Job, Ints]], crew: Crew, policy: Policy) -> list[Ranking]:
    if not questions:
        return []
    glances = [Glance(job, crew, rows) for job, rows in questions]
    about = np.zeros((len(questions), len(crew)), np.bool_)
    for place, glance in enumerate(glances):
        about[place, glance.rows] = ~np.logical_or.reduce(of_person(glance))
    bits, sheet = judged(Jobs([job for job, _rows in questions]), crew, about)
    passed = Passed(sheet, policy)
    return [Ranking(g.job, passed, place, Excluded(g, bits[place])) for place, g in enumerate(glances)]


def choose(rankings: Sequence[Ranking]) -> dict[int, int | None]:
    """Order id -> technician: nobody twice, as many jobs as possible (rescued ones first), then the best total score. Exact."""
    counts = [len(ranking) for ranking in rankings]
    if not sum(counts):
        return {ranking.order_id: None for ranking in rankings}
    ids, scores = (np.concatenate(column) for column in zip(*(r.unsorted for r in rankings), strict=True))
    people, columns = np.unique(ids, return_inverse=True)
    costs = -scores
    alone = [LEFT_WAITING * (2 if ranking.is_urgent else 1) for ranking in rankings]
    chosen = assign(np.repeat(np.arange(len(rankings)), counts), columns, costs, alone)
    return {
        ranking.order_id: None if column == NOBODY else int(people[column])
        for ranking, column in zip(rankings, chosen, strict=True)
    }


def choose_start(
    options: Mapping[int, Sequence[tuple[int, Ranking]]],
    price: Callable[[int], float] = lambda _start: 0.0,
    *,
    worth: int = LEFT_WAITING,
) -> dict[int, tuple[int, int] | None]:
    """`choose` for orders that may begin at several times: order id -> start and technician, or None.

    `options`: each order's starts with the ranking at that start. Of several starts a technician could make, the one he scores best
    at counts; of equals the first. `price`: seconds that beginning then costs besides, because others will want that hour. `worth`:
    seconds that an order is worth; one that costs more is left waiting.
    """
    rows, people, scores, starts, alone = [], [], [], [], []
    for row, of_one in enumerate(options.values()):
        ids = np.concatenate([_NONE, *(r.unsorted[0] for _start, r in of_one)])
        best = np.concatenate([_NONE, *(r.unsorted[1] - price(start) for start, r in of_one)])
        when = np.repeat([start for start, _r in of_one], [len(r) for _start, r in of_one]).astype(np.int64)
        order = np.lexsort((when, -best, ids))
        first = np.flatnonzero(np.diff(ids[order], prepend=-1))
        keep = order[first]
        rows.append(np.full(len(keep), row))
        people.append(ids[keep])
        scores.append(best[keep])
        starts.append(when[keep])
        alone.append(worth * (2 if any(r.is_urgent for _start, r in of_one) else 1))
    if not rows:
        return {}
    whose, who, score, begins = (np.concatenate(column) for column in (rows, people, scores, starts))
    known, columns = np.unique(who, return_inverse=True)
    chosen = assign(whose, columns, -score, alone)
    found: dict[int, tuple[int, int] | None] = dict.fromkeys(options)
    for place, order_id in enumerate(options):
        if chosen[place] != NOBODY:
            pair = np.flatnonzero((whose == place) & (columns == chosen[place]))[0]
            found[order_id] = int(begins[pair]), int(known[chosen[place]])
    return found


def warm_up() -> None:
    """Compile what is compiled, or load it: seconds on a machine that never did, a moment afterwards. Asked for before serving,
    so that no dispatch waits for it."""
    clock = local_time("UTC")
    calendar = Calendar(technician_id=1, clock=clock, home=Point(0.0, 0.0), transport=Transport.CAR)
    nobody = Candidate(technician_id=1, calendar=calendar, gender=Gender.FEMALE, level=Level.TRAINEE)
    choose([assess(Job(order_id=1, place=Point(0.0, 0.0), start=0, minutes=60, now=instant_of(0)), [nobody])])
