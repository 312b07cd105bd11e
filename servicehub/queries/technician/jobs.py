"""The list of a technician's jobs: today, upcoming, done."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col

from servicehub.domain.access import Actor
from servicehub.domain.order import OrderStatus
from servicehub.models.order import Order
from servicehub.queries.technician import scope, words
from servicehub.queries.technician.scope import LIVE, SERVED, Task
from servicehub.texts import Locale, formats
from servicehub.viewmodels.technician import JobRow

TABS = ("today", "upcoming", "done")
MOST = 50


def jobs(session: Session, actor: Actor, tab: str = "today", *, now: datetime, locale: Locale) -> list[JobRow]:
    """The jobs of a tab: today's (whatever their state) and upcoming ones by start, done ones newest first."""
    technician, tz = scope.me(session, actor), scope.zone(session, actor)
    day = scope.today(now, tz)
    if tab == "done":
        over = (*SERVED, OrderStatus.CANCELLED)
        found = scope.tasks(session, technician, over, newest_first=True, limit=MOST)
    elif tab == "upcoming":
        found = scope.tasks(session, technician, LIVE, col(Order.start_at) >= day.end, limit=MOST)
    else:
        late = (col(Order.start_at) >= day.start) | col(Order.status).in_(LIVE)
        found = scope.tasks(session, technician, (*LIVE, *SERVED), late, col(Order.start_at) < day.end, limit=MOST)
    return [_row(task, now, tz, locale) for task in found]


def _row(task: Task, now: datetime, tz: str, locale: Locale) -> JobRow:
    order = task.order
    return JobRow(
        no=order.no,
        tail=formats.order_tail(order.no),
        title=scope.title(locale, task),
        when=formats.span(order.start_at, order.end_at, now, tz, locale=locale),
        area=order.area,
        status=order.status.value,
        status_label=words.status(locale, order.status),
        take_home=formats.yuan(scope.take_home_fen(order)) if order.commission else "",
        art=f"cat-{task.category}",
    )
