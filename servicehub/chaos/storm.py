"""`servicehub bench chaos`: money moves while the application is killed at random and at every point that has a name.

Customers, technicians and operators ask a process with the real services, channels and job engine; the simulated platforms lose,
double, delay and forge a third of their messages and swallow answers. The process dies at a labelled point or at any moment, and
is started again, until every point has been died at; what it leaves must be whole each time. Then nobody helps it: it has to come
to rest by itself, and all invariants of `proofs` must hold. The same is done with faults planted in the product, each of which
must be found.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from sqlmodel import Session

from servicehub import clock
from servicehub.bench import town
from servicehub.chaos import deeds, fuses, proofs, shop
from servicehub.chaos.crowd import Crowd, GaveUp, Place
from servicehub.db.database import Database
from servicehub.domain.access import OperatorRole, Role
from servicehub.domain.deposit import DEPOSIT_KIND
from servicehub.domain.order import PaymentPlan
from servicehub.gateway_sim.serving import Running, free_port, started
from servicehub.gateway_sim.wechat_transfer import PAYEE
from servicehub.models.account import User
from servicehub.models.catalog import AddOn, Policy, ServiceItem
from servicehub.services import reconciliation

RULES = {"rules": [{"id": "r1", "category": "daily", "bp": 1750}], "tax": {"bp": 2000, "from_fen": 5_000}}
"""Commission of the town: a rule and a tax, so that every part of a division is at stake."""
DEPOSIT = {"target_fen": 2_500, "share_bp": 1_500, "hold_days": 0}
"""Of each technician: reached while the storm lasts."""
TECHNICIANS = 48
RETRY_AFTER_S = (0.4, 0.8)
"""How long the platforms wait before they send a message again; then they give up."""
LIFE_S = (4.0, 10.0)
"""After so long a life ends by chance."""
ARMED = 3
"""A life is armed with one point in so many of those that are left, so that it does not always die at the first step."""
REST_S = 90.0
"""How long the application may take to come to rest."""
MUTANT_ORDERS, MUTANT_REST_S = 14, 40.0
MOST = 4
"""At most so many times the wanted orders are placed to reach every point."""


def measure(
    *,
    seed: int = 1,
    orders: int = 60,
    points: int = len(fuses.POINTS),
    only: str = "",
    url: str = "",
    told: Callable[[dict[str, Any]], None] = print,
) -> dict[str, Any]:
    """One storm over the product and one over each mutant (`only`: "product" or the name of one mutant).

    `points`: so many of the labelled ones, drawn by the seed. A mutant that does not even answer is not taken for found.

    Raises: ValueError for an unknown name or a database that is not empty.
    """
    if only not in ("", "product", *fuses.MUTANTS):
        raise ValueError(f"no mutant is called {only}")
    armed = random.Random(seed).sample(fuses.POINTS, points)
    result: dict[str, Any] = {"seed": seed, "orders": 0, "kills": 0, "violations": []}
    if only in ("", "product"):
        storm = Storm(seed, orders, armed, url=url)
        result |= storm.run()
        if points == len(fuses.POINTS):
            result["violations"] += [f"nobody died at {point}" for point in result["points_missed"]]
    mutants = [mutant for mutant in fuses.MUTANTS if only in ("", mutant)]
    caught = {}
    for mutant in mutants:
        storm = Storm(seed, MUTANT_ORDERS, list(_near(mutant)), mutant=mutant)
        outcome = storm.run()
        caught[mutant] = outcome["violations"] if outcome["answered"] else []
        told({"mutant": mutant, "found": caught[mutant][:2]})
    return result | {"mutants_planted": len(mutants), "mutants_caught": sum(map(bool, caught.values()))}


def _near(mutant: str) -> Iterator[str]:
    """Where the process dies to bring the mutant to light."""
    yield from {
        "new_number_on_retry": [
            *(f"{channel}.refund: answered" for channel in fuses.REQUESTS),
            *["refunds.record_result: uncommitted"] * 2,
        ],
        "books_outside": ["checkout.apply: committed"] * 3,
    }.get(mutant, [])


@dataclass(slots=True)
class Storm:
    """One run on a database and platforms of its own."""

    seed: int
    orders: int
    points: list[str]
    mutant: str = ""
    url: str = ""
    kills: int = 0
    died_at: Counter[str] = field(default_factory=Counter)
    torn: list[str] = field(default_factory=list)
    """What did not hold right after a death."""
    _process: BaseProcess | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> dict[str, Any]:
        """What happened, and what does not hold."""
        with TemporaryDirectory(prefix="servicehub-chaos-") as folder:
            home, log = Path(folder), Path(folder) / "deaths"
            address = self.url or f"sqlite:///{home / 'chaos.db'}"
            place = _made(address, self.orders * MOST)
            with started(home / "platforms", retry_after_s=RETRY_AFTER_S) as sim:
                sim.platform.refunds_apart = shop.REFUNDS_APART
                for technician_id, _start in place.openings:
                    openid = deeds.openid_of(technician_id)
                    sim.platform.put(PAYEE, openid, {"openid": openid})
                port = free_port()
                life = shop.Life(_environment(home, address, port, sim), port, frozenset(), log, self.mutant)
                crowd = Crowd(place, f"http://{deeds.HOST}:{life.port}", sim, self.seed)
                began = time.monotonic()
                placed, stuck = self._blow(life, crowd, log)
                blown = time.monotonic()
                left = self._rest(life, crowd)
                answered = not stuck and "silent" not in left
                seconds = {"storm": round(blown - began), "rest": round(time.monotonic() - blown)}
                money = proofs.money_of(sim.platform)
            found = stuck + self.torn[:5] + _judged(address, money, left)
        return {
            "orders": placed,
            "kills": self.kills + sum(self.died_at.values()),
            "points": len(set(self.died_at)),
            "points_missed": sorted(set(self.points) - set(self.died_at)),
            "seconds": seconds,
            "did": dict(sorted(crowd.did.items())),
            "messages": dict(Counter(map(_taken, sim.platform.sent))),
            "violations": found,
            "answered": answered,
        }

    def _blow(self, life: shop.Life, crowd: Crowd, log: Path) -> tuple[int, list[str]]:
        """How many orders were placed, and what nobody got an answer to."""
        placed, stuck = 0, list[str]()
        weather = threading.Thread(target=self._weather, args=(crowd.sim,), name="weather", daemon=True)
        reaper = threading.Thread(target=self._reap, args=(life, log), name="reaper", daemon=True)
        weather.start()
        reaper.start()
        try:
            placed = crowd.visit(range(min(self.orders, len(crowd.place.openings))), enough=lambda: False)
            more = range(self.orders, len(crowd.place.openings))
            placed += crowd.visit(more, enough=lambda: self._tried(log))
        except GaveUp as error:
            stuck.append(f"No answer to {error}")
        finally:
            self._over.set()
            weather.join()
            reaper.join()
        return placed, stuck

    def _tried(self, log: Path) -> bool:
        """Whether every point was died at, and a planted fault has had something to spoil."""
        return set(self.died_at) >= set(self.points) and (not self.mutant or shop.acted(log).exists())

    def _weather(self, sim: Running) -> None:
        """A third of the messages is lost; some are doubled, late or forged; some answers never come."""
        dice, faults = random.Random(self.seed), sim.platform.faults
        while not self._over.wait(0.2):
            faults.drop, faults.probe = 0.6 if self.mutant else 0.35, dice.random() < 0.3
            faults.duplicates, faults.delay_s = dice.choice((0, 0, 1, 2)), dice.random() * 0.6
            faults.forge = dice.random() < 0.15
            if dice.random() < 0.03:
                faults.lose_answers += 1
            if dice.random() < 0.01:
                faults.hang += 1
            if dice.random() < 0.05:
                faults.errors += 1
        faults.drop = faults.delay_s = 0.0
        faults.duplicates = faults.lose_answers = faults.hang = faults.errors = 0
        faults.forge = faults.probe = False

    def _reap(self, life: shop.Life, log: Path) -> None:
        """One life after the other; each is armed with some of the points at which none has died yet."""
        dice, waiting = random.Random(self.seed + 1), list(self.points)
        while not self._over.is_set():
            self._process = _born(life, dice.sample(waiting, -(-len(waiting) // ARMED)))
            ends = time.monotonic() + dice.uniform(*LIFE_S)
            while self._process.is_alive() and not self._over.is_set():
                if time.monotonic() > ends:
                    os.kill(self._process.pid or 0, signal.SIGKILL)
                    self.kills += 1
                    break
                self._process.join(0.05)
            if not self._over.is_set():
                self._process.join()
                self._examine(life)
            died = Counter(log.read_text("utf-8").splitlines() if log.exists() else [])
            for point in died - self.died_at:
                waiting.remove(point)
            self.died_at = died
        self._stop()

    def _examine(self, life: shop.Life) -> None:
        """While the process is dead: what it left must be whole."""
        database = Database(life.environment["SERVICEHUB_DATABASE_URL"])
        try:
            self.torn += database.read_now(proofs.torn)
        finally:
            database.close()

    def _rest(self, life: shop.Life, crowd: Crowd) -> dict[str, Any]:
        """A last life that nobody ends, until it has nothing more to do; what it has left, and what of the bills does not fit."""
        self._process = _born(life, ())
        until, left, differences = time.monotonic() + (MUTANT_REST_S if self.mutant else REST_S), dict[str, Any](), None
        try:
            for _ in range(2):  # a bill may bring what no message has told, and with it something more to do
                left = self._until_idle(crowd, until) or left
                differences = crowd.ask("reconcile", first=crowd.place.first_day)
        except GaveUp:
            return {"silent": True}
        finally:
            self._stop()
        if not left:
            return {"silent": True}
        return left | {"differences": ["no bill came"] if differences is None else differences}

    def _until_idle(self, crowd: Crowd, until: float) -> dict[str, Any]:
        left = dict[str, Any]()
        while time.monotonic() < until:
            time.sleep(0.3)
            crowd.payees_agree()
            try:
                left = httpx.get(f"{crowd.address}/left", timeout=5, trust_env=False).json()
            except httpx.HTTPError:
                continue
            if not any(left.values()):
                break
        return left

    def _stop(self) -> None:
        if self._process is not None and self._process.is_alive():
            self._process.kill()
            self._process.join()


def _born(life: shop.Life, armed: Collection[str]) -> BaseProcess:
    """The application's next life; what it needs was imported once, in the process that all lives are forked from."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["servicehub.chaos.nursery"])
    process = context.Process(target=shop.live, args=(replace(life, armed=frozenset(armed)),))
    process.start()
    return process


