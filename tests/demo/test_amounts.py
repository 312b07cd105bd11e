"""Every amount that a person of the seeded city is shown, against the books, which are read here by plain SQL."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.models.order import Order
from servicehub.models.payment import Earning, Payment, Refund
from servicehub.models.points import PointsLot
from servicehub.models.technician import Technician
from servicehub.queries import income as earnings
from servicehub.queries import money
from servicehub.queries.customer import order as customer_order
from servicehub.queries.customer import payments
from servicehub.queries.customer.points import points as points_page
from servicehub.queries.operator import money_overview, settlement_batches, settlements
from servicehub.queries.operator import order as operator_order
from servicehub.services import points
from tests.demo.test_seed import NOW, made

CASH = "a.account LIKE 'cash:%'"
INCOME = "a.account LIKE 'commission:%' OR a.account LIKE 'fee_income:%' OR a.account LIKE 'penalty_income:%'"
SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def city(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = made(sqlite_template, tmp_path_factory.mktemp("amounts"))
    yield database
    database.close()


def fen(text: str) -> int:
    """What a person reads, in fen."""
    found = re.fullmatch(r"([+\-−]?)¥?([\d,]+)(?:\.(\d{1,2}))?", text.strip())
    assert found is not None, text
    sign = -1 if found[1] in ("-", "−") else 1
    return sign * int(Decimal(f"{found[2].replace(',', '')}.{found[3] or 0}") * 100)


def sums(session: Session, by: str, where: str) -> dict[str, int]:
    """Sum of postings by something of the entry or the account."""
    books = "sh_posting a JOIN sh_journal_entry e ON e.id = a.entry_id"
    query = f"SELECT {by}, sum(a.amount_fen) FROM {books} WHERE {where} GROUP BY 1"
    return {str(key): int(total) for key, total in session.execute(sa.text(query))}


def stamp(at: datetime) -> str:
    """An instant as SQLite keeps it."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def operator(session: Session) -> Actor:
    city_id = session.exec(select(Order.city_id).limit(1)).one()
    return Actor(1, Role.OPERATOR, city_id, operator_role=OperatorRole.ADMIN)


def test_what_customers_paid_and_got_back(city: Database) -> None:
    def compare(session: Session) -> int:
        cash = sums(session, "e.key", CASH)
        shown = 0
        for customer_id, city_id in session.execute(sa.select(Order.customer_id, Order.city_id).distinct()):
            actor = Actor(customer_id, Role.CUSTOMER, city_id)
            for row in payments.history(session, actor, locale="zh", now=NOW):
                if row.is_points:
                    continue
                key = f"refund:{row.id}" if row.is_back else f"pay:{row.id}"
                assert fen(row.amount) == -cash[key], row
                shown += 1
        return shown

    assert city.read_now(compare) > 100


def test_what_the_demos_customer_has_in_points(city: Database) -> None:
    def compare(session: Session) -> int:
        user_id, city_id = session.execute(sa.select(PointsLot.customer_id, Order.city_id).join(Order).limit(1)).one()
        actor, mine = Actor(user_id, Role.CUSTOMER, city_id), f"a.account = 'points:{user_id}'"
        page = points_page(session, actor, locale="zh", now=NOW)
        booked = {key: -total for key, total in sums(session, "e.id", mine).items()}
        assert {str(move.id): int(move.amount.replace(",", "")) for move in page.moves} == booked
        total = -sums(session, "1", mine)["1"]
        assert (int(page.balance.replace(",", "")), fen(page.worth)) == (total, total)
        by_order = sums(session, "e.ref", f"{mine} AND e.kind = 'points'")
        told = [row for row in payments.history(session, actor, locale="zh", now=NOW) if row.is_points]
        for row in told:
            order_id = session.exec(select(Order.id).where(Order.no == row.order_no)).one()
            assert row.amount == f"+{-by_order[f'order:{order_id}']:,} 积分"
        assert len(told) == len(by_order)
        assert points.problems(session) == []
        return total

    assert city.read_now(compare) > 100


