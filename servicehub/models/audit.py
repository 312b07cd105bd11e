"""The operators' audit trail: append-only, each row chained to the one before by an HMAC."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from servicehub.models.base import JSON, at, fk, pk


class AuditEntry(SQLModel, table=True):
    __tablename__ = "sh_audit_entry"
    __table_args__ = (sa.Index("ix_sh_audit_entry_subject", "subject"),)

    id: int | None = Field(default=None, sa_column=pk())
    at: datetime = Field(sa_column=at())
    actor_id: int = Field(sa_column=fk("sh_user.id"))
    action: str = Field(max_length=40)
    subject: str = Field(max_length=64)
    """`order:16-digit-no`, `technician:7`, …"""
    reason: str = Field(default="", max_length=200)
    data: dict[str, Any] = Field(default_factory=dict, sa_column=sa.Column(JSON, nullable=False))
    chain: str = Field(max_length=64, unique=True)
    """HMAC over this row and the previous row's chain; unique, so two writers cannot fork it."""
