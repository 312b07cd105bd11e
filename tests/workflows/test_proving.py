"""The nightly proof: once a day, kept, and loud when somebody has been at the books."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import Session, select

from servicehub.db import Database
from servicehub.models.ledger import Proof
from servicehub.queries.money import ledger_health
from servicehub.services import ledger
from servicehub.workflows import proving
from tests import journey
from tests.city import NOW


def prepare(session: Session) -> journey.Actor:
    world = journey.build(session)
    world.completed()
    return journey.operator(world)


def proofs(database: Database) -> list[Proof]:
    return database.read_now(lambda s: list(s.exec(select(Proof).order_by(Proof.at))))  # type: ignore[arg-type]


def test_once_a_day(database: Database) -> None:
    operator = database.write_now(prepare)

    made = [proving.prove_due(database, NOW + timedelta(hours=h)) for h in (0, 1, 23, 24, 25, 48)]

    assert made == [1, 0, 0, 1, 0, 1]
    assert [(p.problems, p.last_entry_id > 0) for p in proofs(database)] == [([], True)] * 3
    shown = database.read_now(ledger_health, operator, now=NOW + timedelta(hours=49), locale="en")
    assert shown.is_proved
    assert "are right" in shown.proved


def test_a_balance_that_somebody_changed_is_told(database: Database) -> None:
    operator = database.write_now(prepare)
    unguarded = (
        "DROP TRIGGER sh_account_balance" if database.is_sqlite else "DROP TRIGGER sh_account_update ON sh_account"
    )
    change = "UPDATE sh_account SET balance_fen = balance_fen + 1 WHERE code LIKE 't_pending:%'"
    for statement in (unguarded, change):  # as somebody who owns the database may
        database.write_now(lambda s, text=statement: s.execute(sa.text(text)))

    assert proving.prove_due(database, NOW) == 1

    (proof,) = proofs(database)
    assert proof.problems == database.read_now(ledger.verify)
    assert len(proof.problems) == 1
    shown = database.read_now(ledger_health, operator, now=NOW, locale="en")
    assert not shown.is_proved
    assert "t_pending:" in shown.proved
