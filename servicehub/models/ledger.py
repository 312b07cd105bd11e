"""The double-entry ledger: accounts, sealed entries, postings, and the triggers by which the database itself guards them.

Amounts are integer fen, + debit / − credit, one posting per account and entry. Zero sum and sealing are enforced at COMMIT on
both databases by deferred foreign keys into one-row tables; guarded accounts can never fall below zero (CHECK).
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from servicehub.models.base import BIG, at, pk


class LedgerZero(SQLModel, table=True):
    """The one value that an entry's imbalance may have at COMMIT."""

    __tablename__ = "sh_ledger_zero"
    __table_args__ = (sa.CheckConstraint("v = 0", name="zero"),)

    v: int = Field(sa_column=sa.Column(sa.BigInteger(), primary_key=True, autoincrement=False))


class LedgerOne(SQLModel, table=True):
    """The one value that an entry's `sealed` may have at COMMIT."""

    __tablename__ = "sh_ledger_one"
    __table_args__ = (sa.CheckConstraint("v = 1", name="one"),)

    v: int = Field(sa_column=sa.Column(sa.BigInteger(), primary_key=True, autoincrement=False))


class Account(SQLModel, table=True):
    __tablename__ = "sh_account"
    __table_args__ = (
        sa.CheckConstraint("guarded = 0 OR balance_fen >= 0", name="never_negative"),
        sa.CheckConstraint("kind IN ('asset', 'liability', 'income', 'expense')", name="kind"),
    )

    code: str = Field(primary_key=True, max_length=64)
    """`escrow:<order id>`, `cash:simulator`, … : see services.ledger for the chart."""
    kind: str = Field(max_length=10)
    guarded: int = 0
    balance_fen: int = Field(default=0, sa_column=sa.Column(sa.BigInteger(), nullable=False, server_default="0"))
    """Guarded accounts only, in the account's own direction; kept by a trigger. System accounts have no hot row."""


class JournalEntry(SQLModel, table=True):
    __tablename__ = "sh_journal_entry"
    __table_args__ = (sa.Index("ix_sh_journal_entry_ref", "ref"), sa.Index("ix_sh_journal_entry_at", "at"))

    id: int | None = Field(default=None, sa_column=pk())
    key: str = Field(max_length=80, unique=True)
    """Idempotency key, e.g. `pay:<payment no>`, `settle:<order id>`."""
    kind: str = Field(max_length=24)
    ref: str = Field(max_length=64)
    """What it is about: `order:<id>`."""
    reverses_id: int | None = Field(
        default=None, sa_column=sa.Column(BIG, sa.ForeignKey("sh_journal_entry.id"), nullable=True, unique=True)
    )
    at: datetime = Field(sa_column=at())
    imbalance: int = Field(
        default=0,
        sa_column=sa.Column(
            sa.BigInteger(),
            sa.ForeignKey("sh_ledger_zero.v", deferrable=True, initially="DEFERRED"),
            nullable=False,
            server_default="0",
        ),
    )
    sealed: int = Field(
        default=0,
        sa_column=sa.Column(
            sa.BigInteger(),
            sa.ForeignKey("sh_ledger_one.v", deferrable=True, initially="DEFERRED"),
            nullable=False,
            server_default="0",
        ),
    )


class Proof(SQLModel, table=True):
    """One proof of the whole books."""

    __tablename__ = "sh_proof"

    id: int | None = Field(default=None, sa_column=pk())
    at: datetime = Field(sa_column=at(index=True))
    last_entry_id: int
    """The newest entry that was looked at."""
    problems: list[str] = Field(sa_column=sa.Column(sa.JSON, nullable=False))
    """Sentences, at most a hundred; empty: the books are sound."""


class Posting(SQLModel, table=True):
    __tablename__ = "sh_posting"
    __table_args__ = (
        sa.CheckConstraint("amount_fen <> 0", name="amount"),
        sa.Index("ix_sh_posting_account_entry_id", "account", "entry_id"),
    )

    entry_id: int = Field(
        sa_column=sa.Column(BIG, sa.ForeignKey("sh_journal_entry.id"), primary_key=True, autoincrement=False)
    )
    account: str = Field(sa_column=sa.Column(sa.String(64), sa.ForeignKey("sh_account.code"), primary_key=True))
    amount_fen: int = Field(sa_column=sa.Column(sa.BigInteger(), nullable=False))
    """+ debit, − credit."""


