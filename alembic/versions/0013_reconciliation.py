"""Bills of payment channels and what does not fit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "sh_bill",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("pulled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("other_day", sa.Integer(), nullable=False),
        sa.Column("net_fen", sa.Integer(), nullable=False),
        sa.Column("fee_fen", sa.Integer(), nullable=False),
        sa.Column("ledger_fen", sa.Integer(), nullable=False),
        sa.Column("unexplained_fen", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", _BIG, nullable=True),
        sa.ForeignKeyConstraint(["closed_by"], ["sh_user.id"], name=op.f("fk_sh_bill_closed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_bill")),
        sa.UniqueConstraint("channel", "day", name=op.f("uq_sh_bill_channel_day")),
    )
    op.create_table(
        "sh_bill_row",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("bill_id", _BIG, nullable=False),
        sa.Column("kind", _enum("linekind", "payment", "refund", "payout"), nullable=False),
        sa.Column("no", sa.String(40), nullable=False),
        sa.Column("channel_no", sa.String(64), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("fee_fen", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_sh_bill_row_amount")),
        sa.ForeignKeyConstraint(["bill_id"], ["sh_bill.id"], name=op.f("fk_sh_bill_row_bill_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_bill_row")),
        sa.UniqueConstraint("bill_id", "kind", "no", name=op.f("uq_sh_bill_row_bill_id_kind_no")),
    )
    op.create_index("ix_sh_bill_row_no", "sh_bill_row", ["no"])
    op.create_table(
        "sh_difference",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("bill_id", _BIG, nullable=False),
        sa.Column("kind", _enum("differencekind", "amount", "only_channel", "only_ours"), nullable=False),
        sa.Column("line_kind", _enum("linekind", "payment", "refund", "payout"), nullable=False),
        sa.Column("no", sa.String(40), nullable=False),
        sa.Column("their_fen", sa.Integer(), nullable=False),
        sa.Column("our_fen", sa.Integer(), nullable=False),
        sa.Column("status", _enum("differencestatus", "open", "proposed", "resolved", "gone"), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("first_by", _BIG, nullable=True),
        sa.Column("second_by", _BIG, nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("second_by IS NULL OR second_by <> first_by", name=op.f("ck_sh_difference_two_people")),
        sa.CheckConstraint("status <> 'resolved' OR second_by IS NOT NULL", name=op.f("ck_sh_difference_resolved")),
        sa.ForeignKeyConstraint(["bill_id"], ["sh_bill.id"], name=op.f("fk_sh_difference_bill_id")),
        sa.ForeignKeyConstraint(["first_by"], ["sh_user.id"], name=op.f("fk_sh_difference_first_by")),
        sa.ForeignKeyConstraint(["second_by"], ["sh_user.id"], name=op.f("fk_sh_difference_second_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_difference")),
        sa.UniqueConstraint("bill_id", "line_kind", "no", name=op.f("uq_sh_difference_bill_id_line_kind_no")),
    )
    op.create_index("ix_sh_difference_status", "sh_difference", ["status"])


def downgrade() -> None:
    for table in ("sh_difference", "sh_bill_row", "sh_bill"):
        op.drop_table(table)
