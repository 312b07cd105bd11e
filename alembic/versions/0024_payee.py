"""Withdrawals that wait for their payee, and payouts that come back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_STATUS = ("review", "sending", "done", "failed", "rejected", "cancelled")
_LINES = ("payment", "refund", "payout")
_CHECKS = {
    ("sh_withdrawal", "withdrawalstatus", "status"): (*_STATUS[:2], "confirming", *_STATUS[2:], "expired"),
    ("sh_bill_row", "linekind", "kind"): (*_LINES, "payout_back"),
    ("sh_difference", "linekind", "line_kind"): (*_LINES, "payout_back"),
}


def upgrade() -> None:
    op.drop_index("uq_sh_withdrawal_one_open", "sh_withdrawal")
    op.add_column("sh_withdrawal", sa.Column("confirm_until", sa.DateTime(timezone=True), nullable=True))
    for place, allowed in _CHECKS.items():
        _allow(*place, allowed)
    _one_open("'review', 'sending', 'confirming'")


def downgrade() -> None:
    op.drop_index("uq_sh_withdrawal_one_open", "sh_withdrawal")
    op.execute("UPDATE sh_withdrawal SET status = 'sending' WHERE status = 'confirming'")
    op.execute("UPDATE sh_withdrawal SET status = 'failed' WHERE status = 'expired'")
    op.execute("DELETE FROM sh_bill_row WHERE kind = 'payout_back'")
    op.execute("DELETE FROM sh_difference WHERE line_kind = 'payout_back'")
    for table, name, column in _CHECKS:
        _allow(table, name, column, _STATUS if table == "sh_withdrawal" else _LINES)
    op.drop_column("sh_withdrawal", "confirm_until")
    _one_open("'review', 'sending'")


def _one_open(states: str) -> None:
    there = sa.text(f"status IN ({states})")
    op.create_index(
        "uq_sh_withdrawal_one_open",
        "sh_withdrawal",
        ["technician_id"],
        unique=True,
        sqlite_where=there,
        postgresql_where=there,
    )


def _allow(table: str, name: str, column: str, allowed: tuple[str, ...]) -> None:
    check = op.f(f"ck_{table}_{name}")
    condition = f"{column} IN ({', '.join(repr(value) for value in allowed)})"
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(check, table, type_="check")
        op.create_check_constraint(check, table, condition)
        return
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(check, type_="check")
        batch.create_check_constraint(check, condition)
