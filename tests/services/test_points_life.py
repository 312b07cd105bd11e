"""Customers' points over time: expiry, rules, pages; whatever happens and whoever comes at once, lots and books agree."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole
from servicehub.domain.payment import OURS, POINTS, PaymentStatus
from servicehub.errors import Invalid, NotAllowed, PolicyChanged, ServiceHubError, TransitionRefused
from servicehub.models.ledger import Account
from servicehub.models.order import Order
from servicehub.models.payment import Payment
from servicehub.models.points import PointsLot
from servicehub.queries.customer.payments import history, lines
from servicehub.queries.customer.points import points as points_page
from servicehub.queries.operator.points import points_rules
from servicehub.services import (
    ledger,
    points,
    policies,
    refunds,
)
from servicehub.services.orders import timers
from servicehub.services.payments import OutcomeKind
from servicehub.workflows import checkout
from tests import journey
from tests.crowd import at_once
from tests.journey import World
from tests.services.points_world import LATER, balance, cancel, earned, free, kept, later, opened, rule


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


# -- expiry -------------------------------------------------------------------------------------------------------------


def test_points_expire_by_lot_once(world: World) -> None:
    earned(world)
    owner = world.customer.user_id
    world.later(days=364)
    assert points.expire_due(world.session, world.now) == 0
    world.later(days=3)
    assert free(world) == 0
    assert balance(world) == 2_000

    assert [points.expire_due(world.session, world.now) for _ in range(2)] == [1, 0]

    assert balance(world) == 0
    assert ledger.trial(world.session).by_account[ledger.POINTS_COST] == 0
    assert points.living(world.session, owner, at=world.now) == 0
    assert ledger.verify(world.session) == []


def test_what_is_reserved_when_it_expires_still_pays(world: World) -> None:
    earned(world)
    order = later(world)
    rest = opened(world, order)
    lot = world.session.exec(select(PointsLot)).one()
    lot.expires_at = world.later(minutes=1)
    world.session.flush()
    world.later(minutes=1)

    assert points.expire_due(world.session, world.now) == 0
    assert world.report(rest).kind is OutcomeKind.PAID

    assert (kept(world, order)[POINTS], balance(world)) == (2_000, 0)


def test_what_was_let_go_and_expired_meanwhile_does_not_pay(world: World) -> None:
    earned(world)
    order = later(world)
    rest = opened(world, order)
    world.open_payment(order)
    world.session.exec(select(PointsLot)).one().expires_at = world.later(seconds=30)
    world.session.flush()
    world.later(minutes=1)

    assert world.report(rest).kind is OutcomeKind.EXTRA
    assert points.expire_due(world.session, world.now) == 1
    assert balance(world) == 0


def test_the_nightly_check_tells_of_lots_that_do_not_add_up(world: World) -> None:
    earned(world)
    owner = world.customer.user_id
    assert points.problems(world.session) == []
    world.session.execute(sa.update(PointsLot).values(remaining=1_999))
    assert points.problems(world.session) == [f"points:{owner} holds 2000, its lots 1999"]
    world.session.execute(sa.delete(PointsLot))
    assert points.problems(world.session) == [f"points:{owner} holds 2000, its lots 0"]


def test_the_database_keeps_a_lot_within_its_points(world: World) -> None:
    earned(world)
    for wrong in (-1, 2_001):
        with pytest.raises(sa.exc.IntegrityError), world.session.begin_nested():
            world.session.execute(sa.update(PointsLot).values(remaining=wrong))


# -- rules and pages ----------------------------------------------------------------------------------------------------


def test_administrators_adopt_the_rules_version_by_version(world: World) -> None:
    boss = journey.operator(world)

    def adopt(who: Actor = boss, base: int = 0, **wanted: int) -> int:
        document = {"per_yuan": 2, "most_bp": 5_000, "least": 1, "months": 6} | wanted
        return policies.adopt_points(world.session, who, document, base=base, note="spring", now=world.now)

    with pytest.raises(NotAllowed):
        adopt(journey.operator(world, OperatorRole.FINANCE))
    with pytest.raises(Invalid):
        adopt(most_bp=10_001)
    assert (adopt(), adopt(base=1, months=7)) == (1, 2)
    with pytest.raises(PolicyChanged):
        adopt(base=1)
    shown = points_rules(world.session, boss, now=world.now)
    assert (shown.version, shown.per_yuan, shown.most, shown.least, shown.months) == (2, "2", "50", "1", "7")
    assert shown.may_write
    world.completed()
    assert balance(world) == 200


def test_the_page_tells_what_there_is_what_expires_and_what_moved(world: World) -> None:
    empty = points_page(world.session, world.customer, locale="zh", now=world.now)
    assert (empty.balance, empty.expires, empty.moves) == ("0", "", ())
    order = earned(world)
    second = later(world)
    world.report(opened(world, second))
    refunds.request(world.session, second, 9_000, "goodwill", now=world.now)
    opened(world, later(world, LATER[1]))

    page = points_page(world.session, world.customer, locale="en", now=world.now)

    assert (page.balance, page.worth, page.reserved) == ("1,000", "¥10.00", "1,000")
    assert page.expires.startswith("1,000 points expire on ")
    assert [(move.title, move.amount, move.order_no) for move in page.moves] == [
        ("Points given back", "+1,000", second.no),
        ("Paid with points", "\N{MINUS SIGN}2,000", second.no),
        ("Earned with an order", "+2,000", order.no),
    ]
    rows = lines(world.session, second, "Asia/Shanghai", locale="en", now=world.now)
    assert [(row.sub.split(" · ")[0], row.amount) for row in rows] == [
        ("Points", "¥20"),
        ("WeChat Pay", "¥80"),
        ("To the original method", "\N{MINUS SIGN}¥80"),
        ("To your points", "\N{MINUS SIGN}¥10"),
    ]
    told = [row for row in history(world.session, world.customer, locale="zh", now=world.now) if row.is_points]
    assert [(row.amount, row.order_no) for row in told] == [("+2,000 积分", order.no)]


# -- everything at random, and everybody at once ------------------------------------------------------------------------

ACTS = ("points", "both", "plain", "arrive", "arrive", "expire", "cancel", "other", "refund", "first", "age", "sweep")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(ACTS), min_size=3, max_size=14), st.integers(1, 40))
def test_in_whatever_order_things_happen_lots_and_books_agree(session: Session, acts: list[str], per_yuan: int) -> None:
    with session.begin_nested() as example:
        _act(journey.build(session, technicians=3), acts, per_yuan)
        example.rollback()
    session.expunge_all()


def _act(world: World, acts: list[str], per_yuan: int) -> None:
    first = earned(world, per_yuan)
    order, other = later(world), later(world, LATER[1])
    for i, name in enumerate(acts):
        try:
            with world.session.begin_nested():
                _do(world, name, i, first, order, other)
        except ServiceHubError:
            world.session.expire_all()
        balance(world)
        for one in (order, other):
            parts = kept(world, one)
            assert parts.get(POINTS, 0) <= one.total_fen // 5
            assert sum(parts.values()) in (0, one.total_fen)
    low = select(Account.code).where(Account.guarded == 1, Account.balance_fen < 0)
    assert world.session.exec(low).all() == []
    assert ledger.verify(world.session) == []


def _do(world: World, name: str, i: int, first: Order, order: Order, other: Order) -> None:
    if name in ("points", "both"):
        opened(world, order, *(OURS if name == "both" else (POINTS,)))
    elif name == "other":
        opened(world, other)
    elif name == "plain":
        world.open_payment(order)
    elif name == "arrive":
        rows = world.session.exec(
            select(Payment).where(col(Payment.channel).not_in(OURS)).order_by(col(Payment.id))
        ).all()
        waiting = [row for row in rows if row.status in (PaymentStatus.PENDING, PaymentStatus.CLOSED)]
        if waiting:
            world.report(waiting[i % len(waiting)])
    elif name == "expire":
        timers.expire(world.session, order.id or 0, now=world.later(minutes=20))
    elif name == "cancel":
        cancel(world, order)
    elif name in ("refund", "first"):
        refunds.request(world.session, order if name == "refund" else first, 1_700, "goodwill", now=world.now)
    elif name == "age":
        world.session.execute(sa.update(PointsLot).values(expires_at=world.now + timedelta(minutes=i)))
        world.session.expire_all()
    else:
        points.expire_due(world.session, world.later(minutes=1))


def test_a_hundred_threads_spend_one_balance_exactly(database: Database) -> None:
    """Points for ten orders; fifty orders are paid with them, each tapped twice: ten go through, whoever comes first."""

    def prepare(session: Session) -> tuple[World, list[str]]:
        world = journey.build(session, technicians=13)
        earned(world, per_yuan=1_000)
        rule(world, most_bp=10_000)
        noon = world.town.local("2026-03-05 14:00")
        return world, [world.book(start_at=noon + timedelta(days=i // 13)).no for i in range(50)]

    world, numbers = database.write_now(prepare)
    customer, now = world.customer, world.now + timedelta(seconds=1)

    def pay(i: int) -> object:
        args = (customer, numbers[i % 50], "wechat", "simulator")
        return database.write_now(checkout.intend, *args, locale="en", ours=(POINTS,), now=now).channel

    outcomes = at_once(100, pay)

    assert outcomes.count(POINTS) == 10
    assert all(o in (POINTS, "simulator") or isinstance(o, TransitionRefused) for o in outcomes)
    account = ledger.tender(POINTS, customer.user_id)
    assert database.read_now(ledger.balance, account) == 0
    assert database.read_now(points.problems) == database.read_now(ledger.verify) == []
    paid = sa.select(sa.func.count()).where(col(Payment.channel) == POINTS, col(Payment.status) == PaymentStatus.KEPT)
    assert database.read_now(lambda session: session.scalar(paid)) == 10
