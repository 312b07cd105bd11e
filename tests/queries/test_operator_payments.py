"""The lists of payments and refunds: of the own city only, narrowed in SQL, summed up over everything that is filtered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlmodel import Session

from servicehub.domain.access import OperatorRole
from servicehub.domain.order import OrderStatus
from servicehub.domain.payment import PaymentStatus, PlanItem, RefundStatus
from servicehub.domain.sharing import SettlementMode
from servicehub.errors import NotAllowed
from servicehub.models.catalog import City
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.queries.operator import trail
from servicehub.queries.operator.narrowing import PAGE, Wanted, choices, narrowed, short
from servicehub.queries.operator.payments import payment_list
from servicehub.queries.operator.refunds import refund_list
from servicehub.queries.operator.shell import shell
from servicehub.services import audits
from tests.queries.test_operator import NOW, TODAY, Here, here

__all__ = ["here"]
FINANCE, SUPPORT, DISPATCHER = OperatorRole.FINANCE, OperatorRole.SUPPORT, OperatorRole.DISPATCHER
_numbers = count(1)


def pay(here: Here, order: Order, fen: int, status: PaymentStatus = PaymentStatus.KEPT, **values: Any) -> Payment:
    n = next(_numbers)
    facts: dict[str, Any] = {
        "no": f"P{n:030x}", "channel": "wechat", "method": "wechat", "item": PlanItem.FULL, "channel_no": f"42000{n}",
        "created_at": TODAY, "paid_at": None if status is PaymentStatus.PENDING else TODAY, "expires_at": NOW,
    }  # fmt: skip
    made: Payment = here.add(Payment(order_id=order.id, amount_fen=fen, status=status, **{**facts, **values}))
    return made


def give(
    here: Here, payment: Payment, fen: int, status: RefundStatus = RefundStatus.SUCCEEDED, **values: Any
) -> Refund:
    facts: dict[str, Any] = {"no": f"R{next(_numbers):030x}", "reason": "goodwill", "created_at": TODAY}
    made: Refund = here.add(
        Refund(payment_id=payment.id, order_id=payment.order_id, amount_fen=fen, status=status, **{**facts, **values})
    )
    return made


def paid(session: Session, here: Here, wanted: Wanted | None = None) -> Any:
    return payment_list(session, here.operator(FINANCE), wanted or Wanted(), locale="en", now=NOW)


def back(session: Session, here: Here, wanted: Wanted | None = None, role: OperatorRole = FINANCE) -> Any:
    return refund_list(session, here.operator(role), wanted or Wanted(), locale="en", now=NOW)


def test_payments_are_listed_newest_first_with_sums_over_all_of_them(session: Session, here: Here) -> None:
    order = here.order(OrderStatus.COMPLETED, TODAY)
    first = pay(here, order, 10_000)
    pay(here, order, 500, PaymentStatus.EXTRA, channel="alipay", method="alipay")
    pay(here, order, 70, PaymentStatus.PENDING, channel_no=None)
    give(here, first, 2_500)

    shown = paid(session, here)

    assert [row.amount for row in shown.rows] == ["¥0.70", "¥5.00", "¥100.00"]
    assert [(one.key, one.value) for one in shown.sums] == [
        ("n", "3"),
        ("arrived", "¥105.00"),
        ("back", "¥5.00"),
        ("open", "¥0.70"),
    ]
    oldest = shown.rows[-1]
    assert (oldest.order_no, oldest.method, oldest.returned) == (order.no, "WeChat Pay", "¥25.00 back")
    assert (oldest.short, oldest.channel_no) == (short(first.no), first.channel_no)
    assert (shown.total, shown.pages, shown.page, shown.may_trace) == (3, 1, 1, True)


def test_payments_are_narrowed_by_state_channel_item_days_and_number(session: Session, here: Here) -> None:
    order, other = here.order(OrderStatus.COMPLETED, TODAY), here.order(OrderStatus.COMPLETED, TODAY)
    deposit = pay(here, order, 100, item=PlanItem.DEPOSIT, channel="alipay", channel_no="2026_A%")
    late = pay(here, other, 200, PaymentStatus.LATE, paid_at=NOW + timedelta(days=1))

    def found(**wanted: Any) -> list[str]:
        return [row.no for row in paid(session, here, Wanted(**wanted)).rows]

    assert found(state="late") == found(channel="wechat") == found(item="full") == [late.no]
    assert found(channel="alipay") == found(item="deposit") == [deposit.no]
    assert found(first="2026-03-03") == [late.no]
    assert found(last="2026-03-02") == found(first="2026-03-02", last="2026-03-02") == [deposit.no]
    assert found(q=deposit.no) == found(q=deposit.no[:-1] + deposit.no[-1]) == [deposit.no]
    assert found(q="2026_A") == [deposit.no]
    assert found(q="2026-A") == found(q="%") == found(q="P'; --") == []
    assert found(q=other.no) == found(q=other.no[-6:]) == [late.no]
    everything = [late.no, deposit.no]
    assert found(state="nonsense", item="x", first="yesterday", last="9999-99-99", q="  ") == everything
    assert found(first="0001-01-01", last="9999-12-31", page=99) == everything


def test_a_page_holds_twenty_and_a_change_begins_on_the_first(session: Session, here: Here) -> None:
    order = here.order(OrderStatus.COMPLETED, TODAY)
    for _ in range(PAGE + 3):
        pay(here, order, 100, PaymentStatus.CLOSED)

    second = paid(session, here, Wanted(page=2))

    assert (len(second.rows), second.total, second.pages, second.page) == (3, PAGE + 3, 2, 2)
    assert narrowed(Wanted(page=2), q="x").page == 1
    assert narrowed(Wanted(q="x"), page=2) == Wanted(q="x", page=2)


def test_refunds_say_where_they_went_and_what_may_be_done(session: Session, here: Here) -> None:
    payment = pay(here, here.order(OrderStatus.COMPLETED, TODAY), 10_000)
    first, second = here.operator(SUPPORT), here.operator(FINANCE)
    give(here, payment, 100, done_at=NOW)
    refused = give(here, payment, 200, RefundStatus.FAILED, tries=3, reason="cancelled")
    proposed = give(here, payment, 300, RefundStatus.FAILED, first_by=first.user_id, proposal="账户已注销")
    give(
        here, payment, 400, RefundStatus.BALANCE, first_by=first.user_id, second_by=second.user_id, proposal="冻结",
        done_at=NOW,
    )  # fmt: skip
    give(here, payment, 500, RefundStatus.NEW)

    shown = back(session, here)

    states = [(row.amount, row.state_label, row.note) for row in shown.rows]
    assert states == [
        ("¥5.00", "Refund requested", ""),
        ("¥4.00", "Refunded to the balance instead", "顾明 and 顾明: 冻结"),
        ("¥3.00", "Refused by the channel", "顾明 proposes the balance: 账户已注销"),
        ("¥2.00", "Refused by the channel", "Tried 3 times"),
        ("¥1.00", "Refunded", ""),
    ]
    may = {row.no: (row.may_retry, row.may_propose, row.may_give) for row in shown.rows}
    assert {no: can for no, can in may.items() if any(can)} == {
        refused.no: (True, True, False),
        proposed.no: (True, False, True),
    }
    sums = {one.key: (one.value, one.hint) for one in shown.sums}
    assert sums["arrived"] == ("¥5.00", "¥4.00 of it to balances instead")
    assert (sums["going"][0], sums["failed"][0], sums["n"][0]) == ("¥5.00", "¥5.00", "5")
    theirs = {row.no: row for row in refund_list(session, first, Wanted(), locale="en", now=NOW).rows}
    assert not theirs[proposed.no].may_give, "who proposed it does not agree to it"
    only = back(session, here, Wanted(state="failed", reason="cancelled", channel="wechat", q=payment.no))
    assert [row.no for row in only.rows] == [refused.no]


def test_where_a_company_is_paid_the_balance_is_not_offered(session: Session, here: Here) -> None:
    order = here.order(OrderStatus.COMPLETED, TODAY)
    give(here, pay(here, order, 100, mode=SettlementMode.PARTNER), 100, RefundStatus.FAILED)

    (row,) = back(session, here).rows

    assert (row.may_retry, row.may_propose) == (True, False)


def test_other_cities_and_districts_stay_out(session: Session, here: Here) -> None:
    give(here, pay(here, here.order(OrderStatus.COMPLETED, TODAY), 100), 100)
    finance = here.operator(FINANCE)
    elsewhere = here.add(
        City(slug="there", code="11", name_zh="彼地", name_en="There", timezone="Asia/Shanghai", lat=39.9, lng=116.4)
    )
    for actor in (
        replace(finance, city_id=elsewhere.id),
        replace(finance, district_ids=frozenset({here.districts[1].id})),
    ):
        assert payment_list(session, actor, Wanted(), locale="en", now=NOW).total == 0
        assert refund_list(session, actor, Wanted(), locale="en", now=NOW).total == 0


def test_each_list_has_its_permission_and_its_entry_in_the_navigation(session: Session, here: Here) -> None:
    support, dispatcher = here.operator(SUPPORT), here.operator(DISPATCHER)

    for actor in (support, dispatcher):
        with pytest.raises(NotAllowed):
            payment_list(session, actor, Wanted(), locale="en", now=NOW)
    with pytest.raises(NotAllowed):
        refund_list(session, dispatcher, Wanted(), locale="en", now=NOW)
    with pytest.raises(NotAllowed):
        choices(session, dispatcher, locale="en")
    assert not refund_list(session, support, Wanted(), locale="en", now=NOW).may_trace
    pages = [set(shell(session, one, locale="en", now=NOW).pages) for one in (support, here.operator(FINANCE))]
    assert [found & {"payments", "refunds"} for found in pages] == [{"refunds"}, {"payments", "refunds"}]


def test_what_a_list_can_be_narrowed_by(session: Session, here: Here) -> None:
    order = here.order(OrderStatus.COMPLETED, TODAY)
    for channel in ("wechat", "stripe", "wechat"):
        pay(here, order, 100, PaymentStatus.CLOSED, channel=channel)

    found = choices(session, here.operator(SUPPORT), locale="zh")

    assert [(one.value, one.text) for one in found.channels] == [("stripe", "银行卡"), ("wechat", "微信支付")]
    assert [one.value for one in found.items] == [item.value for item in PlanItem]


def test_the_audit_log_leads_to_the_refund(session: Session, here: Here) -> None:
    admin = here.operator()
    audits.record(session, admin, "refund.retry", "refund:R0123", now=NOW)

    (row,) = trail.page(session, admin, 1, locale="en").rows

    assert (row.action, row.link) == ("Tried again what a channel had refused", "/operator/refunds/?q=R0123")