def test_what_an_order_says_to_its_customer_and_to_operators(city: Database) -> None:
    def compare(session: Session) -> int:
        cash = sums(session, "e.ref", f"{CASH} AND e.kind <> 'returned'")
        held = sums(session, "a.account", "a.account LIKE 'escrow:%'")
        admin = operator(session)
        orders = session.exec(select(Order).where(col(Order.lead_id).is_(None)).order_by(col(Order.id))).all()
        for order in orders:
            customer = Actor(order.customer_id, Role.CUSTOMER, order.city_id)
            page = customer_order.order_page(session, customer, order.no, locale="zh", now=NOW)
            assert sum(fen(line.amount) for line in page.lines) == fen(page.total) == order.total_fen
            paid = sum(fen(line.amount) for line in page.payments)
            assert paid == cash.get(f"order:{order.id}", 0), order.no
            books = money.order_money(session, admin, order.no, locale="zh")
            assert fen(books.paid) - fen(books.refunded) == paid
            assert fen(books.held) == -held.get(f"escrow:{order.id}", 0)
            sheet = operator_order.page(session, admin, order.no, locale="zh", now=NOW).sheet
            assert fen(sheet.paid) - fen(sheet.refunded) == paid
        return len(orders)

    assert city.read_now(compare) > 100


def test_what_technicians_earn(city: Database) -> None:
    def compare(session: Session) -> int:
        account = sums(session, "a.account", "a.account LIKE 't_%' OR a.account LIKE 'tech_debt:%'")
        booked = sums(session, "e.key || '/' || a.account", "a.account LIKE 't_pending:%'")
        shown = 0
        for technician in session.exec(select(Technician)):
            mine = technician.id
            actor = Actor(technician.user_id, Role.TECHNICIAN, technician.city_id, mine or 0)
            page = earnings.income(session, actor, now=NOW, locale="zh")
            pending = -sum(total for code, total in account.items() if code.startswith(f"t_pending:{mine}:"))
            assert (fen(page.pending), fen(page.available)) == (pending, -account.get(f"t_avail:{mine}", 0))
            for row in page.rows:
                order_id = session.exec(select(Order.id).where(Order.no == row.no)).one()
                keys = (f"{kind}:{order_id}/t_pending:{mine}:{order_id}" for kind in ("settle", "cancel"))
                assert fen(row.net) == -sum(booked.get(key, 0) for key in keys), row
                detail = earnings.income_detail(session, actor, row.no, now=NOW, locale="zh")
                assert fen(detail.net) == sum(fen(part.amount) for part in detail.split[:-1]), row
                shown += 1
        return shown

    assert city.read_now(compare) > 50


def test_the_trial_balance_and_its_days(city: Database) -> None:
    def compare(session: Session) -> int:
        health = money.ledger_health(session, operator(session), now=NOW, locale="zh")
        groups: dict[str, int] = defaultdict(int)
        for code, total in sums(session, "a.account", "1 = 1").items():
            groups[code.partition(":")[0]] += total
        shown = {row.group: fen(row.debit) - fen(row.credit) for row in health.accounts if row.postings}
        assert shown == {group: total for group, total in groups.items() if group in shown}
        assert sum(groups.values()) == sum(shown.values()) == 0
        return len(shown)

    assert city.read_now(compare) >= 5


def test_rows_and_books_of_payments_refunds_and_earnings_agree(city: Database) -> None:
    """What pages read from rows stands in the books under the row's key, and nothing else does."""

    def compare(session: Session) -> None:
        cash = sums(session, "e.key", CASH)
        paid = {
            f"pay:{p.no}": p.amount_fen for p in session.exec(select(Payment).where(col(Payment.paid_at).is_not(None)))
        }
        back = {
            f"refund:{r.no}": -r.amount_fen
            for r in session.exec(select(Refund).where(col(Refund.done_at).is_not(None)))
        }
        assert cash == paid | back
        net = sums(session, "e.ref", "a.account LIKE 't_pending:%' AND a.amount_fen < 0")
        assert net == {f"order:{e.order_id}": -e.net_fen for e in session.exec(select(Earning)) if e.net_fen}

    city.read_now(compare)


