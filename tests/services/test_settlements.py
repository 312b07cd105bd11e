"""From escrow to earning, from earning to available; fees, freezes and debts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import Session

from servicehub.domain.order import OrderStatus
from servicehub.domain.technician import Level
from servicehub.errors import LedgerRefused
from servicehub.models.customer import Coupon, CouponGrant, CouponKind, GrantStatus
from servicehub.models.technician import Technician
from servicehub.services import ledger, orders, settlements
from tests import journey
from tests.city import NOW
from tests.journey import World


@pytest.fixture
def world(session: Session) -> World:
    return journey.build(session)


def test_a_completed_order_is_divided_as_was_shown(world: World) -> None:
    order = world.completed()
    earning = settlements.of_order(world.session, order.id or 0)

    assert earning is not None
    assert (earning.labour_fen, earning.commission_fen, earning.net_fen, earning.rule) == (
        10_000,
        2500,
        7500,
        "level:silver@1",
    )
    assert earning.net_fen == order.commission["net_fen"]
    assert earning.matures_at == world.now + timedelta(days=3)
    assert {k: v for k, v in ledger.trial(world.session).by_account.items() if v} == {
        "cash:simulator": 10_000, "commission:service": -2500, f"t_pending:{order.technician_id}:{order.id}": -7500,
        "comp:points": 100, f"points:{order.customer_id}": -100,
    }  # fmt: skip


def test_a_promotion_after_acceptance_changes_nothing(world: World) -> None:
    order = world.finished()
    technician = world.session.get_one(Technician, order.technician_id)
    technician.level = Level.CHIEF
    world.session.add(technician)
    orders.confirm(world.session, world.customer, order.no, now=world.now)

    earning = settlements.of_order(world.session, order.id or 0)
    assert earning is not None
    assert earning.commission_fen == 2500


def test_settling_again_returns_the_first_earning(world: World) -> None:
    order = world.completed()
    before = ledger.trial(world.session)
    again = settlements.settle(world.session, order, now=world.later(days=1))

    assert again == settlements.of_order(world.session, order.id or 0)
    assert ledger.trial(world.session) == before


def test_an_order_without_money_earns_nothing_and_one_without_technician_is_refused(world: World) -> None:
    unpaid, matching = world.book(), world.book(start_at=world.town.local("2026-03-04 14:00"), mode="grab")
    world.pay(matching)

    assert settlements.settle(world.session, unpaid, now=world.now) is None
    with pytest.raises(LedgerRefused):
        settlements.settle(world.session, matching, now=world.now)


def granted(world: World, amount_fen: int, platform_bp: int) -> int:
    """A coupon in the customer's hand, of which the platform pays a part."""
    batch = Coupon(
        city_id=world.town.city_id, slug="half", name_zh="半价担", name_en="Half", kind=CouponKind.AMOUNT,
        amount_fen=amount_fen, funder_platform_bp=platform_bp,
    )  # fmt: skip
    world.session.add(batch)
    world.session.flush()
    grant = CouponGrant(
        coupon_id=batch.id or 0,
        customer_id=world.customer.user_id,
        status=GrantStatus.AVAILABLE,
        granted_at=NOW,
        expires_at=NOW + timedelta(days=9),
    )
    world.session.add(grant)
    world.session.flush()
    return grant.id or 0


def test_a_coupon_is_paid_by_its_funders(world: World) -> None:
    order = world.completed(coupon=granted(world, 2000, 5000))

    by_account = {k: v for k, v in ledger.trial(world.session).by_account.items() if v}
    assert by_account == {
        "cash:simulator": 8000, "subsidy:coupon": 1000, "commission:service": -2250,
        f"t_pending:{order.technician_id}:{order.id}": -6750, "comp:points": 80, f"points:{order.customer_id}": -80,
    }  # fmt: skip
    assert order.commission["net_fen"] == 6750


