"""Bills of payment channels, their lines, and what does not fit our books."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from servicehub.domain.reconciliation import DifferenceKind, DifferenceStatus, LineKind
from servicehub.models.base import at, fk, pk, stored_as_value


class Bill(SQLModel, table=True):
    """One channel's bill of one of its days, as it was pulled last. A closed one is not pulled again."""

    __tablename__ = "sh_bill"
    __table_args__ = (sa.UniqueConstraint("channel", "day"),)

    id: int | None = Field(default=None, sa_column=pk())
    channel: str = Field(max_length=16)
    day: date
    pulled_at: datetime = Field(sa_column=at())
    matched: int = 0
    other_day: int = 0
    net_fen: int = 0
    """What its lines come to, fees not deducted."""
    fee_fen: int = 0
    ledger_fen: int = 0
    """What our books say of the same day."""
    unexplained_fen: int = 0
    shared_fen: int = 0
    """Where the account is a company's: what its lines of shares brought the platform, returns deducted…"""
    shared_unexplained_fen: int = 0
    """…and what of it our own account does not explain."""
    closed_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    closed_by: int | None = Field(default=None, sa_column=fk("sh_user.id", nullable=True))


class BillRow(SQLModel, table=True):
    """A line of a bill."""

    __tablename__ = "sh_bill_row"
    __table_args__ = (
        sa.UniqueConstraint("bill_id", "kind", "no"),
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.Index("ix_sh_bill_row_no", "no"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    bill_id: int = Field(sa_column=fk("sh_bill.id"))
    kind: LineKind = Field(sa_column=sa.Column(stored_as_value(LineKind), nullable=False))
    no: str = Field(max_length=40)
    channel_no: str = Field(default="", max_length=64)
    amount_fen: int
    fee_fen: int = 0


class Difference(SQLModel, table=True):
    """What one side has and the other has not, or has otherwise. Only two people together resolve it."""

    __tablename__ = "sh_difference"
    __table_args__ = (
        sa.UniqueConstraint("bill_id", "line_kind", "no"),
        sa.CheckConstraint("second_by IS NULL OR second_by <> first_by", name="two_people"),
        sa.CheckConstraint("status <> 'resolved' OR second_by IS NOT NULL", name="resolved"),
        sa.Index("ix_sh_difference_status", "status"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    bill_id: int = Field(sa_column=fk("sh_bill.id"))
    kind: DifferenceKind = Field(sa_column=sa.Column(stored_as_value(DifferenceKind), nullable=False))
    line_kind: LineKind = Field(sa_column=sa.Column(stored_as_value(LineKind), nullable=False))
    no: str = Field(max_length=40)
    their_fen: int
    our_fen: int
    status: DifferenceStatus = Field(sa_column=sa.Column(stored_as_value(DifferenceStatus), nullable=False))
    reason: str = Field(default="", max_length=200)
    first_by: int | None = Field(default=None, sa_column=fk("sh_user.id", nullable=True))
    second_by: int | None = Field(default=None, sa_column=fk("sh_user.id", nullable=True))
    done_at: datetime | None = Field(default=None, sa_column=at(nullable=True))

    @property
    def net_fen(self) -> int:
        """How much more the channel holds than our books say."""
        return self.line_kind.sign * (self.their_fen - self.our_fen)
