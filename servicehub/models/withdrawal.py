"""Money that technicians take out."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel

from servicehub.domain.withdrawal import WITHDRAWAL_KIND, WithdrawalPolicy, WithdrawalStatus
from servicehub.models.base import at, fk, pk, stored_as_value
from servicehub.models.catalog import load_document

ACCOUNT_CONTEXT = "sh_withdrawal.account"


class Withdrawal(SQLModel, table=True):
    """One withdrawal. The database allows one open one for each technician."""

    __tablename__ = "sh_withdrawal"
    __table_args__ = (
        sa.CheckConstraint("amount_fen > 0 AND fee_fen >= 0 AND fee_fen < amount_fen", name="amounts"),
        sa.CheckConstraint("second_by IS NULL OR second_by <> first_by", name="two_people"),
        sa.Index(
            "uq_sh_withdrawal_one_open",
            "technician_id",
            unique=True,
            sqlite_where=sa.text("status IN ('review', 'sending', 'confirming')"),
            postgresql_where=sa.text("status IN ('review', 'sending', 'confirming')"),
        ),
        sa.Index("ix_sh_withdrawal_city_id_status", "city_id", "status"),
        sa.Index("ix_sh_withdrawal_technician_id_created_at", "technician_id", "created_at"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    no: str = Field(max_length=32, unique=True)
    """Our number, stored before the channel is asked; every retry uses the same."""
    technician_id: int = Field(sa_column=fk("sh_technician.id"))
    city_id: int = Field(sa_column=fk("sh_city.id"))
    amount_fen: int
    fee_fen: int = 0
    channel: str = Field(max_length=16)
    account: str = Field(max_length=400)
    """Encrypted."""
    account_mask: str = Field(max_length=60)
    payee: str = Field(max_length=32)
    """The technician's registered name; the channel compares it with the account's owner."""
    status: WithdrawalStatus = Field(sa_column=sa.Column(stored_as_value(WithdrawalStatus), nullable=False))
    first_by: int | None = Field(default=None, sa_column=fk("sh_user.id", nullable=True))
    second_by: int | None = Field(default=None, sa_column=fk("sh_user.id", nullable=True))
    reason: str = Field(default="", max_length=200)
    """Why it was rejected."""
    tries: int = 0
    created_at: datetime = Field(sa_column=at())
    confirm_until: datetime | None = Field(default=None, sa_column=at(nullable=True))
    """Until when the payee can say yes, once the channel waits for him."""
    done_at: datetime | None = Field(default=None, sa_column=at(nullable=True))


def load_limits(session: Session, city_id: int, now: datetime) -> WithdrawalPolicy:
    """The limits in force in the city; the defaults where none were adopted."""
    return WithdrawalPolicy.of(load_document(session, city_id, WITHDRAWAL_KIND, now))
