"""Chargebacks of payments."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from servicehub.domain.chargeback import ChargebackStatus
from servicehub.models.base import at, fk, pk, stored_as_value


class Chargeback(SQLModel, table=True):
    """What a bank says of one payment, under the channel's number of it. What was taken and came back is in the ledger."""

    __tablename__ = "sh_chargeback"
    __table_args__ = (
        sa.UniqueConstraint("channel", "no"),
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.CheckConstraint("(taken_at IS NULL) = (status IN ('inquiry', 'dropped'))", name="taken"),
        sa.CheckConstraint("(returned_at IS NULL) = (status <> 'won')", name="returned"),
        sa.Index("ix_sh_chargeback_status", "status"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    channel: str = Field(max_length=16)
    no: str = Field(max_length=40)
    payment_id: int = Field(sa_column=fk("sh_payment.id", index=True))
    order_id: int = Field(sa_column=fk("sh_order.id", index=True))
    amount_fen: int
    status: ChargebackStatus = Field(sa_column=sa.Column(stored_as_value(ChargebackStatus), nullable=False))
    created_at: datetime = Field(sa_column=at())
    taken_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    returned_at: datetime | None = Field(default=None, sa_column=at(nullable=True))


def is_contested(session: Session, order_id: int) -> bool:
    """Whether a bank has taken money of the order and not decided yet."""
    query = select(Chargeback.id).where(Chargeback.order_id == order_id, Chargeback.status == ChargebackStatus.OPEN)
    return session.exec(query.where(col(Chargeback.taken_at).is_not(None)).limit(1)).first() is not None
