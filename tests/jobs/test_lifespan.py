"""The life of a process: what is open while it serves, and that nothing stays open afterwards."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from sqlmodel import Session

from servicehub import bus, db, outbox
from servicehub.db import migrations
from servicehub.jobs import runtime
from servicehub.models.job import Worker
from servicehub.settings import Settings


def test_everything_is_open_inside_and_closed_after(sqlite_url: str) -> None:
    async def work() -> bool:
        async with runtime.lifespan(Settings(database_url=sqlite_url)) as running:
            async with bus.bus().subscribe("order:1") as hints:
                await db.write(lambda session: bus.publish(session, "order:1"))
                assert await asyncio.wait_for(anext(hints), 60) == "order:1"
            await db.write(lambda session: outbox.defer(session, "nobody knows it", {}, key="x"))
            return running.engine.waiting() == 1

    assert asyncio.run(work())
    with pytest.raises(RuntimeError, match="no database is open"):
        db.database()
    with pytest.raises(RuntimeError, match="no job engine"):
        outbox.defer(Session(), "x", {})


def test_a_start_that_fails_closes_what_it_opened(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: runtime.Runtime) -> None:
        raise OSError("no")

    monkeypatch.setattr(runtime.Runtime, "start", fail)

    async def work() -> None:
        async with runtime.lifespan(Settings(database_url=sqlite_url)):
            pass

    with pytest.raises(OSError, match="no"):
        asyncio.run(work())
    with pytest.raises(RuntimeError, match="no database is open"):
        db.database()


def test_an_empty_embedded_database_is_made_ready(tmp_path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"

    async def work() -> None:
        async with runtime.lifespan(Settings(database_url=url)):
            pass

    asyncio.run(work())
    assert migrations.current(url) == migrations.head()


def test_a_server_database_is_never_changed_by_a_start(new_postgres) -> None:
    url = new_postgres()

    async def work() -> None:
        async with runtime.lifespan(Settings(database_url=url)):
            pass

    with pytest.raises(RuntimeError, match="needs schema"):
        asyncio.run(work())
    assert migrations.current(url) is None


def test_two_processes_share_hints_and_one_pulse(postgres_url: str, redis_url: str, monkeypatch) -> None:
    monkeypatch.setattr(bus, "CHANNEL", f"test-{uuid4()}")
    settings = Settings(database_url=postgres_url, redis_url=redis_url, role="web")

    async def work() -> str:
        other = bus.RedisBus(redis_url, channel=bus.CHANNEL)
        await other.start()
        async with other.subscribe("order:1") as hints, runtime.lifespan(settings):
            await db.write(lambda session: bus.publish(session, "order:1"))
            heard = await asyncio.wait_for(anext(hints), 60)
        await other.stop()
        return heard

    assert asyncio.run(work()) == "order:1"
    assert isinstance(bus.bus(), bus.LocalBus)
    assert not isinstance(bus.bus(), bus.RedisBus)


def test_the_dead_are_buried_and_the_living_are_not(sqlite_database: db.Database) -> None:
    noon = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
    late = noon + runtime.DEAD_AFTER

    def work(session: Session) -> list[str]:
        for name, seen in (("old", noon), ("new", late)):
            runtime.show_alive(session, name, "worker", started_at=noon, now=seen, ticks={})
        session.flush()
        dead = runtime.dead_workers(session, late.replace(microsecond=1))
        for name in ("old", "new"):
            runtime.bury(session, name, late.replace(microsecond=1))
        session.flush()
        assert session.get(Worker, "new") is not None
        assert session.get(Worker, "old") is None
        return dead

    assert sqlite_database.write_now(work) == ["old"]
