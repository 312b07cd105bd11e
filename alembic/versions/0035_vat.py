"""Value-added tax by day, and vouchers that pay it. What was posted before is not taxed: it is the first day, at no rate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0033"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_BEFORE = ("to_bank", "from_bank", "tax_paid", "cleared", "written_off")
_CUSTOMERS = ("escrow", "refund_due", "wallet", "cash", "mirror")
_SALES, _GIVEN = ("settlement", "cancellation", "clawback"), ("payment", "returned", "refund")
_EAST = timedelta(hours=8)


def upgrade() -> None:
    day = op.create_table(
        "sh_vat_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rate_bp", sa.Integer(), nullable=False),
        sa.Column("sold_fen", _BIG, nullable=False),
        sa.Column("tax_fen", _BIG, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("rate_bp BETWEEN 0 AND 2000", name=op.f("ck_sh_vat_day_rate")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_sh_vat_day")),
    )
    _allow(*_BEFORE, "vat_paid")
    last = op.get_bind().scalar(sa.text("SELECT max(at) FROM sh_journal_entry"))
    if last is not None and day is not None:
        at = (datetime.fromisoformat(last) if isinstance(last, str) else last).replace(tzinfo=UTC)
        row = {"day": (at + _EAST).date(), "rate_bp": 0, "sold_fen": _sold(), "tax_fen": 0, "made_at": at}
        op.get_bind().execute(day.insert(), row)


def downgrade() -> None:
    op.execute("DELETE FROM sh_voucher WHERE kind = 'vat_paid'")
    _allow(*_BEFORE)
    op.drop_table("sh_vat_day")


def _sold() -> int:
    customers = " OR ".join(f"p.account LIKE '{group}:%'" for group in _CUSTOMERS)
    sales, given = (", ".join(f"'{kind}'" for kind in kinds) for kinds in (_SALES, _GIVEN))
    query = (
        f"SELECT coalesce(sum(CASE WHEN e.kind IN ({sales}) AND ({customers}) THEN p.amount_fen"  # noqa: S608 - names from above
        f" WHEN e.kind IN ({given}) AND p.account LIKE 'points:%' THEN -p.amount_fen ELSE 0 END), 0)"
        " FROM sh_posting p JOIN sh_journal_entry e ON e.id = p.entry_id"
    )
    return int(op.get_bind().scalar(sa.text(query)) or 0)


def _allow(*values: str) -> None:
    name, allowed = op.f("ck_sh_voucher_voucherkind"), ", ".join(f"'{value}'" for value in values)
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(name, "sh_voucher", type_="check")
        op.create_check_constraint(name, "sh_voucher", f"kind IN ({allowed})")
        return
    with op.batch_alter_table("sh_voucher") as batch:
        batch.drop_constraint(name, type_="check")
        batch.create_check_constraint(name, f"kind IN ({allowed})")
