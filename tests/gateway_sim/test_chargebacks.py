"""Banks take payments back at Stripe: told by signed messages, booked once, explained by the bill, given back when won."""

from __future__ import annotations

import json
from datetime import timedelta

import httpx
import pytest
from sqlmodel import select

from servicehub.adapters import gateway as channels
from servicehub.adapters.stripe_pay import CHARGEBACKS, FRESH
from servicehub.domain.channel import RefundRequest, RefundState
from servicehub.domain.chargeback import ChargebackStatus
from servicehub.domain.order import OrderStatus
from servicehub.errors import NotAllowed
from servicehub.gateway_sim.serving import Running
from servicehub.gateway_sim.stripe_books import DISPUTE_FEE_FEN, fee_fen
from servicehub.models.chargeback import Chargeback
from servicehub.models.payment import ChannelEvent
from servicehub.models.reconciliation import Bill
from servicehub.services import ledger, reconciliation
from servicehub.services.payments import OutcomeKind
from servicehub.workflows import checkout, reconciling
from tests.gateway_sim.test_flows import PRICE, Shop, open_channels, shop
from tests.gateway_sim.test_stripe import on_the_loop, signed

__all__ = ["open_channels", "shop"]  # fixtures that these tests ask for

COST = ledger.chargebacks("stripe")


@pytest.fixture(autouse=True)
def _empty_books(sim: Running) -> None:
    """A bill has everything of its day: nothing of other tests may be left."""
    sim.platform.forget()


@pytest.fixture
def method() -> str:
    return "card"


@pytest.fixture
def number(shop: Shop) -> str:
    """Of a payment that was made and heard of."""
    made = shop.open()
    assert shop.pay(made)
    assert shop.hear() == [OutcomeKind.PAID]
    return made


def taken(shop: Shop, number: str, fen: int = 0, *, asks: bool = False) -> str:
    found: str = on_the_loop(shop.sim, lambda: shop.sim.stripe.dispute(number, fen, asks=asks))
    assert found.startswith("dp_")
    return found


def decided(shop: Shop, dispute: str, status: str) -> bool:
    done: bool = on_the_loop(shop.sim, lambda: shop.sim.stripe.decide(dispute, status))
    return done


def rows(shop: Shop) -> list[Chargeback]:
    return shop.database.read_now(lambda s: list(s.exec(select(Chargeback))))


def cost(shop: Shop) -> int:
    return shop.database.read_now(ledger.balance, COST)


def pull(shop: Shop) -> int:
    return reconciling.pull(shop.database, "stripe", reconciliation.day_of(shop.clock.now), now=shop.clock.now)


def test_taken_told_twice_and_booked_once(shop: Shop, number: str) -> None:
    dispute = taken(shop, number)

    assert [shop.hear(at=i) for i in (-2, -1, -2)] == [
        [OutcomeKind.CHARGEBACK],  # created
        [OutcomeKind.DUPLICATE],  # funds_withdrawn
        [OutcomeKind.DUPLICATE],
    ]
    assert (shop.cash(), cost(shop), shop.is_proven()) == (0, PRICE, True)
    assert [(one.no, one.status, one.amount_fen) for one in rows(shop)] == [(dispute, ChargebackStatus.OPEN, PRICE)]
    assert shop.status() is OrderStatus.ASSIGNED


@pytest.mark.parametrize(("ends", "status", "held"), [("won", "won", PRICE), ("lost", "lost", PRICE - 4_000)])
def test_the_bank_decides(shop: Shop, number: str, ends: str, status: str, held: int) -> None:
    dispute = taken(shop, number, 4_000)
    shop.hear()
    assert (shop.cash(), cost(shop)) == (PRICE - 4_000, 4_000)

    assert decided(shop, dispute, ends)
    told = [shop.hear() for _ in range(2)]

    assert told == [[OutcomeKind.CHARGEBACK], [OutcomeKind.DUPLICATE]]
    assert (shop.cash(), cost(shop), shop.is_proven()) == (held, PRICE - held, True)
    assert [one.status.value for one in rows(shop)] == [status]
    assert not decided(shop, dispute, "won")


def test_the_end_is_heard_of_before_the_beginning(shop: Shop, number: str) -> None:
    dispute = taken(shop, number)
    decided(shop, dispute, "won")

    assert shop.hear() == [OutcomeKind.CHARGEBACK]
    assert [shop.hear(at=i) for i in (-2, -3, -4)] == [[OutcomeKind.DUPLICATE]] * 3

    assert (shop.cash(), cost(shop), shop.is_proven()) == (PRICE, 0, True)


def test_a_question_that_becomes_more(shop: Shop, number: str) -> None:
    dispute = taken(shop, number, asks=True)
    assert shop.hear() == [OutcomeKind.CHARGEBACK]
    assert (shop.cash(), cost(shop)) == (PRICE, 0)

    assert on_the_loop(shop.sim, lambda: shop.sim.stripe.escalate(dispute))
    assert not on_the_loop(shop.sim, lambda: shop.sim.stripe.escalate(dispute))
    shop.hear()

    assert (shop.cash(), cost(shop)) == (0, PRICE)
    assert not decided(shop, dispute, "warning_closed")


