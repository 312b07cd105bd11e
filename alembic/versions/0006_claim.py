"""Claims of orders in the hall."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sh_claim",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("order_id", _BIG, nullable=False),
        sa.Column("technician_id", _BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_claim_order_id")),
        sa.ForeignKeyConstraint(["technician_id"], ["sh_technician.id"], name=op.f("fk_sh_claim_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_claim")),
        sa.UniqueConstraint("order_id", "technician_id", name=op.f("uq_sh_claim_order_id_technician_id")),
    )
    op.create_index("ix_sh_claim_due_at", "sh_claim", ["due_at"])


def downgrade() -> None:
    op.drop_table("sh_claim")
