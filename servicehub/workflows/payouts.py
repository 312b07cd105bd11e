"""Paying out: the channel is chosen when a technician asks, and asked outside any transaction once people said yes.

Some channels ask the payee, too. What his browser says about it is never taken for the outcome: the channel is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from servicehub import clock
from servicehub.adapters.gateway import Payouts, payouts
from servicehub.adapters.gateway import payout_channels as payout_channels  # noqa: PLC0414 - the page of withdrawals asks here
from servicehub.adapters.payee import can_log_in as can_log_in  # noqa: PLC0414
from servicehub.adapters.payee import demo_confirm as demo_confirm  # noqa: PLC0414 - the page of confirmations asks here
from servicehub.adapters.payee import payees
from servicehub.db import Database
from servicehub.domain.access import Actor
from servicehub.domain.channel import Confirmation, PayoutRequest, PayoutState
from servicehub.errors import Invalid, NotFound
from servicehub.services import withdrawals
from servicehub.services.payments import Outcome
from servicehub.workflows import checkout

_ENDED = (PayoutState.SUCCEEDED, PayoutState.FAILED, PayoutState.UNCONFIRMED)


def request(session: Session, actor: Actor, amount_fen: int, account: str, channel: str = "", *, now: datetime) -> str:
    """`services.withdrawals.request` at `channel`, or at the usual one that pays out here.

    Raises: NotFound when none does, Invalid for a channel that does not.
    """
    open_ = payout_channels()
    if not open_:
        raise NotFound("no channel pays out")
    if channel and channel not in open_:
        raise Invalid("channel")
    return withdrawals.request(session, actor, amount_fen, account, channel or open_[0], now=now)


def send(database: Database, payload: Mapping[str, Any]) -> None:
    """Job `payout`: bring one withdrawal a step further. Idempotent."""
    no = str(payload["no"])
    asked = database.write_now(withdrawals.begin, no, urgent=True)
    if asked is None:
        return
    state = _ask_or_send(payouts(asked.channel), asked)
    if state is PayoutState.CONFIRMING:
        over = database.write_now(withdrawals.wait_for_payee, no, now=clock.now(), urgent=True)
        state = payees(asked.channel).cancel(no) if over else state
    if not _record(database, no, state):
        database.write_now(withdrawals.again, no, urgent=True)


def confirmation(database: Database, actor: Actor, no: str) -> Confirmation:
    """What the technician's browser is called with to say yes to his withdrawal; an end is booked. For threads.

    Raises: NotFound for somebody else's.
    """
    asked = database.read_now(withdrawals.waiting, actor, no)
    if asked is None:
        return Confirmation(PayoutState.UNKNOWN)
    found = payees(asked.channel).confirmation(asked)
    _record(database, no, found.state)
    return found


def give_up(database: Database, actor: Actor, no: str) -> PayoutState:
    """The technician takes back what waits for him; returns how it stands at the channel then. For threads.

    Raises: NotFound for somebody else's.
    """
    asked = database.read_now(withdrawals.waiting, actor, no)
    if asked is None:
        return PayoutState.UNKNOWN
    state = payees(asked.channel).cancel(no)
    _record(database, no, state)
    return state


def deliver(
    database: Database, channel: str, headers: Mapping[str, str], raw: bytes, *, now: datetime
) -> list[Outcome]:
    """Take a channel's message about payouts; when this returns, its effect is durable. For threads.

    Raises: Forged for a message that the channel did not sign; NotFound for an unknown channel.
    """
    reports = payees(channel).parse_payout(headers, raw, now=now)
    return [database.write_now(checkout.apply, report, now=now, urgent=True) for report in reports]


def _ask_or_send(channel: Payouts, asked: PayoutRequest) -> PayoutState:
    if asked.tries > 1 or asked.is_known:
        known = channel.query_payout(asked.no)
        if asked.is_known:
            return PayoutState.UNKNOWN if known is PayoutState.NOT_FOUND else known
        if known is not PayoutState.NOT_FOUND and not (known is PayoutState.PROCESSING and channel.wants_repeats):
            return known
    return channel.payout(asked)


def _record(database: Database, no: str, state: PayoutState) -> bool:
    """Book an end; whether it is one."""
    if state in _ENDED:
        database.write_now(withdrawals.record_result, no, state, now=clock.now(), urgent=True)
    return state in _ENDED
