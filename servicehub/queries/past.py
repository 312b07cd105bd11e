"""Days of the past as scenarios: who was on shift, who ordered what and when, so that another policy can be played on them.

What did not happen is drawn: whether a technician whom history never asked would have said yes, and how long a customer would have
waited. The draws belong to the order, so that every policy meets the same ones.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.domain.geo import Point
from servicehub.domain.order import PaymentPlan
from servicehub.domain.timewindow import LocalTime, Window, local_time, minute_of
from servicehub.matching import Candidate
from servicehub.models.catalog import City, ServiceItem
from servicehub.models.order import Order, was_sold
from servicehub.models.situations import load_team
from servicehub.simulation.scenario import ATTEMPTS, IMMEDIATE_SLACK, Scenario, Wish

LOOKED_BACK = 28
"""Days from which it is known how busy an hour usually is, and among which days are looked for."""
LEAST_ORDERS = 5
"""A day with fewer tells nothing."""
BOOKED_AHEAD = 24 * 60
"""Minutes: what was ordered earlier counts as ordered then."""
USUAL_ACCEPTANCE = 0.86
"""What a technician's own share of accepted offers is compared with."""
LONGEST_OVERRUN = 2.0


def past_days(session: Session, city_id: int, days: int, *, now: datetime) -> tuple[Scenario, ...]:
    """The newest `days` whole local days before today on which enough was ordered, newest first."""
    clock = local_time(session.get_one(City, city_id).timezone)
    today = clock.day_of(now)
    ordered = _orders(session, city_id, clock, today)
    found = []
    for back in range(1, LOOKED_BACK + 1):
        on = today - timedelta(days=back)
        if len(ordered.get(on, ())) >= LEAST_ORDERS:
            found.append(_scenario(session, city_id, on, ordered, clock))
        if len(found) == days:
            break
    return tuple(found)


Row = tuple[Order, ServiceItem]


def _orders(session: Session, city_id: int, clock: LocalTime, today: date) -> dict[date, list[Row]]:
    """What the platform had to find somebody for, by the local day of the visit."""
    wanted = sa.or_(col(Order.paid_at).is_not(None), col(Order.payment_plan) == PaymentPlan.AFTER)
    since = clock.day_window(today - timedelta(days=LOOKED_BACK)).start_at
    rows = session.execute(
        sa.select(Order, ServiceItem)
        .join(ServiceItem, col(ServiceItem.id) == col(Order.service_item_id))
        .where(col(Order.city_id) == city_id, was_sold(), wanted)
        .where(col(Order.start_at) >= since, col(Order.start_at) < clock.day_window(today).start_at)
        .order_by(col(Order.id))
    )
    found: dict[date, list[Row]] = defaultdict(list)
    for order, item in rows:
        found[clock.day_of(order.start_at)].append((order, item))
    return found


def _scenario(
    session: Session, city_id: int, on: date, ordered: Mapping[date, Sequence[Row]], clock: LocalTime
) -> Scenario:
    day = clock.day_window(on)
    team = [c for c in load_team(session, city_id, day, clock, now=day.start_at) if c.is_active]
    working = [(c, _shifts(c, day)) for c in team]
    numbered = [(n, c, shifts) for n, (c, shifts) in enumerate(((c, s) for c, s in working if s), start=1)]
    number_of = {c.technician_id: n for n, c, _shifts in numbered}
    return Scenario(
        seed=on.toordinal(),
        clock=clock,
        technicians=tuple(_as_numbered(n, c, shifts) for n, c, shifts in numbered),
        wishes=tuple(_wish(order, item, number_of, day) for order, item in ordered[on]),
        tastes=tuple(float(np.clip(c.acceptance - USUAL_ACCEPTANCE, -0.25, 0.1)) for _n, c, _shifts in numbered),
        absent_from=(0,) * len(numbered),
        traffic=(1.0,) * 24,
        usual=_usual(ordered, on, clock),
    )


def _shifts(candidate: Candidate, day: Window) -> tuple[Window, ...]:
    return tuple(s for s in candidate.calendar.shifts if s.start < day.end and s.end > day.start)


def _as_numbered(number: int, candidate: Candidate, shifts: tuple[Window, ...]) -> Candidate:
    calendar = replace(candidate.calendar, technician_id=number, shifts=shifts)
    return replace(candidate, technician_id=number, calendar=calendar, is_online=True)


def _wish(order: Order, item: ServiceItem, number_of: Mapping[int, int], day: Window) -> Wish:
    dice = np.random.default_rng(order.id)
    start, end = minute_of(order.start_at), minute_of(order.end_at)
    took = end - start
    if order.started_at is not None and order.finished_at is not None:
        took = max(5, round((order.finished_at - order.started_at).total_seconds() / 60))
    booked = max(minute_of(order.paid_at or order.created_at), day.start - BOOKED_AHEAD)
    return Wish(
        order_id=order.id or 0,
        place=Point(order.lat, order.lng),
        skill=item.skill,
        minutes=end - start,
        fen=order.total_fen,
        booked=min(booked, start),
        start=minute_of(order.window_from or order.start_at),
        slack=IMMEDIATE_SLACK if order.is_immediate else _slack(order),
        is_immediate=order.is_immediate,
        patience=int(dice.integers(3, 11)),
        duration=min(took, round((end - start) * LONGEST_OVERRUN)),
        accepts=tuple(dice.random(ATTEMPTS).tolist()),
        certificate=item.certificate,
        gender=order.gender,
        requested_id=number_of.get(order.requested_technician_id or 0),
    )


def _slack(order: Order) -> int:
    """Minutes of the customer's window."""
    if order.window_from is None or order.window_until is None:
        return 0
    return minute_of(order.window_until) - minute_of(order.window_from)


def _usual(ordered: Mapping[date, Sequence[Row]], but: date, clock: LocalTime) -> tuple[float, ...]:
    """By hour: how many technicians the other days kept busy on average."""
    busy, days = np.zeros(24), 0
    for on, rows in ordered.items():
        days += on != but
        for order, _item in rows if on != but else ():
            minutes = (order.end_at - order.start_at).total_seconds() / 60
            busy[clock.minute_of_day(minute_of(order.start_at)) // 60] += minutes / 60
    return tuple((busy / max(1, days)).tolist())
