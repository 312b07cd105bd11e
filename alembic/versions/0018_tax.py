"""Tax withheld from an earning."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sh_earning") as table:
        table.add_column(sa.Column("tax_fen", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("sh_earning") as table:
        table.drop_column("tax_fen")
