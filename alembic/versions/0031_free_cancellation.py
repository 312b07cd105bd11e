"""Late cancellations that were free, numbered by customer and month."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sh_free_cancellation",
        sa.Column("customer_id", _BIG, nullable=False),
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("order_id", _BIG, nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("n >= 1", name=op.f("ck_sh_free_cancellation_n")),
        sa.ForeignKeyConstraint(["customer_id"], ["sh_user.id"], name=op.f("fk_sh_free_cancellation_customer_id")),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_free_cancellation_order_id")),
        sa.PrimaryKeyConstraint("customer_id", "month", "n", name=op.f("pk_sh_free_cancellation")),
        sa.UniqueConstraint("order_id", name=op.f("uq_sh_free_cancellation_order_id")),
    )


def downgrade() -> None:
    op.drop_table("sh_free_cancellation")
