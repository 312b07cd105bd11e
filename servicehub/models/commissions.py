"""What the commission rules ask about jobs, read for many at once: the offer, the hall, acceptance and settlement ask the same."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.commission import Case
from servicehub.models.base import among
from servicehub.models.catalog import Category, City
from servicehub.models.order import Order
from servicehub.models.technician import Technician
from servicehub.texts import Locale, pick


def load_cases(session: Session, pairs: Sequence[tuple[Order, Technician]]) -> list[Case]:
    """The case of each order if this technician does it; two statements for any number of them."""
    if not pairs:
        return []
    slug, zone = (col(Category.id), col(Category.slug)), (col(City.id), col(City.timezone))
    category_ids, city_ids = {order.category_id for order, _who in pairs}, {order.city_id for order, _who in pairs}
    slugs = dict(session.execute(sa.select(*slug).where(among(slug[0], category_ids))).all())
    zones = dict(session.execute(sa.select(*zone).where(among(zone[0], city_ids))).all())
    return [
        Case(
            slugs[order.category_id],
            who.level,
            who.id or 0,
            order.start_at.astimezone(ZoneInfo(zones[order.city_id])).date(),
        )
        for order, who in pairs
    ]


def load_category_names(session: Session, city_id: int, locale: Locale) -> dict[str, str]:
    """Slug -> name of the city's categories."""
    query = select(Category).where(Category.city_id == city_id).order_by(col(Category.id))
    return {row.slug: pick(locale, row.name_zh, row.name_en) for row in session.exec(query)}
