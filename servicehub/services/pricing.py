"""From catalogue rows to the values that `domain.pricing` computes with, and the names of its fee lines.

Owns no formula: the price of anything is `domain.pricing.quote`, named by `named`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from servicehub.domain.pricing import AddOnTerms, ItemTerms, Line, Quote, renamed
from servicehub.models.catalog import AddOn, ServiceItem
from servicehub.models.order import OrderLine
from servicehub.texts import say
from servicehub.texts.money import LINE_NAMES

FEE_NAMES: Mapping[str, tuple[str, str]] = {kind: (say("zh", name), name) for kind, name in LINE_NAMES.items()}
"""Kind of line -> (Chinese, English): stored on the order, so that a receipt never changes its words."""


def item_terms(item: ServiceItem) -> ItemTerms:
    """What the service costs and how long it takes."""
    return ItemTerms(
        slug=item.slug,
        name_zh=item.name_zh,
        name_en=item.name_en,
        price_fen=item.price_fen,
        base_minutes=item.base_minutes,
        next_unit_off_fen=item.next_unit_off_fen,
        min_quantity=item.min_quantity,
        max_quantity=item.max_quantity,
        minutes_per_extra_unit=item.minutes_per_extra_unit,
        payment_plan=item.payment_plan,
        deposit_bp=item.deposit_bp,
        deposit_fen=item.deposit_fen,
    )


def add_on_terms(add_on: AddOn) -> AddOnTerms:
    """What the add-on costs and how long it takes."""
    return AddOnTerms(
        add_on.slug, add_on.name_zh, add_on.name_en, add_on.price_fen, add_on.minutes, add_on.max_quantity
    )


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
