"""Proves the books of an installation, also while it is serving: it only reads."""

from __future__ import annotations

import json
import sys

import sqlalchemy as sa
from rich.console import Console
from sqlmodel import Session

from servicehub import db
from servicehub.models.ledger import Account, JournalEntry, Posting
from servicehub.services import ledger
from servicehub.settings import Settings


def verify(settings: Settings, console: Console, *, as_json: bool = False) -> bool:
    """Print what was looked at and what is wrong with it; whether nothing is."""
    database = db.Database(settings)
    try:
        counts = database.read_now(_counts)
        problems = database.read_now(ledger.verify)
    finally:
        database.close()
    if as_json:
        sys.stdout.write(json.dumps({**counts, "problems": problems}) + "\n")
        return not problems
    words = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    console.print(
        f"{words}: {'sound, they sum to zero.' if not problems else f'{len(problems)} problems'}", highlight=False
    )
    for problem in problems:
        console.print(f"[red]✗[/] {problem}", highlight=False)
    return not problems


def _counts(session: Session) -> dict[str, int]:
    tables = {"accounts": Account, "entries": JournalEntry, "postings": Posting}
    return {
        name: int(session.scalar(sa.select(sa.func.count()).select_from(table)) or 0) for name, table in tables.items()
    }
