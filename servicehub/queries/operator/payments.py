"""All payments of the city: narrowed, summed up, newest first. Two statements a page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.domain.access import Actor, Permission
from servicehub.domain.payment import PaymentStatus
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.queries.operator.narrowing import PAGE, Wanted, about, between, of_payment, pages_of, short
from servicehub.queries.operator.scope import city_of, guard, orders_of
from servicehub.texts import N_, Locale, formats, money, say
from servicehub.viewmodels.operator_payments import PaymentLine, PaymentList, Sum

TONES = {"kept": "tag-g", "pending": "tag-w", "extra": "tag-b", "late": "tag-b", "closed": ""}
_BACK = (PaymentStatus.EXTRA, PaymentStatus.LATE)
_ARRIVED = (PaymentStatus.KEPT, *_BACK)
_AT = sa.func.coalesce(col(Payment.paid_at), col(Payment.created_at))
"""When it was paid, or opened while it is not."""


def payment_list(session: Session, actor: Actor, wanted: Wanted, *, locale: Locale, now: datetime) -> PaymentList:
    """Raises: NotAllowed without ledger:read."""
    guard(actor, Permission.LEDGER_READ)
    tz = city_of(session, actor).timezone
    which = _where(actor, wanted, tz)
    fen, status = col(Payment.amount_fen), col(Payment.status)

    def summed(*states: PaymentStatus) -> Any:
        return sa.func.coalesce(sa.func.sum(sa.case((status.in_(states), fen), else_=0)), 0)

    counts = sa.select(sa.func.count(), summed(*_ARRIVED), summed(*_BACK), summed(PaymentStatus.PENDING))
    total, *sums = session.execute(counts.select_from(Payment).join(Order, _ORDER).where(*which)).one()
    pages, page = pages_of(total, wanted.page)
    found = session.execute(
        sa.select(Payment, col(Order.no), _returned())
        .join(Order, _ORDER)
        .where(*which)
        .order_by(col(Payment.id).desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    return PaymentList(
        rows=tuple(_row(row, no, int(back), now, tz, locale) for row, no, back in found),
        sums=_sums(total, [int(one) for one in sums], locale),
        total=total,
        pages=pages,
        page=page,
        may_trace=actor.may(Permission.LEDGER_READ),
    )


_ORDER = col(Order.id) == col(Payment.order_id)


def _where(actor: Actor, wanted: Wanted, tz: str) -> list[Any]:
    found = [*orders_of(actor), *of_payment(wanted), *between(wanted, _AT, tz)]
    if wanted.state in tuple(PaymentStatus):
        found.append(col(Payment.status) == PaymentStatus(wanted.state))
    return found + about(wanted.q, col(Payment.no), col(Payment.channel_no))


def _returned() -> Any:
    back = sa.select(sa.func.coalesce(sa.func.sum(col(Refund.amount_fen)), 0))
    return back.where(col(Refund.payment_id) == col(Payment.id)).scalar_subquery()


def _sums(total: int, sums: list[int], locale: Locale) -> tuple[Sum, ...]:
    arrived, back, open_ = (formats.yuan(fen, always_decimals=True) for fen in sums)
    return (
        Sum("n", say(locale, N_("Payments")), f"{total:,}", say(locale, N_("In this selection"))),
        Sum("arrived", say(locale, N_("Money that arrived")), arrived, say(locale, N_("Refunds not deducted"))),
        Sum("back", say(locale, N_("Of it twice or too late")), back, say(locale, N_("Goes back in full"))),
        Sum("open", say(locale, N_("Waiting for payment")), open_, say(locale, N_("Opened and not paid yet"))),
    )


def _row(row: Payment, order_no: str, back: int, now: datetime, tz: str, locale: Locale) -> PaymentLine:
    returned = formats.yuan(back, always_decimals=True)
    return PaymentLine(
        no=row.no,
        short=short(row.no),
        order_no=order_no,
        item=money.of(locale, money.PLAN_ITEMS, row.item.value),
        method=money.of(locale, money.METHODS, row.method or row.channel),
        channel_no=row.channel_no or "",
        at=formats.day_time(row.paid_at or row.created_at, now, tz, locale=locale),
        state_label=money.of(locale, money.PAYMENT_STATUSES, row.status.value),
        tone=f"tag {TONES[row.status.value]}".strip(),
        amount=formats.yuan(row.amount_fen, always_decimals=True),
        returned=say(locale, N_("{amount} back"), amount=returned) if back else "",
    )
