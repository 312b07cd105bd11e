"""The settlement mode: what is in force and set up, orders and money under each, and what became of the shares."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission
from servicehub.domain.order import OrderStatus
from servicehub.domain.payment import PRICE_ITEMS, PaymentStatus
from servicehub.domain.policy import ORDER_KIND, OrderPolicy
from servicehub.domain.sharing import MOST_BP, SettlementMode, ShareKind, ShareStatus
from servicehub.models.catalog import City, Policy
from servicehub.models.ledger import Account
from servicehub.models.order import Order
from servicehub.models.payment import Payment
from servicehub.models.sharing import Share
from servicehub.queries.operator import words
from servicehub.queries.operator.scope import guard
from servicehub.settings import Settings, get_settings
from servicehub.texts import N_, Locale, formats, money, say
from servicehub.texts.commission import more
from servicehub.viewmodels.settlement_mode import ModePage, ShareRow

SHOWN = 60
LONG_FROZEN = timedelta(days=25)
"""After 30 days the channel releases the money by itself, and the share is lost."""
ENDED = (OrderStatus.CLOSED, OrderStatus.CANCELLED, OrderStatus.EXPIRED)
KINDS: dict[ShareKind, str] = {
    ShareKind.SHARE: N_("Share of the platform"),
    ShareKind.UNFREEZE: N_("Rest unfrozen for the company"),
    ShareKind.RETURN: N_("Share returned for a refund"),
}
STATUSES: dict[ShareStatus, tuple[str, str]] = {
    ShareStatus.NEW: (N_("Waits to be sent"), ""),
    ShareStatus.SENT: (N_("At the channel"), "b"),
    ShareStatus.SUCCEEDED: (N_("Carried out"), "g"),
    ShareStatus.FAILED: (N_("Refused"), "r"),
    ShareStatus.VOID: (N_("Not needed any more"), ""),
}
FAULTS: dict[str, str] = {
    "no_sharing": N_("{channel} cannot divide payments: take it out of SERVICEHUB_PAYMENT_CHANNELS."),
    "receiver": N_("{channel}: nobody receives the platform's share. Set the account's SHARING_RECEIVER."),
    "receiver_name": N_("{channel}: the receiver's registered name is missing. Set SHARING_RECEIVER_NAME."),
}


def mode_page(session: Session, actor: Actor, *, now: datetime, locale: Locale) -> ModePage:
    """The page. Raises: NotAllowed without ledger:read."""
    guard(actor, Permission.LEDGER_READ)
    settings, tz = get_settings(), session.get_one(City, actor.city_id).timezone
    refused = sa.case((col(Share.status) == ShareStatus.FAILED, 0), else_=1)
    query = (
        select(Share, Order.no, Payment.channel)
        .join(Order, col(Order.id) == col(Share.order_id))
        .join(Payment, col(Payment.id) == col(Share.payment_id))
        .where(Order.city_id == actor.city_id)
    )
    found = session.exec(query.order_by(refused, col(Share.id).desc()).limit(SHOWN)).all()
    may = actor.may(Permission.RECONCILE)
    failed = sa.select(sa.func.count()).select_from(Share).join(Order, col(Order.id) == col(Share.order_id))
    failed = failed.where(col(Order.city_id) == actor.city_id, col(Share.status) == ShareStatus.FAILED)
    return ModePage(
        mode=settings.settlement_mode,
        accounts=_accounts(settings, locale),
        faults=tuple(
            say(locale, FAULTS[kind], channel=money.of(locale, money.METHODS, _method(channel)))
            for kind, channel in settings.share_faults()
        ),
        counts=_counts(session, actor, now, locale),
        rates=_rates(session, actor, now, locale),
        rows=tuple(_row(row, no, channel, now, tz, locale, may=may) for row, no, channel in found),
        refused=int(session.scalar(failed) or 0),
    )


def _method(channel: str) -> str:
    return {"stripe": "card"}.get(channel, channel)


def _accounts(settings: Settings, locale: Locale) -> tuple[tuple[str, str], ...]:
    receivers = {
        "wechat": settings.wechat.sharing_receiver if settings.wechat else "",
        "alipay": settings.alipay.sharing_receiver if settings.alipay else "",
    }
    nobody, simulated = say(locale, N_("Not set")), say(locale, N_("Simulated, inside this process"))
    return tuple(
        (
            money.of(locale, money.METHODS, _method(channel)),
            simulated if channel == "simulator" else receivers.get(channel) or nobody,
        )
        for channel in settings.payment_channels
    )


def frozen_too_long(now: datetime) -> sa.ColumnElement[bool]:
    """Condition on a kept payment and its order: a company's money that the channel will soon release by itself."""
    rest = sa.exists().where(col(Share.payment_id) == Payment.id, col(Share.kind) == ShareKind.UNFREEZE)
    done = rest.where(col(Share.status).in_((ShareStatus.SUCCEEDED, ShareStatus.VOID)))
    return sa.and_(
        col(Payment.status) == PaymentStatus.KEPT,
        col(Payment.item).in_(PRICE_ITEMS),
        col(Payment.mode) == SettlementMode.PARTNER,
        col(Payment.paid_at) < now - LONG_FROZEN,
        ~done,
        sa.or_(col(Order.status).not_in(ENDED), rest),
    )


