"""The plan of a day and the way, judged for very many pairs of a job and a candidate: compiled, one pair after the other.

The same decision as `domain.availability.Decider`, which decides again when time is really taken; a test holds both together. A
pair that fails a stage is not asked the next one, which saves most of the work. Holds no lock of the interpreter, so that the
rest of the process goes on meanwhile.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from servicehub.domain.availability import LONGEST_WAY
from servicehub.domain.calendar import WhyNot
from servicehub.domain.geo import EARTH_RADIUS_M
from servicehub.domain.timewindow import DAY_MINUTES
from servicehub.domain.travel import SAME_PLACE_M

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
NEVER = 1 << 40
"""A minute that never comes."""
_SHORT = 0.01
"""Half a chord of 127 km; the next term of the series is below 1e-14."""
LONG_AGO, FAR_AHEAD = -(10**9), 10**9
"""Minutes of a way that has no other end."""
JUDGED: tuple[WhyNot, ...] = (
    WhyNot.RADIUS, WhyNot.NIGHT, WhyNot.OFF_SHIFT, WhyNot.TIME_OFF, WhyNot.BREAK, WhyNot.BLACKOUT, WhyNot.CAP, WhyNot.BUSY,
    WhyNot.TRAVEL_BEFORE, WhyNot.TRAVEL_AFTER,
)  # fmt: skip
"""The reasons in the order of their bits."""
BIT: dict[WhyNot, int] = {why: 1 << place for place, why in enumerate(JUDGED)}
_RADIUS, _NIGHT, _OFF_SHIFT, _TIME_OFF, _BREAK, _BLACKOUT, _CAP, _BUSY, _BEFORE, _AFTER = BIT.values()
(ORIGIN_MINUTE, ORIGIN_WAY, ORIGIN_JOB, GOAL_MINUTE, GOAL_WAY, GOAL_JOB, JOBS_THAT_DAY, DETOUR_SAVED) = range(8)
"""Lines of the facts that are whole numbers, see `sheet.Times`."""
ORIGIN_M, GOAL_M = range(2)
"""Lines of the facts in metres."""


class Asked(NamedTuple):
    """The jobs as columns. Minutes are epoch minutes."""

    block_start: Ints
    block_end: Ints
    day: Ints
    """Local day number of the visit."""
    is_night: Bools
    now: Ints
    """Nobody leaves before."""
    places: Floats
    """[jobs, 3] on the unit sphere."""
    zones: Ints
    """Of `Roads.factors`."""
    order_ids: Ints
    waived: Ints
    """Bits of the rules that do not bind."""


class Plans(NamedTuple):
    """The candidates as columns. Windows are [candidates, most, 2]: first and last minute, padded with `NEVER`."""

    homes: Floats
    """[candidates, 3] on the unit sphere."""
    home_zones: Ints
    transports: Ints
    reach_2: Floats
    """Square of the chord that the radius spans."""
    daily_caps: Ints
    takes_nights: Bools
    shifts: Ints
    breaks: Ints
    time_off: Ints
    blackouts: Ints
    job_starts: Ints
    job_ends: Ints
    job_places: Floats
    """[candidates x most, 3] on the unit sphere."""
    job_zones: Ints
    job_orders: Ints
    job_days: Ints
    seen: Floats
    """[candidates, 3] where each was seen last."""
    seen_zones: Ints
    seen_minutes: Ints


class Roads(NamedTuple):
    """How long a way takes, see `domain.travel`."""

    speeds: Floats
    """[3, transports] fixed minutes, minutes for a metre of great circle, rush."""
    factors: Floats
    """[transports, zones, zones] how many times longer moving takes from zone to zone."""
    is_rush: Bools
    """By minute of the local day."""
    clock: Ints
    """[changes, 2] epoch minute from which local time is ahead of UTC by so many minutes, ascending."""


class Judgement(NamedTuple):
    """What fails, as bits [jobs, candidates] of those who were asked about, and the facts of the pairs of which nothing does."""

    bits: NDArray[np.int16]
    at: Ints
    """[pairs] the job."""
    rows: Ints
    """[pairs] the candidate; by job, then by row."""
    whole: Ints
    """[8, pairs] the facts in whole numbers."""
    metres: Floats
    """[2, pairs]."""


def judge(asked: Asked, plans: Plans, roads: Roads, about: Bools, *, through: bool = False) -> Judgement:
    """Every job beside the candidates that it asks about: `about` [jobs, candidates].

    `through`: every stage is asked although one failed, and there are facts of every pair.
    """
    return Judgement(*_judge(*asked, *plans, *roads, about, through))


# Arrays are passed one by one: taken out of a tuple, each reading of one would count references.


@njit(cache=True, nogil=True, error_model="numpy")
def _judge(
    block_start: Any, block_end: Any, day: Any, is_night: Any, now: Any, places: Any, zones: Any, order_ids: Any, waived: Any,
    homes: Any, home_zones: Any, transports: Any, reach_2: Any, daily_caps: Any, takes_nights: Any, shifts: Any, breaks: Any,
    time_off: Any, blackouts: Any, job_starts: Any, job_ends: Any, job_places: Any, job_zones: Any, job_orders: Any,
    job_days: Any, seen: Any, seen_zones: Any, seen_minutes: Any, speeds: Any, factors: Any, is_rush: Any, clock: Any,
    about: Any, through: Any,
) -> Any:  # fmt: skip
    pairs = about.sum()
    bits = np.zeros(about.shape, np.int16)
    at, rows = np.empty(pairs, np.int64), np.empty(pairs, np.int64)
    whole, metres = np.empty((8, pairs), np.int64), np.empty((2, pairs), np.float64)
    passed = 0
    for j in range(about.shape[0]):
        for r in range(about.shape[1]):
            if not about[j, r]:
                continue
            start, end = block_start[j], block_end[j]
            found = _RADIUS & ~waived[j] if _chord_2(places, j, homes, r) > reach_2[r] else 0
            if found and not through:
                bits[j, r] = found
                continue
            shift = _holding(shifts, r, start, end)
            busy, before, after, jobs = _neighbours(
                job_starts, job_ends, job_orders, job_days, r, start, end, order_ids[j], day[j]
            )
            plan = _BUSY if busy else 0
            plan |= _OFF_SHIFT if shift < 0 else 0
            plan |= _NIGHT if is_night[j] and not takes_nights[r] else 0
            plan |= _TIME_OFF * _touches(time_off, r, start, end)
            plan |= _BREAK * _touches(breaks, r, start, end)
            plan |= _BLACKOUT * _touches(blackouts, r, start, end)
            plan |= _CAP if daily_caps[r] <= 0 or jobs >= daily_caps[r] else 0
            found |= plan & ~waived[j]
            if not found or through:
                opens = shifts[r, shift, 0] if shift >= 0 else np.int64(0)
                closes = shifts[r, shift, 1] if shift >= 0 else np.int64(0)
                way = _way(
                    places, j, zones[j], homes, home_zones[r], r, job_starts, job_ends, job_places, job_zones, before, after,
                    seen, seen_zones[r], seen_minutes[r], speeds, factors[transports[r]], is_rush, clock, transports[r],
                    opens, closes, start, end, now[j], whole, metres, passed, through,
                )  # fmt: skip
                if not busy:
                    found |= way & ~waived[j]
            bits[j, r] = found
            if through or not found:
                whole[JOBS_THAT_DAY, passed], at[passed], rows[passed] = jobs, j, r
                passed += 1
    return bits, at[:passed], rows[:passed], whole[:, :passed], metres[:, :passed]


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _chord_2(places: Any, a: Any, others: Any, b: Any) -> Any:
    """Square of the straight line between two points of the unit sphere."""
    x, y, z = places[a, 0] - others[b, 0], places[a, 1] - others[b, 1], places[a, 2] - others[b, 2]
    return x * x + y * y + z * z


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _metres(places: Any, a: Any, others: Any, b: Any) -> Any:
    """Great circle between two points. Within a city the series of the arcsine is as exact as the function."""
    half = math.sqrt(_chord_2(places, a, others, b)) / 2
    if half < _SHORT:
        square = half * half
        return 2 * EARTH_RADIUS_M * half * (1 + square / 6 + 3 * square * square / 40)
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, half))


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _touches(windows: Any, r: Any, start: Any, end: Any) -> Any:
    """Whether any window of row `r` overlaps the block."""
    for k in range(windows.shape[1]):  # noqa: SIM110 - a generator does not compile
        if windows[r, k, 0] < end and windows[r, k, 1] > start:
            return True
    return False


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _holding(windows: Any, r: Any, start: Any, end: Any) -> Any:
    """Which window of row `r` holds the block; -1: none."""
    for k in range(windows.shape[1]):
        if windows[r, k, 0] <= start and windows[r, k, 1] >= end:
            return k
    return -1


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _neighbours(
    starts: Any, ends: Any, orders: Any, days: Any, r: Any, start: Any, end: Any, own: Any, day: Any
) -> Any:  # fmt: skip
    """Whether a job touches the block; the columns of the one before and of the one after it (-1: none); the jobs of the day."""
    busy, before, after, jobs = False, -1, -1, 0
    for k in range(starts.shape[1]):
        since, until = starts[r, k], ends[r, k]
        if since == NEVER:
            break
        if orders[r, k] == own:
            continue  # its own former booking is no obstacle
        if days[r, k] == day:
            jobs += 1
        if since < end and until > start:
            busy = True
        if until <= start and (before < 0 or until > ends[r, before]):
            before = k
        if since >= end and (after < 0 or since < starts[r, after]):
            after = k
    return busy, before, after, jobs


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _minutes(
    speeds: Any, factor: Any, is_rush: Any, clock: Any, transport: Any, metres: Any, leave: Any
) -> Any:  # fmt: skip
    """Whole minutes of a way that begins then; calm for a time that never comes."""
    if metres < SAME_PLACE_M:
        return np.int64(0)
    moving = metres * speeds[1, transport] * factor
    if leave != NEVER:
        ahead = clock[0, 1]
        for k in range(1, len(clock)):
            if clock[k, 0] <= leave:
                ahead = clock[k, 1]
        if is_rush[(leave + ahead) % DAY_MINUTES]:
            moving *= speeds[2, transport]
    return np.int64(math.ceil(speeds[0, transport] + moving - 5e-7))  # as if rounded to six decimals before


@njit(cache=True, nogil=True, error_model="numpy", inline="always")
def _way(
    places: Any, j: Any, zone: Any, homes: Any, home_zone: Any, r: Any, job_starts: Any, job_ends: Any, job_places: Any,
    job_zones: Any, before: Any, after: Any, seen: Any, seen_zone: Any, seen_minute: Any, speeds: Any, factors: Any,
    is_rush: Any, clock: Any, transport: Any, opens: Any, closes: Any, start: Any, end: Any, now: Any, whole: Any,
    metres: Any, row: Any, through: Any,
) -> Any:  # fmt: skip
    """Write where the candidate comes from and what follows; returns the bits of what cannot be reached in time.

    `opens`, `closes`: the shift that holds the block; 0, 0: none does.
    """
    first = r * job_starts.shape[1]
    ended = job_ends[r, before] if before >= 0 else np.int64(-NEVER)
    begin = opens if closes else start - LONGEST_WAY
    comes = ended > min(begin, start - LONGEST_WAY)
    minute, way, far, job = np.int64(LONG_AGO), np.int64(0), 0.0, -1
    if comes:
        gone = seen_minute < NEVER and ended <= seen_minute
        minute = ended if gone else max(ended, now)
        far = _metres(places, j, job_places, first + before)
        job, factor = before, factors[job_zones[first + before], zone]
        way = _minutes(speeds, factor, is_rush, clock, transport, far, minute)
    is_seen = max(begin, ended if comes else np.int64(LONG_AGO)) <= seen_minute <= start
    if closes and not is_seen and not (comes and ended > begin):
        leave, home = max(opens, now), _metres(places, j, homes, r)
        takes = _minutes(speeds, factors[home_zone, zone], is_rush, clock, transport, home, leave)
        if minute + way <= leave + takes:  # of several places the one that is left last
            minute, way, far, job = leave, takes, home, -1
    if is_seen:
        leave, there = max(seen_minute, now), _metres(places, j, seen, r)
        takes = _minutes(speeds, factors[seen_zone, zone], is_rush, clock, transport, there, leave)
        if minute + way <= leave + takes:
            minute, way, far, job = leave, takes, there, -1
    whole[ORIGIN_MINUTE, row], whole[ORIGIN_WAY, row], whole[ORIGIN_JOB, row] = minute, way, job
    metres[ORIGIN_M, row] = 0.0 if far < SAME_PLACE_M else far
    found, origin = _BEFORE if start - minute - way < 0 else 0, job
    if found and not through:
        return found
    due = job_starts[r, after] if after >= 0 else np.int64(NEVER)
    follows = due < max(closes or end, end + LONGEST_WAY)
    minute, way, far, job = np.int64(FAR_AHEAD), np.int64(0), 0.0, -1
    if follows:
        far = _metres(places, j, job_places, first + after)
        minute, job, factor = due, after, factors[zone, job_zones[first + after]]
        way = _minutes(speeds, factor, is_rush, clock, transport, far, end)
    if closes and (not follows or due >= closes):
        home = _metres(places, j, homes, r)
        takes = _minutes(speeds, factors[zone, home_zone], is_rush, clock, transport, home, end)
        if not follows or closes - takes <= minute - way:
            minute, way, far, job = closes, takes, home, -1
    whole[GOAL_MINUTE, row], whole[GOAL_WAY, row], whole[GOAL_JOB, row] = minute, way, job
    metres[GOAL_M, row] = 0.0 if far < SAME_PLACE_M else far
    if not found and minute - end - way < 0:
        found = _AFTER
    whole[DETOUR_SAVED, row] = 0
    if origin >= 0 and job >= 0 and (through or not found):
        between = _metres(job_places, first + origin, job_places, first + job)
        factor = factors[job_zones[first + origin], job_zones[first + job]]
        whole[DETOUR_SAVED, row] = _minutes(speeds, factor, is_rush, clock, transport, between, NEVER)
    return found
