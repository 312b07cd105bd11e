"""Codes, passwords and sessions against a real database."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import crypto
from servicehub.adapters.sms import simulator
from servicehub.db import Database
from servicehub.domain.access import SYSTEM, Actor, OperatorRole, Role
from servicehub.domain.technician import Gender, Level, TechnicianStatus, Transport
from servicehub.errors import BadCode, BadPassword, BadPhone, Invalid, NotAllowed, TooManyTries
from servicehub.models.account import LoginSession, OtpChallenge, User, UserStatus
from servicehub.models.catalog import City, District
from servicehub.models.technician import Technician
from servicehub.services import accounts
from servicehub.services.accounts import Browser
from servicehub.workflows import log_in

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
PHONE = "19900000001"
PRO = "19900000002"
HOME = Browser("ip", "agent")


@pytest.fixture(autouse=True)
def _city(database: Database) -> None:
    database.write_now(lambda s: s.add(shanghai()))


def shanghai() -> City:
    return City(
        slug="shanghai", code="31", name_zh="上海", name_en="Shanghai", timezone="Asia/Shanghai", lat=31.2, lng=121.5
    )


def add_technician(session: Session, status: TechnicianStatus = TechnicianStatus.ACTIVE) -> int:
    user = accounts.register(
        session, SYSTEM, city_id=1, role=Role.TECHNICIAN, phone=PRO, display_name="王师傅", now=NOW
    )
    session.add(
        Technician(
            city_id=1,
            user_id=user.id or 0,
            name="王师傅",
            portrait="av-1",
            gender=next(iter(Gender)),
            level=next(iter(Level)),
            transport=next(iter(Transport)),
            status=status,
            home_lat=31.2,
            home_lng=121.5,
            joined_on=date(2025, 1, 1),
        )
    )
    session.flush()
    return user.id or 0


def add_operator(session: Session, password: str) -> int:
    user = accounts.register(
        session,
        SYSTEM,
        city_id=1,
        role=Role.OPERATOR,
        phone="19900000003",
        login_name="Dispatch",
        password_hash=crypto.hash_password(password),
        operator_role=OperatorRole.DISPATCHER,
        now=NOW,
    )
    return user.id or 0


def code_for(database: Database, phone: str = PHONE, role: Role = Role.CUSTOMER, at: datetime = NOW) -> tuple[str, str]:
    sent = database.write_now(accounts.request_code, phone, role, HOME, now=at)
    return sent.challenge, sent.code


def come_in(database: Database, challenge: str, code: str, phone: str = PHONE, at: datetime = NOW) -> accounts.LogIn:
    return database.write_now(accounts.log_in_by_code, challenge, phone, code, HOME, city="shanghai", now=at)


def other(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_the_first_code_registers_a_customer_and_the_second_finds_them(database: Database) -> None:
    first = come_in(database, *code_for(database))
    later = NOW + timedelta(minutes=2)
    second = come_in(database, *code_for(database, at=later), at=later)
    assert first.refusal is None
    assert second.user_id == first.user_id
    assert first.token != second.token
    user = database.read_now(lambda s: s.get(User, first.user_id))
    assert user is not None
    assert (user.role, user.city_id, accounts.phone_of(user)) == (Role.CUSTOMER, 1, "+8619900000001")
    assert PHONE not in user.phone_enc + user.phone_index
    actor = database.read_now(accounts.principal, crypto.token_hash(second.token), later)
    assert actor == Actor(first.user_id, Role.CUSTOMER, 1)


def test_a_code_works_once_only_even_in_parallel(database: Database) -> None:
    challenge, code = code_for(database)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: come_in(database, challenge, code), range(8)))
    assert sum(1 for r in results if r.token) == 1
    assert database.read_now(lambda s: s.exec(select(sa.func.count(col(LoginSession.id)))).one()) == 1


def test_after_five_wrong_codes_the_right_one_is_refused(database: Database) -> None:
    challenge, code = code_for(database)
    for _ in range(5):
        assert isinstance(come_in(database, challenge, other(code)).refusal, BadCode)
    assert isinstance(come_in(database, challenge, code).refusal, BadCode)
    assert database.read_now(lambda s: s.exec(select(OtpChallenge.tries)).one()) == 5


def test_a_code_is_bound_to_its_phone_and_dies_with_time_and_with_a_newer_one(database: Database) -> None:
    challenge, code = code_for(database)
    assert come_in(database, challenge, code, phone="19900000009").refusal is not None
    assert come_in(database, challenge, code, at=NOW + timedelta(minutes=5)).refusal is not None
    later = NOW + timedelta(minutes=1)
    newer = code_for(database, at=later)
    assert come_in(database, challenge, code, at=later).refusal is not None
    assert come_in(database, *newer, at=later).token


def test_one_phone_is_sent_one_code_a_minute_five_an_hour_ten_a_day(database: Database) -> None:
    sent: list[datetime] = []
    for minute in range(24 * 60 - 1):
        at = NOW + timedelta(minutes=minute)
        try:
            database.write_now(accounts.request_code, PHONE, Role.CUSTOMER, Browser(), now=at)
            sent.append(at)
        except TooManyTries:
            continue
        if len(sent) == 10:
            break
    assert [int((at - NOW).total_seconds()) // 60 for at in sent] == [0, 1, 2, 3, 4, 60, 61, 62, 63, 64]
    with pytest.raises(TooManyTries) as refused:
        code_for(database, at=NOW + timedelta(hours=5))
    assert refused.value.params["retry_s"] == 19 * 3600 + 1
    with pytest.raises(TooManyTries):
        code_for(database, at=sent[-1] + timedelta(seconds=59))


def test_an_unknown_technician_gets_the_same_answer_but_no_code(database: Database) -> None:
    challenge, code = code_for(database, PRO, Role.TECHNICIAN)
    assert challenge
    assert code == ""
    for status in (TechnicianStatus.SUSPENDED,):
        database.write_now(add_technician, status)
    assert code_for(database, PRO, Role.TECHNICIAN, NOW + timedelta(minutes=1))[1] == ""


def test_a_technician_is_an_actor_with_their_technician_id(database: Database) -> None:
    user_id = database.write_now(add_technician)
    result = come_in(database, *code_for(database, PRO, Role.TECHNICIAN), phone=PRO)
    actor = database.read_now(accounts.principal, crypto.token_hash(result.token), NOW)
    assert actor == Actor(user_id, Role.TECHNICIAN, 1, technician_id=1)


def test_a_customers_code_opens_no_technician_account_of_the_same_phone(database: Database) -> None:
    database.write_now(add_technician)
    result = come_in(database, *code_for(database, PRO, Role.CUSTOMER), phone=PRO)
    assert result.role is Role.CUSTOMER


def test_sessions_end_by_log_out_by_revocation_by_idleness_and_by_age(database: Database) -> None:
    token = come_in(database, *code_for(database)).token
    key = crypto.token_hash(token)

    def actor_at(at: datetime) -> Actor | None:
        return database.read_now(accounts.principal, key, at)

    assert actor_at(NOW + timedelta(days=29)) is not None
    assert actor_at(NOW + timedelta(days=30)) is None
    for day in range(20, 200, 20):
        database.write_now(accounts.touch, 1, now=NOW + timedelta(days=day))
    assert actor_at(NOW + timedelta(days=179)) is not None
    assert actor_at(NOW + timedelta(days=180)) is None
    with pytest.raises(NotAllowed):
        database.write_now(accounts.revoke_all, Actor(99, Role.CUSTOMER), 1, now=NOW)
    assert actor_at(NOW) is not None
    database.write_now(accounts.log_out, key, now=NOW)
    assert actor_at(NOW) is None
    assert database.read_now(accounts.principal, token, NOW) is None


def test_a_suspended_user_is_out_at_once(database: Database) -> None:
    result = come_in(database, *code_for(database))

    def suspend(session: Session) -> None:
        user = session.get(User, result.user_id)
        assert user is not None
        user.status = UserStatus.SUSPENDED
        session.add(user)

    database.write_now(suspend)
    assert database.read_now(accounts.principal, crypto.token_hash(result.token), NOW) is None
    later = NOW + timedelta(minutes=2)
    assert isinstance(come_in(database, *code_for(database, at=later), at=later).refusal, BadCode)


def test_a_phone_has_each_role_once(database: Database) -> None:
    database.write_now(add_technician)
    with pytest.raises(Invalid):
        database.write_now(add_technician)
    with pytest.raises(NotAllowed):
        database.write_now(
            lambda s: accounts.register(s, Actor(1, Role.CUSTOMER), city_id=1, role=Role.OPERATOR, phone=PHONE, now=NOW)
        )


def test_operators_log_in_by_password_and_are_idle_after_half_an_hour(database: Database) -> None:
    user_id = database.write_now(add_operator, "correct horse")
    result = asyncio.run(log_in.by_password(database, " dispatch ", "correct horse", HOME, now=NOW))
    key = crypto.token_hash(result.token)
    actor = database.read_now(accounts.principal, key, NOW + timedelta(minutes=29))
    assert actor == Actor(user_id, Role.OPERATOR, 1, operator_role=OperatorRole.DISPATCHER)
    assert database.read_now(accounts.principal, key, NOW + timedelta(minutes=30)) is None


def test_five_wrong_passwords_lock_the_name_for_a_minute_whether_or_not_it_exists(database: Database) -> None:
    database.write_now(add_operator, "correct horse")
    for name in ("dispatch", "nobody"):
        for _ in range(5):
            with pytest.raises(BadPassword):
                asyncio.run(log_in.by_password(database, name, "wrong", HOME, now=NOW))
        with pytest.raises(TooManyTries):
            asyncio.run(log_in.by_password(database, name, "correct horse", HOME, now=NOW + timedelta(seconds=59)))
    later = NOW + timedelta(seconds=60)
    assert asyncio.run(log_in.by_password(database, "dispatch", "correct horse", HOME, now=later)).token


def test_a_code_is_sent_by_message_in_the_readers_language(database: Database) -> None:
    challenge = asyncio.run(log_in.send_code(database, PHONE, Role.CUSTOMER, HOME, locale="en", now=NOW))
    text = simulator().last("+8619900000001")
    code = text.split("code is ")[1][:6]
    assert code.isdigit()
    assert asyncio.run(log_in.by_code(database, challenge, PHONE, code, HOME, now=NOW)).token
    with pytest.raises(BadCode):
        asyncio.run(log_in.by_code(database, challenge, PHONE, code, HOME, now=NOW))
    with pytest.raises(BadPhone):
        asyncio.run(log_in.send_code(database, "12", Role.CUSTOMER, HOME, locale="en", now=NOW))


def test_a_city_manager_acts_in_the_districts_that_are_theirs(database: Database) -> None:
    def story(session: Session) -> None:
        pudong = District(
            city_id=1, adcode="310115", name_zh="浦东新区", name_en="Pudong", lat=31.2, lng=121.5, status="open"
        )
        session.add(pudong)
        session.flush()
        common = {"city_id": 1, "role": Role.OPERATOR, "operator_role": OperatorRole.CITY_MANAGER, "now": NOW}
        narrow = accounts.register(session, SYSTEM, phone="19900000091", district_ids=[pudong.id], **common)
        whole = accounts.register(session, SYSTEM, phone="19900000092", **common)
        for manager, expected in ((narrow, {pudong.id}), (whole, set())):
            token = accounts.open_session(session, manager, HOME, now=NOW)
            actor = accounts.principal(session, crypto.token_hash(token), NOW)
            assert actor is not None
            assert actor.district_ids == expected

    database.write_now(story)
