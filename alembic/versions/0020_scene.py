"""Where a payment was opened, and who somebody is in WeChat's browser."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sh_payment") as table:
        table.add_column(sa.Column("scene", sa.String(8), nullable=False, server_default="phone"))
    op.create_table(
        "sh_wechat_identity",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("openid_enc", sa.String(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["sh_user.id"], name=op.f("fk_sh_wechat_identity_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_sh_wechat_identity")),
    )


def downgrade() -> None:
    op.drop_table("sh_wechat_identity")
    with op.batch_alter_table("sh_payment") as table:
        table.drop_column("scene")
