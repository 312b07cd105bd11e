"""Who can log in: users of the three faces, their log-in sessions and the one-time codes on their way.

Phone numbers are stored encrypted (context `sh_user.phone_enc`) beside a keyed index for look-up. Tokens and codes are
stored as hashes only. Holds no rules: see `services.accounts`.
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from servicehub.domain.access import OperatorRole, Role
from servicehub.models.base import at, fk, pk, stored_as_value


class UserStatus(StrEnum):
    """Only ACTIVE users act; SUSPENDED may come back, CLOSED never."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class CodePurpose(StrEnum):
    """What a one-time code is good for; a code of one purpose is refused for every other."""

    LOGIN = "login"


class User(SQLModel, table=True):
    """One person in one role. The same phone may be a customer and a technician: two rows."""

    __tablename__ = "sh_user"
    __table_args__ = (
        sa.UniqueConstraint("role", "phone_index", name="uq_sh_user_role_phone_index"),
        sa.CheckConstraint("role <> 'operator' OR operator_role IS NOT NULL", name="operator_has_role"),
    )

    id: int | None = Field(default=None, sa_column=pk())
    city_id: int = Field(sa_column=fk("sh_city.id", index=True))
    role: Role = Field(sa_column=sa.Column(stored_as_value(Role), nullable=False))
    phone_enc: str = Field(sa_column=sa.Column(sa.Text, nullable=False))
    phone_index: str = Field(sa_column=sa.Column(sa.String(64), nullable=False))
    """`crypto.blind_index("phone", E.164)`."""
    display_name: str = Field(default="", sa_column=sa.Column(sa.String(64), nullable=False))
    login_name: str | None = Field(default=None, sa_column=sa.Column(sa.String(64), unique=True))
    """Operators only."""
    password_hash: str | None = Field(default=None, sa_column=sa.Column(sa.String(255)))
    operator_role: OperatorRole | None = Field(default=None, sa_column=sa.Column(stored_as_value(OperatorRole)))
    locale: str = Field(default="zh", sa_column=sa.Column(sa.String(8), nullable=False))
    """`zh` or `en`: the language of messages that the server sends on its own."""
    status: UserStatus = Field(
        default=UserStatus.ACTIVE, sa_column=sa.Column(stored_as_value(UserStatus), nullable=False)
    )
    created_at: datetime = Field(sa_column=at())


class OperatorDistrict(SQLModel, table=True):
    """A district that a city manager answers for; a city manager without any answers for the whole city."""

    __tablename__ = "sh_operator_district"

    user_id: int = Field(sa_column=fk("sh_user.id", primary_key=True))
    district_id: int = Field(sa_column=fk("sh_district.id", primary_key=True))


class LoginSession(SQLModel, table=True):
    """One log-in of one browser. Its token exists only in that browser's cookie."""

    __tablename__ = "sh_login_session"

    id: int | None = Field(default=None, sa_column=pk())
    token_hash: str = Field(sa_column=sa.Column(sa.String(64), nullable=False, unique=True))
    user_id: int = Field(sa_column=fk("sh_user.id", index=True))
    created_at: datetime = Field(sa_column=at())
    seen_at: datetime = Field(sa_column=at())
    """Last use, written at most once a minute."""
    expires_at: datetime = Field(sa_column=at(index=True))
    """Absolute end, whatever the use."""
    revoked_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    ip_hash: str = Field(default="", sa_column=sa.Column(sa.String(64), nullable=False))
    agent_hash: str = Field(default="", sa_column=sa.Column(sa.String(64), nullable=False))


class OtpChallenge(SQLModel, table=True):
    """One code that was sent, bound to a random id, a phone, a role and a purpose."""

    __tablename__ = "sh_otp_challenge"
    __table_args__ = (sa.Index("ix_sh_otp_challenge_phone", "phone_index", "created_at"),)

    id: str = Field(sa_column=sa.Column(sa.String(64), primary_key=True))
    phone_index: str = Field(sa_column=sa.Column(sa.String(64), nullable=False))
    purpose: CodePurpose = Field(sa_column=sa.Column(stored_as_value(CodePurpose), nullable=False))
    role: Role = Field(sa_column=sa.Column(stored_as_value(Role), nullable=False))
    code_hash: str = Field(sa_column=sa.Column(sa.String(64), nullable=False))
    created_at: datetime = Field(sa_column=at())
    expires_at: datetime = Field(sa_column=at())
    tries: int = Field(default=0, sa_column=sa.Column(sa.Integer, nullable=False))
    used_at: datetime | None = Field(default=None, sa_column=at(nullable=True))
    """When it was consumed, or killed by a newer code."""
    ip_hash: str = Field(default="", sa_column=sa.Column(sa.String(64), nullable=False, index=True))


class LoginFailure(SQLModel, table=True):
    """Repeated wrong passwords of one log-in name; the row goes with the next success."""

    __tablename__ = "sh_login_failure"

    name_index: str = Field(sa_column=sa.Column(sa.String(64), primary_key=True))
    """`crypto.blind_index("login", lowercased name)`: also kept for names that do not exist."""
    failures: int = Field(default=0, sa_column=sa.Column(sa.Integer, nullable=False))
    last_at: datetime = Field(sa_column=at())
    locked_until: datetime | None = Field(default=None, sa_column=at(nullable=True))
