"""Customers' points: lots, what payments take from them, and points as another tender of ours beside the balance."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_OURS, _OTHERS = "channel IN ('points', 'wallet')", "channel NOT IN ('points', 'wallet')"


def upgrade() -> None:
    for name in ("reserved", "from_balance", "kept"):
        op.drop_index(f"uq_sh_payment_one_{name}", table_name="sh_payment")
    _unique("sh_payment", "kept", ["order_id", "item"], f"status = 'kept' AND {_OTHERS}")
    _unique("sh_payment", "of_ours", ["order_id", "item", "channel"], f"status = 'kept' AND {_OURS}")
    _unique("sh_payment", "reserved", ["order_id", "channel"], f"status = 'pending' AND {_OURS}")
    op.create_table(
        "sh_points_lot",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("customer_id", _BIG, nullable=False),
        sa.Column("order_id", _BIG, nullable=False),
        sa.Column("refund_id", _BIG, nullable=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("remaining", sa.Integer(), nullable=False),
        sa.Column("earned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_sh_points_lot_points")),
        sa.CheckConstraint("remaining >= 0 AND remaining <= points", name=op.f("ck_sh_points_lot_remaining")),
        sa.ForeignKeyConstraint(["customer_id"], ["sh_user.id"], name=op.f("fk_sh_points_lot_customer_id")),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_points_lot_order_id")),
        sa.ForeignKeyConstraint(["refund_id"], ["sh_refund.id"], name=op.f("fk_sh_points_lot_refund_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_points_lot")),
    )
    op.create_index("ix_sh_points_lot_customer_id_expires_at", "sh_points_lot", ["customer_id", "expires_at"])
    op.create_index("ix_sh_points_lot_order_id", "sh_points_lot", ["order_id"])
    left = sa.text("remaining > 0")
    op.create_index(
        "ix_sh_points_lot_expires_at", "sh_points_lot", ["expires_at"], sqlite_where=left, postgresql_where=left
    )
    _unique("sh_points_lot", "earned", ["order_id"], "refund_id IS NULL")
    op.create_table(
        "sh_points_use",
        sa.Column("payment_id", _BIG, nullable=False),
        sa.Column("lot_id", _BIG, nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("returned", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "returned >= 0 AND returned <= points AND points > 0", name=op.f("ck_sh_points_use_returned")
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["sh_payment.id"], name=op.f("fk_sh_points_use_payment_id")),
        sa.ForeignKeyConstraint(["lot_id"], ["sh_points_lot.id"], name=op.f("fk_sh_points_use_lot_id")),
        sa.PrimaryKeyConstraint("payment_id", "lot_id", name=op.f("pk_sh_points_use")),
    )


def downgrade() -> None:
    op.drop_table("sh_points_use")
    op.drop_table("sh_points_lot")
    for name in ("reserved", "of_ours", "kept"):
        op.drop_index(f"uq_sh_payment_one_{name}", table_name="sh_payment")
    op.execute("UPDATE sh_payment SET status = 'closed' WHERE channel = 'points'")
    _unique("sh_payment", "kept", ["order_id", "item"], "status = 'kept' AND channel <> 'wallet'")
    _unique("sh_payment", "from_balance", ["order_id", "item"], "status = 'kept' AND channel = 'wallet'")
    _unique("sh_payment", "reserved", ["order_id"], "status = 'pending' AND channel = 'wallet'")


def _unique(table: str, name: str, columns: list[str], where: str) -> None:
    there = sa.text(where)
    op.create_index(f"uq_{table}_one_{name}", table, columns, unique=True, sqlite_where=there, postgresql_where=there)
