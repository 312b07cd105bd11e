"""Invoices that customers ask for and finance issues."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from servicehub.domain.invoice import InvoiceStatus, TitleKind
from servicehub.models.base import JSON, at, fk, pk, stored_as_value

TITLE_CONTEXT = "sh_invoice.title_enc"
_LIVING = sa.text("status IN ('requested', 'issued')")


class Invoice(SQLModel, table=True):
    """What is issued never changes: it is voided, and another one asked for."""

    __tablename__ = "sh_invoice"
    __table_args__ = (
        sa.CheckConstraint("amount_fen > 0", name="amount"),
        sa.CheckConstraint("status <> 'issued' OR (issued_by IS NOT NULL AND issued_at IS NOT NULL)", name="issued"),
        sa.Index("uq_sh_invoice_one_living", "order_id", unique=True, sqlite_where=_LIVING, postgresql_where=_LIVING),
        sa.Index("ix_sh_invoice_status", "status"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    no: str = Field(max_length=32, unique=True)
    """Ours."""
    order_id: int = Field(sa_column=fk("sh_order.id", index=True))
    status: InvoiceStatus = Field(sa_column=sa.Column(stored_as_value(InvoiceStatus), nullable=False))
    title_kind: TitleKind = Field(sa_column=sa.Column(stored_as_value(TitleKind), nullable=False))
    title_enc: str
    """Whose name stands on it; of a person it is personal data."""
    tax_no: str = Field(default="", max_length=18)
    amount_fen: int
    tax_bp: int
    lines: list[dict[str, Any]] = Field(default_factory=list, sa_column=sa.Column(JSON, nullable=False))
    """`domain.invoice.InvoiceLine` each, as they were when it was asked for."""
    fiscal_no: str | None = Field(default=None, max_length=20, unique=True)
    """The number in the tax office's system; without one the document is a receipt."""
    requested_at: datetime = Field(sa_column=at())
    issued_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    issued_by: int | None = Field(default=None, sa_column=fk("sh_user.id", nullable=True))
    ended_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    reason: str = Field(default="", max_length=200)
    """Why it was refused or voided."""
