"""Shares of payments that a company receives; payments know who is paid."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.execute(
        "ALTER TABLE sh_payment ADD COLUMN mode VARCHAR(32) DEFAULT 'self_operated' NOT NULL "
        "CONSTRAINT ck_sh_payment_settlementmode CHECK (mode IN ('self_operated', 'partner'))"
    )
    op.add_column("sh_earning", sa.Column("by_company", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "sh_share",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("no", sa.String(32), nullable=False),
        sa.Column("kind", _enum("sharekind", "share", "unfreeze", "return"), nullable=False),
        sa.Column("payment_id", _BIG, nullable=False),
        sa.Column("order_id", _BIG, nullable=False),
        sa.Column("refund_id", _BIG, nullable=True),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("base_fen", sa.Integer(), nullable=False),
        sa.Column("status", _enum("sharestatus", "new", "sent", "succeeded", "failed", "void"), nullable=False),
        sa.Column("reason", sa.String(64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_fen > 0 OR kind = 'unfreeze' OR status = 'void'", name=op.f("ck_sh_share_amount")),
        sa.CheckConstraint("amount_fen >= 0 AND amount_fen <= base_fen", name=op.f("ck_sh_share_within")),
        sa.CheckConstraint("kind <> 'share' OR amount_fen * 10 <= base_fen * 3", name=op.f("ck_sh_share_ratio")),
        sa.CheckConstraint("(kind = 'return') = (refund_id IS NOT NULL)", name=op.f("ck_sh_share_refund")),
        sa.ForeignKeyConstraint(["payment_id"], ["sh_payment.id"], name=op.f("fk_sh_share_payment_id")),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_share_order_id")),
        sa.ForeignKeyConstraint(["refund_id"], ["sh_refund.id"], name=op.f("fk_sh_share_refund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_share")),
        sa.UniqueConstraint("no", name=op.f("uq_sh_share_no")),
    )
    op.create_index("ix_sh_share_payment_id", "sh_share", ["payment_id"])
    op.create_index("ix_sh_share_order_id", "sh_share", ["order_id"])
    op.create_index("ix_sh_share_status", "sh_share", ["status"])
    for kind, column in (("share", "payment_id"), ("unfreeze", "payment_id"), ("return", "refund_id")):
        there = sa.text(f"kind = '{kind}'")
        op.create_index(
            f"uq_sh_share_one_{kind}", "sh_share", [column], unique=True, sqlite_where=there, postgresql_where=there
        )


def downgrade() -> None:
    op.drop_table("sh_share")
    op.drop_column("sh_earning", "by_company")
    with op.batch_alter_table("sh_payment") as batch:  # a later step may have made it a constraint of the table
        batch.drop_constraint(op.f("ck_sh_payment_settlementmode"), type_="check")
        batch.drop_column("mode")
