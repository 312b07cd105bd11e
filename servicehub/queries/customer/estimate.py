"""The live price of a service's page: quantity and add-ons with the best coupon, before place and time are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from servicehub.domain.access import Actor
from servicehub.domain.pricing import FeePolicy, Quote, quote
from servicehub.models.catalog import MOST_FURTHER, AddOn, ServiceItem, add_on_terms, item_terms
from servicehub.queries.customer import catalog, coupons
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.customer.catalog import AddOnChoice, FurtherChoice


@dataclass(frozen=True, slots=True)
class Estimate:
    """The choice as far as the catalogue allows it, and its price."""

    quantity: int
    add_ons: tuple[tuple[str, int], ...]
    least: int
    most: int
    choices: tuple[AddOnChoice, ...]
    further: tuple[tuple[str, int], ...]
    beside: tuple[FurtherChoice, ...]
    """Other services that may be done in the same visit."""
    total: str
    saved: str
    duration: str


def estimate(
    session: Session,
    actor: Actor,
    slug: str,
    quantity: int,
    add_ons: Sequence[tuple[str, int]],
    further: Sequence[tuple[str, int]] = (),
    *,
    locale: Locale,
    now: datetime,
) -> Estimate:
    """Raises: NotFound for an unknown service. Quantities are brought into their range, unknown add-ons dropped."""
    item, _category = catalog.find(session, actor, slug)
    found = chosen(session, item, quantity, add_ons, further, now=now)
    priced, extras = found.quote, {row.slug: count for row, count in found.add_ons}
    also = {row.slug: count for row, count in found.further}
    off = coupons.best_off_fen(session, actor, priced.labour, now=now)
    return Estimate(
        quantity=found.quantity,
        add_ons=tuple(extras.items()),
        least=item.min_quantity,
        most=item.max_quantity,
        choices=catalog.add_on_choices(session, item, extras, locale=locale),
        further=tuple(also.items()),
        beside=catalog.further_choices(found.beside, also, locale=locale),
        total=formats.amount(priced.total_fen - off),
        saved=say(locale, N_("Saves {amount} with your coupon"), amount=formats.yuan(off)) if off else "",
        duration=formats.duration(priced.duration_minutes, locale=locale),
    )


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the catalogue allows of a wish, and its price without travel, night, holiday or rush."""

    quantity: int
    add_ons: tuple[tuple[AddOn, int], ...]
    further: tuple[tuple[ServiceItem, int], ...]
    quote: Quote
    beside: tuple[ServiceItem, ...]
    """Every service that could be done in the same visit."""


def chosen(
    session: Session,
    item: ServiceItem,
    quantity: int,
    add_ons: Sequence[tuple[str, int]],
    further: Sequence[tuple[str, int]],
    *,
    now: datetime,
) -> Chosen:
    """Quantities are brought into their range, unknown add-ons and services dropped, and so are services beyond the most."""
    extras = {row.slug: row for row in catalog.add_ons(session, item)}
    others = {row.slug: row for row in catalog.further(session, item)}
    wanted = [(extras[slug], min(n, extras[slug].max_quantity)) for slug, n in add_ons if slug in extras and n > 0]
    also = [(others[slug], _in_range(others[slug], n)) for slug, n in dict(further).items() if slug in others and n > 0]
    units, also = _in_range(item, quantity), also[:MOST_FURTHER]
    priced = quote(
        item_terms(item),
        units,
        [(add_on_terms(row), count) for row, count in wanted],
        start_local=now.replace(hour=12, minute=0),
        distance_m=0,
        is_immediate=False,
        holidays=(),
        policy=FeePolicy(night_from_minute=0, night_until_minute=0),
        further=[(item_terms(other), count) for other, count in also],
    )
    return Chosen(units, tuple(wanted), tuple(also), priced, tuple(others.values()))


def _in_range(item: ServiceItem, quantity: int) -> int:
    return max(item.min_quantity, min(quantity, item.max_quantity))
