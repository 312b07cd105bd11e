"""Many candidates as columns: what the rules and the terms read for all of them at once. Built once for any number of jobs.

All candidates of a crew live by one city's clock.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from servicehub.domain.geo import EARTH_RADIUS_M, Point, distances_m, on_sphere
from servicehub.domain.technician import LEVEL_RANK, Gender, Transport
from servicehub.domain.timewindow import DAY_MINUTES, LocalTime, Window, local_time
from servicehub.domain.travel import OFFLINE, TravelTimes
from servicehub.matching.judge import NEVER, Plans
from servicehub.matching.values import Candidate

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.floating[Any]]
_CHANGES = frozenset({"candidates", "_jobs", "income_per_hour", "share_of_median"})
"""What changes while people work; every other column is made once."""
_GENDERS = {gender: number for number, gender in enumerate(Gender)}
_TRANSPORTS = {transport: number for number, transport in enumerate(Transport)}


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

    @property
    def travel(self) -> TravelTimes:
        """How long ways take in the city of the crew."""
        return self.candidates[0].calendar.travel if self.candidates else OFFLINE

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

    def home_m(self, place: Point, rows: Ints) -> Floats:
        """Great circle from the homes of some rows to a place."""
        lats, lngs = self.homes
        return distances_m(place, lats[rows], lngs[rows])

    @cached_property
    def radius_m(self) -> Floats:
        return self._floats(lambda c: c.calendar.radius_m)

    @cached_property
    def share_of_median(self) -> Floats:
        """Income per hour as a share of the median of those whose income is known; 1 where it is not."""
        own = self.income_per_hour
        known = ~np.isnan(own)
        median = float(np.median(own[known])) if known.any() else 0.0
        return np.where(known, own / median, 1.0) if median > 0 else np.ones(len(own))

    @property
    def plans(self) -> Plans:
        """What the compiled judge reads of everybody."""
        return self._standing._replace(**self._jobs)

    @cached_property
    def _standing(self) -> Plans:
        """Everything but the jobs, whose lines are empty."""
        seen, zones = [c.calendar.seen for c in self.candidates], self.travel.zones
        seen_at = [s.place[0] if s else 0.0 for s in seen], [s.place[1] if s else 0.0 for s in seen]
        nothing = np.empty((len(self), 0), np.int64)
        return Plans(
            homes=on_sphere(*self.homes),
            home_zones=zones.of_many(*self.homes),
            transports=self._ints(lambda c: _TRANSPORTS[c.calendar.transport]),
            reach_2=(2 * np.sin(np.minimum(self.radius_m / EARTH_RADIUS_M, math.pi) / 2)) ** 2,
            daily_caps=self._ints(lambda c: c.calendar.daily_cap),
            takes_nights=self._bools(lambda c: c.calendar.takes_night_jobs),
            shifts=_windows([c.calendar.shifts for c in self.candidates]),
            breaks=_windows([c.calendar.breaks for c in self.candidates]),
            time_off=_windows([c.calendar.time_off for c in self.candidates]),
            blackouts=_windows([c.calendar.blackouts for c in self.candidates]),
            job_starts=nothing,
            job_ends=nothing,
            job_places=np.empty((0, 3)),
            job_zones=np.empty(0, np.int64),
            job_orders=nothing,
            job_days=nothing,
            seen=on_sphere(*seen_at),
            seen_zones=zones.of_many(*seen_at),
            seen_minutes=np.array([s.minute if s else NEVER for s in seen], np.int64),
        )

    @cached_property
    def _jobs(self) -> dict[str, Any]:
        rows = [c.calendar.jobs for c in self.candidates]
        visits = _padded(rows, lambda job: job.visit_start, NEVER)
        real = visits < NEVER
        days = np.full_like(visits, -1)
        days[real] = (visits[real] + self.clock.offsets(visits[real])) // DAY_MINUTES
        lats, lngs = _padded(rows, lambda job: job.place[0], 0.0), _padded(rows, lambda job: job.place[1], 0.0)
        return {
            "job_starts": _padded(rows, lambda job: job.start, NEVER),
            "job_ends": _padded(rows, lambda job: job.end, NEVER),
            "job_places": on_sphere(lats, lngs).reshape(-1, 3),
            "job_zones": self.travel.zones.of_many(lats, lngs).ravel(),
            "job_orders": _padded(rows, lambda job: job.order_id, 0),
            "job_days": days,
        }

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

    def kept_apart(self, customer_id: int) -> Bools | None:
        """Who is never matched with the customer again; None where nobody is."""
        rows = self._blocked.get(customer_id)
        if rows is None:
            return None
        apart = np.zeros(len(self), np.bool_)
        apart[rows] = True
        return apart

    def visits_to(self, customer_id: int) -> Ints | None:
        """Finished visits to the customer; None where nobody made one."""
        known = self._visits.get(customer_id)
        if known is None:
            return None
        visits = np.zeros(len(self), np.int64)
        for row, count in known:
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
    """[rows, longest] one number of each entry."""
    counts = np.fromiter(map(len, rows), np.int64, len(rows))
    most = int(counts.max(initial=0))
    table = np.full((len(rows), most), pad, np.int64 if isinstance(pad, int) else np.float64)
    table[np.arange(most) < counts[:, None]] = [of(entry) for row in rows for entry in row]
    return table


def _windows(rows: Sequence[Sequence[Window]]) -> Ints:
    """[rows, longest, 2] first and last minute of windows, half-open."""
    return np.stack([_padded(rows, lambda w: w[0], NEVER), _padded(rows, lambda w: w[1], NEVER)], axis=-1)
