"""A refund that its channel refused is tried again under its number, or given to the balance by two people, never both."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, func, select

from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole
from servicehub.domain.channel import RefundState, Report
from servicehub.domain.payment import RefundStatus
from servicehub.domain.refund import MOST_REFUNDS
from servicehub.domain.sharing import SettlementMode
from servicehub.errors import (
    BalanceNotHere,
    Conflict,
    NotAllowed,
    NotFound,
    ReasonMissing,
    SecondPersonNeeded,
    ServiceHubError,
    TooManyRefunds,
)
from servicehub.jobs.recorder import Recorder
from servicehub.models.audit import AuditEntry
from servicehub.models.customer import Notice
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.queries.customer.payments import history, lines
from servicehub.services import failed_refunds, ledger, orders, payments, refund_plans, refunds, sums
from servicehub.services.payments import OutcomeKind
from servicehub.texts.refusals import refusal
from servicehub.workflows.previewing import refund_preview
from tests import journey
from tests.city import NOW
from tests.conftest import FixedClock
from tests.crowd import at_once
from tests.journey import World

PAID, BACK = 10_000, 3_000


@dataclass
class Case:
    """An order of which a part should go back, and the channel has refused it."""

    world: World
    order: Order
    no: str
    support: Actor
    finance: Actor
    other: Actor

    @property
    def session(self) -> Session:
        return self.world.session

    def row(self) -> Refund:
        return self.session.exec(select(Refund).where(Refund.no == self.no)).one()

    def fails(self) -> None:
        assert refunds.begin(self.session, self.no, now=self.world.now)
        assert refunds.record_result(self.session, self.no, RefundState.FAILED, now=self.world.now)

    def propose(self, actor: Actor | None = None, reason: str = "账户已注销") -> None:
        failed_refunds.propose(self.session, actor or self.support, self.no, reason=reason, now=self.world.now)

    def held(self) -> tuple[int, int, int]:
        """Promised, in the balance, at the channel."""
        accounts = (f"refund_due:{self.order.id}", f"wallet:{self.order.customer_id}", "cash:simulator")
        promised, balance, cash = (ledger.balance(self.session, account) for account in accounts)
        return promised, balance, cash

    def audited(self) -> list[str]:
        return list(self.session.exec(select(AuditEntry.action).order_by(col(AuditEntry.id))))


def make(session: Session) -> Case:
    world = journey.build(session)
    order = world.book()
    world.pay(order)
    (refund,) = refunds.request(session, order, BACK, "goodwill", now=world.now)
    roles = (OperatorRole.SUPPORT, OperatorRole.FINANCE, OperatorRole.FINANCE)
    case = Case(world, order, refund.no, *(journey.operator(world, role) for role in roles))
    case.fails()
    return case


@pytest.fixture
def case(session: Session) -> Case:
    return make(session)


def everybody_else(case: Case) -> list[Actor]:
    dispatcher = journey.operator(case.world, OperatorRole.DISPATCHER)
    return [dispatcher, case.world.customer, case.world.technicians[0]]


# -- again ------------------------------------------------------------------------------------------------------------------------


def test_tried_again_under_its_number_until_the_channel_takes_it(case: Case, recorder: Recorder) -> None:
    sent = len(recorder.named("refund"))
    assert refunds.begin(case.session, case.no, now=case.world.now) is None, "a refused one waits for people"

    failed_refunds.retry(case.session, case.support, case.no, now=case.world.now)

    assert recorder.named("refund")[sent:] == [{"no": case.no}]
    again = refunds.begin(case.session, case.no, now=case.world.now)
    assert again is not None
    assert (again.no, again.tries, again.is_retry, case.row().status) == (case.no, 2, True, RefundStatus.SENT)
    assert refunds.record_result(case.session, case.no, RefundState.SUCCEEDED, now=case.world.now)
    assert case.held() == (0, 0, PAID - BACK)
    assert case.audited() == ["refund.retry"]


def test_two_presses_are_one_try(case: Case, recorder: Recorder) -> None:
    failed_refunds.retry(case.session, case.support, case.no, now=case.world.now)
    sent = len(recorder.named("refund"))

    with pytest.raises(Conflict):
        failed_refunds.retry(case.session, case.finance, case.no, now=case.world.now)
    assert len(recorder.named("refund")) == sent
    assert case.audited() == ["refund.retry"]


def test_a_refusal_that_is_heard_late_does_not_swallow_the_next_try(case: Case, recorder: Recorder) -> None:
    failed_refunds.retry(case.session, case.support, case.no, now=case.world.now)
    assert refunds.record_result(case.session, case.no, RefundState.FAILED, now=case.world.now)

    failed_refunds.retry(case.session, case.support, case.no, now=case.world.later(seconds=1))

    keys = [job.key for job in recorder.asked if job.name == "refund"]
    assert len(set(keys)) == len(keys)
    assert refunds.begin(case.session, case.no, now=case.world.now) is not None


def test_only_who_may_refund_in_this_city_tries_again(case: Case) -> None:
    for actor in everybody_else(case):
        with pytest.raises(NotAllowed):
            failed_refunds.retry(case.session, actor, case.no, now=NOW)
    for actor, no in ((replace(case.support, city_id=99), case.no), (case.support, "R" + "0" * 30)):
        with pytest.raises(NotFound):
            failed_refunds.retry(case.session, actor, no, now=NOW)
    assert (case.row().status, case.audited()) == (RefundStatus.FAILED, [])


# -- to the balance ---------------------------------------------------------------------------------------------------------------


def test_two_people_give_it_to_the_balance_and_the_customer_reads_where_it_is(case: Case) -> None:
    case.propose()
    assert case.held() == (BACK, 0, PAID)

    failed_refunds.give(case.session, case.finance, case.no, now=case.world.now)

    row = case.row()
    assert (row.status, row.first_by, row.second_by) == (
        RefundStatus.BALANCE,
        case.support.user_id,
        case.finance.user_id,
    )
    assert (row.proposal, row.done_at) == ("账户已注销", case.world.now)
    assert case.held() == (0, BACK, PAID)
    assert sums.paid_net(case.session, case.order) == PAID - BACK
    assert ledger.verify(case.session) == []
    assert case.audited() == ["refund.propose_balance", "refund.balance"]
    told = case.session.exec(select(Notice.kind).where(Notice.user_id == case.order.customer_id)).all()
    assert "refund_balance" in told
    (line,) = [
        one for one in lines(case.session, case.order, "Asia/Shanghai", locale="zh", now=NOW) if one.id == case.no
    ]
    assert (line.title, line.sub.split(" · ")[0]) == ("已改退到余额", "退回余额")
    (move,) = [one for one in history(case.session, case.world.customer, locale="en", now=NOW) if one.id == case.no]
    assert move.what == "Refunded to the balance instead"


def test_what_is_in_the_balance_is_never_sent_nor_booked_again(case: Case) -> None:
    case.propose()
    failed_refunds.give(case.session, case.finance, case.no, now=NOW)

    assert refunds.begin(case.session, case.no, now=NOW) is None
    assert refunds.again(case.session, case.no) == 0
    assert not refunds.record_result(case.session, case.no, RefundState.SUCCEEDED, now=NOW)
    for act in (failed_refunds.retry, failed_refunds.give):
        with pytest.raises(Conflict):
            act(case.session, case.other, case.no, now=NOW)
    assert case.held() == (0, BACK, PAID)


def test_a_channel_that_carries_it_out_after_all_is_parked_for_people(case: Case) -> None:
    case.propose()
    failed_refunds.give(case.session, case.finance, case.no, now=NOW)
    late = Report("simulator", "late", "refund", case.no, BACK, refund_state=RefundState.SUCCEEDED)

    assert payments.record(case.session, late, now=NOW).kind is OutcomeKind.SUSPECT
    refused = replace(late, event_id="refused", refund_state=RefundState.FAILED)
    assert payments.record(case.session, refused, now=NOW).kind is OutcomeKind.DUPLICATE
    assert case.held() == (0, BACK, PAID)


def test_it_takes_a_reason_and_another_person(case: Case) -> None:
    with pytest.raises(Conflict):
        failed_refunds.give(case.session, case.finance, case.no, now=NOW)
    with pytest.raises(ReasonMissing):
        case.propose(reason="  ")
    case.propose(case.finance)
    with pytest.raises(Conflict):
        case.propose(case.other)
    with pytest.raises(SecondPersonNeeded):
        failed_refunds.give(case.session, case.finance, case.no, now=NOW)
    with pytest.raises(NotAllowed):
        failed_refunds.give(case.session, case.support, case.no, now=NOW)
    with pytest.raises(NotFound):
        failed_refunds.give(case.session, replace(case.other, city_id=99), case.no, now=NOW)
    assert case.held() == (BACK, 0, PAID)


def test_trying_again_ends_the_proposal(case: Case) -> None:
    case.propose()
    failed_refunds.retry(case.session, case.finance, case.no, now=case.world.now)
    case.fails()

    with pytest.raises(Conflict):
        failed_refunds.give(case.session, case.other, case.no, now=NOW)
    assert (case.row().first_by, case.row().proposal) == (None, "")


def test_where_a_company_is_paid_there_is_no_balance(case: Case) -> None:
    case.session.get_one(Payment, case.row().payment_id).mode = SettlementMode.PARTNER
    with pytest.raises(BalanceNotHere):
        case.propose()


@pytest.mark.parametrize("values", [{"status": "balance"}, {"status": "failed", "first": 1, "second": 1}])
def test_the_database_wants_two_people(case: Case, values: dict[str, object]) -> None:
    people = {"first": None, "second": None} | values
    with pytest.raises(sa.exc.IntegrityError), case.session.begin_nested():
        case.session.execute(
            sa.text("UPDATE sh_refund SET status = :status, first_by = :first, second_by = :second"), people
        )


def test_success_the_balance_and_another_try_at_once_book_one_of_them(database: Database) -> None:
    def prepare(session: Session) -> tuple[str, int, int, list[Actor]]:
        case = make(session)
        case.propose()
        return case.no, case.order.id or 0, case.order.customer_id, [case.support, case.finance, case.other]

    no, order_id, customer_id, (support, *finance) = database.write_now(prepare)

    def act(i: int) -> str:
        if i % 4 == 0:
            done = database.write_now(refunds.record_result, no, RefundState.SUCCEEDED, now=NOW)
            return "succeeded" if done else "late"
        if i % 4 == 1:
            database.write_now(failed_refunds.retry, support, no, now=NOW + timedelta(seconds=i))
            return "retried"
        database.write_now(failed_refunds.give, finance[i % 2], no, now=NOW)
        return "given"

    found = Counter(one if isinstance(one, str) else "refused" for one in at_once(64, act))

    assert found["succeeded"] + found["given"] == 1, found
    assert found["retried"] <= 1
    accounts = (ledger.refund_due(order_id), ledger.wallet(customer_id), ledger.cash("simulator"))
    promised, balance, cash = (database.read_now(ledger.balance, account) for account in accounts)
    assert (promised, balance, PAID - cash) == ((0, BACK, 0) if found["given"] else (0, 0, BACK))
    assert database.read_now(ledger.verify) == []


# -- what WeChat Pay asks of refunds ----------------------------------------------------------------------------------------------


def at_wechat(case: Case) -> Payment:
    payment = case.session.get_one(Payment, case.row().payment_id)
    payment.channel = "wechat"
    case.session.add(payment)
    case.session.flush()
    return payment


def test_the_fifty_first_refund_of_a_payment_is_refused_before_anything_is_promised(case: Case) -> None:
    at_wechat(case)
    for _ in range(MOST_REFUNDS["wechat"] - 1):
        orders.refund(case.session, case.finance, case.order.no, 1, reason="差价", now=case.world.now)
    promised = sums.paid_net(case.session, case.order)

    with pytest.raises(TooManyRefunds) as refused:
        orders.refund(case.session, case.finance, case.order.no, 1, reason="差价", now=case.world.now)
    with pytest.raises(TooManyRefunds):
        refund_preview(case.session, case.finance, case.order.no, 1, [], locale="zh")
    assert "50" in refusal("zh", refused.value)
    assert sums.paid_net(case.session, case.order) == promised
    assert case.session.exec(select(func.count()).select_from(Refund)).one() == MOST_REFUNDS["wechat"]

    orders.cancel(
        case.session, case.world.customer, case.order.no, reason="", expected_refund_fen=promised, now=case.world.now
    )
    assert sums.paid_net(case.session, case.order) == 0, "what a rule promises is promised all the same"


def test_other_channels_have_no_such_limit(case: Case) -> None:
    for _ in range(MOST_REFUNDS["wechat"] + 1):
        orders.refund(case.session, case.finance, case.order.no, 1, reason="差价", now=case.world.now)
    assert refund_plans.plan(case.session, case.order, 1).amount_fen == 1


def test_two_refunds_of_a_payment_leave_a_minute_between_them(
    case: Case, recorder: Recorder, fixed_clock: FixedClock
) -> None:
    at_wechat(case)  # the refused one was sent at this moment
    (second,) = refunds.request(case.session, case.order, 100, "goodwill", now=case.world.now)
    (third,) = refunds.request(case.session, case.order, 100, "goodwill", now=case.world.now)

    def begun(refund: Refund) -> bool:
        return refunds.begin(case.session, refund.no, now=case.world.now) is not None

    fixed_clock.set(case.world.later(seconds=20))
    assert not begun(second)
    assert (second.status, second.tries, second.sent_at) == (RefundStatus.NEW, 0, None)
    waits = recorder.asked[-1]
    assert (waits.name, waits.payload) == ("refund", {"no": second.no})
    assert waits.due_at - case.world.now == timedelta(seconds=41)
    case.world.later(seconds=40)
    assert begun(second)
    assert not begun(third), "the next minute begins with the second one"
    assert begun(second), "the same one again is no other refund"
    case.world.later(seconds=60)
    assert begun(third)


def test_refunds_of_two_payments_do_not_wait_for_each_other(session: Session) -> None:
    case = make(session)
    at_wechat(case)
    order = case.world.book(start_at=case.world.town.local("2026-03-04 10:00"))
    case.world.pay(order)
    (other,) = refunds.request(session, order, 100, "goodwill", now=case.world.now)
    at_wechat(replace(case, no=other.no))

    assert refunds.begin(session, other.no, now=case.world.now) is not None


def test_every_refusal_has_its_sentence() -> None:
    texts = {refusal("zh", error()) for error in (TooManyRefunds, BalanceNotHere, Conflict)}
    assert len(texts) == 3
    assert issubclass(TooManyRefunds, ServiceHubError)
