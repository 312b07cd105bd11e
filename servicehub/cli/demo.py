"""The demo: a seeded city in a data folder, its clock, and what is printed for the visitor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlmodel import Session, col, select

from servicehub import clock, db
from servicehub.cli.hours import demo_start, newest_entry
from servicehub.db import migrations
from servicehub.demo import people, seed
from servicehub.models.catalog import City
from servicehub.settings import Settings

DEFAULT_ZONE = "Asia/Shanghai"
PAGES = {"customer": "/", "technician": "/technician/", "operator": "/operator/"}


def prepare(settings: Settings, console: Console) -> datetime | None:
    """Migrate and seed the data folder, set the clock; returns the start when the clock was moved."""
    migrations.upgrade(settings.sqlalchemy_url)
    database = db.Database(settings)
    try:
        moved = _set_clock(database, settings)
        with _progress(console) as tick:
            seed.ensure_seeded(database, now=clock.now(), progress=tick)
    finally:
        database.close()
    return moved


def _zone(session: Session, settings: Settings) -> ZoneInfo:
    name = session.exec(select(City.timezone).where(col(City.slug) == settings.city)).first()
    return ZoneInfo(name or DEFAULT_ZONE)


def _set_clock(database: db.Database, settings: Settings) -> datetime | None:
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


def welcome(settings: Settings, moved: datetime | None, speed: float) -> Panel:
    """Addresses and log-ins."""
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("", "address", "log in as", "with"):
        table.add_column(heading, style="bold" if not heading else "")
    for login in people.LOGINS:
        secret = login.secret or "the code shown on the page"
        table.add_row(login.title, f"{settings.base_url}{PAGES[login.face]}", login.name, secret)
    table.add_row("English", f"{settings.base_url}/en/", "", "")
    lines = [f"Data folder: {settings.data_dir}", f"Speed of the city: {speed:g}×", "Ctrl-C ends it."]
    if moved:
        lines.insert(0, f"It is night in the city, so its clock was moved forward to {moved:%Y-%m-%d %H:%M}.")
    table.add_section()
    grid = Table.grid()
    grid.add_row(table)
    grid.add_row("")
    for line in lines:
        grid.add_row(line)
    return Panel(grid, title=f"{settings.brand_name} demo", expand=False)
