"""Withheld tax from postings: a quarter adds up to the account, a year to the balances, crews and clawbacks to the fen."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from pypdf import PdfReader
from sqlmodel import Session

from servicehub.adapters import tax_statements as files
from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole
from servicehub.domain.channel import PayoutState
from servicehub.errors import Invalid, NotAllowed, NotFound
from servicehub.models.catalog import Policy
from servicehub.queries import taxes
from servicehub.services import adjustments, ledger, orders, payments, refunds, settlements, withdrawals
from servicehub.viewmodels.taxes import TaxLine, TaxSheet
from tests import journey
from tests.journey import World
from tests.queries.test_tracing import crew_of_two

SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
ZONE = ZoneInfo("Asia/Shanghai")
TAX = {"bp": 2000, "from_fen": 5000}


def taxed(world: World) -> World:
    """A city that withholds 20 % of what a job brings above ¥50."""
    policy = world.session.get_one(Policy, world.town.policy_id)
    commission = {**policy.document.get("commission", {}), "tax": TAX}
    policy.document = {**policy.document, "commission": commission}
    world.session.add(policy)
    world.session.flush()
    return world


def busy(session: Session) -> World:
    """Jobs of two quarters, a tip, a bonus, a penalty, refunds borne by either side, withdrawals of which one came back."""
    world = taxed(journey.build(session, technicians=1))
    who, finance = world.technicians[0], journey.operator(world, OperatorRole.FINANCE)
    for start in ("2026-03-03 14:00", "2026-03-04 09:00", "2026-03-30 09:00"):
        world.now = max(world.now, world.town.local(start) - timedelta(days=1))
        order = world.completed(start_at=world.town.local(start))
        if start.endswith("14:00"):
            refunds.request(session, order, 1_234, "after_sale", technician_bp=5_000, now=world.now)
    world.report(payments.open_tip(session, world.customer, order, 1_500, "simulator", "wechat", now=world.now))
    world.now = world.town.local("2026-04-01 09:00")
    world.completed(start_at=world.town.local("2026-04-02 09:00"))
    orders.refund(session, finance, order.no, 4_321, reason="late", now=world.now)
    settlements.mature_due(session, world.later(days=20))
    adjustments.bonus(session, finance, who.technician_id, 5_000, reason="rain", key="a" * 16, now=world.now)
    adjustments.penalty(session, finance, who.technician_id, 700, reason="x", key="b" * 16, now=world.now)
    for fen, state in ((2_000, PayoutState.SUCCEEDED), (1_500, PayoutState.FAILED)):
        no = withdrawals.request(session, who, fen, "19900000002", "alipay", now=world.now)
        withdrawals.approve(session, finance, no, now=world.now)
        withdrawals.begin(session, no)
        withdrawals.record_result(session, no, state, now=world.now)
    return world


@pytest.fixture
def world(session: Session) -> World:
    return busy(session)


def of_quarter(world: World, period: str, actor: Actor | None = None) -> TaxSheet:
    staff = actor or journey.operator(world, OperatorRole.FINANCE)
    return taxes.quarter(world.session, staff, period, locale="en", now=world.now)


def of_year(world: World, period: str = "", technician: Actor | None = None) -> TaxSheet:
    return taxes.year(world.session, technician or world.technicians[0], period, locale="en", now=world.now)


def assert_sound(sheet: TaxSheet) -> None:
    for line in (*sheet.lines, sheet.total):
        assert line.fens[0] - line.commission_fen - line.tax_fen == line.net_fen
    assert sheet.total.fens == tuple(sum(column) for column in zip(*(line.fens for line in sheet.lines), strict=True))


def test_the_quarters_add_up_to_the_account(world: World) -> None:
    first, second = (of_quarter(world, period) for period in ("2026-Q1", "2026-Q2"))

    for one in (first, second):
        assert_sound(one)
        assert one.total.tax_fen == one.sums[0].fen
    assert first.total.tax_fen + second.total.tax_fen == -ledger.trial(world.session).by_account["tax_payable:iit"] > 0
    assert first.total.commission_fen > 0
    assert [line.label.partition(" #")[2] for line in first.lines] == [str(world.technicians[0].technician_id)]


def test_a_year_is_its_quarters_and_its_balances(world: World) -> None:
    year, parts = of_year(world), [of_quarter(world, f"2026-Q{n}").total for n in (1, 2)]

    assert_sound(year)
    assert [line.label for line in year.lines] == ["2026-03", "2026-04"]
    assert year.total.fens == tuple(a + b for a, b in zip(*(part.fens for part in parts), strict=True))
    opening, closing = (one.fen for one in year.sums)
    assert (opening, year.total.paid_fen) == (0, 2_000)
    assert opening + year.total.net_fen - year.total.paid_fen == closing
    who = world.technicians[0].technician_id
    assert closing == -sum(
        fen
        for code, fen in ledger.trial(world.session).by_account.items()
        if code.split(":")[0] in taxes.OWN and code.split(":")[1] == str(who)
    )


def test_what_is_paid_on_or_put_aside_is_no_income(world: World) -> None:
    session, who = world.session, world.technicians[0].technician_id
    before, year = of_quarter(world, "2026-Q2"), of_year(world)
    ledger.post(session, "v", "voucher", "voucher:1", {ledger.TAX: 300, "cash:bank": -300}, now=world.now)
    aside = {ledger.available(who): 400, f"t_deposit:{who}": -400}
    ledger.post(session, "d", "deposit", f"technician:{who}", aside, now=world.now)

    after = of_quarter(world, "2026-Q2")

    assert (after.lines, after.total) == (before.lines, before.total)
    assert [one.fen for one in after.sums] == [before.total.tax_fen, 300]
    assert of_year(world) == year


def test_a_job_its_tax_and_its_refund_in_full(session: Session) -> None:
    world = taxed(journey.build(session))
    order = world.completed()
    assert of_quarter(world, "2026-Q1").lines == (
        TaxLine(
            of_quarter(world, "2026-Q1").lines[0].label, (10_000, 2_500, 7_500, 500, 7_000, 0),
            "¥100.00", "¥25.00", "¥75.00", "¥5.00", "¥70.00", "¥0.00",
        ),
    )  # fmt: skip

    refunds.request(session, order, 10_000, "after_sale", now=world.now)

    (line,) = of_quarter(world, "2026-Q1").lines
    assert line.fens == (0, 0, 0, 0, 0, 0)


def test_of_a_crew_everybody_has_his_own_line(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    build = journey.build
    monkeypatch.setattr(journey, "build", lambda *args, **more: taxed(build(*args, **more)))
    world, order, companion = crew_of_two(session)
    refunds.request(session, order, 3_333, "after_sale", now=world.now)

    sheet = of_quarter(world, "2026-Q1")

    assert_sound(sheet)
    assert {line.label.partition(" #")[2] for line in sheet.lines} == {
        str(member.technician_id) for member in (order, companion)
    }
    assert sheet.total.tax_fen == -ledger.trial(session).by_account.get("tax_payable:iit", 0)
    mine = of_year(world, technician=world.technician(companion.technician_id))
    assert mine.total.fens in {line.fens for line in sheet.lines}


def test_midnight_is_the_citys(session: Session) -> None:
    world = journey.build(session, technicians=1)
    who, finance = world.technicians[0], journey.operator(world, OperatorRole.FINANCE)
    for n, at in enumerate((datetime(2026, 3, 31, 23, 59, tzinfo=ZONE), datetime(2026, 4, 1, tzinfo=ZONE))):
        adjustments.bonus(session, finance, who.technician_id, 100 + n, reason="x", key=f"{n}" * 16, now=at)
    world.now = datetime(2026, 4, 2, tzinfo=ZONE)

    assert [of_quarter(world, f"2026-Q{n}").total.net_fen for n in (1, 2)] == [100, 101]
    assert [line.label for line in of_year(world).lines] == ["2026-03", "2026-04"]
    assert [one.period for one in taxes.quarters(session, finance, now=world.now)] == ["2026-Q2", "2026-Q1"]


@pytest.mark.parametrize("period", ["", "2026", "2026-Q0", "2026-Q5", "2026-Q4", "2099-Q1", "x", "2026-q1", "'; --"])
def test_what_is_no_quarter_is_refused(world: World, period: str) -> None:
    with pytest.raises(Invalid):
        of_quarter(world, period)


@pytest.mark.parametrize("period", ["2027", "1999", "x", "2026-01", "20266", "'; --"])
def test_what_is_no_year_is_refused(world: World, period: str) -> None:
    with pytest.raises(Invalid):
        of_year(world, period)


def test_each_reads_what_is_his(world: World) -> None:
    session, now = world.session, world.now
    finance, support = (journey.operator(world, role) for role in (OperatorRole.FINANCE, OperatorRole.SUPPORT))
    who = world.technicians[0].technician_id
    elsewhere = journey.operator(journey.build(session), OperatorRole.FINANCE)

    def refused() -> Iterator[Actor]:
        yield from (support, world.customer, world.technicians[0])

    for actor in refused():
        with pytest.raises(NotAllowed):
            of_quarter(world, "2026-Q1", actor)
        with pytest.raises(NotAllowed):
            taxes.quarters(session, actor, now=now)
        with pytest.raises(NotAllowed):
            taxes.year_of(session, actor, who, "2026", locale="en", now=now)
    with pytest.raises(NotAllowed):
        taxes.year(session, finance, "2026", locale="en", now=now)
    with pytest.raises(NotFound):
        taxes.year_of(session, elsewhere, who, "2026", locale="en", now=now)
    assert of_quarter(world, "2026-Q1", elsewhere).lines == ()
    assert of_quarter(world, "2026-Q1", elsewhere).sums[0].fen == of_quarter(world, "2026-Q1", finance).total.tax_fen
    assert taxes.year_of(session, finance, who, "2026", locale="en", now=now) == of_year(world, "2026")


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_files_hold_the_same_figures(world: World, locale: str) -> None:
    staff, later = journey.operator(world, OperatorRole.FINANCE), world.now + timedelta(days=1)
    year = taxes.year(world.session, world.technicians[0], "2026", locale=locale, now=later)  # type: ignore[arg-type]
    quarter = taxes.quarter(world.session, staff, "2026-Q1", locale=locale, now=later)  # type: ignore[arg-type]

    for sheet in (year, quarter):
        book = zipfile.ZipFile(io.BytesIO(files.render(sheet, "xlsx", "ServiceHub")))
        page = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))
        numbers = [
            Decimal(v.text or "") for c in page.iter(f"{SHEET}c") if c.get("t") != "s" for v in c.iter(f"{SHEET}v")
        ]
        fens = [one.fen for one in sheet.sums] + [fen for line in (*sheet.lines, sheet.total) for fen in line.fens]
        assert [int(n * 100) for n in numbers] == fens
    paper = PdfReader(io.BytesIO(files.render(year, "pdf", "ServiceHub <&>")))
    words = " ".join(page.extract_text() for page in paper.pages)
    assert all(f"{fen / 100:.2f}" in words for fen in year.total.fens)


def test_quarters_and_years_on_both_databases(database: Database) -> None:
    def story(session: Session) -> tuple[bool, int, int]:
        world = busy(session)
        sheet = of_quarter(world, "2026-Q1")
        finance = journey.operator(world, OperatorRole.FINANCE)
        shown = {one.period: one.tax for one in taxes.quarters(session, finance, now=world.now)}
        assert shown["2026-Q1"] == sheet.total.tax
        return sheet.total.tax_fen == sheet.sums[0].fen > 0, len(sheet.lines), len(of_year(world).lines)

    assert database.write_now(story) == (True, 1, 2)
