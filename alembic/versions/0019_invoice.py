"""Invoices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "sh_invoice",
        sa.Column("id", BIG, nullable=False),
        sa.Column("no", sa.String(32), nullable=False),
        sa.Column("order_id", BIG, nullable=False),
        sa.Column("status", _choice("invoicestatus", "requested", "issued", "refused", "voided"), nullable=False),
        sa.Column("title_kind", _choice("titlekind", "person", "company"), nullable=False),
        sa.Column("title_enc", sa.String(), nullable=False),
        sa.Column("tax_no", sa.String(18), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("tax_bp", sa.Integer(), nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("fiscal_no", sa.String(20), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("issued_by", BIG, nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_sh_invoice_amount")),
        sa.CheckConstraint(
            "status <> 'issued' OR (issued_by IS NOT NULL AND issued_at IS NOT NULL)", name=op.f("ck_sh_invoice_issued")
        ),
        sa.ForeignKeyConstraint(["issued_by"], ["sh_user.id"], name=op.f("fk_sh_invoice_issued_by")),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_invoice_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_invoice")),
        sa.UniqueConstraint("fiscal_no", name=op.f("uq_sh_invoice_fiscal_no")),
        sa.UniqueConstraint("no", name=op.f("uq_sh_invoice_no")),
    )
    op.create_index(op.f("ix_sh_invoice_order_id"), "sh_invoice", ["order_id"])
    op.create_index("ix_sh_invoice_status", "sh_invoice", ["status"])
    where = sa.text("status IN ('requested', 'issued')")
    op.create_index(
        "uq_sh_invoice_one_living", "sh_invoice", ["order_id"], unique=True, sqlite_where=where, postgresql_where=where
    )


def downgrade() -> None:
    op.drop_table("sh_invoice")
