"""The audit trail: chained, serialised between writers, and honest about the row that was altered."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, select

from servicehub import crypto
from servicehub.db.database import Database
from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.errors import NotAllowed
from servicehub.models.account import User
from servicehub.models.audit import AuditEntry
from servicehub.models.catalog import City
from servicehub.services import audits

NOW = datetime(2026, 3, 2, 2, 0, 0, 123456, tzinfo=UTC)


def _operator(session: Session) -> Actor:
    city = City(slug="here", code="31", name_zh="此地", name_en="Here", timezone="Asia/Shanghai", lat=31.2, lng=121.4)
    session.add(city)
    session.flush()
    user = User(
        city_id=city.id,
        role=Role.OPERATOR,
        phone_enc="x",
        phone_index=crypto.blind_index("phone", "+8619900000001"),
        operator_role=OperatorRole.ADMIN,
        created_at=NOW,
    )
    session.add(user)
    session.flush()
    return Actor(user_id=user.id or 0, role=Role.OPERATOR, city_id=city.id or 0, operator_role=OperatorRole.ADMIN)


def _write(session: Session, actor: Actor, n: int) -> None:
    for i in range(n):
        audits.record(
            session,
            actor,
            "order.cancelled",
            f"order:{i}",
            " late ",
            {"fen": i, "b": [1]},
            now=NOW + timedelta(seconds=i),
        )


def test_an_untouched_trail_verifies(session: Session) -> None:
    _write(session, _operator(session), 3)
    session.expire_all()
    verdict = audits.verify(session)
    assert (verdict.entries, verdict.broken_id) == (3, None)
    assert verdict.head == session.exec(select(AuditEntry.chain).order_by(sa.desc(AuditEntry.id)).limit(1)).one()
    assert session.exec(select(AuditEntry.reason)).all() == ["late"] * 3


def test_an_empty_trail_verifies(session: Session) -> None:
    assert audits.verify(session) == audits.Verdict(entries=0, broken_id=None, head="")


def test_a_trail_longer_than_one_batch_verifies(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audits, "_BATCH", 4)
    _write(session, _operator(session), 9)
    assert audits.verify(session).entries == 9


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE sh_audit_entry SET reason = 'other' WHERE id = {second}",
        "UPDATE sh_audit_entry SET data = '{{}}' WHERE id = {second}",
        "UPDATE sh_audit_entry SET actor_id = actor_id, at = '2026-03-02 02:00:09.000000' WHERE id = {second}",
    ],
)
def test_an_altered_row_is_found(session: Session, damage: str) -> None:
    _write(session, _operator(session), 3)
    second = session.exec(select(AuditEntry.id).order_by(AuditEntry.id)).all()[1]
    session.execute(sa.text("DROP TRIGGER sh_audit_update"))
    session.execute(sa.text(damage.format(second=second)))
    session.expire_all()
    assert audits.verify(session).broken_id == second


def test_a_removed_row_is_found(session: Session) -> None:
    _write(session, _operator(session), 3)
    ids = session.exec(select(AuditEntry.id).order_by(AuditEntry.id)).all()
    session.execute(sa.text("DROP TRIGGER sh_audit_delete"))
    session.execute(sa.text(f"DELETE FROM sh_audit_entry WHERE id = {ids[1]}"))
    session.expire_all()
    assert audits.verify(session).broken_id == ids[2]


def test_the_trail_refuses_changes(session: Session) -> None:
    _write(session, _operator(session), 1)
    with pytest.raises(sa.exc.DBAPIError), session.begin_nested():
        session.execute(sa.text("UPDATE sh_audit_entry SET reason = 'x'"))
    assert audits.verify(session).entries == 1


def test_only_operators_write_it(session: Session) -> None:
    with pytest.raises(NotAllowed):
        audits.record(session, Actor(user_id=1, role=Role.CUSTOMER), "order.cancelled", "order:1", now=NOW)
    assert audits.verify(session).entries == 0


def test_parallel_writers_make_one_chain(database: Database) -> None:
    actor = database.write_now(_operator)
    with ThreadPoolExecutor(8) as pool:
        done = [
            pool.submit(database.write_now, audits.record, actor, "contact.revealed", f"order:{i}", now=NOW)
            for i in range(40)
        ]
    assert all(d.exception() is None for d in done)
    assert database.read_now(audits.verify).entries == 40
    assert database.read_now(audits.verify).broken_id is None
