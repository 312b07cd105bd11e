"""Guarantees, where a transaction meets a channel: intent committed, then the call, then the answer committed.

Owns the order of these steps. What a guarantee means is decided by `services.guarantees`, `.capturing` and `.orders`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from servicehub import clock
from servicehub.adapters.guarantee import guarantees as channel_of
from servicehub.adapters.guarantee import offered as offered  # noqa: PLC0414 - pages ask for them here
from servicehub.db import Database
from servicehub.domain.access import Actor, Role
from servicehub.domain.channel import PaymentAnswer, PayState
from servicehub.domain.guarantee import GuaranteeStatus, HoldAnswer, HoldRequest, HoldState
from servicehub.errors import GatewayUnknown, Invalid
from servicehub.models.catalog import ServiceItem
from servicehub.services import capturing, guarantees, transitions
from servicehub.services.payments import Outcome
from servicehub.texts import DEFAULT_LOCALE, Locale, localized_path, pick
from servicehub.workflows import checkout


async def start(
    database: Database, actor: Actor, order_no: str, method: str, *, locale: Locale = DEFAULT_LOCALE
) -> str:
    """Open the guarantee that the order waits for; returns the address where the customer agrees.

    Raises: NotFound, Invalid for a method that is not offered, TransitionRefused when none is waited for, GatewayUnknown.
    """
    return await asyncio.to_thread(start_now, database, actor, order_no, method, locale=locale, now=clock.now())


def start_now(
    database: Database, actor: Actor, order_no: str, method: str, *, locale: Locale = DEFAULT_LOCALE, now: datetime
) -> str:
    """`start` for threads."""
    if method not in offered():
        raise Invalid(f"guarantee by {method!r}")
    request = database.write_now(_intend, actor, order_no, method, locale=locale, now=now, urgent=True)
    return channel_of(request.channel).hold(request).url


def _intend(
    session: Session, actor: Actor, order_no: str, method: str, *, locale: Locale, now: datetime
) -> HoldRequest:
    actor.require_role(Role.CUSTOMER)
    order = transitions.load(session, actor, order_no)
    guarantee = guarantees.open_one(session, actor, order, method, now=now)
    service = session.get_one(ServiceItem, order.service_item_id)
    return HoldRequest(
        no=guarantee.no,
        channel=guarantee.channel,
        amount_fen=guarantee.amount_fen,
        title=pick(locale, service.name_zh, service.name_en),
        minutes=max((guarantee.expires_at - now) // timedelta(minutes=1), 1),
        expires_at=guarantee.expires_at,
        return_path=localized_path(f"/orders/{order_no}/", locale),
    )


def deliver(
    database: Database, channel: str, headers: Mapping[str, str], raw: bytes, *, now: datetime
) -> list[Outcome]:
    """Take a channel's message; when this returns, its effect is durable. For threads.

    Raises: Forged for a message that the channel did not sign; NotFound for an unknown channel.
    """
    reports = channel_of(channel).parse_hold(headers, raw, now=now)
    return [database.write_now(checkout.apply, report, now=now, urgent=True) for report in reports]


def query(database: Database, payload: Mapping[str, Any]) -> None:
    """Job `guarantee_query`: the channel was silent; ask it, and again at the next step if it knows nothing."""
    no, step, now = str(payload["no"]), int(payload.get("step", 0)), clock.now()
    guarantee = database.read_now(guarantees.by_no, no)
    if guarantee is None or guarantee.status is not GuaranteeStatus.WAITING:
        return
    answer = checkout.ask_guarantee(database, guarantee, now=now)
    if answer.state not in (HoldState.HELD, HoldState.CLOSED):
        database.write_now(_ask_again, no, step + 1, now=now, urgent=True)


def capture(database: Database, payload: Mapping[str, Any]) -> None:
    """Job `guarantee_capture`: bring one capture a step further. Idempotent."""
    no = str(payload["no"])
    begun = database.write_now(capturing.begin, no, urgent=True)
    if begun is None:
        return
    channel, request = begun
    answer = channel_of(channel).capture(request)
    if answer.state is HoldState.CAPTURED:
        _take(database, channel, answer)
    elif answer.state in (HoldState.CLOSED, HoldState.NOT_FOUND):
        database.write_now(capturing.failed, no, now=clock.now(), urgent=True)
    else:
        database.write_now(capturing.again, no, now=clock.now(), urgent=True)


def release(database: Database, payload: Mapping[str, Any]) -> None:
    """Job `guarantee_release`: make sure at the channel that nothing is held; what was taken meanwhile is booked, and goes back.

    Raises: GatewayUnknown when the channel does not say so; the job is then tried again.
    """
    no = str(payload["no"])
    guarantee = database.read_now(guarantees.by_no, no)
    if guarantee is None or guarantee.status not in (GuaranteeStatus.RELEASING, GuaranteeStatus.FAILED):
        return
    channel = channel_of(guarantee.channel)
    answer = channel.release(no)
    if answer.state is HoldState.CAPTURING:
        if guarantee.status is GuaranteeStatus.FAILED:
            return  # the channel goes on collecting; what comes is kept, if the customer has not paid by then
        answer = channel.settled_otherwise(no, clock.now())
    if answer.state is HoldState.CAPTURED:
        _take(database, guarantee.channel, answer)
    elif answer.state is HoldState.CLOSED:
        database.write_now(guarantees.released, no, now=clock.now(), urgent=True)
    else:
        raise GatewayUnknown(no)


def _take(database: Database, channel: str, answer: HoldAnswer) -> None:
    paid = PaymentAnswer(answer.no, PayState.PAID, answer.amount_fen, answer.channel_no)
    checkout.take_answer(database, channel, paid, now=clock.now())


def _ask_again(session: Session, no: str, step: int, *, now: datetime) -> None:
    guarantee = guarantees.by_no(session, no)
    if guarantee is not None:
        guarantees.query_later(session, guarantee, step, now=now)
