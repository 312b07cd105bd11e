"""What the platform claims of payments that a company receives, and what it gives back of it."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from servicehub.domain.sharing import ShareKind, ShareStatus
from servicehub.models.base import at, fk, pk, stored_as_value


def _one(kind: str, column: str) -> sa.Index:
    """At most one of a kind."""
    there = sa.text(f"kind = '{kind}'")
    return sa.Index(f"uq_sh_share_one_{kind}", column, unique=True, sqlite_where=there, postgresql_where=there)


class Share(SQLModel, table=True):
    """One instruction to the channel about one payment: claim a share, unfreeze the rest, or give a share back for a refund."""

    __tablename__ = "sh_share"
    __table_args__ = (
        sa.CheckConstraint("amount_fen > 0 OR kind = 'unfreeze' OR status = 'void'", name="amount"),
        sa.CheckConstraint("amount_fen >= 0 AND amount_fen <= base_fen", name="within"),
        sa.CheckConstraint("kind <> 'share' OR amount_fen * 10 <= base_fen * 3", name="ratio"),
        sa.CheckConstraint("(kind = 'return') = (refund_id IS NOT NULL)", name="refund"),
        _one("share", "payment_id"),
        _one("unfreeze", "payment_id"),
        _one("return", "refund_id"),
        sa.Index("ix_sh_share_status", "status"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    no: str = Field(max_length=32, unique=True)
    """Our number, stored before the channel is asked; changes only when somebody tries again what the channel has refused."""
    kind: ShareKind = Field(sa_column=sa.Column(stored_as_value(ShareKind), nullable=False))
    payment_id: int = Field(sa_column=fk("sh_payment.id", index=True))
    order_id: int = Field(sa_column=fk("sh_order.id", index=True))
    refund_id: int | None = Field(default=None, sa_column=fk("sh_refund.id", nullable=True))
    """Of a return: the refund that waits for it."""
    amount_fen: int
    base_fen: int
    """What was left of the payment when the order was settled; of a return, what was shared."""
    status: ShareStatus = Field(sa_column=sa.Column(stored_as_value(ShareStatus), nullable=False))
    reason: str = Field(default="", max_length=64)
    """The channel's own code, when it refused."""
    tries: int = 0
    created_at: datetime = Field(sa_column=at())
    done_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
