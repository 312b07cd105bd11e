"""A customer's balance pays a part of an item, beside the payment at a channel that it belongs to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_KEPT = "status = 'kept'"
_CHANNEL, _BALANCE = "channel <> 'wallet'", "channel = 'wallet'"


def upgrade() -> None:
    with op.batch_alter_table("sh_payment") as batch:
        batch.add_column(sa.Column("part_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True))
        batch.create_foreign_key(op.f("fk_sh_payment_part_id"), "sh_payment", ["part_id"], ["id"])
        batch.create_check_constraint(op.f("ck_sh_payment_part"), "part_id IS NULL OR channel <> 'wallet'")
    op.drop_index("uq_sh_payment_one_kept", table_name="sh_payment")
    _unique("uq_sh_payment_one_kept", ["order_id", "item"], f"{_KEPT} AND {_CHANNEL}")
    _unique("uq_sh_payment_one_from_balance", ["order_id", "item"], f"{_KEPT} AND {_BALANCE}")
    _unique("uq_sh_payment_one_reserved", ["order_id"], f"status = 'pending' AND {_BALANCE}")


def downgrade() -> None:
    for name in ("uq_sh_payment_one_reserved", "uq_sh_payment_one_from_balance", "uq_sh_payment_one_kept"):
        op.drop_index(name, table_name="sh_payment")
    with op.batch_alter_table("sh_payment") as batch:
        batch.drop_constraint(op.f("ck_sh_payment_part"), type_="check")
        batch.drop_constraint(op.f("fk_sh_payment_part_id"), type_="foreignkey")
        batch.drop_column("part_id")
    op.execute("UPDATE sh_payment SET status = 'closed' WHERE channel = 'wallet'")
    _unique("uq_sh_payment_one_kept", ["order_id", "item"], _KEPT)


def _unique(name: str, columns: list[str], where: str) -> None:
    op.create_index(
        name, "sh_payment", columns, unique=True, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
    )
