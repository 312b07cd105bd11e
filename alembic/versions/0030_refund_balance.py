"""Refunds that go to the customer's balance instead, when they were sent last, and suspect messages that were looked at."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_BEFORE = "'new', 'sent', 'succeeded', 'failed'"
_STATUS = "ck_sh_refund_refundstatus"
_CHECKS = {
    "ck_sh_refund_two_people": "second_by IS NULL OR (first_by IS NOT NULL AND second_by <> first_by)",
    "ck_sh_refund_balance": "(status = 'balance') = (second_by IS NOT NULL)",
}


def upgrade() -> None:
    with op.batch_alter_table("sh_refund") as refund:
        refund.add_column(sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True))
        refund.add_column(sa.Column("proposal", sa.String(200), nullable=False, server_default=""))
        for name in ("first_by", "second_by"):
            refund.add_column(sa.Column(name, _BIG, nullable=True))
            refund.create_foreign_key(op.f(f"fk_sh_refund_{name}"), "sh_user", [name], ["id"])
        refund.drop_constraint(op.f(_STATUS), type_="check")
        refund.create_check_constraint(op.f(_STATUS), f"status IN ({_BEFORE}, 'balance')")
        for name, condition in _CHECKS.items():
            refund.create_check_constraint(op.f(name), condition)
    with op.batch_alter_table("sh_channel_event") as event:
        event.add_column(sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
        event.add_column(sa.Column("closed_by", _BIG, nullable=True))
        event.add_column(sa.Column("closed_reason", sa.String(200), nullable=False, server_default=""))
        event.create_foreign_key(op.f("fk_sh_channel_event_closed_by"), "sh_user", ["closed_by"], ["id"])
        event.create_check_constraint(op.f("ck_sh_channel_event_closed"), "(closed_at IS NULL) = (closed_by IS NULL)")


def downgrade() -> None:
    with op.batch_alter_table("sh_channel_event") as event:
        event.drop_constraint(op.f("ck_sh_channel_event_closed"), type_="check")
        event.drop_constraint(op.f("fk_sh_channel_event_closed_by"), type_="foreignkey")
        for name in ("closed_reason", "closed_by", "closed_at"):
            event.drop_column(name)
    with op.batch_alter_table("sh_refund") as refund:
        for name in _CHECKS:
            refund.drop_constraint(op.f(name), type_="check")
    op.execute("UPDATE sh_refund SET status = 'failed' WHERE status = 'balance'")
    with op.batch_alter_table("sh_refund") as refund:
        refund.drop_constraint(op.f(_STATUS), type_="check")
        refund.create_check_constraint(op.f(_STATUS), f"status IN ({_BEFORE})")
        for name in ("second_by", "first_by"):
            refund.drop_constraint(op.f(f"fk_sh_refund_{name}"), type_="foreignkey")
            refund.drop_column(name)
        refund.drop_column("proposal")
        refund.drop_column("sent_at")
