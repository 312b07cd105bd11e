"""Who may come in: one-time codes, passwords, log-in sessions and the `Actor` behind a session.

Owns every rule about logging in. Sends no message and hashes no password (both are slow: see `workflows.log_in`). Attempts
are counted before anything is compared, in the same statement that checks that one is left; a refusal that must be
remembered is therefore returned, not raised, so that its count is committed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import crypto
from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.domain.technician import TechnicianStatus
from servicehub.errors import BadCode, BadPassword, Invalid, NotAllowed, NotFound, ServiceHubError, TooManyTries
from servicehub.models.account import (
    CodePurpose,
    LoginFailure,
    LoginSession,
    OperatorDistrict,
    OtpChallenge,
    User,
    UserStatus,
)
from servicehub.models.catalog import City
from servicehub.models.technician import Technician

CODE_LIFE = timedelta(minutes=5)
CODE_TRIES = 5
CODE_LIMITS = ((timedelta(minutes=1), 1), (timedelta(hours=1), 5), (timedelta(days=1), 10))
"""How many codes one phone may be sent in how long a time."""
CODE_LIMIT_PER_ADDRESS = (timedelta(hours=1), 20)
PASSWORD_TRIES = 5
LOCK_FIRST = timedelta(minutes=1)
LOCK_LONGEST = timedelta(minutes=15)
SEEN_EVERY = timedelta(minutes=1)
SESSION_LIMITS: dict[Role, tuple[timedelta, timedelta]] = {
    Role.CUSTOMER: (timedelta(days=30), timedelta(days=180)),
    Role.TECHNICIAN: (timedelta(days=30), timedelta(days=180)),
    Role.OPERATOR: (timedelta(minutes=30), timedelta(hours=12)),
}
"""Idle and absolute life of a log-in."""


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a request came from, as hashes only."""

    ip_hash: str = ""
    agent_hash: str = ""


@dataclass(frozen=True, slots=True)
class SentCode:
    """A code on its way. `code` leaves the server only by message, to `phone`; "" when there is nobody to send it to."""

    challenge: str
    phone: str
    code: str


@dataclass(frozen=True, slots=True)
class LogIn:
    """Either a session's `token` for the cookie, or why there is none."""

    token: str = ""
    user_id: int = 0
    role: Role = Role.CUSTOMER
    refusal: ServiceHubError | None = None


@dataclass(frozen=True, slots=True)
class PasswordTry:
    """A counted attempt: what to compare with, or why not to compare."""

    user_id: int = 0
    stored: str | None = None
    refusal: ServiceHubError | None = None


@dataclass(frozen=True, slots=True)
class Principal:
    """A valid session: who it is, and when its use should be noted again."""

    actor: Actor
    session_id: int
    seen_at: datetime


def register(
    session: Session,
    actor: Actor,
    *,
    city_id: int,
    role: Role,
    phone: str,
    display_name: str = "",
    login_name: str | None = None,
    password_hash: str | None = None,
    operator_role: OperatorRole | None = None,
    district_ids: Collection[int] = (),
    locale: str = "zh",
    now: datetime,
) -> User:
    """A new user. Customers register themselves by logging in; the other roles are made by an operator or the platform.

    `district_ids` narrows a city manager to these districts of his city; none: the whole city.

    Raises: BadPhone, Invalid (the phone already has this role).
    """
    if role is not Role.CUSTOMER and actor.role not in (Role.OPERATOR, Role.SYSTEM):
        raise NotAllowed(f"{actor.role} may not make a {role}")
    e164 = crypto.phone_e164(phone)
    index = crypto.blind_index("phone", e164)
    if _user_by_phone(session, role, index) is not None:
        raise Invalid("this phone already has this role")
    user = User(
        city_id=city_id,
        role=role,
        phone_enc=crypto.encrypt(e164, "sh_user.phone_enc"),
        phone_index=index,
        display_name=display_name,
        login_name=login_name.lower() if login_name else None,
        password_hash=password_hash,
        operator_role=operator_role,
        locale=locale,
        created_at=now,
    )
    session.add(user)
    session.flush()
    session.add_all(OperatorDistrict(user_id=user.id or 0, district_id=district_id) for district_id in district_ids)
    session.flush()
    return user


def phone_of(user: User) -> str:
    """The user's phone in E.164, for those who may see it."""
    return crypto.decrypt(user.phone_enc, "sh_user.phone_enc")


def request_code(session: Session, phone: str, role: Role, browser: Browser, *, now: datetime) -> SentCode:
    """A new code for `phone`; earlier ones die. The answer is the same whether or not the phone is known.

    Raises: BadPhone, TooManyTries (`retry_s`), NotAllowed for roles that use passwords.
    """
    if role not in (Role.CUSTOMER, Role.TECHNICIAN):
        raise NotAllowed("operators log in with a password")
    e164 = crypto.phone_e164(phone)
    index = crypto.blind_index("phone", e164)
    _check_sending(session, index, browser.ip_hash, now)
    session.execute(
        sa.update(OtpChallenge)
        .where(col(OtpChallenge.phone_index) == index, col(OtpChallenge.role) == role)
        .where(col(OtpChallenge.purpose) == CodePurpose.LOGIN, col(OtpChallenge.used_at).is_(None))
        .values(used_at=now)
    )
    challenge, code = crypto.new_token(), crypto.new_code()
    session.add(
        OtpChallenge(
            id=challenge,
            phone_index=index,
            purpose=CodePurpose.LOGIN,
            role=role,
            code_hash=_code_hash(challenge, index, role, code),
            created_at=now,
            expires_at=now + CODE_LIFE,
            ip_hash=browser.ip_hash,
        )
    )
    session.flush()
    reachable = role is Role.CUSTOMER or _technician_may_log_in(session, index)
    return SentCode(challenge, e164, code if reachable else "")


