"""A message that fits nothing is looked at once, by finance, with a reason, and stays in the inbox."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole
from servicehub.domain.channel import Report
from servicehub.errors import Conflict, NotAllowed, NotFound, ReasonMissing
from servicehub.models.audit import AuditEntry
from servicehub.models.payment import ChannelEvent
from servicehub.queries.money import ledger_health
from servicehub.queries.operator.attention import attention
from servicehub.queries.operator.books import suspects as parked
from servicehub.services import payments, suspects
from tests import journey
from tests.city import NOW
from tests.crowd import at_once

ID = "msg-1"


def park(session: Session) -> list[Actor]:
    """A parked message; finance, an administrator, support."""
    world = journey.build(session)
    payments.record(session, Report("wechat", ID, "payment", "P-unknown", 1, raw="{}"), now=NOW)
    payments.record(session, Report("alipay", ID, "payment", "P-unknown", 1, raw="{}"), now=NOW)
    return [journey.operator(world, role) for role in (OperatorRole.FINANCE, OperatorRole.ADMIN, OperatorRole.SUPPORT)]


def waiting(session: Session, actor: Actor) -> tuple[list[str], int]:
    """What the overview says, and how many the ledger counts."""
    alerts = attention(session, actor, locale="en", now=NOW)
    return [one.title for one in alerts if one.key == "suspect"], ledger_health(
        session, actor, now=NOW, locale="en"
    ).suspects


def test_looked_at_with_a_reason_it_waits_no_more_and_is_kept(session: Session) -> None:
    finance, *_rest = park(session)
    assert waiting(session, finance) == (["2 payment messages parked as suspect"], 2)

    suspects.close(session, finance, "wechat", ID, reason="  测试号  ", now=NOW)

    row = session.get_one(ChannelEvent, ("wechat", ID))
    assert (row.result, row.closed_by, row.closed_at, row.closed_reason) == ("suspect", finance.user_id, NOW, "测试号")
    assert waiting(session, finance) == (["1 payment message parked as suspect"], 1)
    (entry,) = session.exec(select(AuditEntry)).all()
    assert (entry.action, entry.subject, entry.reason) == ("suspect.close", f"message:wechat:{ID}", "测试号")
    shown = parked(session, finance, locale="zh", now=NOW)
    assert [(one.channel, one.is_open, one.closed != "") for one in shown] == [
        ("alipay", True, False),
        ("wechat", False, True),
    ]


def test_only_finance_with_a_reason_and_only_what_is_suspect(session: Session) -> None:
    finance, _admin, support = park(session)
    with pytest.raises(NotAllowed):
        suspects.close(session, support, "wechat", ID, reason="x", now=NOW)
    with pytest.raises(ReasonMissing):
        suspects.close(session, finance, "wechat", ID, reason=" ", now=NOW)
    session.get_one(ChannelEvent, ("alipay", ID)).result = "paid"
    session.flush()
    for channel in ("alipay", "stripe"):
        with pytest.raises(NotFound):
            suspects.close(session, finance, channel, ID, reason="x", now=NOW)
    assert session.exec(select(AuditEntry)).all() == []


def test_many_look_at_once_and_one_of_them_closes_it(database: Database) -> None:
    finance, admin, _support = database.write_now(park)

    def look(i: int) -> str:
        database.write_now(suspects.close, (finance, admin)[i % 2], "wechat", ID, reason=f"{i}", now=NOW)
        return "did"

    found = at_once(64, look)

    assert found.count("did") == 1
    assert sum(isinstance(one, Conflict) for one in found) == 63
    assert len(database.read_now(lambda s: s.exec(select(AuditEntry)).all())) == 1
