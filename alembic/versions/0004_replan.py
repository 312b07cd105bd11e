"""Re-planning of visits that are not firm yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sh_replan",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("city_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "queued",
                "running",
                "done",
                "stopped",
                "failed",
                name="replanstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop", sa.Boolean(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["city_id"], ["sh_city.id"], name=op.f("fk_sh_replan_city_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_replan")),
    )
    op.create_index("ix_sh_replan_city_id_asked_at", "sh_replan", ["city_id", "asked_at"])
    op.create_index(
        "uq_sh_replan_one_open", "sh_replan", ["city_id"], unique=True,
        sqlite_where=sa.text("status IN ('queued', 'running')"), postgresql_where=sa.text("status IN ('queued', 'running')"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("sh_replan")
