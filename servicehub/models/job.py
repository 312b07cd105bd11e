"""Processes that do background work, as seen by each other and by the health page. Jobs themselves are in the engine's tables."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from servicehub.models.base import JSON, at


class Worker(SQLModel, table=True):
    """One running process; removed when it stops, or when another process finds that it died."""

    __tablename__ = "sh_worker"

    id: str = Field(primary_key=True, max_length=80)
    """The engine's executor id: host, process and start."""
    role: str = Field(max_length=8)
    started_at: datetime = Field(sa_column=at())
    seen_at: datetime = Field(sa_column=at(index=True))
    """Last heartbeat, by the real clock of the machine."""
    ticks: dict[str, Any] = Field(default_factory=dict, sa_column=sa.Column(JSON, nullable=False))
    """Per tick: when it last ran, how long it took, rows, errors."""
