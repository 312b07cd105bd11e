"""The handlers of the money lists are public: who may do what is decided by the server's session, and two presses are one."""

from __future__ import annotations

from asyncio import run
from typing import Any

from sqlmodel import Session, select

from servicehub import clock
from servicehub.db import Database
from servicehub.domain.access import SYSTEM, OperatorRole, Role
from servicehub.domain.channel import RefundState, Report
from servicehub.domain.payment import RefundStatus
from servicehub.models.audit import AuditEntry
from servicehub.models.payment import ChannelEvent, Refund
from servicehub.services import accounts, payments, refunds
from servicehub.state.base import ToastState
from servicehub.state.operator.ledger import LedgerState
from servicehub.state.operator.payments import PaymentsState
from servicehub.state.operator.refunds import RefundsState
from tests import journey


class Office:
    """A city with a refused refund and a parked message; log-ins of its people."""

    def __init__(self, people: Any) -> None:
        self.people = people
        self.database: Database = people.database
        self.city_id, self.no = self.database.write_now(self._prepare)
        self._phones = iter(range(100, 200))

    @staticmethod
    def _prepare(session: Session) -> tuple[int, str]:
        world = journey.build(session)
        order = world.book()
        world.pay(order)
        (refund,) = refunds.request(session, order, 3_000, "goodwill", now=world.now)
        refunds.begin(session, refund.no, now=world.now)
        refunds.record_result(session, refund.no, RefundState.FAILED, now=world.now)
        payments.record(session, Report("simulator", "odd", "payment", "P-odd", 1, raw="{}"), now=world.now)
        return world.town.city_id, refund.no

    def enter(self, role: OperatorRole) -> str:
        user = self.database.write_now(
            accounts.register, SYSTEM, city_id=self.city_id, role=Role.OPERATOR, operator_role=role,
            phone=f"1990000{next(self._phones):04d}", now=clock.now(),
        )  # fmt: skip
        token: str = self.people._enter(user)
        return token

    def refund(self) -> Refund:
        return self.database.read_now(lambda s: s.exec(select(Refund)).one())

    def audited(self) -> list[str]:
        return self.database.read_now(lambda s: list(s.exec(select(AuditEntry.action).order_by(AuditEntry.id))))  # type: ignore[arg-type]


async def choose(tab: Any, who: str, no: str, token: str) -> None:
    await tab.fire(RefundsState.show, who, token=token, state="failed")
    await tab.fire(RefundsState.choose, who, token=token, no=no)


def test_a_refused_refund_is_tried_again_once_however_often_it_is_pressed(tabs: Any, people: Any) -> None:
    office = Office(people)

    async def story() -> None:
        async with tabs() as tab:
            support, finance = office.enter(OperatorRole.SUPPORT), office.enter(OperatorRole.FINANCE)
            await choose(tab, support, office.no, "one")
            await choose(tab, finance, office.no, "two")
            await tab.fire(RefundsState.retry, support, token="one")
            assert tab.seen(ToastState, "toast_text")[-1] == "已以原单号重新提交。"
            for who, token in ((support, "one"), (finance, "two")):
                await tab.fire(RefundsState.retry, who, token=token)
                assert tab.seen(ToastState, "toast_tone")[-1] == "bad"

    run(story())
    assert (office.refund().status, office.audited()) == (RefundStatus.NEW, ["refund.retry"])


def test_the_balance_takes_two_people_and_the_channels_word(tabs: Any, people: Any) -> None:
    office = Office(people)

    async def story() -> None:
        async with tabs() as tab:
            support, finance = office.enter(OperatorRole.SUPPORT), office.enter(OperatorRole.FINANCE)
            await choose(tab, support, office.no, "one")
            await tab.fire(RefundsState.propose, support, token="one", form={"reason": " "})
            assert tab.seen(ToastState, "toast_tone")[-1] == "bad"
            await tab.fire(RefundsState.propose, support, token="one", form={"reason": "账户已注销"})
            await tab.fire(RefundsState.give, support, token="one")
            assert tab.seen(ToastState, "toast_tone")[-1] == "bad"
            assert office.refund().status is RefundStatus.FAILED
            await choose(tab, finance, office.no, "two")
            await tab.fire(RefundsState.give, finance, token="two")
            assert tab.seen(ToastState, "toast_text")[-1] == "款项已进入客户余额。"
            await tab.fire(RefundsState.give, finance, token="two")
            assert tab.seen(ToastState, "toast_tone")[-1] == "bad"

    run(story())
    assert (office.refund().status, office.audited()) == (
        RefundStatus.BALANCE,
        ["refund.propose_balance", "refund.balance"],
    )


def test_strangers_wrong_roles_and_forged_numbers_change_nothing(tabs: Any, people: Any) -> None:
    office = Office(people)

    async def story() -> None:
        async with tabs() as tab:
            dispatcher, elsewhere = office.enter(OperatorRole.DISPATCHER), people.operator(77)
            for who in ("", people.customer(), people.technician()):
                for event in (RefundsState.retry, RefundsState.give, PaymentsState.clear):
                    await tab.fire(event, who, token=f"t{who[:4]}")
            await choose(tab, dispatcher, office.no, "desk")
            await choose(tab, elsewhere, office.no, "away")
            for who, token in ((dispatcher, "desk"), (elsewhere, "away")):
                for event in (RefundsState.retry, RefundsState.give):
                    await tab.fire(event, who, token=token)
                    assert tab.seen(ToastState, "toast_tone")[-1] == "bad"
                await tab.fire(RefundsState.propose, who, token=token, form={"reason": "x"})
            await tab.fire(PaymentsState.show, dispatcher, token="desk", state="kept")
            await tab.fire(RefundsState.search, elsewhere, token="away", q="'" * 9_000)
            await tab.fire(RefundsState.turn, elsewhere, token="away", page=-(10**20))
            assert set(tab.seen(RefundsState, "chosen")) <= {""}
            assert all(len(q) <= 64 for q in tab.seen(RefundsState, "q"))
            shown = tab.seen(RefundsState, "shown") + tab.seen(PaymentsState, "shown")
            assert office.no not in str(shown)

    run(story())
    assert (office.refund().status, office.refund().first_by, office.audited()) == (RefundStatus.FAILED, None, [])


def test_a_parked_message_is_put_away_by_finance_only(tabs: Any, people: Any) -> None:
    office = Office(people)

    async def story() -> None:
        async with tabs() as tab:
            finance = office.enter(OperatorRole.FINANCE)
            await tab.fire(LedgerState.close, people.customer(), form={"reason": "x"})
            await tab.fire(LedgerState.close, office.enter(OperatorRole.SUPPORT), token="support", form={"reason": "x"})
            await tab.fire(LedgerState.close, finance, token="desk", form={"reason": "x"})
            assert tab.seen(ToastState, "toast_tone")[-1] == "bad", "nothing was chosen"
            await tab.fire(LedgerState.choose, finance, token="desk", key="simulator:odd")
            await tab.fire(LedgerState.close, finance, token="desk", form={"reason": "联调测试"})
            await tab.fire(LedgerState.choose, finance, token="desk", key="simulator:odd")
            await tab.fire(LedgerState.close, finance, token="desk", form={"reason": "联调测试"})

    run(story())
    (event,) = office.database.read_now(
        lambda s: s.exec(select(ChannelEvent).where(ChannelEvent.result == "suspect")).all()
    )
    assert (event.closed_reason, office.audited()) == ("联调测试", ["suspect.close"])
