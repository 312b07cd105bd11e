"""The names of the price's fee lines, and a quote as rows of an order.

Owns no formula: the price of anything is `domain.pricing.quote`, named by `named`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from servicehub.domain.pricing import Line, Quote, renamed
from servicehub.models.order import OrderLine
from servicehub.texts import say
from servicehub.texts.money import LINE_NAMES

FEE_NAMES: Mapping[str, tuple[str, str]] = {kind: (say("zh", name), name) for kind, name in LINE_NAMES.items()}
"""Kind of line -> (Chinese, English): stored on the order, so that a receipt never changes its words."""


def named(quoted: Quote) -> Quote:
    """The quote with a name in both languages on every line."""
    return renamed(quoted, FEE_NAMES)


class Priced(Protocol):
    """Whatever has named lines."""

    @property
    def lines(self) -> tuple[Line, ...]: ...


def order_lines(quoted: Priced) -> list[OrderLine]:
    """The rows of a named quote; the caller sets `order_id`."""
    return [
        OrderLine(
            order_id=0,
            kind=line.kind,
            ref=line.ref,
            name_zh=line.name_zh,
            name_en=line.name_en,
            quantity=line.quantity,
            unit_fen=line.unit_fen,
            amount_fen=line.amount_fen,
        )
        for line in quoted.lines
    ]
