"""Where a customer wants service, and which city that is. Owns the reading of the `place` that a browser remembers.

`place` is `a:<address id>` (its owner's only), `d:<adcode>` or "": the default address, else the open
district in the middle of the city.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Role
from servicehub.domain.geo import Point, distance_m
from servicehub.errors import NotFound
from servicehub.models.catalog import City, District, DistrictStatus
from servicehub.models.customer import Address
from servicehub.settings import get_settings
from servicehub.texts import Locale, pick
from servicehub.viewmodels.customer.account import DistrictChoice, PlaceChoice


@dataclass(frozen=True, slots=True)
class Place:
    """A point with the words for it. `address_id` is None for a district."""

    point: Point
    label: str
    district_id: int
    address_id: int | None = None

    def choice(self) -> PlaceChoice:
        """As the home page shows it."""
        return PlaceChoice(self.label, self.address_id is not None)


def city_of(session: Session, actor: Actor) -> City:
    """The actor's city; for strangers the one that this installation opens with.

    Raises: NotFound before anything was seeded.
    """
    query = (
        select(City).where(City.id == actor.city_id)
        if actor.city_id
        else select(City).where(City.slug == get_settings().city)
    )
    city = session.exec(query).first() or session.exec(select(City).order_by(col(City.id)).limit(1)).first()
    if city is None:
        raise NotFound("there is no city yet")
    return city


def resolve(session: Session, actor: Actor, place: str, *, locale: Locale) -> Place:
    """The place that `place` names, or the next best for this actor."""
    kind, _colon, value = place.partition(":")
    wanted = int(value) if kind == "a" and value.isascii() and value.isdigit() and len(value) < 15 else 0
    if actor.role is Role.CUSTOMER and actor.user_id and kind != "d":
        address = _address(session, actor, wanted) or _address(session, actor, 0)
        if address is not None:
            return Place(Point(address.lat, address.lng), address.area, address.district_id, address.id)
    return _district(session, actor, value if kind == "d" else "", locale)


def districts(session: Session, actor: Actor, *, locale: Locale) -> tuple[DistrictChoice, ...]:
    """The city's districts that are or will be served, open ones first."""
    city = city_of(session, actor)
    query = select(District).where(District.city_id == city.id, col(District.status) != DistrictStatus.CLOSED)
    rows = sorted(session.exec(query).all(), key=lambda row: (row.status is not DistrictStatus.OPEN, row.adcode))
    return tuple(
        DistrictChoice(row.adcode, pick(locale, row.name_zh, row.name_en), row.status is DistrictStatus.OPEN)
        for row in rows
    )


def _address(session: Session, actor: Actor, wanted: int) -> Address | None:
    query = select(Address).where(Address.customer_id == actor.user_id, col(Address.removed_at).is_(None))
    if wanted:
        return session.exec(query.where(Address.id == wanted)).first()
    return session.exec(query.order_by(col(Address.is_default).desc(), col(Address.id).desc()).limit(1)).first()


def _district(session: Session, actor: Actor, adcode: str, locale: Locale) -> Place:
    city = city_of(session, actor)
    query = select(District).where(District.city_id == city.id, col(District.status) == DistrictStatus.OPEN)
    rows = session.exec(query.order_by(col(District.adcode))).all()
    if not rows:
        raise NotFound("no district is open")
    centre = Point(city.lat, city.lng)
    middle = min(rows, key=lambda row: distance_m(centre, Point(row.lat, row.lng)))
    row = next((row for row in rows if row.adcode == adcode), middle)
    return Place(Point(row.lat, row.lng), pick(locale, row.name_zh, row.name_en), row.id or 0)
