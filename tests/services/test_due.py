"""One row that cannot be handled holds up no other."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlmodel import Session, select

from servicehub.models.job import Worker
from servicehub.services.due import each

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def test_a_row_that_fails_is_undone_logged_and_left(session: Session, caplog: pytest.LogCaptureFixture) -> None:
    for name in "abc":
        session.add(Worker(id=name, role="all", started_at=NOON, seen_at=NOON))
    session.flush()
    rows = session.exec(select(Worker).order_by(Worker.id)).all()

    def handle(worker: Worker) -> None:
        worker.role = "web"
        session.flush()
        if worker.id == "b":
            raise ZeroDivisionError

    assert each(session, rows, handle) == 2
    assert [(worker.id, worker.role) for worker in rows] == [("a", "web"), ("b", "all"), ("c", "web")]
    assert "Worker b could not be handled" in caplog.text
