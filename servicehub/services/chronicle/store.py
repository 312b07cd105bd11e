"""Reading the books, writing the rows in bulk, keeping the counters that live work keeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, col, select

from servicehub.domain.access import Actor, Role
from servicehub.domain.geo import Point
from servicehub.models.base import among
from servicehub.models.cancellation import FreeCancellation
from servicehub.models.catalog import AddOn, Category, City, District, ServiceItem
from servicehub.models.customer import Address
from servicehub.models.dispatch import Offer
from servicehub.models.order import Order, OrderLine, OrderLog, Review
from servicehub.models.payment import Earning, Payment, Refund
from servicehub.models.technician import Technician
from servicehub.services import ledger, order_numbers, policies, settlement_batches
from servicehub.services.chronicle.story import compose
from servicehub.services.chronicle.values import Books, PastOrder, Rows


def import_orders(
    session: Session, actor: Actor, city_id: int, past: Sequence[PastOrder], *, now: datetime, seed: int = 0
) -> int:
    """Write the past orders of a city in bulk; returns how many. Only the platform itself may."""
    actor.require_role(Role.SYSTEM)
    books = _read(session, city_id, past, now)
    random = Random(seed)
    numbers = order_numbers.many(random, books.city, [p.created_at for p in past])
    written = [compose(books, p, no, now) for p, no in zip(past, numbers, strict=True)]
    _store(session, written)
    _count(session, books, past)
    return len(written)


def make_batches(session: Session, actor: Actor, city_id: int) -> int:
    """Put the past earnings that have matured into settlement batches, one a day; returns how many. Once, after the last import."""
    actor.require_role(Role.SYSTEM)
    return settlement_batches.adopt(session, city_id)


def _read(session: Session, city_id: int, past: Sequence[PastOrder], now: datetime) -> Books:
    city = session.get_one(City, city_id)
    policy_id, policy = policies.order_policy(session, city_id, now)
    items = session.exec(select(ServiceItem).where(ServiceItem.city_id == city_id)).all()
    add_ons = session.exec(select(AddOn).where(col(AddOn.service_item_id).in_([i.id for i in items]))).all()
    wanted = {p.address_id for p in past}
    return Books(
        city,
        ZoneInfo(city.timezone),
        policy_id,
        policy,
        {i.id or 0: i for i in items},
        {(a.service_item_id, a.slug): a for a in add_ons},
        {c.id or 0: c.slug for c in session.exec(select(Category).where(Category.city_id == city_id))},
        {d.id or 0: Point(d.lat, d.lng) for d in session.exec(select(District).where(District.city_id == city_id))},
        {a.id or 0: a for a in session.exec(select(Address).where(Address.city_id == city_id)) if a.id in wanted},
        {t.id or 0: t for t in session.exec(select(Technician).where(Technician.city_id == city_id))},
        _free_used(session, {p.customer_id for p in past}),
    )


def _free_used(session: Session, customer_ids: set[int]) -> dict[tuple[int, str], int]:
    """(customer, month) -> late cancellations that were free before."""
    who, month = col(FreeCancellation.customer_id), col(FreeCancellation.month)
    query = sa.select(who, month, sa.func.max(col(FreeCancellation.n))).where(among(who, customer_ids))
    return {(customer_id, of): int(n) for customer_id, of, n in session.execute(query.group_by(who, month))}


def _store(session: Session, written: list[Rows]) -> None:
    ids = _insert(session, Order, [rows.order for rows in written])
    payment_ids = iter(
        _insert(session, Payment, [p | {"order_id": i} for i, r in zip(ids, written, strict=True) for p in r.payments])
    )
    lines, log, offers, refunds, earnings, reviews, free, entries = [], [], [], [], [], [], [], []
    for order_id, rows in zip(ids, written, strict=True):
        of = {"order_id": order_id}
        lines += [row | of for row in rows.lines]
        log += [row | of for row in rows.log]
        offers += [row | of for row in rows.offers]
        paid = [next(payment_ids) for _ in rows.payments]
        refunds += [
            {k: v for k, v in row.items() if k != "payment"} | of | {"payment_id": paid[row["payment"]]}
            for row in rows.refunds
        ]
        earnings += [rows.earning | of] if rows.earning else []
        reviews += [rows.review | of] if rows.review else []
        free += [rows.free | of] if rows.free else []
        entries += [
            ledger.Entry(
                key.replace("{o}", str(order_id)),
                kind,
                f"order:{order_id}",
                {a.replace("{o}", str(order_id)): v for a, v in amounts.items() if v},
                at,
            )
            for key, kind, at, amounts in rows.entries
        ]
    for table, values in (
        (OrderLine, lines),
        (OrderLog, log),
        (Offer, offers),
        (Refund, refunds),
        (Earning, earnings),
        (Review, reviews),
        (FreeCancellation, free),
    ):
        if values:
            session.execute(sa.insert(table), values)
    ledger.post_many(session, entries)


def _insert(session: Session, table: type[SQLModel], values: list[dict[str, Any]]) -> list[int]:
    if not values:
        return []
    key = sa.inspect(table).primary_key[0]
    return list(session.scalars(sa.insert(table).returning(key, sort_by_parameter_order=True), values))


def _count(session: Session, books: Books, past: Sequence[PastOrder]) -> None:
    """The counters that live work keeps: done, on time, offers, ratings, sold."""
    for technician in books.technicians.values():
        own = [p for p in past if p.technician_id == technician.id and p.outcome not in ("cancelled_free", "expired")]
        visited = [p for p in own if p.outcome in ("finished", "no_show")]
        stars = [p.review.stars for p in own if p.review is not None and p.outcome == "finished"]
        technician.done_count += sum(p.outcome == "finished" for p in own)
        technician.offers_feasible += len(own) + len(own) // 9
        technician.offers_accepted += len(own)
        technician.arrived_count += len(visited)
        technician.on_time_count += sum(p.late_minutes <= 10 for p in visited)
        technician.rating_sum += sum(stars)
        technician.rating_count += len(stars)
        session.add(technician)
    for item in books.items.values():
        own = [p for p in past if p.item_id == item.id and p.outcome == "finished"]
        stars = [p.review.stars for p in own if p.review is not None]
        item.sold_count += len(own)
        item.rating_sum += sum(stars)
        item.rating_count += len(stars)
        session.add(item)
    session.flush()
