"""What went back for which line of a price."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sh_refund_line",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("order_id", _BIG, nullable=False),
        sa.Column("line_id", _BIG, nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_sh_refund_line_amount")),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_refund_line_order_id")),
        sa.ForeignKeyConstraint(["line_id"], ["sh_order_line.id"], name=op.f("fk_sh_refund_line_line_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_refund_line")),
    )
    op.create_index("ix_sh_refund_line_order_id", "sh_refund_line", ["order_id"])
    op.create_index("ix_sh_refund_line_line_id", "sh_refund_line", ["line_id"])


def downgrade() -> None:
    op.drop_table("sh_refund_line")
