"""Withdrawals of technicians."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STATUS = sa.Enum(
    "review",
    "sending",
    "done",
    "failed",
    "rejected",
    "cancelled",
    name="withdrawalstatus",
    native_enum=False,
    create_constraint=True,
    length=32,
)
_OPEN = sa.text("status IN ('review', 'sending')")


def upgrade() -> None:
    op.create_table(
        "sh_withdrawal",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("no", sa.String(32), nullable=False),
        sa.Column("technician_id", _BIG, nullable=False),
        sa.Column("city_id", _BIG, nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("fee_fen", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("account", sa.String(400), nullable=False),
        sa.Column("account_mask", sa.String(60), nullable=False),
        sa.Column("payee", sa.String(32), nullable=False),
        sa.Column("status", _STATUS, nullable=False),
        sa.Column("first_by", _BIG, nullable=True),
        sa.Column("second_by", _BIG, nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "amount_fen > 0 AND fee_fen >= 0 AND fee_fen < amount_fen", name=op.f("ck_sh_withdrawal_amounts")
        ),
        sa.CheckConstraint("second_by IS NULL OR second_by <> first_by", name=op.f("ck_sh_withdrawal_two_people")),
        sa.ForeignKeyConstraint(["technician_id"], ["sh_technician.id"], name=op.f("fk_sh_withdrawal_technician_id")),
        sa.ForeignKeyConstraint(["city_id"], ["sh_city.id"], name=op.f("fk_sh_withdrawal_city_id")),
        sa.ForeignKeyConstraint(["first_by"], ["sh_user.id"], name=op.f("fk_sh_withdrawal_first_by")),
        sa.ForeignKeyConstraint(["second_by"], ["sh_user.id"], name=op.f("fk_sh_withdrawal_second_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_withdrawal")),
        sa.UniqueConstraint("no", name=op.f("uq_sh_withdrawal_no")),
    )
    op.create_index(
        "uq_sh_withdrawal_one_open",
        "sh_withdrawal",
        ["technician_id"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.create_index("ix_sh_withdrawal_city_id_status", "sh_withdrawal", ["city_id", "status"])
    op.create_index("ix_sh_withdrawal_technician_id_created_at", "sh_withdrawal", ["technician_id", "created_at"])


def downgrade() -> None:
    op.drop_table("sh_withdrawal")
