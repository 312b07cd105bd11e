"""The inbox: once per key, read by its owner only, worded in both languages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from servicehub import bus
from servicehub.db.database import Database
from servicehub.domain.access import ANONYMOUS
from servicehub.errors import NotLoggedIn
from servicehub.models.customer import Notice
from servicehub.services import notices
from servicehub.texts.notices import NOTICES, notice
from tests.queries.technician_world import NOW, World


def test_the_same_thing_is_said_once(database: Database) -> None:
    def twice(session: Session) -> tuple[bool, bool, int, tuple[str, ...]]:
        world = World(session).build()
        first = notices.send(session, world.customer.id or 0, "departed", key="departed:1", now=NOW, link="/orders/1")
        again = notices.send(session, world.customer.id or 0, "departed", key="departed:1", now=NOW)
        return first, again, len(session.exec(select(Notice)).all()), bus.pending(session)

    first, again, stored, told = database.write_now(twice)
    assert (first, again, stored) == (True, False, 1)
    assert told == ("customer:1",)


def test_a_technicians_notice_wakes_the_technicians_pages(session: Session) -> None:
    world = World(session).build()
    notices.send(session, world.technician.user_id, "offer", key="offer:1", now=NOW)
    assert bus.pending(session) == (f"technician:{world.technician.id}",)


def test_params_are_kept_as_plain_values(session: Session) -> None:
    world = World(session).build()
    notices.send(session, world.customer.id or 0, "refunded", key="r", now=NOW, amount_fen=12600, visit_at=NOW)
    row = session.exec(select(Notice)).one()
    assert row.params == {"amount_fen": 12600, "visit_at": "2026-03-02T02:00:00+00:00"}
    said = notice("zh", row.kind, row.params, now=NOW, tz="Asia/Shanghai")
    assert said == ("退款已发出", "¥126 将原路退回")
    assert notice("en", row.kind, row.params, now=NOW, tz="Asia/Shanghai") == (
        "Refund sent",
        "¥126 go back the way they were paid.",
    )


def test_only_the_owner_marks_a_notice_read(session: Session) -> None:
    world = World(session).build()
    for n in range(3):
        notices.send(session, world.technician.user_id, "offer", key=f"offer:{n}", now=NOW)
    ids = [row.id or 0 for row in session.exec(select(Notice)).all()]
    assert notices.mark_read(session, world.as_customer, ids, now=NOW) == 0
    assert notices.mark_read(session, world.actor, ids[:1], now=NOW) == 1
    assert notices.mark_read(session, world.actor, None, now=NOW + timedelta(minutes=1)) == 2
    with pytest.raises(NotLoggedIn):
        notices.mark_read(session, ANONYMOUS, None, now=NOW)


def test_every_kind_is_worded_and_an_unknown_one_is_not_lost() -> None:
    for kind in [*NOTICES, "from-a-newer-version"]:
        title, body = notice("zh", kind, {}, now=NOW, tz="Asia/Shanghai")
        assert title.isascii() is False, kind
        assert body.isascii() is False, kind
