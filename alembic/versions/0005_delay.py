"""Visits that are expected to begin late."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sh_delay",
        sa.Column("order_id", _BIG, autoincrement=False, nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("behind_id", _BIG, nullable=True),
        sa.Column("told_minutes", sa.Integer(), nullable=False),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_sh_delay_minutes")),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_delay_order_id")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_sh_delay")),
    )


def downgrade() -> None:
    op.drop_table("sh_delay")
