"""What the database itself refuses of the books: forged sums, replaced or emptied tables, edited accounts."""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_SUM = "(SELECT COALESCE(SUM(amount_fen), 0) FROM sh_posting WHERE entry_id = NEW.id)"
_CHANGED = "NEW.code <> OLD.code OR NEW.kind <> OLD.kind OR NEW.guarded <> OLD.guarded"
_SIGNED = "CASE WHEN OLD.kind IN ('asset','expense') THEN p.amount_fen ELSE -p.amount_fen END"
_SQLITE = {
    "sh_entry_insert": "BEFORE INSERT ON sh_journal_entry WHEN NEW.imbalance <> 0 OR NEW.sealed <> 0 "
    "BEGIN SELECT RAISE(ABORT, 'entries begin open and empty'); END",
    "sh_entry_seal": f"BEFORE UPDATE OF sealed ON sh_journal_entry WHEN NEW.sealed = 1 AND OLD.sealed = 0 AND {_SUM} <> 0 "
    "BEGIN SELECT RAISE(ABORT, 'entry is unbalanced'); END",
    "sh_account_update": f"BEFORE UPDATE OF code, kind, guarded ON sh_account WHEN {_CHANGED} "
    "BEGIN SELECT RAISE(ABORT, 'accounts are immutable'); END",
    "sh_account_insert": "BEFORE INSERT ON sh_account WHEN NEW.balance_fen <> 0 "
    "BEGIN SELECT RAISE(ABORT, 'accounts begin empty'); END",
    "sh_account_delete": "BEFORE DELETE ON sh_account BEGIN SELECT RAISE(ABORT, 'accounts are immutable'); END",
    "sh_account_balance": "BEFORE UPDATE OF balance_fen ON sh_account WHEN NOT EXISTS ("  # noqa: S608 - names from above
    "SELECT 1 FROM sh_posting p JOIN sh_journal_entry e ON e.id = p.entry_id "
    "WHERE p.account = OLD.code AND p.entry_id = (SELECT MAX(entry_id) FROM sh_posting WHERE account = OLD.code) "
    f"AND e.sealed = 0 AND {_SIGNED} = NEW.balance_fen - OLD.balance_fen) "
    "BEGIN SELECT RAISE(ABORT, 'balances follow postings'); END",
}
_FUNCTIONS = {
    "sh_entry_insert": "IF NEW.imbalance <> 0 OR NEW.sealed <> 0 THEN RAISE EXCEPTION 'entries begin open and empty'; END IF;",
    "sh_entry_seal": f"IF {_SUM} <> 0 THEN RAISE EXCEPTION 'entry is unbalanced'; END IF;",
    "sh_account_insert": "IF NEW.balance_fen <> 0 THEN RAISE EXCEPTION 'accounts begin empty'; END IF;",
    "sh_account_update": f"IF {_CHANGED} OR pg_trigger_depth() = 1 THEN RAISE EXCEPTION 'balances follow postings'; END IF;",
}
_POSTGRESQL = {
    "sh_entry_insert": "BEFORE INSERT ON sh_journal_entry FOR EACH ROW EXECUTE FUNCTION sh_entry_insert()",
    "sh_entry_seal": "BEFORE UPDATE OF sealed ON sh_journal_entry FOR EACH ROW WHEN (NEW.sealed = 1 AND OLD.sealed = 0) "
    "EXECUTE FUNCTION sh_entry_seal()",
    "sh_account_insert": "BEFORE INSERT ON sh_account FOR EACH ROW EXECUTE FUNCTION sh_account_insert()",
    "sh_account_update": "BEFORE UPDATE ON sh_account FOR EACH ROW EXECUTE FUNCTION sh_account_update()",
    "sh_account_delete": "BEFORE DELETE ON sh_account FOR EACH ROW EXECUTE FUNCTION sh_immutable()",
}
_KEPT = ("sh_posting", "sh_journal_entry", "sh_account", "sh_order_log", "sh_audit_entry")
"""Tables that PostgreSQL must not empty at a stroke."""


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name, rest in _SQLITE.items():
            op.execute(f"CREATE TRIGGER {name} {rest}")
        return
    for name, body in _FUNCTIONS.items():
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NEW; END $$")
    for name, rest in _POSTGRESQL.items():
        op.execute(f"CREATE TRIGGER {name} {rest}")
    for table in _KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION sh_immutable()"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in _SQLITE:
            op.execute(f"DROP TRIGGER {name}")
        return
    for table in _KEPT:
        op.execute(f"DROP TRIGGER {table}_truncate ON {table}")
    for name, rest in _POSTGRESQL.items():
        table = rest.partition(" ON ")[2].partition(" ")[0]
        op.execute(f"DROP TRIGGER {name} ON {table}")
    for name in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}()")
