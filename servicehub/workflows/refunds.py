"""Sending refunds: counted in one transaction, sent outside any, the answer booked in another.

The number never changes. When an earlier try may have reached the channel, the channel is asked first; a lost answer leaves the
refund as it is and asks again later.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from servicehub import clock
from servicehub.adapters.gateway import Gateway, gateway
from servicehub.db import Database
from servicehub.domain.channel import RefundRequest, RefundState
from servicehub.services import refunds

_ENDED = (RefundState.SUCCEEDED, RefundState.FAILED)


def send(database: Database, payload: Mapping[str, Any]) -> None:
    """Job `refund`: bring one refund a step further. Idempotent."""
    no = str(payload["no"])
    request = database.write_now(refunds.begin, no, urgent=True)
    if request is None:
        return
    state = _ask_or_send(gateway(request.channel), request)
    if state in _ENDED:
        database.write_now(refunds.record_result, no, state, now=clock.now(), urgent=True)
    else:
        database.write_now(refunds.again, no, urgent=True)


def _ask_or_send(channel: Gateway, request: RefundRequest) -> RefundState:
    if request.tries > 1:
        known = channel.query_refund(request)
        if known is not RefundState.NOT_FOUND:
            return known
    return channel.refund(request)
