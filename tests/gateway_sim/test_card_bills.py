"""Stripe's balance transactions as a bill: what is one line, what is a fee, what people see, and what is no bill at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from servicehub.adapters import stripe_bill
from servicehub.adapters.stripe_hold import StripeHold
from servicehub.adapters.stripe_pay import StripeGateway
from servicehub.chaos.proofs import money_of
from servicehub.domain.guarantee import CaptureRequest, HoldRequest
from servicehub.domain.reconciliation import BillLine, LineKind, compare
from servicehub.errors import BillUnavailable
from servicehub.gateway_sim.serving import Running
from servicehub.gateway_sim.stripe_books import fee_fen
from servicehub.services.reconciliation import day_of
from servicehub.settings import Settings
from tests.gateway_sim.test_gateways import FEN, now, opened, paid, payment, refund_of, visit
from tests.gateway_sim.test_stripe import asked_of, changed, on_the_loop


@pytest.fixture(autouse=True)
def _empty_books(sim: Running) -> Iterator[None]:
    sim.platform.forget()
    yield
    sim.platform.forget()


def today() -> date:
    return day_of(now())


def transaction(category: str, amount: int, fee: int = 0, **source: Any) -> dict[str, Any]:
    return {
        "id": f"txn_{category}_{amount}",
        "amount": amount,
        "currency": "cny",
        "fee": fee,
        "reporting_category": category,
        "source": source or None,
    }


def test_payments_and_refunds_stand_under_our_numbers(sim: Running, stripe: StripeGateway) -> None:
    request = paid(sim, stripe)
    back = refund_of(request, 5_000)
    stripe.refund(back)
    channel_no = stripe.query(request.no).channel_no

    found = stripe.bill(today())

    assert sorted(found, key=lambda line: line.kind) == [
        BillLine(LineKind.PAYMENT, request.no, FEN, fee_fen(FEN), channel_no),
        BillLine(LineKind.REFUND, back.no, 5_000, 0, next(iter(sim.platform.every("stripe-refund")))["id"]),
    ]
    assert (stripe.bill(today() - timedelta(days=1)), stripe.bill(today() + timedelta(days=1))) == ([], [])


def test_a_part_that_was_taken_of_a_guarantee_is_one_line(sim: Running, accounts: Settings) -> None:
    """Stripe enters all that was authorised, and the rest as a refund that nobody asked for."""
    assert accounts.stripe is not None
    sim.platform.faults.hold = True
    port = StripeHold(accounts.stripe, base_url=accounts.base_url)
    request = payment(port)
    held = HoldRequest(f"G{request.no[1:]}", "stripe", FEN, "x", 15, request.expires_at, "/orders/1/")
    assert visit(port.hold(held).url).status_code == 200
    assert on_the_loop(sim, lambda: sim.stripe.confirm(held.no))
    assert port.bill(today()) == []

    port.capture(CaptureRequest(held.no, 6_000, "x", now(), 1))

    entered = [one["amount"] for one in sim.platform.every("stripe-balance")]
    assert sorted(entered) == [6_000 - FEN, FEN]
    (line,) = port.bill(today())
    assert (line.kind, line.no, line.amount_fen, line.fee_fen) == (LineKind.PAYMENT, held.no, 6_000, fee_fen(6_000))
    money = money_of(sim.platform)
    assert (money.payments, money.refunds, money.held("stripe")) == ({held.no: 6_000}, {}, 6_000)


def test_a_bill_of_several_answers_is_read_to_its_end(sim: Running, stripe: StripeGateway) -> None:
    paid(sim, stripe)
    one = next(iter(sim.platform.every("stripe-balance")))
    charge = sim.platform.get("stripe-charge", one["source"])
    assert charge is not None
    for i in range(150):
        sim.platform.put("stripe-charge", f"ch_{i:03}", charge | {"id": f"ch_{i:03}", "metadata": {}})
        sim.platform.put("stripe-balance", f"txn_{i:03}", one | {"id": f"txn_{i:03}", "source": f"ch_{i:03}"})

    found = stripe.bill(today())

    assert len(found) == 151
    assert sum(line.amount_fen for line in found) == 151 * FEN


def test_the_day_is_that_of_the_channels_here(sim: Running, stripe: StripeGateway) -> None:
    paid(sim, stripe)
    one = next(iter(sim.platform.every("stripe-balance")))
    midnight = 1_780_070_400  # 2026-05-30T00:00:00+08:00
    days = [date(2026, 5, 29), date(2026, 5, 30)]

    counts = []
    for created in (midnight - 1, midnight):
        sim.platform.put("stripe-balance", one["id"], one | {"created": created})
        counts.append([len(stripe.bill(day)) for day in days])

    assert counts == [[1, 0], [0, 1]]


def test_what_is_none_of_ours_stands_under_stripes_number() -> None:
    found = stripe_bill.lines(
        [
            transaction("charge", 900, 56, id="ch_1", metadata={}, payment_intent="pi_1"),
            transaction("refund", -500, 0, id="re_1", metadata=None, payment_intent="pi_1"),
            transaction("refund_failure", 500, 0, id="re_2", metadata={}),
            transaction("other_adjustment", -70, 0),
            transaction("partial_capture_reversal", -30, 0, id="re_3", charge="ch_of_another_day"),
            transaction("payout", -10_000, 0, id="po_1"),
            transaction("payout_reversal", 10_000, 0, id="po_1"),
        ],
        "cny",
    )

    assert [(line.kind, line.no, line.amount_fen) for line in found] == [
        (LineKind.PAYMENT, "ch_1", 900),
        (LineKind.REFUND, "re_1", 500),
        (LineKind.PAYMENT, "txn_refund_failure_500", 500),
        (LineKind.PAYOUT, "txn_other_adjustment_-70", 70),
        (LineKind.PAYOUT, "txn_partial_capture_reversal_-30", 30),
    ]


def test_a_bank_that_takes_back_and_gives_back_stands_under_the_disputes_number() -> None:
    found = stripe_bill.lines(
        [
            transaction("dispute", -900, 1_500, id="dp_1", payment_intent="pi_1"),
            transaction("dispute_reversal", 900, -1_500, id="dp_1", payment_intent="pi_1"),
        ],
        "cny",
    )

    assert found == [
        BillLine(LineKind.CHARGEBACK, "dp_1", 900, 1_500, "pi_1"),
        BillLine(LineKind.CHARGEBACK_WON, "dp_1", 900, -1_500, "pi_1"),
    ]
    outcome = compare(found, {(LineKind.CHARGEBACK, "dp_1"): 900, (LineKind.CHARGEBACK_WON, "dp_1"): 900}, around={})
    assert (outcome.matched, outcome.net_fen, outcome.fee_fen, outcome.differences) == (2, 0, 0, ())


def test_fees_beside_payments_are_fees_and_no_difference() -> None:
    found = stripe_bill.lines([transaction("fee", -250), transaction("fee", 40), transaction("tax", -10)], "cny")

    outcome = compare(found, {}, around={})

    assert (outcome.fee_fen, outcome.net_fen, outcome.differences) == (220, 0, ())
    assert outcome.unexplained_fen(0) == 0


@pytest.mark.parametrize(
    "changes",
    [{"currency": "usd"}, {"amount": None}, {"source": None}, {"source": "ch_not_expanded"}, {"reporting_category": 1}],
)
def test_what_is_not_understood_is_no_bill(changes: dict[str, Any]) -> None:
    good = transaction("charge", 900, 56, id="ch_1", metadata={}, payment_intent="pi_1")
    if changes == {"reporting_category": 1}:
        good.pop("reporting_category")
        changes = {}

    with pytest.raises(BillUnavailable):
        stripe_bill.lines([good | changes], "cny")


def test_a_bill_in_another_currency_is_none(sim: Running, accounts: Settings, stripe: StripeGateway) -> None:
    paid(sim, stripe)

    with pytest.raises(BillUnavailable, match="currency"):
        changed(accounts, currency="eur").bill(today())


def test_a_refund_that_fails_afterwards_comes_back_and_is_seen(sim: Running, stripe: StripeGateway) -> None:
    request = paid(sim, stripe)
    stripe.refund(refund_of(request, 5_000))
    made = next(iter(sim.platform.every("stripe-refund")))["id"]
    on_the_loop(sim, lambda: sim.stripe.settle(made, "failed"))

    kinds = sorted((line.kind, line.amount_fen) for line in stripe.bill(today()))

    assert kinds == [(LineKind.PAYMENT, 5_000), (LineKind.PAYMENT, FEN), (LineKind.REFUND, 5_000)]


def test_nothing_is_entered_before_money_moves(sim: Running, stripe: StripeGateway) -> None:
    sim.platform.faults.hold = True
    opened(stripe)

    answer = asked_of(sim, "GET", "/v1/balance_transactions?limit=3")

    assert (answer.status_code, answer.json()["data"], stripe.bill(today())) == (200, [], [])
