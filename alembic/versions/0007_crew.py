"""Visits of several people: a companion's order belongs to the lead's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_FILLED = "lead_id IS NOT NULL AND status NOT IN ('cancelled', 'expired')"


def upgrade() -> None:
    with op.batch_alter_table("sh_order") as batch:
        batch.add_column(sa.Column("crew_size", sa.Integer(), nullable=False, server_default="1"))
        batch.add_column(sa.Column("lead_id", _BIG, nullable=True))
        batch.add_column(sa.Column("seat", sa.Integer(), nullable=False, server_default="0"))
        batch.create_foreign_key(op.f("fk_sh_order_lead_id"), "sh_order", ["lead_id"], ["id"])
        batch.create_check_constraint(
            op.f("ck_sh_order_crew"), "crew_size >= 1 AND seat >= 0 AND (seat = 0) = (lead_id IS NULL)"
        )
    op.create_index(
        "uq_sh_order_lead_id_seat",
        "sh_order",
        ["lead_id", "seat"],
        unique=True,
        sqlite_where=sa.text(_FILLED),
        postgresql_where=sa.text(_FILLED),
    )


def downgrade() -> None:
    op.drop_index("uq_sh_order_lead_id_seat", "sh_order")
    with op.batch_alter_table("sh_order") as batch:
        batch.drop_constraint(op.f("ck_sh_order_crew"), type_="check")
        batch.drop_constraint(op.f("fk_sh_order_lead_id"), type_="foreignkey")
        batch.drop_column("seat")
        batch.drop_column("lead_id")
        batch.drop_column("crew_size")
