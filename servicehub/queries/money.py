"""What operators see of money: one order's payments, refunds and entries; and the books' soundness. See `queries.tracing`, too."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission, Role
from servicehub.domain.payment import PRICE_ITEMS, PaymentStatus
from servicehub.errors import NotFound
from servicehub.models.catalog import City
from servicehub.models.ledger import Account, JournalEntry, Posting, Proof
from servicehub.models.order import Order
from servicehub.models.payment import ChannelEvent, Payment, Refund
from servicehub.queries.entries import entry_rows, yuan
from servicehub.texts import N_, Locale, formats, money, say
from servicehub.viewmodels.money import (
    AccountRow,
    DayRow,
    LedgerHealth,
    OrderMoney,
    PaymentRow,
    RefundRow,
)

DAYS_SHOWN = 14
LATEST_SHOWN = 30


def order_money(session: Session, actor: Actor, no: str, *, locale: Locale) -> OrderMoney:
    """Everything about one order's money. Raises: NotAllowed, NotFound outside the operator's city."""
    actor.require(Permission.ORDER_READ)
    order = session.exec(select(Order).where(Order.no == no, Order.city_id == actor.city_id)).first()
    if order is None or (actor.district_ids and order.district_id not in actor.district_ids):
        raise NotFound(f"order {no}")
    tz = _tz(session, actor)
    payments = session.exec(select(Payment).where(Payment.order_id == order.id).order_by(col(Payment.id))).all()
    refunds = session.exec(select(Refund).where(Refund.order_id == order.id).order_by(col(Refund.id))).all()
    kept = {p.id for p in payments if p.status is PaymentStatus.KEPT and p.item in PRICE_ITEMS}
    held = session.exec(select(Account.balance_fen).where(Account.code == f"escrow:{order.id}")).first() or 0
    numbers = {p.id: p.no for p in payments}
    return OrderMoney(
        no=no,
        total=yuan(order.total_fen),
        paid=yuan(sum(p.amount_fen for p in payments if p.id in kept)),
        refunded=yuan(sum(r.amount_fen for r in refunds if r.payment_id in kept)),
        held=yuan(held),
        payments=tuple(_payment(p, tz, locale) for p in payments),
        refunds=tuple(_refund(r, numbers.get(r.payment_id, ""), tz, locale) for r in refunds),
        entries=entry_rows(session, actor, col(JournalEntry.ref) == f"order:{order.id}", tz, locale),
    )


def ledger_health(session: Session, actor: Actor, *, now: datetime, locale: Locale) -> LedgerHealth:
    """Whether everything ever posted sums to zero, by group of accounts and by day. Raises: NotAllowed."""
    actor.require_role(Role.OPERATOR)
    actor.require(Permission.LEDGER_READ)
    tz = _tz(session, actor)
    accounts, total = _accounts(session, locale)
    count = col(JournalEntry.id)
    entries, unbalanced, unsealed = session.execute(
        sa.select(
            sa.func.count(count),
            sa.func.count(count).filter(col(JournalEntry.imbalance) != 0),
            sa.func.count(count).filter(col(JournalEntry.sealed) != 1),
        )
    ).one()
    parked = col(ChannelEvent.result) == "suspect", col(ChannelEvent.closed_at).is_(None)
    suspects = session.scalar(sa.select(sa.func.count()).where(*parked)) or 0
    latest = sa.select(col(JournalEntry.id)).order_by(col(JournalEntry.id).desc()).limit(LATEST_SHOWN)
    proof = session.exec(select(Proof).order_by(col(Proof.at).desc()).limit(1)).first()
    return LedgerHealth(
        ok=total == 0 and not unbalanced and not unsealed,
        proved=_proved(proof, now, tz, locale),
        is_proved=proof is None or not proof.problems,
        sum=yuan(total),
        entries=entries,
        unbalanced=unbalanced,
        unsealed=unsealed,
        suspects=suspects,
        accounts=accounts,
        days=_days(session, tz, now, locale),
        latest=entry_rows(session, actor, col(JournalEntry.id).in_(latest), tz, locale, newest_first=True),
    )


def _proved(proof: Proof | None, now: datetime, tz: str, locale: Locale) -> str:
    if proof is None:
        return ""
    at = formats.day_time(proof.at, now, tz, locale=locale)
    if not proof.problems:
        return say(locale, N_("Last full proof {at}: sums, seals and kept balances are right."), at=at)
    text = N_("Last full proof {at}: {n} problems. First: {first}. Tell the developers, and post nothing by hand.")
    return say(locale, text, at=at, n=len(proof.problems), first=proof.problems[0])


def _payment(payment: Payment, tz: str, locale: Locale) -> PaymentRow:
    return PaymentRow(
        no=payment.no,
        item=money.of(locale, money.PLAN_ITEMS, payment.item.value),
        channel=money.of(locale, money.METHODS, payment.method or payment.channel),
        amount=yuan(payment.amount_fen),
        status=payment.status.value,
        status_label=money.of(locale, money.PAYMENT_STATUSES, payment.status.value),
        at=formats.stamp(payment.paid_at or payment.created_at, tz),
        channel_no=payment.channel_no or "",
    )


def _refund(refund: Refund, payment_no: str, tz: str, locale: Locale) -> RefundRow:
    return RefundRow(
        no=refund.no,
        payment_no=payment_no,
        amount=yuan(refund.amount_fen),
        reason=money.of(locale, money.REFUND_REASONS, refund.reason),
        status=refund.status.value,
        status_label=money.of(locale, money.REFUND_STATUSES, refund.status.value),
        at=formats.stamp(refund.created_at, tz),
        done=formats.stamp(refund.done_at, tz) if refund.done_at else "",
        tries=refund.tries,
    )


def _accounts(session: Session, locale: Locale) -> tuple[tuple[AccountRow, ...], int]:
    """The trial balance by the first part of the accounts' codes, and the sum of everything."""
    account, fen = col(Posting.account), col(Posting.amount_fen)
    group = sa.case(*((account.like(f"{prefix}:%"), prefix) for prefix in money.ACCOUNTS), else_="other").label(
        "account_group"
    )
    debits = sa.func.coalesce(sa.func.sum(fen).filter(fen > 0), 0)
    credits_ = sa.func.coalesce(sa.func.sum(fen).filter(fen < 0), 0)
    rows = session.execute(sa.select(group, debits, credits_, sa.func.count()).group_by(sa.text("account_group")))
    found = {name: (int(debit), int(credit), count) for name, debit, credit, count in rows}
    shown = tuple(
        AccountRow(
            group=name,
            name=money.account_name(locale, name),
            debit=yuan(found[name][0]),
            credit=yuan(-found[name][1]),
            balance=yuan(found[name][0] + found[name][1]),
            postings=found[name][2],
        )
        for name in (*money.ACCOUNTS, "other")
        if name in found
    )
    return shown, sum(debit + credit for debit, credit, _count in found.values())


