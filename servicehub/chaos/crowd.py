"""Who pays while the application is being killed: customers, a technician at each of their doors, an operator who gives back.

Everybody asks again, with the same words, until an answer comes: that is all they know of what happens on the other side.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import httpx

from servicehub.domain.payment import OURS
from servicehub.gateway_sim.serving import Running

PEOPLE = 6
ASK_EVERY_S, ASK_FOR_S, TIMEOUT_S = 0.1, 180.0, 6.0
METHODS = ("wechat", "alipay", "card")


class GaveUp(RuntimeError):
    """The application did not answer for a minute, through all its lives."""


@dataclass(frozen=True, slots=True)
class Place:
    """What there is to be booked."""

    customer_id: int
    city_id: int
    slug: str
    later_slug: str
    """Paid after the service, with a guarantee."""
    address_id: int
    openings: Sequence[tuple[int, datetime]]
    first_day: str = ""
    """The platforms' day on which it begins."""


@dataclass(slots=True)
class Crowd:
    """`walk(i)` is the story of order `i`, the same for the same seed as far as chance goes; threads and deaths do the rest."""

    place: Place
    address: str
    sim: Running
    seed: int
    did: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def visit(self, numbers: range, *, enough: Callable[[], bool]) -> int:
        """Walk through all of these stories, until it is enough; returns how many were begun."""
        left = iter(numbers)
        begun = 0

        def stories() -> None:
            nonlocal begun
            while True:
                with self._lock:
                    number = None if enough() else next(left, None)
                    begun += number is not None
                if number is None:
                    return
                self.walk(number)

        with ThreadPoolExecutor(PEOPLE) as pool:
            for done in [pool.submit(stories) for _ in range(PEOPLE)]:
                done.result()
        return begun

    def walk(self, number: int) -> None:
        """Book, go to one cashier or two or give a guarantee, pay or not, then cancel, be served, or do nothing."""
        dice = random.Random(self.seed * 7919 + number)
        technician_id, start_at = self.place.openings[number]
        later = dice.choice(METHODS) if dice.random() < 0.3 else ""
        wish = {
            "service_slug": self.place.later_slug if later else self.place.slug, "quantity": 1,
            "address_id": self.place.address_id, "coupon": "none", "guarantee": later,
            "start_at": start_at.isoformat(), "technician_id": technician_id,
        }  # fmt: skip
        no = self.ask("book", customer=self.place.customer_id, city=self.place.city_id, request=wish)
        if no is None:
            return
        if dice.random() < 0.3:
            self.ask("credit", no=no, fen=dice.randrange(500, 6_000), key=f"{self.seed % 1000:08x}{number:08x}")
        if later:
            pays = [(later, self.ask("secure", no=no, method=later))]
        else:
            methods = list(dice.sample(METHODS, 2 if dice.random() < 0.25 else 1))
            pays = [
                (method, self.ask("pay", no=no, method=method, ours=OURS if dice.random() < 0.5 else ()))
                for method in methods
            ]
        pays = [(method, cashier) for method, cashier in pays if cashier and dice.random() < 0.85]
        fate = dice.random()
        act = self._agree if later else self._pay
        visits: list[Callable[[], Any]] = [partial(act, *at) for at in pays]
        if fate < 0.35:
            self._at_once([*visits, partial(self.ask, "cancel", no=no)], dice)
            return
        self._at_once(visits, dice)
        if pays and fate < 0.85:
            self._be_served(no, dice, pays if not later else [])
            self._withdraw(technician_id, dice)
        if dice.random() < 0.1:
            self.ask("reconcile", first=self.place.first_day)

    def _at_once(self, acts: list[Callable[[], Any]], dice: random.Random) -> None:
        dice.shuffle(acts)
        threads = [threading.Thread(target=act) for act in acts]
        for thread in threads:
            thread.start()
            time.sleep(dice.random() * 0.1)
        for thread in threads:
            thread.join()

    def _be_served(self, no: str, dice: random.Random, paid: Sequence[tuple[str, dict[str, str]]]) -> None:
        """The visit, perhaps with something more; then a thank-you, something back, or a bank that takes the payment back."""
        if paid and dice.random() < 0.3 and self._served(no, "in_service") == "in_service":
            proposal = self.ask("propose", no=no)
            if proposal is not None:
                self._pay_more(no, dice, proposal=proposal)
        self._served(no)
        if self.ask("confirm", no=no) != "completed":
            return
        if dice.random() < 0.3:
            self._pay_more(no, dice, tip_fen=dice.randrange(200, 2_000))
        if len(paid) == 1 and paid[0][0] == "card" and dice.random() < 0.5:
            self._take_back(paid[0][1]["no"], dice)
        elif dice.random() < 0.5:
            self.ask("give_back", no=no, fen=dice.randrange(1, 6_000))

    def _served(self, no: str, until: str = "") -> str:
        status = ""
        for _ in range(200):
            status = str(self.ask("serve", no=no, until=until))
            if status in ("awaiting_confirm", "expired", "cancelled", until):
                break
            time.sleep(ASK_EVERY_S)
        return status

    def _pay_more(self, no: str, dice: random.Random, **what: int) -> None:
        method = dice.choice(METHODS)
        cashier = self.ask("pay_more", no=no, method=method, **what)
        if cashier and dice.random() < 0.85:
            self._pay(method, cashier)

    def _take_back(self, no: str, dice: random.Random) -> None:
        """The payer's bank takes a card's payment back, and mostly decides for one of both in the end."""
        disputed = self._there(self.sim.stripe.dispute, no)
        if not disputed:
            return
        self._count("taken back by a bank")
        time.sleep(dice.random())
        if dice.random() < 0.8:
            self._there(self.sim.stripe.decide, disputed, dice.choice(("won", "lost")))

    def _withdraw(self, technician_id: int, dice: random.Random) -> None:
        """Half of the technicians are paid at WeChat, which asks them first."""
        channel = "wechat" if technician_id % 2 else "alipay"
        asked = self.ask("withdraw", technician_id=technician_id, channel=channel)
        if channel == "alipay" or not asked or not asked["no"]:
            return
        answer = dice.choice(("confirm", "confirm", "fail", "expire", "give_up", "give_up"))
        for _ in range(100):
            done = (
                self.ask("give_up", no=asked["no"]) not in (None, "unknown")
                if answer == "give_up"
                else self._there(getattr(self.sim.wechat.transfers, answer), asked["no"])
            )
            if done:
                self._count(f"payee: {answer}")
                return
            time.sleep(ASK_EVERY_S)

    def payees_agree(self) -> None:
        """Whoever was not asked yet, or has not answered, says yes."""
        for no, transfer in list(self.sim.platform.numbered("wechat-transfer")):
            if transfer["state"] in ("WAIT_USER_CONFIRM", "TRANSFERING"):
                self._there(self.sim.wechat.transfers.confirm, no)

    def _there(self, act: Callable[..., Any], *args: Any) -> Any:
        """Do something on the platforms' side, where their own loop runs."""

        async def now() -> Any:
            return act(*args)

        return asyncio.run_coroutine_threadsafe(now(), self.sim.loop).result(TIMEOUT_S)

    def _pay(self, method: str, cashier: dict[str, str]) -> None:
        if not cashier["no"]:
            self._count("paid by tenders of ours")
            return
        self._at_platform(method, "pay", cashier, "paid")

    def _agree(self, method: str, page: dict[str, str]) -> None:
        self._at_platform(method, "pay" if method == "card" else "confirm", page, "secured")

    def _at_platform(self, method: str, act: str, page: dict[str, str], done: str) -> None:
        """Open the platform's page and do there what is to be done."""
        try:
            httpx.get(page["url"], follow_redirects=True, trust_env=False, timeout=TIMEOUT_S)
        except httpx.HTTPError:
            return
        sim: dict[str, Any] = {"wechat": self.sim.wechat, "alipay": self.sim.alipay, "card": self.sim.stripe}
        took = bool(self._there(getattr(sim[method], act), page["no"]))
        for said in (done, f"{done} by {method}") if took else ("turned away",):
            self._count(said)

    def ask(self, act: str, **given: Any) -> Any:
        """What was said; None for a refusal. Raises: GaveUp."""
        until, last = time.monotonic() + ASK_FOR_S, ""
        while time.monotonic() < until:
            try:
                said = httpx.post(f"{self.address}/do/{act}", json=given, timeout=TIMEOUT_S, trust_env=False)
            except httpx.HTTPError:
                self._count("unanswered")
            else:
                if said.status_code < 500:
                    if said.status_code == 200:
                        self._count(act)
                        return said.json()
                    self._count(f"{act} refused: {said.json().get('refused', '')}")
                    return None
                self._count(f"{act} failed")
                last = said.text[:200]
            time.sleep(ASK_EVERY_S)
        raise GaveUp(f"{act} {given}: {last}")

    def _count(self, what: str) -> None:
        with self._lock:
            self.did[what] += 1
