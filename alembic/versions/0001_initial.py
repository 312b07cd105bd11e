"""The first schema: every table, and the statements by which the database guards ledger and logs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS: dict[str, list[str]] = {
    "sqlite": [
        "INSERT INTO sh_ledger_zero(v) VALUES (0)",
        "INSERT INTO sh_ledger_one(v) VALUES (1)",
        "CREATE TRIGGER sh_posting_sealed BEFORE INSERT ON sh_posting WHEN (SELECT sealed FROM sh_journal_entry WHERE id = NEW.entry_id) = 1 BEGIN SELECT RAISE(ABORT, 'entry is sealed'); END",
        "CREATE TRIGGER sh_posting_insert AFTER INSERT ON sh_posting BEGIN UPDATE sh_journal_entry SET imbalance = imbalance + NEW.amount_fen WHERE id = NEW.entry_id; UPDATE sh_account SET balance_fen = balance_fen + CASE WHEN kind IN ('asset','expense') THEN NEW.amount_fen ELSE -NEW.amount_fen END WHERE code = NEW.account AND guarded = 1; END",
        "CREATE TRIGGER sh_posting_update BEFORE UPDATE ON sh_posting BEGIN SELECT RAISE(ABORT, 'postings are immutable'); END",
        "CREATE TRIGGER sh_posting_delete BEFORE DELETE ON sh_posting BEGIN SELECT RAISE(ABORT, 'postings are immutable'); END",
        "CREATE TRIGGER sh_entry_update BEFORE UPDATE OF id, key, kind, ref, reverses_id, at ON sh_journal_entry BEGIN SELECT RAISE(ABORT, 'entries are immutable'); END",
        "CREATE TRIGGER sh_entry_unseal BEFORE UPDATE OF sealed ON sh_journal_entry WHEN OLD.sealed = 1 BEGIN SELECT RAISE(ABORT, 'entry is sealed'); END",
        "CREATE TRIGGER sh_entry_delete BEFORE DELETE ON sh_journal_entry BEGIN SELECT RAISE(ABORT, 'entries are immutable'); END",
        "CREATE TRIGGER sh_order_log_update BEFORE UPDATE ON sh_order_log BEGIN SELECT RAISE(ABORT, 'the log is immutable'); END",
        "CREATE TRIGGER sh_order_log_delete BEFORE DELETE ON sh_order_log BEGIN SELECT RAISE(ABORT, 'the log is immutable'); END",
        "CREATE TRIGGER sh_audit_update BEFORE UPDATE ON sh_audit_entry BEGIN SELECT RAISE(ABORT, 'the audit trail is immutable'); END",
        "CREATE TRIGGER sh_audit_delete BEFORE DELETE ON sh_audit_entry BEGIN SELECT RAISE(ABORT, 'the audit trail is immutable'); END",
    ],
    "postgresql": [
        "INSERT INTO sh_ledger_zero(v) VALUES (0)",
        "INSERT INTO sh_ledger_one(v) VALUES (1)",
        "CREATE FUNCTION sh_posting_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF (SELECT sealed FROM sh_journal_entry WHERE id = NEW.entry_id) = 1 THEN RAISE EXCEPTION 'entry is sealed'; END IF; UPDATE sh_journal_entry SET imbalance = imbalance + NEW.amount_fen WHERE id = NEW.entry_id; UPDATE sh_account SET balance_fen = balance_fen + CASE WHEN kind IN ('asset','expense') THEN NEW.amount_fen ELSE -NEW.amount_fen END WHERE code = NEW.account AND guarded = 1; RETURN NEW; END $$",
        "CREATE TRIGGER sh_posting_insert BEFORE INSERT ON sh_posting FOR EACH ROW EXECUTE FUNCTION sh_posting_insert()",
        "CREATE FUNCTION sh_immutable() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'immutable'; END $$",
        "CREATE TRIGGER sh_posting_immutable BEFORE UPDATE OR DELETE ON sh_posting FOR EACH ROW EXECUTE FUNCTION sh_immutable()",
        "CREATE TRIGGER sh_entry_immutable BEFORE UPDATE OF id, key, kind, ref, reverses_id, at OR DELETE ON sh_journal_entry FOR EACH ROW EXECUTE FUNCTION sh_immutable()",
        "CREATE TRIGGER sh_entry_unseal BEFORE UPDATE OF sealed ON sh_journal_entry FOR EACH ROW WHEN (OLD.sealed = 1) EXECUTE FUNCTION sh_immutable()",
        "CREATE TRIGGER sh_order_log_immutable BEFORE UPDATE OR DELETE ON sh_order_log FOR EACH ROW EXECUTE FUNCTION sh_immutable()",
        "CREATE TRIGGER sh_audit_immutable BEFORE UPDATE OR DELETE ON sh_audit_entry FOR EACH ROW EXECUTE FUNCTION sh_immutable()",
    ],
}
"""What guards the ledger and the logs inside the database, per dialect; run once the tables exist."""


def upgrade() -> None:
    op.create_table(
        "sh_account",
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("guarded", sa.Integer(), nullable=False),
        sa.Column("balance_fen", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("kind IN ('asset', 'liability', 'income', 'expense')", name=op.f("ck_sh_account_kind")),
        sa.CheckConstraint("guarded = 0 OR balance_fen >= 0", name=op.f("ck_sh_account_never_negative")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_sh_account")),
    )
    op.create_table(
        "sh_channel_event",
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("raw", sa.String(), nullable=False),
        sa.Column("result", sa.String(length=24), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", "event_id", name=op.f("pk_sh_channel_event")),
    )
    op.create_table(
        "sh_city",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=2), nullable=False),
        sa.Column("name_zh", sa.String(length=32), nullable=False),
        sa.Column("name_en", sa.String(length=32), nullable=False),
        sa.Column("timezone", sa.String(length=40), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lng", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_city")),
        sa.UniqueConstraint("slug", name=op.f("uq_sh_city_slug")),
    )
    op.create_table(
        "sh_ledger_one",
        sa.Column("v", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("v = 1", name=op.f("ck_sh_ledger_one_one")),
        sa.PrimaryKeyConstraint("v", name=op.f("pk_sh_ledger_one")),
    )
    op.create_table(
        "sh_ledger_zero",
        sa.Column("v", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.CheckConstraint("v = 0", name=op.f("ck_sh_ledger_zero_zero")),
        sa.PrimaryKeyConstraint("v", name=op.f("pk_sh_ledger_zero")),
    )
    op.create_table(
        "sh_login_failure",
        sa.Column("name_index", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name_index", name=op.f("pk_sh_login_failure")),
    )
    op.create_table(
        "sh_otp_challenge",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("phone_index", sa.String(length=64), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum("login", name="codepurpose", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "role",
            sa.Enum(
                "customer",
                "technician",
                "operator",
                "system",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ip_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_otp_challenge")),
    )
    with op.batch_alter_table("sh_otp_challenge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sh_otp_challenge_ip_hash"), ["ip_hash"], unique=False)
        batch_op.create_index("ix_sh_otp_challenge_phone", ["phone_index", "created_at"], unique=False)

    op.create_table(
        "sh_worker",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=8), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ticks", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_worker")),
    )
    with op.batch_alter_table("sh_worker", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sh_worker_seen_at"), ["seen_at"], unique=False)

    op.create_table(
        "sh_category",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("city_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=False),
        sa.Column("name_zh", sa.String(length=32), nullable=False),
        sa.Column("name_en", sa.String(length=48), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["city_id"], ["sh_city.id"], name=op.f("fk_sh_category_city_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_category")),
        sa.UniqueConstraint("city_id", "slug", name=op.f("uq_sh_category_city_id_slug")),
    )
    op.create_table(
        "sh_district",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("city_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("adcode", sa.String(length=12), nullable=False),
        sa.Column("name_zh", sa.String(length=32), nullable=False),
        sa.Column("name_en", sa.String(length=32), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lng", sa.Float(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open", "soon", "closed", name="districtstatus", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["city_id"], ["sh_city.id"], name=op.f("fk_sh_district_city_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_district")),
        sa.UniqueConstraint("city_id", "adcode", name=op.f("uq_sh_district_city_id_adcode")),
    )
    op.create_table(
        "sh_journal_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("reverses_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("imbalance", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sealed", sa.BigInteger(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(
            ["imbalance"],
            ["sh_ledger_zero.v"],
            name=op.f("fk_sh_journal_entry_imbalance"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["reverses_id"], ["sh_journal_entry.id"], name=op.f("fk_sh_journal_entry_reverses_id")),
        sa.ForeignKeyConstraint(
            ["sealed"],
            ["sh_ledger_one.v"],
            name=op.f("fk_sh_journal_entry_sealed"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_journal_entry")),
        sa.UniqueConstraint("key", name=op.f("uq_sh_journal_entry_key")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_sh_journal_entry_reverses_id")),
    )
    with op.batch_alter_table("sh_journal_entry", schema=None) as batch_op:
        batch_op.create_index("ix_sh_journal_entry_at", ["at"], unique=False)
        batch_op.create_index("ix_sh_journal_entry_ref", ["ref"], unique=False)

    op.create_table(
        "sh_policy",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("city_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["city_id"], ["sh_city.id"], name=op.f("fk_sh_policy_city_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_policy")),
        sa.UniqueConstraint("city_id", "kind", "version", name=op.f("uq_sh_policy_city_id_kind_version")),
    )
    op.create_table(
        "sh_user",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("city_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "customer",
                "technician",
                "operator",
                "system",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("phone_enc", sa.Text(), nullable=False),
        sa.Column("phone_index", sa.String(length=64), nullable=False),
        sa.Column("display_name", sa.String(length=64), nullable=False),
        sa.Column("login_name", sa.String(length=64), nullable=True),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column(
            "operator_role",
            sa.Enum(
                "admin",
                "dispatcher",
                "support",
                "finance",
                "quality",
                "city_manager",
                name="operatorrole",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "active", "suspended", "closed", name="userstatus", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role <> 'operator' OR operator_role IS NOT NULL", name=op.f("ck_sh_user_operator_has_role")
        ),
        sa.ForeignKeyConstraint(["city_id"], ["sh_city.id"], name=op.f("fk_sh_user_city_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_user")),
        sa.UniqueConstraint("login_name", name=op.f("uq_sh_user_login_name")),
        sa.UniqueConstraint("role", "phone_index", name="uq_sh_user_role_phone_index"),
    )
    with op.batch_alter_table("sh_user", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sh_user_city_id"), ["city_id"], unique=False)

    op.create_table(
        "sh_address",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("city_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("district_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("area", sa.String(length=80), nullable=False),
        sa.Column("detail_enc", sa.String(), nullable=False),
        sa.Column("contact_enc", sa.String(), nullable=False),
        sa.Column("phone_enc", sa.String(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lng", sa.Float(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["city_id"], ["sh_city.id"], name=op.f("fk_sh_address_city_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["sh_user.id"], name=op.f("fk_sh_address_customer_id")),
        sa.ForeignKeyConstraint(["district_id"], ["sh_district.id"], name=op.f("fk_sh_address_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_address")),
    )
    with op.batch_alter_table("sh_address", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sh_address_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "sh_audit_entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("chain", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["sh_user.id"], name=op.f("fk_sh_audit_entry_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_audit_entry")),
        sa.UniqueConstraint("chain", name=op.f("uq_sh_audit_entry_chain")),
    )
    with op.batch_alter_table("sh_audit_entry", schema=None) as batch_op:
        batch_op.create_index("ix_sh_audit_entry_subject", ["subject"], unique=False)

    op.create_table(
        "sh_blackout",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("city_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("category_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("note_zh", sa.String(length=80), nullable=False),
        sa.Column("note_en", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["category_id"], ["sh_category.id"], name=op.f("fk_sh_blackout_category_id")),
        sa.ForeignKeyConstraint(["city_id"], ["sh_city.id"], name=op.f("fk_sh_blackout_city_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_blackout")),
        sa.UniqueConstraint("city_id", "on", "category_id", name=op.f("uq_sh_blackout_city_id_on_category_id")),
    )
    op.create_table(
        "sh_coupon",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("city_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=False),
        sa.Column("name_zh", sa.String(length=48), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("amount", "percent", name="couponkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("percent_bp", sa.Integer(), nullable=False),
        sa.Column("cap_fen", sa.Integer(), nullable=False),
        sa.Column("min_spend_fen", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("first_order_only", sa.Boolean(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=False),
        sa.Column("valid_days", sa.Integer(), nullable=False),
        sa.Column("funder_platform_bp", sa.Integer(), nullable=False),
        sa.Column("claimable", sa.Boolean(), nullable=False),
        sa.CheckConstraint("funder_platform_bp BETWEEN 0 AND 10000", name=op.f("ck_sh_coupon_funder")),
        sa.CheckConstraint("stock >= 0", name=op.f("ck_sh_coupon_stock")),
        sa.ForeignKeyConstraint(["category_id"], ["sh_category.id"], name=op.f("fk_sh_coupon_category_id")),
        sa.ForeignKeyConstraint(["city_id"], ["sh_city.id"], name=op.f("fk_sh_coupon_city_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_coupon")),
        sa.UniqueConstraint("city_id", "slug", name=op.f("uq_sh_coupon_city_id_slug")),
    )
    op.create_table(
        "sh_login_session",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ip_hash", sa.String(length=64), nullable=False),
        sa.Column("agent_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["sh_user.id"], name=op.f("fk_sh_login_session_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_login_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sh_login_session_token_hash")),
    )
    with op.batch_alter_table("sh_login_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sh_login_session_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sh_login_session_user_id"), ["user_id"], unique=False)

    op.create_table(
        "sh_notice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("link", sa.String(length=120), nullable=False),
        sa.Column("dedupe_key", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["sh_user.id"], name=op.f("fk_sh_notice_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_notice")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_sh_notice_dedupe_key")),
    )
    with op.batch_alter_table("sh_notice", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sh_notice_user_id"), ["user_id"], unique=False)

    op.create_table(
        "sh_posting",
        sa.Column(
            "entry_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen <> 0", name=op.f("ck_sh_posting_amount")),
        sa.ForeignKeyConstraint(["account"], ["sh_account.code"], name=op.f("fk_sh_posting_account")),
        sa.ForeignKeyConstraint(["entry_id"], ["sh_journal_entry.id"], name=op.f("fk_sh_posting_entry_id")),
        sa.PrimaryKeyConstraint("entry_id", "account", name=op.f("pk_sh_posting")),
    )
    with op.batch_alter_table("sh_posting", schema=None) as batch_op:
        batch_op.create_index("ix_sh_posting_account_entry_id", ["account", "entry_id"], unique=False)

    op.create_table(
        "sh_service_item",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("city_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("category_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.String(length=48), nullable=False),
        sa.Column("name_zh", sa.String(length=48), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("summary_zh", sa.String(length=160), nullable=False),
        sa.Column("summary_en", sa.String(length=240), nullable=False),
        sa.Column("unit", sa.String(length=16), nullable=False),
        sa.Column("min_quantity", sa.Integer(), nullable=False),
        sa.Column("max_quantity", sa.Integer(), nullable=False),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("next_unit_off_fen", sa.Integer(), nullable=False),
        sa.Column("base_minutes", sa.Integer(), nullable=False),
        sa.Column("minutes_per_extra_unit", sa.Float(), nullable=False),
        sa.Column("crew_size", sa.Integer(), nullable=False),
        sa.Column("buffer_minutes", sa.Integer(), nullable=False),
        sa.Column("min_notice_minutes", sa.Integer(), nullable=False),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        sa.Column(
            "payment_plan",
            sa.Enum(
                "full", "deposit", "after", name="paymentplan", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("deposit_bp", sa.Integer(), nullable=False),
        sa.Column("deposit_fen", sa.Integer(), nullable=False),
        sa.Column("skill", sa.String(length=32), nullable=False),
        sa.Column("certificate", sa.String(length=32), nullable=False),
        sa.Column("same_gender_default", sa.Boolean(), nullable=False),
        sa.Column("included", sa.JSON(), nullable=False),
        sa.Column("excluded", sa.JSON(), nullable=False),
        sa.Column("checklist", sa.JSON(), nullable=False),
        sa.Column("notes_zh", sa.String(length=400), nullable=False),
        sa.Column("notes_en", sa.String(length=600), nullable=False),
        sa.Column("warranty_days", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("sold_count", sa.Integer(), nullable=False),
        sa.Column("rating_sum", sa.Integer(), nullable=False),
        sa.Column("rating_count", sa.Integer(), nullable=False),
        sa.CheckConstraint("base_minutes > 0", name=op.f("ck_sh_service_item_minutes")),
        sa.CheckConstraint(
            "deposit_fen >= 0 AND deposit_bp BETWEEN 0 AND 10000", name=op.f("ck_sh_service_item_deposit")
        ),
        sa.CheckConstraint(
            "min_quantity >= 1 AND max_quantity >= min_quantity", name=op.f("ck_sh_service_item_quantity")
        ),
        sa.CheckConstraint("price_fen >= 0", name=op.f("ck_sh_service_item_price")),
        sa.ForeignKeyConstraint(["category_id"], ["sh_category.id"], name=op.f("fk_sh_service_item_category_id")),
        sa.ForeignKeyConstraint(["city_id"], ["sh_city.id"], name=op.f("fk_sh_service_item_city_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_service_item")),
        sa.UniqueConstraint("city_id", "slug", name=op.f("uq_sh_service_item_city_id_slug")),
    )
    with op.batch_alter_table("sh_service_item", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sh_service_item_category_id"), ["category_id"], unique=False)

    op.create_table(
        "sh_technician",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("city_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("portrait", sa.String(length=32), nullable=False),
        sa.Column(
            "gender",
            sa.Enum("female", "male", name="gender", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "level",
            sa.Enum(
                "trainee",
                "bronze",
                "silver",
                "gold",
                "chief",
                name="level",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "transport",
            sa.Enum("ebike", "transit", "car", name="transport", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "active",
                "suspended",
                "left",
                name="technicianstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("years", sa.Integer(), nullable=False),
        sa.Column("bio_zh", sa.String(length=200), nullable=False),
        sa.Column("bio_en", sa.String(length=300), nullable=False),
        sa.Column("home_lat", sa.Float(), nullable=False),
        sa.Column("home_lng", sa.Float(), nullable=False),
        sa.Column("radius_m", sa.Integer(), nullable=False),
        sa.Column("daily_cap", sa.Integer(), nullable=False),
        sa.Column("takes_night_jobs", sa.Boolean(), nullable=False),
        sa.Column("is_online", sa.Boolean(), nullable=False),
        sa.Column("online_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_lat", sa.Float(), nullable=True),
        sa.Column("last_lng", sa.Float(), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rating_sum", sa.Integer(), nullable=False),
        sa.Column("rating_count", sa.Integer(), nullable=False),
        sa.Column("done_count", sa.Integer(), nullable=False),
        sa.Column("offers_feasible", sa.Integer(), nullable=False),
        sa.Column("offers_accepted", sa.Integer(), nullable=False),
        sa.Column("on_time_count", sa.Integer(), nullable=False),
        sa.Column("arrived_count", sa.Integer(), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["city_id"], ["sh_city.id"], name=op.f("fk_sh_technician_city_id")),
        sa.ForeignKeyConstraint(["user_id"], ["sh_user.id"], name=op.f("fk_sh_technician_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_technician")),
        sa.UniqueConstraint("user_id", name=op.f("uq_sh_technician_user_id")),
    )
    with op.batch_alter_table("sh_technician", schema=None) as batch_op:
        batch_op.create_index("ix_sh_technician_city_id_status", ["city_id", "status"], unique=False)

    op.create_table(
        "sh_add_on",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("service_item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.String(length=32), nullable=False),
        sa.Column("name_zh", sa.String(length=48), nullable=False),
        sa.Column("name_en", sa.String(length=80), nullable=False),
        sa.Column("price_fen", sa.Integer(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("max_quantity", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["service_item_id"], ["sh_service_item.id"], name=op.f("fk_sh_add_on_service_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_add_on")),
        sa.UniqueConstraint("service_item_id", "slug", name=op.f("uq_sh_add_on_service_item_id_slug")),
    )
    op.create_table(
        "sh_certificate",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("technician_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "approved",
                "rejected",
                name="certificatestatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("reviewed_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["reviewed_by"], ["sh_user.id"], name=op.f("fk_sh_certificate_reviewed_by")),
        sa.ForeignKeyConstraint(["technician_id"], ["sh_technician.id"], name=op.f("fk_sh_certificate_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_certificate")),
    )
    with op.batch_alter_table("sh_certificate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sh_certificate_technician_id"), ["technician_id"], unique=False)

    op.create_table(
        "sh_order",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("city_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("no", sa.String(length=16), nullable=False),
        sa.Column("district_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("service_item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("category_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("technician_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("requested_technician_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "pending_payment",
                "matching",
                "assigned",
                "accepted",
                "en_route",
                "arrived",
                "in_service",
                "awaiting_balance",
                "awaiting_confirm",
                "completed",
                "disputed",
                "closed",
                "cancelled",
                "expired",
                name="orderstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "mode",
            sa.Enum(
                "choose", "dispatch", "grab", name="ordermode", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("is_immediate", sa.Boolean(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("dispatch_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "gender",
            sa.Enum("female", "male", name="gender", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("requirements", sa.JSON(), nullable=False),
        sa.Column("note_enc", sa.String(), nullable=False),
        sa.Column("reschedules", sa.Integer(), nullable=False),
        sa.Column("area", sa.String(length=80), nullable=False),
        sa.Column("detail_enc", sa.String(), nullable=False),
        sa.Column("contact_enc", sa.String(), nullable=False),
        sa.Column("phone_enc", sa.String(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lng", sa.Float(), nullable=False),
        sa.Column(
            "payment_plan",
            sa.Enum(
                "full", "deposit", "after", name="paymentplan", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("total_fen", sa.Integer(), nullable=False),
        sa.Column("first_due_fen", sa.Integer(), nullable=False),
        sa.Column("coupon_grant_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("policy_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("commission", sa.JSON(), nullable=False),
        sa.Column("start_code_enc", sa.String(), nullable=False),
        sa.Column("start_code_tries", sa.Integer(), nullable=False),
        sa.Column("checklist_done", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("departed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("end_at > start_at", name=op.f("ck_sh_order_window")),
        sa.CheckConstraint(
            "total_fen >= 0 AND first_due_fen >= 0 AND first_due_fen <= total_fen", name=op.f("ck_sh_order_money")
        ),
        sa.ForeignKeyConstraint(["category_id"], ["sh_category.id"], name=op.f("fk_sh_order_category_id")),
        sa.ForeignKeyConstraint(["city_id"], ["sh_city.id"], name=op.f("fk_sh_order_city_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["sh_user.id"], name=op.f("fk_sh_order_customer_id")),
        sa.ForeignKeyConstraint(["district_id"], ["sh_district.id"], name=op.f("fk_sh_order_district_id")),
        sa.ForeignKeyConstraint(["policy_id"], ["sh_policy.id"], name=op.f("fk_sh_order_policy_id")),
        sa.ForeignKeyConstraint(
            ["requested_technician_id"], ["sh_technician.id"], name=op.f("fk_sh_order_requested_technician_id")
        ),
        sa.ForeignKeyConstraint(["service_item_id"], ["sh_service_item.id"], name=op.f("fk_sh_order_service_item_id")),
        sa.ForeignKeyConstraint(["technician_id"], ["sh_technician.id"], name=op.f("fk_sh_order_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_order")),
        sa.UniqueConstraint("no", name=op.f("uq_sh_order_no")),
    )
    with op.batch_alter_table("sh_order", schema=None) as batch_op:
        batch_op.create_index("ix_sh_order_city_id_created_at", ["city_id", "created_at"], unique=False)
        batch_op.create_index("ix_sh_order_city_id_status_start_at", ["city_id", "status", "start_at"], unique=False)
        batch_op.create_index("ix_sh_order_customer_id_created_at", ["customer_id", "created_at"], unique=False)
        batch_op.create_index("ix_sh_order_status_deadline_at", ["status", "deadline_at"], unique=False)
        batch_op.create_index("ix_sh_order_technician_id_start_at", ["technician_id", "start_at"], unique=False)

    op.create_table(
        "sh_pair_block",
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("technician_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["sh_user.id"], name=op.f("fk_sh_pair_block_customer_id")),
        sa.ForeignKeyConstraint(["technician_id"], ["sh_technician.id"], name=op.f("fk_sh_pair_block_technician_id")),
        sa.PrimaryKeyConstraint("customer_id", "technician_id", name=op.f("pk_sh_pair_block")),
    )
    op.create_table(
        "sh_shift_exception",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("technician_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=False),
        sa.Column("end_minute", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["sh_technician.id"], name=op.f("fk_sh_shift_exception_technician_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_shift_exception")),
        sa.UniqueConstraint(
            "technician_id", "on", "start_minute", name=op.f("uq_sh_shift_exception_technician_id_on_start_minute")
        ),
    )
    with op.batch_alter_table("sh_shift_exception", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sh_shift_exception_technician_id"), ["technician_id"], unique=False)

    op.create_table(
        "sh_technician_day",
        sa.Column(
            "technician_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["sh_technician.id"], name=op.f("fk_sh_technician_day_technician_id")
        ),
        sa.PrimaryKeyConstraint("technician_id", "day", name=op.f("pk_sh_technician_day")),
    )
    op.create_table(
        "sh_technician_skill",
        sa.Column("technician_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("skill", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["sh_technician.id"], name=op.f("fk_sh_technician_skill_technician_id")
        ),
        sa.PrimaryKeyConstraint("technician_id", "skill", name=op.f("pk_sh_technician_skill")),
    )
    op.create_table(
        "sh_time_off",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("technician_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=80), nullable=False),
        sa.CheckConstraint("end_at > start_at", name=op.f("ck_sh_time_off_window")),
        sa.ForeignKeyConstraint(["technician_id"], ["sh_technician.id"], name=op.f("fk_sh_time_off_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_time_off")),
    )
    with op.batch_alter_table("sh_time_off", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sh_time_off_technician_id"), ["technician_id"], unique=False)

    op.create_table(
        "sh_weekly_shift",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("technician_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=False),
        sa.Column("end_minute", sa.Integer(), nullable=False),
        sa.Column("is_break", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "end_minute > start_minute AND start_minute >= 0 AND end_minute <= 2160",
            name=op.f("ck_sh_weekly_shift_window"),
        ),
        sa.ForeignKeyConstraint(["technician_id"], ["sh_technician.id"], name=op.f("fk_sh_weekly_shift_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_weekly_shift")),
    )
    with op.batch_alter_table("sh_weekly_shift", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sh_weekly_shift_technician_id"), ["technician_id"], unique=False)

    op.create_table(
        "sh_coupon_grant",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("coupon_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "available", "locked", "used", name="grantstatus", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["coupon_id"], ["sh_coupon.id"], name=op.f("fk_sh_coupon_grant_coupon_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["sh_user.id"], name=op.f("fk_sh_coupon_grant_customer_id")),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_coupon_grant_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_coupon_grant")),
        sa.UniqueConstraint(
            "coupon_id", "customer_id", "number", name=op.f("uq_sh_coupon_grant_coupon_id_customer_id_number")
        ),
    )
    with op.batch_alter_table("sh_coupon_grant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sh_coupon_grant_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "sh_dispatch_decision",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("technician_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("candidates", sa.JSON(), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_dispatch_decision_order_id")),
        sa.ForeignKeyConstraint(
            ["technician_id"], ["sh_technician.id"], name=op.f("fk_sh_dispatch_decision_technician_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_dispatch_decision")),
    )
    with op.batch_alter_table("sh_dispatch_decision", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sh_dispatch_decision_order_id"), ["order_id"], unique=False)

    op.create_table(
        "sh_earning",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("technician_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("labour_fen", sa.Integer(), nullable=False),
        sa.Column("pass_through_fen", sa.Integer(), nullable=False),
        sa.Column("coupon_share_fen", sa.Integer(), nullable=False),
        sa.Column("commission_fen", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=48), nullable=False),
        sa.Column("net_fen", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("matures_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("matured_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("frozen", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_earning_order_id")),
        sa.ForeignKeyConstraint(["technician_id"], ["sh_technician.id"], name=op.f("fk_sh_earning_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_earning")),
        sa.UniqueConstraint("order_id", name=op.f("uq_sh_earning_order_id")),
    )
    with op.batch_alter_table("sh_earning", schema=None) as batch_op:
        batch_op.create_index("ix_sh_earning_matured_at_matures_at", ["matured_at", "matures_at"], unique=False)
        batch_op.create_index("ix_sh_earning_technician_id_created_at", ["technician_id", "created_at"], unique=False)

    op.create_table(
        "sh_occupancy",
        sa.Column(
            "technician_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("cell", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("hold", "job", "buffer", name="cellkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_occupancy_order_id")),
        sa.ForeignKeyConstraint(["technician_id"], ["sh_technician.id"], name=op.f("fk_sh_occupancy_technician_id")),
        sa.PrimaryKeyConstraint("technician_id", "cell", name=op.f("pk_sh_occupancy")),
    )
    with op.batch_alter_table("sh_occupancy", schema=None) as batch_op:
        batch_op.create_index("ix_sh_occupancy_order_id", ["order_id"], unique=False)

    op.create_table(
        "sh_offer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("technician_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "accepted",
                "declined",
                "expired",
                "void",
                name="offerstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "decline_reason",
            sa.Enum(
                "time_clash",
                "too_far",
                "not_my_skill",
                "unwell",
                "other",
                name="declinereason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("take_home_fen", sa.Integer(), nullable=False),
        sa.Column("distance_m", sa.Integer(), nullable=False),
        sa.Column("travel_minutes", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_offer_order_id")),
        sa.ForeignKeyConstraint(["technician_id"], ["sh_technician.id"], name=op.f("fk_sh_offer_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_offer")),
        sa.UniqueConstraint(
            "order_id", "technician_id", "round", name=op.f("uq_sh_offer_order_id_technician_id_round")
        ),
    )
    with op.batch_alter_table("sh_offer", schema=None) as batch_op:
        batch_op.create_index("ix_sh_offer_status_deadline_at", ["status", "deadline_at"], unique=False)
        batch_op.create_index("ix_sh_offer_technician_id_created_at", ["technician_id", "created_at"], unique=False)
        batch_op.create_index(
            "uq_sh_offer_one_open",
            ["order_id"],
            unique=True,
            sqlite_where=sa.text("status = 'open'"),
            postgresql_where=sa.text("status = 'open'"),
        )

    op.create_table(
        "sh_order_line",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ref", sa.String(length=48), nullable=False),
        sa.Column("name_zh", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_fen", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_order_line_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_order_line")),
    )
    with op.batch_alter_table("sh_order_line", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sh_order_line_order_id"), ["order_id"], unique=False)

    op.create_table(
        "sh_order_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event", sa.String(length=32), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "pending_payment",
                "matching",
                "assigned",
                "accepted",
                "en_route",
                "arrived",
                "in_service",
                "awaiting_balance",
                "awaiting_confirm",
                "completed",
                "disputed",
                "closed",
                "cancelled",
                "expired",
                name="source",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "target",
            sa.Enum(
                "pending_payment",
                "matching",
                "assigned",
                "accepted",
                "en_route",
                "arrived",
                "in_service",
                "awaiting_balance",
                "awaiting_confirm",
                "completed",
                "disputed",
                "closed",
                "cancelled",
                "expired",
                name="target",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "actor_role",
            sa.Enum(
                "customer",
                "technician",
                "operator",
                "system",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_order_log_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_order_log")),
    )
    with op.batch_alter_table("sh_order_log", schema=None) as batch_op:
        batch_op.create_index("ix_sh_order_log_order_id_id", ["order_id", "id"], unique=False)

    op.create_table(
        "sh_order_photo",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("uploaded_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_order_photo_order_id")),
        sa.ForeignKeyConstraint(["uploaded_by"], ["sh_user.id"], name=op.f("fk_sh_order_photo_uploaded_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_order_photo")),
        sa.UniqueConstraint("key", name=op.f("uq_sh_order_photo_key")),
    )
    with op.batch_alter_table("sh_order_photo", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sh_order_photo_order_id"), ["order_id"], unique=False)

    op.create_table(
        "sh_payment",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("no", sa.String(length=32), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "item",
            sa.Enum(
                "full", "deposit", "balance", name="planitem", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("method", sa.String(length=16), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "kept",
                "extra",
                "late",
                "closed",
                name="paymentstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("channel_no", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_sh_payment_amount")),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_payment_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_payment")),
        sa.UniqueConstraint("channel_no", name=op.f("uq_sh_payment_channel_no")),
        sa.UniqueConstraint("no", name=op.f("uq_sh_payment_no")),
    )
    with op.batch_alter_table("sh_payment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sh_payment_order_id"), ["order_id"], unique=False)
        batch_op.create_index("ix_sh_payment_status_expires_at", ["status", "expires_at"], unique=False)
        batch_op.create_index(
            "uq_sh_payment_one_kept",
            ["order_id", "item"],
            unique=True,
            sqlite_where=sa.text("status = 'kept'"),
            postgresql_where=sa.text("status = 'kept'"),
        )

    op.create_table(
        "sh_position",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("technician_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lng", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_position_order_id")),
        sa.ForeignKeyConstraint(["technician_id"], ["sh_technician.id"], name=op.f("fk_sh_position_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_position")),
    )
    with op.batch_alter_table("sh_position", schema=None) as batch_op:
        batch_op.create_index("ix_sh_position_order_id_at", ["order_id", "at"], unique=False)

    op.create_table(
        "sh_review",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("technician_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("service_item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("stars BETWEEN 1 AND 5", name=op.f("ck_sh_review_stars")),
        sa.ForeignKeyConstraint(["customer_id"], ["sh_user.id"], name=op.f("fk_sh_review_customer_id")),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_review_order_id")),
        sa.ForeignKeyConstraint(["service_item_id"], ["sh_service_item.id"], name=op.f("fk_sh_review_service_item_id")),
        sa.ForeignKeyConstraint(["technician_id"], ["sh_technician.id"], name=op.f("fk_sh_review_technician_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_review")),
        sa.UniqueConstraint("order_id", name=op.f("uq_sh_review_order_id")),
    )
    with op.batch_alter_table("sh_review", schema=None) as batch_op:
        batch_op.create_index(
            "ix_sh_review_service_item_id_created_at", ["service_item_id", "created_at"], unique=False
        )
        batch_op.create_index("ix_sh_review_technician_id_created_at", ["technician_id", "created_at"], unique=False)

    op.create_table(
        "sh_refund",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("no", sa.String(length=32), nullable=False),
        sa.Column("payment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("amount_fen", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "new",
                "sent",
                "succeeded",
                "failed",
                name="refundstatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_sh_refund_amount")),
        sa.ForeignKeyConstraint(["order_id"], ["sh_order.id"], name=op.f("fk_sh_refund_order_id")),
        sa.ForeignKeyConstraint(["payment_id"], ["sh_payment.id"], name=op.f("fk_sh_refund_payment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sh_refund")),
        sa.UniqueConstraint("no", name=op.f("uq_sh_refund_no")),
    )
    with op.batch_alter_table("sh_refund", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sh_refund_order_id"), ["order_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sh_refund_payment_id"), ["payment_id"], unique=False)
        batch_op.create_index("ix_sh_refund_status", ["status"], unique=False)

    for statement in STATEMENTS[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    with op.batch_alter_table("sh_refund", schema=None) as batch_op:
        batch_op.drop_index("ix_sh_refund_status")
        batch_op.drop_index(batch_op.f("ix_sh_refund_payment_id"))
        batch_op.drop_index(batch_op.f("ix_sh_refund_order_id"))

    op.drop_table("sh_refund")
    with op.batch_alter_table("sh_review", schema=None) as batch_op:
        batch_op.drop_index("ix_sh_review_technician_id_created_at")
        batch_op.drop_index("ix_sh_review_service_item_id_created_at")

    op.drop_table("sh_review")
    with op.batch_alter_table("sh_position", schema=None) as batch_op:
        batch_op.drop_index("ix_sh_position_order_id_at")

    op.drop_table("sh_position")
    with op.batch_alter_table("sh_payment", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sh_payment_one_kept",
            sqlite_where=sa.text("status = 'kept'"),
            postgresql_where=sa.text("status = 'kept'"),
        )
        batch_op.drop_index("ix_sh_payment_status_expires_at")
        batch_op.drop_index(batch_op.f("ix_sh_payment_order_id"))

    op.drop_table("sh_payment")
    with op.batch_alter_table("sh_order_photo", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sh_order_photo_order_id"))

    op.drop_table("sh_order_photo")
    with op.batch_alter_table("sh_order_log", schema=None) as batch_op:
        batch_op.drop_index("ix_sh_order_log_order_id_id")

    op.drop_table("sh_order_log")
    with op.batch_alter_table("sh_order_line", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sh_order_line_order_id"))

    op.drop_table("sh_order_line")
    with op.batch_alter_table("sh_offer", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_sh_offer_one_open", sqlite_where=sa.text("status = 'open'"), postgresql_where=sa.text("status = 'open'")
        )
        batch_op.drop_index("ix_sh_offer_technician_id_created_at")
        batch_op.drop_index("ix_sh_offer_status_deadline_at")

    op.drop_table("sh_offer")
    with op.batch_alter_table("sh_occupancy", schema=None) as batch_op:
        batch_op.drop_index("ix_sh_occupancy_order_id")

    op.drop_table("sh_occupancy")
    with op.batch_alter_table("sh_earning", schema=None) as batch_op:
        batch_op.drop_index("ix_sh_earning_technician_id_created_at")
        batch_op.drop_index("ix_sh_earning_matured_at_matures_at")

    op.drop_table("sh_earning")
    with op.batch_alter_table("sh_dispatch_decision", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sh_dispatch_decision_order_id"))

    op.drop_table("sh_dispatch_decision")
    with op.batch_alter_table("sh_coupon_grant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sh_coupon_grant_customer_id"))

    op.drop_table("sh_coupon_grant")
    with op.batch_alter_table("sh_weekly_shift", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sh_weekly_shift_technician_id"))

    op.drop_table("sh_weekly_shift")
    with op.batch_alter_table("sh_time_off", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sh_time_off_technician_id"))

    op.drop_table("sh_time_off")
    op.drop_table("sh_technician_skill")
    op.drop_table("sh_technician_day")
    with op.batch_alter_table("sh_shift_exception", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sh_shift_exception_technician_id"))

    op.drop_table("sh_shift_exception")
    op.drop_table("sh_pair_block")
    with op.batch_alter_table("sh_order", schema=None) as batch_op:
        batch_op.drop_index("ix_sh_order_technician_id_start_at")
        batch_op.drop_index("ix_sh_order_status_deadline_at")
        batch_op.drop_index("ix_sh_order_customer_id_created_at")
        batch_op.drop_index("ix_sh_order_city_id_status_start_at")
        batch_op.drop_index("ix_sh_order_city_id_created_at")

    op.drop_table("sh_order")
    with op.batch_alter_table("sh_certificate", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sh_certificate_technician_id"))

    op.drop_table("sh_certificate")
    op.drop_table("sh_add_on")
    with op.batch_alter_table("sh_technician", schema=None) as batch_op:
        batch_op.drop_index("ix_sh_technician_city_id_status")

    op.drop_table("sh_technician")
    with op.batch_alter_table("sh_service_item", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sh_service_item_category_id"))

    op.drop_table("sh_service_item")
    with op.batch_alter_table("sh_posting", schema=None) as batch_op:
        batch_op.drop_index("ix_sh_posting_account_entry_id")

    op.drop_table("sh_posting")
    with op.batch_alter_table("sh_notice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sh_notice_user_id"))

    op.drop_table("sh_notice")
    with op.batch_alter_table("sh_login_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sh_login_session_user_id"))
        batch_op.drop_index(batch_op.f("ix_sh_login_session_expires_at"))

    op.drop_table("sh_login_session")
    op.drop_table("sh_coupon")
    op.drop_table("sh_blackout")
    with op.batch_alter_table("sh_audit_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_sh_audit_entry_subject")

    op.drop_table("sh_audit_entry")
    with op.batch_alter_table("sh_address", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sh_address_customer_id"))

    op.drop_table("sh_address")
    with op.batch_alter_table("sh_user", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sh_user_city_id"))

    op.drop_table("sh_user")
    op.drop_table("sh_policy")
    with op.batch_alter_table("sh_journal_entry", schema=None) as batch_op:
        batch_op.drop_index("ix_sh_journal_entry_ref")
        batch_op.drop_index("ix_sh_journal_entry_at")

    op.drop_table("sh_journal_entry")
    op.drop_table("sh_district")
    op.drop_table("sh_category")
    with op.batch_alter_table("sh_worker", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sh_worker_seen_at"))

    op.drop_table("sh_worker")
    with op.batch_alter_table("sh_otp_challenge", schema=None) as batch_op:
        batch_op.drop_index("ix_sh_otp_challenge_phone")
        batch_op.drop_index(batch_op.f("ix_sh_otp_challenge_ip_hash"))

    op.drop_table("sh_otp_challenge")
    op.drop_table("sh_login_failure")
    op.drop_table("sh_ledger_zero")
    op.drop_table("sh_ledger_one")
    op.drop_table("sh_city")
    op.drop_table("sh_channel_event")
    op.drop_table("sh_account")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION sh_posting_insert(), sh_immutable()")
