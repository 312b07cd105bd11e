"""Visits that are expected to begin late."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from servicehub.models.base import BIG, at


class Delay(SQLModel, table=True):
    """The forecast of one visit that will probably begin late; no row: in time."""

    __tablename__ = "sh_delay"
    __table_args__ = (sa.CheckConstraint("minutes > 0", name="minutes"),)

    order_id: int = Field(sa_column=sa.Column(BIG, sa.ForeignKey("sh_order.id"), primary_key=True, autoincrement=False))
    begins_at: datetime = Field(sa_column=at())
    """When it will begin."""
    minutes: int
    """How long after its time that is."""
    behind_id: int | None = Field(default=None, sa_column=sa.Column(BIG, nullable=True))
    """The visit before it, which is why."""
    told_minutes: int = 0
    """What the customer was told last; 0: nothing yet."""
    noted_at: datetime = Field(sa_column=at())
