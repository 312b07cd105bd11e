"""Technicians' guarantee deposits: wishes to have one back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TABLE = "sh_deposit_request"
_STATUSES = ("open", "returned", "refused", "cancelled")


def upgrade() -> None:
    status = sa.Enum(*_STATUSES, name="depositstatus", native_enum=False, create_constraint=True, length=32)
    op.create_table(
        _TABLE,
        sa.Column("id", _BIG, nullable=False),
        sa.Column("no", sa.String(32), nullable=False),
        sa.Column("technician_id", _BIG, nullable=False),
        sa.Column("city_id", _BIG, nullable=False),
        sa.Column("asked_fen", sa.Integer(), nullable=False),
        sa.Column("returned_fen", sa.Integer(), nullable=False),
        sa.Column("status", status, nullable=False),
        sa.Column("decided_by", _BIG, nullable=True),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("asked_fen > 0 AND returned_fen >= 0", name=op.f(f"ck_{_TABLE}_amounts")),
        sa.CheckConstraint("(returned_fen > 0) = (status = 'returned')", name=op.f(f"ck_{_TABLE}_returned")),
        sa.CheckConstraint("(done_at IS NULL) = (status = 'open')", name=op.f(f"ck_{_TABLE}_done")),
        sa.ForeignKeyConstraint(["technician_id"], ["sh_technician.id"], name=op.f(f"fk_{_TABLE}_technician_id")),
        sa.ForeignKeyConstraint(["city_id"], ["sh_city.id"], name=op.f(f"fk_{_TABLE}_city_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["sh_user.id"], name=op.f(f"fk_{_TABLE}_decided_by")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{_TABLE}")),
        sa.UniqueConstraint("no", name=op.f(f"uq_{_TABLE}_no")),
    )
    is_open = sa.text("status = 'open'")
    op.create_index(
        f"uq_{_TABLE}_one_open", _TABLE, ["technician_id"], unique=True, sqlite_where=is_open, postgresql_where=is_open
    )
    op.create_index(f"ix_{_TABLE}_city_id_status", _TABLE, ["city_id", "status"])
    op.create_index(f"ix_{_TABLE}_technician_id", _TABLE, ["technician_id"])


def downgrade() -> None:
    op.drop_table(_TABLE)
