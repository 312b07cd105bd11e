"""How many candidates each rule of a dispatch decision excluded, and how many passed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sh_dispatch_decision", sa.Column("passed", sa.Integer(), server_default="0", nullable=False))
    op.add_column("sh_dispatch_decision", sa.Column("funnel", sa.JSON(), server_default="{}", nullable=False))


def downgrade() -> None:
    op.drop_column("sh_dispatch_decision", "funnel")
    op.drop_column("sh_dispatch_decision", "passed")
