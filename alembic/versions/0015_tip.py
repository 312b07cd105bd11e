"""A payment may be a tip."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def _items(*more: str) -> sa.Enum:
    values = ("full", "deposit", "balance", *more)
    return sa.Enum(*values, name="planitem", native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    _change("tip")


def downgrade() -> None:
    op.execute("DELETE FROM sh_payment WHERE item = 'tip'")
    _change()


def _change(*more: str) -> None:
    allowed = ", ".join(f"'{value}'" for value in ("full", "deposit", "balance", *more))
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_sh_payment_planitem"), "sh_payment", type_="check")
        op.create_check_constraint(op.f("ck_sh_payment_planitem"), "sh_payment", f"item IN ({allowed})")
        return
    with op.batch_alter_table("sh_payment") as table:
        table.drop_constraint(op.f("ck_sh_payment_planitem"), type_="check")
        table.create_check_constraint(op.f("ck_sh_payment_planitem"), f"item IN ({allowed})")
