"""The seeded city: the same from one seed, complete, and with a past that adds up."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.db import Database
from servicehub.demo import people, seed
from servicehub.domain.access import OperatorRole, Role
from servicehub.domain.order import OrderStatus
from servicehub.domain.technician import CertificateStatus
from servicehub.models.account import User
from servicehub.models.catalog import District, DistrictStatus, ServiceItem
from servicehub.models.order import Order, Review
from servicehub.models.technician import Technician
from servicehub.services import accounts, ledger
from servicehub.settings import Settings

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
"""Monday, ten in the morning in Shanghai."""
SERVED = (OrderStatus.COMPLETED, OrderStatus.CLOSED)


def made(template: Path, folder: Path) -> Database:
    shutil.copyfile(template, folder / "servicehub.db")
    database = Database(Settings(data_dir=folder, env="demo"))
    seed.seed_city(database, now=NOW, scale=seed.SMALL)
    return database


@pytest.fixture(scope="module")
def city(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A small city, for reading only."""
    database = made(sqlite_template, tmp_path_factory.mktemp("city"))
    yield database
    database.close()


def _story(session: Session) -> list[object]:
    """Everything of the past that a visitor could tell apart."""
    columns = (Order.no, Order.customer_id, Order.technician_id, Order.start_at, Order.status, Order.total_fen)
    orders = session.execute(sa.select(*columns).order_by(col(Order.id))).all()
    reviews = session.execute(sa.select(Review.order_id, Review.stars, Review.text).order_by(col(Review.id))).all()
    names = session.execute(sa.select(Technician.name, Technician.level, Technician.home_lat)).all()
    return [*orders, *reviews, *names]


def test_one_seed_makes_one_city(city: Database, sqlite_template: Path, tmp_path: Path) -> None:
    again = made(sqlite_template, tmp_path)
    try:
        assert again.read_now(_story) == city.read_now(_story)
    finally:
        again.close()


def test_the_city_has_everything_that_a_day_needs(city: Database) -> None:
    open_districts = select(sa.func.count()).where(District.status == DistrictStatus.OPEN)
    items = select(sa.func.count()).where(col(ServiceItem.published).is_(True))
    roles = select(User.operator_role).where(User.role == Role.OPERATOR)

    assert city.read_now(lambda s: s.exec(open_districts).one()) == 9
    assert city.read_now(lambda s: s.exec(items).one()) == 33
    assert set(city.read_now(lambda s: s.exec(roles).all())) == set(OperatorRole)
    plans = Counter(city.read_now(lambda s: s.exec(select(ServiceItem.payment_plan)).all()))
    assert all(plans[plan] for plan in ("full", "deposit", "after"))


def test_the_city_manager_answers_for_one_district(city: Database) -> None:
    def districts(session: Session) -> frozenset[int]:
        manager = session.exec(select(User).where(User.operator_role == OperatorRole.CITY_MANAGER)).one()
        return accounts._districts(session, manager.id or 0)

    managed = city.read_now(lambda s: s.exec(select(District.id).where(District.adcode == "310115")).one())
    assert city.read_now(districts) == {managed}


def test_the_past_adds_up(city: Database) -> None:
    assert city.read_now(ledger.verify) == []
    trial = city.read_now(ledger.trial)
    assert trial.total_fen == sum(trial.by_account.values()) == 0
    assert any(balance for account, balance in trial.by_account.items() if account.startswith("commission"))


def test_nobody_was_in_two_places_at_once(city: Database) -> None:
    visits: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for order in city.read_now(lambda s: s.exec(select(Order).where(col(Order.status).in_(SERVED))).all()):
        visits[order.technician_id or 0].append((order.start_at, order.end_at))

    assert sum(map(len, visits.values())) > 60
    for ordered in (sorted(own) for own in visits.values()):
        assert all(end <= start for (_, end), (start, _) in pairwise(ordered))


def test_the_team_of_the_full_city_is_as_mixed_as_a_real_one() -> None:
    today = date(2026, 3, 2)
    team = people.technicians(7, today, seed.FULL.technicians)
    papers = [paper for worker in team for paper in worker.papers]
    approved = [paper for paper in papers if paper.status is CertificateStatus.APPROVED]

    assert len(team) == 64
    assert len({worker.phone for worker in team}) == 64
    assert all(worker.phone.startswith("1990000") for worker in team)
    assert {worker.level for worker in team} == set(type(team[0].level))
    assert any(today <= p.expires_on <= today + timedelta(days=30) for p in approved), "some expire soon"
    assert any(p.expires_on < today for p in approved), "some have expired"
    assert {CertificateStatus.PENDING, CertificateStatus.REJECTED} <= {p.status for p in papers}
    assert len(people.customers(7, today, seed.FULL.customers)) == 320
