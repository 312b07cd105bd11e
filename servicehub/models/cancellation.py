"""Late cancellations that were free, and by which policy an order is cancelled: asked alike by services and queries."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel, col

from servicehub.domain.cancellation import CancellationPolicy, CancellationTerms, month_of
from servicehub.models.base import BIG, at, fk
from servicehub.models.catalog import Category, City, Policy
from servicehub.models.order import Order


class FreeCancellation(SQLModel, table=True):
    """The `n`th late cancellation of a customer that was free in a calendar month. The key gives each number once."""

    __tablename__ = "sh_free_cancellation"
    __table_args__ = (
        sa.CheckConstraint("n >= 1", name="n"),
        sa.UniqueConstraint("order_id"),
    )

    customer_id: int = Field(sa_column=fk("sh_user.id", primary_key=True))
    month: str = Field(sa_column=sa.Column(sa.String(7), primary_key=True))
    """Local to the order's city: `2026-03`."""
    n: int = Field(sa_column=sa.Column(sa.Integer(), primary_key=True, autoincrement=False))
    order_id: int = Field(sa_column=sa.Column(BIG, sa.ForeignKey("sh_order.id"), nullable=False))
    used_at: datetime = Field(sa_column=at())


def load_terms(session: Session, order: Order) -> CancellationPolicy:
    """What the order froze: the terms of its policy's version for its category, which is that of its first service."""
    document = session.get_one(Policy, order.policy_id).document.get("cancellation", {})
    return CancellationTerms.of(document).of_category(session.get_one(Category, order.category_id).slug)


def month_in(session: Session, order: Order, now: datetime) -> str:
    """The calendar month of the order's city."""
    return month_of(now, session.get_one(City, order.city_id).timezone)


def load_free_used(session: Session, customer_id: int, month: str) -> int:
    """How many late cancellations of the customer were free in this month."""
    query = sa.select(sa.func.max(col(FreeCancellation.n)))
    found = session.scalar(
        query.where(col(FreeCancellation.customer_id) == customer_id, col(FreeCancellation.month) == month)
    )
    return int(found or 0)


def load_free_left(session: Session, order: Order, now: datetime) -> int:
    """How many late cancellations of this month would still be free for the order's customer, by the order's policy."""
    limit = load_terms(session, order).free_per_month
    used = load_free_used(session, order.customer_id, month_in(session, order, now)) if limit else 0
    return max(0, limit - used)
