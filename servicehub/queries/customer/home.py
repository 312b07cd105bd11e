"""The home page in one reading: place, coupon, the running order, rebook, soonest services, technicians near."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from servicehub.domain.access import Actor
from servicehub.domain.order import ACTIVE, OrderStatus
from servicehub.models.catalog import ServiceItem
from servicehub.models.order import Order, was_sold
from servicehub.models.technician import Technician
from servicehub.queries import availability, visit
from servicehub.queries.customer import account, catalog, coupons, orders, people, words
from servicehub.queries.customer.places import Place, city_of, resolve
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.customer.account import Home, Rebook
from servicehub.viewmodels.customer.catalog import ServiceCard

SOON, POPULAR, NEAR = 6, 5, 8


def home(session: Session, actor: Actor, place: str, *, locale: Locale, now: datetime) -> Home:
    """Everything on the page that depends on who looks, and when. Raises: NotFound before anything was seeded."""
    here = resolve(session, actor, place, locale=locale)
    live = _live(session, actor)
    tz = city_of(session, actor).timezone
    item = session.get_one(ServiceItem, live.service_item_id) if live else None
    title = visit.title(locale, item, live) if live and item else ""
    return Home(
        place=here.choice(),
        hero=coupons.hero(session, actor, locale=locale),
        rebook=_rebook(session, actor, tz, locale, now),
        live=live.no if live else "",
        live_text=f"{title} · {words.status(locale, live.status)}" if live else "",
        live_status=live.status.value if live else "",
        soonest=soonest(session, actor, here, tz, locale=locale, now=now),
        popular=catalog.popular(session, actor, POPULAR, locale=locale),
        technicians=people.near(session, actor, place, most=NEAR, locale=locale, now=now),
        unread=account.unread(session, actor),
        open_orders=orders.count(session, actor, "going") + orders.count(session, actor, "pay") if actor.user_id else 0,
    )


def soonest(
    session: Session, actor: Actor, here: Place, tz: str, *, locale: Locale, now: datetime
) -> tuple[ServiceCard, ...]:
    """The services that can begin first here, at most two of a category."""
    rows = {item.id or 0: (item, of) for item, of in catalog.published(session, city_of(session, actor))}
    starts = availability.earliest(session, actor, list(rows), here.point, now=now, days=2)
    free = sorted((start, -rows[key][0].sold_count, key) for key, start in starts.items() if start is not None)
    chosen: list[ServiceCard] = []
    per_category: dict[str, int] = {}
    for start, _sold, key in free:
        item, category = rows[key]
        if per_category.get(category.slug, 0) < 2 and len(chosen) < SOON:
            per_category[category.slug] = per_category.get(category.slug, 0) + 1
            card = catalog.card(locale, item, category.slug)
            chosen.append(replace(card, earliest=formats.day_time(start, now, tz, locale=locale)))
    return tuple(chosen)


def _live(session: Session, actor: Actor) -> Order | None:
    """The order that the customer should look at: the one that needs something of him, else the next visit."""
    if not actor.user_id:
        return None
    query = select(Order).where(Order.customer_id == actor.user_id, was_sold(), col(Order.status).in_(ACTIVE))
    rows = session.exec(query.order_by(col(Order.start_at)).limit(50)).all()
    asks = (OrderStatus.PENDING_PAYMENT, OrderStatus.AWAITING_BALANCE, OrderStatus.AWAITING_CONFIRM)
    return next((row for row in rows if row.status in asks), rows[0] if rows else None)


def _rebook(session: Session, actor: Actor, tz: str, locale: Locale, now: datetime) -> Rebook:
    """The last completed order, to be ordered again."""
    query = (
        select(Order, ServiceItem, Technician)
        .join(ServiceItem, col(ServiceItem.id) == col(Order.service_item_id))
        .join(Technician, col(Technician.id) == col(Order.technician_id))
        .where(
            Order.customer_id == actor.user_id,
            was_sold(),
            col(Order.status).in_(orders.DONE),
            col(ServiceItem.published),
        )
        .order_by(col(Order.start_at).desc())
        .limit(1)
    )
    row = session.exec(query).first() if actor.user_id else None
    if row is None:
        return Rebook()
    order, item, technician = row
    name = visit.title(locale, item, order)
    last = formats.day_time(order.start_at, now, tz, locale=locale)
    return Rebook(
        no=order.no,
        title=say(locale, N_("{name} again · {service}"), name=technician.name, service=name),
        sub=say(locale, N_("Last time: {when}"), when=last),
        art=words.portrait(technician),
    )
