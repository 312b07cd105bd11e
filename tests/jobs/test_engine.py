"""The engine of deferred jobs keeps its promises on both databases: with the transaction, once per key, at least once, later."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from servicehub import clock, outbox
from servicehub.db import Database
from servicehub.errors import Invalid, Unavailable
from servicehub.jobs import engine as engines
from servicehub.jobs import registry
from servicehub.jobs.engine import DbosEngine, FailedJob, Retry
from servicehub.jobs.runtime import Runtime
from servicehub.models.job import Worker

PATIENCE_S = 60.0
DAYS = timedelta(days=29)


class Inbox:
    """Counts what handlers were given; `wait_for` returns as soon as the condition holds."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self._changed = threading.Condition()

    def add(self, payload: Mapping[str, Any]) -> None:
        with self._changed:
            self.seen.append(dict(payload))
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[list[dict[str, Any]]], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self.seen), PATIENCE_S), self.seen


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Inbox:
    received = Inbox()
    monkeypatch.setattr(registry, "_handlers", {})

    @registry.handler("note")
    def note(_database: Database, payload: Mapping[str, Any]) -> None:
        received.add(payload)

    @registry.handler("fails twice")
    def fails_twice(_database: Database, payload: Mapping[str, Any]) -> None:
        received.add(payload)
        if len(received.seen) < 3:
            raise Unavailable

    @registry.handler("hopeless")
    def hopeless(_database: Database, payload: Mapping[str, Any]) -> None:
        received.add(payload)
        raise Invalid("no such phone")

    return received


@pytest.fixture
def engine(database: Database, inbox: Inbox) -> Iterator[DbosEngine]:
    started = DbosEngine(database, executor_id="one", runs_jobs=True, retry=Retry(first_s=0.01))
    started.start()
    outbox.set_engine(started)
    yield started
    started.stop()


def defer(session: Session, name: str, payload: dict[str, Any], *, fail: bool = False, **options: Any) -> None:
    outbox.defer(session, name, payload, **options)
    if fail:
        raise LookupError("the business said no")


def test_jobs_live_and_die_with_their_transaction_and_keys_are_stored_once(
    database: Database, engine: DbosEngine, inbox: Inbox
) -> None:
    with pytest.raises(LookupError):
        database.write_now(defer, "note", {"n": "lost"}, fail=True)
    for _ in range(3):
        database.write_now(defer, "note", {"n": "keyed"}, key="order-7")
    database.write_now(defer, "note", {"n": "soon"}, delay_s=0.2)
    database.write_now(defer, "note", {"n": "much later"}, delay_s=600)
    database.write_now(defer, "note", {"n": "最后", "list": [1, None, True]})

    inbox.wait_for(lambda seen: len(seen) == 3)

    assert sorted(str(job["n"]) for job in inbox.seen) == ["keyed", "soon", "最后"]
    assert {"n": "最后", "list": [1, None, True]} in inbox.seen
    assert engine.failed() == []


def test_a_failing_job_is_tried_again_and_a_hopeless_one_is_kept_for_people(
    database: Database, engine: DbosEngine, inbox: Inbox
) -> None:
    database.write_now(defer, "fails twice", {"n": 1}, key="a")
    inbox.wait_for(lambda seen: len(seen) == 3)
    assert engine.failed() == []

    database.write_now(defer, "hopeless", {"n": 2}, key="b")
    inbox.wait_for(lambda seen: {"n": 2} in seen)
    for _ in range(200):
        if engine.waiting() == 0:
            break
        threading.Event().wait(0.05)
    (failed,) = engine.failed()

    assert (failed.name, failed.payload) == ("hopeless", {"n": 2})
    assert "no such phone" in failed.error
    engine.run_again(failed)
    inbox.wait_for(lambda seen: seen.count({"n": 2}) == 2)


