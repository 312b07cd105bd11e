"""The nightly proof: once a day, kept, and loud when somebody has been at the books."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from servicehub.db import Database
from servicehub.domain.deposit import DepositStatus
from servicehub.models.deposit import DepositRequest
from servicehub.models.ledger import Proof
from servicehub.models.technician import Technician
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


def test_a_deposit_that_was_given_back_without_an_entry_is_told(database: Database) -> None:
    operator = database.write_now(prepare)

    def forge(session: Session) -> None:
        technician_id = session.exec(select(Technician.id)).first() or 0
        values: dict[str, Any] = {"technician_id": technician_id, "city_id": operator.city_id, "created_at": NOW}
        session.add(
            DepositRequest(
                no="Dforged", asked_fen=900, returned_fen=900, status=DepositStatus.RETURNED, done_at=NOW, **values
            )
        )

    database.write_now(forge)

    proving.prove_due(database, NOW)

    assert proofs(database)[0].problems == ["deposit Dforged says 900, its entry 0"]
