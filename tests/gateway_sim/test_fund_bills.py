"""Transfers in WeChat's bills: taken when they are accepted, back when nobody says yes, and every day comes to its end."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlmodel import select

from servicehub.adapters import gateway as channels
from servicehub.domain.reconciliation import DifferenceKind, LineKind
from servicehub.domain.withdrawal import WithdrawalStatus
from servicehub.gateway_sim.serving import Running
from servicehub.models.reconciliation import Bill, Difference
from servicehub.services import reconciliation
from servicehub.workflows import payouts, reconciling
from tests.gateway_sim.test_transfers import FEN, Purse, open_channels, openid, purse

__all__ = ["open_channels", "openid", "purse"]  # fixtures that these tests ask for


@pytest.fixture(autouse=True)
def _empty_books(sim: Running) -> None:
    """A bill has everything of its day: nothing of other tests may be left."""
    sim.platform.forget()


@pytest.fixture
def till(purse: Purse) -> Purse:
    return purse


def today(till: Purse) -> date:
    return reconciliation.day_of(till.clock.now)


def pull(till: Purse, day: date) -> int:
    return reconciling.pull(till.database, "wechat", day, now=till.clock.now)


def bills(till: Purse) -> list[tuple[int, int, int]]:
    """Matched, of another day, unexplained; by day."""
    rows = till.database.read_now(lambda s: s.exec(select(Bill).order_by(Bill.day)).all())  # type: ignore[arg-type]
    return [(row.matched, row.other_day, row.unexplained_fen) for row in rows]


def differences(till: Purse) -> list[tuple[DifferenceKind, LineKind, int]]:
    rows = till.database.read_now(lambda s: s.exec(select(Difference).order_by(Difference.id)).all())  # type: ignore[arg-type]
    return [(row.kind, row.line_kind, row.net_fen) for row in rows]


def to_the_next_day(till: Purse) -> date:
    day = today(till)
    while today(till) == day:
        till.clock.advance(minutes=30)
    return day


def test_only_transfers_are_taken_from_what_moved(till: Purse) -> None:
    till.send()
    paid = {
        "success_time": till.clock.now.isoformat(), "total": 100, "appid": "a", "mchid": "m", "transaction_id": "t",
        "out_trade_no": "P1",
    }  # fmt: skip
    till.sim.platform.put("wechat", "P1", paid)

    found = channels.bills("wechat").bill(today(till))

    assert [(line.kind, line.no, line.amount_fen) for line in found] == [
        (LineKind.PAYMENT, "P1", 100),
        (LineKind.PAYOUT, till.no, FEN),
    ]


def test_a_transfer_that_was_taken_on_its_day_matches(till: Purse) -> None:
    till.send()
    till.act("confirm")
    till.hear()

    assert [pull(till, today(till)) for _ in range(2)] == [0, 0]
    assert bills(till) == [(1, 0, 0)]


def test_one_that_is_confirmed_after_midnight_is_of_another_day(till: Purse) -> None:
    till.send()
    first = to_the_next_day(till)
    assert pull(till, first) == 0, "it still waits"
    assert bills(till) == [(0, 1, 0)]
    till.act("confirm")
    till.hear()

    for _ in range(2):
        assert [pull(till, day) for day in (first, today(till))] == [0, 0]
    assert bills(till) == [(0, 1, 0), (0, 1, 0)]


def test_one_that_was_not_confirmed_goes_and_comes_back(till: Purse) -> None:
    till.send()
    first = to_the_next_day(till)
    assert pull(till, first) == 0
    until = till.row().confirm_until
    assert until is not None
    till.clock.set(until)
    till.send()
    assert till.row().status is WithdrawalStatus.EXPIRED

    for _ in range(2):
        assert [pull(till, day) for day in (first, today(till))] == [0, 0]
    assert bills(till) == [(0, 1, 0), (0, 1, 0)]


def test_taken_back_on_the_same_day_leaves_nothing(till: Purse) -> None:
    till.send()
    payouts.give_up(till.database, till.technician, till.no)

    assert pull(till, today(till)) == 0
    assert bills(till) == [(0, 2, 0)]


def test_what_was_taken_and_never_came_back_is_found(till: Purse) -> None:
    till.send()
    payouts.give_up(till.database, till.technician, till.no)
    kept = till.sim.platform.get("wechat-transfer", till.no)
    assert kept is not None
    till.sim.platform.put("wechat-transfer", till.no, kept | {"state": "SUCCESS"})

    assert pull(till, today(till)) == 1
    assert (bills(till), differences(till)) == (
        [(0, 1, 0)],
        [(DifferenceKind.ONLY_OURS, LineKind.PAYOUT_BACK, -FEN)],
    )


def test_what_was_taken_after_it_had_ended_is_found(till: Purse) -> None:
    till.send()
    payouts.give_up(till.database, till.technician, till.no)
    kept = till.sim.platform.get("wechat-transfer", till.no)
    assert kept is not None
    to_the_next_day(till)
    later = till.clock.now.astimezone(reconciliation.ZONE).isoformat(timespec="seconds")
    till.sim.platform.put("wechat-transfer", till.no, kept | {"state": "SUCCESS", "at": later})

    assert pull(till, today(till)) == 1
    assert differences(till) == [(DifferenceKind.ONLY_CHANNEL, LineKind.PAYOUT, -FEN)]
    assert bills(till) == [(0, 0, 0)]


def test_a_payout_that_the_bill_lacks_is_found(till: Purse) -> None:
    till.send()
    till.act("confirm")
    till.hear()
    kept = till.sim.platform.get("wechat-transfer", till.no)
    assert kept is not None
    before = (till.clock.now - timedelta(days=9)).isoformat(timespec="seconds")
    till.sim.platform.put("wechat-transfer", till.no, kept | {"at": before})

    assert pull(till, today(till)) == 1
    assert differences(till) == [(DifferenceKind.ONLY_OURS, LineKind.PAYOUT, FEN)]
