"""The districts that a city manager answers for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sh_operator_district",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("district_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["sh_district.id"], name=op.f("fk_sh_operator_district_district_id")),
        sa.ForeignKeyConstraint(["user_id"], ["sh_user.id"], name=op.f("fk_sh_operator_district_user_id")),
        sa.PrimaryKeyConstraint("user_id", "district_id", name=op.f("pk_sh_operator_district")),
    )


def downgrade() -> None:
    op.drop_table("sh_operator_district")
