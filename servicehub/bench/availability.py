"""How fast the grid of free times is: fourteen days, sixty technicians with full diaries, one address.

Targets: p95 <= 150 ms warm, at most 6 statements.
"""

from __future__ import annotations

import random
import time
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session

from servicehub.bench import town
from servicehub.domain.access import ANONYMOUS
from servicehub.queries import availability

TARGET_P95_MS, TARGET_STATEMENTS = 150.0, 6


def measure(*, runs: int = 40, technicians: int = 60, days: int = 14, url: str = "") -> dict[str, Any]:
    """Milliseconds and statements of one grid, over `runs` different addresses; three warm-up runs are not counted."""
    with town.opened(url) as database:
        built = database.write_now(town.build, technicians=technicians)
        jobs = database.write_now(town.fill, built, days=days)
        rng = random.Random(5)
        samples = [database.read_now(_once, built, town.scattered(rng, 2.0), days) for _run in range(runs + 3)][3:]
        times = sorted(ms for ms, _statements, _slots in samples)
        return {
            "technicians": technicians,
            "days": days,
            "jobs": jobs,
            "slots": max(slots for _ms, _statements, slots in samples),
            "p50_ms": round(times[len(times) // 2], 1),
            "p95_ms": round(times[len(times) * 95 // 100], 1),
            "sql_statements": max(statements for _ms, statements, _slots in samples),
        }


def _once(session: Session, built: town.Town, place: Any, days: int) -> tuple[float, int, int]:
    statements = 0

    def counted(*_args: Any) -> None:
        nonlocal statements
        statements += 1

    connection = session.connection()
    sa.event.listen(connection, "before_cursor_execute", counted)
    began = time.perf_counter()
    request = availability.SlotRequest((built.item_id,), place, days=days)
    grid = availability.slots(session, ANONYMOUS, request, now=town.START)
    took = (time.perf_counter() - began) * 1000
    sa.event.remove(connection, "before_cursor_execute", counted)
    return took, statements, sum(day.free_slots for day in grid.days)
