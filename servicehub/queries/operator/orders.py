"""The order desk: saved views with counts, search, filters, sorting and paging, all in SQL. Two statements a page.

Search reads: a full order number or its ending, a full phone number (by its blind index), else parts of a customer's, technician's
or service's name. Phones leave here masked only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub import crypto
from servicehub.domain.access import Actor, Permission
from servicehub.domain.chargeback import WAITS
from servicehub.domain.order import OrderStatus
from servicehub.errors import BadPhone
from servicehub.models.account import User
from servicehub.models.catalog import Category, District, ServiceItem
from servicehub.models.chargeback import Chargeback
from servicehub.models.order import Order, names_technician
from servicehub.models.technician import Technician
from servicehub.queries import visit
from servicehub.queries.operator import words
from servicehub.queries.operator.attention import late
from servicehub.queries.operator.scope import city_of, guard, midnight, orders_of
from servicehub.texts import N_, Locale, formats, pick, say
from servicehub.viewmodels.operator import Choice, Desk, OrderRow, View

PAGE = 20
EXPORT_LIMIT = 5000
_S = OrderStatus
_TIMED = frozenset(
    {_S.PENDING_PAYMENT, _S.MATCHING, _S.ASSIGNED, _S.ACCEPTED, _S.EN_ROUTE, _S.DISPUTED, _S.AWAITING_BALANCE}
)
VIEWS: dict[str, str] = {
    "all": N_("All orders"),
    "wait": N_("To place"),
    "risk": N_("Late risk"),
    "going": N_("Under way"),
    "confirm": N_("To confirm"),
    "balance": N_("Balance due"),
    "after": N_("In after-sales"),
    "chargeback": N_("Chargebacks"),
    "cancelled": N_("Cancelled"),
}
_HOT = frozenset({"wait", "risk", "after", "chargeback"})
SORTS = {
    "placed": col(Order.created_at),
    "visit": col(Order.start_at),
    "sla": col(Order.deadline_at),
    "amount": col(Order.total_fen),
}
DATES: dict[str, tuple[str, int, int]] = {
    "today": (N_("Visit today"), 0, 1),
    "tomorrow": (N_("Visit tomorrow"), 1, 2),
    "week": (N_("Visit within 7 days"), 0, 7),
    "past": (N_("Visit in the last 7 days"), -7, 1),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What the desk shows. Unknown values of `view`, `sort` and `date` mean the first; `category`, `district` 0: all."""

    view: str = "all"
    q: str = ""
    category: int = 0
    district: int = 0
    status: str = ""
    date: str = ""
    sort: str = "placed"
    descending: bool = True
    page: int = 1


