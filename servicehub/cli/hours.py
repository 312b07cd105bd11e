"""At which hour a demo begins: a city at night has little to show, so its clock starts at the next morning instead."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col

from servicehub.models.order import OrderLog

OPENS, CLOSES, MORNING = time(8), time(17), time(10)


def newest_entry(session: Session) -> datetime | None:
    """When the newest step of any order happened, by the product's clock."""
    found: datetime | None = session.execute(sa.select(sa.func.max(col(OrderLog.at)))).scalar_one()
    return found


def demo_start(now: datetime, newest: datetime | None, zone: ZoneInfo) -> datetime:
    """The instant from which the demo's clock runs: `now` by day, else the next 10:00 local.

    Never before `newest`, so that an order's history stays in order.
    """
    start = max(now, newest) if newest else now
    local = start.astimezone(zone)
    if OPENS <= local.time() < CLOSES:
        return start
    morning = datetime.combine(local.date(), MORNING, zone)
    if morning <= local:
        morning += timedelta(days=1)
    return morning.astimezone(now.tzinfo)
