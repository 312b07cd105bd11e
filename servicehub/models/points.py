"""Points in customers' hands: the lots that they were earned in, and what payments took from which."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col, select

from servicehub.domain.payment import POINTS, PaymentStatus
from servicehub.domain.points import POINTS_KIND, Lot, PointsPolicy, Use
from servicehub.models.base import at, fk, pk
from servicehub.models.catalog import load_document
from servicehub.models.order import Order
from servicehub.models.payment import Payment

_EARNED = sa.text("refund_id IS NULL")


class PointsLot(SQLModel, table=True):
    """Points that were earned with one order, or came back with one refund. Together they are the balance of the account."""

    __tablename__ = "sh_points_lot"
    __table_args__ = (
        sa.CheckConstraint("points > 0", name="points"),
        sa.CheckConstraint("remaining >= 0 AND remaining <= points", name="remaining"),
        sa.Index("ix_sh_points_lot_customer_id_expires_at", "customer_id", "expires_at"),
        sa.Index(
            "ix_sh_points_lot_expires_at",
            "expires_at",
            sqlite_where=sa.text("remaining > 0"),
            postgresql_where=sa.text("remaining > 0"),
        ),
        sa.Index(
            "uq_sh_points_lot_one_earned", "order_id", unique=True, sqlite_where=_EARNED, postgresql_where=_EARNED
        ),
    )

    id: int | None = Field(default=None, sa_column=pk())
    customer_id: int = Field(sa_column=fk("sh_user.id"))
    order_id: int = Field(sa_column=fk("sh_order.id", index=True))
    """The order that earned them, or for which they had paid."""
    refund_id: int | None = Field(default=None, sa_column=fk("sh_refund.id", nullable=True))
    """The refund with which they came back."""
    points: int
    remaining: int
    earned_at: datetime = Field(sa_column=at())
    expires_at: datetime = Field(sa_column=at())


class PointsUse(SQLModel, table=True):
    """What a payment took from a lot."""

    __tablename__ = "sh_points_use"
    __table_args__ = (sa.CheckConstraint("returned >= 0 AND returned <= points AND points > 0", name="returned"),)

    payment_id: int = Field(sa_column=fk("sh_payment.id", primary_key=True))
    lot_id: int = Field(sa_column=fk("sh_points_lot.id", primary_key=True))
    points: int
    returned: int = 0


def load_points_policy(session: Session, city_id: int, at: datetime) -> PointsPolicy:
    """The rules in force in the city at `at`; the defaults where none were adopted."""
    return PointsPolicy.of(load_document(session, city_id, POINTS_KIND, at))


def load_lots(session: Session, customer_id: int) -> list[Lot]:
    """What the customer has, also what has expired and was not taken off yet."""
    columns = sa.select(col(PointsLot.id), col(PointsLot.remaining), col(PointsLot.expires_at))
    rows = session.execute(columns.where(col(PointsLot.customer_id) == customer_id, col(PointsLot.remaining) > 0))
    return [Lot(lot_id, left, expires_at) for lot_id, left, expires_at in rows]


def load_uses(session: Session, payment_id: int) -> Sequence[Use]:
    """What a payment took."""
    query = select(PointsUse, PointsLot.expires_at).join(PointsLot, col(PointsLot.id) == col(PointsUse.lot_id))
    rows = session.exec(query.where(PointsUse.payment_id == payment_id)).all()
    return [Use(use.lot_id, use.points, use.returned, expires_at) for use, expires_at in rows]


def load_usable(session: Session, order: Order, due_fen: int, free: int, *, now: datetime) -> int:
    """How many of `free` points pay of what is due for the order: the same for the page and for the payment."""
    kept = sa.select(sa.func.sum(col(Payment.amount_fen))).where(
        col(Payment.order_id) == order.id,
        col(Payment.channel) == POINTS,
        col(Payment.status) == PaymentStatus.KEPT,
    )
    policy, used = load_points_policy(session, order.city_id, now), int(session.scalar(kept) or 0)
    return policy.usable(total_fen=order.total_fen, due_fen=due_fen, used=used, free=free)
