"""Money on its way out: frozen, decided by people, paid once, and back where it was when anything else happens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole
from servicehub.domain.channel import PayoutState
from servicehub.domain.withdrawal import WITHDRAWAL_KIND, WithdrawalPolicy, WithdrawalStatus, account_of, masked
from servicehub.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotEnough,
    NotFound,
    PolicyChanged,
    ReasonMissing,
    SecondPersonNeeded,
    ServiceHubError,
    WithdrawalLimit,
    WithdrawalOpen,
)
from servicehub.jobs.recorder import Recorder
from servicehub.models.audit import AuditEntry
from servicehub.models.catalog import Policy
from servicehub.models.customer import Notice
from servicehub.models.withdrawal import Withdrawal, load_limits
from servicehub.services import ledger, policies, withdrawals
from tests import journey
from tests.city import NOW
from tests.crowd import at_once

PHONE = "19900000002"
EARNED = 300_000


@dataclass
class Till:
    """A technician with money, and two people of finance."""

    session: Session
    technician: Actor
    first: Actor
    second: Actor

    def ask(self, fen: int = 100_000, account: str = PHONE, *, minutes: int = 0) -> str:
        now = NOW + timedelta(minutes=minutes)
        return withdrawals.request(self.session, self.technician, fen, account, "alipay", now=now)

    def row(self, no: str) -> Withdrawal:
        return self.session.exec(select(Withdrawal).where(Withdrawal.no == no)).one()

    def balances(self) -> tuple[int, int, int]:
        """Available, frozen, paid out."""
        who = self.technician.technician_id
        accounts = (ledger.available(who), ledger.withdrawing(who), ledger.cash("alipay"))
        available, frozen, cash = (ledger.balance(self.session, account) for account in accounts)
        return available, frozen, -cash

    def said(self, no: str, state: PayoutState) -> bool:
        return withdrawals.record_result(self.session, no, state, now=NOW)

    def notices(self) -> list[str]:
        rows = self.session.exec(select(Notice.kind).where(Notice.user_id == self.technician.user_id))
        return list(rows)


def make(session: Session) -> tuple[Actor, Actor, Actor]:
    world = journey.build(session)
    technician = world.technicians[0]
    lines = {ledger.cash("bank"): EARNED, ledger.available(technician.technician_id): -EARNED}
    ledger.post(session, "earned", "payment", "test", lines, now=NOW)
    finance = [journey.operator(world, OperatorRole.FINANCE) for _ in range(2)]
    return technician, finance[0], finance[1]


@pytest.fixture
def till(session: Session) -> Till:
    return Till(session, *make(session))


def test_asked_for_approved_and_paid_out(till: Till, recorder: Recorder) -> None:
    no = till.ask()
    assert till.balances() == (200_000, 100_000, 0)

    assert withdrawals.approve(till.session, till.first, no, now=NOW)
    assert recorder.asked[-1].name == "payout"
    request = withdrawals.begin(till.session, no)
    assert request is not None
    assert (request.no, request.amount_fen, request.account, request.tries) == (no, 100_000, PHONE, 1)
    assert request.name == till.row(no).payee
    assert till.said(no, PayoutState.SUCCEEDED)

    assert (till.row(no).status, till.balances()) == (WithdrawalStatus.DONE, (200_000, 0, 100_000))
    assert ledger.verify(till.session) == []
    assert "withdrawn" in till.notices()
    assert [e.action for e in till.session.exec(select(AuditEntry))] == ["withdrawal.approve"]


def test_the_account_is_unreadable_at_rest_and_used_again(till: Till) -> None:
    no = till.ask()
    row = till.row(no)
    assert PHONE not in row.account
    assert row.account_mask == "199****0002"
    withdrawals.reject(till.session, till.first, no, reason="请先更新身份证", now=NOW)

    again = till.ask(account="")

    assert withdrawals.last_account(till.session, till.technician.technician_id) == PHONE
    assert till.row(again).account_mask == "199****0002"


@pytest.mark.parametrize(
    ("state", "status", "kind"),
    [
        (PayoutState.FAILED, WithdrawalStatus.FAILED, "withdrawal_failed"),
        (PayoutState.SUCCEEDED, WithdrawalStatus.DONE, "withdrawn"),
    ],
)
def test_only_the_first_end_is_booked(till: Till, state: PayoutState, status: WithdrawalStatus, kind: str) -> None:
    no = till.ask()
    withdrawals.approve(till.session, till.first, no, now=NOW)
    assert till.said(no, state)
    after = till.balances()

    for late in PayoutState:
        assert not till.said(no, late)

    assert (till.row(no).status, till.balances()) == (status, after)
    assert sum(after) == EARNED
    assert till.notices().count(kind) == 1
    assert withdrawals.begin(till.session, no) is None
    assert withdrawals.again(till.session, no) == 0


@pytest.mark.parametrize("state", [PayoutState.UNKNOWN, PayoutState.PROCESSING, PayoutState.NOT_FOUND])
def test_what_is_no_end_changes_nothing_and_is_asked_again(till: Till, recorder: Recorder, state: PayoutState) -> None:
    no = till.ask()
    withdrawals.approve(till.session, till.first, no, now=NOW)
    waits = []
    for _ in range(4):
        withdrawals.begin(till.session, no)
        assert not till.said(no, state)
        waits.append(withdrawals.again(till.session, no))

    assert waits == [30, 60, 120, 240]
    assert (till.row(no).status, till.balances()) == (WithdrawalStatus.SENDING, (200_000, 100_000, 0))


def test_from_a_limit_on_two_people_say_yes(till: Till, recorder: Recorder) -> None:
    no = till.ask(200_000)
    assert not withdrawals.approve(till.session, till.first, no, now=NOW)
    assert till.row(no).status is WithdrawalStatus.REVIEW
    with pytest.raises(SecondPersonNeeded):
        withdrawals.approve(till.session, till.first, no, now=NOW)
    assert not [job for job in recorder.asked if job.name == "payout"]

    assert withdrawals.approve(till.session, till.second, no, now=NOW)

    row = till.row(no)
    assert (row.status, row.first_by, row.second_by) == (
        WithdrawalStatus.SENDING,
        till.first.user_id,
        till.second.user_id,
    )


def test_the_database_knows_two_people_from_one(till: Till) -> None:
    row = till.row(till.ask(200_000))

    with pytest.raises(sa.exc.IntegrityError), till.session.begin_nested():
        till.session.execute(
            sa.update(Withdrawal)
            .where(col(Withdrawal.id) == row.id)
            .values(first_by=till.first.user_id, second_by=till.first.user_id)
        )


def test_a_rejected_one_is_available_again_with_the_reason(till: Till) -> None:
    no = till.ask()
    with pytest.raises(ReasonMissing):
        withdrawals.reject(till.session, till.first, no, reason=" ", now=NOW)

    withdrawals.reject(till.session, till.first, no, reason="账户与姓名不符", now=NOW)

    assert (till.row(no).reason, till.balances()) == ("账户与姓名不符", (EARNED, 0, 0))
    assert "withdrawal_rejected" in till.notices()
    with pytest.raises(Conflict):
        withdrawals.approve(till.session, till.second, no, now=NOW)


def test_taken_back_before_anybody_decided(till: Till) -> None:
    withdrawals.cancel(till.session, till.technician, till.ask(), now=NOW)
    assert till.balances() == (EARNED, 0, 0)

    no = till.ask(200_000)
    withdrawals.approve(till.session, till.first, no, now=NOW)
    with pytest.raises(Conflict):
        withdrawals.cancel(till.session, till.technician, no, now=NOW)


def test_one_at_a_time_and_a_few_a_day(till: Till) -> None:
    for turn in range(3):
        no = till.ask(10_000, minutes=turn)
        with pytest.raises(WithdrawalOpen):
            till.ask(10_000)
        withdrawals.approve(till.session, till.first, no, now=NOW)
        till.said(no, PayoutState.SUCCEEDED)

    with pytest.raises(WithdrawalLimit):
        till.ask(10_000, minutes=60)
    assert till.ask(10_000, minutes=25 * 60)


def test_what_came_to_nothing_does_not_count(till: Till) -> None:
    for _ in range(5):
        withdrawals.cancel(till.session, till.technician, till.ask(), now=NOW)

    assert till.ask()


@pytest.mark.parametrize(
    ("fen", "account", "refusal"),
    [
        (999, PHONE, WithdrawalLimit),
        (2_000_001, PHONE, WithdrawalLimit),
        (-5, PHONE, WithdrawalLimit),
        (EARNED + 1, PHONE, NotEnough),
        (100_000, "call me", Invalid),
        (100_000, "", Invalid),
    ],
)
def test_what_is_refused_freezes_nothing(till: Till, fen: int, account: str, refusal: type[ServiceHubError]) -> None:
    with pytest.raises(refusal):
        till.ask(fen, account)

    assert till.balances() == (EARNED, 0, 0)


def test_strangers_and_other_roles(till: Till) -> None:
    no = till.ask()
    other = Actor(**{**_facts(till.technician), "technician_id": till.technician.technician_id + 1})
    support = Actor(**{**_facts(till.first), "operator_role": OperatorRole.SUPPORT})
    elsewhere = Actor(**{**_facts(till.first), "city_id": 999})

    with pytest.raises(NotFound):
        withdrawals.cancel(till.session, other, no, now=NOW)
    with pytest.raises(NotAllowed):
        withdrawals.approve(till.session, support, no, now=NOW)
    with pytest.raises(NotAllowed):
        withdrawals.reject(till.session, till.technician, no, reason="x", now=NOW)
    with pytest.raises(NotFound):
        withdrawals.approve(till.session, elsewhere, no, now=NOW)
    with pytest.raises(NotAllowed):
        withdrawals.request(till.session, till.first, 100_000, PHONE, "alipay", now=NOW)


def _facts(actor: Actor) -> dict[str, Any]:
    return {name: getattr(actor, name) for name in Actor.__slots__}


def test_a_fee_is_kept_and_the_rest_paid_out(till: Till) -> None:
    document = {"fee_bp": 60, "least_fee_fen": 100, "second_from_fen": 50_000}
    city_id = till.row(till.ask()).city_id
    withdrawals.cancel(till.session, till.technician, till.session.exec(select(Withdrawal.no)).one(), now=NOW)
    till.session.add(Policy(city_id=city_id, kind=WITHDRAWAL_KIND, version=1, document=document, effective_at=NOW))
    no = till.ask(40_000)
    withdrawals.approve(till.session, till.first, no, now=NOW)
    request = withdrawals.begin(till.session, no)
    till.said(no, PayoutState.SUCCEEDED)

    assert request is not None
    assert (request.amount_fen, till.balances()) == (39_760, (260_000, 0, 39_760))
    assert ledger.balance(till.session, ledger.WITHDRAWAL_INCOME) == 240
    assert ledger.verify(till.session) == []


def test_fees_never_take_everything() -> None:
    policy = WithdrawalPolicy(fee_bp=10, least_fee_fen=200)

    assert [policy.fee_fen(fen) for fen in (100, 1_000, 1_000_000)] == [99, 200, 1_000]
    assert WithdrawalPolicy().fee_fen(1_000_000) == 0
    assert WithdrawalPolicy.of({"a_day": "5", "unknown": 1}).a_day == 5


@pytest.mark.parametrize(
    ("typed", "account", "shown"),
    [
        ("199 0000 0002", PHONE, "199****0002"),
        ("  A.B@Example.com ", "a.b@example.com", "a***@example.com"),
        ("12345", "", ""),
        ("a@b", "", ""),
        ("１９９00000002", "", ""),
    ],
)
def test_accounts(typed: str, account: str, shown: str) -> None:
    assert account_of(typed) == account
    assert not account or masked(account) == shown


def test_of_many_presses_one_withdrawal(database: Database) -> None:
    technician, *_finance = database.write_now(make)

    found = at_once(
        64, lambda _: database.write_now(withdrawals.request, technician, 100_000, PHONE, "alipay", now=NOW)
    )

    assert sum(isinstance(one, str) for one in found) == 1
    assert all(isinstance(one, str | WithdrawalOpen | NotEnough) for one in found)
    assert database.read_now(ledger.balance, ledger.withdrawing(technician.technician_id)) == 100_000
    assert database.read_now(ledger.verify) == []


def test_yes_and_no_and_take_back_at_once_have_one_end(database: Database) -> None:
    technician, first, second = database.write_now(make)
    no = database.write_now(withdrawals.request, technician, 100_000, PHONE, "alipay", now=NOW)

    def decide(i: int) -> str:
        if i % 3 == 0:
            database.write_now(withdrawals.approve, (first, second)[i % 2], no, now=NOW)
        elif i % 3 == 1:
            database.write_now(withdrawals.reject, first, no, reason="不符", now=NOW)
        else:
            database.write_now(withdrawals.cancel, technician, no, now=NOW)
        return "did"

    found = at_once(60, decide)

    assert found.count("did") == 1
    status = database.read_now(lambda s: s.exec(select(Withdrawal)).one()).status
    frozen = database.read_now(ledger.balance, ledger.withdrawing(technician.technician_id))
    assert frozen == (100_000 if status is WithdrawalStatus.SENDING else 0)
    assert database.read_now(ledger.verify) == []


def test_the_channels_answer_is_booked_once_however_often_it_is_heard(database: Database) -> None:
    technician, first, _second = database.write_now(make)
    no = database.write_now(withdrawals.request, technician, 100_000, PHONE, "alipay", now=NOW)
    database.write_now(withdrawals.approve, first, no, now=NOW)
    states = (PayoutState.SUCCEEDED, PayoutState.FAILED)

    found = at_once(64, lambda i: database.write_now(withdrawals.record_result, no, states[i % 2], now=NOW))

    assert found.count(True) == 1
    assert database.read_now(ledger.balance, ledger.withdrawing(technician.technician_id)) == 0
    assert database.read_now(ledger.verify) == []


def limits(**changes: int) -> dict[str, int]:
    return {
        "least_fen": 1_000,
        "most_fen": 100_000,
        "a_day": 2,
        "fee_bp": 100,
        "least_fee_fen": 50,
        "second_from_fen": 1,
    } | changes


def test_limits_are_adopted_as_versions_by_those_who_do_not_decide(session: Session) -> None:
    world = journey.build(session)
    admin, finance = journey.operator(world), journey.operator(world, OperatorRole.FINANCE)

    assert policies.adopt_withdrawal(session, admin, limits(), base=0, note="open", now=NOW) == 1

    found = load_limits(session, world.town.city_id, NOW)
    assert (found.a_day, found.fee_fen(10_000), found.needs_two(1)) == (2, 100, True)
    with pytest.raises(NotAllowed):
        policies.adopt_withdrawal(session, finance, limits(second_from_fen=9_000_000), base=1, note="mine", now=NOW)
    with pytest.raises(PolicyChanged):
        policies.adopt_withdrawal(session, admin, limits(), base=0, note="stale tab", now=NOW)
    with pytest.raises(ReasonMissing):
        policies.adopt_withdrawal(session, admin, limits(), base=1, note=" ", now=NOW)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("least_fen", 9),
        ("most_fen", 999),
        ("a_day", 0),
        ("fee_bp", 1_001),
        ("least_fee_fen", 1_000),
        ("second_from_fen", 0),
    ],
)
def test_limits_out_of_range_are_named(session: Session, field: str, value: int) -> None:
    world = journey.build(session)
    with pytest.raises(Invalid) as refusal:
        policies.adopt_withdrawal(session, journey.operator(world), limits(**{field: value}), base=0, note="x", now=NOW)
    named = "least_fen" if field == "most_fen" else field  # the two are compared, the smaller one is named
    assert refusal.value.params["field"] == named
