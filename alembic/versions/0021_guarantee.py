"""Guarantees for orders that are paid after the service."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STATUSES = ("waiting", "held", "capturing", "captured", "releasing", "released", "failed")
_LIVING = sa.text("status IN ('waiting', 'held', 'capturing')")


def upgrade() -> None:
    status = sa.Enum(*_STATUSES, name="guaranteestatus", native_enum=False, create_constraint=True, length=32)
    op.create_table(
        "sh_guarantee",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("no", sa.String(32), nullable=False),
        sa.Column("order_id", _BIG, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("captured_fen", sa.Integer(), nullable=False),
        sa.Column("status", status, nullable=False),
        sa.Column("channel_no", sa.String(64), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("fee", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("capture_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_sh_guarantee_amount")),
        sa.CheckConstraint("captured_fen >= 0 AND captured_fen <= amount_fen", name=op.f("ck_sh_guarantee_captured")),
        sa.CheckConstraint("(status = 'captured') = (captured_fen > 0)", name=op.f("ck_sh_guarantee_captured_status")),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_guarantee_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_guarantee")),
        sa.UniqueConstraint("no", name=op.f("uq_sh_guarantee_no")),
    )
    op.create_index("ix_sh_guarantee_order_id", "sh_guarantee", ["order_id"])
    op.create_index(
        "uq_sh_guarantee_one_living",
        "sh_guarantee",
        ["order_id"],
        unique=True,
        sqlite_where=_LIVING,
        postgresql_where=_LIVING,
    )


def downgrade() -> None:
    op.drop_table("sh_guarantee")
