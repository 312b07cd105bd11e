"""Bookings that two people make by hand."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from servicehub.domain.voucher import VoucherKind, VoucherStatus
from servicehub.models.base import at, fk, pk, stored_as_value


class Voucher(SQLModel, table=True):
    """What one person proposed and a second one agreed to; its entry is `voucher:<id>`."""

    __tablename__ = "sh_voucher"
    __table_args__ = (
        sa.CheckConstraint("amount_fen <> 0", name="amount"),
        sa.CheckConstraint("second_by IS NULL OR second_by <> first_by", name="two_people"),
        sa.CheckConstraint("(status = 'booked') = (second_by IS NOT NULL)", name="booked"),
        sa.CheckConstraint("(status = 'proposed') = (done_at IS NULL)", name="done"),
        sa.Index("ix_sh_voucher_status", "status"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    kind: VoucherKind = Field(sa_column=sa.Column(stored_as_value(VoucherKind), nullable=False))
    channel: str = Field(default="", max_length=16)
    """Empty for kinds that are about no channel."""
    amount_fen: int
    """Signed as `domain.voucher` says."""
    reason: str = Field(max_length=200)
    status: VoucherStatus = Field(sa_column=sa.Column(stored_as_value(VoucherStatus), nullable=False))
    first_by: int = Field(sa_column=fk("sh_user.id"))
    second_by: int | None = Field(default=None, sa_column=fk("sh_user.id", nullable=True))
    created_at: datetime = Field(sa_column=at())
    done_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
