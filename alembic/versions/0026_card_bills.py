"""Chargebacks; and lines of bills about them and about fees beside payments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STATUSES = ("inquiry", "open", "won", "lost", "dropped")
_BEFORE = ("payment", "refund", "payout", "payout_back")
_NEW = ("chargeback", "chargeback_won", "fee")
_COLUMNS = (("sh_bill_row", "kind"), ("sh_difference", "line_kind"))


def upgrade() -> None:
    for table, column in _COLUMNS:
        _allow(table, column, *_BEFORE, *_NEW)
    status = sa.Enum(*_STATUSES, name="chargebackstatus", native_enum=False, create_constraint=True, length=32)
    op.create_table(
        "sh_chargeback",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("no", sa.String(40), nullable=False),
        sa.Column("payment_id", _BIG, nullable=False),
        sa.Column("order_id", _BIG, nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("status", status, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_sh_chargeback_amount")),
        sa.CheckConstraint(
            "(taken_at IS NULL) = (status IN ('inquiry', 'dropped'))", name=op.f("ck_sh_chargeback_taken")
        ),
        sa.CheckConstraint("(returned_at IS NULL) = (status <> 'won')", name=op.f("ck_sh_chargeback_returned")),
        sa.ForeignKeyConstraint(["payment_id"], ["sh_payment.id"], name=op.f("fk_sh_chargeback_payment_id")),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_chargeback_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_chargeback")),
        sa.UniqueConstraint("channel", "no", name=op.f("uq_sh_chargeback_channel_no")),
    )
    for column in ("payment_id", "order_id", "status"):
        op.create_index(f"ix_sh_chargeback_{column}", "sh_chargeback", [column])


def downgrade() -> None:
    op.drop_table("sh_chargeback")
    gone = ", ".join(f"'{value}'" for value in _NEW)
    for table, column in _COLUMNS:
        op.execute(f"DELETE FROM {table} WHERE {column} IN ({gone})")  # noqa: S608 - names from above
        _allow(table, column, *_BEFORE)


def _allow(table: str, column: str, *values: str) -> None:
    name, allowed = op.f(f"ck_{table}_linekind"), ", ".join(f"'{value}'" for value in values)
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, f"{column} IN ({allowed})")
        return
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, f"{column} IN ({allowed})")