def test_reading_amounts_is_exact() -> None:
    assert [fen(text) for text in ("¥1,234.50", "-¥0.01", "+¥12.3", "7")] == [123_450, -1, 1_230, 700]


def test_the_overview_of_money_is_the_postings_of_its_day(city: Database) -> None:
    def compare(session: Session) -> int:
        admin, moved = operator(session), 0
        for back in range(12):
            day = (NOW - timedelta(days=back)).astimezone(SHANGHAI).date()
            page = money_overview.money_overview(session, admin, day.isoformat(), now=NOW, locale="zh")
            start = datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
            on = f"e.at >= '{stamp(start)}' AND e.at < '{stamp(start + timedelta(days=1))}'"
            shown = {figure.key: fen(figure.value) for figure in page.figures}
            came = sums(session, "a.account", f"{CASH} AND a.amount_fen > 0 AND {on}")
            went = sums(session, "e.kind", f"{CASH} AND a.amount_fen < 0 AND {on}")
            income = sums(session, "1", f"({INCOME}) AND {on}")
            assert shown["taken"] == sum(came.values())
            assert shown["returned"] == -went.get("refund", 0)
            assert shown["paid_out"] == -went.get("withdrawal", 0)
            assert shown["income"] == -sum(income.values())
            assert fen(page.days[-1].taken) == shown["taken"]
            entering = [bar for bar in page.sankey.bars if bar.tone == "in" and "code=cash:" in bar.link]
            assert {bar.link.partition("code=")[2]: fen(bar.amount) for bar in entering} == came
            moved += bool(came)
        held = sums(session, "substr(a.account, 1, instr(a.account, ':') - 1)", "1=1")
        for row in page.held:
            assert fen(row.value) == abs(held.get(row.group, 0)), row
        return moved

    assert city.read_now(compare) > 8


def test_settlements_of_a_day_are_its_entries(city: Database) -> None:
    def compare(session: Session) -> int:
        admin, seen = operator(session), 0
        for back in range(12):
            day = (NOW - timedelta(days=back)).astimezone(SHANGHAI).date()
            page = settlements.settlements(session, admin, day.isoformat(), now=NOW, locale="zh")
            start = datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
            on = f"e.at >= '{stamp(start)}' AND e.at < '{stamp(start + timedelta(days=1))}'"
            matured = sums(session, "a.account", f"e.kind = 'mature' AND a.amount_fen < 0 AND {on}")
            assert fen(page.total) == sum(fen(share.total) for share in page.people) == -sum(matured.values())
            for share in page.people:
                assert fen(share.available) == -matured.get(f"t_avail:{share.technician_id}", 0), share
            seen += len(page.people)
        pending = sums(session, "1", "a.account LIKE 't_pending:%'")
        assert fen(page.pending) == -sum(pending.values())
        return seen

    assert city.read_now(compare) > 20


def test_every_earning_of_the_past_is_in_a_batch_that_is_its_entries(city: Database) -> None:
    def compare(session: Session) -> int:
        admin = operator(session)
        page = settlements.settlements(session, admin, "", now=NOW, locale="zh")
        matured = sums(session, "a.account", "e.kind = 'mature' AND a.amount_fen < 0")
        assert sum(fen(batch.total) for batch in page.batches) == -sum(matured.values())
        assert [batch.cut_off for batch in page.batches] == sorted((b.cut_off for b in page.batches), reverse=True)
        for batch in page.batches:
            sheet = settlement_batches.batch_sheet(session, admin, batch.no)
            assert (sheet.is_sound, len(sheet.lines)) == (True, batch.earnings)
            assert fen(batch.total) == sum(fen(line.total) for line in sheet.lines)
        return len(page.batches)

    assert city.read_now(compare) > 3
