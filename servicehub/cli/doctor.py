"""Looks at the installation and says what to mend, one line per finding."""

from __future__ import annotations

import platform
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from rich.console import Console

from servicehub.adapters import accounts
from servicehub.adapters.gateway import payout_channels
from servicehub.adapters.guarantee import offered
from servicehub.cli import build, publish
from servicehub.cli.problems import Problem, need_free_port, need_writable, project_root
from servicehub.db import migrations
from servicehub.settings import Settings

OLDEST_SQLITE = (3, 40)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `level`: ok, note (may stay so) or bad."""

    level: str
    subject: str
    text: str


def _problem_of(check: Callable[[], object]) -> str:
    try:
        check()
    except Problem as problem:
        return str(problem)
    return ""


def _finding(subject: str, good: str, bad: str, level: str = "bad") -> Finding:
    return Finding(level, subject, bad) if bad else Finding("ok", subject, good)


def _machine(settings: Settings) -> Iterator[Finding]:
    have = platform.python_version()
    yield _finding("Python", have, "" if sys.version_info >= (3, 11) else f"{have}: install 3.11 or newer")
    where = f"{settings.host}:{settings.port}"
    yield _finding(
        "Port", f"{where} is free", _problem_of(lambda: need_free_port(settings.host, settings.port)), "note"
    )
    folder = settings.data_dir.resolve()
    yield _finding("Data folder", f"{folder} can be written", _problem_of(lambda: need_writable(folder)))
    old = "" if sqlite3.sqlite_version_info >= OLDEST_SQLITE else f"{sqlite3.sqlite_version}: 3.40 or newer is needed"
    yield _finding("SQLite", sqlite3.sqlite_version, old)


def _front_end(settings: Settings) -> Iterator[Finding]:
    lacking = build.missing_tools()
    mend = f"{' and '.join(lacking)} missing: pip install -c constraints.txt -e ." if lacking else ""
    yield _finding("Build tools", "Bun and Node are in the environment", mend)
    try:
        project_root()
    except Problem as problem:
        yield Finding("bad", "Front end", str(problem))
        return
    target = build.published(settings)
    yield _finding(
        "Front end", f"built ({target.name})", "" if publish.is_complete(target) else "will be built", "note"
    )


def _database(settings: Settings) -> Iterator[Finding]:
    url = sa.make_url(settings.sqlalchemy_url).render_as_string(hide_password=True)
    if settings.is_sqlite and not Path(sa.make_url(settings.sqlalchemy_url).database or "").is_file():
        yield Finding("note", "Database", "not made yet: servicehub migrate")
        return
    try:
        have, newest = migrations.current(settings.sqlalchemy_url), migrations.head()
    except sa.exc.SQLAlchemyError as error:
        yield Finding(
            "bad", "Database", f"{url} does not answer ({type(error).__name__}): check SERVICEHUB_DATABASE_URL"
        )
        return
    behind = "" if have == newest else f"is at {have or 'nothing'}, newest is {newest}: servicehub migrate"
    yield _finding("Database", f"{url} is migrated", behind)


def _settings(settings: Settings) -> Iterator[Finding]:
    level = "bad" if settings.env == "production" else "note"
    unsafe = settings.unsafe()
    for sentence in unsafe:
        yield Finding(level, "Settings", sentence)
    if not unsafe:
        yield Finding("ok", "Settings", "safe to serve")
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    yield _finding("Chromium", str(browser), "" if browser else "not found: only the browser tests need it", "note")


def _channels(settings: Settings) -> Iterator[Finding]:
    """Whether each payment account's keys fit together. Nothing is sent and no money moves."""
    for channel in settings.payment_channels:
        if channel == "simulator":
            yield Finding("note", "Payments", "the simulator inside this process takes them")
            continue
        if channel == "cash":
            yield Finding("note", "Payments in cash", "technicians confirm them at the door, and owe them")
            continue
        yield _finding(f"Payments by {channel}", "keys and certificates fit", accounts.fault_of(channel, settings))


def _guarantees(settings: Settings) -> Iterator[Finding]:
    """What a payment after the service may be secured with."""
    names = {"wechat": "WeChat Pay score", "alipay": "amounts frozen at Alipay", "card": "amounts authorised on cards"}
    found = [names[method] for method in offered(settings)]
    none = "none: payments after the service rest on credit (SERVICEHUB_WECHAT__PAYSCORE_SERVICE_ID, …ALIPAY__FREEZE)"
    yield _finding("Guarantees", ", ".join(found), "" if found else none, "note")


def _payouts(settings: Settings) -> Iterator[Finding]:
    """Where technicians' withdrawals can go."""
    if settings.settlement_mode == "partner":
        return
    names = {
        "alipay": "Alipay accounts",
        "wechat": "WeChat wallets, which technicians confirm",
        "simulator": "the simulator inside this process",
    }
    found = [names[channel] for channel in payout_channels(settings)]
    none = "none: nobody can withdraw (Alipay, or SERVICEHUB_WECHAT__TRANSFER_SCENE_ID with …APP_SECRET)"
    yield _finding("Payouts", ", ".join(found), "" if found else none, "note")


def _mode(settings: Settings) -> Iterator[Finding]:
    """Who is paid. What keeps the platform from its share is among the settings' problems."""
    words = {
        "self_operated": "self-operated: the platform sells, and pays technicians for their work",
        "partner": "partner: companies are paid, the platform claims its share, and nobody withdraws",
    }
    yield Finding("ok", "Settlement mode", words[settings.settlement_mode])


def examine(settings: Settings) -> list[Finding]:
    """Everything that can be found out without changing anything."""
    parts = (_machine, _front_end, _database, _channels, _guarantees, _payouts, _mode, _settings)
    return [finding for part in parts for finding in part(settings)]


def report(findings: list[Finding], console: Console) -> bool:
    """Print the findings; whether all is well."""
    marks = {"ok": "[green]✓[/]", "note": "[yellow]–[/]", "bad": "[red]✗[/]"}
    for finding in findings:
        console.print(f"{marks[finding.level]} [bold]{finding.subject}[/]: {finding.text}", highlight=False)
    return not any(finding.level == "bad" for finding in findings)
