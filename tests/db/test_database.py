"""One way to write, one way to read: what is stored, who is told, and who is refused."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from servicehub import bus
from servicehub.db import Database
from servicehub.db.engines import normalised
from servicehub.db.lanes import Job, Lanes
from servicehub.db.leadership import Leadership
from servicehub.errors import Conflict, Overloaded
from servicehub.models.base import among
from servicehub.models.catalog import City
from servicehub.models.job import Worker

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def add(session: Session, name: str, *, refuse: bool = False) -> str:
    session.add(Worker(id=name, role="all", started_at=NOON, seen_at=NOON))
    bus.publish(session, f"worker:{name}")
    session.flush()
    if refuse:
        raise Conflict(name)
    return name


def names(session: Session) -> list[str]:
    return sorted(session.scalars(sa.select(Worker.id)))


def seal_nothing(session: Session) -> None:
    """Breaks a foreign key that the database checks at COMMIT only."""
    at = NOON.replace(tzinfo=None) if session.get_bind().dialect.name == "sqlite" else NOON
    session.execute(
        sa.text(
            "INSERT INTO sh_journal_entry (key, kind, ref, at, imbalance, sealed) VALUES ('k', 'x', 'x', :at, 0, 0)"
        ),
        {"at": str(at)},
    )


def test_a_refused_call_undoes_only_itself(database: Database) -> None:
    async def work() -> list[Any]:
        calls = [database.write(add, f"w{i:02}", refuse=i % 3 == 0) for i in range(30)]
        return await asyncio.gather(*calls, return_exceptions=True)

    outcomes = asyncio.run(work())

    assert [type(outcome) for outcome in outcomes] == [Conflict if i % 3 == 0 else str for i in range(30)]
    assert database.read_now(names) == [f"w{i:02}" for i in range(30) if i % 3 != 0]


def test_a_refused_commit_fails_only_the_guilty_call(database: Database) -> None:
    async def work() -> list[Any]:
        calls = [database.write(seal_nothing) if i == 5 else database.write(add, f"w{i}") for i in range(10)]
        return await asyncio.gather(*calls, return_exceptions=True)

    outcomes = asyncio.run(work())

    assert isinstance(outcomes[5], sa.exc.IntegrityError)
    assert database.read_now(names) == [f"w{i}" for i in range(10) if i != 5]


def test_hints_are_published_after_the_commit_only(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, ...]] = []
    monkeypatch.setattr(bus.LocalBus, "publish_now", lambda _self, *topics: heard.append(topics))

    with pytest.raises(Conflict):
        database.write_now(add, "a", refuse=True)
    assert heard == []

    database.write_now(lambda session: [add(session, name) for name in "bcd"])
    assert heard == [("worker:b", "worker:c", "worker:d")]


def test_rows_stay_readable_and_instants_stay_aware_after_the_transaction(database: Database) -> None:
    database.write_now(add, "a")

    worker = database.read_now(lambda session: session.get(Worker, "a"))

    assert worker is not None
    assert worker.seen_at == NOON
    assert worker.seen_at.tzinfo is UTC


def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        database.read_now(add, "a")

    assert database.read_now(names) == []


def test_a_write_inside_a_write_is_refused(database: Database) -> None:
    with pytest.raises(RuntimeError, match="must not open another"):
        database.write_now(lambda _session: database.write_now(add, "a"))

    assert database.read_now(names) == []


def test_a_naive_instant_is_refused(database: Database) -> None:
    naive = NOON.replace(tzinfo=None)

    with pytest.raises(sa.exc.StatementError, match="naive datetime"):
        database.write_now(lambda session: session.add(Worker(id="a", role="all", started_at=naive, seen_at=naive)))


def test_many_threads_lose_no_update(database: Database) -> None:
    database.write_now(add, "counter")

    def count_up(session: Session) -> None:
        worker = session.get_one(Worker, "counter", with_for_update=True)
        worker.ticks = {"n": worker.ticks.get("n", 0) + 1}

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda _: database.write_now(count_up), range(100)))

    counter = database.read_now(lambda session: session.get_one(Worker, "counter"))
    assert counter.ticks == {"n": 100}


def test_money_has_a_lane_of_its_own_when_the_queue_is_full() -> None:
    gate, served = threading.Event(), []

    def serve(jobs: list[Job]) -> None:
        gate.wait(10)
        for job in jobs:
            served.append(job.args[0])
            job.finish(job.args[0], None)

    lanes = Lanes("test", threads=1, batch=1, limit=2, urgent_limit=1, run=serve)
    first = lanes.submit(Job(lambda: None, ("first",), {}), urgent=False)
    while lanes.queued():  # taken by the thread, which now waits at the gate
        pass
    for name in ("second", "third"):
        lanes.submit(Job(lambda: None, (name,), {}), urgent=False)
    with pytest.raises(Overloaded):
        lanes.submit(Job(lambda: None, ("browsing",), {}), urgent=False)
    money = lanes.submit(Job(lambda: None, ("money",), {}), urgent=True)
    with pytest.raises(Overloaded):
        lanes.submit(Job(lambda: None, ("too much money",), {}), urgent=True)

    gate.set()
    assert (first.result(60), money.result(60)) == ("first", "money")
    lanes.close()
    assert served == ["first", "money", "second", "third"]


def test_a_call_that_nobody_awaits_any_more_is_not_run(sqlite_database: Database) -> None:
    taken, gate = threading.Event(), threading.Event()

    def block(_session: Session) -> None:
        taken.set()
        gate.wait(10)

    async def work() -> None:
        blocking = asyncio.ensure_future(sqlite_database.write(block))
        await asyncio.to_thread(taken.wait, 10)  # else one COMMIT may take both
        given_up = asyncio.ensure_future(sqlite_database.write(add, "given up"))
        await asyncio.sleep(0)
        given_up.cancel()
        gate.set()
        await blocking

    asyncio.run(work())

    assert sqlite_database.read_now(names) == []


def test_sqlite_is_durable_and_enforces_foreign_keys(sqlite_database: Database) -> None:
    def pragmas(session: Session) -> dict[str, Any]:
        wanted = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        return {name: session.scalar(sa.text(f"PRAGMA {name}")) for name in wanted}

    assert sqlite_database.write_now(pragmas) == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 30000,
    }


def test_pressure_counts_what_waits(sqlite_database: Database) -> None:
    sqlite_database.write_now(add, "a")

    pressure = sqlite_database.pressure()

    assert (pressure.writes_queued, pressure.reads_queued, pressure.oldest_write_s) == (0, 0, 0.0)
    assert pressure.write_p99_s > 0


def test_one_process_leads_until_it_lets_go(postgres_url: str) -> None:
    one, two = Leadership(postgres_url, "pulse"), Leadership(postgres_url, "pulse")

    assert (one.held(), two.held(), one.held()) == (True, False, True)
    one.release()
    assert (two.held(), one.held()) == (True, False)
    two.release()


def test_an_embedded_process_always_leads(sqlite_url: str) -> None:
    assert Leadership(sqlite_url, "pulse").held()


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="SQLite"):
        normalised(url)


@pytest.mark.parametrize("url", ["postgres://u@h/x", "postgresql://u@h/x", "postgresql+psycopg2://u@h/x"])
def test_postgresql_is_spoken_to_through_psycopg_3(url: str) -> None:
    assert normalised(url).drivername == "postgresql+psycopg"


def test_among_very_many_ids_is_one_parameter(database: Database) -> None:
    def wanted(session: Session) -> list[list[int]]:
        session.add_all(
            [
                City(id=n, slug=f"c{n}", code=str(n), name_zh="城", name_en="City", timezone="UTC", lat=0, lng=0)
                for n in (1, 2, 3)
            ]
        )
        session.flush()
        query = sa.select(City.id).order_by(City.id)
        lists: list[list[int]] = [[2, 3, 9], list(range(100_000)), []]
        return [list(session.execute(query.where(among(City.id, ids))).scalars()) for ids in lists]

    assert database.write_now(wanted) == [[2, 3], [1, 2, 3], []]


def test_a_read_of_several_statements_sees_one_moment(database: Database) -> None:
    database.write_now(add, "first")

    def twice(session: Session) -> tuple[list[str], list[str]]:
        before = names(session)
        with ThreadPoolExecutor(1) as other:
            other.submit(database.write_now, add, "second").result()
        return before, names(session)

    assert database.read_now(twice) == (["first"], ["first"])
    assert database.read_now(names) == ["first", "second"]
