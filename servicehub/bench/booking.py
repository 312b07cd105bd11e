"""How fast orders are booked through the service, against a bare transaction of the same writes in the same run.

Both run from the same threads against the same database; the bare twin inserts the same rows (order, line, log, cells, day lock)
without any rule. Targets: ratio >= 0.4, no double booking.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, select

from servicehub.bench import town
from servicehub.domain.access import Actor, Role
from servicehub.domain.order import OrderStatus
from servicehub.domain.technician import CellKind
from servicehub.domain.timewindow import Window, cells_of, minute_of
from servicehub.errors import ServiceHubError
from servicehub.models.dispatch import Occupancy, TechnicianDay
from servicehub.models.order import OrderLine, OrderLog
from servicehub.services import orders

TARGET_RATIO = 0.4
THREADS = 8


def measure(*, bookings: int = 400, technicians: int = 60, url: str = "") -> dict[str, Any]:
    """Bookings a second through `orders.create`, the same writes bare, and their ratio."""
    with town.opened(url) as database:
        built = database.write_now(town.build, technicians=technicians)
        slug, address_id = database.write_now(town.open_shop, built)
        customer = Actor(user_id=built.customer_id, role=Role.CUSTOMER, city_id=built.city_id)
        wishes = database.read_now(town.openings, built, bookings)
        bookings = len(wishes)

        def through_service(i: int) -> bool:
            technician_id, start = wishes[i]
            request = orders.BookingRequest(slug, 1, (), address_id, start, technician_id=technician_id, coupon="none")
            try:
                database.write_now(orders.create, customer, request, now=town.START)
            except ServiceHubError:
                return False
            return True

        def bare(i: int) -> bool:
            database.write_now(_bare, built, wishes[i][0], wishes[i][1] + timedelta(days=20), i)
            return True

        service_per_s, booked = _rate(through_service, bookings)
        bare_per_s, _ = _rate(bare, bookings)
        return {
            "bookings": booked,
            "service_per_s": round(service_per_s, 1),
            "bare_per_s": round(bare_per_s, 1),
            "ratio": round(service_per_s / bare_per_s, 3),
            "double_bookings": database.read_now(_doubles),
        }


def _rate(work: Callable[[int], bool], count: int) -> tuple[float, int]:
    with ThreadPoolExecutor(THREADS) as pool:
        began = time.perf_counter()
        done = sum(pool.map(work, range(count)))
        return done / (time.perf_counter() - began), done


def _bare(session: Session, built: town.Town, technician_id: int, start: datetime, number: int) -> None:
    order = built.order(9_000_000 + number, start)
    order.technician_id, order.start_code_enc = technician_id, "x" * 60
    session.add(order)
    session.flush()
    order_id = order.id or 0
    session.add(
        OrderLine(
            order_id=order_id, kind="service", name_zh="保洁", name_en="Cleaning", unit_fen=10_000, amount_fen=10_000
        )
    )
    session.add(
        OrderLog(
            order_id=order_id,
            at=town.START,
            event="created",
            target=OrderStatus.MATCHING,
            actor_role=Role.CUSTOMER,
            actor_id=built.customer_id,
        )
    )
    session.flush()
    if session.get(TechnicianDay, (technician_id, start.date())) is None:
        session.execute(sa.insert(TechnicianDay).values(technician_id=technician_id, day=start.date(), version=1))
    cells = cells_of(Window(minute_of(start), minute_of(start) + 60))
    rows = [{"technician_id": technician_id, "cell": c, "order_id": order_id, "kind": CellKind.HOLD} for c in cells]
    session.execute(sa.insert(Occupancy).values(rows))


def _doubles(session: Session) -> int:
    """Cells that two orders claim: the primary key allows none; asked all the same."""
    pairs = session.exec(select(Occupancy.technician_id, Occupancy.cell)).all()
    return len(pairs) - len(set(pairs))