def _days(session: Session, tz: str, now: datetime, locale: Locale) -> tuple[DayRow, ...]:
    """The last days, newest first; each sums to zero because each entry does."""
    zone = ZoneInfo(tz)
    today = now.astimezone(zone).date()
    bounds = [datetime.combine(today - timedelta(days=i), datetime.min.time(), zone) for i in range(-1, DAYS_SHOWN)]
    at, fen = col(JournalEntry.at), col(Posting.amount_fen)
    day = sa.case(*((at >= start, i) for i, start in enumerate(bounds)), else_=None).label("local_day")
    rows = session.execute(
        sa.select(
            day,
            sa.func.count(sa.distinct(col(JournalEntry.id))),
            sa.func.coalesce(sa.func.sum(fen).filter(fen > 0), 0),
            sa.func.coalesce(sa.func.sum(fen), 0),
        )
        .join(Posting, col(Posting.entry_id) == col(JournalEntry.id))
        .where(at >= bounds[-1], at < bounds[0])
        .group_by(sa.text("local_day"))
    )
    found = {i: (entries, int(debit), int(total)) for i, entries, debit, total in rows}
    return tuple(
        DayRow(
            day=formats.day(start.date(), today, locale=locale),
            entries=found.get(i, (0, 0, 0))[0],
            debit=yuan(found.get(i, (0, 0, 0))[1]),
            credit=yuan(found.get(i, (0, 0, 0))[1] - found.get(i, (0, 0, 0))[2]),
            sum=yuan(found.get(i, (0, 0, 0))[2]),
            ok=found.get(i, (0, 0, 0))[2] == 0,
        )
        for i, start in enumerate(bounds)
        if i
    )


def _tz(session: Session, actor: Actor) -> str:
    return session.get_one(City, actor.city_id).timezone
