"""The pulse and its duties, on a clock that only the test moves."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import Session

from servicehub import outbox
from servicehub.db import Database
from servicehub.jobs import pulse as pulses
from servicehub.jobs import registry
from servicehub.jobs.pulse import Pulse, run_ticks
from servicehub.jobs.recorder import Recorder, run_deferred
from servicehub.models.job import Worker

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_duties", {})
    monkeypatch.setattr(registry, "_handlers", {})


def quiet(pulse: Pulse) -> None:
    pulse._pool.shutdown(wait=True)


def test_a_tick_is_repeated_while_it_fills_its_limit(sqlite_database: Database) -> None:
    left = [2, 2, 1]

    @registry.tick(every_s=1, limit=2)
    def expire(_session: Session, now: datetime) -> int:
        assert now == NOON
        return left.pop(0)

    assert run_ticks(sqlite_database, NOON) == 5
    assert left == []


def test_a_round_runs_once_and_opens_its_own_transactions(sqlite_database: Database) -> None:
    @registry.round_of(every_s=2)
    def match(database: Database, now: datetime) -> int:
        worker = Worker(id="w", role="all", started_at=now, seen_at=now)
        database.write_now(lambda session: session.add(worker))
        return 1000

    assert run_ticks(sqlite_database, NOON) == 1000
    assert sqlite_database.read_now(lambda session: session.get_one(Worker, "w").seen_at) == NOON


def test_an_error_is_counted_and_stops_no_other_duty(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[str] = []
    monkeypatch.setattr(pulses._log, "exception", lambda text, *args: logged.append(text % args))

    @registry.tick(every_s=1)
    def broken(_session: Session, _now: datetime) -> int:
        raise ZeroDivisionError("by zero")

    @registry.tick(every_s=1)
    def sound(_session: Session, _now: datetime) -> int:
        return 3

    pulse = Pulse(sqlite_database, now=lambda: NOON)
    assert pulse.beat(0.0) == ["broken", "sound"]
    quiet(pulse)

    assert (pulse.records["broken"].errors, pulse.records["broken"].last_error) == (1, "ZeroDivisionError: by zero")
    assert (pulse.records["sound"].rows, pulse.records["sound"].errors) == (3, 0)
    assert pulse.records["sound"].last_at == NOON
    assert logged == ["duty broken failed"]


def test_duties_keep_their_period_and_never_overlap_themselves(sqlite_database: Database) -> None:
    started, finish = threading.Event(), threading.Event()

    @registry.round_of(every_s=1)
    def slow(_database: Database, _now: datetime) -> int:
        started.set()
        finish.wait(10)
        return 0

    @registry.tick(every_s=5)
    def rare(_session: Session, _now: datetime) -> int:
        return 0

    pulse = Pulse(sqlite_database, now=lambda: NOON)
    assert pulse.beat(0.0) == ["slow", "rare"]
    assert started.wait(10)
    assert pulse.beat(1.0) == []
    assert "slow" not in pulse.beat(5.0)
    finish.set()
    quiet(pulse)


def test_a_name_is_registered_once() -> None:
    @registry.tick(every_s=1)
    def expire(_session: Session, _now: datetime) -> int:
        return 0

    with pytest.raises(ValueError, match="expire"):
        registry.tick(every_s=1)(expire)


def test_the_recorder_runs_committed_jobs_once_per_key_when_they_are_due(
    sqlite_database: Database, recorder: Recorder, fixed_clock: Any
) -> None:
    ran: list[int] = []

    @registry.handler("note")
    def note(_database: Database, payload: Mapping[str, Any]) -> None:
        ran.append(payload["n"])

    def work(session: Session, n: int, *, fail: bool = False, **options: Any) -> None:
        outbox.defer(session, "note", {"n": n}, **options)
        if fail:
            raise LookupError

    with pytest.raises(LookupError):
        sqlite_database.write_now(work, 0, fail=True)
    sqlite_database.write_now(work, 1, key="a")
    sqlite_database.write_now(work, 2, key="a")
    sqlite_database.write_now(work, 3, delay_s=60)

    assert run_deferred(sqlite_database, recorder, fixed_clock.now) == 1
    assert run_deferred(sqlite_database, recorder, fixed_clock.now + timedelta(seconds=60)) == 1
    assert ran == [1, 3]
    assert recorder.named("note") == [{"n": 0}, {"n": 1}, {"n": 2}, {"n": 3}]
