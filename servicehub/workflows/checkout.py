"""Paying, where a transaction meets a payment channel: intent committed, then the call, then the answer committed.

Owns the order of these steps. What a payment means is decided by `services.payments` and `services.orders`. Everything that a
channel says, by message or when asked, goes through `apply`, in one transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from sqlmodel import Session, col, select

from servicehub import clock
from servicehub.adapters.gateway import demo_scan as demo_scan  # noqa: PLC0414 - the page of codes asks for it here
from servicehub.adapters.gateway import gateway, simulator
from servicehub.adapters.gateway import methods as methods  # noqa: PLC0414 - the pay page asks for them here
from servicehub.adapters.guarantee import guarantees as guarantees_of
from servicehub.db import Database
from servicehub.domain.access import Actor, Role
from servicehub.domain.channel import ClientAction, CloseResult, PaymentAnswer, PayRequest, PayState, Report, Scene
from servicehub.domain.guarantee import HoldAnswer, HoldState
from servicehub.domain.payment import HERE, OURS, PaymentStatus
from servicehub.domain.sharing import SettlementMode
from servicehub.errors import GatewayUnknown, Invalid, TransitionRefused
from servicehub.models.catalog import ServiceItem
from servicehub.models.guarantee import Guarantee
from servicehub.models.payment import Payment
from servicehub.services import cash, closing, guarantees, identities, orders, payments, proposals, transitions
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
    tip_fen: int = 0,
    proposal_id: int = 0,
    ours: Collection[str] = (),
    scene: Scene = Scene.PHONE,
) -> ClientAction:
    """Open the payment that the order waits for, or one of a tip or a proposed add-on; returns what the browser does next.

    `ours`: which tenders of ours pay what they can; when that is everything, it goes to our page about how it ended.

    Raises: NotFound, TransitionRefused when nothing is to be paid, GatewayUnknown when the channel does not answer (the payment
    stays open and will be asked for).
    """
    return await asyncio.to_thread(
        start_now,
        database,
        actor,
        order_no,
        method,
        locale=locale,
        client_ip=client_ip,
        tip_fen=tip_fen,
        proposal_id=proposal_id,
        ours=ours,
        scene=scene,
        now=clock.now(),
    )


def start_now(
    database: Database,
    actor: Actor,
    order_no: str,
    method: str,
    *,
    locale: Locale = DEFAULT_LOCALE,
    client_ip: str = "",
    tip_fen: int = 0,
    proposal_id: int = 0,
    ours: Collection[str] = (),
    scene: Scene = Scene.PHONE,
    now: datetime,
) -> ClientAction:
    """`start` for threads."""
    channel = methods().get(method)
    if channel is None and not ours:
        raise Invalid(f"payment method {method!r}")
    request = database.write_now(
        intend,
        actor,
        order_no,
        method,
        channel or "",
        locale=locale,
        tip_fen=tip_fen,
        proposal_id=proposal_id,
        ours=ours,
        scene=scene,
        now=now,
        urgent=True,
    )
    if request.channel in HERE:
        return ClientAction("redirect", request.return_path)
    return gateway(request.channel).open(replace(request, client_ip=client_ip))


def intend(
    session: Session,
    actor: Actor,
    order_no: str,
    method: str,
    channel: str,
    *,
    locale: Locale,
    now: datetime,
    tip_fen: int = 0,
    proposal_id: int = 0,
    ours: Collection[str] = (),
    scene: Scene = Scene.PHONE,
) -> PayRequest:
    """Store the payment under its number and say what to ask of the channel; one that tenders of ours pay alone is made here."""
    actor.require_role(Role.CUSTOMER)
    order = transitions.load(session, actor, order_no)
    if tip_fen:
        payment = payments.open_tip(session, actor, order, tip_fen, channel, method, scene=scene, now=now)
    elif proposal_id:
        payment = proposals.pay(session, actor, order, proposal_id, channel, method, ours=ours, scene=scene, now=now)
    else:
        item, _amount = payments.due(session, order)
        payment = payments.open_payment(session, actor, order, item, channel, method, ours=ours, scene=scene, now=now)
    if payment.channel in OURS:
        orders.payment_recorded(session, payments.paid_here(payment), now=now)
    service = session.get_one(ServiceItem, order.service_item_id)
    return PayRequest(
        no=payment.no,
        order_no=order_no,
        channel=payment.channel,
        method=method,
        amount_fen=payment.amount_fen,
        title=pick(locale, service.name_zh, service.name_en),
        expires_at=payment.expires_at,
        return_path=f"{localized_path(RESULT_PAGE, locale)}?o={order_no}{'&tip=1' if tip_fen else ''}",
        scene=scene,
        openid=identities.openid_of(session, actor.user_id) if scene is Scene.WECHAT else "",
        is_shared=payment.mode is SettlementMode.PARTNER and not tip_fen,
    )


def cash_received(session: Session, actor: Actor, order_no: str, *, now: datetime) -> None:
    """The technician of the visit has the amount in his hand: the order is paid, and he owes it to the company.

    Raises: NotFound for somebody else's job, TransitionRefused when it waits for no cash.
    """
    actor.require_role(Role.TECHNICIAN)
    order = transitions.load(session, actor, order_no)
    payments.lock_order(session, order.id or 0)
    session.refresh(order)
    payment = cash.waiting(session, order) if cash.is_taken(order) else None
    if payment is None:
        raise TransitionRefused(order_no, state=order.status.value, event="cash")
    orders.payment_recorded(session, payments.paid_here(payment), now=now)


def deliver(
    database: Database, channel: str, headers: Mapping[str, str], raw: bytes, *, now: datetime
) -> list[Outcome]:
    """Take a channel's message; when this returns, its effect is durable. For threads.

    Raises: Forged for a message that the channel did not sign; NotFound for an unknown channel.
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
    else:
        again = None if answer.state is PayState.CLOSED else step + 1
        database.write_now(_ask_again, no, again, now=now, urgent=True)


