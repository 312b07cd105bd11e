"""PostgreSQL posts an entry in one round trip."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_POST = """
CREATE FUNCTION sh_post(
    p_key text, p_kind text, p_ref text, p_at timestamptz, p_reverses bigint,
    p_accounts text[], p_kinds text[], p_guarded integer[], p_amounts bigint[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE entry bigint;
BEGIN
    INSERT INTO sh_journal_entry (key, kind, ref, at, reverses_id) VALUES (p_key, p_kind, p_ref, p_at, p_reverses)
    ON CONFLICT (key) DO NOTHING RETURNING id INTO entry;
    IF entry IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO sh_account (code, kind, guarded, balance_fen)
    SELECT code, kind, guarded, 0 FROM unnest(p_accounts, p_kinds, p_guarded) AS made(code, kind, guarded)
    ON CONFLICT (code) DO NOTHING;
    INSERT INTO sh_posting (entry_id, account, amount_fen)
    SELECT entry, account, amount FROM unnest(p_accounts, p_amounts) WITH ORDINALITY AS line(account, amount, place) ORDER BY place;
    UPDATE sh_journal_entry SET sealed = 1 WHERE id = entry;
    RETURN entry;
END $$
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(_POST)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION sh_post")
