"""From a payment to every account that it touched, and back; and the statements of accounts."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlmodel import Session, col, select

from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole
from servicehub.domain.channel import PayoutState, Report
from servicehub.domain.chargeback import ChargebackStatus
from servicehub.domain.reconciliation import BillLine, LineKind
from servicehub.domain.sharing import ShareAnswer, ShareKind, ShareState
from servicehub.errors import NotAllowed
from servicehub.models.ledger import Posting
from servicehub.models.order import Order, load_companions
from servicehub.models.payment import Payment, Refund
from servicehub.models.reconciliation import Bill, Difference
from servicehub.models.sharing import Share
from servicehub.models.withdrawal import Withdrawal
from servicehub.queries import accounts, tracing
from servicehub.services import (
    chargebacks,
    dispatching,
    fulfilment,
    ledger,
    orders,
    refunds,
    settlements,
    shares,
    withdrawals,
)
from servicehub.services import reconciliation as working
from servicehub.services.payments import OutcomeKind
from servicehub.settings import get_settings
from servicehub.viewmodels.books import Trace, TracePart
from tests import journey
from tests.city import NOW
from tests.journey import World


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def look(world: World, number: str, actor: Actor | None = None) -> Trace:
    return tracing.trace(world.session, actor or journey.operator(world), number, locale="en")


def kinds(trace: Trace) -> list[str]:
    return [entry.kind for entry in trace.entries]


def part(trace: Trace, key: str) -> TracePart:
    return next(one for one in trace.parts if one.key.startswith(key))


def paid(world: World, order: Order) -> Payment:
    return world.session.exec(select(Payment).where(Payment.order_id == order.id)).one()


def crew_of_two(session: Session) -> tuple[World, Order, Order]:
    """A finished and confirmed visit of two people: the lead and the companion."""
    world = journey.build(session, technicians=4, crew_size=2)
    order = world.book()
    world.pay(order)
    (companion,) = load_companions(session, [order.id or 0])[order.id or 0]
    for member in (order, companion):
        offer = world.offer(member)
        dispatching.accept(session, world.technician(offer.technician_id), offer.id or 0, now=world.now)
    world.now = order.start_at - timedelta(minutes=10)
    session.expire_all()
    for member in (order, companion):
        actor = world.technician(member.technician_id)
        fulfilment.depart(session, actor, member.no, now=world.now)
        fulfilment.arrive(session, actor, member.no, member.lat, member.lng, now=world.now)
    world.start(order)
    world.finish(order)
    orders.confirm(session, world.customer, order.no, now=world.now)
    return world, order, companion


def withdraw(world: World, technician: Actor, fen: int, state: PayoutState = PayoutState.SUCCEEDED) -> str:
    finance = journey.operator(world, OperatorRole.FINANCE)
    no = withdrawals.request(world.session, technician, fen, "19900000002", "alipay", now=world.now)
    withdrawals.approve(world.session, finance, no, now=world.now)
    withdrawals.begin(world.session, no)
    withdrawals.record_result(world.session, no, state, now=world.now)
    return no


def test_any_number_leads_to_its_entries(world: World) -> None:
    order = world.book()
    payment = world.open_payment(order)
    world.report(payment)
    world.session.refresh(payment)

    for number in (order.no, payment.no, payment.channel_no or "", f"escrow:{order.id}", f"pay:{payment.no}"):
        found = look(world, number)
        assert [entry.order_no for entry in found.entries] == [order.no], number
    assert look(world, order.no).sum == look(world, f"pay:{payment.no}").sum == "¥0.00"
    for nothing in ("nothing", "", " ", "escrow:999999", "W" * 80, "'; --"):
        assert look(world, nothing).entries == ()


def test_a_trace_is_for_those_who_read_the_ledger(world: World) -> None:
    order = world.book()
    for actor in (
        journey.operator(world, OperatorRole.DISPATCHER), journey.operator(world, OperatorRole.SUPPORT),
        world.customer, world.technicians[0],
    ):  # fmt: skip
        with pytest.raises(NotAllowed):
            look(world, order.no, actor)
        with pytest.raises(NotAllowed):
            accounts.account(world.session, actor, f"escrow:{order.id}", 1, locale="en")
        with pytest.raises(NotAllowed):
            accounts.group(world.session, actor, "escrow", 1, locale="en")


def test_a_companion_s_part_belongs_to_the_payment(session: Session) -> None:
    world, order, companion = crew_of_two(session)
    settlements.mature_due(session, world.later(days=20))

    for number in (paid(world, order).no, order.no, companion.no):
        found = look(world, number)
        assert kinds(found) == ["payment", "settlement", "settlement", "points"], number
        assert [entry.order_no for entry in found.entries] == [order.no, order.no, companion.no, order.no]
        assert {f"t_avail:{one.technician_id}" for one in (order, companion)} <= {one.code for one in found.touched}
        assert len(part(found, "matured").entries) == 2
        assert found.sum == "¥0.00"
        assert {ref.text for ref in found.refs} == {order.no, companion.no}


def test_what_each_account_got_of_it(world: World) -> None:
    order = world.completed()
    settlements.mature_due(world.session, world.later(days=20))

    touched = {one.code: (one.debit, one.credit, one.left) for one in look(world, order.no).touched}

    who = order.technician_id
    assert touched == {
        "cash:simulator": ("¥100.00", "", "¥100.00"), f"escrow:{order.id}": ("¥100.00", "¥100.00", "¥0.00"),
        "commission:service": ("", "¥25.00", "−¥25.00"), f"t_pending:{who}:{order.id}": ("¥75.00", "¥75.00", "¥0.00"),
        f"t_avail:{who}": ("", "¥75.00", "−¥75.00"), "comp:points": ("¥1.00", "", "¥1.00"),
        f"points:{order.customer_id}": ("", "¥1.00", "−¥1.00"),
    }  # fmt: skip


def test_refunds_are_part_of_it_and_lead_back(world: World) -> None:
    order = world.completed()
    refunds.request(world.session, order, 4000, "after_sale", now=world.now)
    refund = world.session.exec(select(Refund).where(Refund.order_id == order.id)).one()

    found = look(world, refund.no)

    assert kinds(found)[-2:] == ["clawback", "points_back"]
    clawback = found.entries[-2]
    assert [(ref.kind, ref.full, ref.link) for ref in clawback.refs] == [
        ("Order", order.no, f"/operator/orders/{order.no}/"),
        ("Refund", refund.no, f"/operator/ledger/?q={refund.no}"),
    ]
    assert found.entries[0].refs[1].full == paid(world, order).no


def test_withdrawals_drew_on_the_same_account_as_long_as_something_of_it_can_be_there(session: Session) -> None:
    world = journey.build(session, technicians=1)
    who = world.technicians[0]
    early = world.completed()
    settlements.mature_due(session, world.later(days=20))
    assert part(look(world, early.no), "drawn").entries == ()
    failed = withdraw(world, who, 2_000, PayoutState.FAILED)
    first, second = withdraw(world, who, 5_000), withdraw(world, who, 2_500)
    late = world.completed(start_at=world.now.replace(hour=6) + timedelta(days=2))
    settlements.mature_due(session, world.later(days=20))
    world.later(days=2)
    third = withdraw(world, who, 7_500)

    def drawn(order: Order) -> list[str]:
        found = part(look(world, order.no), "drawn")
        assert f"t_avail:{who.technician_id}" in found.note
        assert "¥75.00" in found.note
        return list(dict.fromkeys(entry.refs[0].full for entry in found.entries))

    assert drawn(early) == [first, second], "after them nothing of it is left"
    assert drawn(late) == [third]
    assert failed not in drawn(early)

    back = look(world, third)
    assert kinds(back) == ["withdrawal", "withdrawal"]
    assert [entry.order_no for entry in part(back, "received").entries] == [late.no]
    assert [(ref.kind, ref.link) for ref in back.refs] == [
        ("Technician", f"/operator/technicians/{who.technician_id}/")
    ]


def test_the_bill_of_the_day_with_its_fee_and_corrections(world: World) -> None:
    order = world.book()
    payment = world.open_payment(order)
    world.report(payment)
    day = date(2026, 3, 2)
    lines = [
        BillLine(LineKind.PAYMENT, payment.no, payment.amount_fen - 100, 60),
        BillLine(LineKind.PAYMENT, "Pelse", 5, 1),
    ]
    working.take(world.session, "simulator", day, lines, now=NOW)
    first, second = (journey.operator(world, OperatorRole.FINANCE) for _ in range(2))
    for difference in world.session.exec(select(Difference)).all():
        working.propose(world.session, first, difference.id or 0, reason="x", now=NOW)
        working.agree(world.session, second, difference.id or 0, now=NOW)

    billed = part(look(world, payment.no), "billed")

    assert [entry.kind for entry in billed.entries] == ["channel_fee", "reconciliation"]
    assert billed.entries[0].amount == "¥0.61"
    assert "¥0.60" in billed.note
    bill = world.session.exec(select(Bill)).one()
    (ref,) = billed.entries[0].refs
    assert (ref.kind, ref.link) == ("Bill", f"/operator/reconciliation/?bill={bill.id}")
    about = look(world, "bill:simulator:2026-03-02")
    assert kinds(about) == ["channel_fee", "reconciliation", "reconciliation"]


def test_shares_of_a_partner_s_payment(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "settlement_mode", "partner")
    world = journey.build(session)
    order = world.completed()
    share = session.exec(select(Share).where(Share.kind == ShareKind.SHARE)).one()
    shares.begin(session, share.no, now=world.now)
    shares.record_result(session, share.no, ShareAnswer(ShareState.SUCCEEDED, ""), now=world.now)

    found = look(world, share.no)

    assert kinds(found) == ["payment", "settlement", "share"]
    assert found.order_no == order.no
    assert found.entries[2].refs[1].full == share.no
    assert {"mirror:simulator", f"mirror:company:{order.id}", "cash:simulator"} <= {one.code for one in found.touched}


def test_a_chargeback_is_found_by_the_bank_s_number(world: World) -> None:
    order = world.book()
    world.pay(order)
    payment = paid(world, order)
    report = Report(
        "simulator", "e-1", "chargeback", "dp_7", payment.amount_fen, payment.channel_no or "",
        chargeback=ChargebackStatus.OPEN,
    )  # fmt: skip
    assert chargebacks.heard(world.session, report, world.now).kind is OutcomeKind.CHARGEBACK

    found = look(world, "dp_7")

    assert kinds(found) == ["payment", "chargeback"]
    assert [(ref.kind, ref.full) for ref in found.entries[1].refs] == [("Order", order.no), ("Chargeback", "dp_7")]


def test_another_city_s_pages_are_not_linked(world: World) -> None:
    order = world.completed()
    elsewhere = journey.operator(journey.build(world.session))

    found = look(world, order.no, elsewhere)

    assert {ref.link for ref in found.refs} == {f"/operator/ledger/?q={order.no}"}
    owners = accounts.account(
        world.session, elsewhere, f"t_pending:{order.technician_id}:{order.id}", 1, locale="en"
    ).owners
    assert [(ref.text, ref.link) for ref in owners] == [
        (f"#{order.technician_id}", ""), (order.no, f"/operator/ledger/?q={order.no}"),
    ]  # fmt: skip


def test_every_ref_of_an_order_s_story_leads_somewhere(world: World) -> None:
    order = world.completed()
    settlements.mature_due(world.session, world.later(days=20))
    withdraw(world, world.technician(order.technician_id), 5_000)

    found = look(world, order.no)
    rows = [*found.entries, *(entry for one in found.parts for entry in one.entries)]

    assert all(entry.refs and all(ref.link for ref in entry.refs) for entry in rows)


def test_traces_read_on_both_databases(database: Database) -> None:
    def story(session: Session) -> tuple[list[str], list[str], int]:
        world = journey.build(session)
        order = world.completed()
        settlements.mature_due(session, world.later(days=20))
        technician = world.technician(order.technician_id)
        no = withdraw(world, technician, 5_000)
        working.take(
            session,
            "simulator",
            date(2026, 3, 2),
            [BillLine(LineKind.PAYMENT, paid(world, order).no, 10_000, 60)],
            now=NOW,
        )
        found, back = look(world, order.no), look(world, no)
        return [one.key.split("-")[0] for one in found.parts], [one.key for one in back.parts], len(found.touched)

    assert database.write_now(story) == (["matured", "drawn", "billed"], ["received"], 7)


# --- statements of accounts ---------------------------------------------------------------------------------------


def test_an_account_s_statement_runs_from_page_to_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "PAGE", 3)
    staff, fens = journey.operator(world), [100, -30, 5, 7, -82, 200, 1]
    for n, fen in enumerate(fens):
        ledger.post(world.session, f"x:{n}", "bonus", "test", {"cash:bank": fen, "suspense:bank": -fen}, now=NOW)

    pages = [accounts.account(world.session, staff, "cash:bank", n, locale="en") for n in (1, 2, 3)]

    assert [(one.page, one.pages, one.total, one.balance) for one in pages] == [
        (n, 3, len(fens), "¥2.01") for n in (1, 2, 3)
    ]  # fmt: skip
    assert [one.closing for one in pages] == ["¥2.01", "¥0.82", "¥1.00"]
    assert [one.opening for one in pages] == ["¥0.82", "¥1.00", "¥0.00"]
    assert [line.balance for one in pages for line in one.lines] == [
        "¥2.01", "¥2.00", "¥0.00", "¥0.82", "¥0.75", "¥0.70", "¥1.00",
    ]  # fmt: skip
    newest = pages[0].lines[0]
    assert (newest.key, newest.debit, newest.credit, newest.others) == ("x:6", "¥0.01", "", ("suspense:bank",))
    for page, shown in ((0, 1), (-5, 1), (99, 3)):
        assert accounts.account(world.session, staff, "cash:bank", page, locale="en").page == shown


def test_new_entries_of_a_busy_account_are_seen_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "NEWEST", 2)
    for n in range(5):
        ledger.post(world.session, f"x:{n}", "bonus", "test", {"cash:bank": 1, "suspense:bank": -1}, now=NOW)

    found = look(world, "cash:bank")

    assert [entry.key for entry in found.entries] == ["x:4", "x:3"]
    assert (found.account, found.more) == ("cash:bank", "2 of 5 entries are shown.")


@pytest.mark.parametrize("code", ["", "cash", "cash:", "nobody:1", "escrow:0", "'; --", "x" * 64])
def test_what_is_no_account_or_group_is_empty(world: World, code: str) -> None:
    staff = journey.operator(world)
    assert accounts.account(world.session, staff, code, 1, locale="en").code == ""
    if code != "cash":
        assert accounts.group(world.session, staff, code, 1, locale="en").group == ""


def test_a_group_s_accounts_and_statements_tie_with_the_books_on_both_databases(database: Database) -> None:
    def story(session: Session) -> tuple[list[str], str, list[str], int]:
        world = journey.build(session)
        first = world.completed()
        settlements.mature_due(session, world.later(days=20))
        second = world.completed(start_at=world.now.replace(hour=6) + timedelta(days=2))
        staff = journey.operator(world)
        shown = accounts.group(session, staff, "t_pending", 1, locale="en")
        by_account = ledger.trial(session).by_account
        for code, fen in by_account.items():
            sheet = accounts.account(session, staff, code, 1, locale="en")
            assert sheet.balance == sheet.closing == tracing.yuan(fen), code
            assert (sheet.opening, sheet.pages) == ("¥0.00", 1)
        assert second.no in {ref.text for ref in shown.lines[0].owners}
        assert first.no in {ref.text for ref in shown.lines[1].owners}
        postings = session.exec(select(Posting).where(col(Posting.account).like("t_pending%"))).all()
        return (
            [line.balance for line in shown.lines],
            shown.balance,
            [line.owners[0].kind for line in shown.lines],
            len(postings),
        )

    assert database.write_now(story) == (["−¥75.00", "¥0.00"], "−¥75.00", ["Technician", "Technician"], 3)


def test_a_withdrawal_s_two_entries_sum_to_nothing(world: World) -> None:
    order = world.completed()
    settlements.mature_due(world.session, world.later(days=20))
    no = withdraw(world, world.technician(order.technician_id), 5_000)
    assert world.session.exec(select(Withdrawal.no)).one() == no

    found = look(world, no)

    assert [(entry.key, entry.title) for entry in found.entries] == [
        (f"wd:{no}:freeze", "Withdrawal"), (f"wd:{no}:end", "Withdrawal"),
    ]  # fmt: skip
    assert found.sum == "¥0.00"
