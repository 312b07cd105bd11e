"""What an installation needs that has outgrown one process: separate workers, and the move to PostgreSQL."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from servicehub import models
from servicehub.cli.problems import Problem
from servicehub.db import migrations, transfer
from servicehub.jobs import worker as workers
from servicehub.settings import Settings


def work(settings: Settings, console: Console) -> None:
    """Run background work only."""
    if settings.is_sqlite:
        raise Problem(
            "A separate worker needs PostgreSQL (SERVICEHUB_DATABASE_URL): an SQLite file has one writing process, "
            "which does the background work itself."
        )
    if migrations.current(settings.sqlalchemy_url) != migrations.head():
        raise Problem("The database is not up to date: run servicehub migrate first.")
    workers.work(
        settings.model_copy(update={"role": "worker"}), lambda name: console.print(f"Working as {name}", soft_wrap=True)
    )


def move(settings: Settings, target: str, console: Console) -> None:
    """Copy the embedded database to PostgreSQL and show what arrived."""
    if not settings.is_sqlite:
        raise Problem("This installation is on PostgreSQL already.")
    if jobs := transfer.waiting(settings.sqlalchemy_url):
        raise Problem(
            f"{jobs} background jobs have not run yet: let ServiceHub run until they have, then stop it and try again."
        )
    migrations.upgrade(settings.sqlalchemy_url)
    migrations.upgrade(target)
    try:
        report = transfer.copy(settings.sqlalchemy_url, target, models.metadata)
    except transfer.NotEmpty as error:
        raise Problem(f"The target's table {error} holds rows: give an empty database.") from error
    except transfer.Different as error:
        raise Problem("The copy differs; nothing was stored.", str(error)) from error
    shown = Table("table", "rows", "fen")
    for copied in report:
        money = sum(value for name, value in copied.sums.items() if name.endswith("_fen"))
        shown.add_row(copied.table, f"{copied.rows:,}", f"{money:,}" if money else "")
    console.print(shown)
    console.print("Everything arrived. Set SERVICEHUB_DATABASE_URL to the new database and start again.")
