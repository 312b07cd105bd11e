"""Lines of bills about shares and their returns, and what a bill proves of the platform's own account where a company is paid."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0032"
branch_labels = None
depends_on = None

_BEFORE = ("payment", "refund", "payout", "payout_back", "chargeback", "chargeback_won", "fee")
_NEW = ("share", "share_return")
_KINDS = (("sh_bill_row", "kind"), ("sh_difference", "line_kind"))
_AMOUNTS = ("shared_fen", "shared_unexplained_fen")


def upgrade() -> None:
    for table, column in _KINDS:
        _allow(table, column, *_BEFORE, *_NEW)
    for name in _AMOUNTS:
        op.add_column("sh_bill", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    gone = ", ".join(f"'{value}'" for value in _NEW)
    for table, column in _KINDS:
        op.execute(f"DELETE FROM {table} WHERE {column} IN ({gone})")  # noqa: S608 - names from above
        _allow(table, column, *_BEFORE)
    for name in _AMOUNTS:
        op.drop_column("sh_bill", name)


def _allow(table: str, column: str, *values: str) -> None:
    name, allowed = op.f(f"ck_{table}_linekind"), ", ".join(f"'{value}'" for value in values)
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, f"{column} IN ({allowed})")
        return
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, f"{column} IN ({allowed})")
