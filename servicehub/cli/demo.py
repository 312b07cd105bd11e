"""The demo: a seeded city in a data folder, its clock, and what is printed for the visitor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlmodel import Session, col, select

from servicehub import clock, db
from servicehub.cli.hours import demo_start, newest_entry
from servicehub.db import migrations
from servicehub.demo import people, seed
from servicehub.models.catalog import City
from servicehub.settings import Settings

UNFINISHED = "seeding"
"""A file that exists in the data folder while a city is being made: finding it at a start means that it was not finished."""
DEFAULT_ZONE = "Asia/Shanghai"
PAGES = {"customer": "/", "technician": "/technician/", "operator": "/operator/"}


def prepare(settings: Settings, console: Console, *, small: bool = False) -> datetime | None:
    """Migrate and seed the data folder, set the clock; returns the start when the clock was moved."""
    unfinished = settings.data_dir / UNFINISHED
    if unfinished.exists() and settings.is_sqlite:
        console.print("The last seeding was interrupted: beginning again.")
        for path in settings.data_dir.glob("servicehub.db*"):
            path.unlink()
    migrations.upgrade(settings.sqlalchemy_url)
    database = db.Database(settings)
    try:
        moved = _set_clock(database, settings)
        if not database.read_now(seed.is_seeded, settings.city):
            unfinished.touch()
        with _progress(console) as tick:
            scale = seed.SMALL if small else seed.FULL
            seed.ensure_seeded(database, now=clock.now(), scale=scale, progress=tick)
        unfinished.unlink(missing_ok=True)
    finally:
        database.close()
    return moved


def _zone(session: Session, settings: Settings) -> ZoneInfo:
    name = session.exec(select(City.timezone).where(col(City.slug) == settings.city)).first()
    return ZoneInfo(name or DEFAULT_ZONE)


def _set_clock(database: db.Database, settings: Settings) -> datetime | None:
    if settings.clock_start:
        return None
    now = clock.machine_now()
    zone = database.read_now(_zone, settings)
    start = demo_start(now, database.read_now(newest_entry), zone)
    if start <= now:
        clock.start_at(None)
        return None
    clock.start_at(start)
    return start.astimezone(zone)


class _progress:  # noqa: N801 - used like a function
    """A bar on a terminal, a line per stage elsewhere. Called as `tick(text, share)`, share from 0 to 1."""

    def __init__(self, console: Console) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        self._bar = Progress(*columns, console=console, transient=True)
        self._console, self._said = console, ""

    def __enter__(self) -> Callable[[str, float], None]:
        self._bar.start()
        self._task = self._bar.add_task("Opening the city", total=1.0)
        return self._tick

    def __exit__(self, *_exc: object) -> None:
        self._bar.stop()

    def _tick(self, text: str, share: float) -> None:
        words = f"Seeding {text}"
        self._bar.update(self._task, description=words, completed=min(share, 1.0))
        if not self._console.is_terminal and text != self._said:
            self._said = text
            self._console.print(f"  {words} …")


def welcome(settings: Settings, moved: datetime | None, speed: float) -> str:
    """Addresses and log-ins, in columns that are never cut."""
    rows = [("", "address", "log in as", "with")]
    for login in people.LOGINS:
        secret = login.secret or "the code shown on the page"
        rows.append((login.title, f"{settings.base_url}{PAGES[login.face]}", login.name, secret))
    rows.append(("In English", f"{settings.base_url}/en/", "", ""))
    widths = [max(len(row[i]) for row in rows) + 3 for i in range(3)]
    table = ["".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)).rstrip() for row in rows]
    lines = [f"Data folder {settings.data_dir}", f"The city lives at {speed:g}x speed" if speed else "Nobody acts"]
    if moved:
        lines.insert(0, f"It is night in the city, so its clock was moved forward to {moved:%Y-%m-%d %H:%M}")
    return "\n".join(["", f"{settings.brand_name} demo", "", *table, "", *lines, "Ctrl-C ends it"])
