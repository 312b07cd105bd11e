"""Money driven at random: payments, refunds before and after settling, maturing, disputes, withdrawals, deposits, each repeated.

After every step the books balance, guarded accounts hold what they say, and our cash is what the channel really has. How often
every rule did something is counted, and seven faults that are planted on purpose are found.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlmodel import Session, col, select

from servicehub import outbox
from servicehub.db.sessions import session_on
from servicehub.domain.access import SYSTEM, Actor, OperatorRole
from servicehub.domain.channel import OutcomeKind, PayoutState, RefundState, Report
from servicehub.domain.deposit import DEPOSIT_KIND, DepositPolicy
from servicehub.domain.order import OrderStatus
from servicehub.domain.payment import POINTS, RETURNED, PaymentStatus, PlanItem, RefundStatus
from servicehub.domain.points import POINTS_KIND
from servicehub.domain.policy import DEFAULT_POLICIES
from servicehub.domain.proposal import Extra, ProposalStatus
from servicehub.domain.withdrawal import OPEN, WITHDRAWAL_KIND
from servicehub.errors import LedgerRefused, RefundTooLarge, ServiceHubError
from servicehub.jobs.recorder import Recorder
from servicehub.models.catalog import Policy
from servicehub.models.deposit import DepositRequest
from servicehub.models.ledger import Account, Posting
from servicehub.models.order import Order, OrderLine
from servicehub.models.payment import Payment, Refund
from servicehub.models.proposal import Proposal
from servicehub.models.withdrawal import Withdrawal
from servicehub.services import (
    deposits,
    failed_refunds,
    ledger,
    payments,
    points,
    proposals,
    refunds,
    settlement_batches,
    settlements,
    sums,
    tenders,
    withdrawals,
)
from tests import city, journey
from tests.city import NOW

EXAMPLES, STEPS = int(os.environ.get("MONEY_EXAMPLES", "40")), 60
MOST_RUNS, LEAST = 8, 200
"""Every rule has to do something so often; `MONEY_EXAMPLES` asks for longer runs."""
TARGET = 4_000
"""Of a deposit, in fen: reached and lost again often."""
HITS: Counter[str] = Counter()
engine_of: list[sa.Engine] = []
"""The database of this module's runs, set by a fixture: a machine takes no arguments."""