def _environment(home: Path, address: str, port: int, sim: Running) -> dict[str, str]:
    return sim.environment() | {
        "SERVICEHUB_DATA_DIR": str(home),
        "SERVICEHUB_DATABASE_URL": address,
        "SERVICEHUB_BASE_URL": f"http://{deeds.HOST}:{port}",
        "SERVICEHUB_PAYMENT_CHANNELS": '["wechat", "alipay", "stripe"]',
        "SERVICEHUB_REDIS_URL": "",
    }


def _made(address: str, count: int) -> Place:
    """An empty database becomes a town with openings from tomorrow on."""
    with town.opened(address) as database:
        return database.write_now(_built, count)


def _built(session: Session, count: int) -> Place:
    built = town.build(session, technicians=TECHNICIANS)
    slug, address_id = town.open_shop(session, built)
    terms = session.get_one(Policy, built.policy_id)
    terms.document = {**terms.document, "commission": RULES}
    session.add(terms)
    guarantee = Policy(city_id=built.city_id, kind=DEPOSIT_KIND, version=1, document=DEPOSIT, effective_at=town.START)
    session.add(guarantee)
    session.add(
        AddOn(
            service_item_id=built.item_id, slug=deeds.EXTRA, name_zh="擦窗", name_en="Windows", price_fen=3_000, minutes=10,
            max_quantity=3,
        )
    )  # fmt: skip
    for number in range(2):
        session.add(
            User(
                city_id=built.city_id,
                role=Role.OPERATOR,
                phone_enc="x",
                phone_index=f"chaos-{number}",
                operator_role=OperatorRole.FINANCE,
                created_at=town.START,
            )
        )
    session.flush()
    return Place(
        built.customer_id,
        built.city_id,
        slug,
        _paid_later(session, built.item_id),
        address_id,
        town.openings(session, built, count, now=clock.machine_now()),
        reconciliation.day_of(clock.machine_now()).isoformat(),
    )


def _paid_later(session: Session, item_id: int) -> str:
    """The same service paid after it; its slug."""
    same = session.get_one(ServiceItem, item_id).model_dump(exclude={"id"})
    later = ServiceItem(**{**same, "slug": "later", "payment_plan": PaymentPlan.AFTER})
    session.add(later)
    session.flush()
    return later.slug


def _judged(address: str, money: proofs.Money, left: dict[str, Any]) -> list[str]:
    database = Database(address)
    try:
        return database.read_now(proofs.violations, money, left)
    finally:
        database.close()


def _taken(sent: tuple[str, int]) -> str:
    """What became of a message that was not lost."""
    _url, status = sent
    return "taken" if 200 <= status < 300 else ("refused" if status else "not heard")
