"""A customer's address book: what is stored of an address, encrypted, and which district it belongs to.

Owns `sh_address` and the contexts of its encrypted columns. An order copies an address when it is made, so that editing or
removing one never changes an order. Finding coordinates for words is `adapters.geocoder`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from servicehub import bus, crypto
from servicehub.domain import geo
from servicehub.domain.access import Actor, Role
from servicehub.errors import Invalid, NotFound, NotLoggedIn, OutsideArea
from servicehub.models.catalog import District, DistrictStatus
from servicehub.models.customer import Address

DETAIL, CONTACT, PHONE = "address.detail", "address.contact", "address.phone"
"""Contexts of the encrypted columns."""
MOST = 30
"""Addresses a customer may keep."""


@dataclass(frozen=True, slots=True)
class AddressInput:
    """One address as typed; `id` None adds a new one. The point is WGS-84 and comes from the geocoder or the device."""

    area: str
    detail: str
    contact: str
    phone: str
    lat: float
    lng: float
    is_default: bool = False
    id: int | None = None
    district_id: int | None = None


def save(session: Session, actor: Actor, entry: AddressInput, *, now: datetime) -> int:
    """Add or change an address; returns its id. The first one, and one saved as such, is the default.

    Raises: Invalid (`field` names what is wrong), BadPhone, OutsideArea when no open district is near, NotFound for another's.
    """
    _customer(actor)
    checked = _checked(entry)
    values = {
        "district_id": _district(session, actor.city_id, entry),
        "area": checked.area,
        "detail_enc": crypto.encrypt(checked.detail, DETAIL),
        "contact_enc": crypto.encrypt(checked.contact, CONTACT),
        "phone_enc": crypto.encrypt(crypto.phone_e164(checked.phone), PHONE),
        "lat": entry.lat,
        "lng": entry.lng,
    }
    if entry.id is None:
        address = _added(session, actor, values, now)
    else:
        address = load(session, actor, entry.id)
        address.sqlmodel_update(values)
    session.add(address)
    session.flush()
    if entry.is_default or not _default_id(session, actor):
        _make_default(session, actor, address)
    bus.publish(session, bus.customer(actor.user_id))
    return address.id or 0


def remove(session: Session, actor: Actor, address_id: int, *, now: datetime) -> None:
    """Take an address out of the book; the newest remaining one becomes the default if it was that.

    Raises: NotFound.
    """
    address = load(session, actor, address_id)
    was_default, address.is_default, address.removed_at = address.is_default, False, now
    session.add(address)
    session.flush()
    heir = session.exec(_mine(actor).order_by(col(Address.created_at).desc(), col(Address.id).desc())).first()
    if was_default and heir is not None:
        _make_default(session, actor, heir)
    bus.publish(session, bus.customer(actor.user_id))


def load(session: Session, actor: Actor, address_id: int) -> Address:
    """The actor's own address. Raises: NotFound for any other."""
    _customer(actor)
    address = session.exec(_mine(actor).where(Address.id == address_id)).first()
    if address is None:
        raise NotFound(f"address {address_id}")
    return address


def _added(session: Session, actor: Actor, values: dict[str, Any], now: datetime) -> Address:
    count = sa.select(sa.func.count()).where(
        col(Address.customer_id) == actor.user_id, col(Address.removed_at).is_(None)
    )
    if session.execute(count).scalar_one() >= MOST:
        raise Invalid("too many addresses", field="area")
    return Address(customer_id=actor.user_id, city_id=actor.city_id, created_at=now, **values)


def _checked(entry: AddressInput) -> AddressInput:
    """The words trimmed and within their limits."""
    limits = {"area": 80, "detail": 80, "contact": 32}
    words: dict[str, Any] = {name: " ".join(getattr(entry, name).split()) for name in limits}
    for name, most in limits.items():
        if not 1 <= len(words[name]) <= most:
            raise Invalid(f"address {name}", field=name)
    geo.point(entry.lat, entry.lng)
    return AddressInput(phone=entry.phone, lat=entry.lat, lng=entry.lng, **words)


def _district(session: Session, city_id: int, entry: AddressInput) -> int:
    """The nearest district of the city, if it is open."""
    rows = session.exec(select(District).where(District.city_id == city_id)).all()
    centres = [geo.Centre(row.id or 0, geo.Point(row.lat, row.lng)) for row in rows]
    found = geo.nearest(geo.point(entry.lat, entry.lng), centres)
    district = next((row for row in rows if found is not None and row.id == found.key), None)
    if district is None or district.status is not DistrictStatus.OPEN:
        raise OutsideArea(f"city {city_id}")
    return district.id or 0


def _mine(actor: Actor) -> SelectOfScalar[Address]:
    return select(Address).where(Address.customer_id == actor.user_id, col(Address.removed_at).is_(None))


def _default_id(session: Session, actor: Actor) -> int | None:
    found = session.exec(_mine(actor).where(col(Address.is_default).is_(True))).first()
    return found.id if found else None


def _make_default(session: Session, actor: Actor, address: Address) -> None:
    session.execute(
        sa.update(Address)
        .where(col(Address.customer_id) == actor.user_id, col(Address.is_default).is_(True))
        .values(is_default=False)
        .execution_options(synchronize_session="fetch")
    )
    address.is_default = True
    session.add(address)
    session.flush()


def _customer(actor: Actor) -> None:
    actor.require_role(Role.CUSTOMER)
    if not actor.user_id:
        raise NotLoggedIn