def lapse(database: Database, payload: Mapping[str, Any]) -> None:
    """Job `payment_lapse`: a payment that was not made in its time is closed, once its channel says that it was not.

    Raises: GatewayUnknown when the channel does not answer; the job is then tried again.
    """
    no, now = str(payload["no"]), clock.now()
    payment = database.read_now(_payment, no)
    if payment is None or payment.status is not PaymentStatus.PENDING:
        return
    answer = gateway(payment.channel).query(no)
    if answer.state is PayState.PAID:
        take_answer(database, payment.channel, answer, now=now)
    elif answer.state is PayState.UNKNOWN:
        raise GatewayUnknown(no)
    else:
        database.write_now(closing.close_lapsed, no, now=now, urgent=True)


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
    for guarantee in database.read_now(guarantees.waiting, order_id):
        state = ask_guarantee(database, guarantee, now=now).state
        clear = clear and state in (HoldState.WAITING, HoldState.CLOSED, HoldState.NOT_FOUND)
    return clear


def ask_guarantee(database: Database, guarantee: Guarantee, *, now: datetime) -> HoldAnswer:
    """Ask the channel about a guarantee that waits, and book what it says."""
    answer = guarantees_of(guarantee.channel).look(guarantee.no)
    if answer.state is HoldState.HELD:
        held = Report(
            channel=guarantee.channel,
            event_id=f"held-{answer.no}",
            kind="guarantee",
            no=answer.no,
            amount_fen=answer.amount_fen,
            channel_no=answer.channel_no,
        )
        database.write_now(apply, held, now=now, urgent=True)
    elif answer.state is HoldState.CLOSED:
        database.write_now(guarantees.refused, answer.no, now=now, urgent=True)
    return answer


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
    """Those that a channel may know more about."""
    query = select(Payment).where(Payment.order_id == order_id, Payment.status == PaymentStatus.PENDING)
    query = query.where(col(Payment.channel).not_in(HERE))
    return list(session.exec(query.order_by(col(Payment.id))))


def _open_of(session: Session, actor: Actor, order_no: str) -> list[Payment]:
    return _open_payments(session, transitions.load(session, actor, order_no).id or 0)


def _ask_again(session: Session, no: str, step: int | None, *, now: datetime) -> None:
    payment = _payment(session, no)
    if payment is not None and (step is None or not payments.query_later(session, payment, step, now=now)):
        closing.lapse_later(session, payment, now=now)
