"""Time as the schedule sees it: half-open windows in whole minutes, cells of a quarter of an hour, and local days.

A minute is counted from the Unix epoch in UTC, so nights, month ends and clock changes need no special case. City time exists
only in `LocalTime`. Knows no technician and reads no clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from servicehub.domain.technician import CELL_MINUTES

DAY_MINUTES = 1440
REMEMBERED = 20_000
"""Entries of a city's clock that are kept in memory."""
STEADY_MINUTES = 14 * DAY_MINUTES
"""No clock on earth changes twice within this time."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def minute_of(instant: datetime) -> int:
    """Whole minutes since the epoch, rounded down.

    Raises: ValueError for a naive datetime.
    """
    if instant.tzinfo is None:
        raise ValueError("naive datetime")
    return int((instant - _EPOCH).total_seconds() // 60)


def minute_up(instant: datetime) -> int:
    """Whole minutes since the epoch, rounded up."""
    down = minute_of(instant)
    return down if _EPOCH + timedelta(minutes=down) == instant else down + 1


def instant_of(minute: int) -> datetime:
    """The aware UTC instant of an epoch minute."""
    return _EPOCH + timedelta(minutes=minute)


class Window(NamedTuple):
    """`[start, end)` in epoch minutes."""

    start: int
    end: int

    @classmethod
    def between(cls, start: datetime, end: datetime) -> Window:
        """The smallest window that holds both instants."""
        return cls(minute_of(start), minute_up(end))

    @property
    def minutes(self) -> int:
        return self.end - self.start

    @property
    def start_at(self) -> datetime:
        return instant_of(self.start)

    @property
    def end_at(self) -> datetime:
        return instant_of(self.end)

    def overlaps(self, other: Window) -> bool:
        return self.start < other.end and other.start < self.end

    def covers(self, other: Window) -> bool:
        return self.start <= other.start and other.end <= self.end

    def grown(self, before: int, after: int) -> Window:
        """The window with minutes added on both sides."""
        return Window(self.start - before, self.end + after)


def union(windows: Iterable[Window]) -> list[Window]:
    """Ascending, disjoint windows that cover the same minutes; touching windows become one, empty ones vanish."""
    merged: list[Window] = []
    for window in sorted(w for w in windows if w.end > w.start):
        if merged and window.start <= merged[-1].end:
            if window.end > merged[-1].end:
                merged[-1] = Window(merged[-1].start, window.end)
        else:
            merged.append(Window(*window))
    return merged


def intersect(left: Iterable[Window], right: Iterable[Window]) -> list[Window]:
    """The minutes that are in both, ascending and disjoint."""
    ours, theirs = union(left), union(right)
    found: list[Window] = []
    i = j = 0
    while i < len(ours) and j < len(theirs):
        start, end = max(ours[i].start, theirs[j].start), min(ours[i].end, theirs[j].end)
        if start < end:
            found.append(Window(start, end))
        if ours[i].end <= theirs[j].end:
            i += 1
        else:
            j += 1
    return found


def subtract(left: Iterable[Window], right: Iterable[Window]) -> list[Window]:
    """The minutes of `left` that are not in `right`, ascending and disjoint."""
    holes = union(right)
    found: list[Window] = []
    for window in union(left):
        start = window.start
        for hole in holes:
            if hole.end <= start:
                continue
            if hole.start >= window.end:
                break
            if hole.start > start:
                found.append(Window(start, hole.start))
            start = max(start, hole.end)
        if start < window.end:
            found.append(Window(start, window.end))
    return found


# --- cells ---------------------------------------------------------------------------------------------------------


def cells_of(window: Window) -> range:
    """The cells (epoch minutes // 15) that a window touches, ascending."""
    return range(window.start // CELL_MINUTES, -(-window.end // CELL_MINUTES))


def window_of_cells(first: int, last: int) -> Window:
    """The window from the start of cell `first` to the end of cell `last`."""
    return Window(first * CELL_MINUTES, (last + 1) * CELL_MINUTES)


def aligned(window: Window) -> Window:
    """The window grown to whole cells: what the booking really occupies."""
    touched = cells_of(window)
    return Window(touched.start * CELL_MINUTES, touched.stop * CELL_MINUTES)


# --- local days ----------------------------------------------------------------------------------------------------


class LocalTime:
    """A city's clock: the only place where local days and hours are computed. Get it from `local_time(zone)`."""

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)
        self._offsets: dict[int, int] = {}
        self._midnights: dict[date, int] = {}
        self._walls: dict[tuple[date, int, int], Window] = {}

    def offset(self, minute: int) -> int:
        """Minutes that local time is ahead of UTC then. Clocks change on cell borders everywhere on earth."""
        cell = minute // CELL_MINUTES
        known = self._offsets.get(cell)
        if known is None:
            ahead = instant_of(cell * CELL_MINUTES).astimezone(self.zone).utcoffset() or timedelta(0)
            known = self._offsets[cell] = int(ahead.total_seconds() // 60)
        return known

    def offsets(self, minutes: NDArray[np.int64]) -> NDArray[np.int64]:
        """`offset` of many minutes."""
        if not minutes.size:
            return minutes
        first, last = int(minutes.min()), int(minutes.max())
        if last - first < STEADY_MINUTES and self.offset(first) == self.offset(last):
            return np.full_like(minutes, self.offset(first))
        cells, places = np.unique(minutes // CELL_MINUTES, return_inverse=True)
        return np.array([self.offset(int(cell) * CELL_MINUTES) for cell in cells], np.int64)[places]

    def changes(self, first: int, last: int) -> list[tuple[int, int]]:
        """From which minutes on which offset holds between two epoch minutes, ascending; the first entry is `first`."""
        found = [(first, self.offset(first))]
        for day in range(first, last, DAY_MINUTES):
            low, high = day, min(day + DAY_MINUTES, last)
            if self.offset(high) == found[-1][1]:
                continue
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if self.offset(middle) == found[-1][1] else (low, middle)
            found.append((high, self.offset(high)))
        return found

    def minute_of_day(self, minute: int) -> int:
        """Local wall clock of an epoch minute, 0…1439."""
        ahead = self._offsets.get(minute // CELL_MINUTES)
        return (minute + (self.offset(minute) if ahead is None else ahead)) % DAY_MINUTES

    def day_number(self, minute: int) -> int:
        """Local day as days since the epoch: cheap to compare and count."""
        ahead = self._offsets.get(minute // CELL_MINUTES)
        return (minute + (self.offset(minute) if ahead is None else ahead)) // DAY_MINUTES

    def day(self, minute: int) -> date:
        """Local date of an epoch minute."""
        return date.fromordinal(_EPOCH_DAY + self.day_number(minute))

    def day_of(self, instant: datetime) -> date:
        """Local date of an instant."""
        return self.day(minute_of(instant))

    def at(self, day: date, minute: int) -> int:
        """Epoch minute of a local wall clock; `minute` counts from midnight and may pass 1440.

        A time that the clock skips is read with the offset before the change, a time that happens twice is the first one.
        """
        extra, rest = divmod(minute, DAY_MINUTES)
        wall = datetime(day.year, day.month, day.day, rest // 60, rest % 60, tzinfo=self.zone) + timedelta(days=extra)
        return minute_of(wall.astimezone(UTC))

    def midnight(self, day: date) -> int:
        """Epoch minute at which the local day begins."""
        known = self._midnights.get(day)
        if known is None:
            known = self._midnights[day] = self.at(day, 0)
        return known

    def day_window(self, day: date) -> Window:
        """The whole local day: 23, 24 or 25 hours."""
        return Window(self.midnight(day), self.midnight(day + timedelta(days=1)))

    def wall_window(self, day: date, start_minute: int, end_minute: int) -> Window:
        """A planned window of a local day by the wall clock, in epoch minutes."""
        known = self._walls.get((day, start_minute, end_minute))
        if known is None:
            if len(self._walls) >= REMEMBERED:
                self._walls.clear()
            known = Window(self.at(day, start_minute), self.at(day, end_minute))
            self._walls[day, start_minute, end_minute] = known
        return known

    def days(self, window: Window) -> list[date]:
        """Every local day that the window touches, ascending."""
        first, last = self.day(window.start), self.day(max(window.start, window.end - 1))
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@lru_cache(maxsize=64)
def local_time(zone: str) -> LocalTime:
    """The clock of an IANA zone; shared, because it remembers offsets.

    Raises: ZoneInfoNotFoundError.
    """
    return LocalTime(zone)
