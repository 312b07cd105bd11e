"""What finance sees: withdrawals that wait for this person, bills with their proof, and both among what needs a hand."""

from __future__ import annotations

from datetime import date

import pytest
from sqlmodel import Session, select

from servicehub.domain.access import Actor, OperatorRole
from servicehub.domain.reconciliation import BillLine, LineKind
from servicehub.errors import NotAllowed, StillDifferent
from servicehub.models.reconciliation import Bill, Difference
from servicehub.queries import reconciliation, withdrawals
from servicehub.queries.operator import attention, shell
from servicehub.services import ledger
from servicehub.services import reconciliation as working
from servicehub.services import withdrawals as deciding
from servicehub.settings import get_settings
from tests import journey
from tests.city import NOW
from tests.journey import World

DAY = date(2026, 3, 2)


class Desk:
    """A technician with ¥3,000 and two people of finance."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.world: World = journey.build(session)
        self.technician = self.world.technicians[0]
        self.first, self.second = (journey.operator(self.world, OperatorRole.FINANCE) for _ in range(2))
        self.support = journey.operator(self.world, OperatorRole.SUPPORT)
        lines = {ledger.cash("bank"): 300_000, ledger.available(self.technician.technician_id): -300_000}
        ledger.post(session, "earned", "payment", "test", lines, now=NOW)

    def ask(self, fen: int) -> str:
        return deciding.request(self.session, self.technician, fen, "19900000002", "alipay", now=NOW)

    def mine(self, locale: str = "en") -> withdrawals.Withdrawing:
        return withdrawals.mine(self.session, self.technician, now=NOW, locale=locale)  # type: ignore[arg-type]

    def review(self, actor: Actor, state: str = "") -> withdrawals.Review:
        return withdrawals.review(self.session, actor, state, now=NOW, locale="en")

    def bills(self, actor: Actor, chosen: int = 0) -> reconciliation.Bills:
        return reconciliation.bills(self.session, actor, chosen, now=NOW, locale="en")

    def alerts(self, actor: Actor) -> list[str]:
        return [a.key for a in attention.attention(self.session, actor, locale="en", now=NOW)]


@pytest.fixture
def desk(session: Session) -> Desk:
    return Desk(session)


def test_a_technician_sees_what_may_be_taken_out_and_each_step(desk: Desk) -> None:
    before = desk.mine()
    assert (before.available, before.most, before.account, before.is_waiting) == ("¥3,000.00", "3000.00", "", False)
    assert before.rules[:2] == ("From ¥10 to ¥20,000 each time, 3 times in 24 hours", "No fee")

    no = desk.ask(100_000)
    after = desk.mine()
    (row,) = after.rows
    assert (after.available, after.account, after.is_waiting) == ("¥2,000.00", "199****0002", True)
    assert (row.amount, row.state, row.may_cancel) == ("¥1,000.00", "review", True)
    assert "one working day" in row.note

    deciding.reject(desk.session, desk.first, no, reason="请先更新身份证", now=NOW)
    (row,) = desk.mine().rows
    assert (row.state_label, row.note, row.may_cancel) == ("Not approved", "请先更新身份证", False)


def test_whoever_said_yes_does_not_see_the_button_again(desk: Desk) -> None:
    no = desk.ask(250_000)
    (row,) = desk.review(desk.first).rows
    assert (row.amount, row.sub, row.may_decide) == ("¥2,500.00", "Two people decide", True)

    deciding.approve(desk.session, desk.first, no, now=NOW)

    assert [desk.review(actor).rows[0].may_decide for actor in (desk.first, desk.second)] == [False, True]
    assert desk.review(desk.second).rows[0].note.endswith("said yes")
    deciding.approve(desk.session, desk.second, no, now=NOW)
    shown = desk.review(desk.first, "sending")
    assert (shown.waiting, shown.sending, len(shown.rows), len(desk.review(desk.first, "done").rows)) == (0, 1, 1, 0)
    with pytest.raises(NotAllowed):
        desk.review(desk.support)


def test_a_bill_s_proof_and_differences(desk: Desk) -> None:
    assert desk.bills(desk.first).rows == ()
    lines = [BillLine(LineKind.PAYMENT, "Pstranger", 900, 5)]
    working.take(desk.session, "alipay", DAY, lines, now=NOW)

    page = desk.bills(desk.first)

    assert (page.title, page.is_proven, page.waits, page.may_close) == ("Alipay · 2026-03-02", True, 1, False)
    assert dict(page.proof) == {
        "The bill comes to": "¥9.00", "Our books of the day": "¥0.00", "Booked or billed on another day": "¥0.00",
        "Differences": "¥9.00", "Unexplained": "¥0.00", "Channel fee, booked from the bill": "¥0.05",
    }  # fmt: skip
    (row,) = page.differences
    assert (row.kind, row.net, row.may_propose, row.may_agree) == ("Payment · Only in the bill", "+¥9.00", True, False)

    found = desk.session.exec(select(Difference)).one()
    working.propose(desk.session, desk.first, found.id or 0, reason="查无此单", now=NOW)
    assert [desk.bills(actor).differences[0].may_agree for actor in (desk.first, desk.second)] == [False, True]
    working.agree(desk.session, desk.second, found.id or 0, now=NOW)
    done = desk.bills(desk.first, page.chosen)
    assert (done.waits, done.may_close, done.rows[0].state) == (0, True, "ready")
    working.close(desk.session, desk.first, "alipay", DAY, now=NOW)
    assert desk.bills(desk.first).rows[0].state == "closed"
    with pytest.raises(NotAllowed):
        desk.bills(desk.support)


def test_a_company_s_bill_shows_shares_and_proves_both_accounts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "settlement_mode", "partner")
    lines = [BillLine(LineKind.SHARE, "S1", 900), BillLine(LineKind.SHARE_RETURN, "B1", 400)]
    working.take(desk.session, "alipay", DAY, lines, now=NOW)

    page = desk.bills(desk.first)

    assert (page.is_proven, page.waits, page.may_close) == (True, 2, False)
    proof = dict(page.proof)
    assert (proof["The bill comes to"], proof["Differences"]) == ("−¥5.00", "−¥5.00")
    assert (proof["Shares that reached the platform"], proof["Unexplained of the shares"]) == ("¥5.00", "¥0.00")
    assert [(row.kind, row.net) for row in page.differences] == [
        ("Share of the platform · Only in the bill", "−¥9.00"),
        ("Share returned for a refund · Only in the bill", "+¥4.00"),
    ]
    chinese = reconciliation.bills(desk.session, desk.first, 0, now=NOW, locale="zh")
    assert [row.kind for row in chinese.differences] == ["平台分账 · 渠道有我方无", "退款前回退分账 · 渠道有我方无"]
    assert dict(chinese.proof)["平台分账净到账"] == "¥5.00"

    bill = desk.session.exec(select(Bill)).one()
    bill.shared_unexplained_fen = 1
    desk.session.flush()
    page = desk.bills(desk.first)
    assert (page.is_proven, page.rows[0].state, dict(page.proof)["Unexplained of the shares"]) == (
        False,
        "open",
        "¥0.01",
    )
    with pytest.raises(StillDifferent):
        working.close(desk.session, desk.first, "alipay", DAY, now=NOW)


def test_both_need_a_hand_for_finance_alone(desk: Desk) -> None:
    desk.ask(100_000)
    working.take(desk.session, "alipay", DAY, [BillLine(LineKind.PAYMENT, "Pstranger", 900)], now=NOW)

    assert desk.alerts(desk.first) == ["withdrawal", "difference"]
    assert desk.alerts(desk.support) == []
    pages = [shell.shell(desk.session, actor, locale="en", now=NOW).pages for actor in (desk.first, desk.support)]
    assert [{"withdrawals", "reconciliation"} <= set(known) for known in pages] == [True, False]
