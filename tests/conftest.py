"""What every test may ask for: migrated databases, servers if there are any, a fixed clock, a recorder of jobs, a guarded network.

A server that is missing skips its tests, named once and loudly at the end; under `CI=true` it fails them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

MEMORY, ROOMY = Path("/dev/shm"), 4 << 30
if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOMY:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))

os.environ["SERVICEHUB_DATA_DIR"] = tempfile.mkdtemp(prefix="servicehub-tests-")  # before anything reads the settings

import pytest
import redis
import sqlalchemy as sa
from sqlmodel import Session

from servicehub import bus, clock, db, outbox
from servicehub.db import migrations
from servicehub.db.database import Database
from servicehub.db.engines import normalised, sqlite_engine
from servicehub.db.sessions import session_on
from servicehub.jobs.recorder import Recorder

HOW = {
    "postgres": "PostgreSQL: set TEST_POSTGRES_URL, or `apt-get install postgresql` and start it",
    "redis": "Redis: set TEST_REDIS_URL, or `apt-get install redis-server` and start it",
    "browser": "Chromium: `apt-get install chromium fonts-noto-cjk`, or set TEST_CHROMIUM to the browser's path",
}
MARKED_BY_FIXTURE = {"postgres_url": "postgres", "redis_url": "redis", "chromium": "browser"}
THROW_AWAY = "servicehub_test_"
LOOPBACK = ("127.", "::1", "localhost")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by the server that their fixtures need, so that `-m "not browser"` works."""
    for item in items:
        for fixture, mark in MARKED_BY_FIXTURE.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say once what this machine could not test and how to make it able to."""
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    missing = {how: sum(how in reason for reason in reasons) for how in HOW.values()}
    if not any(missing.values()):
        return
    terminalreporter.section("NOT TESTED ON THIS MACHINE", sep="!", red=True, bold=True)
    for how, count in missing.items():
        if count:
            terminalreporter.write_line(f"{count:4d} tests skipped. {how}", yellow=True)


def _unavailable(what: str) -> NoReturn:
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"needed under CI. {HOW[what]}", pytrace=False)
    pytest.skip(HOW[what])


# --- the network -------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not str(address[0]).startswith(LOOPBACK):
            raise RuntimeError(f"a test tried to reach {address[0]}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


# --- SQLite ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database file; copy it."""
    path = tmp_path_factory.mktemp("template") / "servicehub.db"
    migrations.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated database of this test's own."""
    path = tmp_path / "servicehub.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def _rolled_back_engine(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    path = tmp_path_factory.mktemp("session") / "servicehub.db"
    shutil.copyfile(sqlite_template, path)
    engine = sqlite_engine(normalised(f"sqlite:///{path}"), begin="BEGIN IMMEDIATE", threads=1)
    yield engine
    engine.dispose()


@pytest.fixture
def session(_rolled_back_engine: sa.Engine) -> Iterator[Session]:
    """A session on SQLite whose work is undone after the test, commits included."""
    with _rolled_back_engine.connect() as connection:
        outer = connection.begin()
        with session_on(connection) as opened:
            yield opened
        outer.rollback()


# --- PostgreSQL --------------------------------------------------------------------------------------------------


def _admin(url: str) -> sa.Engine:
    return sa.create_engine(
        normalised(url), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool, connect_args={"connect_timeout": 10}
    )


def _find_postgres() -> str | None:
    configured = os.environ.get("TEST_POSTGRES_URL")
    local = [f"postgresql://{user}@127.0.0.1:5432/postgres" for user in ("postgres", os.environ.get("USER", "root"))]
    for url in [configured] if configured else local:
        try:
            with _admin(url).connect() as connection:
                if connection.scalar(sa.text("SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user")):
                    return url
        except sa.exc.OperationalError:
            continue
    return None


@pytest.fixture(scope="session")
def postgres_server() -> str | None:
    """URL of a server on which this user may create databases."""
    return _find_postgres()


def _sweep(server: str) -> None:
    """Drop what killed test runs of this machine left behind."""
    if normalised(server).host not in ("127.0.0.1", "localhost", None):
        return
    with _admin(server).connect() as connection:
        named = sa.text("SELECT datname FROM pg_database WHERE datname ~ :pattern")
        for name in connection.scalars(named, {"pattern": f"^{THROW_AWAY}[0-9]+_"}).all():
            if not _runs(int(name.removeprefix(THROW_AWAY).split("_")[0])):
                with contextlib.suppress(sa.exc.DBAPIError):  # another run swept it first
                    connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}"'))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


