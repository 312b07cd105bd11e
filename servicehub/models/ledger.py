"""The double-entry ledger: accounts, sealed entries and postings, which the database itself guards.

Amounts are integer fen, + debit / − credit, one posting per account and entry. At COMMIT every entry is sealed (a deferred foreign
key into a one-row table, on both databases); sealing asks for a sum of zero, and nothing is added, edited or deleted afterwards.
Guarded accounts can never fall below zero (CHECK), and their balances move with postings only. The triggers are in the migrations.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col

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


def load_signed(session: Session, accounts: Sequence[str]) -> dict[str, int]:
    """Balances of the accounts from their postings, + debit; those without any are left out."""
    rows = session.execute(
        sa.select(col(Posting.account), sa.func.sum(col(Posting.amount_fen)))
        .where(col(Posting.account).in_(accounts))
        .group_by(col(Posting.account))
    )
    return {account: int(fen) for account, fen in rows}
