"""The day after where a company is paid: shares and their returns stand in its bills, and prove its account and the platform's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from servicehub.adapters import gateway as channels
from servicehub.adapters.alipay import _share_lines as royalty_lines
from servicehub.adapters.wechat_bills import share_lines
from servicehub.db import Database
from servicehub.domain.payment import RefundStatus
from servicehub.domain.reconciliation import DifferenceKind, DifferenceStatus, LineKind
from servicehub.domain.sharing import ShareKind, ShareStatus
from servicehub.errors import BillUnavailable, StillDifferent
from servicehub.gateway_sim.bills import SHARE_COLUMNS
from servicehub.models.ledger import JournalEntry
from servicehub.models.payment import Payment, Refund
from servicehub.models.reconciliation import BillRow, Difference
from servicehub.services import ledger, reconciliation
from servicehub.settings import get_settings
from servicehub.workflows import refunds as refunding
from servicehub.workflows import sharing
from tests.gateway_sim.company import Company, channel, company, partner

__all__ = ["channel", "company", "partner"]  # fixtures that these tests ask for

PRICE, SHARE = 10_000, 2_500
BOTH = {ShareKind.SHARE: LineKind.SHARE, ShareKind.RETURN: LineKind.SHARE_RETURN}


def of_shares(company: Company) -> list[tuple[LineKind, str, int]]:
    """What the channel's own bill of today has of shares."""
    found = channels.bills(company.channel).bill(company.today, with_shares=True)
    return [(line.kind, line.no, line.amount_fen) for line in found if line.kind.is_shared]


def payment_no(database: Database) -> str:
    return database.read_now(lambda s: s.exec(select(Payment.no)).one())


def refund_statuses(company: Company) -> list[RefundStatus]:
    return company.database.read_now(lambda s: [refund.status for refund in s.exec(select(Refund))])


def test_the_bills_have_shares_and_returns_and_nothing_of_what_is_unfrozen(company: Company) -> None:
    company.run()
    assert company.statuses(ShareKind.UNFREEZE) == [ShareStatus.SUCCEEDED]
    company.ask_back(4_000)
    company.run()

    own = {"wechat": [company.shares(kind)[0].no for kind in BOTH]}
    nos = own.get(company.channel, [payment_no(company.database)] * 2)  # Alipay has the payment's number only
    assert of_shares(company) == [(LineKind.SHARE, nos[0], SHARE), (LineKind.SHARE_RETURN, nos[1], 1_000)]
    plain = channels.bills(company.channel).bill(company.today)
    assert [line.kind for line in plain] == [LineKind.REFUND]
    assert channels.bills(company.channel).bill(company.today + timedelta(days=1), with_shares=True) == []


def test_a_day_that_fits_proves_the_company_s_account_and_ours(company: Company) -> None:
    paid_on = company.today - timedelta(days=1)
    company.run()
    company.ask_back(4_000)
    company.run()

    assert [company.pull(day) for day in (paid_on, company.today) * 2] == [0] * 4

    assert company.proof(paid_on) == (1, 0, 0, 0)
    assert company.proof() == (3, 0, 0, 0)
    bill = company.bill()
    assert (bill.net_fen, bill.ledger_fen, bill.shared_fen) == (-SHARE - 4_000 + 1_000, -5_500, 1_500)
    assert (company.balance("cash"), company.balance("mirror:fees")) == (1_500, 36)
    assert company.balance("mirror") == PRICE - 5_500 - 36
    rows = company.database.read_now(lambda s: s.exec(select(BillRow.kind, BillRow.no)).all())
    assert {(kind, no) for kind, no in rows if LineKind(kind).is_shared} == {
        (line, company.shares(kind)[0].no) for kind, line in BOTH.items()
    }
    company.close()


def test_a_share_whose_answer_was_lost_is_heard_of_in_the_bill(company: Company) -> None:
    company.lose_a_share()
    assert (company.statuses(), company.balance("cash")) == ([ShareStatus.SENT], 0)

    assert [company.pull() for _ in range(2)] == [0, 0]

    assert (company.statuses(), company.balance("cash")) == ([ShareStatus.SUCCEEDED], SHARE)
    assert company.proof() == (1, 0, 0, 0)
    company.run()  # what waited for it is done
    assert company.statuses(ShareKind.UNFREEZE) == [ShareStatus.SUCCEEDED]
    assert (company.balance("cash"), company.is_proven()) == (SHARE, True)


def test_one_that_is_heard_of_the_day_after_is_of_another_day(company: Company) -> None:
    company.lose_a_share()
    first = company.to_the_next_day()

    for _ in range(2):
        assert [company.pull(day) for day in (first, company.today)] == [0, 0]

    assert company.balance("cash") == SHARE
    assert (company.proof(first), company.proof()) == ((0, 1, 0, 0), (0, 1, 0, 0))
    assert [company.bill(day).shared_fen for day in (first, company.today)] == [SHARE, 0]
    company.close(first)


