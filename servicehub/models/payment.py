"""Payments, refunds and the inbox of what payment channels told us."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from servicehub.domain.payment import PaymentStatus, PlanItem, RefundStatus
from servicehub.models.base import at, fk, pk, stored_as_value


class Payment(SQLModel, table=True):
    __tablename__ = "sh_payment"
    __table_args__ = (
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.Index(
            "uq_sh_payment_one_kept",
            "order_id",
            "item",
            unique=True,
            sqlite_where=sa.text("status = 'kept'"),
            postgresql_where=sa.text("status = 'kept'"),
        ),
        sa.Index("ix_sh_payment_status_expires_at", "status", "expires_at"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    no: str = Field(max_length=32, unique=True)
    """Our number, stored before the channel is asked."""
    order_id: int = Field(sa_column=fk("sh_order.id", index=True))
    item: PlanItem = Field(sa_column=sa.Column(stored_as_value(PlanItem), nullable=False))
    channel: str = Field(max_length=16)
    method: str = Field(default="", max_length=16)
    """What the customer picked inside the channel: wechat, alipay."""
    amount_fen: int
    status: PaymentStatus = Field(sa_column=sa.Column(stored_as_value(PaymentStatus), nullable=False))
    channel_no: str | None = Field(default=None, max_length=64, unique=True)
    created_at: datetime = Field(sa_column=at())
    expires_at: datetime = Field(sa_column=at())
    paid_at: datetime | None = Field(default=None, sa_column=at(nullable=True))


class Refund(SQLModel, table=True):
    __tablename__ = "sh_refund"
    __table_args__ = (sa.CheckConstraint("amount_fen > 0", name="amount"), sa.Index("ix_sh_refund_status", "status"))

    id: int | None = Field(default=None, sa_column=pk())
    no: str = Field(max_length=32, unique=True)
    """Our number; every retry uses the same."""
    payment_id: int = Field(sa_column=fk("sh_payment.id", index=True))
    order_id: int = Field(sa_column=fk("sh_order.id", index=True))
    amount_fen: int
    reason: str = Field(max_length=40)
    """Key of the wording: cancelled, late_payment, extra_payment, nobody_found, after_sale, goodwill, crew_short."""
    status: RefundStatus = Field(sa_column=sa.Column(stored_as_value(RefundStatus), nullable=False))
    tries: int = 0
    created_at: datetime = Field(sa_column=at())
    done_at: datetime | None = Field(default=None, sa_column=at(nullable=True))


class ChannelEvent(SQLModel, table=True):
    """Inbox: one row for each verified message of a channel, written with its effect in one transaction."""

    __tablename__ = "sh_channel_event"

    channel: str = Field(primary_key=True, max_length=16)
    event_id: str = Field(primary_key=True, max_length=64)
    raw: str
    result: str = Field(max_length=24)
    """kept, late, extra, refund, suspect, ignored."""
    received_at: datetime = Field(sa_column=at())


class Earning(SQLModel, table=True):
    """What one order earns its technician: the frozen split and the timer of its maturing. Amounts equal the ledger's."""

    __tablename__ = "sh_earning"
    __table_args__ = (
        sa.Index("ix_sh_earning_technician_id_created_at", "technician_id", "created_at"),
        sa.Index("ix_sh_earning_matured_at_matures_at", "matured_at", "matures_at"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    order_id: int = Field(sa_column=fk("sh_order.id", unique=True))
    technician_id: int = Field(sa_column=fk("sh_technician.id"))
    kind: str = Field(max_length=20)
    """service, or cancellation_fee."""
    labour_fen: int
    pass_through_fen: int
    """Travel and the like: no commission."""
    coupon_share_fen: int
    """The technician-funded part of a coupon."""
    commission_fen: int
    rule: str = Field(max_length=48)
    """The commission rule's id and version."""
    net_fen: int
    created_at: datetime = Field(sa_column=at())
    matures_at: datetime = Field(sa_column=at())
    matured_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    frozen: bool = False
    """A dispute keeps it from maturing."""
