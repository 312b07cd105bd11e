"""What may be given back of each line of a price, and what channels ask of refunds. Rows and books are `services.refunds`'."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from servicehub.domain.money import split

LABOUR = ("service", "add_on")
"""Kinds of lines that a coupon takes its amount from."""
MOST_REFUNDS: dict[str, int] = {"wechat": 50}
"""Channel -> how many refunds one payment can have; without a number where it is not here."""
APART: dict[str, timedelta] = {"wechat": timedelta(seconds=60)}
"""Channel -> the least time between two refunds of one payment."""
MARGIN = timedelta(seconds=1)
"""Beyond that: the channel's clock is another one."""


def wait_s(channel: str, last: datetime | None, now: datetime) -> int:
    """In how many seconds a payment whose other refund was sent at `last` may have its next one; 0 at once."""
    if last is None or channel not in APART:
        return 0
    left = last + APART[channel] + MARGIN - now
    return max(-(-left // timedelta(seconds=1)), 0) if left > MARGIN else 0


@dataclass(frozen=True, slots=True)
class PricedLine:
    """One line of a price in fen; a discount is negative."""

    id: int
    kind: str
    amount_fen: int
    is_added: bool = False
    """Sold during the visit, at its full price: what was taken off the price before is not taken off it."""


def paid_for(lines: Sequence[PricedLine]) -> dict[int, int]:
    """What was paid for each line that is not a discount, in fen; together what the whole came to.

    Discounts are spread over the services and add-ons that were sold with them, in proportion to their amounts, largest remainder,
    so that the refunds of all lines are the refund of the whole.
    """
    off = -sum(line.amount_fen for line in lines if line.amount_fen < 0)
    paid = {line.id: line.amount_fen for line in lines if line.amount_fen >= 0}
    labour = [line for line in lines if line.amount_fen > 0 and line.kind in LABOUR and not line.is_added]
    if off and labour:
        for line, part in zip(labour, split(off, [line.amount_fen for line in labour]), strict=True):
            paid[line.id] -= part
    return paid