def _counts(session: Session, actor: Actor, now: datetime, locale: Locale) -> tuple[tuple[str, str], ...]:
    kept = (
        col(Payment.status) == PaymentStatus.KEPT,
        col(Payment.item).in_(PRICE_ITEMS),
        col(Order.city_id) == actor.city_id,
    )
    per_mode = session.execute(
        sa.select(col(Payment.mode), sa.func.count(sa.distinct(col(Order.id))))
        .join(Order, col(Order.id) == col(Payment.order_id))
        .where(*kept, col(Order.status).not_in(ENDED))
        .group_by(col(Payment.mode))
    )
    orders: dict[str, int] = {str(mode): int(n) for mode, n in per_mode}
    frozen = session.scalar(
        sa.select(sa.func.count())
        .select_from(Payment)
        .join(Order, col(Order.id) == col(Payment.order_id))
        .where(frozen_too_long(now), col(Order.city_id) == actor.city_id)
    )
    theirs = session.scalar(
        sa.select(sa.func.sum(col(Account.balance_fen))).where(
            sa.or_(*(col(Account.code).startswith(f"{name}:") for name in ("t_avail", "t_pending", "t_deposit")))
        )
    )
    return (
        (say(locale, N_("Open orders, self-operated")), str(orders.get("self_operated", 0))),
        (say(locale, N_("Open orders, partner")), str(orders.get("partner", 0))),
        (say(locale, N_("Technicians' earnings held here")), formats.yuan(int(theirs or 0), always_decimals=True)),
        (say(locale, N_("Payments frozen for more than 25 days")), str(int(frozen or 0))),
    )


def _rates(session: Session, actor: Actor, now: datetime, locale: Locale) -> str:
    """Which rates of the policy in force are above the cap, or may be with their fixed part or least."""
    found = session.exec(
        select(Policy.document)
        .where(Policy.city_id == actor.city_id, Policy.kind == ORDER_KIND, col(Policy.effective_at) <= now)
        .order_by(col(Policy.version).desc())
        .limit(1)
    ).first()
    commission = OrderPolicy.of(found or {}).commission
    high = [
        f"{words.word(locale, words.LEVEL, level)} {formats.percent(bp)}"
        for level, bp in commission.rates.items()
        if bp > MOST_BP
    ]
    high += [
        " ".join([rule.name or rule.id, formats.percent(rule.bp), *more(locale, rule)])
        for rule in commission.rules
        if rule.bp > MOST_BP or rule.bounds.fixed_fen or rule.bounds.least_fen
    ]
    return " · ".join(high)


def _row(row: Share, order_no: str, channel: str, now: datetime, tz: str, locale: Locale, *, may: bool) -> ShareRow:
    label, tone = STATUSES[row.status]
    at = row.done_at or row.created_at
    return ShareRow(
        no=row.no,
        order_no=order_no,
        kind=say(locale, KINDS[row.kind]),
        amount=formats.yuan(row.amount_fen, always_decimals=True),
        channel=money.of(locale, money.METHODS, channel),
        state_label=say(locale, label),
        tone=tone,
        note=row.reason or formats.day_time(at, now, tz, locale=locale),
        may_retry=may and row.status is ShareStatus.FAILED,
    )
