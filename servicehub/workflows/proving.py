"""The nightly proof of the books: read without holding up anybody, kept in a row, and shown to operators."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.db import Database
from servicehub.models.ledger import JournalEntry, Proof
from servicehub.services import deposits, ledger, points, settlement_batches, vat

EVERY = timedelta(hours=24)
MOST_PROBLEMS = 100
_log = logging.getLogger(__name__)


def prove_due(database: Database, now: datetime) -> int:
    """Prove the books when the last proof is a day old; returns how many proofs were made."""
    if not database.read_now(_is_due, now):
        return 0
    last_id, problems = database.read_now(_looked)
    database.write_now(_keep, last_id, problems, now=now)
    if problems:
        _log.error("the books do not prove: %s", "; ".join(problems[:5]))
    return 1


def _is_due(session: Session, now: datetime) -> bool:
    if session.exec(select(JournalEntry.id).limit(1)).first() is None:
        return False
    last = session.exec(select(Proof.at).order_by(col(Proof.at).desc()).limit(1)).first()
    return last is None or now - last >= EVERY


def _looked(session: Session) -> tuple[int, list[str]]:
    newest = session.scalar(sa.select(sa.func.max(col(JournalEntry.id)))) or 0
    found = [
        *ledger.verify(session), *points.problems(session), *deposits.problems(session), *settlement_batches.problems(session),
        *vat.problems(session),
    ]  # fmt: skip
    return newest, found[:MOST_PROBLEMS]


def _keep(session: Session, last_id: int, problems: list[str], *, now: datetime) -> None:
    session.add(Proof(at=now, last_entry_id=last_id, problems=problems))
