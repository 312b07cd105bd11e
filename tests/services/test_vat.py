"""Value-added tax: of what was sold, once for each day, whatever comes late, and paid on by two people."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import db
from servicehub.db import Database, migrations
from servicehub.domain.access import OperatorRole
from servicehub.domain.vat import COST, PAYABLE
from servicehub.domain.voucher import VoucherKind
from servicehub.errors import NotAllowed
from servicehub.jobs import ticks
from servicehub.models.payment import Payment
from servicehub.models.vat import VatDay
from servicehub.queries import vat as reading
from servicehub.queries import vouchers as vouchers_shown
from servicehub.services import ledger, orders, refunds, vat, vouchers
from servicehub.settings import get_settings
from servicehub.viewmodels.taxes import VatMonth
from servicehub.workflows import proving
from tests import journey
from tests.city import NOW
from tests.crowd import at_once
from tests.journey import World

PRICE = 10_000
RATE = 600
TAX = 566
"""Of 100.00 with 6 % in it."""


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def days(session: Session) -> list[tuple[date, int, int]]:
    rows = session.exec(select(VatDay).order_by(col(VatDay.day)))
    return [(row.day, row.sold_fen, row.tax_fen) for row in rows if row.sold_fen]


def owed(session: Session) -> int:
    return ledger.balance(session, PAYABLE)


def test_a_day_owes_the_tax_of_what_was_settled_in_it(world: World) -> None:
    world.completed()
    sold_on = vat.day_of(world.now)
    vat.book_due(world.session, RATE, now=world.now)
    assert days(world.session) == [], "the day is not over"

    vat.book_due(world.session, RATE, now=world.later(days=1))

    assert days(world.session) == [(sold_on, PRICE, TAX)]
    assert (owed(world.session), ledger.balance(world.session, COST)) == (TAX, TAX)
    assert vat.book_due(world.session, RATE, now=world.now) == 0
    assert (vat.problems(world.session), ledger.verify(world.session)) == ([], [])


def test_what_is_given_back_lowers_the_day_on_which_it_is(world: World) -> None:
    order = world.completed()
    vat.book_due(world.session, RATE, now=world.later(days=1))
    refunds.request(world.session, order, PRICE, "after_sale", now=world.now)
    given_back_on = vat.day_of(world.now)

    vat.book_due(world.session, RATE, now=world.later(days=1))

    assert days(world.session)[-1] == (given_back_on, -PRICE, -TAX)
    assert owed(world.session) == 0


def test_a_fee_for_cancelling_is_sold(world: World) -> None:
    order = journey.without_free(world).accepted()
    world.now = order.start_at - timedelta(hours=1)
    orders.cancel(world.session, world.customer, order.no, reason="", expected_refund_fen=8000, now=world.now)

    vat.book_due(world.session, RATE, now=world.later(days=1))

    assert owed(world.session) == 113


def test_a_payment_of_an_order_that_is_open_or_cancelled_sells_nothing(world: World) -> None:
    order = world.book()
    world.pay(order)
    world.pay(world.book(start_at=world.town.local("2026-03-04 14:00")))
    orders.cancel(world.session, world.customer, order.no, reason="plans", expected_refund_fen=PRICE, now=world.now)

    assert vat.book_due(world.session, RATE, now=world.later(days=1)) == 1
    assert (days(world.session), owed(world.session)) == ([], 0)


def test_days_that_were_missed_are_booked_each_for_itself_and_what_came_late_once(world: World) -> None:
    world.completed()
    first = vat.day_of(world.now)
    vat.book_due(world.session, RATE, now=world.later(days=1))
    late = world.now - timedelta(days=1)  # an entry that names a moment of a day that is booked
    ledger.post(
        world.session,
        "late",
        "settlement",
        "order:0",
        {"escrow:1": 0, "cash:wechat": 500, ledger.COMMISSION: -500},
        now=late,
    )

    assert vat.book_due(world.session, RATE, now=world.later(days=3)) == 3

    assert days(world.session) == [(first, PRICE, TAX), (first + timedelta(days=1), 500, 28)]


def test_without_a_taxpayer_number_nothing_is_owed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.completed()
    ticks.book_vat(world.session, world.later(days=1))
    assert (owed(world.session), len(days(world.session))) == (0, 1)

    world.completed(start_at=world.town.local("2026-03-06 14:00"))
    monkeypatch.setattr(get_settings(), "invoice_seller_tax_no", "91310000MA1FAKE00X")
    ticks.book_vat(world.session, world.later(days=1))

    assert owed(world.session) == 99, "one percent of the second order; the first one's day was free"


def test_it_is_shown_by_month_and_paid_on_by_two_people(world: World) -> None:
    world.completed()
    vat.book_due(world.session, RATE, now=world.later(days=1))
    finance, admin = (journey.operator(world, role) for role in (OperatorRole.FINANCE, OperatorRole.ADMIN))

    (month,) = reading.months(world.session, finance, now=world.now, locale="en")
    assert month == VatMonth("2026-03", "¥100.00", "6%", "¥5.66")
    with pytest.raises(NotAllowed):
        reading.months(world.session, world.customer, now=world.now, locale="en")

    ledger.post(world.session, "bank", "test", "test", {"cash:bank": TAX, "cash:wechat": -TAX}, now=world.now)
    shown = vouchers_shown.page(world.session, finance, now=world.now, locale="en")
    assert [(p.name, p.most) for p in shown.positions if p.kind == "vat_paid"] == [("VAT, to be paid", "5.66")]
    made = vouchers.propose(world.session, finance, VoucherKind.VAT_PAID, "", TAX, reason="3月增值税", now=world.now)
    vouchers.agree(world.session, admin, made, now=world.now)
    assert (owed(world.session), ledger.balance(world.session, "cash:bank")) == (0, 0)


def test_the_nightly_proof_finds_a_day_that_owes_something_else(world: World) -> None:
    world.completed()
    vat.book_due(world.session, RATE, now=world.later(days=1))
    world.session.execute(sa.update(VatDay).where(col(VatDay.sold_fen) != 0).values(tax_fen=col(VatDay.tax_fen) + 1))

    (problem,) = proving._looked(world.session)[1]
    assert problem.startswith("VAT of 2026-03-0")


def test_of_many_at_once_one_books_a_day(database: Database) -> None:
    def prepare(session: Session) -> None:
        journey.build(session).completed()

    database.write_now(prepare)
    later = NOW + timedelta(days=4)
    booked = at_once(64, lambda _i: database.write_now(vat.book_due, RATE, now=later, limit=40))

    counted = Counter(booked)
    assert sum(times * count for times, count in counted.items() if isinstance(times, int)) == len(
        database.read_now(lambda s: s.exec(select(VatDay)).all())
    )
    assert database.read_now(owed) == TAX
    assert database.read_now(lambda s: s.exec(select(sa.func.count(col(Payment.id)))).one()) == 1
    assert database.read_now(vat.problems) == []


def test_what_was_sold_before_the_upgrade_is_not_taxed(database_url: str) -> None:
    def prepare(session: Session) -> None:
        journey.build(session).completed()

    db.open_database(database_url).write_now(prepare)
    db.close_database()
    migrations.downgrade(database_url, "0033")
    migrations.upgrade(database_url)
    database = db.open_database(database_url)
    try:
        database.write_now(vat.book_due, RATE, now=NOW + timedelta(days=4))
        assert [row[1:] for row in database.read_now(days)] == [(PRICE, 0)]
        assert database.read_now(owed) == 0
    finally:
        db.close_database()