@pytest.mark.parametrize(("platform_bp", "commission", "net"), [(10_000, 2500, 7500), (5000, 1250, 3750), (0, 0, 0)])
def test_an_order_that_a_coupon_paid_whole_pays_who_came(
    world: World, platform_bp: int, commission: int, net: int
) -> None:
    """What was promised when he accepted; nobody is asked to pay, and nothing was held."""
    order = world.completed(coupon=granted(world, 10_000, platform_bp))

    assert (order.total_fen, order.status) == (0, OrderStatus.COMPLETED)
    assert order.commission["net_fen"] == net
    earning = settlements.of_order(world.session, order.id or 0)
    assert earning is not None
    assert (earning.commission_fen, earning.net_fen) == (commission, net)
    by_account = {k: v for k, v in ledger.trial(world.session).by_account.items() if v}
    expected = {
        "subsidy:coupon": commission + net, "commission:service": -commission,
        f"t_pending:{order.technician_id}:{order.id}": -net,
    }  # fmt: skip
    assert by_account == {account: fen for account, fen in expected.items() if fen}
    settlements.mature_due(world.session, world.later(days=3))
    assert ledger.balance(world.session, f"t_avail:{order.technician_id}") == net
    assert ledger.verify(world.session) == []


def test_a_dispute_about_a_visit_that_a_coupon_paid_is_settled_too(world: World) -> None:
    order = world.finished(coupon=granted(world, 10_000, 10_000))
    orders.dispute(world.session, world.customer, order.no, reason="漏扫", now=world.now)
    orders.resolve(world.session, journey.operator(world), order.no, refund_fen=0, reason="已核实", now=world.now)

    assert ledger.balance(world.session, f"t_pending:{order.technician_id}:{order.id}") == 7500


def test_a_late_cancellation_pays_the_technician(world: World) -> None:
    order = world.accepted()
    world.now = order.start_at - timedelta(hours=1)
    orders.cancel(world.session, world.customer, order.no, reason="", expected_refund_fen=8000, now=world.now)
    earning = settlements.of_order(world.session, order.id or 0)

    assert order.status is OrderStatus.CANCELLED
    assert earning is not None
    assert (earning.kind, earning.net_fen, earning.commission_fen) == ("cancellation_fee", 2000, 0)
    assert ledger.balance(world.session, f"refund_due:{order.id}") == 8000
    assert ledger.balance(world.session, f"escrow:{order.id}") == 0


def test_earnings_mature_when_their_time_has_come_and_once(world: World) -> None:
    order = world.completed()
    technician = order.technician_id

    assert settlements.mature_due(world.session, world.now + timedelta(days=3, seconds=-1)) == 0
    assert settlements.mature_due(world.session, world.now + timedelta(days=3)) == 1
    assert settlements.mature_due(world.session, world.now + timedelta(days=4)) == 0
    assert ledger.balance(world.session, f"t_avail:{technician}") == 7500
    assert ledger.balance(world.session, f"t_pending:{technician}:{order.id}") == 0


def test_debts_are_repaid_before_money_becomes_available(world: World) -> None:
    order = world.completed()
    debt = f"tech_debt:{order.technician_id}"
    ledger.post(world.session, "debt", "clawback", "x", {debt: 6000, ledger.DISPUTE_COST: -6000}, now=world.now)

    settlements.mature_due(world.session, world.later(days=3))

    assert ledger.balance(world.session, debt) == 0
    assert ledger.balance(world.session, f"t_avail:{order.technician_id}") == 1500


def test_a_dispute_freezes_this_order_and_no_other(world: World) -> None:
    first = world.completed()
    second = world.completed(start_at=world.town.local("2026-03-04 10:00"))
    orders.dispute(world.session, world.customer, first.no, reason="漏扫", now=world.now)

    assert settlements.mature_due(world.session, world.later(days=9)) == 1
    assert ledger.balance(world.session, f"t_pending:{first.technician_id}:{first.id}") == 7500
    assert ledger.balance(world.session, f"t_pending:{second.technician_id}:{second.id}") == 0
    assert not settlements.unfreeze(world.session, first)  # while it is disputed
    orders.resolve(world.session, journey.operator(world), first.no, refund_fen=0, reason="已核实", now=world.now)
    assert settlements.mature_due(world.session, world.now) == 1


def test_a_dispute_before_settlement_is_settled_on_what_is_left(world: World) -> None:
    order = world.finished()
    orders.dispute(world.session, world.customer, order.no, reason="只做了一半", now=world.now)
    staff = journey.operator(world)
    orders.resolve(world.session, staff, order.no, refund_fen=4000, reason="按实计时", now=world.now)

    earning = settlements.of_order(world.session, order.id or 0)
    assert earning is not None
    assert (earning.labour_fen, earning.commission_fen, earning.net_fen) == (6000, 1500, 4500)
    assert ledger.verify(world.session) == []
