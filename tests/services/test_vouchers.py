"""Bookings by hand: two people, never more than there is, once, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.domain.voucher import VoucherKind, VoucherStatus, fits, lines, room
from servicehub.errors import Conflict, Invalid, NotAllowed, ReasonMissing, SecondPersonNeeded, ServiceHubError
from servicehub.models.audit import AuditEntry
from servicehub.models.voucher import Voucher
from servicehub.queries import vouchers as reading
from servicehub.queries.operator.attention import attention
from servicehub.services import ledger, vouchers
from servicehub.services.vouchers import NoRoom
from tests import journey
from tests.crowd import at_once
from tests.journey import World

K = VoucherKind
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.fixture
def world(session: Session) -> World:
    made = journey.build(session)
    for key, debit, credit, fen in (
        ("in", "cash:wechat", "escrow:1", 9000),
        ("tax", "escrow:1", ledger.TAX, 700),
        ("more", "suspense:wechat", "cash:wechat", 120),
        ("less", "cash:alipay", "suspense:alipay", 80),
    ):
        ledger.post(session, key, "test", "test", {debit: fen, credit: -fen}, now=made.now)
    return made


def people(world: World) -> tuple[Actor, Actor]:
    return journey.operator(world, OperatorRole.FINANCE), journey.operator(world, OperatorRole.ADMIN)


def book(world: World, kind: VoucherKind, channel: str, fen: int) -> None:
    first, second = people(world)
    made = vouchers.propose(world.session, first, kind, channel, fen, reason="回单 0311", now=world.now)
    vouchers.agree(world.session, second, made, now=world.now)


def signed(world: World, account: str) -> int:
    return ledger.trial(world.session).by_account.get(account, 0)


def test_tax_is_paid_on_from_the_bank_and_suspense_is_emptied(world: World) -> None:
    book(world, K.TO_BANK, "wechat", 5000)
    book(world, K.TAX_PAID, "", 700)
    book(world, K.CLEARED, "wechat", 100)
    book(world, K.WRITTEN_OFF, "wechat", 20)
    book(world, K.WRITTEN_OFF, "alipay", 80)
    book(world, K.FROM_BANK, "alipay", 1000)

    assert {a: fen for a, fen in ledger.trial(world.session).by_account.items() if fen and not a.startswith("escrow")} == {
        "cash:bank": 3400, "cash:wechat": 3880, "cash:alipay": 1080, "comp:unexplained": 20, "fee_income:unexplained": -80,
    }  # fmt: skip
    assert ledger.verify(world.session) == []


def test_one_person_alone_books_nothing_and_others_nothing_at_all(world: World) -> None:
    first, _second = people(world)
    made = vouchers.propose(world.session, first, K.TO_BANK, "wechat", 5000, reason="回单", now=world.now)
    with pytest.raises(SecondPersonNeeded):
        vouchers.agree(world.session, first, made, now=world.now)
    for actor in (journey.operator(world, OperatorRole.SUPPORT), world.customer, Actor(1, Role.TECHNICIAN)):
        with pytest.raises(NotAllowed):
            vouchers.agree(world.session, actor, made, now=world.now)
        with pytest.raises(NotAllowed):
            vouchers.propose(world.session, actor, K.TO_BANK, "wechat", 5, reason="x", now=world.now)
    assert signed(world, "cash:bank") == 0


@pytest.mark.parametrize(
    ("kind", "channel", "fen", "refusal"),
    [
        (K.TO_BANK, "wechat", 8881, NoRoom),
        (K.FROM_BANK, "wechat", 1, NoRoom),
        (K.TAX_PAID, "", 1, NoRoom),  # nothing is at the bank yet
        (K.WRITTEN_OFF, "wechat", 121, NoRoom),
        (K.WRITTEN_OFF, "nobody", 1, NoRoom),
        (K.TO_BANK, "", 1, Invalid),
        (K.TAX_PAID, "wechat", 1, Invalid),
        (K.TO_BANK, "wechat", 0, Invalid),
        (K.TO_BANK, "wechat", -5, Invalid),
    ],
)
def test_what_does_not_fit_is_refused(
    world: World, kind: VoucherKind, channel: str, fen: int, refusal: type[ServiceHubError]
) -> None:
    with pytest.raises(refusal):
        vouchers.propose(world.session, people(world)[0], kind, channel, fen, reason="x", now=world.now)
    assert world.session.exec(select(Voucher)).all() == []


def test_what_is_no_longer_there_is_not_agreed_to(world: World) -> None:
    first, second = people(world)
    two = [vouchers.propose(world.session, first, K.TO_BANK, "wechat", 5000, reason="x", now=world.now) for _ in "ab"]
    vouchers.agree(world.session, second, two[0], now=world.now)
    with pytest.raises(NoRoom) as refused:
        vouchers.agree(world.session, second, two[1], now=world.now)
    assert refused.value.params["most_fen"] == 3880


def test_a_voucher_is_dropped_with_a_reason_and_decided_once(world: World) -> None:
    first, second = people(world)
    made = vouchers.propose(world.session, first, K.TO_BANK, "wechat", 50, reason="写错", now=world.now)
    with pytest.raises(ReasonMissing):
        vouchers.drop(world.session, second, made, reason=" ", now=world.now)
    vouchers.drop(world.session, first, made, reason="金额写错", now=world.now)
    for again in (
        lambda: vouchers.agree(world.session, second, made, now=world.now),
        lambda: vouchers.drop(world.session, second, made, reason="x", now=world.now),
    ):
        with pytest.raises(Conflict):
            again()
    kept = world.session.exec(select(AuditEntry.action).where(AuditEntry.subject == f"voucher:{made}")).all()
    assert kept == ["voucher.propose", "voucher.drop"]


def test_the_page_says_what_can_be_booked_and_by_whom(world: World) -> None:
    first, second = people(world)
    vouchers.propose(world.session, first, K.WRITTEN_OFF, "alipay", 80, reason="分不清来源", now=world.now)
    mine, theirs = (reading.page(world.session, who, now=world.now, locale="zh") for who in (first, second))

    assert [(p.code, p.amount, p.action, p.most) for p in mine.positions] == [
        ("tax_payable:iit", "−¥7.00", "", "0"),
        ("suspense:alipay", "−¥0.80", "经银行结清", "0.8"), ("suspense:alipay", "−¥0.80", "核销", "0.8"),
        ("suspense:wechat", "+¥1.20", "经银行结清", "1.2"), ("suspense:wechat", "+¥1.20", "核销", "1.2"),
        ("cash:alipay", "¥0.80", "提至银行", "0.8"), ("cash:wechat", "¥88.80", "提至银行", "88.8"),
    ]  # fmt: skip
    assert [(r.title, r.amount, r.may_agree, r.may_drop) for r in mine.rows] == [
        ("核销 · 支付宝", "−¥0.80", False, True)
    ]
    assert theirs.rows[0].may_agree
    alerts = {alert.key: alert for alert in attention(world.session, second, locale="zh", now=world.now)}
    assert (alerts["voucher"].title, alerts["voucher"].link) == ("1 张凭证待第二人确认", "/operator/vouchers/")
    with pytest.raises(NotAllowed):
        reading.page(world.session, journey.operator(world, OperatorRole.SUPPORT), now=world.now, locale="zh")


def test_sixty_four_seconds_share_what_is_there(database: Database) -> None:
    """Of vouchers that together want more than there is, exactly those are booked for which there is room."""

    def prepare(session: Session) -> tuple[Actor, list[int]]:
        world = journey.build(session)
        first, second = people(world)
        ledger.post(session, "in", "test", "test", {"cash:wechat": 1050, "escrow:1": -1050}, now=NOW)
        made = [vouchers.propose(session, first, K.TO_BANK, "wechat", 100, reason=str(i), now=NOW) for i in range(64)]
        return second, made

    second, made = database.write_now(prepare)

    def attempt(i: int) -> object:
        return database.write_now(vouchers.agree, second, made[i], now=NOW)

    answers = at_once(64, attempt)

    assert sum(answer is None for answer in answers) == 10
    assert all(answer is None or isinstance(answer, NoRoom) for answer in answers)
    assert database.read_now(lambda s: ledger.balance(s, "cash:wechat")) == 50
    booked = database.read_now(lambda s: s.exec(select(Voucher).where(Voucher.status == VoucherStatus.BOOKED)).all())
    assert len(booked) == 10
    assert database.read_now(ledger.verify) == []


@given(st.sampled_from(list(K)), st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6), st.integers(1, 10**6))
def test_what_fits_never_leaves_less_than_nothing(kind: VoucherKind, one: int, other: int, fen: int) -> None:
    """Cash and bank stay above zero, what is owed is not overpaid, and suspense only shrinks towards zero."""
    before = {"cash:x": one, "cash:bank": other, "suspense:x": one, "tax_payable:iit": -one}
    most = room(kind, "x", before)
    amount = -fen if most < 0 else fen
    if not fits(amount, most):
        return
    booked = lines(kind, "x", amount)
    after = {account: before.get(account, 0) + booked.get(account, 0) for account in {*before, *booked}}
    assert sum(booked.values()) == 0
    for account, fen_after in after.items():
        if account in booked and account in ("cash:x", "cash:bank") and not kind.of_suspense:
            assert fen_after >= min(before[account], 0)
    assert abs(after["suspense:x"]) <= abs(before["suspense:x"])
    if kind is K.TAX_PAID:
        assert after["tax_payable:iit"] <= 0
