"""Invoices: who may ask, what stands on them, one for an order, and what happens when money goes back."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlmodel import Session, col, select

from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.domain.invoice import InvoiceStatus
from servicehub.errors import Conflict, Invalid, NotAllowed, NotFound, ReasonMissing
from servicehub.models.audit import AuditEntry
from servicehub.models.customer import Notice
from servicehub.models.invoice import Invoice
from servicehub.models.order import Order
from servicehub.queries.invoices import invoice_list, invoice_page, printed
from servicehub.services import invoices, orders, refunds, sums
from tests import city, journey
from tests.crowd import at_once
from tests.journey import World

COMPANY = {"kind": "company", "title": "乙公司", "tax_no": "91110000600037341L"}


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def ask(world: World, order: Order, who: Actor | None = None, **values: str) -> Invoice:
    wanted = {"kind": "person", "title": "测试"} | values
    return invoices.request(world.session, who or world.customer, order.no, now=world.now, **wanted)  # type: ignore[arg-type]


def issue(world: World, invoice: Invoice, role: OperatorRole = OperatorRole.FINANCE, **values: str) -> None:
    invoices.issue(world.session, journey.operator(world, role), invoice.no, now=world.now, **values)


def test_asked_for_issued_and_printed(world: World) -> None:
    order = world.completed()
    invoice = ask(world, order, **COMPANY)
    page = invoice_page(world.session, world.customer, order.no, locale="en")
    assert (page.state, page.title, page.is_company) == ("requested", "乙公司", True)

    issue(world, invoice, fiscal_no="12345678")

    paper = printed(world.session, world.customer, invoice.no, locale="en")
    assert paper.totals.gross == f"{order.total_fen / 100:,.2f}"
    assert dict(paper.facts)["Invoice number"] == "12345678"
    assert dict(paper.facts)["Buyer's taxpayer number"] == COMPANY["tax_no"]
    assert paper.heading == "Invoice"
    actions = list(world.session.exec(select(AuditEntry.action).order_by(col(AuditEntry.id))))
    assert actions[-1] == "invoice.issue"
    assert "invoice_issued" in list(world.session.exec(select(Notice.kind)))


def test_without_a_fiscal_number_it_calls_itself_a_receipt(world: World) -> None:
    invoice = ask(world, world.completed())
    issue(world, invoice)
    assert printed(world.session, world.customer, invoice.no, locale="en").heading == "Receipt (no tax invoice)"


def test_asking_again_changes_the_name_until_it_is_issued(world: World) -> None:
    order = world.completed()
    first = ask(world, order)
    assert ask(world, order, **COMPANY).no == first.no
    issue(world, first)
    with pytest.raises(Conflict):
        ask(world, order)


@pytest.mark.parametrize(
    "values",
    [
        {"title": " x "},
        {"title": "x" * 101},
        {**COMPANY, "tax_no": "91110000600037341A"},
        {**COMPANY, "tax_no": ""},
        {"tax_no": COMPANY["tax_no"]},
    ],
)
def test_bad_names_and_numbers(world: World, values: dict[str, str]) -> None:
    with pytest.raises(invoices.BadTitle):
        ask(world, world.completed(), **values)


def test_who_is_refused(world: World) -> None:
    order = world.completed()
    stranger = Actor(city.add_user(world.session, world.town, Role.CUSTOMER).id or 0, Role.CUSTOMER, world.town.city_id)
    for who, error in ((stranger, NotFound), (journey.operator(world), NotAllowed), (world.technicians[0], NotAllowed)):
        with pytest.raises(error):
            ask(world, order, who)
    with pytest.raises(Invalid):
        ask(world, order, kind="ghost")
    invoice = ask(world, order)
    with pytest.raises(NotAllowed):
        issue(world, invoice, OperatorRole.SUPPORT)
    with pytest.raises(NotAllowed):
        invoice_list(world.session, journey.operator(world, OperatorRole.SUPPORT), "", locale="en")
    for reader in (stranger, world.technicians[0], journey.operator(world, OperatorRole.SUPPORT), world.customer):
        with pytest.raises(NotFound):  # not issued yet
            printed(world.session, reader, invoice.no, locale="en")
    issue(world, invoice)
    with pytest.raises(NotFound):
        printed(world.session, stranger, invoice.no, locale="en")


def test_before_the_end_and_without_money_there_is_none(world: World) -> None:
    order = world.finished()
    with pytest.raises(Conflict):
        ask(world, order)
    assert invoice_page(world.session, world.customer, order.no, locale="en").state == "early"
    orders.confirm(world.session, world.customer, order.no, now=world.now)
    refunds.request(world.session, order, sums.paid_net(world.session, order), "goodwill", now=world.now)
    with pytest.raises(Conflict):
        ask(world, order)


def test_money_that_goes_back_makes_it_wrong_until_it_is_replaced(world: World) -> None:
    order = world.completed()
    finance = journey.operator(world, OperatorRole.FINANCE)
    waiting = ask(world, order)
    refunds.request(world.session, order, 1_000, "goodwill", now=world.now)
    with pytest.raises(invoices.AmountChanged):
        issue(world, waiting)
    assert invoice_list(world.session, finance, "", locale="en").rows[0].is_stale
    issue(world, ask(world, order), fiscal_no="12345678")

    refunds.request(world.session, order, 1_000, "goodwill", now=world.now)
    assert invoice_page(world.session, world.customer, order.no, locale="en").is_stale
    with pytest.raises(ReasonMissing):
        invoices.end(world.session, finance, waiting.no, reason=" ", now=world.now)
    invoices.end(world.session, finance, waiting.no, reason="有退款", now=world.now)
    again = ask(world, order)

    assert (waiting.status, again.amount_fen) == (InvoiceStatus.VOIDED, order.total_fen - 2_000)
    with pytest.raises(Conflict):  # the number is taken for ever
        issue(world, again, fiscal_no="12345678")
    assert dict(printed(world.session, world.customer, waiting.no, locale="en").facts)["Voided"] == "有退款"


def test_sixty_four_who_ask_and_issue_at_once_make_one(database: Database) -> None:
    def prepare(session: Session) -> tuple[Actor, Actor, str]:
        world = journey.build(session)
        return world.customer, journey.operator(world, OperatorRole.FINANCE), world.completed().no

    customer, finance, no = database.write_now(prepare)
    now = city.NOW

    def attempt(_i: int) -> object:
        return database.write_now(_asked, customer, no, now=now)

    assert len(set(at_once(64, attempt))) == 1
    invoice_no = str(database.read_now(lambda s: s.exec(select(Invoice.no)).one()))
    outcomes = at_once(64, lambda _i: database.write_now(invoices.issue, finance, invoice_no, now=now))
    assert Counter(type(o) for o in outcomes) == {type(None): 1, Conflict: 63}


def _asked(session: Session, customer: Actor, no: str, *, now: object) -> str:
    return invoices.request(session, customer, no, kind="person", title="测试", now=now).no  # type: ignore[arg-type]
