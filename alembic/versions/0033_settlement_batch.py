"""Settlement batches: what one run made available to a city's technicians, and the batch of each earning."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0034"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLE = "sh_settlement_batch"
_FIGURES = ("net_fen", "repaid_fen", "aside_fen", "held_fen")
_SOUND = "repaid_fen >= 0 AND aside_fen >= 0 AND repaid_fen + aside_fen <= net_fen"


def upgrade() -> None:
    status = sa.Enum("open", "closed", name="batchstatus", native_enum=False, create_constraint=True, length=32)
    op.create_table(
        _TABLE,
        sa.Column("id", _BIG, nullable=False),
        sa.Column("city_id", _BIG, nullable=False),
        sa.Column("no", sa.String(32), nullable=False),
        sa.Column("status", status, nullable=False),
        sa.Column("cut_off", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("earnings", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        *(sa.Column(name, _BIG, nullable=False) for name in _FIGURES),
        sa.CheckConstraint(_SOUND, name=op.f(f"ck_{_TABLE}_parts")),
        sa.CheckConstraint("held >= 0 AND held_fen >= 0", name=op.f(f"ck_{_TABLE}_held")),
        sa.CheckConstraint("(closed_at IS NULL) = (status = 'open')", name=op.f(f"ck_{_TABLE}_closed")),
        sa.CheckConstraint("(earnings > 0) = (status = 'closed')", name=op.f(f"ck_{_TABLE}_never_empty")),
        sa.ForeignKeyConstraint(["city_id"], ["sh_city.id"], name=op.f(f"fk_{_TABLE}_city_id")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{_TABLE}")),
        sa.UniqueConstraint("no", name=op.f(f"uq_{_TABLE}_no")),
    )
    op.create_index(f"ix_{_TABLE}_city_id_cut_off", _TABLE, ["city_id", "cut_off"])
    with op.batch_alter_table("sh_earning") as batch:
        batch.add_column(sa.Column("batch_id", _BIG, nullable=True))
        batch.create_foreign_key(op.f("fk_sh_earning_batch_id"), _TABLE, ["batch_id"], ["id"])
        batch.create_index("ix_sh_earning_batch_id", ["batch_id"])
        batch.create_check_constraint(op.f("ck_sh_earning_batch"), "batch_id IS NULL OR matured_at IS NOT NULL")


def downgrade() -> None:
    with op.batch_alter_table("sh_earning") as batch:
        batch.drop_constraint(op.f("ck_sh_earning_batch"), type_="check")
        batch.drop_index("ix_sh_earning_batch_id")
        batch.drop_constraint(op.f("fk_sh_earning_batch_id"), type_="foreignkey")
        batch.drop_column("batch_id")
    op.drop_table(_TABLE)
