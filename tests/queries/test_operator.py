"""What operators read: figures against last week, exceptions, the desk's filters, one order's page, the board, technicians."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session

from servicehub import crypto
from servicehub.db.database import Database
from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.domain.offer import OfferStatus
from servicehub.domain.order import ORDER, OrderMode, OrderStatus, PaymentPlan
from servicehub.domain.payment import PaymentStatus, PlanItem, RefundStatus
from servicehub.domain.technician import CertificateStatus, Gender, Level, TechnicianStatus, Transport
from servicehub.errors import NotAllowed, NotFound, ReasonMissing
from servicehub.models.account import User
from servicehub.models.catalog import Category, City, District, DistrictStatus, Policy, ServiceItem
from servicehub.models.dispatch import DispatchDecision, Offer
from servicehub.models.order import Order, OrderLine, OrderLog
from servicehub.models.payment import ChannelEvent, Earning, Payment, Refund
from servicehub.models.technician import Certificate, Technician, TechnicianSkill, WeeklyShift
from servicehub.queries.operator import (
    attention,
    board,
    books,
    machine,
    orders,
    overview,
    ranking,
    shell,
    technicians,
    trail,
)
from servicehub.queries.operator import order as order_query
from servicehub.queries.operator.narrowing import Wanted
from servicehub.queries.operator.orders import Filter
from servicehub.queries.operator.refunds import refund_list
from servicehub.queries.operator.words_machine import SENTENCES
from servicehub.services import audits, contacts, technicians_admin
from servicehub.workflows.previewing import refund_form

NOW = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
"""Monday 2 March 2026, half past two in the afternoon in Shanghai."""
TODAY = datetime(2026, 3, 1, 16, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
S = OrderStatus


class Here:
    """A small city made row by row."""

    def __init__(self, session: Session) -> None:
        self.session = session
        city = self.add(
            City(slug="here", code="31", name_zh="此地", name_en="Here", timezone="Asia/Shanghai", lat=31.2, lng=121.4)
        )
        self.city_id = city.id
        self.districts = [
            self.add(
                District(
                    city_id=city.id,
                    adcode=f"31010{i}",
                    name_zh=zh,
                    name_en=en,
                    lat=31.2,
                    lng=121.4,
                    status=DistrictStatus.OPEN,
                )
            )
            for i, (zh, en) in enumerate((("静安", "Jing'an"), ("徐汇", "Xuhui")))
        ]
        category = self.add(Category(city_id=city.id, slug="daily", name_zh="日常保洁", name_en="Cleaning"))
        self.item = self.add(
            ServiceItem(
                city_id=city.id, category_id=category.id, slug="clean",
                name_zh="保洁 2 小时", name_en="Cleaning, 2 hours", summary_zh="", summary_en="",
                unit="visit", price_fen=12800, base_minutes=120, payment_plan=PaymentPlan.FULL, skill="cleaning",
            )
        )  # fmt: skip
        self.policy = self.add(Policy(city_id=city.id, kind="fees", version=1, document={}, effective_at=TODAY))
        self.phones = iter(f"+86199{n:08d}" for n in range(1, 500))
        self.numbers = iter(range(1, 9999))
        self.customer = self.user(Role.CUSTOMER, "陈女士")

    def add(self, row: Any) -> Any:
        self.session.add(row)
        self.session.flush()
        return row

    def user(self, role: Role, name: str, operator_role: OperatorRole | None = None) -> User:
        phone = next(self.phones)
        return self.add(
            User(
                city_id=self.city_id, role=role, phone_enc=crypto.encrypt(phone, "sh_user.phone_enc"),
                phone_index=crypto.blind_index("phone", phone),
                display_name=name, operator_role=operator_role, created_at=TODAY,
            )
        )  # fmt: skip

    def operator(self, role: OperatorRole = OperatorRole.ADMIN) -> Actor:
        user = self.user(Role.OPERATOR, "顾明", role)
        return Actor(user_id=user.id or 0, role=Role.OPERATOR, city_id=self.city_id, operator_role=role)

    def technician(self, name: str, **values: Any) -> Technician:
        user = self.user(Role.TECHNICIAN, name)
        facts: dict[str, Any] = {
            "portrait": "av-1", "gender": Gender.FEMALE, "level": Level.GOLD,
            "transport": Transport.EBIKE, "status": TechnicianStatus.ACTIVE,
            "home_lat": 31.2, "home_lng": 121.4, "joined_on": date(2025, 1, 1),
        }  # fmt: skip
        return self.add(Technician(city_id=self.city_id, user_id=user.id, name=name, **{**facts, **values}))

    def order(self, status: OrderStatus, created_at: datetime, fen: int = 10000, **values: Any) -> Order:
        start = values.pop("start_at", created_at + timedelta(hours=3))
        facts: dict[str, Any] = {
            "customer_id": self.customer.id, "district_id": self.districts[0].id,
            "mode": OrderMode.DISPATCH, "payment_plan": PaymentPlan.FULL, "area": "静安嘉里中心",
            "detail_enc": crypto.encrypt("3 号楼 501", "order.detail"), "contact_enc": crypto.encrypt("陈晓", "order.contact"),
            "phone_enc": crypto.encrypt("+8619900006021", "order.phone"),
            "lat": 31.22, "lng": 121.45, "end_at": start + timedelta(hours=2),
        }  # fmt: skip
        return self.add(
            Order(
                city_id=self.city_id, no=f"26030210{31}{next(self.numbers):06d}", service_item_id=self.item.id,
                category_id=self.item.category_id, status=status,
                start_at=start, total_fen=fen, first_due_fen=fen, policy_id=self.policy.id,
                created_at=created_at, **{**facts, **values},
            )
        )  # fmt: skip


@pytest.fixture
def here(session: Session) -> Here:
    return Here(session)


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    """The statements that the block sends."""
    seen: list[str] = []
    connection = session.connection()

    def note(_c: Any, _cur: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    sa.event.listen(connection, "before_cursor_execute", note)
    yield seen
    sa.event.remove(connection, "before_cursor_execute", note)


def _kpis(session: Session, actor: Actor, now: datetime = NOW) -> dict[str, Any]:
    return {k.key: k for k in overview.overview(session, actor, locale="en", now=now).kpis}


# --- overview ----------------------------------------------------------------------------------------------------


def test_gmv_counts_valid_orders_of_the_citys_day_against_last_week_at_this_hour(session: Session, here: Here) -> None:
    actor = here.operator()
    here.order(S.MATCHING, TODAY + timedelta(minutes=1), 10000, paid_at=TODAY)
    here.order(S.COMPLETED, TODAY + timedelta(hours=3), 5000, paid_at=TODAY)
    here.order(S.PENDING_PAYMENT, TODAY + timedelta(hours=3), 70000)
    here.order(S.CANCELLED, TODAY + timedelta(hours=3), 70000, cancelled_at=NOW)
    here.order(S.MATCHING, TODAY - timedelta(minutes=1), 70000)
    here.order(S.CLOSED, TODAY - WEEK + timedelta(hours=2), 12000)
    here.order(S.CLOSED, NOW - WEEK + timedelta(minutes=1), 70000)

    kpis = _kpis(session, actor)

    assert (kpis["gmv"].value, kpis["gmv"].delta, kpis["gmv"].rises) == ("¥150", "25.0%", True)
    assert (kpis["orders"].value, kpis["orders"].delta) == ("2", "100.0%")


def test_an_order_cancelled_later_last_week_was_still_valid_at_this_hour(session: Session, here: Here) -> None:
    actor = here.operator()
    here.order(S.MATCHING, TODAY + timedelta(hours=1), 10000)
    here.order(S.CANCELLED, TODAY - WEEK + timedelta(hours=1), 10000, cancelled_at=NOW - WEEK + timedelta(hours=1))
    here.order(S.CANCELLED, TODAY - WEEK + timedelta(hours=1), 10000, cancelled_at=NOW - WEEK - timedelta(hours=1))

    assert _kpis(session, actor)["gmv"].delta == "0.0%"


def test_time_to_accept_and_punctuality_are_means_of_what_happened_today(session: Session, here: Here) -> None:
    actor = here.operator()
    for waited, late in ((30, 0), (60, 601)):
        here.order(
            S.ARRIVED, TODAY + timedelta(hours=1), paid_at=TODAY + timedelta(hours=1),
            accepted_at=TODAY + timedelta(hours=1, seconds=waited),
            start_at=TODAY + timedelta(hours=4), arrived_at=TODAY + timedelta(hours=4, seconds=late),
        )  # fmt: skip
    here.order(S.ACCEPTED, TODAY - WEEK, paid_at=TODAY - WEEK, accepted_at=TODAY - WEEK + timedelta(seconds=54))

    kpis = _kpis(session, actor)

    assert (kpis["accept"].value, kpis["accept"].unit, kpis["accept"].delta, kpis["accept"].good) == (
        "45",
        "s",
        "9 s",
        True,
    )
    assert (kpis["arrive"].value, kpis["arrive"].unit, kpis["arrive"].delta) == ("50.0", "%", "")


def test_completion_is_the_share_of_visits_due_by_now_that_were_served(session: Session, here: Here) -> None:
    actor = here.operator()
    for status in (S.COMPLETED, S.AWAITING_CONFIRM, S.CLOSED):
        here.order(status, TODAY, paid_at=TODAY, start_at=TODAY + timedelta(hours=2))
    here.order(S.CANCELLED, TODAY, paid_at=TODAY, start_at=TODAY + timedelta(hours=2), cancelled_at=NOW)
    here.order(S.EXPIRED, TODAY, start_at=TODAY + timedelta(hours=2))
    here.order(S.ACCEPTED, TODAY, paid_at=TODAY, start_at=NOW)

    assert _kpis(session, actor)["due"].value == "75.0"


def test_the_trend_ends_at_the_running_hour_and_starts_at_the_citys_midnight(session: Session, here: Here) -> None:
    actor = here.operator()
    here.order(S.MATCHING, TODAY + timedelta(hours=14, minutes=10), 20000)
    here.order(S.CLOSED, TODAY - WEEK + timedelta(hours=23), 8000)

    hours = overview.overview(session, actor, locale="zh", now=NOW).hours

    assert [h.hour for h in (hours[0], hours[14], hours[23])] == ["00:00", "14:00", "23:00"]
    assert (hours[14].gmv_yuan, hours[14].orders, hours[14].ticket_yuan) == (200.0, 1, 200.0)
    assert (hours[15].gmv_yuan, hours[15].orders) == (None, None)
    assert (hours[23].last_gmv_yuan, hours[23].last_orders) == (80.0, 1)


def test_the_funnel_counts_todays_orders_by_how_far_they_came(session: Session, here: Here) -> None:
    actor = here.operator()
    here.order(S.PENDING_PAYMENT, TODAY)
    here.order(S.MATCHING, TODAY, paid_at=TODAY)
    here.order(S.ACCEPTED, TODAY, paid_at=TODAY, accepted_at=TODAY)
    here.order(S.COMPLETED, TODAY, paid_at=TODAY, accepted_at=TODAY)

    funnel = overview.overview(session, actor, locale="en", now=NOW).funnel

    assert [(f.value, f.width) for f in funnel] == [
        ("4", "100%"),
        ("3 · 75%", "75%"),
        ("2 · 66%", "50%"),
        ("1 · 50%", "25%"),
    ]


def test_the_overview_takes_few_statements_and_only_the_own_city(session: Session, here: Here) -> None:
    actor = here.operator()
    other = Here.__new__(Here)
    other.__dict__ = {**here.__dict__}
    other.city_id = here.add(
        City(slug="else", code="32", name_zh="别", name_en="E", timezone="Asia/Shanghai", lat=0, lng=0)
    ).id
    other.order(S.MATCHING, TODAY, 90000)
    with counted(session) as seen:
        shown = overview.overview(session, actor, locale="en", now=NOW)
    assert shown.kpis[0].value == "¥0"
    assert len(seen) <= 4


def test_a_role_without_the_permission_reads_nothing(session: Session, here: Here) -> None:
    customer = Actor(user_id=here.customer.id or 0, role=Role.CUSTOMER, city_id=here.city_id)
    for read in (
        lambda: overview.overview(session, customer, locale="en", now=NOW),
        lambda: attention.attention(session, customer, locale="en", now=NOW),
        lambda: orders.desk(session, customer, Filter(), locale="en", now=NOW),
        lambda: board.board(session, customer, locale="en", now=NOW),
        lambda: technicians.directory(session, customer, locale="en", now=NOW),
        lambda: machine.census(session, customer),
        lambda: shell.shell(session, customer, locale="en", now=NOW),
        lambda: trail.page(session, here.operator(OperatorRole.SUPPORT), 1, locale="en"),
        lambda: audits.inspect(session, here.operator(OperatorRole.DISPATCHER)),
    ):
        with pytest.raises(NotAllowed):
            read()


# --- exceptions --------------------------------------------------------------------------------------------------


def test_every_kind_of_exception_is_found_once(session: Session, here: Here) -> None:
    actor = here.operator()
    tech = here.technician("周晓兰")
    here.order(
        S.MATCHING, NOW - timedelta(minutes=6), paid_at=NOW - timedelta(minutes=6), start_at=NOW + timedelta(hours=9)
    )
    here.order(
        S.MATCHING, NOW - timedelta(minutes=1), paid_at=NOW - timedelta(minutes=1), start_at=NOW + timedelta(hours=9)
    )
    here.order(S.ACCEPTED, NOW - timedelta(hours=3), start_at=NOW + timedelta(minutes=19), technician_id=tech.id)
    here.order(S.EN_ROUTE, NOW - timedelta(hours=3), start_at=NOW + timedelta(minutes=19), technician_id=tech.id)
    here.order(S.AWAITING_BALANCE, NOW - WEEK, finished_at=NOW - timedelta(hours=25))
    disputed = here.order(S.DISPUTED, NOW - WEEK, completed_at=NOW - timedelta(days=2))
    pay = here.add(
        Payment(
            no="p1",
            order_id=disputed.id,
            item=PlanItem.FULL,
            channel="simulator",
            amount_fen=10000,
            status=PaymentStatus.KEPT,
            created_at=NOW,
            expires_at=NOW,
        )
    )
    here.add(
        Refund(
            no="r1",
            payment_id=pay.id,
            order_id=disputed.id,
            amount_fen=3000,
            reason="goodwill",
            status=RefundStatus.FAILED,
            created_at=NOW - timedelta(hours=2),
        )
    )
    here.add(ChannelEvent(channel="simulator", event_id="e1", raw="{}", result="suspect", received_at=NOW))
    here.add(
        Certificate(
            technician_id=tech.id,
            kind="health",
            status=CertificateStatus.APPROVED,
            issued_on=date(2025, 1, 1),
            expires_on=date(2026, 3, 20),
        )
    )
    here.add(
        Certificate(
            technician_id=tech.id,
            kind="identity",
            status=CertificateStatus.APPROVED,
            issued_on=date(2025, 1, 1),
            expires_on=date(2030, 1, 1),
        )
    )

    with counted(session) as seen:
        alerts = attention.attention(session, actor, locale="en", now=NOW)

    assert [a.key for a in alerts] == ["unplaced", "late", "dispute", "balance", "refund", "suspect", "certificate"]
    assert alerts[0].title == "1 order waits too long"
    assert alerts[0].note == "Longest 6 min"
    assert alerts[4].note == "¥30 in all · oldest 2 h"
    assert len(seen) <= 3


def test_money_exceptions_are_for_roles_that_see_the_ledger(session: Session, here: Here) -> None:
    here.add(ChannelEvent(channel="simulator", event_id="e1", raw="{}", result="suspect", received_at=NOW))
    assert attention.attention(session, here.operator(OperatorRole.DISPATCHER), locale="zh", now=NOW) == ()
    assert [a.key for a in attention.attention(session, here.operator(OperatorRole.FINANCE), locale="zh", now=NOW)] == [
        "suspect"
    ]


# --- the desk ----------------------------------------------------------------------------------------------------


def _numbers(session: Session, actor: Actor, **wanted: Any) -> list[str]:
    return [r.no for r in orders.desk(session, actor, Filter(**wanted), locale="en", now=NOW).rows]


def test_search_finds_numbers_phones_and_names(session: Session, here: Here) -> None:
    actor = here.operator()
    tech = here.technician("周晓兰")
    mine = here.order(S.ACCEPTED, TODAY, technician_id=tech.id)
    other_customer = here.user(Role.CUSTOMER, "王先生")
    other = here.order(S.MATCHING, TODAY + timedelta(hours=1), customer_id=other_customer.id)
    phone = crypto.decrypt(other_customer.phone_enc, "sh_user.phone_enc")

    assert _numbers(session, actor, q=mine.no) == [mine.no]
    assert _numbers(session, actor, q=mine.no[-4:]) == [mine.no]
    assert _numbers(session, actor, q=phone.removeprefix("+86")) == [other.no]
    assert _numbers(session, actor, q="晓兰") == [mine.no]
    assert _numbers(session, actor, q="王先") == [other.no]
    assert _numbers(session, actor, q="CLEANING") == [other.no, mine.no]
    assert _numbers(session, actor, q="%") == []


def test_views_count_and_filters_narrow(session: Session, here: Here) -> None:
    actor = here.operator()
    wait = here.order(S.MATCHING, TODAY, district_id=here.districts[1].id)
    here.order(S.DISPUTED, TODAY - timedelta(days=3))
    late = here.order(S.ACCEPTED, TODAY, start_at=NOW + timedelta(minutes=3))

    desk = orders.desk(session, actor, Filter(view="wait"), locale="zh", now=NOW)

    assert [r.no for r in desk.rows] == [wait.no]
    assert {v.key: v.count for v in desk.views if v.count} == {"all": 3, "wait": 1, "risk": 1, "after": 1}
    assert [v.key for v in desk.views if v.is_hot] == ["wait", "risk", "after"]
    assert _numbers(session, actor, view="risk") == [late.no]
    assert _numbers(session, actor, district=here.districts[1].id) == [wait.no]
    assert _numbers(session, actor, date="2026-03-02", sort="visit", descending=False) == [wait.no, late.no]
    assert _numbers(session, actor, date="nonsense", view="nonsense", sort="nonsense")[0] == late.no


def test_paging_stays_within_bounds(session: Session, here: Here) -> None:
    actor = here.operator()
    for i in range(21):
        here.order(S.CLOSED, TODAY + timedelta(minutes=i))
    last = orders.desk(session, actor, Filter(page=99), locale="en", now=NOW)
    assert (last.page, last.pages, last.total, len(last.rows)) == (2, 2, 21, 1)


def test_a_manager_of_one_district_sees_its_orders_only(session: Session, here: Here) -> None:
    actor = replace(here.operator(OperatorRole.CITY_MANAGER), district_ids=frozenset({here.districts[1].id}))
    here.order(S.MATCHING, TODAY)
    theirs = here.order(S.MATCHING, TODAY, district_id=here.districts[1].id)
    assert _numbers(session, actor) == [theirs.no]
    with pytest.raises(NotFound):
        order_query.page(session, actor, "2603021031000001", locale="en", now=NOW)


def test_rows_and_exports_carry_masked_phones_only(session: Session, here: Here) -> None:
    actor = here.operator()
    here.order(S.MATCHING, TODAY, 12850)
    row = orders.desk(session, actor, Filter(), locale="en", now=NOW).rows[0]
    head, line = orders.export(session, actor, Filter(), locale="en", now=NOW)
    assert row.phone == "199****6021"
    assert head[:3] == ("Order no.", "Service", "Customer")
    assert line[3] == "199****6021"
    assert line[-1] == "128.50"


# --- one order ---------------------------------------------------------------------------------------------------


def _sheet(session: Session, actor: Actor, order: Order) -> Any:
    return order_query.page(session, actor, order.no, locale="en", now=NOW)


def test_the_page_of_an_order_shows_its_money_history_and_reasons(session: Session, here: Here) -> None:
    actor = here.operator()
    chosen, out = here.technician("周晓兰"), here.technician("何志强")
    order = here.order(S.ACCEPTED, TODAY, 12800, technician_id=chosen.id, paid_at=TODAY)
    here.add(
        OrderLine(
            order_id=order.id, kind="service", name_zh="保洁", name_en="Cleaning", unit_fen=14800, amount_fen=14800
        )
    )
    here.add(
        OrderLine(order_id=order.id, kind="coupon", name_zh="券", name_en="Coupon", unit_fen=-2000, amount_fen=-2000)
    )
    here.add(
        OrderLog(
            order_id=order.id,
            at=TODAY,
            event="created",
            target=S.PENDING_PAYMENT,
            actor_role=Role.CUSTOMER,
            actor_id=here.customer.id or 0,
        )
    )
    here.add(
        OrderLog(
            order_id=order.id, at=NOW, event="pay", source=S.PENDING_PAYMENT, target=S.MATCHING, actor_role=Role.SYSTEM
        )
    )
    pay = here.add(
        Payment(
            no="p1", order_id=order.id, item=PlanItem.FULL, channel="simulator",
            method="wechat", amount_fen=12800, status=PaymentStatus.KEPT,
            created_at=TODAY, expires_at=TODAY, paid_at=TODAY,
        )
    )  # fmt: skip
    here.add(
        Refund(
            no="r1",
            payment_id=pay.id,
            order_id=order.id,
            amount_fen=800,
            reason="goodwill",
            status=RefundStatus.SUCCEEDED,
            created_at=NOW,
            done_at=NOW,
        )
    )
    here.add(
        DispatchDecision(
            order_id=order.id, round=1, at=NOW, how="auto", technician_id=chosen.id, policy={},
            candidates=[
                {
                    "technician_id": chosen.id, "failed": [], "parts": {"travel": -300, "level": 150}, "score": -150,
                    "distance_m": 850, "travel_minutes": 5,
                },
                {"technician_id": out.id, "failed": ["skill"], "parts": {}, "score": 0, "distance_m": 2000, "travel_minutes": 12},
            ],
        )
    )  # fmt: skip
    here.add(
        Offer(
            order_id=order.id, technician_id=chosen.id, round=1, status=OfferStatus.ACCEPTED, created_at=NOW, deadline_at=NOW,
            answered_at=NOW + timedelta(seconds=31), take_home_fen=9900, distance_m=850, travel_minutes=5,
        )
    )  # fmt: skip

    page = _sheet(session, actor, order)

    assert (page.sheet.paid, page.sheet.refunded, page.sheet.due) == ("¥128.00", "¥8.00", "¥0.00")
    assert refund_form(here.session, actor, order.no, locale="en").most == "¥120.00"
    assert [(line.amount, line.is_discount) for line in page.sheet.lines] == [("¥148.00", False), ("−¥20.00", True)]
    assert [(row.title, row.who) for row in page.log] == [
        ("Paid; matching started", "System"),
        ("Order placed", "Customer · 陈女士"),
    ]
    assert [row.amount for row in page.money] == ["¥128.00", "−¥8.00"]
    first, second = page.decisions[0].candidates
    assert (first.rank, first.is_chosen, [p.width for p in first.parts]) == ("1", True, ["100%", "50%"])
    assert (second.rank, second.is_feasible, len(second.failed)) == ("", False, 1)
    assert page.offers[0].note == "take-home ¥99 · 850m · answered after 00:31"
    assert (page.sheet.contact, page.sheet.phone) == ("陈**", "199****6021")


@pytest.mark.parametrize(
    ("role", "status", "actions"),
    [
        (OperatorRole.ADMIN, S.MATCHING, {"credit", "assign", "cancel", "refund", "reveal"}),
        (OperatorRole.ADMIN, S.ACCEPTED, {"credit", "reassign", "cancel", "refund", "reveal"}),
        (OperatorRole.ADMIN, S.DISPUTED, {"credit", "resolve", "reveal"}),
        (OperatorRole.DISPATCHER, S.ACCEPTED, {"reassign", "reveal"}),
        (OperatorRole.SUPPORT, S.ACCEPTED, {"cancel", "refund", "reveal"}),
        (OperatorRole.FINANCE, S.COMPLETED, {"credit", "refund"}),
        (OperatorRole.QUALITY, S.ACCEPTED, set()),
    ],
)
def test_interventions_follow_the_machine_and_the_role(
    session: Session, here: Here, role: OperatorRole, status: OrderStatus, actions: set[str]
) -> None:
    order = here.order(status, TODAY)
    here.add(
        Payment(
            no="p1",
            order_id=order.id,
            item=PlanItem.FULL,
            channel="simulator",
            amount_fen=10000,
            status=PaymentStatus.KEPT,
            created_at=TODAY,
            expires_at=TODAY,
        )
    )
    assert set(_sheet(session, here.operator(role), order).sheet.actions) == actions


def test_contact_is_revealed_against_a_reason_that_is_recorded(session: Session, here: Here) -> None:
    actor, order = here.operator(), here.order(S.ACCEPTED, TODAY)
    with pytest.raises(ReasonMissing):
        contacts.reveal(session, actor, order.no, reason=" ", now=NOW)
    assert audits.verify(session).entries == 0
    found = contacts.reveal(session, actor, order.no, reason="客户来电", now=NOW)
    assert (found.name, found.phone, found.address) == ("陈晓", "+8619900006021", "静安嘉里中心 3 号楼 501")
    rows = trail.page(session, actor, 1, order.no[-4:], locale="en").rows
    assert [(r.action, r.subject, r.reason, r.who) for r in rows] == [
        ("Revealed contact data", order.no, "客户来电", "顾明")
    ]
    with pytest.raises(NotAllowed):
        contacts.reveal(session, here.operator(OperatorRole.FINANCE), order.no, reason="x", now=NOW)
    assert audits.verify(session).entries == 1


# --- the board ---------------------------------------------------------------------------------------------------


def test_the_board_shows_who_waits_who_works_and_where(session: Session, here: Here) -> None:
    actor = here.operator()
    busy = here.technician("阿甲", is_online=True, last_lat=31.2, last_lng=121.4)
    free = here.technician("阿乙", is_online=True, last_lat=31.3, last_lng=121.5)
    here.technician("阿丙", last_lat=31.3, last_lng=121.5)
    job = here.order(S.IN_SERVICE, TODAY, technician_id=busy.id, start_at=TODAY + timedelta(hours=14), area="愚园路")
    early = here.order(S.COMPLETED, TODAY, technician_id=busy.id, start_at=TODAY + timedelta(hours=7))
    waiting = here.order(
        S.MATCHING, NOW - timedelta(minutes=9), paid_at=NOW - timedelta(minutes=9), start_at=NOW + timedelta(minutes=30)
    )

    with counted(session) as seen:
        shown = board.board(session, actor, locale="en", now=NOW)

    assert [(q.no, q.waited_s, q.tone) for q in shown.queue] == [(waiting.no, 540, "bad")]
    assert [(lane.name, lane.state) for lane in shown.lanes] == [("阿甲", "busy"), ("阿乙", "online")]
    assert [(bar.no, bar.start, bar.end, bar.kind) for bar in shown.lanes[0].bars] == [
        (early.no, 480, 540, "done"),
        (job.no, 840, 960, "go"),
    ]
    assert (shown.online, shown.busy, shown.en_route) == (2, 1, 0)
    assert f'"id":"t{free.id}"' in shown.pins
    assert f'"id":"o{waiting.no}"' in shown.pins
    assert (shown.pins.count('"kind":"tech"'), shown.pins.count('"kind":"dot"')) == (0, 2)
    assert len(seen) <= 8


def test_the_census_counts_every_status(session: Session, here: Here) -> None:
    here.order(S.MATCHING, TODAY)
    counts = machine.census(session, here.operator())
    assert set(counts) == {s.value for s in OrderStatus}
    assert counts["matching"] == sum(counts.values()) == 1


def test_the_machines_sentences_can_be_said_in_both_languages() -> None:
    written = {text for step in ORDER.steps for text in (step.guard, step.effect) if text}
    assert written == set(SENTENCES)


def test_the_shell_lists_the_pages_of_the_role(session: Session, here: Here) -> None:
    here.order(S.DISPUTED, TODAY)
    here.order(S.MATCHING, NOW - timedelta(hours=1))
    shown = shell.shell(session, here.operator(OperatorRole.DISPATCHER), locale="en", now=NOW)
    assert shown == shell.Shell(
        "顾明", "Dispatcher", "Here", ("overview", "dispatch", "orders", "technicians", "cancellation", "machine"), 1, 1
    )


# --- money and ranking -------------------------------------------------------------------------------------------


def test_books_tie_for_every_operator_and_cases_are_for_finance(session: Session, here: Here) -> None:
    dispatcher, finance = here.operator(OperatorRole.DISPATCHER), here.operator(OperatorRole.FINANCE)
    order = here.order(S.CANCELLED, TODAY)
    pay = here.add(
        Payment(
            no="p1",
            order_id=order.id,
            item=PlanItem.FULL,
            channel="simulator",
            amount_fen=10000,
            status=PaymentStatus.KEPT,
            created_at=TODAY,
            expires_at=TODAY,
        )
    )
    here.add(
        Refund(
            no="r1",
            payment_id=pay.id,
            order_id=order.id,
            amount_fen=3000,
            reason="cancelled",
            status=RefundStatus.FAILED,
            tries=4,
            created_at=TODAY,
        )
    )
    here.add(ChannelEvent(channel="simulator", event_id="e1", raw="x" * 500, result="suspect", received_at=NOW))

    assert books.tie(session, dispatcher) is True
    (refund,) = refund_list(session, finance, Wanted(state="failed"), locale="en", now=NOW).rows
    assert (refund.no, refund.amount, refund.note, refund.order_no) == ("r1", "¥30.00", "Tried 4 times", order.no)
    parked = books.suspects(session, finance, locale="en", now=NOW)
    assert [(row.key, len(row.raw), row.is_open) for row in parked] == [("simulator:e1", 160, True)]
    with pytest.raises(NotAllowed):
        books.suspects(session, dispatcher, locale="en", now=NOW)


def test_the_board_ranks_candidates_of_orders_that_can_be_placed(session: Session, here: Here) -> None:
    actor = here.operator()
    tech = here.technician("周晓兰", is_online=True)
    here.add(TechnicianSkill(technician_id=tech.id, skill="cleaning"))
    waiting = here.order(S.MATCHING, NOW, paid_at=NOW, start_at=NOW + timedelta(hours=5))
    over = here.order(S.CLOSED, TODAY)

    shown = ranking.ranked(session, actor, waiting.no, locale="en", now=NOW)

    assert [(c.technician_id, c.is_feasible, c.failed) for c in shown.candidates] == [
        (tech.id, False, ("Not on shift then",))
    ]
    assert shown.again is False
    assert shown.verdicts == {tech.id: "Not on shift then"}
    assert shown.route == "", "nobody has it yet"
    assert ranking.ranked(session, actor, over.no, locale="en", now=NOW).candidates == ()
    assert ranking.ranked(session, actor, "9" * 16, locale="en", now=NOW) == ranking.Ranked()


def test_an_order_of_the_customers_own_choice_can_be_given_to_anybody_else(session: Session, here: Here) -> None:
    chosen, other = here.technician("周晓兰"), here.technician("吴海燕")
    for technician in (chosen, other):
        here.add(TechnicianSkill(technician_id=technician.id, skill="cleaning"))
    order = here.order(
        S.ACCEPTED, NOW, paid_at=NOW, start_at=NOW + timedelta(hours=5), mode=OrderMode.CHOOSE,
        technician_id=chosen.id, requested_technician_id=chosen.id,
    )  # fmt: skip

    shown = ranking.ranked(session, here.operator(), order.no, locale="en", now=NOW)

    assert {c.technician_id: c.is_chosen for c in shown.candidates} == {chosen.id: True, other.id: False}
    assert shown.again is True
    assert set(shown.verdicts) == {chosen.id, other.id}
    assert json.loads(shown.route) == [
        [round(chosen.home_lat, 5), round(chosen.home_lng, 5)],
        [round(order.lat, 5), round(order.lng, 5)],
    ]


# --- technicians -------------------------------------------------------------------------------------------------


def test_the_directory_and_a_technicians_page(session: Session, here: Here) -> None:
    actor = here.operator()
    tech = here.technician(
        "周晓兰", rating_sum=48, rating_count=10, offers_feasible=50, offers_accepted=48, is_online=True
    )
    here.technician("何志强")
    here.add(TechnicianSkill(technician_id=tech.id, skill="cleaning"))
    here.add(
        Certificate(
            technician_id=tech.id,
            kind="health",
            status=CertificateStatus.APPROVED,
            issued_on=date(2025, 1, 1),
            expires_on=date(2026, 3, 12),
        )
    )
    here.add(WeeklyShift(technician_id=tech.id, weekday=0, start_minute=540, end_minute=1080))
    done = here.order(S.CLOSED, TODAY - WEEK, technician_id=tech.id, start_at=TODAY - WEEK)
    here.order(S.ACCEPTED, TODAY, technician_id=tech.id, start_at=NOW + timedelta(hours=1))
    here.add(
        Earning(
            order_id=done.id, technician_id=tech.id, kind="service",
            labour_fen=10000, pass_through_fen=0, coupon_share_fen=0, commission_fen=1500,
            rule="r1", net_fen=8500, created_at=NOW - timedelta(days=1), matures_at=NOW,
        )
    )  # fmt: skip

    names = [
        (r.name, r.score, r.acceptance, r.certificate, r.jobs_today)
        for r in technicians.directory(session, actor, "expiring", locale="en", now=NOW)
    ]
    page = technicians.page(session, actor, tech.id or 0, locale="en", now=NOW)

    assert names == [("周晓兰", "4.80", "96.0%", "Expires in 10 days", 1)]
    assert [r.name for r in technicians.directory(session, actor, "", "clean", locale="en", now=NOW)] == ["周晓兰"]
    assert [f.value for f in page.earnings] == ["¥0.00", "¥85.00", "¥85.00", "¥0.00"]
    assert (page.week[0].hours, page.week[1].hours) == ("09:00–18:00", "Day off")
    assert [j.status for j in page.jobs] == ["accepted"]
    assert (page.may_suspend, page.may_restore) == (True, False)
    elsewhere = replace(here.operator(OperatorRole.CITY_MANAGER), district_ids=frozenset({here.districts[1].id}))
    assert technicians.page(session, elsewhere, tech.id or 0, locale="en", now=NOW).jobs == ()


def test_suspending_takes_offline_and_is_audited(session: Session, here: Here) -> None:
    tech = here.technician("周晓兰", is_online=True, online_at=NOW)
    with pytest.raises(NotAllowed):
        technicians_admin.suspend(session, here.operator(OperatorRole.DISPATCHER), tech.id or 0, reason="x", now=NOW)
    with pytest.raises(ReasonMissing):
        technicians_admin.suspend(session, here.operator(OperatorRole.QUALITY), tech.id or 0, reason="", now=NOW)
    assert (tech.status, tech.is_online) == (TechnicianStatus.ACTIVE, True)
    technicians_admin.suspend(session, here.operator(OperatorRole.QUALITY), tech.id or 0, reason="投诉", now=NOW)
    assert (tech.status, tech.is_online) == (TechnicianStatus.SUSPENDED, False)
    technicians_admin.restore(session, here.operator(OperatorRole.QUALITY), tech.id or 0, reason="已整改", now=NOW)
    assert tech.status is TechnicianStatus.ACTIVE
    assert audits.verify(session).entries == 2


def test_the_figures_are_the_same_on_both_databases(database: Database) -> None:
    def fill(session: Session) -> Actor:
        here = Here(session)
        tech = here.technician("周晓兰", is_online=True)
        here.order(
            S.IN_SERVICE,
            NOW - timedelta(hours=2),
            paid_at=NOW - timedelta(hours=2),
            accepted_at=NOW - timedelta(minutes=119),
            start_at=NOW,
            technician_id=tech.id,
        )
        here.order(S.MATCHING, NOW - timedelta(hours=2), paid_at=NOW - timedelta(hours=2))
        return here.operator()

    actor = database.write_now(fill)

    def read(fn: Callable[..., Any], *args: Any) -> Any:
        return database.read_now(fn, actor, *args, locale="en", now=NOW)

    shown = read(overview.overview)
    assert [(k.key, k.value) for k in shown.kpis] == [
        ("gmv", "¥200"),
        ("orders", "2"),
        ("accept", "60"),
        ("arrive", "–"),
        ("due", "–"),
        ("online", "1"),
    ]
    assert [a.key for a in read(attention.attention)] == ["unplaced"]
    assert read(orders.desk, Filter(q="clean", view="wait", sort="sla")).total == 1
    assert len(read(board.board).lanes) == 1
    assert len(read(technicians.directory, "expiring")) == 0
    assert read(shell.shell).waiting == 1
