"""The customer's own corner: profile with counts, address book, messages."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import crypto
from servicehub.domain.access import Actor
from servicehub.errors import NotFound
from servicehub.models.account import User
from servicehub.models.catalog import District, DistrictStatus
from servicehub.models.customer import Address, Notice
from servicehub.queries.customer import coupons, orders, points, wallet
from servicehub.queries.customer.places import city_of
from servicehub.texts import N_, Locale, formats, pick, say
from servicehub.texts.notices import notice
from servicehub.viewmodels.customer.account import Me, Message
from servicehub.viewmodels.customer.booking import AddressCard, AddressForm

MOST_MESSAGES = 60


def me(session: Session, actor: Actor, *, locale: Locale, now: datetime) -> Me:
    """The profile page. Raises: NotFound for strangers."""
    user = session.get(User, actor.user_id) if actor.user_id else None
    if user is None:
        raise NotFound("nobody is logged in")
    return Me(
        name=user.display_name or say(locale, N_("Customer")),
        phone=formats.mask_phone(crypto.decrypt(user.phone_enc, "sh_user.phone_enc")),
        since=say(locale, N_("With us since {day}"), day=formats.full_day(user.created_at.date(), locale=locale)),
        to_pay=orders.count(session, actor, "pay"),
        going=orders.count(session, actor, "going"),
        to_review=orders.count(session, actor, "review"),
        after_sales=orders.count(session, actor, "after"),
        coupons=coupons.usable_count(session, actor, now=now),
        balance=formats.yuan(wallet.free_fen(session, actor, now=now)),
        points=f"{points.free_points(session, actor, now=now):,}",
        addresses=len(_addresses(session, actor)),
        unread=unread(session, actor),
    )


def unread(session: Session, actor: Actor) -> int:
    """How many messages wait."""
    query = sa.select(sa.func.count()).where(col(Notice.user_id) == actor.user_id, col(Notice.read_at).is_(None))
    return int(session.execute(query).scalar_one()) if actor.user_id else 0


def messages(session: Session, actor: Actor, *, locale: Locale, now: datetime) -> tuple[Message, ...]:
    """The inbox, newest first."""
    query = select(Notice).where(Notice.user_id == actor.user_id).order_by(col(Notice.id).desc()).limit(MOST_MESSAGES)
    tz = city_of(session, actor).timezone
    found = []
    for row in session.exec(query) if actor.user_id else ():
        title, body = notice(locale, row.kind, row.params, now=now, tz=tz)
        when = formats.relative(row.created_at, now, tz, locale=locale)
        link = f"{row.link}/" if row.link and not row.link.endswith("/") and "?" not in row.link else row.link
        found.append(Message(row.id or 0, title, body, when, link, row.read_at is None))
    return tuple(found)


def addresses(session: Session, actor: Actor, *, locale: Locale) -> tuple[AddressCard, ...]:
    """The address book, the default first."""
    return tuple(_card(locale, address, district) for address, district in _addresses(session, actor))


def address_form(session: Session, actor: Actor, address_id: int) -> AddressForm:
    """One own address with its contact data in clear, to edit. Raises: NotFound."""
    row = next((row for row, _of in _addresses(session, actor) if row.id == address_id), None)
    if row is None:
        raise NotFound(f"address {address_id}")
    phone = crypto.decrypt(row.phone_enc, "address.phone")
    return AddressForm(
        id=address_id,
        area=row.area,
        detail=crypto.decrypt(row.detail_enc, "address.detail"),
        contact=crypto.decrypt(row.contact_enc, "address.contact"),
        phone=phone.removeprefix("+86"),
        lat=row.lat,
        lng=row.lng,
        is_default=row.is_default,
    )


def _addresses(session: Session, actor: Actor) -> list[tuple[Address, District]]:
    if not actor.user_id:
        return []
    query = (
        select(Address, District)
        .join(District, col(District.id) == col(Address.district_id))
        .where(Address.customer_id == actor.user_id, col(Address.removed_at).is_(None))
        .order_by(col(Address.is_default).desc(), col(Address.id).desc())
    )
    return list(session.exec(query).all())


def _card(locale: Locale, row: Address, district: District) -> AddressCard:
    name = crypto.decrypt(row.contact_enc, "address.contact")
    phone = formats.mask_phone(crypto.decrypt(row.phone_enc, "address.phone"))
    return AddressCard(
        id=row.id or 0,
        area=row.area,
        detail=crypto.decrypt(row.detail_enc, "address.detail"),
        contact=f"{name} {phone}",
        district=pick(locale, district.name_zh, district.name_en),
        is_default=row.is_default,
        is_open=district.status is DistrictStatus.OPEN,
    )
