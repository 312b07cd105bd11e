"""Visits that may begin within a window."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_WINDOW = "(window_from IS NULL AND window_until IS NULL) OR (window_from <= start_at AND start_at <= window_until)"


def upgrade() -> None:
    with op.batch_alter_table("sh_order") as batch:
        batch.add_column(sa.Column("window_from", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("window_until", sa.DateTime(timezone=True), nullable=True))
        batch.create_check_constraint(op.f("ck_sh_order_start_window"), _WINDOW)


def downgrade() -> None:
    with op.batch_alter_table("sh_order") as batch:
        batch.drop_constraint(op.f("ck_sh_order_start_window"), type_="check")
        batch.drop_column("window_until")
        batch.drop_column("window_from")
