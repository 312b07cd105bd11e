"""A withdrawal meets its channel: sent once, asked for when the answer was lost, and back when it cannot be paid."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, select

from servicehub.adapters import gateway as channels
from servicehub.adapters.gateway_simulator import GatewaySimulator
from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole
from servicehub.domain.withdrawal import WithdrawalStatus
from servicehub.jobs.recorder import Recorder
from servicehub.models.withdrawal import Withdrawal
from servicehub.services import ledger, withdrawals
from servicehub.workflows import payouts
from tests import journey
from tests.city import NOW


@pytest.fixture
def simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[GatewaySimulator]:
    made = GatewaySimulator(tmp_path / "channel.db")
    monkeypatch.setattr(channels, "simulator", lambda: made)
    yield made
    made.close_file()


@pytest.fixture
def approved(sqlite_database: Database, simulator: GatewaySimulator) -> str:
    """The number of a withdrawal of ¥500 that somebody said yes to."""

    def prepare(session: Session) -> tuple[Actor, Actor]:
        world = journey.build(session)
        who = world.technicians[0]
        lines = {ledger.cash("bank"): 50_000, ledger.available(who.technician_id): -50_000}
        ledger.post(session, "earned", "payment", "test", lines, now=NOW)
        return who, journey.operator(world, OperatorRole.FINANCE)

    who, finance = sqlite_database.write_now(prepare)
    no: str = sqlite_database.write_now(payouts.request, who, 50_000, "19900000002", now=NOW)
    sqlite_database.write_now(withdrawals.approve, finance, no, now=NOW)
    return no


def status(database: Database) -> WithdrawalStatus:
    return database.read_now(lambda s: s.exec(select(Withdrawal)).one()).status


def balance(database: Database, prefix: str) -> int:
    return sum(fen for code, fen in database.read_now(ledger.trial).by_account.items() if code.startswith(prefix))


def test_paid_out(sqlite_database: Database, approved: str, recorder: Recorder) -> None:
    (job,) = recorder.named("payout")
    for _ in range(3):
        payouts.send(sqlite_database, job)

    assert (status(sqlite_database), balance(sqlite_database, "cash:simulator")) == (WithdrawalStatus.DONE, -50_000)
    assert len(recorder.named("payout")) == 1
    assert sqlite_database.read_now(ledger.verify) == []


def test_an_answer_that_was_lost_is_asked_for(
    sqlite_database: Database, approved: str, simulator: GatewaySimulator, recorder: Recorder
) -> None:
    simulator.faults.lose_answers = True
    payouts.send(sqlite_database, {"no": approved})
    assert status(sqlite_database) is WithdrawalStatus.SENDING
    assert len(recorder.named("payout")) == 2
    simulator.faults.lose_answers = False
    simulator.faults.fail_payouts = True  # a second sending would be told that it failed

    payouts.send(sqlite_database, {"no": approved})

    assert (status(sqlite_database), balance(sqlite_database, "t_withdraw")) == (WithdrawalStatus.DONE, 0)


def test_one_that_never_arrived_is_sent_again(
    sqlite_database: Database, approved: str, simulator: GatewaySimulator
) -> None:
    simulator.faults.down = True
    payouts.send(sqlite_database, {"no": approved})
    simulator.faults.down = False
    payouts.send(sqlite_database, {"no": approved})

    assert status(sqlite_database) is WithdrawalStatus.DONE


def test_what_cannot_be_paid_is_available_again(
    sqlite_database: Database, approved: str, simulator: GatewaySimulator
) -> None:
    simulator.faults.fail_payouts = True
    payouts.send(sqlite_database, {"no": approved})

    assert status(sqlite_database) is WithdrawalStatus.FAILED
    assert balance(sqlite_database, "t_avail") == -50_000
    assert sqlite_database.read_now(ledger.verify) == []
