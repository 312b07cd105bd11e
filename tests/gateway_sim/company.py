"""A company that is paid at a platform's cashier, one visit of which was done, and what both sides may do the day after."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import Session, col, select

from servicehub.adapters import gateway as channels
from servicehub.adapters import sharing as ports
from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole
from servicehub.domain.channel import Report
from servicehub.domain.reconciliation import DifferenceKind, LineKind
from servicehub.domain.sharing import ShareKind, ShareStatus
from servicehub.gateway_sim.serving import Running
from servicehub.jobs import handlers as handlers  # noqa: PLC0414 - registers them
from servicehub.jobs.recorder import Recorder, run_deferred
from servicehub.models.order import Order
from servicehub.models.reconciliation import Bill, Difference
from servicehub.models.sharing import Share
from servicehub.services import ledger, reconciliation, refunds
from servicehub.services.payments import Outcome
from servicehub.settings import get_settings
from servicehub.workflows import checkout, reconciling, sharing
from tests import journey
from tests.conftest import FixedClock
from tests.journey import World

Kept = tuple[DifferenceKind, LineKind, str, int, int]


class Visits(World):
    """A world whose customers pay at a platform's cashier."""

    running: Running
    channel: str

    def pay(self, order: Order) -> Outcome:
        asked = checkout.intend(
            self.session, self.customer, order.no, self.channel, self.channel, locale="zh", now=self.now
        )
        port = channels.gateway(self.channel)
        assert httpx.get(port.open(asked).url, follow_redirects=True, trust_env=False).status_code == 200
        platform = getattr(self.running, self.channel)

        async def pay() -> bool:
            return bool(platform.pay(asked.no))

        assert asyncio.run_coroutine_threadsafe(pay(), self.running.loop).result(60)
        said = port.query(asked.no)
        report = Report(self.channel, f"e-{asked.no}"[:64], "payment", asked.no, said.amount_fen, said.channel_no)
        return checkout.apply(self.session, report, now=self.now)


@dataclass
class Company:
    """A visit of ¥100, paid on one day and done on the next, whose commission of ¥25 is to be claimed."""

    database: Database
    sim: Running
    clock: FixedClock
    recorder: Recorder
    channel: str
    order_no: str
    finance: tuple[Actor, Actor]

    @property
    def today(self) -> date:
        return reconciliation.day_of(self.clock.now)

    def run(self) -> None:
        """Everything that was deferred."""
        run_deferred(self.database, self.recorder)

    def job(self, name: str = "share") -> dict[str, Any]:
        """The newest one of its name, which is not run by `run` any more."""
        found = [job for job in self.recorder.jobs if job.name == name][-1]
        self.recorder.jobs.remove(found)
        return found.payload

    def to_the_next_day(self) -> date:
        """Returns the day that has ended."""
        day = self.today
        while self.today == day:
            self.clock.advance(minutes=30)
        return day

    def lose_a_share(self) -> None:
        """The claim is carried out, and its answer lost."""
        at_channel = ports.sharing(self.channel)
        added = at_channel.add_receiver()
        with pytest.MonkeyPatch.context() as known:
            known.setattr(type(at_channel), "add_receiver", lambda _self: added)
            self.sim.platform.faults.lose_answers = 1
            sharing.send(self.database, self.job())

    def ask_back(self, fen: int) -> None:
        """A refund is promised, more than a minute after the last one."""
        self.clock.advance(minutes=2)

        def write(session: Session) -> None:
            order = session.exec(select(Order).where(Order.no == self.order_no)).one()
            refunds.request(session, order, fen, "after_sale", now=self.clock.now)

        self.database.write_now(write)

    def pull(self, day: date | None = None) -> int:
        return reconciling.pull(self.database, self.channel, day or self.today, now=self.clock.now)

    def bill(self, day: date | None = None) -> Bill:
        return self.database.read_now(lambda s: s.exec(select(Bill).where(Bill.day == (day or self.today))).one())

    def proof(self, day: date | None = None) -> tuple[int, int, int, int]:
        """Matched, of another day, and what neither account explains."""
        bill = self.bill(day)
        return bill.matched, bill.other_day, bill.unexplained_fen, bill.shared_unexplained_fen

    def differences(self) -> list[Kept]:
        rows = self.database.read_now(lambda s: s.exec(select(Difference).order_by(col(Difference.id))).all())
        return [(row.kind, row.line_kind, row.no, row.their_fen, row.our_fen) for row in rows]

    def agree(self) -> None:
        """Both people about everything that differs, and then the day is closed."""
        first, second = self.finance
        for found in self.database.read_now(lambda s: s.exec(select(Difference.id).order_by(col(Difference.id))).all()):
            write, now = self.database.write_now, self.clock.now
            write(reconciliation.propose, first, found, reason="与渠道核对", now=now)
            write(reconciliation.agree, second, found, now=now)
        self.close()

    def close(self, day: date | None = None) -> None:
        self.database.write_now(
            reconciliation.close, self.finance[0], self.channel, day or self.today, now=self.clock.now
        )

    def shares(self, kind: ShareKind = ShareKind.SHARE) -> list[Share]:
        query = select(Share).where(Share.kind == kind).order_by(col(Share.id))
        return self.database.read_now(lambda s: list(s.exec(query)))

    def statuses(self, kind: ShareKind = ShareKind.SHARE) -> list[ShareStatus]:
        return [row.status for row in self.shares(kind)]

    def balance(self, group: str) -> int:
        return self.database.read_now(ledger.balance, f"{group}:{self.channel}")

    def is_proven(self) -> bool:
        return self.database.read_now(ledger.verify) == []

    def alter(self, **changes: Any) -> None:
        """The platform's books have something else of the share: of its only part, or (`at`) of the share itself."""
        kind, parts = {"wechat": ("wechat-share", "receivers"), "alipay": ("alipay-settle", "parts")}[self.channel]
        no = self.shares()[0].no
        kept = self.sim.platform.get(kind, no)
        assert kept is not None
        at = {"at": changes.pop("at")} if "at" in changes else {}
        self.sim.platform.put(kind, no, kept | {parts: [kept[parts][0] | changes]} | at)


@pytest.fixture
def partner(sim: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The installation is a company's, with the simulated accounts."""
    sim.platform.forget()
    sim.platform.faults.hold = True
    variables = sim.environment() | {
        "SERVICEHUB_PAYMENT_CHANNELS": '["wechat", "alipay"]',
        "SERVICEHUB_SETTLEMENT_MODE": "partner",
    }
    with monkeypatch.context() as only_here:
        for name, value in variables.items():
            only_here.setenv(name, value)
        _forget()
        yield
    _forget()


def _forget() -> None:
    get_settings.cache_clear()
    channels.forget()


@pytest.fixture(params=["wechat", "alipay"])
def channel(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def company(
    partner: None, channel: str, database: Database, sim: Running, fixed_clock: FixedClock, recorder: Recorder
) -> Company:
    def prepare(session: Session) -> tuple[str, tuple[Actor, Actor], Any]:
        world = journey.build(session)
        visits = Visits(session, world.town, world.customer, world.address_id, world.technicians)
        visits.running, visits.channel = sim, channel
        no = visits.completed().no
        people = journey.operator(world, OperatorRole.FINANCE), journey.operator(world, OperatorRole.FINANCE)
        return no, people, visits.now

    order_no, finance, at = database.write_now(prepare)
    fixed_clock.set(at + timedelta(minutes=2))
    return Company(database, sim, fixed_clock, recorder, channel, order_no, finance)
