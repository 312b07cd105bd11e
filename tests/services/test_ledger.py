"""The books, posted through the service and attacked past it, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, func, select

from servicehub.db import Database
from servicehub.errors import LedgerRefused
from servicehub.models.ledger import JournalEntry, Posting
from servicehub.services import ledger
from tests import journey

NOW = datetime(2026, 3, 2, tzinfo=UTC)
PAID = {"cash:simulator": 5000, "escrow:1": -5000}


def attack(database: Database, *statements: str, **values: Any) -> None:
    """Run raw SQL in one transaction; it must fail, at once or at COMMIT."""

    def run(session: Session) -> None:
        for statement in statements:
            session.execute(sa.text(statement), values)

    with pytest.raises(sa.exc.DBAPIError):
        database.write_now(run)


def pay(database: Database, key: str = "pay:1") -> int:
    return database.write_now(lambda s: ledger.post(s, key, "payment", "order:1", PAID, now=NOW))[0]


ENTRY = (
    "INSERT INTO sh_journal_entry (id, key, kind, ref, at, imbalance, sealed) "
    "VALUES (900, 'raw', 'x', 'x', '2026-03-02 00:00:00', 0, {})"
)
POSTING = "INSERT INTO sh_posting (entry_id, account, amount_fen) VALUES (900, '{}', {})"


def test_an_entry_is_posted_once_however_often_it_is_asked_for(database: Database) -> None:
    first = database.write_now(lambda s: ledger.post(s, "pay:1", "payment", "order:1", PAID, now=NOW))
    again = database.write_now(
        lambda s: ledger.post(s, "pay:1", "payment", "order:1", {"cash:simulator": 1, "escrow:1": -1}, now=NOW)
    )

    assert (first[1], again) == (True, (first[0], False))
    assert database.read_now(ledger.balance, "escrow:1") == 5000
    assert database.read_now(ledger.balance, "cash:simulator") == 5000
    assert database.read_now(ledger.verify) == []


def test_an_unbalanced_entry_is_refused_at_commit_even_in_raw_sql(database: Database) -> None:
    pay(database)
    attack(
        database,
        ENTRY.format(0),
        POSTING.format("cash:simulator", 7),
        "UPDATE sh_journal_entry SET sealed = 1 WHERE id = 900",
    )

    assert database.read_now(lambda s: s.exec(select(func.count()).select_from(JournalEntry)).one()) == 1


def test_a_sound_entry_in_raw_sql_is_accepted(database: Database) -> None:
    """So that the refusals around it are about what they say."""
    pay(database)
    statements = (
        ENTRY.format(0),
        POSTING.format("cash:simulator", -7),
        POSTING.format("escrow:1", 7),
        "UPDATE sh_journal_entry SET sealed = 1 WHERE id = 900",
    )
    database.write_now(lambda s: [s.execute(sa.text(statement)) for statement in statements] and None)

    assert database.read_now(ledger.verify) == []
    assert database.read_now(ledger.balance, "escrow:1") == 4993


def test_an_unsealed_entry_is_refused_at_commit(database: Database) -> None:
    pay(database)
    attack(database, ENTRY.format(0), POSTING.format("cash:simulator", -7), POSTING.format("escrow:1", 7))


def test_nothing_is_appended_to_a_sealed_entry(database: Database) -> None:
    entry_id = pay(database)
    attack(
        database,
        "INSERT INTO sh_account (code, kind, guarded) VALUES ('gw_fee:x', 'expense', 0)",
        f"INSERT INTO sh_posting VALUES ({entry_id}, 'gw_fee:x', 5)",
    )


def test_a_sealed_entry_stays_sealed(database: Database) -> None:
    attack(database, f"UPDATE sh_journal_entry SET sealed = 0 WHERE id = {pay(database)}")


@pytest.mark.parametrize("table", ["sh_posting", "sh_journal_entry"])
def test_nothing_is_edited_or_deleted(database: Database, table: str) -> None:
    pay(database)
    column = "amount_fen = amount_fen + 1" if table == "sh_posting" else "key = 'other'"
    attack(database, f"UPDATE {table} SET {column}")
    attack(database, f"DELETE FROM {table}")

    assert database.read_now(ledger.verify) == []


@pytest.mark.parametrize("forged", ["-7", "0"])
def test_an_entry_cannot_be_balanced_by_its_own_account_of_itself(database: Database, forged: str) -> None:
    """Neither begun with a sum that one posting makes up for, nor with a sum that is put right by hand."""
    pay(database)
    steps = [POSTING.format("cash:simulator", 7), "UPDATE sh_journal_entry SET sealed = 1 WHERE id = 900"]
    if forged == "0":
        steps[1:1] = ["UPDATE sh_journal_entry SET imbalance = 0 WHERE id = 900"]
    attack(database, ENTRY.format(0).replace("00:00:00', 0,", f"00:00:00', {forged},"), *steps)
    attack(database, ENTRY.format(1))

    assert database.read_now(ledger.verify) == []


@pytest.mark.parametrize("table", ["sh_posting", "sh_journal_entry", "sh_account"])
def test_nothing_is_replaced_or_emptied(database: Database, table: str) -> None:
    pay(database)
    attack(
        database, f"REPLACE INTO {table} SELECT * FROM {table}" if database.is_sqlite else f"TRUNCATE {table} CASCADE"
    )

    assert database.read_now(ledger.verify) == []
    assert database.read_now(ledger.balance, "escrow:1") == 5000


@pytest.mark.parametrize(
    "change", ["guarded = 0", "kind = 'asset'", "code = 'escrow:2'", "balance_fen = balance_fen + 1", "balance_fen = 0"]
)
def test_an_account_is_what_its_postings_make_it(database: Database, change: str) -> None:
    pay(database)
    attack(database, f"UPDATE sh_account SET {change} WHERE code = 'escrow:1'")
    attack(database, "DELETE FROM sh_account WHERE code = 'escrow:1'")
    attack(database, "INSERT INTO sh_account (code, kind, guarded, balance_fen) VALUES ('wallet:1', 'liability', 1, 5)")

    assert database.read_now(ledger.verify) == []
    assert database.read_now(ledger.balance, "escrow:1") == 5000


def test_a_guarded_account_never_falls_below_zero(database: Database) -> None:
    pay(database)

    with pytest.raises(LedgerRefused):
        database.write_now(
            lambda s: ledger.post(s, "out", "refund", "order:1", {"escrow:1": 5001, "cash:simulator": -5001}, now=NOW)
        )

    assert database.read_now(ledger.balance, "escrow:1") == 5000


def test_unbalanced_empty_and_unknown_lines_are_refused_before_they_are_written(session: Session) -> None:
    for lines in ({}, {"cash:x": 0}, {"cash:x": 1}, {"cash:x": 1, "pocket:me": -1}):
        with pytest.raises(LedgerRefused):
            ledger.post(session, "k", "payment", "r", lines, now=NOW)

    assert ledger.trial(session) == ledger.Trial(0, {})


def test_an_entry_is_reversed_once(database: Database) -> None:
    entry_id = pay(database)
    first = database.write_now(lambda s: ledger.reverse(s, entry_id, "undo:1", now=NOW))

    assert database.write_now(lambda s: ledger.reverse(s, entry_id, "undo:1", now=NOW)) == (first[0], False)
    with pytest.raises(LedgerRefused):
        database.write_now(lambda s: ledger.reverse(s, entry_id, "undo:2", now=NOW))
    attack(
        database,
        "INSERT INTO sh_journal_entry (key, kind, ref, at, reverses_id, imbalance, sealed) "
        f"VALUES ('raw', 'x', 'x', '2026-03-02 00:00:00', {entry_id}, 0, 1)",
    )
    assert database.read_now(ledger.balance, "escrow:1") == 0


def test_many_entries_are_posted_in_bulk_and_once(database: Database) -> None:
    entries = [
        ledger.Entry(f"pay:{i}", "payment", f"order:{i}", {"cash:simulator": i, f"escrow:{i}": -i}, NOW)
        for i in range(1, 900)
    ]

    assert database.write_now(ledger.post_many, entries) == 899
    assert database.write_now(ledger.post_many, entries) == 0
    assert database.read_now(ledger.balance, "cash:simulator") == 899 * 900 // 2
    assert database.read_now(ledger.verify) == []


def test_entries_of_an_order_come_with_their_lines(session: Session) -> None:
    ledger.post(session, "pay:1", "payment", "order:1", PAID, now=NOW)
    ledger.post(
        session,
        "settle:1",
        "settlement",
        "order:1",
        {"escrow:1": 5000, ledger.COMMISSION: -1000, "t_pending:4:1": -4000},
        now=NOW,
    )

    found = journey.entries_of(session, "order:1")

    assert [(entry.key, lines) for entry, lines in found] == [
        ("pay:1", PAID),
        ("settle:1", {"escrow:1": 5000, "commission:service": -1000, "t_pending:4:1": -4000}),
    ]
    assert ledger.lines_of(session, "pay:1") == PAID
    assert ledger.balance(session, ledger.COMMISSION) == 1000


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["cash:a", "escrow:1", "escrow:2", "t_avail:3", "comp:goodwill"]), st.integers(-500, 500)
        ),
        max_size=12,
    )
)
def test_whatever_is_posted_or_refused_the_books_stay_sound(session: Session, moves: list[tuple[str, int]]) -> None:
    with session.begin_nested() as undo:
        for i, (account, fen) in enumerate(moves):
            try:
                with session.begin_nested():
                    ledger.post(session, f"m:{i}", "payment", "x", {account: fen, "cash:b": -fen}, now=NOW)
            except LedgerRefused:
                pass
        assert ledger.verify(session) == []
        assert ledger.trial(session).total_fen == 0
        assert all(ledger.balance(session, a) >= 0 for a in ("escrow:1", "escrow:2", "t_avail:3"))
        undo.rollback()
    assert session.exec(select(func.count()).select_from(Posting)).one() == 0
