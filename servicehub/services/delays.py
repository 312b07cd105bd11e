"""Visits that will probably begin late: forecast ahead, kept for whoever shows them, told to the customer in time.

Owns `sh_delay`. A row is there while the forecast says so; what it allows (leaving free of charge) is policy.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import bus
from servicehub.domain.delay import NOTABLE_MINUTES, TOLD_MINUTES, WORSE_MINUTES, Forecast, forecast
from servicehub.domain.timewindow import instant_of, local_time, minute_of
from servicehub.models.base import among
from servicehub.models.catalog import City
from servicehub.models.delay import WAITING, Delay, load_watched, place_of, stop_of
from servicehub.models.order import Order
from servicehub.models.technician import Technician
from servicehub.models.traffic import load_slowness, load_travel
from servicehub.services import notices


def watch(session: Session, now: datetime) -> int:
    """Forecast the visits of the hours ahead; returns how many are expected late. Idempotent."""
    orders = load_watched(session, now)
    known = {delay.order_id: delay for delay in session.exec(select(Delay)).all()}
    late = _late(session, orders, now)
    gone = known.keys() - {o.id for o in orders if (o.id or 0) in late}
    if gone:
        session.execute(sa.delete(Delay).where(among(col(Delay.order_id), gone)))
    for order in orders:
        if (found := late.get(order.id or 0)) is not None:
            _keep(session, order, found, known.get(order.id or 0), now)
    session.flush()
    touched = gone | {order_id for order_id, found in late.items() if _is_news(known.get(order_id), found)}
    _hint(session, [order for order in orders if order.id in touched])
    return len(late)


def minutes_of(session: Session, order: Order) -> int:
    """How late the visit is expected to begin; 0: in time, as far as is known."""
    delay = session.get(Delay, order.id)
    return delay.minutes if delay is not None and order.status in WAITING else 0


def _late(session: Session, orders: Sequence[Order], now: datetime) -> dict[int, Forecast]:
    days: dict[int, list[Order]] = defaultdict(list)
    for order in orders:
        days[order.technician_id or 0].append(order)
    people = session.exec(select(Technician).where(among(col(Technician.id), list(days)))).all()
    zones = {city.id: city.timezone for city in session.exec(select(City)).all()}
    roads = {
        city_id: load_travel(session, city_id).slowed(load_slowness(session, city_id, now))
        for city_id in {p.city_id for p in people}
    }
    found: dict[int, Forecast] = {}
    for person in people:
        played = forecast(
            [stop_of(order) for order in days[person.id or 0]],
            now=minute_of(now),
            here=place_of(person, now),
            transport=person.transport,
            clock=local_time(zones[person.city_id]),
            travel=roads[person.city_id],
        )
        found |= {f.order_id: f for f in played if f.late >= NOTABLE_MINUTES}
    return found


def _keep(session: Session, order: Order, found: Forecast, known: Delay | None, now: datetime) -> None:
    begins = instant_of(found.begins)
    delay = known or Delay(order_id=order.id or 0, begins_at=begins, minutes=found.late, noted_at=now)
    delay.begins_at, delay.minutes, delay.behind_id = begins, found.late, found.behind_id
    if found.late >= max(TOLD_MINUTES, delay.told_minutes + (WORSE_MINUTES if delay.told_minutes else 0)):
        delay.told_minutes = found.late
        key = f"late:{order.no}:{order.version}:{found.late // WORSE_MINUTES}"
        notices.tell_customer(session, order, "late", key=key, now=now, begins_at=begins)
    session.add(delay)


def _is_news(known: Delay | None, found: Forecast) -> bool:
    return known is None or abs(known.minutes - found.late) >= NOTABLE_MINUTES


def _hint(session: Session, orders: Sequence[Order]) -> None:
    """Tell the pages that show them."""
    for order in orders:
        bus.publish(session, bus.order(order.no))
    for city_id in {order.city_id for order in orders}:
        bus.publish(session, bus.dispatch(str(city_id)), bus.overview(str(city_id)))
