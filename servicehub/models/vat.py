"""Value-added tax, day by day."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from servicehub.models.base import BIG, at


class VatDay(SQLModel, table=True):
    """A day whose tax is booked, by the entry `vat:<day>`. The sums of all days say what of the books was looked at."""

    __tablename__ = "sh_vat_day"
    __table_args__ = (sa.CheckConstraint("rate_bp BETWEEN 0 AND 2000", name="rate"),)

    day: date = Field(primary_key=True)
    rate_bp: int
    """Basis points of the net price; 0: nothing is owed."""
    sold_fen: int = Field(sa_column=sa.Column(BIG, nullable=False))
    """Tax included; negative on a day that gave back more than it sold."""
    tax_fen: int = Field(sa_column=sa.Column(BIG, nullable=False))
    made_at: datetime = Field(sa_column=at())