@pytest.fixture(scope="session")
def new_postgres(postgres_server: str | None) -> Iterator[Callable[[], str]]:
    """Create a throw-away database and return its URL."""
    created: list[str] = []
    if postgres_server is not None:
        _sweep(postgres_server)

    def create() -> str:
        if postgres_server is None:
            _unavailable("postgres")
        name = f"{THROW_AWAY}{os.getpid()}_{uuid4().hex[:10]}"
        with _admin(postgres_server).connect() as connection:
            connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
            connection.execute(
                sa.text(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
            )  # it need not outlive the server
        created.append(name)
        return normalised(postgres_server).set(database=name).render_as_string(hide_password=False)

    yield create
    if postgres_server is not None and created:
        with _admin(postgres_server).connect() as connection:
            for name in created:
                connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


SEEDED = ("alembic_version", "sh_ledger_zero", "sh_ledger_one")
"""Tables into which the migrations put rows."""
SHAPE = """
SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (
    SELECT concat(relname, relkind) FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat(tgname, tgenabled) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT concat(conname, conrelid::regclass) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT concat(proname, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
) AS parts(part)
"""


@pytest.fixture(scope="session")
def _empty_postgres(new_postgres: Callable[[], str]) -> Callable[[], str]:
    """This process's database, made empty again: ten times faster than making another one and dropping it."""
    made: list[tuple[str, str]] = []

    def emptied() -> str:
        if not made or not _empty(*made[-1]):
            url = new_postgres()
            migrations.upgrade(url)
            with _admin(url).connect() as connection:
                made.append((url, connection.scalar(sa.text(SHAPE))))
        return made[-1][0]

    return emptied


def _empty(url: str, shape: str) -> bool:
    """Hang up whoever is still connected, and leave what the migrations made; False when a test has changed the schema."""
    with _admin(url).connect() as connection:
        if connection.scalar(sa.text(SHAPE)) != shape:
            return False
        connection.execute(
            sa.text(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        ours = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$|public$)'"
        for schema in connection.scalars(sa.text(ours)).all():  # the job engine's
            connection.execute(sa.text(f'DROP SCHEMA "{schema}" CASCADE'))
        tables = connection.scalars(sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        deletes = "; ".join(f'DELETE FROM "{table}"' for table in tables if table not in SEEDED)
        connection.exec_driver_sql(f"SET session_replication_role = replica; {deletes}")
        connection.execute(
            sa.text(
                "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"
            )
        )
    return True


@pytest.fixture
def postgres_url(_empty_postgres: Callable[[], str]) -> str:
    """A migrated, empty PostgreSQL database, for this test alone while it runs."""
    return _empty_postgres()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of this test's own; the test runs once per engine."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open database, which is also the process's; the test runs once per engine."""
    opened = db.open_database(database_url)
    yield opened
    db.close_database()


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """An open SQLite database, which is also the process's."""
    opened = db.open_database(sqlite_url)
    yield opened
    db.close_database()


# --- other servers -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _redis_server() -> str | None:
    url = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/15")
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=10) as client:
            client.ping()
    except redis.RedisError:
        return None
    return url


@pytest.fixture
def redis_url(_redis_server: str | None) -> str:
    """A Redis server; use names of your own."""
    return _redis_server or _unavailable("redis")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of a Chromium that Playwright can drive."""
    candidates = [os.environ.get("TEST_CHROMIUM", ""), shutil.which("chromium"), shutil.which("chromium-browser")]
    return next((path for path in candidates if path), None) or _unavailable("browser")


# --- time, jobs, hints -------------------------------------------------------------------------------------------


@dataclass
class FixedClock:
    """A clock that moves only when told; `servicehub.clock.now()` shows it too."""

    now: datetime = field(default=datetime(2026, 3, 2, 2, 0, tzinfo=UTC))

    def advance(self, **by: float) -> datetime:
        """Move on by `timedelta(**by)`; returns the new instant."""
        self.now += timedelta(**by)
        return self.now

    def set(self, instant: datetime) -> datetime:
        """Jump to an aware instant."""
        self.now = instant.astimezone(UTC)
        return self.now


@pytest.fixture
def fixed_clock(monkeypatch: pytest.MonkeyPatch) -> FixedClock:
    """Monday 2 March 2026, ten in the morning in Shanghai, until the test moves it."""
    fixed = FixedClock()
    monkeypatch.setattr(clock, "now", lambda: fixed.now)
    return fixed


@pytest.fixture(autouse=True)
def recorder() -> Iterator[Recorder]:
    """What was deferred: `.asked` in any transaction, `.jobs` by committed ones."""
    recording = Recorder()
    outbox.set_engine(recording)
    yield recording
    outbox.set_engine(None)


@pytest.fixture(autouse=True)
def _own_bus() -> Iterator[None]:
    replaced = bus.use(bus.LocalBus())
    yield
    bus.use(replaced)


@pytest.fixture
def run() -> Callable[[Any], Any]:
    """Run a coroutine to its end (tests are plain functions)."""
    return asyncio.run
