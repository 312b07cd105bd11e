"""Bookings that two people make by hand."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KINDS = ("to_bank", "from_bank", "tax_paid", "cleared", "written_off")
_STATUSES = ("proposed", "booked", "dropped")


def upgrade() -> None:
    kind = sa.Enum(*_KINDS, name="voucherkind", native_enum=False, create_constraint=True, length=32)
    status = sa.Enum(*_STATUSES, name="voucherstatus", native_enum=False, create_constraint=True, length=32)
    op.create_table(
        "sh_voucher",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("kind", kind, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("status", status, nullable=False),
        sa.Column("first_by", _BIG, nullable=False),
        sa.Column("second_by", _BIG, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_fen <> 0", name=op.f("ck_sh_voucher_amount")),
        sa.CheckConstraint("second_by IS NULL OR second_by <> first_by", name=op.f("ck_sh_voucher_two_people")),
        sa.CheckConstraint("(status = 'booked') = (second_by IS NOT NULL)", name=op.f("ck_sh_voucher_booked")),
        sa.CheckConstraint("(status = 'proposed') = (done_at IS NULL)", name=op.f("ck_sh_voucher_done")),
        sa.ForeignKeyConstraint(["first_by"], ["sh_user.id"], name=op.f("fk_sh_voucher_first_by")),
        sa.ForeignKeyConstraint(["second_by"], ["sh_user.id"], name=op.f("fk_sh_voucher_second_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_voucher")),
    )
    op.create_index("ix_sh_voucher_status", "sh_voucher", ["status"])


def downgrade() -> None:
    op.drop_table("sh_voucher")
