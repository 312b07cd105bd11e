"""A company is paid through the real libraries: claimed, unfrozen, returned and refunded at the simulated platforms, job by job."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from sqlmodel import Session, col, select

from servicehub.adapters import gateway as channels
from servicehub.db import Database
from servicehub.domain.access import Actor, OperatorRole, Role
from servicehub.domain.channel import Report
from servicehub.domain.payment import RefundStatus
from servicehub.domain.sharing import ShareKind, ShareStatus
from servicehub.gateway_sim.platform import Faults
from servicehub.gateway_sim.serving import Running
from servicehub.jobs import handlers as handlers  # noqa: PLC0414 - registers them
from servicehub.jobs.recorder import Recorder, run_deferred
from servicehub.models.account import User
from servicehub.models.order import Order
from servicehub.models.payment import Refund
from servicehub.models.sharing import Share
from servicehub.services import ledger, refunds, shares
from servicehub.services.payments import Outcome
from servicehub.settings import get_settings
from servicehub.workflows import checkout, sharing
from tests import journey
from tests.city import NOW
from tests.conftest import FixedClock
from tests.journey import World
from tests.platforms import listening

__all__ = ["listening"]  # a fixture that these tests ask for


@pytest.fixture
def sim(listening: Running, fixed_clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """The installation is a partner's, with the simulated accounts; shares are judged two minutes later."""
    variables = listening.environment() | {
        "SERVICEHUB_PAYMENT_CHANNELS": '["wechat", "alipay"]',
        "SERVICEHUB_SETTLEMENT_MODE": "partner",
    }
    with monkeypatch.context() as only_here:
        for name, value in variables.items():
            only_here.setenv(name, value)
        _forget()
        assert get_settings().unsafe()[1:] == []  # but the development secret
        listening.platform.faults = Faults(hold=True, share_ahead_s=120)
        fixed_clock.set(NOW)
        yield listening
    _forget()


def _forget() -> None:
    get_settings.cache_clear()
    channels.forget()


class Shop(World):
    """A world whose customers pay at a platform's cashier."""

    running: Running
    method: str

    def pay(self, order: Order) -> Outcome:
        asked = checkout.intend(
            self.session, self.customer, order.no, self.method, self.method, locale="zh", now=self.now
        )
        channel = channels.gateway(self.method)
        assert httpx.get(channel.open(asked).url, follow_redirects=True, trust_env=False).status_code == 200
        platform = getattr(self.running, self.method)

        async def pay() -> bool:
            return bool(platform.pay(asked.no))

        assert asyncio.run_coroutine_threadsafe(pay(), self.running.loop).result(60)
        said = channel.query(asked.no)
        report = Report(self.method, f"e-{asked.no}"[:64], "payment", asked.no, said.amount_fen, said.channel_no)
        return checkout.apply(self.session, report, now=self.now)


@pytest.fixture(params=["wechat", "alipay"])
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def order_no(sqlite_database: Database, sim: Running, method: str) -> str:
    """A visit that was paid, done and confirmed."""

    def prepare(session: Session) -> str:
        world = journey.build(session)
        shop = Shop(session, world.town, world.customer, world.address_id, world.technicians)
        shop.running, shop.method = sim, method
        return shop.completed().no

    return sqlite_database.write_now(prepare)


def statuses(database: Database, kind: ShareKind) -> list[ShareStatus]:
    def read(session: Session) -> list[ShareStatus]:
        return [row.status for row in session.exec(select(Share).where(Share.kind == kind).order_by(col(Share.id)))]

    return database.read_now(read)


def books(database: Database) -> dict[str, int]:
    return {account: fen for account, fen in database.read_now(ledger.trial).by_account.items() if fen}


def ask_back(database: Database, order_no: str, fen: int) -> None:
    def write(session: Session) -> None:
        order = session.exec(select(Order).where(Order.no == order_no)).one()
        refunds.request(session, order, fen, "after_sale", now=NOW)

    database.write_now(write)


def at_platform(sim: Running, method: str) -> tuple[int, int]:
    """What the platform's books say of the newest payment: shared, refunded."""
    paid = [one for one in sim.platform.every(method) if "shared" in one or one.get("refunded")][-1]
    return paid.get("shared", 0), paid["refunded"]


@pytest.fixture(autouse=True)
def _empty(listening: Running) -> None:
    listening.platform.forget()


