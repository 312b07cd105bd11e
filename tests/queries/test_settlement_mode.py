"""What people read about the settlement mode: operators what is in force and refused, technicians why nothing is withdrawn."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, select

from servicehub.cli import doctor
from servicehub.domain.access import OperatorRole
from servicehub.domain.sharing import ShareAnswer, ShareKind, ShareState
from servicehub.errors import NotAllowed
from servicehub.gateway_sim.keys import Keys, environment
from servicehub.models.sharing import Share
from servicehub.queries import income, withdrawals
from servicehub.queries.customer import payments as paying
from servicehub.queries.operator.attention import attention
from servicehub.queries.operator.money_overview import money_overview
from servicehub.queries.operator.settlement_mode import mode_page
from servicehub.services import ledger, payments, settlements, shares
from servicehub.settings import Settings, get_settings
from tests import journey
from tests.journey import World


@pytest.fixture
def world(session: Session, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(get_settings(), "settlement_mode", "partner")
    return journey.build(session)


def refused(world: World) -> Share:
    """A share that its channel does not want to carry out."""
    world.completed()
    share = world.session.exec(select(Share).where(Share.kind == ShareKind.SHARE)).one()
    shares.begin(world.session, share.no, now=world.now)
    shares.record_result(world.session, share.no, ShareAnswer(ShareState.FAILED, "NO_AUTH"), now=world.now)
    return share


def test_operators_read_what_was_refused_and_who_may_may_try_again(world: World) -> None:
    share = refused(world)
    admin, finance, support = (
        journey.operator(world, role) for role in (OperatorRole.ADMIN, OperatorRole.FINANCE, OperatorRole.SUPPORT)
    )
    shown = mode_page(world.session, finance, now=world.now, locale="zh")

    assert (shown.mode, shown.refused, shown.rows[0].no) == ("partner", 1, share.no)
    assert (shown.rows[0].may_retry, shown.rows[0].note, shown.rows[0].amount) == (True, "NO_AUTH", "¥25.00")
    assert [row.may_retry for row in shown.rows] == [True, False]
    with pytest.raises(NotAllowed):
        mode_page(world.session, support, now=world.now, locale="zh")

    alerts = {alert.key: alert for alert in attention(world.session, admin, locale="zh", now=world.now)}
    assert (alerts["share"].title, alerts["share"].link) == ("1 笔分账被渠道拒绝", "/operator/settlement-mode/")
    assert "share" not in {alert.key for alert in attention(world.session, support, locale="zh", now=world.now)}
    shares.retry(world.session, finance, share.no, now=world.now)
    assert mode_page(world.session, finance, now=world.now, locale="zh").refused == 0


def test_the_page_counts_orders_of_both_modes_and_names_rates_above_the_cap(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.pay(world.book())
    monkeypatch.setattr(get_settings(), "settlement_mode", "self_operated")
    world.pay(world.book(start_at=world.town.local("2026-03-04 14:00")))
    admin = journey.operator(world, OperatorRole.ADMIN)
    shown = mode_page(world.session, admin, now=world.now, locale="en")

    assert dict(shown.counts) == {
        "Open orders, self-operated": "1", "Open orders, partner": "1", "Technicians' earnings held here": "¥0.00",
        "Payments frozen for more than 25 days": "0",
    }  # fmt: skip
    assert "32.0%" in shown.rates
    later = mode_page(world.session, admin, now=world.later(days=26), locale="en")
    assert dict(later.counts)["Payments frozen for more than 25 days"] == "1"
    alerts = {alert.key: alert for alert in attention(world.session, admin, locale="zh", now=world.now)}
    assert (alerts["frozen"].title, alerts["frozen"].link) == ("1 笔支付已冻结 25 天", "/operator/settlement-mode/")


def test_technicians_read_why_and_customers_are_not_offered_their_balance(world: World) -> None:
    order, who = world.book(), world.technicians[0]
    lines = {ledger.cash("bank"): 500, ledger.wallet(world.customer.user_id): -500}
    ledger.post(world.session, "given", "credit", "test", lines, now=world.now)

    assert withdrawals.mine(world.session, who, now=world.now, locale="zh").by_company
    assert paying.pay_item(world.session, world.customer, order.no, locale="zh", now=world.now).balance == ""


def test_an_earning_says_that_the_company_pays_it_also_when_it_has_matured(world: World) -> None:
    order = world.completed()
    who = world.technician(order.technician_id)
    settlements.mature_due(world.session, world.later(days=30))
    shown = income.income(world.session, who, now=world.now, locale="zh")

    assert [(row.state, row.state_label, row.net) for row in shown.rows] == [("company", "由公司发放", "+¥75.00")]
    assert (shown.pending, shown.available) == ("¥0.00", "¥0.00")


def test_in_the_usual_mode_nothing_of_this_is_seen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "settlement_mode", "self_operated")
    lines = {ledger.cash("bank"): 500, ledger.wallet(world.customer.user_id): -500}
    ledger.post(world.session, "given", "credit", "test", lines, now=world.now)
    order = world.book()

    assert not withdrawals.mine(world.session, world.technicians[0], now=world.now, locale="zh").by_company
    assert paying.pay_item(world.session, world.customer, order.no, locale="zh", now=world.now).balance


def test_a_deployment_without_receivers_is_refused_and_the_doctor_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    variables = environment(Keys(tmp_path_factory.mktemp("keys")), "http://127.0.0.1:9")
    without = {name: value for name, value in variables.items() if "SHARING" not in name}
    channels = {
        "SERVICEHUB_PAYMENT_CHANNELS": '["wechat", "alipay", "stripe"]',
        "SERVICEHUB_SETTLEMENT_MODE": "partner",
    }
    for name, value in {**without, **channels}.items():
        monkeypatch.setenv(name, value)
    settings = Settings()

    assert settings.share_faults() == [
        ("no_sharing", "stripe"), ("receiver", "wechat"), ("receiver", "alipay"), ("receiver_name", "wechat"),
    ]  # fmt: skip
    assert sum("SHARING_RECEIVER" in sentence for sentence in settings.unsafe()) == 3
    found = {finding.subject: finding.text for finding in doctor._mode(settings)}
    assert "nobody withdraws" in found["Settlement mode"]
    assert not any("SHARING" in text for text in Settings(settlement_mode="self_operated").unsafe())


def test_the_overview_of_money_counts_what_customers_paid_to_the_company(world: World) -> None:
    order = world.completed()
    share = world.session.exec(select(Share).where(Share.kind == ShareKind.SHARE)).one()
    for no in (share.no,):
        shares.begin(world.session, no, now=world.now)
        shares.record_result(world.session, no, ShareAnswer(ShareState.SUCCEEDED), now=world.now)
    tip = payments.open_tip(world.session, world.customer, order, 1_000, "simulator", "wechat", now=world.now)
    world.report(tip)
    admin = journey.operator(world, OperatorRole.ADMIN)
    tz_day = world.now.astimezone(ZoneInfo("Asia/Shanghai")).date().isoformat()
    paid_day = order.paid_at and order.paid_at.astimezone(ZoneInfo("Asia/Shanghai")).date().isoformat()

    def figures(day: str) -> dict[str, str]:
        shown = money_overview(world.session, admin, day, now=world.now, locale="zh")
        return {figure.key: figure.value for figure in shown.figures}

    assert figures(str(paid_day))["taken"] == "¥100.00"
    assert (figures(tz_day)["taken"], figures(tz_day)["income"]) == ("¥10.00", "¥25.00")
