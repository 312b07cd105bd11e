"""At which hour a demo begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from servicehub.cli.hours import demo_start

SHANGHAI = ZoneInfo("Asia/Shanghai")


def local(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "start"),
    [
        (local(23, 8), local(23, 8)),
        (local(23, 16, 59), local(23, 16, 59)),
        (local(23, 17), local(24, 10)),
        (local(23, 23, 30), local(24, 10)),
        (local(23, 0, 30), local(23, 10)),
        (local(23, 7, 59), local(23, 10)),
    ],
)
def test_by_night_the_clock_starts_at_the_next_morning(now: datetime, start: datetime) -> None:
    assert demo_start(now, None, SHANGHAI) == start


def test_the_clock_never_starts_before_what_has_happened() -> None:
    newest = local(24, 11)
    assert demo_start(local(23, 9), newest, SHANGHAI) == newest
    late = local(24, 18)
    assert demo_start(local(23, 9), late, SHANGHAI) == local(25, 10)
    assert demo_start(local(25, 9), newest, SHANGHAI) == local(25, 9)


def test_the_start_is_within_working_hours_whatever_the_hour() -> None:
    for hour in range(48):
        start = demo_start(local(23, 0) + timedelta(hours=hour), None, SHANGHAI).astimezone(SHANGHAI)
        assert 8 <= start.hour < 17
