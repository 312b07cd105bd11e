"""All refunds of the city: narrowed, summed up, newest first, each with what the operator may do about it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from servicehub.domain.access import Actor, Permission
from servicehub.domain.payment import RefundStatus
from servicehub.domain.sharing import SettlementMode
from servicehub.models.account import User
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.queries.operator import words
from servicehub.queries.operator.narrowing import PAGE, REASONS, Wanted, about, between, of_payment, pages_of, short
from servicehub.queries.operator.scope import city_of, guard, orders_of
from servicehub.texts import N_, Locale, formats, money, say
from servicehub.viewmodels.operator_payments import RefundLine, RefundList, Sum

TONES = {"new": "tag-w", "sent": "tag-b", "succeeded": "tag-g", "failed": "tag-r", "balance": "tag-g"}
_UNDER_WAY = (RefundStatus.NEW, RefundStatus.SENT)
_AT = sa.func.coalesce(col(Refund.done_at), col(Refund.created_at))
"""When it ended, or was promised while it has not."""
_FIRST, _SECOND = aliased(User), aliased(User)


def refund_list(session: Session, actor: Actor, wanted: Wanted, *, locale: Locale, now: datetime) -> RefundList:
    """Raises: NotAllowed without order:refund."""
    guard(actor, Permission.ORDER_REFUND)
    tz = city_of(session, actor).timezone
    which = _where(actor, wanted, tz)
    fen, status = col(Refund.amount_fen), col(Refund.status)

    def summed(*states: RefundStatus) -> Any:
        return sa.func.coalesce(sa.func.sum(sa.case((status.in_(states), fen), else_=0)), 0)

    counts = sa.select(
        sa.func.count(), summed(RefundStatus.SUCCEEDED), summed(RefundStatus.BALANCE), summed(*_UNDER_WAY),
        summed(RefundStatus.FAILED),
    )  # fmt: skip
    total, *sums = session.execute(_joined(counts.select_from(Refund)).where(*which)).one()
    pages, page = pages_of(total, wanted.page)
    query = (
        _joined(sa.select(Refund, Payment, col(Order.no), _FIRST, _SECOND).select_from(Refund))
        .outerjoin(_FIRST, _FIRST.id == col(Refund.first_by))
        .outerjoin(_SECOND, _SECOND.id == col(Refund.second_by))
        .where(*which)
        .order_by(col(Refund.id).desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    )
    return RefundList(
        rows=tuple(_row(actor, *found, now=now, tz=tz, locale=locale) for found in session.execute(query).all()),
        sums=_sums(total, [int(one) for one in sums], locale),
        total=total,
        pages=pages,
        page=page,
        may_trace=actor.may(Permission.LEDGER_READ),
    )


def _joined(query: sa.Select[Any]) -> sa.Select[Any]:
    return query.join(Payment, col(Payment.id) == col(Refund.payment_id)).join(
        Order, col(Order.id) == col(Refund.order_id)
    )


def _where(actor: Actor, wanted: Wanted, tz: str) -> list[Any]:
    found = [*orders_of(actor), *of_payment(wanted), *between(wanted, _AT, tz)]
    if wanted.state in tuple(RefundStatus):
        found.append(col(Refund.status) == RefundStatus(wanted.state))
    if wanted.reason in REASONS:
        found.append(col(Refund.reason) == wanted.reason)
    return found + about(wanted.q, col(Refund.no), col(Payment.no), col(Payment.channel_no))


def _sums(total: int, sums: list[int], locale: Locale) -> tuple[Sum, ...]:
    balance, going, failed = (formats.yuan(fen, always_decimals=True) for fen in sums[1:])
    hint = N_("{amount} of it to balances instead")
    return (
        Sum("n", say(locale, N_("Refunds")), f"{total:,}", say(locale, N_("In this selection"))),
        Sum(
            "arrived",
            say(locale, N_("Returned")),
            formats.yuan(sums[0] + sums[1], always_decimals=True),
            say(locale, hint, amount=balance) if sums[1] else say(locale, N_("The way it was paid")),
        ),
        Sum("going", say(locale, N_("Under way")), going, say(locale, N_("Asked again until the channel answers"))),
        Sum("failed", say(locale, N_("Refused by the channel")), failed, say(locale, N_("Waits for people"))),
    )


def _row(
    actor: Actor, row: Refund, payment: Payment, order_no: str, first: User | None, second: User | None,
    *, now: datetime, tz: str, locale: Locale,
) -> RefundLine:  # fmt: skip
    failed, refunds = row.status is RefundStatus.FAILED, actor.may(Permission.ORDER_REFUND)
    proposed, has_balance = row.first_by is not None, payment.mode is SettlementMode.SELF_OPERATED
    return RefundLine(
        no=row.no,
        short=short(row.no),
        order_no=order_no,
        payment=money.of(locale, money.PLAN_ITEMS, payment.item.value),
        method=money.of(locale, money.METHODS, payment.method or payment.channel),
        reason=money.of(locale, money.REFUND_REASONS, row.reason),
        at=formats.day_time(row.done_at or row.created_at, now, tz, locale=locale),
        state_label=words.word(locale, words.REFUND, row.status.value),
        tone=f"tag {TONES[row.status.value]}",
        note=_note(row, first, second, locale),
        amount=formats.yuan(row.amount_fen, always_decimals=True),
        may_retry=failed and refunds,
        may_propose=failed and refunds and not proposed and has_balance,
        may_give=failed and proposed and row.first_by != actor.user_id and actor.may(Permission.WALLET_CREDIT),
    )


def _note(row: Refund, first: User | None, second: User | None, locale: Locale) -> str:
    if row.status is RefundStatus.BALANCE:
        text = N_("{first} and {second}: {reason}")
        return say(locale, text, first=_name(first), second=_name(second), reason=row.proposal)
    if row.first_by is not None:
        return say(locale, N_("{name} proposes the balance: {reason}"), name=_name(first), reason=row.proposal)
    if row.status in (RefundStatus.FAILED, RefundStatus.SENT) and row.tries:
        return say(locale, N_("Tried {n} times"), n=row.tries)
    return ""


def _name(user: User | None) -> str:
    return (user.display_name or user.login_name or f"#{user.id}") if user else ""
