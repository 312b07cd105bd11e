"""Add-ons that are proposed during a visit; their payments, each kept once for its proposal, and the lines that they add."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STATUSES = ("open", "accepted", "added", "declined", "withdrawn", "lapsed")
_ITEMS = ("full", "deposit", "balance", "tip")
_BY_CHANNEL = "status = 'kept' AND channel NOT IN ('points', 'wallet')"
_BY_US = "status = 'kept' AND channel IN ('points', 'wallet')"


def upgrade() -> None:
    status = sa.Enum(*_STATUSES, name="proposalstatus", native_enum=False, create_constraint=True, length=32)
    op.create_table(
        "sh_proposal",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("order_id", _BIG, nullable=False),
        sa.Column("technician_id", _BIG, nullable=False),
        sa.Column("status", status, nullable=False),
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("at_once", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_fen >= 0 AND minutes >= 0", name=op.f("ck_sh_proposal_amounts")),
        sa.CheckConstraint("amount_fen > 0 OR NOT at_once", name=op.f("ck_sh_proposal_payable")),
        sa.CheckConstraint("(ended_at IS NULL) = (status IN ('open', 'accepted'))", name=op.f("ck_sh_proposal_ended")),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_proposal_order_id")),
        sa.ForeignKeyConstraint(["technician_id"], ["sh_technician.id"], name=op.f("fk_sh_proposal_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_proposal")),
    )
    op.create_index("ix_sh_proposal_order_id", "sh_proposal", ["order_id"])
    _unique("uq_sh_proposal_one_living", "sh_proposal", ["order_id"], "status IN ('open', 'accepted')")
    with op.batch_alter_table("sh_order_line") as batch:
        batch.add_column(sa.Column("proposal_id", _BIG, nullable=True))
        batch.create_foreign_key(op.f("fk_sh_order_line_proposal_id"), "sh_proposal", ["proposal_id"], ["id"])
    with op.batch_alter_table("sh_payment") as batch:
        batch.add_column(sa.Column("proposal_id", _BIG, nullable=True))
        batch.create_foreign_key(op.f("fk_sh_payment_proposal_id"), "sh_proposal", ["proposal_id"], ["id"])
        batch.drop_constraint(op.f("ck_sh_payment_planitem"), type_="check")
        batch.create_check_constraint(op.f("ck_sh_payment_planitem"), _among(*_ITEMS, "addon"))
        batch.create_check_constraint(op.f("ck_sh_payment_proposal"), "(item = 'addon') = (proposal_id IS NOT NULL)")
    _drop("kept", "of_ours")
    _payments("kept", ["order_id", "item"], f"{_BY_CHANNEL} AND proposal_id IS NULL")
    _payments("of_ours", ["order_id", "item", "channel"], f"{_BY_US} AND proposal_id IS NULL")
    _payments("addon", ["proposal_id"], f"{_BY_CHANNEL} AND proposal_id IS NOT NULL")
    _payments("addon_of_ours", ["proposal_id", "channel"], f"{_BY_US} AND proposal_id IS NOT NULL")


def downgrade() -> None:
    _drop("addon", "addon_of_ours", "kept", "of_ours")
    op.execute("DELETE FROM sh_payment WHERE item = 'addon'")
    op.execute("DELETE FROM sh_order_line WHERE proposal_id IS NOT NULL")
    with op.batch_alter_table("sh_payment") as batch:
        batch.drop_constraint(op.f("ck_sh_payment_proposal"), type_="check")
        batch.drop_constraint(op.f("ck_sh_payment_planitem"), type_="check")
        batch.create_check_constraint(op.f("ck_sh_payment_planitem"), _among(*_ITEMS))
        batch.drop_constraint(op.f("fk_sh_payment_proposal_id"), type_="foreignkey")
        batch.drop_column("proposal_id")
    with op.batch_alter_table("sh_order_line") as batch:
        batch.drop_constraint(op.f("fk_sh_order_line_proposal_id"), type_="foreignkey")
        batch.drop_column("proposal_id")
    _payments("kept", ["order_id", "item"], _BY_CHANNEL)
    _payments("of_ours", ["order_id", "item", "channel"], _BY_US)
    op.drop_table("sh_proposal")


def _among(*items: str) -> str:
    return "item IN ({})".format(", ".join(f"'{item}'" for item in items))


def _drop(*names: str) -> None:
    for name in names:
        op.drop_index(f"uq_sh_payment_one_{name}", table_name="sh_payment")


def _payments(name: str, columns: list[str], where: str) -> None:
    _unique(f"uq_sh_payment_one_{name}", "sh_payment", columns, where)


def _unique(name: str, table: str, columns: list[str], where: str) -> None:
    there = sa.text(where)
    op.create_index(name, table, columns, unique=True, sqlite_where=there, postgresql_where=there)
