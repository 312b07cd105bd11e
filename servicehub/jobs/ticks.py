"""Every duty of the product: which service handles what is due, and how often. Holds no rule.

One function a duty, registered here and nowhere else; to add one, add a function. `tick`: one transaction of at most `limit` rows.
`round_of`: computes long or uses the network between transactions of its own.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from servicehub.db import Database
from servicehub.jobs.registry import round_of, tick
from servicehub.services import answers, delays, dispatching, orders, points, settlements, vat
from servicehub.services.dispatching import planning
from servicehub.settings import get_settings
from servicehub.workflows import checkout, proving, reconciling, replanning, roads


@tick(every_s=1)
def expire_offers(session: Session, now: datetime) -> int:
    """Offers that nobody answered in time."""
    return dispatching.expire_due(session, now)


@tick(every_s=1, limit=50)
def dispatch_orders(session: Session, now: datetime) -> int:
    """Orders that wait for a technician."""
    return dispatching.run_due(session, now, limit=50)


@tick(every_s=1, limit=50)
def settle_claims(session: Session, now: datetime) -> int:
    """Orders of the hall whose claims were collected long enough."""
    return dispatching.settle_due(session, now, limit=50)


@tick(every_s=2, limit=100)
def fire_order_timers(session: Session, now: datetime) -> int:
    """Unpaid holds, searches without result, no-shows, alarms, silent customers, ended warranties."""
    return orders.fire_due(session, now, limit=100)


@round_of(every_s=2)
def expire_unpaid_orders(database: Database, now: datetime) -> int:
    """Unpaid holds with an open payment: its channel is asked first."""
    return checkout.expire_unpaid(database, now)


@tick(every_s=20)
def watch_delays(session: Session, now: datetime) -> int:
    """Visits that will probably begin late."""
    return delays.watch(session, now)


@tick(every_s=10, limit=20)
def repair_late_visits(session: Session, now: datetime) -> int:
    """Accepted visits that would begin much too late: somebody else is asked."""
    return dispatching.repair_due(session, now)


@tick(every_s=900)
def learn_from_answers(session: Session, now: datetime) -> int:
    """Cities whose answers to offers were not looked at for a day."""
    return answers.learn_due(session, now)


@tick(every_s=10)
def queue_replans(session: Session, now: datetime) -> int:
    """Cities whose planned visits were not looked at for a while."""
    return planning.queue_due(session, now)


@round_of(every_s=1)
def replan(database: Database, now: datetime) -> int:
    """Planned visits that somebody, or the platform, asked to be planned anew."""
    return replanning.run_queued(database, now)


@round_of(every_s=3600)
def renew_road_tables(database: Database, now: datetime) -> int:
    """Cities whose table of ways is a week old, where a routing server is configured."""
    return roads.refresh(database, now)


@round_of(every_s=1800)
def pull_bills(database: Database, now: datetime) -> int:
    """Yesterday's bills of the payment channels, once they are ready and until they are closed."""
    return reconciling.pull_due(database, now)


@round_of(every_s=1800)
def prove_books(database: Database, now: datetime) -> int:
    """The whole books, once a day: sums, seals, kept balances."""
    return proving.prove_due(database, now)


@tick(every_s=1800)
def book_vat(session: Session, now: datetime) -> int:
    """Value-added tax of the days that are over, where the seller has a taxpayer number."""
    settings = get_settings()
    return vat.book_due(session, settings.invoice_tax_bp if settings.invoice_seller_tax_no else 0, now=now)


@tick(every_s=3600)
def expire_points(session: Session, now: datetime) -> int:
    """Points whose months are over."""
    return points.expire_due(session, now)


@tick(every_s=30)
def mature_earnings(session: Session, now: datetime) -> int:
    """Earnings that become available."""
    return settlements.mature_due(session, now)
