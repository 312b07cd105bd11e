"""A customer's own orders: the list by tab, one order's page, and the forms of cancelling, moving and reviewing."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Role
from servicehub.domain.order import ACTIVE, ORDER, OrderEvent, OrderStatus
from servicehub.errors import NotFound
from servicehub.models.catalog import Category, ServiceItem
from servicehub.models.order import Order, OrderPhoto, Review, names_technician, was_sold
from servicehub.models.technician import Technician
from servicehub.queries import visit
from servicehub.queries.customer import words
from servicehub.queries.customer.places import city_of
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.customer.orders import MovePreview, OrderActions, OrderCard, ReviewForm

PAGE = 30
MOST_MOVES = 3
_S = OrderStatus
DONE = frozenset({_S.COMPLETED, _S.CLOSED})
TABS: dict[str, frozenset[OrderStatus]] = {
    "all": frozenset(),
    "pay": frozenset({_S.PENDING_PAYMENT, _S.AWAITING_BALANCE}),
    "going": ACTIVE - {_S.PENDING_PAYMENT, _S.AWAITING_BALANCE},
    "review": DONE,
    "after": frozenset({_S.DISPUTED}),
}
"""Statuses by tab; `review` shows only orders without one, `all` everything."""


def own(session: Session, actor: Actor, no: str) -> Order:
    """The actor's own order. Raises: NotFound for any other, whether or not it exists."""
    query = select(Order).where(Order.no == no, Order.customer_id == actor.user_id, was_sold())
    order = session.exec(query).first() if actor.role is Role.CUSTOMER and actor.user_id else None
    if order is None:
        raise NotFound(f"order {no[:16]}")
    return order


def cards(
    session: Session, actor: Actor, tab: str, *, page: int = 1, locale: Locale, now: datetime
) -> tuple[OrderCard, ...]:
    """The orders of a tab, newest first, at most `PAGE` for each page so far."""
    query = (
        select(Order, ServiceItem, Category, Technician, col(Review.id))
        .join(ServiceItem, col(ServiceItem.id) == col(Order.service_item_id))
        .join(Category, col(Category.id) == col(Order.category_id))
        .outerjoin(Technician, sa.and_(col(Technician.id) == col(Order.technician_id), names_technician()))
        .outerjoin(Review, col(Review.order_id) == col(Order.id))
        .where(*_in_tab(actor, tab))
        .order_by(col(Order.created_at).desc(), col(Order.id).desc())
        .limit(PAGE * max(1, min(page, 20)))
    )
    tz = city_of(session, actor).timezone
    return tuple(
        _card(locale, order, item, category, technician, review, now, tz)
        for order, item, category, technician, review in session.exec(query)
    )


def count(session: Session, actor: Actor, tab: str) -> int:
    """How many orders a tab holds."""
    query = sa.select(sa.func.count()).select_from(Order).outerjoin(Review, col(Review.order_id) == col(Order.id))
    return int(session.execute(query.where(*_in_tab(actor, tab))).scalar_one())


def _in_tab(actor: Actor, tab: str) -> list[sa.ColumnElement[bool]]:
    which = [col(Order.customer_id) == actor.user_id, was_sold()]
    if statuses := TABS.get(tab, frozenset()):
        which.append(col(Order.status).in_(statuses))
    if tab == "review":
        which += [col(Review.id).is_(None), col(Order.technician_id).is_not(None)]
    return which


def _card(
    locale: Locale,
    order: Order,
    item: ServiceItem,
    category: Category,
    technician: Technician | None,
    review: int | None,
    now: datetime,
    tz: str,
) -> OrderCard:
    action, text, link = _main_action(order, reviewed=review is not None)
    return OrderCard(
        no=order.no,
        title=visit.title(locale, item, order),
        art=words.service_art(category.slug, item.slug),
        status=order.status.value,
        status_text=words.status(locale, order.status),
        when=visit.when(locale, order, now, tz),
        place=order.area,
        amount=formats.amount(order.total_fen),
        technician=technician.name if technician else "",
        service=item.slug,
        action=action,
        action_text=say(locale, text),
        link=link,
    )


def _main_action(order: Order, *, reviewed: bool) -> tuple[str, str, str]:
    """The card's one button: key, label, address."""
    page = f"/orders/{order.no}/"
    match order.status:
        case _S.PENDING_PAYMENT:
            return "pay", N_("Pay"), f"/pay/?o={order.no}"
        case _S.AWAITING_BALANCE:
            return "pay", N_("Pay the balance"), f"/pay/?o={order.no}"
        case _S.AWAITING_CONFIRM:
            return "confirm", N_("Check and confirm"), page
        case _S.COMPLETED | _S.CLOSED if not reviewed and order.technician_id:
            return "review", N_("Write a review"), f"{page}review/"
        case _S.COMPLETED | _S.CLOSED | _S.CANCELLED | _S.EXPIRED:
            return "rebook", N_("Rebook"), f"/book/?again={order.no}"
        case _:
            return "track", N_("Order progress"), page


def actions(order: Order, *, reviewed: bool, owes: bool = False) -> OrderActions:
    """The buttons of an order's page: what the machine allows to a customer, and what leads on. `owes`: the balance may be paid."""
    allowed = frozenset(ORDER.events(order.status, Role.CUSTOMER))
    return OrderActions(
        pay=order.status is _S.PENDING_PAYMENT,
        pay_balance=owes,
        cancel=OrderEvent.CANCEL in allowed,
        reschedule=OrderEvent.RESCHEDULE in allowed and order.reschedules < MOST_MOVES,
        confirm=OrderEvent.CONFIRM in allowed,
        review=order.status in DONE and order.technician_id is not None and not reviewed,
        dispute=OrderEvent.DISPUTE in allowed,
        rebook=order.status in DONE | {_S.CANCELLED, _S.EXPIRED},
    )


def move_preview(session: Session, actor: Actor, no: str, *, locale: Locale, now: datetime) -> MovePreview:
    """What is to be known before a visit is moved. Raises: NotFound."""
    order = own(session, actor, no)
    item = session.get_one(ServiceItem, order.service_item_id)
    tz = city_of(session, actor).timezone
    return MovePreview(
        no=no,
        title=visit.title(locale, item, order),
        when=formats.span(order.start_at, order.end_at, now, tz, locale=locale),
        moves_left=max(0, MOST_MOVES - order.reschedules),
        may=actions(order, reviewed=False).reschedule,
    )


def review_form(session: Session, actor: Actor, no: str, *, locale: Locale) -> ReviewForm:
    """Whether an order may be reviewed, and the photos already added. Raises: NotFound."""
    order = own(session, actor, no)
    item = session.get_one(ServiceItem, order.service_item_id)
    technician = session.get(Technician, order.technician_id) if order.technician_id else None
    done = session.exec(select(Review.id).where(Review.order_id == order.id)).first() is not None
    return ReviewForm(
        no=no,
        title=visit.title(locale, item, order),
        technician=technician.name if technician else "",
        art=words.portrait(technician) if technician else "",
        may=actions(order, reviewed=done).review,
        done=done,
        photos=photos(session, order, "review"),
    )


def photos(session: Session, order: Order, *kinds: str) -> tuple[str, ...]:
    """Addresses of the order's photos of these kinds, oldest first."""
    query = select(OrderPhoto).where(OrderPhoto.order_id == order.id, col(OrderPhoto.kind).in_(kinds))
    return tuple(f"/api/photos/{photo.key}" for photo in session.exec(query.order_by(col(OrderPhoto.id))))
