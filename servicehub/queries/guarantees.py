"""What pages say of guarantees: their state, and what is being taken. Nothing of it is a payment before it is captured."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from servicehub.domain.access import Actor
from servicehub.domain.guarantee import GuaranteeStatus, method_of
from servicehub.domain.order import OrderStatus, PaymentPlan
from servicehub.models.catalog import ServiceItem
from servicehub.models.guarantee import Guarantee
from servicehub.models.order import Order
from servicehub.queries import visit
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.customer.orders import MoneyMove, PaymentLine

SHOWN = 100
NAMES: dict[str, str] = {
    "wechat": N_("WeChat Pay score guarantee"),
    "alipay": N_("Alipay guarantee"),
    "stripe": N_("Card guarantee"),
}
_S = GuaranteeStatus
STATES: dict[GuaranteeStatus, str] = {
    _S.WAITING: N_("Waiting for consent"),
    _S.HELD: N_("Guaranteed, nothing charged"),
    _S.CAPTURING: N_("Being taken"),
    _S.CAPTURED: N_("{amount} taken, the rest given back"),
    _S.RELEASING: N_("Being given back"),
    _S.RELEASED: N_("Given back, nothing charged"),
    _S.FAILED: N_("Not given"),
}


def awaits(order: Order) -> bool:
    """Whether the order waits for a guarantee."""
    return order.status is OrderStatus.PENDING_PAYMENT and order.payment_plan is PaymentPlan.AFTER


def chosen(session: Session, order: Order) -> str:
    """What the customer chose last; "" for nothing yet."""
    found = of_order(session, order)
    return method_of(found[-1].channel) if found else ""


def of_order(session: Session, order: Order) -> list[Guarantee]:
    """Oldest first."""
    return list(session.exec(select(Guarantee).where(Guarantee.order_id == order.id).order_by(col(Guarantee.id))))


def is_held(session: Session, order: Order) -> bool:
    """Whether the channel stands for the price, and nothing was taken."""
    return any(row.status is _S.HELD for row in of_order(session, order))


def sentence(session: Session, order: Order, *, locale: Locale) -> str:
    """What the customer should know of his guarantee now; "" for nothing."""
    found = of_order(session, order)
    if not found:
        return ""
    last, amount = found[-1], formats.yuan(found[-1].amount_fen)
    if order.status is OrderStatus.AWAITING_BALANCE and last.status is _S.CAPTURING:
        if order.total_fen > last.amount_fen:
            text = N_(
                "{amount} of the price are being taken from your guarantee. What was added beyond it you pay by yourself."
            )
            return say(locale, text, amount=amount)
        return say(locale, N_("The price is being taken from your guarantee. You need not do anything."))
    if order.status is OrderStatus.AWAITING_BALANCE and last.status is _S.FAILED:
        return say(locale, N_("It could not be taken from your guarantee. Please pay by yourself."))
    if awaits(order) and last.status is _S.FAILED:
        return say(locale, N_("The guarantee was not given. Try again, or choose another one."))
    if last.status is _S.HELD:
        return say(locale, N_("Guaranteed up to {amount}. It is taken when the visit is done."), amount=amount)
    return ""


def headline(session: Session, order: Order, *, locale: Locale) -> str:
    """Instead of the order's own sentence, where that asks for money."""
    if awaits(order):
        return say(locale, N_("Please give the guarantee"))
    taking = order.status is OrderStatus.AWAITING_BALANCE and of_order(session, order)
    return say(locale, N_("Service finished")) if taking and taking[-1].status is _S.CAPTURING else ""


def state(guarantee: Guarantee, locale: Locale) -> str:
    """In words."""
    if guarantee.status is _S.FAILED and guarantee.held_at is not None:
        return say(locale, N_("Could not be taken"))
    return say(locale, STATES[guarantee.status], amount=formats.yuan(guarantee.captured_fen))


def lines(session: Session, order: Order, tz: str, *, locale: Locale, now: datetime) -> tuple[PaymentLine, ...]:
    """Of one order, for its customer."""
    return tuple(
        PaymentLine(
            id=f"{row.no}-held",
            title=say(locale, NAMES[row.channel]),
            sub=f"{state(row, locale)} · {formats.day_time(_at(row), now, tz, locale=locale)}",
            amount=formats.yuan(row.amount_fen),
        )
        for row in of_order(session, order)
    )


def moves(
    session: Session, actor: Actor, tz: str, *, locale: Locale, now: datetime
) -> list[tuple[datetime, MoneyMove]]:
    """Of all orders of a customer, for the history of his payments."""
    query = (
        select(Guarantee, Order, ServiceItem)
        .join(Order, col(Order.id) == col(Guarantee.order_id))
        .join(ServiceItem, col(ServiceItem.id) == col(Order.service_item_id))
        .where(Order.customer_id == actor.user_id)
        .order_by(col(Guarantee.id).desc())
        .limit(SHOWN)
    )
    return [
        (
            _at(row),
            MoneyMove(
                f"{row.no}-held",
                order.no,
                visit.title(locale, item, order),
                say(locale, NAMES[row.channel]),
                f"{state(row, locale)} · {formats.day_time(_at(row), now, tz, locale=locale)}",
                formats.yuan(row.amount_fen),
                is_hold=True,
            ),
        )
        for row, order, item in session.exec(query)
    ]


def _at(row: Guarantee) -> datetime:
    return row.ended_at or row.capture_at or row.held_at or row.created_at
