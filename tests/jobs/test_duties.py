"""The product's own duties and jobs: each runs on an empty database of both kinds, and nothing is deferred that nobody handles."""

from __future__ import annotations

import ast
from datetime import UTC, datetime

from servicehub.db import Database
from servicehub.db.migrations import PROJECT_ROOT
from servicehub.jobs import handlers, registry, ticks
from servicehub.jobs.pulse import run_ticks

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def test_every_duty_finds_nothing_to_do_in_an_empty_database(database: Database) -> None:
    assert registry.duties(), ticks
    assert run_ticks(database, NOON) == 0


def test_deadlines_of_seconds_are_looked_at_every_second() -> None:
    periods = {duty.name: duty.every_s for duty in registry.duties()}

    assert periods["expire_offers"] == 1
    assert periods["dispatch_orders"] == 1


def deferred_names() -> set[str]:
    names = set()
    for path in (PROJECT_ROOT / "servicehub").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "outbox.defer" and len(node.args) > 1:
                assert isinstance(node.args[1], ast.Constant), f"{path}:{node.lineno}: a job's name is a literal"
                names.add(str(node.args[1].value))
    return names


def test_every_deferred_job_has_a_handler_and_every_handler_has_jobs() -> None:
    assert handlers
    assert deferred_names() == set(registry._handlers)
