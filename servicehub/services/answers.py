"""What a city's answers to offers teach: kept as versions beside the policies, and used from the next decision on."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.offer import OfferStatus
from servicehub.domain.timewindow import local_time, minute_of
from servicehub.matching.acceptance import Acceptance, features, learn
from servicehub.matching.objective import EPOCH_WEEKDAY
from servicehub.models.catalog import City, Policy
from servicehub.models.dispatch import Offer
from servicehub.models.order import Order
from servicehub.models.situations import ACCEPTANCE_KIND
from servicehub.services import policies

HISTORY = timedelta(days=90)
AGAIN = timedelta(hours=20)
"""A city is looked at once a day."""
MOST_ANSWERS = 20_000
_ANSWERED = (OfferStatus.ACCEPTED, OfferStatus.DECLINED, OfferStatus.EXPIRED)
_PRIOR_YES, _PRIOR_ALL = 8.0, 10.0
"""The imagined offers of `matching.Candidate.acceptance`."""


def learn_due(session: Session, now: datetime) -> int:
    """Learn for every city that has not been looked at for a day; returns how many got a new version."""
    latest = sa.select(Policy.city_id).where(Policy.kind == ACCEPTANCE_KIND, col(Policy.effective_at) > now - AGAIN)
    cities = session.exec(select(City).where(col(City.id).not_in(latest)).order_by(col(City.id))).all()
    return sum(_learn(session, city, now) for city in cities)


def answered(session: Session, city_id: int, now: datetime) -> list[tuple[Offer, Order]]:
    """The newest answered offers of the city with their orders."""
    rows = session.execute(
        sa.select(Offer, Order)
        .join(Order, col(Order.id) == col(Offer.order_id))
        .where(
            col(Order.city_id) == city_id,
            col(Offer.status).in_(_ANSWERED),
            col(Offer.created_at).between(now - HISTORY, now),
        )
        .order_by(col(Offer.id).desc())
        .limit(MOST_ANSWERS)
    )
    return [(offer, order) for offer, order in rows]


def _learn(session: Session, city: City, now: datetime) -> bool:
    rows = answered(session, city.id or 0, now)
    clock = local_time(city.timezone)
    starts = [minute_of(order.start_at) for _offer, order in rows]
    said = [offer.status is OfferStatus.ACCEPTED for offer, _order in rows]
    counts: dict[int, list[int]] = {}
    for (offer, _order), yes in zip(rows, said, strict=True):
        mine = counts.setdefault(offer.technician_id, [0, 0])
        mine[0] += yes
        mine[1] += 1
    own = [(counts[o.technician_id][0] + _PRIOR_YES) / (counts[o.technician_id][1] + _PRIOR_ALL) for o, _order in rows]
    of = features(
        [offer.travel_minutes for offer, _order in rows],
        [clock.minute_of_day(start) for start in starts],
        [(clock.day_number(start) + EPOCH_WEEKDAY) % 7 for start in starts],
        [(order.start_at - offer.created_at) / timedelta(hours=1) for offer, order in rows],
        [(order.end_at - order.start_at) / timedelta(minutes=1) for _offer, order in rows],
    )
    found = learn(own, of, said)
    if not found.weights:
        return False
    version = policies.newest_version(session, city.id or 0, ACCEPTANCE_KIND)
    session.add(
        Policy(
            city_id=city.id, kind=ACCEPTANCE_KIND, version=version + 1, document=found.as_document(), effective_at=now
        )
    )
    session.flush()
    return True


def learned(session: Session, city_id: int, now: datetime) -> Acceptance:
    """What is known now."""
    return Acceptance.of(policies.document(session, city_id, ACCEPTANCE_KIND, now))
