"""Sending refunds: counted in one transaction, sent outside any, the answer booked in another.

The number never changes. When an earlier try may have reached the channel, the channel is asked first; a lost answer leaves the
refund as it is and asks again later. What a person wants tried again is sent again when the channel still says no. Before a refund
goes to the customer's balance instead, the channel is asked whether it has come through after all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from servicehub import clock
from servicehub.adapters.gateway import Gateway, gateway
from servicehub.db import Database
from servicehub.domain.access import Actor
from servicehub.domain.channel import RefundRequest, RefundState
from servicehub.errors import GatewayUnknown, NotFound, RefundAlive
from servicehub.services import failed_refunds, refunds

_ENDED = (RefundState.SUCCEEDED, RefundState.FAILED)
_GONE = (RefundState.FAILED, RefundState.NOT_FOUND)


def send(database: Database, payload: Mapping[str, Any]) -> None:
    """Job `refund`: bring one refund a step further. Idempotent."""
    no = str(payload["no"])
    request = database.write_now(refunds.begin, no, now=clock.now(), urgent=True)
    if request is None:
        return
    state = _ask_or_send(gateway(request.channel), request)
    if state in _ENDED:
        database.write_now(refunds.record_result, no, state, now=clock.now(), urgent=True)
    else:
        database.write_now(refunds.again, no, urgent=True)


def hear(database: Database, no: str, *, now: datetime) -> bool:
    """Ask what became of a refund that the channel's bill has; whether that was news."""
    request = database.read_now(refunds.asked, no)
    if request is None or gateway(request.channel).query_refund(request) is not RefundState.SUCCEEDED:
        return False
    return database.write_now(refunds.record_result, no, RefundState.SUCCEEDED, now=now, urgent=True)


def give_to_balance(database: Database, actor: Actor, no: str, *, now: datetime) -> None:
    """Agree, as the second person, that a refused refund goes to the customer's balance; not before the channel says no once more.

    Raises: RefundAlive when the channel has carried it out (which is booked) or may still do so, GatewayUnknown when it does not
    say, and as `failed_refunds.give`.
    """
    database.read_now(failed_refunds.may_give, actor, no)
    request = database.read_now(refunds.asked, no)
    if request is None:
        raise NotFound(f"refund {no}")
    state = gateway(request.channel).query_refund(request)
    if state is RefundState.SUCCEEDED:
        database.write_now(refunds.record_result, no, state, now=now, urgent=True)
        raise RefundAlive(no)
    if state is RefundState.UNKNOWN:
        raise GatewayUnknown(no)
    if state not in _GONE:
        raise RefundAlive(no)
    database.write_now(failed_refunds.give, actor, no, now=now, urgent=True)


def _ask_or_send(channel: Gateway, request: RefundRequest) -> RefundState:
    if request.tries > 1:
        known = channel.query_refund(request)
        if known is not RefundState.NOT_FOUND and not (request.is_retry and known is RefundState.FAILED):
            return known
    return channel.refund(request)
