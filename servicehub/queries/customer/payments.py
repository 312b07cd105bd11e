"""What a customer has to pay for an order, what was paid and returned, and how a payment ended."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Role
from servicehub.domain.order import OrderStatus, PaymentPlan
from servicehub.domain.payment import (
    CASH,
    HERE,
    LEAST_TIP_FEN,
    MOST_TIP_FEN,
    OURS,
    POINTS,
    PRICE_ITEMS,
    WALLET,
    PaymentStatus,
    PlanItem,
)
from servicehub.domain.sharing import SettlementMode
from servicehub.models.catalog import ServiceItem
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund, load_mode, may_tip, waits_for_balance
from servicehub.models.points import PointsLot
from servicehub.queries import guarantees as holds
from servicehub.queries import visit
from servicehub.queries.customer import points, wallet
from servicehub.queries.customer.orders import own
from servicehub.queries.customer.places import city_of
from servicehub.settings import get_settings
from servicehub.texts import N_, Locale, formats, money, say
from servicehub.viewmodels.customer.booking import PayItem, PayOutcome
from servicehub.viewmodels.customer.orders import MoneyMove, PaymentLine

HISTORY_SHOWN = 100
METHODS: dict[str, str] = {
    "wechat": N_("WeChat Pay"),
    "alipay": N_("Alipay"),
    "card": N_("Card"),
    "wallet": N_("Balance"),
    "points": N_("Points"),
    "cash": N_("Cash"),
}


def paid_fen(session: Session, order: Order) -> int:
    """What was kept of the price."""
    query = sa.select(sa.func.coalesce(sa.func.sum(col(Payment.amount_fen)), 0))
    mine = col(Payment.order_id) == order.id, col(Payment.item).in_(PRICE_ITEMS)
    kept = query.where(*mine, col(Payment.status) == PaymentStatus.KEPT)
    return int(session.execute(kept).scalar_one())


def due_item(order: Order) -> PlanItem:
    """Which part of the price is asked for now."""
    if order.finished_at is not None:
        return PlanItem.BALANCE
    return PlanItem.DEPOSIT if order.payment_plan is PaymentPlan.DEPOSIT else PlanItem.FULL


def due_fen(session: Session, order: Order) -> int:
    """What may be paid now; 0 when nothing is asked for."""
    match order.status:
        case OrderStatus.PENDING_PAYMENT:
            return order.first_due_fen
        case OrderStatus.AWAITING_BALANCE | OrderStatus.DISPUTED if waits_for_balance(session, order):
            return max(0, order.total_fen - paid_fen(session, order))
        case _:
            return 0


def pay_item(
    session: Session,
    actor: Actor,
    no: str,
    tip_fen: int = 0,
    ours: Collection[str] = (),
    *,
    locale: Locale,
    now: datetime,
) -> PayItem:
    """The sheet of the cashier: what, how much, how long; of a tip, if one is given. Raises: NotFound.

    `ours`: which tenders of ours are chosen to pay what they can.
    """
    order = own(session, actor, no)
    if tip_fen:
        return _tip_item(session, actor, order, tip_fen, locale, now)
    item = session.get_one(ServiceItem, order.service_item_id)
    secures = holds.awaits(order)
    tz, fen = city_of(session, actor).timezone, order.total_fen if secures else due_fen(session, order)
    runs = order.status is OrderStatus.PENDING_PAYMENT and order.deadline_at is not None
    left = int((order.deadline_at - now).total_seconds()) if runs and order.deadline_at else 0
    may = _tenders(session, actor, order, fen, ours, now)
    rest = fen - sum(may[tender] for tender in ours)
    return PayItem(
        no=no,
        title=visit.title(locale, item, order),
        when=visit.when(locale, order, now, tz),
        amount=formats.amount(fen),
        amount_text=formats.yuan(fen),
        what=say(locale, N_("Guarantee, at most"))
        if secures
        else money.of(locale, money.PLAN_ITEMS, due_item(order).value),
        seconds_left=max(0, left),
        is_due=fen > 0 and (not runs or left > 0),
        status=order.status.value,
        takes_cash=order.status is OrderStatus.AWAITING_BALANCE,
        points=formats.yuan(may[POINTS]) if may[POINTS] else "",
        points_count=f"{may[POINTS]:,}",
        balance=formats.yuan(may[WALLET]) if may[WALLET] else "",
        rest=formats.yuan(rest) if rest else "",
        secures=secures,
        guarantee=holds.chosen(session, order) if secures else "",
        note=holds.sentence(session, order, locale=locale),
    )


def _tenders(
    session: Session, actor: Actor, order: Order, due_fen: int, ours: Collection[str], now: datetime
) -> dict[str, int]:
    """What each tender of ours can pay of what is due, in fen: the balance beside points, when they are among `ours`."""
    if (load_mode(session, order.id or 0) or get_settings().settlement_mode) == SettlementMode.PARTNER:
        return dict.fromkeys(OURS, 0)  # a company is paid, which they cannot do
    points_fen = points.usable_points(session, actor, order, due_fen, now=now)
    left_fen = due_fen - (points_fen if POINTS in ours else 0)
    return {POINTS: points_fen, WALLET: min(left_fen, wallet.free_fen(session, actor, besides=order.id or 0, now=now))}


def _tip_item(session: Session, actor: Actor, order: Order, tip_fen: int, locale: Locale, now: datetime) -> PayItem:
    item = session.get_one(ServiceItem, order.service_item_id)
    return PayItem(
        no=order.no,
        title=visit.title(locale, item, order),
        when=visit.when(locale, order, now, city_of(session, actor).timezone),
        amount=formats.amount(tip_fen),
        amount_text=formats.yuan(tip_fen),
        what=money.of(locale, money.PLAN_ITEMS, PlanItem.TIP.value),
        seconds_left=0,
        is_due=LEAST_TIP_FEN <= tip_fen <= MOST_TIP_FEN and may_tip(session, order),
        status=order.status.value,
        tip=str(tip_fen),
    )


def outcome(session: Session, actor: Actor, no: str, *, locale: Locale, now: datetime) -> PayOutcome:
    """How the last payment of an order ended; one that was kept counts more than what was opened beside it. Raises: NotFound."""
    order = own(session, actor, no)
    item = session.get_one(ServiceItem, order.service_item_id)
    found = session.exec(select(Payment).where(Payment.order_id == order.id).order_by(col(Payment.id).desc())).all()
    kept = next((p for p in found if p.status is PaymentStatus.KEPT and p.item is found[0].item), None)
    last = kept or next(iter(found), None)
    fen = sum(p.amount_fen for p in found if kept and p.status is kept.status and p.item is kept.item)
    fen = fen or (last.amount_fen if last else 0)
    state, text = _state(order, last)
    return PayOutcome(
        no=no,
        state=state,
        amount=formats.amount(fen) if fen else "",
        title=visit.title(locale, item, order),
        when=formats.span(order.start_at, order.end_at, now, city_of(session, actor).timezone, locale=locale),
        text=say(locale, text),
    )


def _state(order: Order, last: Payment | None) -> tuple[str, str]:
    if last is not None and last.status is PaymentStatus.PENDING and last.channel == CASH:
        return "pending", N_("Please hand the amount to the professional, who confirms it.")
    if last is None or last.status is PaymentStatus.PENDING:
        gone = order.status in (OrderStatus.EXPIRED, OrderStatus.CANCELLED)
        closed = "closed", N_("The order is closed. Nothing was charged.")
        return closed if gone else ("pending", N_("We are asking the payment channel. This takes a moment."))
    if last.status is PaymentStatus.KEPT:
        if last.item is PlanItem.TIP:
            return "paid", N_("Thank you! All of it goes to whoever came.")
        if last.item is PlanItem.BALANCE:
            return "paid", N_("The balance is paid. Please confirm the service.")
        return "paid", N_("We are finding a technician for you. You will be told at once.")
    if last.status is PaymentStatus.CLOSED:
        return "closed", N_("The payment was not completed. Nothing was charged.")
    return "closed", N_("The payment came too late. All of it goes back to you.")


def lines(session: Session, order: Order, tz: str, *, locale: Locale, now: datetime) -> tuple[PaymentLine, ...]:
    """Payments and refunds of an order, oldest first."""
    paid = session.exec(
        select(Payment).where(Payment.order_id == order.id, col(Payment.paid_at).is_not(None)).order_by(col(Payment.id))
    ).all()
    back = session.exec(select(Refund).where(Refund.order_id == order.id).order_by(col(Refund.id))).all()
    methods = {row.id: row.method for row in paid}
    rows = [
        PaymentLine(
            id=row.no,
            title=money.of(locale, money.PLAN_ITEMS, row.item.value),
            sub=_sub(locale, say(locale, METHODS.get(row.method, N_("Online payment"))), row.paid_at, now, tz),
            amount=formats.yuan(row.amount_fen),
        )
        for row in paid
    ]
    rows += [
        PaymentLine(
            id=row.no,
            title=money.of(locale, money.REFUND_STATUSES, row.status.value),
            sub=_sub(locale, _whither(row, methods, locale), row.done_at or row.created_at, now, tz),
            amount=formats.yuan(-row.amount_fen),
        )
        for row in back
    ]
    return (*holds.lines(session, order, tz, locale=locale, now=now), *rows)


def _whither(row: Refund, methods: Mapping[int | None, str], locale: Locale) -> str:
    method = methods.get(row.payment_id)
    if method == POINTS:
        return say(locale, N_("To your points"))
    return say(locale, N_("To your balance") if method in HERE else N_("To the original method"))


def _sub(locale: Locale, how: str, at: datetime | None, now: datetime, tz: str) -> str:
    return f"{how} · {formats.day_time(at, now, tz, locale=locale)}" if at else how


def history(session: Session, actor: Actor, *, locale: Locale, now: datetime) -> tuple[MoneyMove, ...]:
    """Everything that the customer paid and got back, newest first. Raises: NotAllowed."""
    actor.require_role(Role.CUSTOMER)
    tz = city_of(session, actor).timezone
    mine = (
        select(Order, ServiceItem)
        .join(ServiceItem, col(ServiceItem.id) == col(Order.service_item_id))
        .where(Order.customer_id == actor.user_id)
    )
    paid = session.exec(
        mine.add_columns(Payment)
        .join(Payment, col(Payment.order_id) == col(Order.id))
        .where(col(Payment.paid_at).is_not(None))
        .order_by(col(Payment.paid_at).desc())
        .limit(HISTORY_SHOWN)
    ).all()
    back = session.exec(
        mine.add_columns(Refund, col(Payment.id), col(Payment.method))
        .join(Refund, col(Refund.order_id) == col(Order.id))
        .join(Payment, col(Payment.id) == col(Refund.payment_id))
        .order_by(col(Refund.created_at).desc())
        .limit(HISTORY_SHOWN)
    ).all()
    moves: list[tuple[datetime, MoneyMove]] = []
    for order, item, row in paid:
        how = say(locale, METHODS.get(row.method, N_("Online payment")))
        move = MoneyMove(
            row.no, order.no, visit.title(locale, item, order), money.of(locale, money.PLAN_ITEMS, row.item.value),
            _sub(locale, how, row.paid_at, now, tz), formats.yuan(-row.amount_fen, signed=True),
        )  # fmt: skip
        moves.append((row.paid_at, move))
    for order, item, row, payment_id, method in back:
        at, how = row.done_at or row.created_at, _whither(row, {payment_id: method}, locale)
        move = MoneyMove(
            row.no, order.no, visit.title(locale, item, order), money.of(locale, money.REFUND_STATUSES, row.status.value),
            _sub(locale, how, at, now, tz), formats.yuan(row.amount_fen, signed=True), is_back=True,
        )  # fmt: skip
        moves.append((at, move))
    moves += _earned(session, actor, tz, locale=locale, now=now)
    moves += holds.moves(session, actor, tz, locale=locale, now=now)
    moves.sort(key=lambda one: one[0], reverse=True)
    return tuple(move for _at, move in moves[:HISTORY_SHOWN])


def _earned(
    session: Session, actor: Actor, tz: str, *, locale: Locale, now: datetime
) -> list[tuple[datetime, MoneyMove]]:
    """Points that orders have earned."""
    rows = session.exec(
        select(PointsLot, Order, ServiceItem)
        .join(Order, col(Order.id) == col(PointsLot.order_id))
        .join(ServiceItem, col(ServiceItem.id) == col(Order.service_item_id))
        .where(PointsLot.customer_id == actor.user_id, col(PointsLot.refund_id).is_(None))
        .order_by(col(PointsLot.id).desc())
        .limit(HISTORY_SHOWN)
    )
    return [
        (
            lot.earned_at,
            MoneyMove(
                f"points-{lot.id}", order.no, visit.title(locale, item, order), say(locale, N_("Points earned")),
                formats.day_time(lot.earned_at, now, tz, locale=locale),
                say(locale, N_("+{n} points"), n=f"{lot.points:,}"), is_back=True, is_points=True,
            ),
        )
        for lot, order, item in rows
    ]  # fmt: skip