def desk(session: Session, actor: Actor, wanted: Filter, *, locale: Locale, now: datetime) -> Desk:
    """Raises: NotAllowed without order:read."""
    guard(actor, Permission.ORDER_READ)
    tz = city_of(session, actor).timezone
    total = _count(session, actor, wanted, tz, now)
    pages = max(1, -(-total // PAGE))
    page = min(max(1, wanted.page), pages)
    found = _select(actor, wanted, tz, now).limit(PAGE).offset((page - 1) * PAGE)
    rows = tuple(order_row(*found_row, tz=tz, locale=locale, now=now) for found_row in session.execute(found).all())
    return Desk(rows=rows, total=total, pages=pages, page=page, views=_views(session, actor, locale, now))


def export(
    session: Session, actor: Actor, wanted: Filter, *, locale: Locale, now: datetime
) -> tuple[tuple[str, ...], ...]:
    """A header and at most 5,000 rows of the same selection, as text for a spreadsheet."""
    guard(actor, Permission.ORDER_READ)
    tz = city_of(session, actor).timezone
    found = session.execute(_select(actor, wanted, tz, now).limit(EXPORT_LIMIT)).all()
    head = (
        "Order no.",
        "Service",
        "Customer",
        "Phone",
        "Technician",
        "District",
        "Visit",
        "Placed",
        "Status",
        "Amount",
    )
    return (tuple(say(locale, HEADS[name]) for name in head), *(_cells(*row, tz=tz, locale=locale) for row in found))


HEADS = {
    "Order no.": N_("Order no."),
    "Service": N_("Service"),
    "Customer": N_("Customer"),
    "Phone": N_("Phone"),
    "Technician": N_("Technician"),
    "District": N_("District"),
    "Visit": N_("Visit time"),
    "Placed": N_("Placed at"),
    "Status": N_("Status"),
    "Amount": N_("Amount"),
}


def latest(session: Session, actor: Actor, *, locale: Locale, now: datetime, limit: int = 8) -> tuple[OrderRow, ...]:
    """The newest orders, for the overview."""
    guard(actor, Permission.ORDER_READ)
    tz = city_of(session, actor).timezone
    found = session.execute(_select(actor, Filter(), tz, now).limit(limit)).all()
    return tuple(order_row(*row, tz=tz, locale=locale, now=now) for row in found)


def choices(session: Session, actor: Actor, *, locale: Locale) -> tuple[tuple[Choice, ...], tuple[Choice, ...]]:
    """Categories and districts to filter by."""
    guard(actor, Permission.ORDER_READ)
    cats = session.execute(
        sa.select(Category).where(col(Category.city_id) == actor.city_id).order_by(col(Category.position))
    ).scalars()
    dists = session.execute(
        sa.select(District).where(col(District.city_id) == actor.city_id).order_by(col(District.adcode))
    ).scalars()
    mine = [d for d in dists if not actor.district_ids or d.id in actor.district_ids]
    return _choices(cats, locale), _choices(mine, locale)


def _choices(rows: Any, locale: Locale) -> tuple[Choice, ...]:
    return tuple(Choice(value=str(r.id), text=pick(locale, r.name_zh, r.name_en)) for r in rows)


def _conditions(view: str, now: datetime) -> list[Any]:
    status = col(Order.status)
    match view:
        case "wait":
            return [status.in_((_S.MATCHING, _S.ASSIGNED))]
        case "risk":
            return [late(now)]
        case "going":
            return [status.in_((_S.EN_ROUTE, _S.ARRIVED, _S.IN_SERVICE))]
        case "confirm":
            return [status == _S.AWAITING_CONFIRM]
        case "balance":
            return [status == _S.AWAITING_BALANCE]
        case "after":
            return [status == _S.DISPUTED]
        case "chargeback":
            asked = col(Chargeback.order_id) == col(Order.id), col(Chargeback.status).in_(WAITS)
            return [sa.exists().where(*asked)]
        case "cancelled":
            return [status.in_((_S.CANCELLED, _S.EXPIRED))]
        case _:
            return []


def _where(actor: Actor, wanted: Filter, tz: str, now: datetime) -> list[Any]:
    found = [*orders_of(actor), *_conditions(wanted.view, now)]
    if wanted.category:
        found.append(col(Order.category_id) == wanted.category)
    if wanted.district:
        found.append(col(Order.district_id) == wanted.district)
    if wanted.status in {s.value for s in OrderStatus}:
        found.append(col(Order.status) == OrderStatus(wanted.status))
    if window := _window(wanted.date, tz, now):
        found += [col(Order.start_at) >= window[0], col(Order.start_at) < window[1]]
    if q := wanted.q.strip()[:40]:
        found.append(_search(q))
    return found


def _window(named: str, tz: str, now: datetime) -> tuple[datetime, datetime] | None:
    if named in DATES:
        _text, first, last = DATES[named]
        return midnight(now, tz, first), midnight(now, tz, last)
    try:
        on = date.fromisoformat(named)
    except ValueError:
        return None
    noon = datetime(on.year, on.month, on.day, 12, tzinfo=ZoneInfo(tz))
    return midnight(noon, tz), midnight(noon, tz, 1)


def _search(q: str) -> Any:
    if q.isascii() and q.isdigit() and 4 <= len(q) <= 16 and len(q) != 11:
        return col(Order.no) == q if len(q) == 16 else sa.or_(col(Order.no).like(f"{q}%"), col(Order.no).like(f"%{q}"))
    try:
        return col(User.phone_index) == crypto.blind_index("phone", crypto.phone_e164(q))
    except BadPhone:
        like = "%" + q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        names = (User.display_name, Technician.name, ServiceItem.name_zh, ServiceItem.name_en)
        return sa.or_(*(col(name).ilike(like, escape="\\") for name in names))


def _joined(columns: Sequence[Any]) -> sa.Select[Any]:
    return (
        sa.select(*columns)
        .select_from(Order)
        .join(User, col(User.id) == Order.customer_id)
        .join(ServiceItem, col(ServiceItem.id) == Order.service_item_id)
        .join(District, col(District.id) == Order.district_id)
        .outerjoin(Technician, sa.and_(col(Technician.id) == Order.technician_id, names_technician()))
    )


def _count(session: Session, actor: Actor, wanted: Filter, tz: str, now: datetime) -> int:
    return int(session.execute(_joined([sa.func.count()]).where(*_where(actor, wanted, tz, now))).scalar_one())


def _select(actor: Actor, wanted: Filter, tz: str, now: datetime) -> sa.Select[Any]:
    key = SORTS.get(wanted.sort, SORTS["placed"])
    order = key.desc() if wanted.descending else key.asc()
    columns = [Order, User.display_name, ServiceItem, District, Technician]
    return _joined(columns).where(*_where(actor, wanted, tz, now)).order_by(order.nulls_last(), col(Order.id).desc())


def _views(session: Session, actor: Actor, locale: Locale, now: datetime) -> tuple[View, ...]:
    named = [v for v in VIEWS if v != "all"]
    sums = [sa.func.sum(sa.case((sa.and_(*_conditions(v, now)), 1), else_=0)) for v in named]
    counts = session.execute(sa.select(sa.func.count(), *sums).where(*orders_of(actor))).one()
    return tuple(
        View(key=key, text=say(locale, text), count=int(counts[i] or 0), is_hot=key in _HOT and bool(counts[i]))
        for i, (key, text) in enumerate(VIEWS.items())
    )


def order_row(
    order: Order, customer: str, item: ServiceItem, district: District, technician: Technician | None,
    *, tz: str, locale: Locale, now: datetime,
) -> OrderRow:  # fmt: skip
    """One line; contact data masked."""
    left = round((order.deadline_at - now).total_seconds()) if order.deadline_at else 0
    timed = order.status in _TIMED and order.deadline_at is not None and left < 86_400
    risky = order.status in (_S.ACCEPTED, _S.ASSIGNED, _S.EN_ROUTE) and order.start_at < now + timedelta(minutes=5)
    return OrderRow(
        no=order.no,
        service=_service(order, item, locale),
        quantity=formats.duration(int((order.end_at - order.start_at).total_seconds()) // 60, locale=locale),
        customer=customer or say(locale, "Customer"),
        phone=masked_phone(order),
        technician=technician.name if technician else "",
        portrait=technician.portrait if technician else "",
        district=pick(locale, district.name_zh, district.name_en),
        visit=formats.day_time(order.start_at, now, tz, locale=locale),
        placed=formats.relative(order.created_at, now, tz, locale=locale),
        status=order.status.value,
        status_text=words.word(locale, words.STATUS, order.status.value),
        amount=formats.yuan(order.total_fen, always_decimals=True),
        sla_s=left if timed else 0,
        has_sla=timed,
        is_risky=risky,
    )


def _service(order: Order, item: ServiceItem, locale: Locale) -> str:
    named = visit.title(locale, item, order)
    return named if order.lead_id is None else say(locale, N_("{service}, companion"), service=named)


def masked_phone(order: Order) -> str:
    """`199****6021`; what cannot be read any more is only stars."""
    try:
        return formats.mask_phone(crypto.decrypt(order.phone_enc, PHONE_CONTEXT))
    except crypto.Undecipherable:
        return "****"


PHONE_CONTEXT = "order.phone"


def _cells(
    order: Order,
    customer: str,
    item: ServiceItem,
    district: District,
    technician: Technician | None,
    *,
    tz: str,
    locale: Locale,
) -> tuple[str, ...]:
    return (
        order.no,
        visit.title(locale, item, order),
        customer,
        masked_phone(order),
        technician.name if technician else "",
        pick(locale, district.name_zh, district.name_en),
        formats.stamp(order.start_at, tz),
        formats.stamp(order.created_at, tz),
        words.word(locale, words.STATUS, order.status.value),
        formats.amount(order.total_fen, always_decimals=True).replace(",", ""),
    )


def narrowed(wanted: Filter, **changes: Any) -> Filter:
    """`wanted` with other values, back on its first page unless `page` is among them."""
    return replace(wanted, **{"page": 1, **changes})