_DIRECTION = "CASE WHEN kind IN ('asset','expense') THEN NEW.amount_fen ELSE -NEW.amount_fen END"
TRIGGERS: dict[str, list[str]] = {
    "sqlite": [
        "INSERT INTO sh_ledger_zero(v) VALUES (0)",
        "INSERT INTO sh_ledger_one(v) VALUES (1)",
        "CREATE TRIGGER sh_posting_sealed BEFORE INSERT ON sh_posting WHEN (SELECT sealed FROM sh_journal_entry WHERE id = NEW.entry_id) = 1 "
        "BEGIN SELECT RAISE(ABORT, 'entry is sealed'); END",
        "CREATE TRIGGER sh_posting_insert AFTER INSERT ON sh_posting BEGIN "
        "UPDATE sh_journal_entry SET imbalance = imbalance + NEW.amount_fen WHERE id = NEW.entry_id; "
        f"UPDATE sh_account SET balance_fen = balance_fen + {_DIRECTION} WHERE code = NEW.account AND guarded = 1; END",
        "CREATE TRIGGER sh_posting_update BEFORE UPDATE ON sh_posting BEGIN SELECT RAISE(ABORT, 'postings are immutable'); END",
        "CREATE TRIGGER sh_posting_delete BEFORE DELETE ON sh_posting BEGIN SELECT RAISE(ABORT, 'postings are immutable'); END",
        "CREATE TRIGGER sh_entry_update BEFORE UPDATE OF id, key, kind, ref, reverses_id, at ON sh_journal_entry "
        "BEGIN SELECT RAISE(ABORT, 'entries are immutable'); END",
        "CREATE TRIGGER sh_entry_unseal BEFORE UPDATE OF sealed ON sh_journal_entry WHEN OLD.sealed = 1 "
        "BEGIN SELECT RAISE(ABORT, 'entry is sealed'); END",
        "CREATE TRIGGER sh_entry_delete BEFORE DELETE ON sh_journal_entry BEGIN SELECT RAISE(ABORT, 'entries are immutable'); END",
        "CREATE TRIGGER sh_order_log_update BEFORE UPDATE ON sh_order_log BEGIN SELECT RAISE(ABORT, 'the log is immutable'); END",
        "CREATE TRIGGER sh_order_log_delete BEFORE DELETE ON sh_order_log BEGIN SELECT RAISE(ABORT, 'the log is immutable'); END",
        "CREATE TRIGGER sh_audit_update BEFORE UPDATE ON sh_audit_entry BEGIN SELECT RAISE(ABORT, 'the audit trail is immutable'); END",
        "CREATE TRIGGER sh_audit_delete BEFORE DELETE ON sh_audit_entry BEGIN SELECT RAISE(ABORT, 'the audit trail is immutable'); END",
    ],
    "postgresql": [
        "INSERT INTO sh_ledger_zero(v) VALUES (0)",
        "INSERT INTO sh_ledger_one(v) VALUES (1)",
        "CREATE FUNCTION sh_posting_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF (SELECT sealed FROM sh_journal_entry WHERE id = NEW.entry_id) = 1 THEN RAISE EXCEPTION 'entry is sealed'; END IF; "
        "UPDATE sh_journal_entry SET imbalance = imbalance + NEW.amount_fen WHERE id = NEW.entry_id; "
        f"UPDATE sh_account SET balance_fen = balance_fen + {_DIRECTION} WHERE code = NEW.account AND guarded = 1; RETURN NEW; END $$",
        "CREATE TRIGGER sh_posting_insert BEFORE INSERT ON sh_posting FOR EACH ROW EXECUTE FUNCTION sh_posting_insert()",
        "CREATE FUNCTION sh_immutable() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'immutable'; END $$",
        "CREATE TRIGGER sh_posting_immutable BEFORE UPDATE OR DELETE ON sh_posting FOR EACH ROW EXECUTE FUNCTION sh_immutable()",
        "CREATE TRIGGER sh_entry_immutable BEFORE UPDATE OF id, key, kind, ref, reverses_id, at OR DELETE ON sh_journal_entry "
        "FOR EACH ROW EXECUTE FUNCTION sh_immutable()",
        "CREATE TRIGGER sh_entry_unseal BEFORE UPDATE OF sealed ON sh_journal_entry FOR EACH ROW WHEN (OLD.sealed = 1) "
        "EXECUTE FUNCTION sh_immutable()",
        "CREATE TRIGGER sh_order_log_immutable BEFORE UPDATE OR DELETE ON sh_order_log FOR EACH ROW EXECUTE FUNCTION sh_immutable()",
        "CREATE TRIGGER sh_audit_immutable BEFORE UPDATE OR DELETE ON sh_audit_entry FOR EACH ROW EXECUTE FUNCTION sh_immutable()",
    ],
}
"""Statements that the migration runs after the tables exist, per dialect."""


def dialect_triggers(connection: Any) -> list[str]:
    """The statements for the connection's database."""
    return TRIGGERS[connection.dialect.name]
