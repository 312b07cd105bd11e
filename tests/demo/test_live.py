"""The live city: a visitor is served in a minute or two, one who goes online is soon asked, and neither is ever steered."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from servicehub import db
from servicehub.adapters import gateway as channels
from servicehub.adapters.gateway_simulator import GatewaySimulator
from servicehub.db import Database
from servicehub.demo import seed
from servicehub.demo.live import LiveCity
from servicehub.domain.access import Actor, Role
from servicehub.domain.offer import OfferStatus
from servicehub.domain.order import OrderStatus
from servicehub.jobs import ticks
from servicehub.jobs.pulse import run_ticks
from servicehub.models.customer import Address
from servicehub.models.dispatch import Offer
from servicehub.models.order import Order, OrderLog
from servicehub.models.technician import Technician
from servicehub.services import ledger, orders, technicians
from servicehub.settings import Settings
from servicehub.workflows import checkout
from tests.conftest import FixedClock

S = OrderStatus
STEP_S = 2
DUTIES = [duty.__name__ for duty in (ticks.expire_offers, ticks.dispatch_orders, ticks.fire_order_timers)]


class Visit:
    """A city that lives only while it is watched."""

    def __init__(self, database: Database, folder: Path, clock: FixedClock) -> None:
        self.database, self.clock = database, clock
        self.city = LiveCity(database, Settings(data_dir=folder, env="demo"), speed=60)
        cast = self.city.cast
        self.customer = Actor(cast.visitor_customer, Role.CUSTOMER, cast.city.id or 0)
        user_id = database.read_now(lambda s: s.get_one(Technician, cast.visitor_technician).user_id)
        self.technician = Actor(user_id, Role.TECHNICIAN, cast.city.id or 0, cast.visitor_technician)
        asyncio.run(self.city._do(self.city._open_day))

    def watch(self, seconds: int, until: Callable[[Session], object]) -> bool:
        """Let the city live for at most so long; whether it came to that."""

        async def living() -> bool:
            for _ in range(seconds // STEP_S):
                await self.city.step(self.clock.now)
                run_ticks(self.database, self.clock.now, only=DUTIES)
                if self.database.read_now(until):
                    return True
                self.clock.advance(seconds=STEP_S)
            return False

        return asyncio.run(living())


@pytest.fixture(scope="module")
def seeded(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a small city; copy it."""
    folder = tmp_path_factory.mktemp("seeded")
    shutil.copyfile(sqlite_template, folder / "servicehub.db")
    database = Database(Settings(data_dir=folder, env="demo"))
    seed.seed_city(database, now=FixedClock().now, scale=seed.SMALL)
    database.close()
    return folder / "servicehub.db"


@pytest.fixture
def visit(seeded: Path, tmp_path: Path, fixed_clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Visit]:
    channel = GatewaySimulator(tmp_path / "channel.db")
    monkeypatch.setattr(channels, "simulator", lambda: channel)
    monkeypatch.setattr(checkout, "simulator", lambda: channel)
    shutil.copyfile(seeded, tmp_path / "servicehub.db")
    database = db.open_database(f"sqlite:///{tmp_path / 'servicehub.db'}")
    yield Visit(database, tmp_path, fixed_clock)
    db.close_database()
    channel.close_file()


def _booked(visit: Visit) -> str:
    """An order of the visitor's, as soon as possible, paid."""
    address = visit.database.read_now(
        lambda s: s.exec(select(Address.id).where(Address.customer_id == visit.customer.user_id)).first()
    )
    wish = orders.BookingRequest(
        service_slug="cleaning-2h", quantity=1, add_ons=(), address_id=address or 0, start_at=None
    )
    no = visit.database.write_now(orders.create, visit.customer, wish, now=visit.clock.now)
    checkout._pay_in_simulator(visit.database, visit.customer, no, "wechat")
    return no


def test_a_visitor_who_books_is_served_within_two_minutes(visit: Visit) -> None:
    no = _booked(visit)
    began = visit.clock.now

    def finished(session: Session) -> bool:
        return session.exec(select(Order.status).where(Order.no == no)).one() is S.AWAITING_CONFIRM

    assert visit.watch(120, finished), f"after {visit.clock.now - began}"
    order = visit.database.read_now(lambda s: s.exec(select(Order).where(Order.no == no)).one())
    log = visit.database.read_now(lambda s: s.exec(select(OrderLog).where(OrderLog.order_id == order.id)).all())
    assert [row.event for row in log][-4:] == ["depart", "arrive", "start", "finish_paid"]
    assert not visit.watch(60, lambda s: s.get_one(Order, order.id).status is S.COMPLETED), (
        "that is the visitor's to say"
    )
    assert visit.database.read_now(ledger.verify) == []


def test_a_visitor_who_goes_online_is_asked_and_answers_alone(visit: Visit) -> None:
    visit.database.write_now(technicians.set_online, visit.technician, on=True, now=visit.clock.now)

    def asked(session: Session) -> Offer | None:
        query = select(Offer).where(Offer.technician_id == visit.technician.technician_id)
        return session.exec(query.where(Offer.status == OfferStatus.OPEN)).first()

    assert visit.watch(90, asked)
    offer = visit.database.read_now(asked)
    assert offer is not None
    assert visit.watch(300, lambda s: s.get_one(Offer, offer.id).status is not OfferStatus.OPEN)
    assert visit.database.read_now(lambda s: s.get_one(Offer, offer.id).status) is OfferStatus.EXPIRED


def test_nobody_speaks_for_the_visitors(visit: Visit) -> None:
    before = visit.database.read_now(lambda s: len(s.exec(select(OrderLog.id)).all()))
    visit.watch(120, lambda _s: False)

    visitors = [visit.customer.user_id, visit.technician.user_id]
    said = visit.database.read_now(lambda s: s.exec(select(OrderLog).where(col(OrderLog.id) > before)).all())
    assert len(said) > 20, "the city lives"
    assert [row for row in said if row.actor_id in visitors] == []
    assert visit.database.read_now(ledger.verify) == []
