"""From SQLite to PostgreSQL: every row arrives, guards and numbering go on, and nothing is overwritten."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from servicehub import models
from servicehub.db import Database, transfer
from servicehub.models.job import Worker
from servicehub.models.ledger import Account, JournalEntry, Posting

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def post(session: Session, key: str) -> None:
    for code, kind in (("cash", "asset"), ("escrow", "liability")):
        if session.get(Account, code) is None:
            session.add(Account(code=code, kind=kind, guarded=1))
    entry = JournalEntry(key=key, kind="pay", ref="order:1", at=NOON)
    session.add(entry)
    session.flush()
    session.add_all(
        [
            Posting(entry_id=entry.id, account="cash", amount_fen=12800),
            Posting(entry_id=entry.id, account="escrow", amount_fen=-12800),
        ]
    )
    session.flush()
    session.refresh(entry)
    entry.sealed = 1
    session.flush()


def facts(session: Session) -> tuple[list[tuple[str, int]], list[datetime]]:
    balances = session.execute(sa.select(Account.code, Account.balance_fen).order_by(Account.code)).all()
    return [(code, fen) for code, fen in balances], list(session.scalars(sa.select(JournalEntry.at)))


def test_every_row_arrives_and_the_ledger_goes_on(sqlite_url: str, postgres_url: str) -> None:
    before = Database(sqlite_url)
    before.write_now(post, "first")
    before.write_now(lambda s: s.add(Worker(id="中文", role="all", started_at=NOON, seen_at=NOON, ticks={"a": [1]})))

    report = {copied.table: copied for copied in transfer.copy(sqlite_url, postgres_url, models.metadata)}

    assert report["sh_posting"].rows == 2
    assert report["sh_account"].sums["balance_fen"] == 25600
    after = Database(postgres_url)
    assert after.read_now(facts) == before.read_now(facts)
    assert after.read_now(lambda s: s.get_one(Worker, "中文").ticks) == {"a": [1]}
    after.write_now(post, "second")
    assert after.read_now(facts)[0] == [("cash", 25600), ("escrow", 25600)]
    with pytest.raises(sa.exc.DBAPIError):
        after.write_now(lambda s: s.execute(sa.text("DELETE FROM sh_posting")))
    with pytest.raises(transfer.NotEmpty):
        transfer.copy(sqlite_url, postgres_url, models.metadata)
    before.close()
    after.close()


def test_jobs_that_would_stay_behind_are_counted(sqlite_url: str) -> None:
    assert transfer.waiting(sqlite_url) == 0
    database = Database(sqlite_url)
    database.write_now(lambda s: s.execute(sa.text("CREATE TABLE workflow_status (status TEXT)")) and None)
    database.write_now(
        lambda s: s.execute(sa.text("INSERT INTO workflow_status VALUES ('DELAYED'), ('SUCCESS')")) and None
    )
    database.close()

    assert transfer.waiting(sqlite_url) == 1