class MoneyMachine(RuleBasedStateMachine):
    """One city with two technicians; `held` is what the channel would say that it has of ours."""

    def __init__(self) -> None:
        super().__init__()
        outbox.set_engine(Recorder())
        self.connection = engine_of[0].connect()
        self.outer = self.connection.begin()
        self.session: Session = session_on(self.connection)
        world = journey.build(self.session)
        self.town, self.technicians = world.town, world.technicians
        self.finance = [journey.operator(world, OperatorRole.FINANCE) for _ in range(2)]
        limits = {"least_fen": 100, "a_day": 10_000, "second_from_fen": 5_000, "fee_bp": 50, "least_fee_fen": 10}
        self.session.add(
            Policy(city_id=self.town.city_id, kind=WITHDRAWAL_KIND, version=1, document=limits, effective_at=NOW)
        )
        loyalty = {"per_yuan": 20, "most_bp": 3_000, "least": 1, "months": 1}
        self.session.add(
            Policy(city_id=self.town.city_id, kind=POINTS_KIND, version=1, document=loyalty, effective_at=NOW)
        )
        guarantee = {"target_fen": TARGET, "share_bp": 1_500, "hold_days": 0}
        self.session.add(
            Policy(city_id=self.town.city_id, kind=DEPOSIT_KIND, version=1, document=guarantee, effective_at=NOW)
        )
        rules = {"rules": [{"id": "r1", "category": "daily", "bp": 1333}], "tax": {"bp": 777, "from_fen": 1_000}}
        self.session.get_one(Policy, self.town.policy_id).document = DEFAULT_POLICIES["order"] | {"commission": rules}
        self.session.flush()
        self.held, self.now, self.steps = 0, NOW, 0
        """Earnings that were not asked yet whether they have matured."""
        self.unsettled: list[Order] = []
        self.settled: list[Order] = []
        self.owed: list[str] = []
        """Numbers of refunds that have not ended."""
        self.asked: dict[str, Actor] = {}
        """Withdrawals in review, by number…"""
        self.sending: dict[str, Actor] = {}
        """…and those that are being paid out."""
        for who in (0, 1):
            self._earn(20_000, who)
        self._pay(10_000, 0)

    def _earn(self, fen: int, who: int) -> None:
        """A job that was paid, settled, and has matured."""
        order = self._pay(fen, who)
        settlements.settle(self.session, order, now=self.now)
        settlements.mature_due(self.session, self._later(days=20))
        self.unsettled.remove(order)
        self.settled.append(order)

    def teardown(self) -> None:
        sound = ledger.verify(self.session) + settlement_batches.problems(self.session)
        self.session.close()
        self.outer.rollback()
        self.connection.close()
        outbox.set_engine(None)
        assert sound == []

    def _did(self, name: str) -> None:
        HITS[name] += 1

    def _later(self, **by: float) -> datetime:
        self.now += timedelta(**by)
        return self.now

    def _entries(self) -> int:
        return int(self.session.scalar(sa.select(sa.func.count()).select_from(Posting)) or 0)

    # -- what happens -----------------------------------------------------------------------------------------------------

    @rule(fen=st.integers(500, 30_000), who=st.integers(0, 1))
    def pay(self, fen: int, who: int) -> None:
        self._pay(fen, who)
        self._did("pay")

    @rule(fen=st.integers(5_000, 30_000), who=st.integers(0, 1))
    def earn(self, fen: int, who: int) -> None:
        self._earn(fen, who)

    def _pay(self, fen: int, who: int) -> Order:
        order = city.add_order(
            self.session, self.town, NOW, status=OrderStatus.AWAITING_CONFIRM, total_fen=fen, first_due_fen=fen,
            technician_id=self.technicians[who].technician_id, paid_at=self.now,
        )  # fmt: skip
        self.session.add(
            OrderLine(
                order_id=order.id or 0,
                kind="base",
                name_zh="服务",
                name_en="Service",
                quantity=1,
                unit_fen=fen,
                amount_fen=fen,
            )
        )
        parts = tenders.reserve(self.session, order, PlanItem.FULL, fen, (POINTS,), self.now, now=self.now)
        if parts:
            self._did("pay_with_points")
        fen -= sum(part.amount_fen for part in parts)
        payment = Payment(
            no=f"P{order.no}", order_id=order.id or 0, item=PlanItem.FULL, channel="alipay", method="alipay", amount_fen=fen,
            status=PaymentStatus.PENDING, created_at=self.now, expires_at=self.now, part_id=parts[0].id if parts else None,
        )  # fmt: skip
        self.session.add(payment)
        self.session.flush()
        payments.keep(self.session, payment, now=self.now)
        self.held += fen
        self.unsettled.append(order)
        return order

    @precondition(lambda self: self.unsettled)
    @rule(fen=st.integers(100, 9_000), pick=st.integers(0, 99))
    def add_on(self, fen: int, pick: int) -> None:
        """Something more is sold, and paid by a payment of its own; a second payment for it goes back."""
        order = self.unsettled[pick % len(self.unsettled)]
        extra = Extra("more", "加项", "Add-on", 1, fen, 0)
        proposal = Proposal(
            order_id=order.id or 0, technician_id=order.technician_id or 0, status=ProposalStatus.OPEN,
            lines=[extra.document()], amount_fen=fen, minutes=0, at_once=True, created_at=self.now,
        )  # fmt: skip
        self.session.add(proposal)
        self.session.flush()
        first, second = (
            payments.open_add_on(self.session, order, proposal, "alipay", method, now=self._later(minutes=1))
            for method in ("alipay", "again")
        )
        payments.keep(self.session, first, now=self.now)
        proposals._add(self.session, order, proposal, SYSTEM, self.now)
        report = Report("alipay", f"again:{second.no}", "payment", second.no, fen, second.no)
        assert payments.record(self.session, report, now=self.now).kind is OutcomeKind.EXTRA
        self.owed += self.session.exec(select(Refund.no).where(Refund.payment_id == second.id)).all()
        self.held += 2 * fen
        self._did("add_on")

    @precondition(lambda self: self.unsettled)
    @rule(share=st.integers(1, 110), pick=st.integers(0, 99))
    def refund_before_settling(self, share: int, pick: int) -> None:
        self._promise(self.unsettled[pick % len(self.unsettled)], share, 10_000, "refund_before_settling")

    @precondition(lambda self: self.settled)
    @rule(share=st.integers(1, 60), borne=st.sampled_from((10_000, 5_000, 0)), pick=st.integers(0, 99))
    def refund_after_settling(self, share: int, borne: int, pick: int) -> None:
        self._promise(self.settled[pick % len(self.settled)], share, borne, "refund_after_settling")

    def _promise(self, order: Order, share: int, borne: int, name: str) -> None:
        try:
            with self.session.begin_nested():
                made = refunds.request(
                    self.session,
                    order,
                    max(1, sums.paid_net(self.session, order) * share // 100),
                    "goodwill",
                    now=self.now,
                    technician_bp=borne,
                )
        except (RefundTooLarge, LedgerRefused):
            return
        self.owed += [refund.no for refund in made if refund.status is RefundStatus.NEW]
        self._did(name)

    @precondition(lambda self: self.owed)
    @rule(works=st.booleans())
    def refund_ends(self, works: bool) -> None:
        no = self.owed[0]
        if self._refund(no).status is RefundStatus.FAILED:
            failed_refunds.retry(self.session, self.finance[0], no, now=self.now)
        request = refunds.begin(self.session, no, now=self.now)
        assert request is not None
        state = RefundState.SUCCEEDED if works else RefundState.FAILED
        if refunds.record_result(self.session, no, state, now=self.now) and works:
            self.owed.remove(no)
            self.held -= request.amount_fen
            before = self._entries()
            assert not refunds.record_result(self.session, no, RefundState.SUCCEEDED, now=self.now)
            assert self._entries() == before
        self._did("refund_ends")

    @precondition(lambda self: self.owed)
    @rule()
    def refund_goes_to_the_balance(self) -> None:
        no, (first, second) = self.owed.pop(0), self.finance
        if refunds.begin(self.session, no, now=self.now):
            refunds.record_result(self.session, no, RefundState.FAILED, now=self.now)
        failed_refunds.propose(self.session, first, no, reason="account closed", now=self.now)
        failed_refunds.give(self.session, second, no, now=self.now)
        before = self._entries()
        assert not refunds.record_result(self.session, no, RefundState.SUCCEEDED, now=self.now)
        assert self._entries() == before
        self._did("refund_goes_to_the_balance")

    def _refund(self, no: str) -> Refund:
        return self.session.exec(select(Refund).where(Refund.no == no)).one()

    @precondition(lambda self: self.unsettled)
    @rule()
    def settle(self) -> None:
        self._settle()

    @precondition(lambda self: len(self.unsettled) > 1)
    @rule()
    def settle_everything(self) -> None:
        while self.unsettled:
            self._settle()

    def _settle(self) -> None:
        order = self.unsettled.pop()
        earning = settlements.settle(self.session, order, now=self.now)
        before = self._entries()
        assert settlements.settle(self.session, order, now=self.now) is earning
        assert self._entries() == before
        if earning is not None:  # else all of it went back before
            self.settled.append(order)
            assert ledger.balance(self.session, ledger.escrow(order.id or 0)) == 0
        self._did("settle")

    @rule()
    def points_expire(self) -> None:
        points.expire_due(self.session, self.now)
        assert points.expire_due(self.session, self.now) == 0
        self._did("points_expire")

    @precondition(lambda self: self.settled)
    @rule(days=st.integers(0, 12))
    def mature(self, days: int) -> None:
        owed = {t.technician_id: self._balance(ledger.debt(t.technician_id)) for t in self.technicians}
        had = {t.technician_id: self._balance(ledger.available(t.technician_id)) for t in self.technicians}
        settlements.mature_due(self.session, self._later(days=days))
        for technician_id, debt in owed.items():
            grew = self._balance(ledger.available(technician_id)) - had[technician_id]
            assert grew >= 0
            assert not grew or self._balance(ledger.debt(technician_id)) == 0 or not debt
        self._did("mature")

    @precondition(lambda self: self.settled)
    @rule(on=st.booleans(), pick=st.integers(0, 99))
    def dispute(self, on: bool, pick: int) -> None:
        act = settlements.freeze if on else settlements.unfreeze
        act(self.session, self.settled[pick % len(self.settled)])
        self._did("dispute")

    @precondition(lambda self: self.settled and self._rich())
    @rule()
    def take_all_and_owe(self) -> None:
        """Everything is paid out, then the customer gets the last job's money back, then the next one matures."""
        who = self._rich()[0]
        while (fen := self._balance(ledger.available(who.technician_id))) >= 100:
            assert self._tried(withdrawals.request, who, min(fen, 2_000_000), "19900000002", "alipay")
            no = self.session.exec(select(Withdrawal.no).order_by(col(Withdrawal.id).desc())).first() or ""
            for person in self.finance:
                self._tried(withdrawals.approve, person, no)
            request = withdrawals.begin(self.session, no)
            assert request is not None
            withdrawals.record_result(self.session, no, PayoutState.SUCCEEDED, now=self.now)
            self.held -= request.amount_fen
            for name in ("withdraw", "decide", "payout_ends"):
                self._did(name)
        order = next((o for o in reversed(self.settled) if o.technician_id == who.technician_id), None)
        if order is not None:
            self._promise(order, 50, 10_000, "refund_after_settling")
        self._did("take_all_and_owe")

    @rule(share=st.integers(10, 100), pick=st.integers(0, 1))
    def put_aside(self, share: int, pick: int) -> None:
        who, key = self.technicians[pick], f"{self.steps:016x}"
        available, held = (self._balance(of(who.technician_id)) for of in (ledger.available, ledger.deposit))
        fen = min(available, TARGET - held) * share // 100
        if self._tried(deposits.put_aside, who, fen, key=key):
            assert self._balance(ledger.deposit(who.technician_id)) == held + fen
            before = self._entries()
            assert not deposits.put_aside(self.session, who, fen, key=key, now=self.now)
            assert self._entries() == before
            self._did("put_aside")
        assert not self._tried(deposits.put_aside, who, TARGET + 1, key=f"f{self.steps:015x}")

    def _holders(self) -> list[Actor]:
        return [t for t in self.technicians if self._balance(ledger.deposit(t.technician_id))]

    @precondition(lambda self: self._holders())
    @rule(yes=st.booleans())
    def deposit_back(self, yes: bool) -> None:
        who, boss = self._holders()[0], self.finance[0]
        assert self._tried(deposits.ask_back, who)
        assert not self._tried(deposits.ask_back, who)
        no = self.session.exec(select(DepositRequest.no).order_by(col(DepositRequest.id).desc())).first() or ""
        held = self._balance(ledger.deposit(who.technician_id))
        ended = sa.update(Order).where(col(Order.technician_id) == who.technician_id).values(status=OrderStatus.CLOSED)
        self.session.execute(ended)
        assert not self._tried(deposits.give_back, boss, no, held + 1)
        if yes:
            assert self._tried(deposits.give_back, boss, no, held)
        else:
            assert self._tried(deposits.refuse, boss, no, reason="不符")
        assert self._balance(ledger.deposit(who.technician_id)) == (0 if yes else held)
        before = self._entries()
        assert not self._tried(deposits.give_back, boss, no, held)
        assert self._entries() == before
        self._did("deposit_back")

    def _free(self) -> list[Actor]:
        """Who has no open withdrawal."""
        busy = [*self.asked.values(), *self.sending.values()]
        return [t for t in self.technicians if t not in busy]

    def _rich(self) -> list[Actor]:
        """Who has something to take."""
        return [t for t in self._free() if self._balance(ledger.available(t.technician_id)) >= 100]

    @precondition(lambda self: self._free())
    @rule(share=st.integers(5, 60))
    def withdraw(self, share: int) -> None:
        who = self._free()[0]
        fen = max(100, self._balance(ledger.available(who.technician_id)) * share // 100)
        if self._tried(withdrawals.request, who, fen, "19900000002", "alipay"):
            self.asked[self.session.exec(select(Withdrawal.no).order_by(col(Withdrawal.id).desc())).first() or ""] = who
            self._did("withdraw")
        assert not self._tried(withdrawals.request, who, 10**9, "19900000002", "alipay")

    @precondition(lambda self: self.asked)
    @rule(how=st.sampled_from(("yes", "yes", "yes", "yes", "yes", "no", "back")))
    def decide(self, how: str) -> None:
        no, owner = next(iter(self.asked.items()))
        del self.asked[no]
        if how == "yes":
            for person in (self.finance[0], *self.finance):  # the first one twice
                self._tried(withdrawals.approve, person, no)
            made = self.session.exec(select(Withdrawal).where(Withdrawal.no == no)).one()
            assert made.status.value == "sending"
            assert (made.second_by is None) == (made.amount_fen < 5_000)
            self.sending[no] = owner
        elif how == "no":
            assert self._tried(withdrawals.reject, self.finance[0], no, reason="不符")
        else:
            assert self._tried(withdrawals.cancel, owner, no)
        self._did("decide")

    @precondition(lambda self: self.sending)
    @rule(state=st.sampled_from((PayoutState.SUCCEEDED, *PayoutState)))
    def payout_ends(self, state: PayoutState) -> None:
        no = next(iter(self.sending))
        request = withdrawals.begin(self.session, no)
        assert request is not None
        if state is PayoutState.CONFIRMING:
            withdrawals.wait_for_payee(self.session, no, now=self.now)
        if withdrawals.record_result(self.session, no, state, now=self.now):
            del self.sending[no]
            self.held -= request.amount_fen if state is PayoutState.SUCCEEDED else 0
            before = self._entries()
            for late in PayoutState:
                withdrawals.record_result(self.session, no, late, now=self.now)
            assert self._entries() == before
        self._did("payout_ends")

    def _tried(self, fn: Callable[..., Any], actor: Actor, *args: Any, **kwargs: Any) -> bool:
        try:
            with self.session.begin_nested():
                fn(self.session, actor, *args, now=self._later(minutes=1), **kwargs)
        except ServiceHubError:
            return False
        return True

    def _balance(self, account: str) -> int:
        return ledger.balance(self.session, account)

    # -- what is always true ----------------------------------------------------------------------------------------------

    @invariant()
    def the_books_are_sound(self) -> None:
        self.steps += 1
        assert self.steps % 8 or [*ledger.verify(self.session), *deposits.problems(self.session)] == []
        assert ledger.trial(self.session).total_fen == 0
        low = select(Account.code).where(Account.guarded == 1, Account.balance_fen < 0)
        assert self.session.exec(low).all() == []

    @invariant()
    def no_deposit_is_above_its_target(self) -> None:
        assert all(self._balance(ledger.deposit(who.technician_id)) <= TARGET for who in self.technicians)

    @invariant()
    def lots_are_the_points(self) -> None:
        assert points.problems(self.session) == []

    @invariant()
    def our_cash_is_what_the_channel_has(self) -> None:
        assert self._balance(ledger.cash("alipay")) == self.held

    @invariant()
    def nothing_is_refunded_beyond_its_payment(self) -> None:
        paid = dict(self.session.execute(sa.select(col(Payment.id), col(Payment.amount_fen))).all())
        sums: Counter[int] = Counter()
        for payment_id, fen in self.session.execute(sa.select(col(Refund.payment_id), col(Refund.amount_fen))):
            sums[payment_id] += fen
        assert all(fen <= paid[payment_id] for payment_id, fen in sums.items())

    @invariant()
    def what_is_frozen_is_being_withdrawn(self) -> None:
        waiting: Counter[int] = Counter()
        rows = self.session.exec(select(Withdrawal).where(col(Withdrawal.status).in_(OPEN)))
        for made in rows:
            waiting[made.technician_id] += made.amount_fen
        for who in self.technicians:
            assert self._balance(ledger.withdrawing(who.technician_id)) == waiting[who.technician_id]

    @invariant()
    def what_is_promised_is_on_its_way(self) -> None:
        open_ = self.session.scalar(
            sa.select(sa.func.sum(col(Refund.amount_fen))).where(col(Refund.status).not_in(RETURNED))
        )
        due = self.session.scalar(
            sa.select(sa.func.sum(col(Account.balance_fen))).where(col(Account.code).startswith("refund_due:"))
        )
        assert int(open_ or 0) == int(due or 0)


@pytest.fixture(autouse=True)
def _own_database(_rolled_back_engine: sa.Engine) -> None:
    engine_of[:] = [_rolled_back_engine]


def run(examples: int, *, number: int = 0, phases: tuple[Phase, ...] = (Phase.generate,)) -> None:
    chosen = settings(
        max_examples=examples, stateful_step_count=STEPS, deadline=None, phases=phases, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(seed(number)(MoneyMachine), settings=chosen)


def run_often() -> None:
    """As many runs as the rules may need to be drawn often enough."""
    for number in range(MOST_RUNS):
        run(EXAMPLES, number=number)


def test_money_always_adds_up() -> None:
    HITS.clear()
    names = {"pay", "pay_with_points", "add_on", "points_expire", "refund_before_settling", "refund_after_settling", "refund_ends",
             "settle", "mature", "dispute", "withdraw", "decide", "payout_ends", "put_aside",
             "deposit_back"}  # fmt: skip
    rare: dict[str, int] = {}

    for number in range(MOST_RUNS):  # which rules are drawn how often differs from run to run
        run(EXAMPLES, number=number)
        rare = {name: HITS[name] for name in names if HITS[name] < LEAST}
        if not rare:
            break

    assert not rare, f"too rarely reached: {rare} of {dict(HITS)}"


def _again_under_another_key(session: Session, no: str, state: RefundState, *, now: datetime) -> bool:
    """A refund is booked with every message about it."""
    booked = _record_result(session, no, state, now=now)
    if booked and state is RefundState.SUCCEEDED:
        refund = session.exec(select(Refund).where(Refund.no == no)).one()
        other = {ledger.cash("alipay"): -1, ledger.GOODWILL: 1}
        ledger.post(
            session, f"again:{no}:{random.random()}", "refund", ledger.order_ref(refund.order_id), other, now=now
        )
    return booked


def _without_debts(session: Session, accounts: Any) -> dict[str, int]:
    """Debts are overlooked when an earning matures."""
    found = _locked_balances(session, accounts)
    return {account: 0 if account.startswith("tech_debt") else fen for account, fen in found.items()}


def _whole_price(session: Session, order: Order, policy: Any, rate: Any, _paid: Any, lines: Any, part: Any) -> Any:
    """An order is settled at its whole price although part of it went back."""
    return _split(session, order, policy, rate, None, lines, part)


def _end_without_money(
    session: Session, made: Withdrawal, status: Any, now: datetime, *, expected: Any, **values: Any
) -> None:
    """A withdrawal that came to nothing keeps the money."""
    withdrawals._move(session, made, status, expected=expected, done_at=now, **values)


def _settled_twice(session: Session, order_id: int) -> None:
    """Nobody remembers that an order was settled."""


def _room_without_what_is_held(rules: DepositPolicy, _held: int) -> int:
    """What is already put aside is overlooked."""
    return rules.target_fen


def _fee_forgotten(session: Session, no: str) -> Any:
    """The fee is paid out, too."""
    request = _begin(session, no)
    return (
        None
        if request is None
        else type(request)(
            request.no, request.channel, request.amount_fen + 10, request.account, request.name, request.tries
        )
    )


_record_result, _split = refunds.record_result, settlements._split
_locked_balances, _begin = ledger.locked_balances, withdrawals.begin


@pytest.mark.parametrize(
    ("module", "name", "fault"),
    [
        (refunds, "record_result", _again_under_another_key),
        (settlements.ledger, "locked_balances", _without_debts),
        (settlements, "_split", _whole_price),
        (withdrawals, "_end", _end_without_money),
        (settlements, "of_order", _settled_twice),
        (withdrawals, "begin", _fee_forgotten),
        (DepositPolicy, "room", _room_without_what_is_held),
    ],
    ids=lambda value: getattr(value, "__name__", "") if callable(value) else "",
)
def test_a_planted_fault_is_found(module: Any, name: str, fault: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, name, fault)

    with pytest.raises(Exception):  # noqa: B017, PT011 - an invariant, the database or the ledger itself
        run_often()