def test_a_job_that_people_run_again_is_tried_as_often_as_a_new_one(
    database: Database, engine: DbosEngine, inbox: Inbox
) -> None:
    database.write_now(defer, "fails twice", {"n": 1}, key="a")
    inbox.wait_for(lambda seen: len(seen) == 3)
    inbox.seen.clear()

    engine.run_again(FailedJob("fails twice:a~3", "fails twice", {"n": 2}, ""))

    inbox.wait_for(lambda seen: seen == [{"n": 2}] * 3)


def test_a_job_that_the_process_died_under_gets_other_lives_after_a_rest_and_not_for_ever(
    database: Database, engine: DbosEngine, inbox: Inbox
) -> None:
    """Twenty crashes say little about a job: most ran beside the one that killed the process."""
    database.write_now(defer, "note", {"n": 1}, key="beside", delay_s=3_600)
    _pretend_it_crashed(database, ago=engines.ASIDE - timedelta(minutes=1))
    assert (engine.revive(), [job.payload for job in engine.failed()]) == (0, [{"n": 1}])

    _pretend_it_crashed(database, ago=engines.ASIDE + timedelta(minutes=1))
    assert (engine.revive(), engine.revive(), engine.failed()) == (1, 0, [])
    inbox.wait_for(lambda seen: seen == [{"n": 1}])

    for life, ago, lives in ((2, engines.ASIDE * 3, 0), (2, engines.ASIDE * 5, 1), (engines.MOST_LIVES, DAYS, 0)):
        database.write_now(defer, "note", {"n": life}, key=f"again#{life}", delay_s=3_600)
        _pretend_it_crashed(database, ago=ago)
        assert engine.revive() == lives
    assert [job.payload for job in engine.failed()] == [{"n": engines.MOST_LIVES}]


def _pretend_it_crashed(database: Database, *, ago: timedelta) -> None:
    """What waits has been put aside so long ago."""
    schema, at = "" if database.is_sqlite else "dbos.", int((clock.machine_now() - ago).timestamp() * 1000)
    waiting = sa.text(
        f"UPDATE {schema}workflow_status SET status = :crashed, updated_at = :at WHERE status IN ('DELAYED', :crashed)"
    )
    database.write_now(lambda session: session.execute(waiting, {"crashed": engines.CRASHED, "at": at}))


def test_jobs_of_a_dead_process_run_in_another(database: Database, inbox: Inbox) -> None:
    runtime = Runtime(database, "all")
    web = DbosEngine(database, executor_id="web", runs_jobs=False)
    runtime.engine.start()  # makes the tables
    runtime.engine.stop()
    web.start()
    outbox.set_engine(web)
    database.write_now(defer, "note", {"n": 1}, key="cut off")
    _pretend_it_was_running(database, "dead-1")
    web.stop()

    survivor = Runtime(database, "all")
    survivor.start()
    inbox.wait_for(lambda seen: seen == [{"n": 1}])
    survivor.keep_house(forget=True)
    survivor.stop()

    assert database.read_now(lambda session: session.get(Worker, "dead-1")) is None
    assert database.read_now(lambda session: session.get(Worker, survivor.id)) is not None


def _pretend_it_was_running(database: Database, executor_id: str) -> None:
    schema = "" if database.is_sqlite else "dbos."
    long_ago = clock.machine_now() - timedelta(minutes=5)

    def work(session: Session) -> None:
        session.add(Worker(id=executor_id, role="worker", started_at=long_ago, seen_at=long_ago))
        session.execute(
            sa.text(f"UPDATE {schema}workflow_status SET status = 'PENDING', executor_id = :id, owner_xid = 'x'"),
            {"id": executor_id},
        )

    database.write_now(work)


def test_a_process_stops_within_two_seconds(sqlite_database: Database) -> None:
    runtime = Runtime(sqlite_database, "all")
    runtime.start()

    stopping = threading.Thread(target=runtime.stop)
    stopping.start()
    stopping.join(2.0)

    assert not stopping.is_alive()
    with pytest.raises(RuntimeError, match="no job engine"):
        sqlite_database.write_now(defer, "note", {})


def test_a_web_process_needs_postgresql(sqlite_database: Database) -> None:
    with pytest.raises(ValueError, match="one writing process"):
        Runtime(sqlite_database, "web")
