"""The live price of a service's page: quantity and add-ons with the best coupon, before place and time are known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from servicehub.domain.access import Actor
from servicehub.domain.pricing import AddOnTerms, FeePolicy, ItemTerms, Quote, quote
from servicehub.models.catalog import AddOn, ServiceItem
from servicehub.queries.customer import catalog, coupons
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.customer.catalog import AddOnChoice


@dataclass(frozen=True, slots=True)
class Estimate:
    """The choice as far as the catalogue allows it, and its price."""

    quantity: int
    add_ons: tuple[tuple[str, int], ...]
    least: int
    most: int
    choices: tuple[AddOnChoice, ...]
    total: str
    saved: str
    duration: str


def estimate(
    session: Session,
    actor: Actor,
    slug: str,
    quantity: int,
    add_ons: Sequence[tuple[str, int]],
    *,
    locale: Locale,
    now: datetime,
) -> Estimate:
    """Raises: NotFound for an unknown service. Quantities are brought into their range, unknown add-ons dropped."""
    item, category = catalog.find(session, actor, slug)
    known = {row.slug: row for row in catalog.add_ons(session, item)}
    chosen = {name: min(count, known[name].max_quantity) for name, count in add_ons if name in known and count > 0}
    units = max(item.min_quantity, min(quantity, item.max_quantity))
    priced = labour(item, units, [(known[name], count) for name, count in chosen.items()], now)
    off = coupons.best_off_fen(session, actor, priced.service_fen, category.id or 0, now=now)
    return Estimate(
        quantity=units,
        add_ons=tuple(chosen.items()),
        least=item.min_quantity,
        most=item.max_quantity,
        choices=catalog.add_on_choices(session, item, chosen, locale=locale),
        total=formats.amount(priced.total_fen - off),
        saved=say(locale, N_("Saves {amount} with your coupon"), amount=formats.yuan(off)) if off else "",
        duration=formats.duration(priced.duration_minutes, locale=locale),
    )


def labour(item: ServiceItem, quantity: int, add_ons: Sequence[tuple[AddOn, int]], now: datetime) -> Quote:
    """Price and duration of service and add-ons alone: no travel, night, holiday or rush."""
    return quote(
        item_terms(item),
        quantity,
        [(add_on_terms(row), count) for row, count in add_ons],
        start_local=now.replace(hour=12, minute=0),
        distance_m=0,
        is_immediate=False,
        holidays=(),
        policy=FeePolicy(night_from_minute=0, night_until_minute=0),
    )


def item_terms(item: ServiceItem) -> ItemTerms:
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


def add_on_terms(row: AddOn) -> AddOnTerms:
    return AddOnTerms(row.slug, row.name_zh, row.name_en, row.price_fen, row.minutes, row.max_quantity)
