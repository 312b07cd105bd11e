"""Policies played on past days."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STATUS = sa.Enum(
    "queued",
    "running",
    "done",
    "stopped",
    "failed",
    name="replanstatus",
    native_enum=False,
    create_constraint=True,
    length=32,
)


def upgrade() -> None:
    op.create_table(
        "sh_rehearsal",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("city_id", _BIG, nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", _STATUS, nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("played", sa.Integer(), nullable=False),
        sa.Column("plays", sa.Integer(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.CheckConstraint("days > 0 AND played >= 0 AND plays >= 0", name=op.f("ck_sh_rehearsal_counts")),
        sa.ForeignKeyConstraint(["city_id"], ["sh_city.id"], name=op.f("fk_sh_rehearsal_city_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_rehearsal")),
    )
    op.create_index("ix_sh_rehearsal_city_id_asked_at", "sh_rehearsal", ["city_id", "asked_at"])


def downgrade() -> None:
    op.drop_table("sh_rehearsal")
