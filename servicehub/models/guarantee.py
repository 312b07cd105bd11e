"""Guarantees for orders that are paid after the service."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from servicehub.domain.guarantee import GuaranteeStatus
from servicehub.models.base import at, fk, pk, stored_as_value

_LIVING = sa.text("status IN ('waiting', 'held', 'capturing')")


class Guarantee(SQLModel, table=True):
    """What a channel promises for an order. It is no money of ours: nothing of it is in the ledger before it is captured."""

    __tablename__ = "sh_guarantee"
    __table_args__ = (
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.CheckConstraint("captured_fen >= 0 AND captured_fen <= amount_fen", name="captured"),
        sa.CheckConstraint("(status = 'captured') = (captured_fen > 0)", name="captured_status"),
        sa.Index("uq_sh_guarantee_one_living", "order_id", unique=True, sqlite_where=_LIVING, postgresql_where=_LIVING),
    )

    id: int | None = Field(default=None, sa_column=pk())
    no: str = Field(max_length=32, unique=True)
    """Our number, stored before the channel is asked; what is captured is the payment of the same number."""
    order_id: int = Field(sa_column=fk("sh_order.id", index=True))
    channel: str = Field(max_length=16)
    amount_fen: int
    captured_fen: int = 0
    status: GuaranteeStatus = Field(sa_column=sa.Column(stored_as_value(GuaranteeStatus), nullable=False))
    channel_no: str = Field(default="", max_length=64)
    tries: int = 0
    """How often the channel was asked to capture."""
    fee: dict[str, Any] | None = Field(default=None, sa_column=sa.Column(sa.JSON(none_as_null=True), nullable=True))
    """Who gets what of a cancellation fee that is captured: technician, platform (fen), companions (order ids)."""
    created_at: datetime = Field(sa_column=at())
    expires_at: datetime = Field(sa_column=at())
    """Until when the customer may agree."""
    held_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    capture_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    """When we decided to take what is due."""
    ended_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
