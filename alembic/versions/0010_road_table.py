"""What a road network knows of the ways in a city."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "sh_road_table",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("city_id", _BIG, nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zones", sa.JSON(), nullable=False),
        sa.Column("factors", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["city_id"], ["sh_city.id"], name=op.f("fk_sh_road_table_city_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_road_table")),
    )
    op.create_index("ix_sh_road_table_city_id_id", "sh_road_table", ["city_id", "id"])


def downgrade() -> None:
    op.drop_table("sh_road_table")
