"""The only reader of the wall clock. Everything below the edges takes `now` as an argument."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from servicehub.settings import get_settings

_shift: timedelta | None = None


def _configured_shift() -> timedelta:
    start = get_settings().clock_start
    if not start:
        return timedelta(0)
    return datetime.fromisoformat(start).astimezone(UTC) - datetime.now(UTC)


def now() -> datetime:
    """The current instant, aware UTC; shifted when a demo or test was started at another hour."""
    global _shift  # noqa: PLW0603 - the shift is fixed at the first reading, for the life of the process
    if _shift is None:
        _shift = _configured_shift()
    return datetime.now(UTC) + _shift


def start_at(instant: datetime | None) -> None:
    """Let the clock run from `instant` (aware) onward, or from the real time again when None."""
    global _shift  # noqa: PLW0603
    _shift = timedelta(0) if instant is None else instant.astimezone(UTC) - datetime.now(UTC)


def machine_now() -> datetime:
    """The machine's own time, never shifted: for heartbeats and for what other software stamps. Not for the trade."""
    return datetime.now(UTC)
