"""A technician's month: opening + movements = closing, whatever happened, and the same figures in both files."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from servicehub.adapters import statements as files
from servicehub.domain.access import Actor, OperatorRole
from servicehub.domain.channel import PayoutState
from servicehub.errors import Invalid, NotAllowed
from servicehub.queries.statements import statement
from servicehub.services import adjustments, ledger, orders, payments, settlements, withdrawals
from tests import journey
from tests.city import NOW
from tests.journey import World

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def world(session: Session) -> World:
    """Two months of a technician: jobs, a tip, a bonus, a penalty, a refund, a withdrawal and one that came to nothing."""
    world = journey.build(session, technicians=1)
    who, finance = world.technicians[0], journey.operator(world, OperatorRole.FINANCE)
    for start in ("2026-03-03 14:00", "2026-03-04 09:00"):
        order = world.completed(start_at=world.town.local(start))
    tip = payments.open_tip(session, world.customer, order, 1_500, "simulator", "wechat", now=world.now)
    world.report(tip)
    orders.refund(session, finance, order.no, 1_234, reason="late", now=world.now)
    settlements.mature_due(session, world.later(days=20))
    adjustments.bonus(session, finance, who.technician_id, 5_000, reason="rain", key="a" * 16, now=world.now)
    no = withdrawals.request(session, who, 2_000, "19900000002", "alipay", now=world.now)
    withdrawals.approve(session, finance, no, now=world.now)
    withdrawals.begin(session, no)
    withdrawals.record_result(session, no, PayoutState.SUCCEEDED, now=world.now)
    adjustments.penalty(session, finance, who.technician_id, 99_999, reason="x", key="b" * 16, now=world.later(days=15))
    return world


def owed(session: Session, technician_id: int) -> int:
    total = 0
    for code, fen in ledger.trial(session).by_account.items():
        kind, _, rest = code.partition(":")
        own = ("t_pending", "t_avail", "t_withdraw", "t_deposit", "tech_debt")
        if kind in own and rest.partition(":")[0] == str(technician_id):
            total -= fen
    return total


def test_every_month_begins_where_the_last_one_ended(world: World) -> None:
    who, later = world.technicians[0], world.now + timedelta(days=1)
    march, april = (statement(world.session, who, m, locale="en", now=later) for m in ("2026-03", "2026-04"))

    for one in (march, april):
        assert one.opening.fen + sum(row.amount_fen for row in one.rows) == one.closing.fen
        assert sum(part.fen for part in one.parts) == one.closing.fen
        assert sum(s.fen for s in one.sums) == one.closing.fen - one.opening.fen
    assert (march.opening.fen, march.closing.fen) == (0, april.opening.fen)
    assert april.closing.fen == owed(world.session, who.technician_id)
    assert (march.before, march.after, april.before, april.after) == ("", "2026-04", "2026-03", "")
    kinds = [row.title for row in march.rows]
    assert kinds == ["Order settled", "Order settled", "Tip", "Refund after settlement", "Bonus", "Withdrawal"]
    assert [row.title for row in april.rows] == ["Penalty"]
    assert april.closing.fen < 0


def test_a_settled_row_is_labour_less_commission(world: World) -> None:
    march = statement(world.session, world.technicians[0], "2026-03", locale="zh", now=world.now)
    for row in march.rows[:2]:
        assert row.amount_fen == row.labour_fen + row.passed_fen + row.commission_fen
        assert row.order_no


def test_midnight_is_the_citys(session: Session) -> None:
    world = journey.build(session, technicians=1)
    who, finance = world.technicians[0], journey.operator(world, OperatorRole.FINANCE)
    zone = ZoneInfo("Asia/Shanghai")
    for n, at in enumerate((datetime(2026, 3, 31, 23, 59, tzinfo=zone), datetime(2026, 4, 1, tzinfo=zone))):
        adjustments.bonus(session, finance, who.technician_id, 100 + n, reason="x", key=f"{n}" * 16, now=at)

    now = datetime(2026, 4, 2, tzinfo=zone)
    assert [
        [row.amount_fen for row in statement(session, who, month, locale="en", now=now).rows]
        for month in ("2026-03", "2026-04")
    ] == [[100], [101]]


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "x", "2027-01", "2026-04-01", "'; --"])
def test_what_is_no_month_is_refused(world: World, month: str) -> None:
    with pytest.raises(Invalid):
        statement(world.session, world.technicians[0], month, locale="en", now=NOW)


def test_customers_have_none(world: World) -> None:
    with pytest.raises(NotAllowed):
        statement(world.session, world.customer, "", locale="en", now=NOW)


def test_somebody_else_has_his_own(world: World) -> None:
    nobody = Actor(1, world.technicians[0].role, world.town.city_id, 0)
    other = journey.actor_of(journey.city.add_technician(world.session, world.town))
    assert nobody.technician_id == 0
    assert statement(world.session, other, "2026-03", locale="en", now=world.now).rows == ()


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_both_files_hold_the_same_figures(world: World, locale: str) -> None:
    march = statement(world.session, world.technicians[0], "2026-03", locale=locale, now=world.now)  # type: ignore[arg-type]

    assert files.render(march, "pdf", "ServiceHub <&>").startswith(b"%PDF-")
    book = zipfile.ZipFile(io.BytesIO(files.render(march, "xlsx", "ServiceHub")))
    sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))
    numbers = [Decimal(v.text or "") for c in sheet.iter(f"{SHEET}c") if c.get("t") != "s" for v in c.iter(f"{SHEET}v")]
    amounts = [
        fen
        for row in march.rows
        for fen in (row.labour_fen, row.passed_fen, row.commission_fen, row.tax_fen, row.amount_fen)
    ]
    balances = [one.fen for one in (march.opening, *march.sums, march.closing, *march.parts)]
    total = sum(row.amount_fen for row in march.rows)
    assert [int(n * 100) for n in numbers] == [*balances, *amounts, total]


def test_an_empty_month_is_a_page_too(session: Session) -> None:
    world = journey.build(session, technicians=1)
    empty = statement(session, world.technicians[0], "", locale="zh", now=NOW)
    assert (empty.opening.fen, empty.closing.fen, empty.rows) == (0, 0, ())
    assert files.render(empty, "pdf", "ServiceHub").startswith(b"%PDF-")
