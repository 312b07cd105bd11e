"""How long one dispatch round takes through the services: a hundred orders without anybody, two thousand technicians with jobs.

Every round runs what the tick runs: read the situations, assess everybody, choose the best batch, take the time, make the offers
and store every decision with its candidates. The limit: p95 < 1 s.
"""

from __future__ import annotations

import random
import time
from datetime import timedelta
from statistics import quantiles
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.bench import town
from servicehub.domain.offer import OfferStatus
from servicehub.domain.order import OrderStatus
from servicehub.domain.policy import DEFAULT_POLICIES
from servicehub.models.catalog import Policy
from servicehub.models.dispatch import DispatchDecision, Offer
from servicehub.models.order import Order
from servicehub.models.technician import Technician
from servicehub.services import dispatching

FIRST_NUMBER = 5_000_000


def measure(*, technicians: int = 2000, orders: int = 100, rounds: int = 12, url: str = "") -> dict[str, Any]:
    """Seconds of a round: median, 95th percentile and worst; how many offers each made, and candidates kept with a decision."""
    with town.opened(url) as database:
        built = database.write_now(town.build, technicians=technicians)
        database.write_now(_prepare, built)
        seconds, offers = [], 0
        for turn in range(rounds):
            database.write_now(_place, built, turn, orders)
            now = town.START + timedelta(minutes=turn)
            began = time.perf_counter()
            database.write_now(dispatching.run_due, now, limit=orders)
            seconds.append(time.perf_counter() - began)
            offers += database.read_now(_open_offers)
            database.write_now(_accept_all)
        kept = database.read_now(_kept)
    return {
        "technicians": technicians,
        "orders": orders,
        "offers_per_round": round(offers / rounds, 1),
        "candidates_kept": kept,
        "median_s": round(sorted(seconds)[rounds // 2], 3),
        "p95_s": round(quantiles(seconds, n=20, method="inclusive")[-1], 3),
        "worst_s": round(max(seconds), 3),
    }


def _prepare(session: Session, built: town.Town) -> None:
    policy = session.get_one(Policy, built.policy_id)
    policy.document = DEFAULT_POLICIES["order"]
    session.add(policy)
    session.execute(sa.update(Technician).values(is_online=True))
    town.fill(session, built, days=1, jobs_a_day=2)


def _place(session: Session, built: town.Town, turn: int, count: int) -> None:
    """New paid orders of this day and the next, from ten to eight by the town's clock, all over the town."""
    rng = random.Random(100 + turn)
    for i in range(count):
        start = town.START + timedelta(days=rng.randrange(2), hours=rng.randrange(2, 12), minutes=rng.choice((0, 30)))
        order = built.order(FIRST_NUMBER + turn * count + i, start, rng.choice((60, 90, 120)), town.scattered(rng))
        order.dispatch_at = town.START
        session.add(order)


def _accept_all(session: Session) -> None:
    """Everybody says yes, so that the next round meets fuller days; who found nobody leaves the queue."""
    session.execute(sa.update(Offer).where(col(Offer.status) == OfferStatus.OPEN).values(status=OfferStatus.ACCEPTED))
    session.execute(
        sa.update(Order).where(col(Order.status) == OrderStatus.ASSIGNED).values(status=OrderStatus.ACCEPTED)
    )
    session.execute(sa.update(Order).where(col(Order.status) == OrderStatus.MATCHING).values(dispatch_at=None))


def _open_offers(session: Session) -> int:
    return session.exec(select(sa.func.count()).select_from(Offer).where(Offer.status == OfferStatus.OPEN)).one()


def _kept(session: Session) -> float:
    """Candidates stored with a decision, on average."""
    found = session.exec(select(DispatchDecision.candidates)).all()
    return round(sum(len(candidates) for candidates in found) / max(1, len(found)), 1)
