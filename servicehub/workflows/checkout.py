"""Paying, where a transaction meets a payment channel: intent committed, then the call, then the answer committed.

Owns the order of these steps. What a payment means is decided by `services.payments` and `services.orders`. Everything that a
channel says, by message or when asked, goes through `apply`, in one transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from sqlmodel import Session, col, select

from servicehub import clock
from servicehub.adapters.gateway import gateway, simulator
from servicehub.adapters.gateway import methods as methods  # noqa: PLC0414 - the pay page asks for them here
from servicehub.db import Database
from servicehub.domain.access import Actor, Role
from servicehub.domain.channel import CloseResult, PaymentAnswer, PayRequest, PayState, Report
from servicehub.domain.payment import PaymentStatus
from servicehub.errors import GatewayUnknown, Invalid
from servicehub.models.catalog import ServiceItem
from servicehub.models.payment import Payment
from servicehub.services import orders, payments, transitions
from servicehub.services.payments import Outcome
from servicehub.texts import DEFAULT_LOCALE, Locale, localized_path, pick

RESULT_PAGE = "/pay/result/"
_ASK_AGAIN = RateLimitItemPerSecond(1, 10)
"""A page that is loaded over and over asks a channel once in so many seconds."""
_ASKED = MovingWindowRateLimiter(MemoryStorage())


def apply(session: Session, report: Report, *, now: datetime) -> Outcome:
    """Book what a channel reported and let the order take it up: one transaction."""
    outcome = payments.record(session, report, now=now)
    orders.payment_recorded(session, outcome, now=now)
    return outcome


async def start(
    database: Database,
    actor: Actor,
    order_no: str,
    method: str = "wechat",
    *,
    locale: Locale = DEFAULT_LOCALE,
    client_ip: str = "",
) -> str:
    """Open the payment that the order waits for; returns the address of the channel's cashier.

    Raises: NotFound, TransitionRefused when nothing is to be paid, GatewayUnknown when the channel does not answer (the payment
    stays open and will be asked for).
    """
    return await asyncio.to_thread(
        start_now, database, actor, order_no, method, locale=locale, client_ip=client_ip, now=clock.now()
    )


def start_now(
    database: Database,
    actor: Actor,
    order_no: str,
    method: str,
    *,
    locale: Locale = DEFAULT_LOCALE,
    client_ip: str = "",
    now: datetime,
) -> str:
    """`start` for threads."""
    channel = methods().get(method)
    if channel is None:
        raise Invalid(f"payment method {method!r}")
    request = database.write_now(intend, actor, order_no, method, channel, locale=locale, now=now, urgent=True)
    return gateway(channel).open(replace(request, client_ip=client_ip)).url


def intend(
    session: Session, actor: Actor, order_no: str, method: str, channel: str, *, locale: Locale, now: datetime
) -> PayRequest:
    """Store the payment under its number and say what to ask of the channel."""
    actor.require_role(Role.CUSTOMER)
    order = transitions.load(session, actor, order_no)
    item, _amount = payments.due(session, order)
    payment = payments.open_payment(session, actor, order, item, channel, method, now=now)
    service = session.get_one(ServiceItem, order.service_item_id)
    return PayRequest(
        no=payment.no,
        order_no=order_no,
        channel=payment.channel,
        method=method,
        amount_fen=payment.amount_fen,
        title=pick(locale, service.name_zh, service.name_en),
        expires_at=payment.expires_at,
        return_path=f"{localized_path(RESULT_PAGE, locale)}?o={order_no}",
    )


def deliver(
    database: Database, channel: str, headers: Mapping[str, str], raw: bytes, *, now: datetime
) -> list[Outcome]:
    """Take a channel's message; when this returns, its effect is durable. For threads.

    Raises: NotAllowed for a message that the channel did not sign; NotFound for an unknown channel.
    """
    reports = gateway(channel).parse_notify(headers, raw, now=now)
    return [database.write_now(apply, report, now=now, urgent=True) for report in reports]


def query(database: Database, payload: Mapping[str, Any]) -> None:
    """Job `payment_query`: the channel was silent about a payment; ask it, and again at the next step if it knows nothing."""
    no, step, now = str(payload["no"]), int(payload.get("step", 0)), clock.now()
    payment = database.read_now(_payment, no)
    if payment is None or payment.status is not PaymentStatus.PENDING:
        return
    answer = gateway(payment.channel).query(no)
    if answer.state is PayState.PAID:
        take_answer(database, payment.channel, answer, now=now)
    elif answer.state is not PayState.CLOSED:
        database.write_now(_ask_again, no, step + 1, now=now, urgent=True)


async def look(database: Database, actor: Actor, order_no: str) -> None:
    """The customer is back from the channel: ask it about what is still open, once for each payment in a while.

    Raises: NotFound for somebody else's order.
    """
    open_ = await database.read(_open_of, actor, order_no)
    due = [payment for payment in open_ if _ASKED.hit(_ASK_AGAIN, payment.no)]
    await asyncio.gather(*(asyncio.to_thread(_look, database, payment) for payment in due))


def _look(database: Database, payment: Payment) -> None:
    answer = gateway(payment.channel).query(payment.no)
    if answer.state is PayState.PAID:
        take_answer(database, payment.channel, answer, now=clock.now())


def close(database: Database, payload: Mapping[str, Any]) -> None:
    """Job `payment_close`: make sure at the channel that a payment closed here can no longer be made.

    Raises: GatewayUnknown when the channel does not answer; the job is then tried again.
    """
    no = str(payload["no"])
    payment = database.read_now(_payment, no)
    if payment is None or payment.status is not PaymentStatus.CLOSED:
        return
    channel = gateway(payment.channel)
    result = channel.close(no)
    if result is CloseResult.ALREADY_PAID:
        answer = channel.query(no)
        if answer.state is PayState.PAID:
            take_answer(database, payment.channel, answer, now=clock.now())
            return
        result = CloseResult.UNKNOWN
    if result is CloseResult.UNKNOWN:
        raise GatewayUnknown(no)


def expire_unpaid(database: Database, now: datetime) -> int:
    """End orders whose time to pay is over, each after its payment's channel said that none was made; returns how many ended.

    A channel that does not answer is asked again at the next call; after two minutes the order ends without it, and money
    that then still comes is revived or refunded.
    """
    due = database.read_now(orders.to_ask_about, now)
    return sum(_nothing_was_paid(database, i, now) and database.write_now(orders.expire, i, now=now) for i in due)


def _nothing_was_paid(database: Database, order_id: int, now: datetime) -> bool:
    clear = True
    for payment in database.read_now(_open_payments, order_id):
        answer = gateway(payment.channel).query(payment.no)
        if answer.state is PayState.PAID:
            take_answer(database, payment.channel, answer, now=now)
        clear = clear and answer.state in (PayState.WAITING, PayState.CLOSED, PayState.NOT_FOUND)
    return clear


def take_answer(database: Database, channel: str, answer: PaymentAnswer, *, now: datetime) -> Outcome:
    """Book a payment that the channel told us of when asked; the message about it will then be a duplicate."""
    report = Report(
        channel=channel,
        event_id=f"query-{answer.no}",
        kind="payment",
        no=answer.no,
        amount_fen=answer.amount_fen,
        channel_no=answer.channel_no,
    )
    return database.write_now(apply, report, now=now, urgent=True)


async def pay_in_simulator(database: Database, actor: Actor, order_no: str, *, method: str = "wechat") -> None:
    """Open and make the payment that the order waits for, through the simulated channel: what a visitor does with two taps."""
    await asyncio.to_thread(_pay_in_simulator, database, actor, order_no, method)


def _pay_in_simulator(database: Database, actor: Actor, order_no: str, method: str) -> None:
    request = database.write_now(
        intend, actor, order_no, method, "simulator", locale=DEFAULT_LOCALE, now=clock.now(), urgent=True
    )
    simulator().open(request)
    if simulator().pay(request.no, notify=False):
        headers, raw = simulator().message(request.no)
        deliver(database, "simulator", headers, raw, now=clock.now())


def _payment(session: Session, no: str) -> Payment | None:
    return session.exec(select(Payment).where(Payment.no == no)).first()


def _open_payments(session: Session, order_id: int) -> list[Payment]:
    query = select(Payment).where(Payment.order_id == order_id, Payment.status == PaymentStatus.PENDING)
    return list(session.exec(query.order_by(col(Payment.id))))


def _open_of(session: Session, actor: Actor, order_no: str) -> list[Payment]:
    return _open_payments(session, transitions.load(session, actor, order_no).id or 0)


def _ask_again(session: Session, no: str, step: int, *, now: datetime) -> None:
    payment = _payment(session, no)
    if payment is not None:
        payments.query_later(session, payment, step, now=now)