def test_a_question_that_comes_to_nothing(shop: Shop, number: str) -> None:
    dispute = taken(shop, number, asks=True)
    shop.hear()
    assert decided(shop, dispute, "warning_closed")
    assert shop.hear() == [OutcomeKind.CHARGEBACK]

    assert [one.status for one in rows(shop)] == [ChargebackStatus.DROPPED]
    assert (shop.cash(), cost(shop)) == (PRICE, 0)


# --- messages -------------------------------------------------------------------------------------------------------------------


def test_a_forged_or_stale_message_leaves_no_trace(shop: Shop, number: str) -> None:
    taken(shop, number)
    raw, headers = shop.sim.platform.held[-1][1]()
    before = shop.database.read_now(lambda s: len(s.exec(select(ChannelEvent)).all()))

    late = shop.clock.now + FRESH + timedelta(seconds=5)
    with pytest.raises(NotAllowed, match="stale"):
        checkout.deliver(shop.database, "stripe", headers, raw, now=late)
    shop.sim.platform.faults.forge = True
    with pytest.raises(NotAllowed, match="signature"):
        shop.hear()

    assert (rows(shop), shop.cash()) == ([], PRICE)
    assert shop.database.read_now(lambda s: len(s.exec(select(ChannelEvent)).all())) == before


@pytest.mark.parametrize("changes", [{"payment_intent": "pi_other"}, {"payment_intent": None}, {"currency": "usd"}])
def test_one_about_something_else_is_parked(shop: Shop, number: str, changes: dict[str, str | None]) -> None:
    taken(shop, number)
    event = json.loads(shop.sim.platform.held[-1][1]()[0])
    event["data"]["object"] |= changes
    raw, headers = signed(shop.sim, event, at=shop.clock.now)

    (outcome,) = checkout.deliver(shop.database, "stripe", headers, raw, now=shop.clock.now)

    assert (outcome.kind, rows(shop), shop.cash()) == (OutcomeKind.SUSPECT, [], PRICE)


def test_a_status_that_nobody_knows_is_no_news(shop: Shop, number: str) -> None:
    taken(shop, number)
    event = json.loads(shop.sim.platform.held[-1][1]()[0])
    event["data"]["object"] |= {"status": "something_new"}
    raw, headers = signed(shop.sim, event, at=shop.clock.now)

    assert checkout.deliver(shop.database, "stripe", headers, raw, now=shop.clock.now) == []
    assert set(CHARGEBACKS.values()) == set(ChargebackStatus)


# --- bills ----------------------------------------------------------------------------------------------------------------------


def test_the_bill_explains_what_was_taken_and_its_fee(shop: Shop, number: str) -> None:
    dispute = taken(shop, number)
    shop.hear()
    assert [pull(shop) for _ in range(2)] == [0, 0]
    bill = shop.database.read_now(lambda s: s.exec(select(Bill)).one())
    fees = fee_fen(PRICE) + DISPUTE_FEE_FEN
    assert (bill.matched, bill.net_fen, bill.unexplained_fen, bill.fee_fen) == (2, 0, 0, fees)
    assert shop.cash() == -fees

    decided(shop, dispute, "won")
    shop.hear()
    assert pull(shop) == 0

    bill = shop.database.read_now(lambda s: s.exec(select(Bill)).one())
    assert (bill.matched, bill.net_fen, bill.unexplained_fen, bill.fee_fen) == (3, PRICE, 0, fees)
    assert (shop.cash(), cost(shop), shop.is_proven()) == (PRICE - fees, 0, True)


def test_a_lost_message_is_found_in_the_bill(shop: Shop, number: str) -> None:
    dispute = taken(shop, number)
    decided(shop, dispute, "won")

    assert [pull(shop) for _ in range(2)] == [0, 0]

    assert [one.status for one in rows(shop)] == [ChargebackStatus.WON]
    assert (cost(shop), shop.is_proven()) == (0, True)
    assert shop.hear() == [OutcomeKind.DUPLICATE]


def test_one_of_nobodys_payment_stays_a_difference(shop: Shop, number: str) -> None:
    dispute = taken(shop, number)
    known = shop.sim.platform.get("stripe-dispute", dispute)
    assert known is not None
    shop.sim.platform.put("stripe-dispute", dispute, known | {"payment_intent": "pi_other"})

    assert pull(shop) == 1
    assert rows(shop) == []


# --- what a merchant may no longer do ----------------------------------------------------------------------------------------


def test_what_a_bank_has_taken_is_not_refunded_as_well(shop: Shop, number: str) -> None:
    taken(shop, number)
    gateway = channels.gateway("stripe")
    asked = RefundRequest(f"R{number}", number, "stripe", PRICE, PRICE, 1)

    assert gateway.refund(asked) is RefundState.FAILED
    assert gateway.query_refund(asked) is RefundState.NOT_FOUND


def test_nothing_is_taken_of_what_was_not_paid(shop: Shop) -> None:
    waiting = shop.open()

    for no in (waiting, "Pnobody"):
        assert on_the_loop(shop.sim, lambda no=no: shop.sim.stripe.dispute(no)) == ""  # type: ignore[misc]


def test_the_control_plane_is_a_bank(shop: Shop, number: str) -> None:
    base = f"{shop.sim.address}/control/dispute/{number}"

    acts = ("won", "inquiry", "escalate", "open", "fly", "lost", "won")
    done = [httpx.post(f"{base}/{act}", trust_env=False).status_code for act in acts]

    assert done == [409, 200, 200, 409, 409, 200, 409]
