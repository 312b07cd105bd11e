"""Paying out: the channel is chosen when a technician asks, and asked outside any transaction once people said yes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from servicehub import clock
from servicehub.adapters.gateway import Payouts, payout_channel, payouts
from servicehub.db import Database
from servicehub.domain.access import Actor
from servicehub.domain.channel import PayoutRequest, PayoutState
from servicehub.errors import NotFound
from servicehub.services import withdrawals

_ENDED = (PayoutState.SUCCEEDED, PayoutState.FAILED)


def request(session: Session, actor: Actor, amount_fen: int, account: str, *, now: datetime) -> str:
    """`services.withdrawals.request` at the channel that pays out here. Raises: NotFound when none does."""
    return withdrawals.request(session, actor, amount_fen, account, payout_channel(), now=now)


def is_open() -> bool:
    """Whether any channel pays out here."""
    try:
        payout_channel()
    except NotFound:
        return False
    return True


def send(database: Database, payload: Mapping[str, Any]) -> None:
    """Job `payout`: bring one withdrawal a step further. Idempotent."""
    no = str(payload["no"])
    asked = database.write_now(withdrawals.begin, no, urgent=True)
    if asked is None:
        return
    state = _ask_or_send(payouts(asked.channel), asked)
    if state in _ENDED:
        database.write_now(withdrawals.record_result, no, state, now=clock.now(), urgent=True)
    else:
        database.write_now(withdrawals.again, no, urgent=True)


def _ask_or_send(channel: Payouts, asked: PayoutRequest) -> PayoutState:
    if asked.tries > 1:
        known = channel.query_payout(asked.no)
        if known is not PayoutState.NOT_FOUND:
            return known
    return channel.payout(asked)
