"""A shop whose customer pays after the service with a guarantee, and the simulated platforms beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session, select

from servicehub.adapters import gateway as channels
from servicehub.adapters import guarantee as holds
from servicehub.db import Database
from servicehub.domain.access import Actor
from servicehub.domain.guarantee import METHODS
from servicehub.domain.order import OrderStatus, PaymentPlan
from servicehub.gateway_sim.serving import Running
from servicehub.jobs.recorder import Recorder
from servicehub.models.guarantee import Guarantee
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.services import fulfilment, ledger
from servicehub.services.payments import OutcomeKind
from servicehub.settings import Settings
from servicehub.workflows import checkout, guaranteeing
from tests import journey
from tests.conftest import FixedClock

PRICE = 10_000
KINDS = {"wechat": "payscore", "alipay": "freeze", "card": "stripe"}


@dataclass
class Shop:
    """One customer with one order that waits for a guarantee, and what both sides may do."""

    database: Database
    sim: Running
    clock: FixedClock
    method: str
    world: journey.World
    no: str

    def open(self, method: str = "") -> str:
        """To where the customer agrees; the guarantee's number."""
        chosen = method or self.method
        url = guaranteeing.start_now(self.database, self.customer, self.no, chosen, now=self.clock.now)
        assert httpx.get(url, follow_redirects=True, trust_env=False).status_code == 200
        return self.guarantees()[-1].no

    def act(self, what: str, number: str) -> bool:
        """confirm, refuse or collect, at the platform; its message is held."""
        side = getattr(self.sim, self.channel)

        async def now() -> bool:
            done: bool = getattr(side, what)(number)
            return done

        return asyncio.run_coroutine_threadsafe(now(), self.sim.loop).result(60)

    def hear(self, *, at: int = -1) -> list[OutcomeKind]:
        """One of the held messages arrives where it was sent."""
        url, message = self.sim.platform.held[at]
        raw, headers = message()
        receiver = guaranteeing if "/guarantees/" in url else checkout
        found = receiver.deliver(self.database, url.rsplit("/", 1)[-1], headers, raw, now=self.clock.now)
        return [outcome.kind for outcome in found]

    def hold(self) -> str:
        """Agreed to and heard of."""
        number = self.open()
        assert self.act("confirm", number)
        assert self.hear() == [OutcomeKind.HELD]
        return number

    def finish(self, due_fen: int = PRICE) -> None:
        """The visit was done; its price is another one, if the visit came to more or less."""

        def done(session: Session) -> None:
            world = replace(self.world, session=session, now=self.clock.now)
            order = world.order(self.no)
            order.total_fen = due_fen
            world.take(order)
            world.serve(order)
            world.finish(order)
            self.clock.now = world.now

        self.database.write_now(done)

    def on_the_way(self) -> None:
        """Somebody has accepted and departed."""

        def departs(session: Session) -> None:
            world = replace(self.world, session=session, now=self.clock.now)
            order = world.order(self.no)
            world.take(order)
            world.now = order.start_at - timedelta(minutes=30)
            fulfilment.depart(session, world.technician(order.technician_id), order.no, now=world.now)
            self.clock.now = world.now

        self.database.write_now(departs)

    @property
    def channel(self) -> str:
        return METHODS[self.method]

    @property
    def port(self) -> holds.Guarantees:
        return holds.guarantees(self.channel)

    def document(self, number: str) -> dict[str, Any]:
        """What the platform has in its books."""
        platform, kind = self.sim.platform, KINDS[self.method]
        found = self.sim.stripe.bill(number) if kind == "stripe" else platform.get(kind, number)
        assert found is not None
        return found

    def alter(self, number: str, **changes: Any) -> None:
        """The platform's books say something else from now on."""
        known = self.document(number)
        self.sim.platform.put(KINDS[self.method], known.get("id", number), known | changes)

    @property
    def customer(self) -> Actor:
        return self.world.customer

    def guarantees(self) -> list[Guarantee]:
        return self.database.read_now(lambda s: list(s.exec(select(Guarantee).order_by(Guarantee.id))))  # type: ignore[arg-type]

    def payments(self) -> list[Payment]:
        return self.database.read_now(lambda s: list(s.exec(select(Payment).order_by(Payment.id))))  # type: ignore[arg-type]

    def refunds(self) -> list[Refund]:
        return self.database.read_now(lambda s: list(s.exec(select(Refund).order_by(Refund.id))))  # type: ignore[arg-type]

    def status(self) -> OrderStatus:
        return self.database.read_now(lambda s: s.exec(select(Order).where(Order.no == self.no)).one()).status

    def cash(self) -> int:
        return self.database.read_now(ledger.balance, f"cash:{self.channel}")

    def is_proven(self) -> bool:
        return self.database.read_now(ledger.verify) == []


@pytest.fixture
def open_channels(accounts: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for module in (channels, holds):
        monkeypatch.setattr(module, "get_settings", lambda: accounts)
        module.forget()
    yield
    channels.forget()
    holds.forget()


@pytest.fixture(params=list(KINDS))
def method(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def shop(method: str, open_channels: None, database: Database, sim: Running, fixed_clock: FixedClock) -> Iterator[Shop]:
    def prepare(session: Session) -> tuple[journey.World, str]:
        world = journey.build(session, payment_plan=PaymentPlan.AFTER)
        return world, world.book(guarantee=method).no

    world, no = database.write_now(prepare)
    sim.platform.faults.hold = True
    yield Shop(database, sim, fixed_clock, method, world, no)
    sim.wechat.collects = True


def captured(shop: Shop, recorder: Recorder, tries: int = 1) -> None:
    for _ in range(tries):
        guaranteeing.capture(shop.database, recorder.named("guarantee_capture")[-1])
