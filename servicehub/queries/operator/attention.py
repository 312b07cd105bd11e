"""What needs a hand now: one line for each kind of exception, worst first, with the action that mends it. One statement."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.domain.access import Actor, Permission
from servicehub.domain.chargeback import WAITS
from servicehub.domain.delay import TOLD_MINUTES
from servicehub.domain.deposit import DepositStatus
from servicehub.domain.order import OrderStatus
from servicehub.domain.payment import RefundStatus
from servicehub.domain.reconciliation import DifferenceStatus
from servicehub.domain.sharing import ShareStatus
from servicehub.domain.technician import CertificateStatus, TechnicianStatus
from servicehub.domain.voucher import VoucherStatus
from servicehub.domain.withdrawal import WithdrawalStatus
from servicehub.models.chargeback import Chargeback
from servicehub.models.delay import Delay
from servicehub.models.deposit import DepositRequest
from servicehub.models.order import Order, planned_ahead
from servicehub.models.payment import ChannelEvent, Payment, Refund
from servicehub.models.reconciliation import Bill, Difference
from servicehub.models.sharing import Share
from servicehub.models.technician import Certificate, Technician
from servicehub.models.voucher import Voucher
from servicehub.models.withdrawal import Withdrawal
from servicehub.queries.operator.scope import city_of, epoch, guard, orders_of
from servicehub.queries.operator.settlement_mode import frozen_too_long
from servicehub.texts import N_, Locale, formats, n_, say, use_locale
from servicehub.viewmodels.operator import Alert

UNPLACED_AFTER = timedelta(minutes=5)
"""A paid order without a technician for this long needs a hand…"""
UNPLACED_BEFORE = timedelta(minutes=60)
"""…and so does any whose visit begins within this time."""
DEPART_MARGIN = timedelta(minutes=20)
ARRIVE_MARGIN = timedelta(minutes=5)
BALANCE_AFTER = timedelta(hours=24)
CERTIFICATE_NOTICE = timedelta(days=30)


class _Look(NamedTuple):
    icon: str
    tone: str
    one: str
    many: str
    action: str
    link: str


_LOOKS = {
    "unplaced": _Look(
        "timer", "r", N_("{n} order waits too long"), N_("{n} orders wait too long"),
        N_("Assign"), "/operator/dispatch/",
    ),
    "late": _Look(
        "triangle-alert", "o", N_("{n} order at late risk"), N_("{n} orders at late risk"),
        N_("View"), "/operator/orders/?view=risk",
    ),
    "dispute": _Look(
        "life-buoy", "r", N_("{n} after-sales case open"), N_("{n} after-sales cases open"),
        N_("Resolve"), "/operator/orders/?view=after",
    ),
    "balance": _Look(
        "banknote", "o", N_("{n} balance overdue"), N_("{n} balances overdue"),
        N_("View"), "/operator/orders/?view=balance",
    ),
    "refund": _Look(
        "undo-2", "r", N_("{n} refund failed"), N_("{n} refunds failed"),
        N_("Check"), "/operator/ledger/?tab=refunds",
    ),
    "chargeback": _Look(
        "landmark", "r", N_("{n} chargeback waits for an answer"), N_("{n} chargebacks wait for an answer"),
        N_("View"), "/operator/orders/?view=chargeback",
    ),
    "share": _Look(
        "percent", "r", N_("{n} share was refused by its channel"), N_("{n} shares were refused by their channels"),
        N_("Try again"), "/operator/settlement-mode/",
    ),
    "frozen": _Look(
        "lock", "r", N_("{n} payment was frozen for 25 days"), N_("{n} payments were frozen for 25 days"),
        N_("Check"), "/operator/settlement-mode/",
    ),
    "suspect": _Look(
        "shield", "v", N_("{n} payment message parked as suspect"), N_("{n} payment messages parked as suspect"),
        N_("Check"), "/operator/ledger/?tab=suspects",
    ),
    "withdrawal": _Look(
        "hand-coins", "o", N_("{n} withdrawal waits for a decision"), N_("{n} withdrawals wait for a decision"),
        N_("Decide"), "/operator/withdrawals/",
    ),
    "deposit": _Look(
        "shield", "o", N_("{n} deposit is asked back"), N_("{n} deposits are asked back"),
        N_("Decide"), "/operator/withdrawals/",
    ),
    "difference": _Look(
        "list-checks", "v", N_("{n} difference to a bill"), N_("{n} differences to bills"),
        N_("Check"), "/operator/reconciliation/",
    ),
    "voucher": _Look(
        "landmark", "v", N_("{n} voucher needs a second person"), N_("{n} vouchers need a second person"),
        N_("Check"), "/operator/vouchers/",
    ),
    "certificate": _Look(
        "badge-check", "b", N_("{n} certificate expires soon"), N_("{n} certificates expire soon"),
        N_("View"), "/operator/technicians/?state=expiring",
    ),
}  # fmt: skip
_PERMITS = {
    "refund": Permission.LEDGER_READ,
    "share": Permission.LEDGER_READ,
    "frozen": Permission.LEDGER_READ,
    "suspect": Permission.LEDGER_READ,
    "withdrawal": Permission.WITHDRAWAL_REVIEW,
    "deposit": Permission.WITHDRAWAL_REVIEW,
    "difference": Permission.RECONCILE,
    "voucher": Permission.RECONCILE,
}


def unplaced(now: datetime) -> Any:
    """Condition: waits for a technician longer than it should."""
    since = sa.func.coalesce(Order.paid_at, Order.created_at)
    return sa.and_(
        col(Order.status) == OrderStatus.MATCHING,
        ~planned_ahead(now),
        sa.or_(since < _bound(now - UNPLACED_AFTER), col(Order.start_at) < now + UNPLACED_BEFORE),
    )


def late(now: datetime) -> Any:
    """Condition: will probably not be there in time, by the forecast or by the clock."""
    forecast = sa.exists().where(col(Delay.order_id) == col(Order.id), col(Delay.minutes) >= TOLD_MINUTES)
    return sa.or_(
        sa.and_(col(Order.status).in_((OrderStatus.ACCEPTED, OrderStatus.EN_ROUTE)), forecast),
        sa.and_(
            col(Order.status).in_((OrderStatus.ACCEPTED, OrderStatus.ASSIGNED)),
            col(Order.start_at) < now + DEPART_MARGIN,
        ),
        sa.and_(col(Order.status) == OrderStatus.EN_ROUTE, col(Order.start_at) < now + ARRIVE_MARGIN),
    )


def _bound(at: datetime) -> Any:
    return sa.bindparam(None, at, type_=Order.__table__.c.created_at.type)  # type: ignore[attr-defined]


def attention(session: Session, actor: Actor, *, locale: Locale, now: datetime) -> tuple[Alert, ...]:
    """Kinds that hold at least one case and that the actor's role may look into, in the fixed order of urgency.

    Raises: NotAllowed without overview:read.
    """
    guard(actor, Permission.OVERVIEW_READ)
    today = now.astimezone(ZoneInfo(city_of(session, actor).timezone)).date()
    found = {
        kind: (n, oldest, fen)
        for kind, n, oldest, fen in session.execute(sa.union_all(*_counts(actor, now, today))).all()
        if n
    }
    return tuple(
        _alert(kind, look, *found[kind], now=now, locale=locale)
        for kind, look in _LOOKS.items()
        if kind in found and actor.may(_PERMITS.get(kind, Permission.OVERVIEW_READ))
    )


def _counts(actor: Actor, now: datetime, today: Any) -> list[sa.Select[Any]]:
    return [*_of_orders(actor, now), *_of_money(actor), _of_people(actor, today)]


def _of_orders(actor: Actor, now: datetime) -> list[sa.Select[Any]]:
    """Orders, and what hangs on one."""
    mine, status, price = orders_of(actor), col(Order.status), col(Order.total_fen)
    overdue = sa.and_(status == OrderStatus.AWAITING_BALANCE, col(Order.finished_at) < now - BALANCE_AFTER)
    failed = sa.and_(col(Refund.status) == RefundStatus.FAILED, col(Order.id) == Refund.order_id)
    refused = sa.and_(col(Share.status) == ShareStatus.FAILED, col(Order.id) == Share.order_id)
    asked = sa.and_(col(Chargeback.status).in_(WAITS), col(Order.id) == Chargeback.order_id)
    frozen = sa.and_(frozen_too_long(now), col(Order.id) == Payment.order_id)
    return [
        _count("unplaced", sa.func.coalesce(Order.paid_at, Order.created_at), price, unplaced(now), *mine),
        _count("late", col(Order.start_at), price, late(now), *mine),
        _count("dispute", col(Order.completed_at), price, status == OrderStatus.DISPUTED, *mine),
        _count("balance", col(Order.finished_at), price, overdue, *mine),
        _count("refund", col(Refund.created_at), col(Refund.amount_fen), failed, *mine),
        _count("chargeback", col(Chargeback.created_at), col(Chargeback.amount_fen), asked, *mine),
        _count("share", col(Share.created_at), col(Share.amount_fen), refused, *mine),
        _count("frozen", col(Payment.paid_at), col(Payment.amount_fen), frozen, *mine),
    ]


def _of_money(actor: Actor) -> list[sa.Select[Any]]:
    """Money that waits for people."""
    asked = (col(Withdrawal.status) == WithdrawalStatus.REVIEW, col(Withdrawal.city_id) == actor.city_id)
    back = (col(DepositRequest.status) == DepositStatus.OPEN, col(DepositRequest.city_id) == actor.city_id)
    differs = (
        col(Difference.bill_id) == col(Bill.id),
        col(Difference.status).in_((DifferenceStatus.OPEN, DifferenceStatus.PROPOSED)),
    )
    by_fen = sa.func.abs(col(Difference.their_fen) - col(Difference.our_fen))
    proposed = col(Voucher.status) == VoucherStatus.PROPOSED
    return [
        _count("suspect", col(ChannelEvent.received_at), _NOTHING, col(ChannelEvent.result) == "suspect"),
        _count("withdrawal", col(Withdrawal.created_at), col(Withdrawal.amount_fen), *asked),
        _count("deposit", col(DepositRequest.created_at), col(DepositRequest.asked_fen), *back),
        _count("difference", col(Bill.pulled_at), by_fen, *differs),
        _count("voucher", col(Voucher.created_at), sa.func.abs(col(Voucher.amount_fen)), proposed),
    ]


def _of_people(actor: Actor, today: Any) -> sa.Select[Any]:
    """Certificates of active technicians."""
    staff = sa.and_(
        col(Technician.id) == Certificate.technician_id,
        col(Technician.city_id) == actor.city_id,
        col(Technician.status) == TechnicianStatus.ACTIVE,
    )
    expiring = sa.and_(
        col(Certificate.status) == CertificateStatus.APPROVED, col(Certificate.expires_on) <= today + CERTIFICATE_NOTICE
    )
    counted = sa.select(_kind("certificate"), sa.func.count(), _NOTHING, _NOTHING).select_from(Certificate)
    return counted.join(Technician, staff).where(expiring)


_NOTHING = sa.literal_column("0", sa.BigInteger())


def _kind(kind: str) -> Any:
    return sa.literal_column(f"'{kind}'", sa.String())


def _count(kind: str, at: Any, fen: Any, *conditions: Any) -> sa.Select[Any]:
    return sa.select(
        _kind(kind), sa.func.count(), sa.func.coalesce(sa.func.min(epoch(at)), 0), sa.func.coalesce(sa.func.sum(fen), 0)
    ).where(*conditions)


def _alert(kind: str, look: _Look, n: int, oldest: int, fen: int, *, now: datetime, locale: Locale) -> Alert:
    with use_locale(locale):
        title = n_(look.one, look.many, n)
    return Alert(
        key=kind, icon=look.icon, tone=look.tone, title=title, note=_note(kind, oldest, fen, now, locale),
        action=say(locale, look.action), link=look.link,
    )  # fmt: skip


def _note(kind: str, oldest: int, fen: int, now: datetime, locale: Locale) -> str:
    age = formats.duration(max(0, int(now.timestamp()) - oldest) // 60, locale=locale) if oldest else ""
    match kind:
        case "unplaced":
            return say(locale, "Longest {age}", age=age)
        case "late":
            return say(locale, "Visits about to begin or already begun")
        case "certificate":
            return say(locale, "Within 30 days or already over")
        case "suspect":
            return say(locale, "Oldest {age}", age=age)
        case _:
            total = formats.yuan(int(fen))
            return (
                say(locale, "{total} in all · oldest {age}", total=total, age=age)
                if age
                else say(locale, "{total} in all", total=total)
            )