def log_in_by_code(
    session: Session, challenge: str, phone: str, code: str, browser: Browser, *, city: str, now: datetime
) -> LogIn:
    """Consume a code. A customer's first log-in registers them in the city with slug `city`."""
    try:
        e164 = crypto.phone_e164(phone)
    except ServiceHubError as refusal:
        return LogIn(refusal=refusal)
    index = crypto.blind_index("phone", e164)
    role = _consume(session, challenge, index, code, now)
    if role is None:
        return LogIn(refusal=BadCode())
    user = _user_by_phone(session, role, index)
    if user is None and role is Role.CUSTOMER:
        city_id = home_city_id(session, city)
        user = register(session, Actor(0, role), city_id=city_id, role=role, phone=e164, now=now)
    if user is None or user.status is not UserStatus.ACTIVE:
        return LogIn(refusal=BadCode())
    if role is Role.TECHNICIAN and not _technician_may_log_in(session, index):
        return LogIn(refusal=BadCode())
    return LogIn(open_session(session, user, browser, now=now), user.id or 0, role)


def begin_password(session: Session, name: str, *, now: datetime) -> PasswordTry:
    """Count an attempt for `name`, known or not, and give what the password must match."""
    key = crypto.blind_index("login", name.strip().lower())
    row = session.get(LoginFailure, key, with_for_update=True)
    if row is None:
        row = LoginFailure(name_index=key, last_at=now)
    if row.locked_until is not None and row.locked_until > now:
        wait = int((row.locked_until - now).total_seconds()) + 1
        return PasswordTry(refusal=TooManyTries(retry_s=wait))
    row.failures, row.last_at = row.failures + 1, now
    if row.failures >= PASSWORD_TRIES:
        row.locked_until = now + min(LOCK_FIRST * 2 ** min(row.failures - PASSWORD_TRIES, 8), LOCK_LONGEST)
    session.add(row)
    session.flush()
    query = select(User).where(col(User.login_name) == name.strip().lower(), col(User.role) == Role.OPERATOR)
    user = session.exec(query.where(col(User.status) == UserStatus.ACTIVE)).first()
    return PasswordTry(user.id or 0, user.password_hash) if user else PasswordTry()


def finish_password(
    session: Session, name: str, user_id: int, browser: Browser, *, new_hash: str | None = None, now: datetime
) -> LogIn:
    """Open the session of an operator whose password matched and forget the failures.

    Raises: BadPassword when the user was suspended meanwhile.
    """
    user = session.get(User, user_id)
    if user is None or user.status is not UserStatus.ACTIVE or user.role is not Role.OPERATOR:
        raise BadPassword
    key = crypto.blind_index("login", name.strip().lower())
    session.execute(sa.delete(LoginFailure).where(col(LoginFailure.name_index) == key))
    if new_hash:
        user.password_hash = new_hash
        session.add(user)
    return LogIn(open_session(session, user, browser, now=now), user_id, user.role)


def open_session(session: Session, user: User, browser: Browser, *, now: datetime) -> str:
    """A fresh session of `user`; its token is known to nobody else and stored as a hash only."""
    token = crypto.new_token()
    session.add(
        LoginSession(
            token_hash=crypto.token_hash(token),
            user_id=user.id or 0,
            created_at=now,
            seen_at=now,
            expires_at=now + SESSION_LIMITS[user.role][1],
            ip_hash=browser.ip_hash,
            agent_hash=browser.agent_hash,
        )
    )
    session.flush()
    return token


def principal(session: Session, token_hash: str, now: datetime) -> Actor | None:
    """Who a session's hash stands for at `now`; None when it was revoked, ended or never existed."""
    found = look_up(session, token_hash, now)
    return found.actor if found else None


def look_up(session: Session, token_hash: str, now: datetime) -> Principal | None:
    """`principal` with what the caller needs to note the session's use (`touch`)."""
    if not token_hash:
        return None
    row = session.execute(
        sa.select(
            col(LoginSession.id),
            col(LoginSession.seen_at),
            col(User.id),
            col(User.role),
            col(User.city_id),
            col(User.operator_role),
            col(Technician.id),
        )
        .join(User, col(User.id) == col(LoginSession.user_id))
        .outerjoin(Technician, sa.and_(col(Technician.user_id) == col(User.id), col(User.role) == Role.TECHNICIAN))
        .where(col(LoginSession.token_hash) == token_hash, col(LoginSession.revoked_at).is_(None))
        .where(col(LoginSession.expires_at) > now, col(User.status) == UserStatus.ACTIVE)
    ).first()
    if row is None or row[1] + SESSION_LIMITS[row[3]][0] <= now:
        return None
    session_id, seen_at, user_id, role, city_id, operator_role, technician_id = row
    if role is Role.TECHNICIAN and technician_id is None:
        return None
    districts = _districts(session, user_id) if operator_role is OperatorRole.CITY_MANAGER else frozenset()
    return Principal(Actor(user_id, role, city_id, technician_id or 0, operator_role, districts), session_id, seen_at)


