"""Claiming shares: counted in one transaction, asked outside any, the answer booked in another.

The number never changes by itself. When an earlier try may have reached the channel, the channel is asked first. What its bill has
and nobody told us is asked for, never sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from servicehub import clock
from servicehub.adapters.sharing import Sharing, sharing
from servicehub.db import Database
from servicehub.domain.sharing import ShareAnswer, ShareKind, ShareRequest, ShareState
from servicehub.services import shares

_ENDED = (ShareState.SUCCEEDED, ShareState.FAILED)


def send(database: Database, payload: Mapping[str, Any]) -> None:
    """Job `share`: bring one share, unfreezing or return a step further. Idempotent."""
    no = str(payload["no"])
    asked = database.write_now(shares.begin, no, now=clock.now(), urgent=True)
    if asked is None:
        return
    answer = _ask_or_send(sharing(asked.channel), asked)
    if answer.state in _ENDED:
        database.write_now(shares.record_result, no, answer, now=clock.now(), urgent=True)
    else:
        database.write_now(shares.again, no, urgent=True)


def hear(database: Database, no: str, *, now: datetime) -> bool:
    """Ask what became of a share, unfreezing or return that the channel's bill has; whether that was news."""
    asked = database.read_now(shares.asked, no)
    if asked is None:
        return False
    answer = sharing(asked.channel).query_share(asked)
    if answer.state is not ShareState.SUCCEEDED:
        return False
    return database.write_now(shares.record_result, no, answer, now=now, is_billed=True, urgent=True)


def _ask_or_send(channel: Sharing, asked: ShareRequest) -> ShareAnswer:
    if asked.tries > 1:
        known = channel.query_share(asked)
        if known.state is not ShareState.NOT_FOUND:
            return known
    if asked.kind is ShareKind.SHARE:
        added = channel.add_receiver()
        if added.state is not ShareState.SUCCEEDED:
            return added
    return channel.share(asked)