def test_a_return_whose_answer_was_lost_is_heard_of_and_the_refund_goes_on(company: Company) -> None:
    company.run()
    company.ask_back(4_000)
    if company.channel == "alipay":
        sharing.send(company.database, company.job())  # it is the refund that carries it
        company.sim.platform.faults.lose_answers = 1
        refunding.send(company.database, company.job("refund"))
    else:
        company.sim.platform.faults.lose_answers = 1
        sharing.send(company.database, company.job())
    assert company.statuses(ShareKind.RETURN) == [ShareStatus.SENT]

    assert company.pull() == 0

    assert (company.statuses(ShareKind.RETURN), company.balance("cash")) == ([ShareStatus.SUCCEEDED], 1_500)
    company.run()
    assert (refund_statuses(company), company.is_proven()) == ([RefundStatus.SUCCEEDED], True)
    assert (company.pull(), company.proof()) == (0, (3, 0, 0, 0))


def test_returns_of_one_payment_are_told_apart_by_their_days(company: Company) -> None:
    company.run()
    company.ask_back(2_000)
    company.run()
    first = company.to_the_next_day()
    company.ask_back(2_000)
    company.run()

    for _ in range(2):  # the newer bill first
        assert [company.pull(day) for day in (company.today, first)] == [0, 0]

    assert (company.proof(first), company.proof()) == ((3, 0, 0, 0), (2, 0, 0, 0))


@pytest.mark.parametrize("channel", ["alipay"])
def test_what_another_day_s_bill_has_is_not_taken_for_a_second_return(company: Company) -> None:
    company.run()
    company.ask_back(2_000)
    sharing.send(company.database, company.job())
    company.sim.platform.faults.lose_answers = 1
    refunding.send(company.database, company.job("refund"))
    first = company.to_the_next_day()
    assert company.pull(first) == 0  # heard of today
    company.ask_back(2_000)
    company.run()

    for _ in range(2):
        assert [company.pull(day) for day in (company.today, first)] == [0, 0]

    # share, refund and return of the first day, the latter two booked on the second, which has both of its own
    assert (company.proof(first), company.proof()) == ((1, 2, 0, 0), (2, 2, 0, 0))


def test_two_returns_of_one_amount_on_one_day_are_two_lines(company: Company) -> None:
    company.run()
    for _ in range(2):
        company.ask_back(2_000)
        company.run()

    assert (company.pull(), company.proof()) == (0, (5, 0, 0, 0))
    assert company.bill().shared_fen == SHARE - 2 * 500


def test_another_amount_is_found_and_moved_between_both_accounts(company: Company) -> None:
    company.run()
    company.alter(amount=3_000, fen=3_000)

    assert company.pull() == 1
    (found,) = company.differences()
    assert found == (DifferenceKind.AMOUNT, LineKind.SHARE, company.shares()[0].no, 3_000, SHARE)
    assert company.proof() == (0, 0, 0, 0)
    with pytest.raises(StillDifferent):
        company.close()
    before = company.balance("mirror")

    company.agree()

    assert (company.balance("cash"), company.balance("mirror")) == (3_000, before - 500)
    assert (company.balance("suspense"), company.is_proven()) == (0, True)
    kinds = company.database.read_now(lambda s: s.exec(select(JournalEntry.kind)).all())
    assert "share_difference" in kinds
    assert "reconciliation" not in kinds


def test_a_share_that_the_bill_lacks_is_found_and_goes_when_it_comes(company: Company) -> None:
    company.run()
    company.alter(at="1999-01-01T00:00:00")

    assert company.pull() == 1
    assert company.differences() == [(DifferenceKind.ONLY_OURS, LineKind.SHARE, company.shares()[0].no, 0, SHARE)]
    assert company.proof() == (0, 0, 0, 0)

    company.alter(at=company.clock.now.astimezone(reconciliation.ZONE).isoformat())
    assert company.pull() == 0
    status = company.database.read_now(lambda s: s.exec(select(Difference.status)).one())
    assert status is DifferenceStatus.GONE


def test_a_share_that_never_arrived_is_taken_out_of_our_account(company: Company) -> None:
    company.run()
    company.alter(at="1999-01-01T00:00:00")
    company.pull()

    company.agree()

    assert (company.balance("cash"), company.balance("suspense"), company.is_proven()) == (0, 0, True)


def test_a_stranger_s_share_goes_to_suspense(company: Company) -> None:
    company.run()
    kind = {"wechat": "wechat-share", "alipay": "alipay-settle"}[company.channel]
    kept = company.sim.platform.get(kind, company.shares()[0].no)
    assert kept is not None
    stranger = "Snobodyknowsthisnumberwhichislongerthanours"
    company.sim.platform.put(kind, stranger, kept | {"out_order_no": stranger, "settle_no": "30089999"})

    assert company.pull() == 1
    (found,) = company.differences()
    assert found[:2] == (DifferenceKind.ONLY_CHANNEL, LineKind.SHARE)
    assert found[2] == {"wechat": stranger[:40], "alipay": "30089999"}[company.channel]
    assert company.proof() == (1, 0, 0, 0)

    company.agree()

    assert (company.balance("cash"), company.balance("suspense"), company.is_proven()) == (SHARE, SHARE, True)


