"""Withdrawals whose payee has to say yes, at a channel that forgets to answer: the books say what the channel did."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from sqlmodel import Session, col, select

from servicehub.adapters import payee
from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole
from servicehub.domain.channel import Confirmation, PayoutRequest, PayoutState
from servicehub.domain.withdrawal import WithdrawalStatus
from servicehub.errors import Invalid, NotFound
from servicehub.models.ledger import JournalEntry
from servicehub.models.withdrawal import Withdrawal
from servicehub.services import identities, ledger, withdrawals
from servicehub.workflows import payouts
from tests import journey
from tests.conftest import FixedClock
from tests.crowd import at_once

EARNED, FEN = 900_000, 10_000
ENDS = {
    PayoutState.SUCCEEDED: WithdrawalStatus.DONE,
    PayoutState.FAILED: WithdrawalStatus.FAILED,
    PayoutState.UNCONFIRMED: WithdrawalStatus.EXPIRED,
}


@dataclass
class Wallets:
    """A channel that asks its payees; each answer is lost with a chance of `silent`, after the deed."""

    dice: random.Random
    silent: float = 0.4
    name: str = "wechat"
    wants_repeats: bool = True
    states: dict[str, PayoutState] = field(default_factory=dict)
    paid: Counter[str] = field(default_factory=Counter)

    def payout(self, request: PayoutRequest) -> PayoutState:
        if self.dice.random() < self.silent / 2:
            return PayoutState.UNKNOWN  # it never arrived
        self.states.setdefault(request.no, PayoutState.CONFIRMING)
        self.paid[request.no] += 0
        return self._said(request.no)

    def query_payout(self, no: str) -> PayoutState:
        return self._said(no)

    def confirmation(self, request: PayoutRequest) -> Confirmation:
        return Confirmation(self._said(request.no), {"package": request.no})

    def cancel(self, no: str) -> PayoutState:
        self._end(no, PayoutState.UNCONFIRMED)
        return self._said(no)

    def confirm(self, no: str) -> None:
        if self._end(no, PayoutState.SUCCEEDED):
            self.paid[no] += FEN

    def fail(self, no: str) -> None:
        self._end(no, PayoutState.FAILED)

    def _end(self, no: str, state: PayoutState) -> bool:
        waits = self.states.get(no) is PayoutState.CONFIRMING
        if waits:
            self.states[no] = state
        return waits

    def _said(self, no: str) -> PayoutState:
        return PayoutState.UNKNOWN if self.dice.random() < self.silent else self.states.get(no, PayoutState.NOT_FOUND)


@pytest.fixture
def wallets(monkeypatch: pytest.MonkeyPatch) -> Wallets:
    made = Wallets(random.Random(7))
    monkeypatch.setattr(payouts, "payouts", lambda _channel: made)
    monkeypatch.setattr(payouts, "payees", lambda _channel: made)
    monkeypatch.setattr(payouts, "payout_channels", lambda: ("alipay", "wechat"))
    return made


@pytest.fixture
def people(sqlite_database: Database, fixed_clock: FixedClock) -> tuple[Actor, Actor]:
    """A technician with money who has logged in at WeChat, and somebody of finance."""

    def prepare(session: Session) -> tuple[Actor, Actor]:
        world = journey.build(session)
        who = world.technicians[0]
        lines = {ledger.cash("bank"): EARNED, ledger.available(who.technician_id): -EARNED}
        ledger.post(session, "earned", "payment", "test", lines, now=fixed_clock.now)
        identities.remember(session, who, "oInvented00000000000000001", now=fixed_clock.now)
        return who, journey.operator(world, OperatorRole.FINANCE)

    return sqlite_database.write_now(prepare)


def asked(database: Database, people: tuple[Actor, Actor], clock: FixedClock) -> str:
    no: str = database.write_now(payouts.request, people[0], FEN, "", "wechat", now=clock.now)
    database.write_now(withdrawals.approve, people[1], no, now=clock.now)
    return no


def row(database: Database, no: str) -> Withdrawal:
    return database.read_now(lambda s: s.exec(select(Withdrawal).where(Withdrawal.no == no)).one())


def ends_of(database: Database, no: str) -> int:
    mine = select(JournalEntry).where(col(JournalEntry.ref) == f"withdrawal:{no}")
    return len(database.read_now(lambda s: s.exec(mine).all())) - 1  # the first one froze the money


@pytest.mark.parametrize("seed", range(12))
def test_the_books_end_as_the_channel_did(
    sqlite_database: Database, people: tuple[Actor, Actor], wallets: Wallets, fixed_clock: FixedClock, seed: int
) -> None:
    database, dice = sqlite_database, random.Random(seed)
    no = asked(database, people, fixed_clock)
    acts: list[Callable[[], object]] = [
        lambda: payouts.send(database, {"no": no}),
        lambda: payouts.send(database, {"no": no}),
        lambda: payouts.confirmation(database, people[0], no),
        lambda: fixed_clock.advance(hours=dice.randint(1, 8)),
        lambda: wallets.confirm(no),
        lambda: wallets.fail(no),
        lambda: payouts.give_up(database, people[0], no),
    ]
    weights = [6, 6, 3, 3, 4, 1, 1]
    for act in dice.choices(acts, weights, k=25):
        act()
        said, status = wallets.states.get(no), row(database, no).status
        assert status not in ENDS.values() or ENDS.get(said or PayoutState.UNKNOWN) is status
    wallets.silent = 0
    fixed_clock.advance(hours=25)
    for _ in range(3):
        payouts.send(database, {"no": no})
        fixed_clock.advance(hours=25)

    assert row(database, no).status is ENDS[wallets.states[no]]
    assert ends_of(database, no) == 1
    assert -database.read_now(ledger.balance, ledger.cash("wechat")) == wallets.paid[no]
    who = people[0].technician_id
    assert database.read_now(ledger.balance, ledger.available(who)) == EARNED - wallets.paid[no]
    assert database.read_now(ledger.verify) == []


def test_the_time_to_say_yes_begins_once_and_is_told_once(
    sqlite_database: Database, people: tuple[Actor, Actor], wallets: Wallets, fixed_clock: FixedClock
) -> None:
    wallets.silent = 0
    no = asked(sqlite_database, people, fixed_clock)
    payouts.send(sqlite_database, {"no": no})
    until = row(sqlite_database, no).confirm_until

    fixed_clock.advance(hours=5)
    payouts.send(sqlite_database, {"no": no})

    assert row(sqlite_database, no).confirm_until == until
    assert not sqlite_database.write_now(withdrawals.wait_for_payee, no, now=fixed_clock.now)
    assert sqlite_database.write_now(withdrawals.wait_for_payee, no, now=fixed_clock.advance(hours=19))


def test_of_many_looks_and_cancellings_at_the_end_of_the_day_one_is_booked(
    database: Database, fixed_clock: FixedClock, wallets: Wallets
) -> None:
    def prepare(session: Session) -> tuple[Actor, Actor]:
        world = journey.build(session)
        who = world.technicians[0]
        lines = {ledger.cash("bank"): EARNED, ledger.available(who.technician_id): -EARNED}
        ledger.post(session, "earned", "payment", "test", lines, now=fixed_clock.now)
        identities.remember(session, who, "oInvented00000000000000002", now=fixed_clock.now)
        return who, journey.operator(world, OperatorRole.FINANCE)

    people, wallets.silent = database.write_now(prepare), 0
    no = asked(database, people, fixed_clock)
    payouts.send(database, {"no": no})
    fixed_clock.advance(hours=24)

    def act(i: int) -> object:
        if i % 3 == 0:
            return payouts.send(database, {"no": no})
        if i % 3 == 1:
            return payouts.give_up(database, people[0], no)
        return payouts.confirmation(database, people[0], no)

    at_once(64, act)

    assert (row(database, no).status, ends_of(database, no)) == (WithdrawalStatus.EXPIRED, 1)
    assert database.read_now(ledger.balance, ledger.available(people[0].technician_id)) == EARNED
    assert database.read_now(ledger.verify) == []


def test_a_later_log_in_redirects_nothing(
    sqlite_database: Database, people: tuple[Actor, Actor], wallets: Wallets, fixed_clock: FixedClock
) -> None:
    no = asked(sqlite_database, people, fixed_clock)
    sqlite_database.write_now(identities.remember, people[0], "oSomebodyElse0000000000001", now=fixed_clock.now)

    request = sqlite_database.write_now(withdrawals.begin, no)

    assert request is not None
    assert request.account == "oInvented00000000000000001"
    assert row(sqlite_database, no).account_mask == "****0001"


def test_a_channel_that_is_not_open_is_refused(
    sqlite_database: Database, people: tuple[Actor, Actor], wallets: Wallets, fixed_clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    ask = (payouts.request, people[0], FEN, "19900000002")
    with pytest.raises(Invalid):
        sqlite_database.write_now(*ask, "stripe", now=fixed_clock.now)
    monkeypatch.setattr(payouts, "payout_channels", lambda: ())
    with pytest.raises(NotFound):
        sqlite_database.write_now(*ask, now=fixed_clock.now)
    with pytest.raises(NotFound):
        payee.payees("simulator")
