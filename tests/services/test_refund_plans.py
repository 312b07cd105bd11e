"""A refund is shown before it is made, made as it was shown or not at all, and a line goes back once."""

from __future__ import annotations

import pytest
from sqlmodel import Session, func, select

from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole
from servicehub.domain.order import PaymentPlan
from servicehub.errors import NotAllowed, NotFound, RefundChanged, RefundTooLarge
from servicehub.models.audit import AuditEntry
from servicehub.models.order import Order, OrderLine
from servicehub.models.payment import Refund, RefundLine
from servicehub.services import ledger, orders, refund_plans, refunds, settlements, sums
from servicehub.workflows.previewing import refund_form, refund_preview
from tests import journey
from tests.crowd import at_once
from tests.journey import World

PRICE = 10_000


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def finance(world: World) -> Actor:
    return journey.operator(world, OperatorRole.FINANCE)


def with_lines(world: World, order: Order) -> list[int]:
    """The price as a service, a fee and a coupon: 9,000 + 2,000 - 1,000."""
    service = world.session.exec(select(OrderLine).where(OrderLine.order_id == order.id)).one()
    service.unit_fen = service.amount_fen = 9_000
    fee = OrderLine(
        order_id=order.id or 0, kind="travel", name_zh="远程费", name_en="Travel", unit_fen=2_000, amount_fen=2_000
    )
    off = OrderLine(
        order_id=order.id or 0, kind="coupon", name_zh="券", name_en="Coupon", unit_fen=-1_000, amount_fen=-1_000
    )
    world.session.add_all([service, fee, off])
    world.session.flush()
    return [service.id or 0, fee.id or 0]


def test_a_plan_is_what_is_posted(world: World) -> None:
    order = world.completed()
    settlements.mature_due(world.session, world.later(days=40))
    shown = refund_plans.plan(world.session, order, 4_321)

    (refund,) = refunds.request(world.session, order, 4_321, "goodwill", now=world.now)

    posted = ledger.lines_of(world.session, f"refund-due:{refund.no}")
    due = posted.pop(ledger.refund_due(order.id or 0))
    assert due == -4_321
    assert {account: fen for account, fen in posted.items() if fen} == shown.sources()
    assert sum(shown.sources().values()) == 4_321


def test_a_plan_over_two_payments_knows_what_the_first_part_took(session: Session) -> None:
    world = journey.build(session, payment_plan=PaymentPlan.DEPOSIT, deposit_bp=2000)
    order = world.finished()
    world.pay(order)
    shown = refund_plans.plan(session, order, 9_000)

    refunds.request(session, order, 9_000, "goodwill", now=world.now)

    assert [part.amount_fen for part in shown.parts] == [8_000, 1_000]
    assert shown.sources() == {ledger.escrow(order.id or 0): 9_000}
    assert ledger.verify(session) == []


def test_what_was_shown_is_done_once(world: World) -> None:
    order, actor = world.accepted(), finance(world)
    shown = refund_preview(world.session, actor, order.no, 3_000, [], locale="zh")
    assert (shown.amount, shown.kept) == ("¥30.00", "¥70.00")
    assert [(row.name, row.amount) for row in shown.sources] == [("本单托管款", "¥30.00")]

    orders.refund(world.session, actor, order.no, 3_000, reason="迟到", expected=shown.digest, now=world.now)
    with pytest.raises(RefundChanged):
        orders.refund(world.session, actor, order.no, 3_000, reason="迟到", expected=shown.digest, now=world.now)

    assert sums.paid_net(world.session, order) == 7_000


def test_another_amount_than_was_shown_is_refused(world: World) -> None:
    order, actor = world.accepted(), finance(world)
    shown = refund_preview(world.session, actor, order.no, 3_000, [], locale="zh")

    with pytest.raises(RefundChanged):
        orders.refund(world.session, actor, order.no, 3_001, reason="迟到", expected=shown.digest, now=world.now)
    assert world.session.exec(select(func.count()).select_from(Refund)).one() == 0


def test_settled_meanwhile_comes_from_others_and_is_refused(world: World) -> None:
    order, actor = world.finished(), finance(world)
    shown = refund_preview(world.session, actor, order.no, 3_000, [], locale="zh")
    orders.confirm(world.session, world.customer, order.no, now=world.now)

    with pytest.raises(RefundChanged):
        orders.refund(world.session, actor, order.no, 3_000, reason="迟到", expected=shown.digest, now=world.now)
    again = refund_preview(world.session, actor, order.no, 3_000, [], locale="zh")
    assert [row.name for row in again.sources] == ["师傅本单待到期收入", "退还平台抽成"]
    assert again.digest != shown.digest


def test_a_line_goes_back_with_its_part_of_the_coupon_and_once(world: World) -> None:
    order, actor = world.accepted(), finance(world)
    service, fee = with_lines(world, order)
    assert refund_plans.line_rooms(world.session, order) == {service: 8_000, fee: 2_000}

    orders.refund(world.session, actor, order.no, 0, lines=[service], reason="没做", now=world.now)

    assert sums.paid_net(world.session, order) == 2_000
    assert refund_plans.line_rooms(world.session, order) == {service: 0, fee: 2_000}
    with pytest.raises(RefundTooLarge):
        orders.refund(world.session, actor, order.no, 0, lines=[service], reason="没做", now=world.now)
    form = refund_form(world.session, actor, order.no, locale="zh")
    assert [(row.id, row.left, row.may) for row in form.lines] == [(service, "¥0.00", False), (fee, "¥20.00", True)]
    audit = world.session.exec(select(AuditEntry).where(AuditEntry.action == "order.refund")).one()
    assert audit.data["lines"] == [service]


def test_lines_beyond_what_is_left_are_refused(world: World) -> None:
    order, actor = world.accepted(), finance(world)
    service, fee = with_lines(world, order)
    orders.refund(world.session, actor, order.no, 5_000, reason="迟到", now=world.now)

    with pytest.raises(RefundTooLarge):
        orders.refund(world.session, actor, order.no, 0, lines=[service, fee], reason="没做", now=world.now)
    with pytest.raises(RefundTooLarge):
        orders.refund(world.session, actor, order.no, 0, lines=[service + 999], reason="没做", now=world.now)
    assert world.session.exec(select(func.count()).select_from(RefundLine)).one() == 0


def test_others_see_nothing(world: World) -> None:
    order = world.accepted()
    with pytest.raises(NotAllowed):
        refund_preview(world.session, world.customer, order.no, 100, [], locale="zh")
    with pytest.raises(NotAllowed):
        refund_form(world.session, journey.operator(world, OperatorRole.DISPATCHER), order.no, locale="zh")
    with pytest.raises(NotFound):
        refund_form(world.session, finance(world), "2611240000000000", locale="zh")


def test_a_line_is_refunded_once_by_64_at_once(database: Database) -> None:
    def prepare(session: Session) -> tuple[World, str, Actor, list[int]]:
        world = journey.build(session)
        order = world.accepted()
        return world, order.no, finance(world), with_lines(world, order)

    world, no, actor, (service, _fee) = database.write_now(prepare)

    def back(_n: int) -> None:
        database.write_now(orders.refund, actor, no, 0, lines=[service], reason="没做", now=world.now)

    ended = at_once(64, back)

    assert sum(one is None for one in ended) == 1
    assert sum(isinstance(one, RefundTooLarge) for one in ended) == 63
    rows = database.read_now(lambda s: [row.amount_fen for row in s.exec(select(RefundLine))])
    assert rows == [8_000]
    assert database.read_now(ledger.verify) == []