def _districts(session: Session, user_id: int) -> frozenset[int]:
    query = sa.select(col(OperatorDistrict.district_id)).where(col(OperatorDistrict.user_id) == user_id)
    return frozenset(session.execute(query).scalars())


def touch(session: Session, session_id: int, *, now: datetime) -> None:
    """Note that the session was used, at most once a minute."""
    session.execute(
        sa.update(LoginSession)
        .where(col(LoginSession.id) == session_id, col(LoginSession.seen_at) <= now - SEEN_EVERY)
        .values(seen_at=now)
    )


def log_out(session: Session, token_hash: str, *, now: datetime) -> None:
    """End one session; harmless when it has ended."""
    _revoke(session, col(LoginSession.token_hash) == token_hash, now)


def revoke_all(session: Session, actor: Actor, user_id: int, *, now: datetime) -> None:
    """End every session of a user: their own wish, or the platform's after a suspension.

    Raises: NotAllowed.
    """
    if actor.user_id != user_id and actor.role not in (Role.SYSTEM, Role.OPERATOR):
        raise NotAllowed("only one's own sessions")
    _revoke(session, col(LoginSession.user_id) == user_id, now)


def home_city_id(session: Session, slug: str) -> int:
    """The id of the city that this installation opens with.

    Raises: NotFound before anything was seeded.
    """
    found = session.exec(select(City.id).where(col(City.slug) == slug)).first()
    found = found or session.exec(select(City.id).order_by(col(City.id)).limit(1)).first()
    if found is None:
        raise NotFound("there is no city yet")
    return found


def _revoke(session: Session, which: sa.ColumnElement[bool], now: datetime) -> None:
    session.execute(sa.update(LoginSession).where(which, col(LoginSession.revoked_at).is_(None)).values(revoked_at=now))


def _user_by_phone(session: Session, role: Role, phone_index: str) -> User | None:
    query = select(User).where(col(User.role) == role, col(User.phone_index) == phone_index)
    return session.exec(query).first()


def _technician_may_log_in(session: Session, phone_index: str) -> bool:
    query = (
        select(Technician.id)
        .join(User, col(User.id) == col(Technician.user_id))
        .where(col(User.role) == Role.TECHNICIAN, col(User.phone_index) == phone_index)
        .where(col(User.status) == UserStatus.ACTIVE, col(Technician.status) == TechnicianStatus.ACTIVE)
    )
    return session.exec(query).first() is not None


def _check_sending(session: Session, phone_index: str, ip_hash: str, now: datetime) -> None:
    mine = col(OtpChallenge.phone_index) == phone_index
    for span, most in CODE_LIMITS:
        _refuse_above(session, mine, span, most, now)
    if ip_hash:
        _refuse_above(session, col(OtpChallenge.ip_hash) == ip_hash, *CODE_LIMIT_PER_ADDRESS, now)


def _refuse_above(session: Session, which: sa.ColumnElement[bool], span: timedelta, most: int, now: datetime) -> None:
    recent = sa.select(sa.func.count(), sa.func.min(col(OtpChallenge.created_at))).where(
        which, col(OtpChallenge.created_at) > now - span
    )
    count, oldest = session.execute(recent).one()
    if count >= most:
        raise TooManyTries(retry_s=int((oldest + span - now).total_seconds()) + 1)


def _code_hash(challenge: str, phone_index: str, role: Role, code: str) -> str:
    return crypto.mac("login-code", f"{challenge}|{phone_index}|{role}|{code}")


def _consume(session: Session, challenge: str, phone_index: str, code: str, now: datetime) -> Role | None:
    """The role that the code opens, or None. One try is spent before the comparison; a right code works once."""
    alive = (
        col(OtpChallenge.id) == challenge,
        col(OtpChallenge.phone_index) == phone_index,
        col(OtpChallenge.purpose) == CodePurpose.LOGIN,
        col(OtpChallenge.used_at).is_(None),
        col(OtpChallenge.expires_at) > now,
    )
    counted = session.execute(
        sa.update(OtpChallenge)
        .where(*alive, col(OtpChallenge.tries) < CODE_TRIES)
        .values(tries=col(OtpChallenge.tries) + 1)
        .returning(col(OtpChallenge.role), col(OtpChallenge.code_hash))
    ).first()
    if counted is None or not crypto.same(counted[1], _code_hash(challenge, phone_index, counted[0], code.strip())):
        return None
    used = session.execute(sa.update(OtpChallenge).where(*alive).values(used_at=now))
    return counted[0] if used.rowcount == 1 else None  # type: ignore[attr-defined]