def test_claimed_unfrozen_and_after_a_refund_returned(
    sqlite_database: Database, sim: Running, method: str, order_no: str, recorder: Recorder, fixed_clock: FixedClock
) -> None:
    assert f"cash:{method}" not in books(sqlite_database)
    run_deferred(sqlite_database, recorder)

    assert statuses(sqlite_database, ShareKind.SHARE) == [ShareStatus.SUCCEEDED]
    assert statuses(sqlite_database, ShareKind.UNFREEZE) == [ShareStatus.SUCCEEDED]
    assert books(sqlite_database)[f"cash:{method}"] == 2_500
    assert at_platform(sim, method) == (2_500, 0)

    ask_back(sqlite_database, order_no, 4_000)
    run_deferred(sqlite_database, recorder)
    assert at_platform(sim, method) == (1_500, 4_000)
    assert books(sqlite_database)[f"cash:{method}"] == 1_500

    fixed_clock.advance(minutes=2)  # what a platform wants between two refunds of a payment
    ask_back(sqlite_database, order_no, 6_000)
    run_deferred(sqlite_database, recorder)
    assert at_platform(sim, method) == (0, 10_000)
    assert books(sqlite_database) == {}
    done = sqlite_database.read_now(lambda s: [refund.status for refund in s.exec(select(Refund))])
    assert done == [RefundStatus.SUCCEEDED] * 2
    assert sqlite_database.read_now(ledger.verify) == []


def test_lost_answers_and_errors_are_asked_for_and_nothing_happens_twice(
    sqlite_database: Database, sim: Running, method: str, order_no: str, recorder: Recorder
) -> None:
    (job,) = [job.payload for job in recorder.jobs if job.name == "share"]
    sim.platform.faults.errors = 1
    sharing.send(sqlite_database, job)
    sim.platform.faults.lose_answers = 2
    for _ in range(3):
        sharing.send(sqlite_database, job)
    sim.platform.faults.lose_answers = 0
    run_deferred(sqlite_database, recorder)

    assert at_platform(sim, method) == (2_500, 0)
    assert books(sqlite_database)[f"cash:{method}"] == 2_500


def test_too_early_waits_and_a_refusal_waits_for_a_person(
    sqlite_database: Database, sim: Running, method: str, order_no: str, recorder: Recorder
) -> None:
    (job,) = [job.payload for job in recorder.jobs if job.name == "share"]
    sim.platform.faults.share_ahead_s = 0
    sharing.send(sqlite_database, job)
    assert statuses(sqlite_database, ShareKind.SHARE) == [ShareStatus.SENT]
    sim.platform.faults.share_ahead_s, sim.platform.faults.share_fails = 120, 1
    run_deferred(sqlite_database, recorder)
    assert statuses(sqlite_database, ShareKind.SHARE) == [ShareStatus.FAILED]
    assert statuses(sqlite_database, ShareKind.UNFREEZE) == [ShareStatus.NEW]

    def again(session: Session) -> None:
        city_id = session.exec(select(Order.city_id)).first() or 0
        who = session.exec(select(User.id)).first() or 0
        finance = Actor(who, Role.OPERATOR, city_id=city_id, operator_role=OperatorRole.FINANCE)
        refused = session.exec(select(Share.no).where(Share.kind == ShareKind.SHARE)).one()
        shares.retry(session, finance, refused, now=NOW)

    sqlite_database.write_now(again)
    run_deferred(sqlite_database, recorder)
    assert statuses(sqlite_database, ShareKind.SHARE) == [ShareStatus.SUCCEEDED]
    assert statuses(sqlite_database, ShareKind.UNFREEZE) == [ShareStatus.SUCCEEDED]


def test_a_full_refund_before_the_visit_needs_no_share(
    sqlite_database: Database, sim: Running, method: str, recorder: Recorder
) -> None:
    def prepare(session: Session) -> str:
        world = journey.build(session)
        shop = Shop(session, world.town, world.customer, world.address_id, world.technicians)
        shop.running, shop.method = sim, method
        order = shop.book()
        shop.pay(order)
        return order.no

    ask_back(sqlite_database, sqlite_database.write_now(prepare), 10_000)
    run_deferred(sqlite_database, recorder)

    assert at_platform(sim, method) == (0, 10_000)
    assert books(sqlite_database) == {}
