"""Many candidates as columns: what the rules and the terms read for all of them at once. Built once for any number of jobs.

Windows and jobs are tables [most, candidates], padded with times that never come: a candidate may have any number of them. All
candidates of a crew live by one city's clock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from servicehub.domain.technician import LEVEL_RANK, Gender, Transport
from servicehub.domain.timewindow import DAY_MINUTES, LocalTime, Window, local_time
from servicehub.matching.values import Candidate

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]
NEVER = 1 << 40
"""A minute that never comes."""
_CHANGES = frozenset({"candidates", "jobs", "order_ids", "income_per_hour"})
"""What changes while people work; every other column is made once."""
_GENDERS = {gender: number for number, gender in enumerate(Gender)}
_TRANSPORTS = {transport: number for number, transport in enumerate(Transport)}


class Layer(NamedTuple):
    """Windows by candidate: [most, n] first and last minute, half-open; padded with windows that touch nothing."""

    starts: Ints
    ends: Ints

    @classmethod
    def of(cls, rows: Sequence[Sequence[Window]]) -> Layer:
        return cls(_padded(rows, lambda w: w[0], NEVER), _padded(rows, lambda w: w[1], -NEVER))

    def touches(self, block: Window, rows: Ints) -> Bools:
        """Whether any window overlaps `block`."""
        overlaps = (self.starts[:, rows] < block.end) & (self.ends[:, rows] > block.start)
        return np.asarray(overlaps.any(axis=0))


class Occupied(NamedTuple):
    """Committed jobs by candidate, [most, n] each: cells, where, whose, and the local day they count for."""

    starts: Ints
    ends: Ints
    lats: Floats
    lngs: Floats
    order_ids: Ints
    days: Ints


class Crew:
    """The candidates of a city as arrays; row i is `candidates[i]`."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self.candidates = tuple(candidates)
        self._skills: dict[str, Bools] = {}
        self._certified: dict[str, Ints] = {}

    def renewed(self, candidates: Sequence[Candidate]) -> Crew:
        """The same people with other jobs, or another income; what else is known of them is kept."""
        crew = Crew(candidates)
        crew.__dict__ |= {name: known for name, known in self.__dict__.items() if name not in _CHANGES}
        return crew

    def __len__(self) -> int:
        return len(self.candidates)

    @property
    def clock(self) -> LocalTime:
        return self.candidates[0].calendar.clock if self.candidates else local_time("UTC")

    @cached_property
    def ids(self) -> Ints:
        return self._ints(lambda c: c.technician_id)

    @cached_property
    def active(self) -> Bools:
        return self._bools(lambda c: c.is_active)

    @cached_property
    def online(self) -> Bools:
        return self._bools(lambda c: c.is_online)

    @cached_property
    def genders(self) -> Ints:
        return self._ints(lambda c: _GENDERS[c.gender])

    @cached_property
    def levels(self) -> Ints:
        """Ranks, 0 for a trainee."""
        return self._ints(lambda c: LEVEL_RANK[c.level])

    @cached_property
    def ratings(self) -> Floats:
        return self._floats(lambda c: c.rating)

    @cached_property
    def acceptance(self) -> Floats:
        return self._floats(lambda c: c.acceptance)

    @cached_property
    def income_per_hour(self) -> Floats:
        """Fen; not a number where it is not known yet."""
        return self._floats(lambda c: np.nan if c.income_per_hour_fen is None else c.income_per_hour_fen)

    @cached_property
    def homes(self) -> tuple[Floats, Floats]:
        return self._floats(lambda c: c.calendar.home[0]), self._floats(lambda c: c.calendar.home[1])

    @cached_property
    def transports(self) -> Ints:
        return self._ints(lambda c: _TRANSPORTS[c.calendar.transport])

    @cached_property
    def radius_m(self) -> Floats:
        return self._floats(lambda c: c.calendar.radius_m)

    @cached_property
    def daily_caps(self) -> Ints:
        return self._ints(lambda c: c.calendar.daily_cap)

    @cached_property
    def takes_nights(self) -> Bools:
        return self._bools(lambda c: c.calendar.takes_night_jobs)

    @cached_property
    def shifts(self) -> Layer:
        return Layer.of([c.calendar.shifts for c in self.candidates])

    @cached_property
    def breaks(self) -> Layer:
        return Layer.of([c.calendar.breaks for c in self.candidates])

    @cached_property
    def time_off(self) -> Layer:
        return Layer.of([c.calendar.time_off for c in self.candidates])

    @cached_property
    def blackouts(self) -> Layer:
        return Layer.of([c.calendar.blackouts for c in self.candidates])

    @cached_property
    def jobs(self) -> Occupied:
        rows = [c.calendar.jobs for c in self.candidates]
        visits = _padded(rows, lambda job: job.visit_start, NEVER)
        real = visits < NEVER
        days = np.full_like(visits, -1)
        days[real] = (visits[real] + self.clock.offsets(visits[real])) // DAY_MINUTES
        return Occupied(
            starts=_padded(rows, lambda job: job.start, NEVER),
            ends=_padded(rows, lambda job: job.end, NEVER),
            lats=_padded(rows, lambda job: job.place[0], 0.0),
            lngs=_padded(rows, lambda job: job.place[1], 0.0),
            order_ids=_padded(rows, lambda job: job.order_id, 0),
            days=days,
        )

    @cached_property
    def order_ids(self) -> frozenset[int]:
        """Whose jobs there are."""
        return frozenset(job.order_id for c in self.candidates for job in c.calendar.jobs)

    @cached_property
    def seen(self) -> tuple[Floats, Floats, Ints]:
        """Where and when each was seen last; a minute that never comes for those who were not."""
        seen = [c.calendar.seen for c in self.candidates]
        return (
            np.array([s.place[0] if s else 0.0 for s in seen]),
            np.array([s.place[1] if s else 0.0 for s in seen]),
            np.array([s.minute if s else NEVER for s in seen], np.int64),
        )

    def offers(self, skill: str) -> Bools:
        """Who offers the service."""
        if skill not in self._skills:
            self._skills[skill] = self._bools(lambda c: skill in c.skills)
        return self._skills[skill]

    def certified_until(self, kind: str) -> Ints:
        """Last valid day of the certificate as an ordinal; 0 without one."""
        if kind not in self._certified:
            days = (c.certificates.get(kind) for c in self.candidates)
            self._certified[kind] = np.array([day.toordinal() if day else 0 for day in days], np.int64)
        return self._certified[kind]

    def kept_apart(self, customer_id: int) -> Bools:
        """Who is never matched with the customer again."""
        return np.isin(np.arange(len(self)), self._blocked.get(customer_id, ()))

    def visits_to(self, customer_id: int) -> Ints:
        """Finished visits to the customer."""
        visits = np.zeros(len(self), np.int64)
        for row, count in self._visits.get(customer_id, ()):
            visits[row] = count
        return visits

    @cached_property
    def _blocked(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for row, candidate in enumerate(self.candidates):
            for customer_id in candidate.blocked:
                found[customer_id].append(row)
        return found

    @cached_property
    def _visits(self) -> dict[int, list[tuple[int, int]]]:
        found: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for row, candidate in enumerate(self.candidates):
            for customer_id, count in candidate.visits_to.items():
                found[customer_id].append((row, count))
        return found

    def _ints(self, of: Callable[[Candidate], int]) -> Ints:
        return np.fromiter(map(of, self.candidates), np.int64, len(self.candidates))

    def _floats(self, of: Callable[[Candidate], float]) -> Floats:
        return np.fromiter(map(of, self.candidates), np.float64, len(self.candidates))

    def _bools(self, of: Callable[[Candidate], bool]) -> Bools:
        return np.fromiter(map(of, self.candidates), np.bool_, len(self.candidates))


def gender_number(gender: Gender) -> int:
    """As in `Crew.genders`."""
    return _GENDERS[gender]


def _padded(rows: Sequence[Sequence[Any]], of: Callable[[Any], float], pad: float) -> NDArray[Any]:
    """[longest, rows] one number of each entry; at least one line, so that every reduction has something to reduce."""
    counts = np.fromiter(map(len, rows), np.int64, len(rows))
    most = int(counts.max(initial=1))
    table = np.full((len(rows), most), pad, np.int64 if isinstance(pad, int) else np.float64)
    table[np.arange(most) < counts[:, None]] = [of(entry) for row in rows for entry in row]
    return np.ascontiguousarray(table.T)