@pytest.mark.parametrize("channel", ["wechat"])
def test_what_was_refused_and_then_done_is_booked_from_the_bill(company: Company) -> None:
    company.sim.platform.faults.share_fails = 1
    company.run()
    assert (company.statuses(), company.statuses(ShareKind.UNFREEZE)) == ([ShareStatus.FAILED], [ShareStatus.NEW])
    assert (company.pull(), company.balance("cash")) == (0, 0)  # in no bill
    company.alter(result="SUCCESS")

    assert company.pull() == 0

    assert (company.statuses(), company.balance("cash"), company.proof()) == (
        [ShareStatus.SUCCEEDED], SHARE, (1, 0, 0, 0),
    )  # fmt: skip
    company.run()
    assert company.statuses(ShareKind.UNFREEZE) == [ShareStatus.SUCCEEDED]


@pytest.mark.parametrize("channel", ["wechat"])
def test_what_was_refused_and_done_with_another_amount_is_for_people(company: Company) -> None:
    company.sim.platform.faults.share_fails = 1
    company.run()
    company.alter(result="SUCCESS", amount=2_600)

    assert company.pull() == 1
    assert company.differences() == [(DifferenceKind.ONLY_CHANNEL, LineKind.SHARE, company.shares()[0].no, 2_600, 0)]
    assert (company.statuses(), company.balance("cash")) == ([ShareStatus.FAILED], 0)

    company.agree()

    assert (company.balance("cash"), company.balance("suspense"), company.is_proven()) == (2_600, 0, True)


@pytest.mark.parametrize("channel", ["wechat"])
@pytest.mark.parametrize(
    ("account", "fen", "proof"), [("cash", 100, (1, 0, 0, -100)), ("mirror", -100, (1, 0, 100, 0))]
)
def test_each_account_is_proved_for_itself(
    company: Company, account: str, fen: int, proof: tuple[int, int, int, int]
) -> None:
    company.run()
    lines = {f"{account}:wechat": fen, ledger.suspense("wechat"): -fen}
    company.database.write_now(ledger.post, "share:astray", "share", "test", lines, now=company.clock.now)

    assert (company.pull(), company.proof()) == (0, proof)
    with pytest.raises(StillDifferent):
        company.close()


def test_in_self_operated_mode_shares_are_neither_read_nor_looked_for(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.run()
    monkeypatch.setattr(get_settings(), "settlement_mode", "self_operated")

    assert (company.pull(), company.proof(), company.bill().shared_fen) == (0, (0, 0, 0, 0), 0)


@pytest.mark.parametrize("channel", ["wechat"])
def test_a_bill_of_shares_that_does_not_come_keeps_the_day_open(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    company.run()
    monkeypatch.setattr("servicehub.gateway_sim.wechat.wechat_share_bill", lambda *_a: "x")

    with pytest.raises(BillUnavailable):
        company.pull()


def test_unfrozen_is_what_stays_with_the_merchant_whatever_it_is_called() -> None:
    heads = ",".join(SHARE_COLUMNS)
    rows = [
        "`t,`m,`m,`4200,`3008,`3009,`S1,`100.00,`platform,`25.00,`分账,`处理成功,`平台服务费",
        "`t,`m,`m,`4200,`3008,`3010,`S2,`100.00,`m,`75.00,`分账,`处理成功,`解冻剩余资金",
        "`t,`m,`m,`4200,`3008,`3011,`S3,`100.00,`somebody,`75.00,`分账解冻,`处理成功,`",
        "t,m,m,4200,3012,,B1,100.00,platform,10.01,分账回退,处理成功,用户退款",
        "总条数,总金额",
        "`4,`185.01",
    ]

    found = [
        (line.kind, line.no, line.amount_fen, line.channel_no) for line in share_lines("\r\n".join([heads, *rows]), "m")
    ]

    assert found == [(LineKind.SHARE, "S1", 2_500, "3009"), (LineKind.SHARE_RETURN, "B1", 1_001, "3012")]
    with pytest.raises(ValueError, match="no bill"):
        list(share_lines("x", "m"))


def test_alipay_s_rows_are_shares_by_kind_of_business_or_by_description() -> None:
    row = {
        "账务流水号": "7", "商户订单号": "P1", "收入金额（+元）": "10.01", "支出金额（-元）": "0.00", "业务类型": "交易退款",
    }  # fmt: skip
    rows = [
        row | {"业务描述": "退分账"},
        row | {"业务描述": "退款"},
        row | {"业务类型": "交易分账", "收入金额（+元）": "", "支出金额（-元）": "-25.00"},
        row | {"业务类型": "交易分账", "收入金额（+元）": "0.00"},
    ]

    found = [(line.kind, line.no, line.amount_fen, line.channel_no) for line in royalty_lines(rows)]

    assert found == [(LineKind.SHARE_RETURN, "P1", 1_001, "7"), (LineKind.SHARE, "P1", 2_500, "7")]
