"""Opening a city and publishing what it sells: districts, categories, services with add-ons, coupons, rest days, policies."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlmodel import Session, col, func, select

from servicehub.domain.access import Actor, Permission, Role
from servicehub.errors import Invalid
from servicehub.models.catalog import AddOn, Blackout, Category, City, District, Policy, ServiceItem
from servicehub.models.customer import Coupon

MOST_PEOPLE = 6
"""Technicians of one visit."""


def open_city(session: Session, actor: Actor, city: City, districts: list[District]) -> int:
    """Store a city with its districts; returns its id. Only the platform itself opens cities."""
    actor.require_role(Role.SYSTEM)
    session.add(city)
    session.flush()
    for district in districts:
        district.city_id = city.id or 0
    session.add_all(districts)
    session.flush()
    return city.id or 0


def add_category(session: Session, actor: Actor, category: Category) -> int:
    """Store a category; returns its id."""
    _may_write(actor)
    session.add(category)
    session.flush()
    return category.id or 0


def publish(session: Session, actor: Actor, item: ServiceItem, add_ons: list[AddOn]) -> int:
    """Publish a service with its add-ons; returns its id.

    Raises: Invalid for a price, duration or quantity that cannot be sold.
    """
    _may_write(actor)
    if item.base_minutes <= 0 or item.price_fen < 0 or not 1 <= item.min_quantity <= item.max_quantity:
        raise Invalid(f"service {item.slug}")
    if not 1 <= item.crew_size <= MOST_PEOPLE:
        raise Invalid(f"service {item.slug}: {item.crew_size} technicians")
    session.add(item)
    session.flush()
    for add_on in add_ons:
        add_on.service_item_id = item.id or 0
    session.add_all(add_ons)
    session.flush()
    return item.id or 0


def issue_coupon(session: Session, actor: Actor, coupon: Coupon) -> int:
    """Store a batch of coupons; returns its id."""
    _may_write(actor)
    session.add(coupon)
    session.flush()
    return coupon.id or 0


def rest_on(
    session: Session,
    actor: Actor,
    city_id: int,
    on: date,
    *,
    note_zh: str,
    note_en: str,
    category_id: int | None = None,
) -> None:
    """Close the city, or one category, for a local day."""
    _may_write(actor)
    session.add(Blackout(city_id=city_id, on=on, category_id=category_id, note_zh=note_zh, note_en=note_en))
    session.flush()


def adopt_policy(
    session: Session, actor: Actor, city_id: int, kind: str, document: dict[str, Any], *, now: datetime
) -> int:
    """Put the next version of a policy into force from `now`; orders keep the version that they froze. Returns its id."""
    _may_write(actor)
    newest = session.exec(
        select(func.max(col(Policy.version))).where(Policy.city_id == city_id, Policy.kind == kind)
    ).one()
    policy = Policy(city_id=city_id, kind=kind, version=(newest or 0) + 1, document=document, effective_at=now)
    session.add(policy)
    session.flush()
    return policy.id or 0


def _may_write(actor: Actor) -> None:
    if actor.role is not Role.SYSTEM:
        actor.require(Permission.CATALOG_WRITE)
