"""Bills: pulled from the channels the day after, what a lost message left out is booked first, then all of it is matched."""

from __future__ import annotations

import logging
from datetime import date, datetime, time, timedelta

from servicehub.adapters.gateway import bill_channels as bill_channels  # noqa: PLC0414 - the page of bills asks for them here
from servicehub.adapters.gateway import bills, gateway
from servicehub.db import Database
from servicehub.domain.channel import PayState
from servicehub.errors import BillUnavailable
from servicehub.services import reconciliation, share_bills
from servicehub.workflows import checkout, refunds, sharing

READY = time(10, 30)
"""When the channels' bills of the day before are complete, by their clock."""
_log = logging.getLogger(__name__)


def pull(database: Database, channel: str, day: date, *, now: datetime) -> int:
    """Pull and match one bill; returns how many differences are open. Again: the same.

    Raises: BillUnavailable when the channel does not answer, Conflict for a closed day.
    """
    said = bills(channel).bill(day, with_shares=reconciliation.is_partner())
    lines = database.read_now(reconciliation.named, channel, day, said)
    for no in database.read_now(reconciliation.missing_payments, channel, lines):
        answer = gateway(channel).query(no)
        if answer.state is PayState.PAID:
            checkout.take_answer(database, channel, answer, now=now)
    for kind, no in database.read_now(share_bills.unheard, channel, lines):
        (refunds if kind == "refund" else sharing).hear(database, no, now=now)
    for report in reconciliation.of_banks(channel, lines):
        database.write_now(checkout.apply, report, now=now, urgent=True)
    return database.write_now(reconciliation.take, channel, day, lines, now=now)


def pull_due(database: Database, now: datetime) -> int:
    """Pull yesterday's bills once they are ready, until they are closed; returns how many were pulled."""
    if now.astimezone(reconciliation.ZONE).time() < READY:
        return 0
    day, pulled = reconciliation.day_of(now) - timedelta(days=1), 0
    for channel in bill_channels():
        if database.read_now(reconciliation.is_closed, channel, day):
            continue
        try:
            pull(database, channel, day, now=now)
        except BillUnavailable:
            _log.warning("the bill of %s of %s did not come", channel, day)
            continue
        pulled += 1
    return pulled
