"""Paying: what is due, how long the time is held, and how it ended. The payment itself is a form post (`api.payments`)."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import reflex as rx
import segno

from servicehub import bus
from servicehub.db import database
from servicehub.domain.access import Actor
from servicehub.domain.channel import Scene
from servicehub.domain.payment import CASH, OURS, POINTS, WALLET
from servicehub.queries.customer import payments
from servicehub.state import reflex_internals
from servicehub.state.base import handler, roles
from servicehub.state.customer.base import CustomerPage, order_number, whole
from servicehub.texts import N_, say
from servicehub.viewmodels.customer.booking import PayItem, PayOutcome
from servicehub.viewmodels.customer.orders import MoneyMove
from servicehub.workflows import checkout, guaranteeing


@contextlib.asynccontextmanager
async def _asked_meanwhile(actor: Actor, no: str) -> AsyncIterator[None]:
    """The channel, which may be slow, is asked about what is open of an order while its page is followed."""
    asking = asyncio.create_task(checkout.look(database(), actor, no))
    try:
        yield
    finally:
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


class CashierPage(CustomerPage, mixin=True):
    """Mixin of the pages on which something is paid."""

    def _addon(self) -> int:
        """Which proposal the address names; 0 for none."""
        return whole(self._query("addon", 15) or "0", 0, 10**12)


@roles("customer")
class PayState(CashierPage, rx.State):
    """The cashier's sheet."""

    item: PayItem = PayItem()
    methods: list[str] = []
    """What may be paid with, the first one chosen at first."""
    asked: str = ""
    """The query that the address had when `item` was read."""
    with_points: bool = False
    """Whether the customer's points pay what they can…"""
    with_balance: bool = False
    """…and the balance."""

    @handler(background=True)
    async def watch(self) -> None:
        """Read, and again when the order changes: it may be paid or closed elsewhere. Without an order nothing is due.

        Who closed the page while he was paying and comes back may have paid: the channel is asked meanwhile.
        """
        asked = (self._query("o", 16), str(self._tip() or ""), str(self._addon() or ""))
        async with self:
            for last in (ScanState, ResultState):
                (await self.get_state(last))._forget()
            if asked != (
                self.item.no,
                self.item.tip,
                self.item.addon,
            ):  # the sheet of another payment is never shown for this one
                self.item, self.ready, self.with_points, self.with_balance = PayItem(), not asked[0], False, False
        if not asked[0]:
            return
        no = order_number(asked[0])
        async with _asked_meanwhile(await self._actor(), no):
            await self._watch([bus.order(no)], self._reload)

    async def _reload(self) -> None:
        item = await self._sheet()
        async with self:
            self.item, self.ready, self.problem, self.asked = item, True, "", reflex_internals.page_search(self)
            chosen, may = item.guarantee, guaranteeing.offered()
            usual = [name for name in checkout.methods() if name != CASH or item.takes_cash]
            self.methods = sorted(may, key=lambda name: name != chosen) if item.secures else usual

    @handler
    async def toggle_balance(self) -> None:
        """Pay with the balance what it can, or leave it."""
        self.with_balance = not self.with_balance
        self.item = await self._sheet()

    @handler
    async def toggle_points(self) -> None:
        """Pay with points what they can, or keep them."""
        self.with_points = not self.with_points
        self.item = await self._sheet()

    @handler
    async def expired(self) -> None:
        """The countdown reached 0."""
        self.item = await self._sheet()

    async def _sheet(self) -> PayItem:
        chosen = {POINTS: self.with_points, WALLET: self.with_balance}
        ours = tuple(tender for tender in OURS if chosen[tender])
        no = order_number(self._query("o", 16))
        return await self._read(payments.pay_item, no, self._tip(), ours, self._addon())

    def _tip(self) -> int:
        """The tip that the address names, in fen (`tip`) or in yuan (`yuan`); 0 for none, -1 for what is no amount."""
        fen, yuan = self._query("tip", 6), self._query("yuan", 4)
        text = fen or (f"{yuan}00" if yuan else "")
        if not text:
            return 0
        return int(text) if text.isascii() and text.isdigit() else -1


@roles("customer")
class ScanState(CashierPage, rx.State):
    """A payment that is made beside this page: its code is scanned, or WeChat's own browser asks for the password."""

    item: PayItem = PayItem()
    method: str = ""
    picture: str = ""
    """The code as a picture, a data address."""
    scan: str = ""
    """Where a visitor of a demo scans it."""
    params: str = ""
    """JSON that WeChat's browser is called with."""

    @handler(background=True)
    async def watch(self) -> None:
        """Open the payment, show it, and follow it until it has ended."""
        no = order_number(self._query("o", 16))
        async with self:
            self._forget()
        tip = whole(self._query("tip", 6) or "0", 0, 999_999)
        shown = await self._read(payments.pay_item, no, tip, (), self._addon())
        if shown.is_due:
            await self._open(no)
        async with self:
            self.item, self.ready, self.problem = shown, True, ""
        await self._watch([bus.order(no)], self._reload, every_s=4)

    def _forget(self) -> None:
        """WeChat's browser is called by what the page shows: never again with what an earlier attempt has left."""
        self.item, self.picture, self.params, self.scan, self.ready = PayItem(), "", "", "", False

    async def _open(self, no: str) -> None:
        scene = Scene.WECHAT if self._query("s", 8) == Scene.WECHAT else Scene.DESKTOP
        method, tip = self._query("m", 16), whole(self._query("tip", 6) or "0", 0, 999_999)
        action = await checkout.start(
            database(), await self._actor(), no, method, locale=self._locale(), tip_fen=tip, proposal_id=self._addon(),
            ours=tuple(name for name in OURS if name in self._query("with", 40).split(",")), scene=scene,
        )  # fmt: skip
        async with self:
            self.method = method
            self.params = json.dumps(dict(action.params)) if action.kind == "jsapi" else ""
            if action.kind == "qr":
                self.picture = segno.make(action.url, error="m").svg_data_uri(scale=8, border=2)
                self.scan = checkout.demo_scan(checkout.methods().get(method, ""), action.url)
            if action.kind == "redirect":
                await self._effect(f"go:{action.url}" if action.url.startswith("/") else "")

    async def _reload(self) -> None:
        """Whatever ended the payment is told on the page of results."""
        no = order_number(self._query("o", 16))
        ended = await self._read(payments.outcome, no)
        if ended.state != "pending":
            async with self:
                await self._effect(f"go:{self._to('/pay/result/')}?o={no}")

    @handler
    async def done(self) -> rx.event.EventSpec:
        """WeChat's browser says that it was paid: the page of results asks the channel."""
        return rx.redirect(f"{self._to('/pay/result/')}?o={order_number(self._query('o', 16))}")

    @handler
    async def gave_up(self) -> rx.event.EventSpec:
        """Not paid: back to the choice of methods."""
        await self._toast(say(self._locale(), N_("The payment was not made. You can choose again.")))
        addon = f"&addon={self._addon()}" if self._addon() else ""
        return rx.redirect(f"{self._to('/pay/')}?o={order_number(self._query('o', 16))}{addon}")


@roles("customer")
class PaymentHistoryState(CustomerPage, rx.State):
    """Everything that was paid and given back."""

    rows: tuple[MoneyMove, ...] = ()

    @handler(background=True)
    async def watch(self) -> None:
        """Read, and again when something of this customer changes."""
        await self._watch([bus.customer((await self._actor()).user_id)], self._reload)

    async def _reload(self) -> None:
        rows = await self._read(payments.history)
        async with self:
            self.rows, self.ready, self.problem = rows, True, ""


@roles("customer")
class ResultState(CustomerPage, rx.State):
    """How the payment ended; it may still be on its way when the customer comes back."""

    outcome: PayOutcome = PayOutcome()

    @handler(background=True)
    async def watch(self) -> None:
        """Read, and again when the order changes or every few seconds; the channel, which may be slow, is asked meanwhile."""
        no = order_number(self._query("o", 16))
        async with self:
            if self.outcome.no != no:
                self._forget()
        async with _asked_meanwhile(await self._actor(), no):
            await self._watch([bus.order(no)], self._reload, every_s=4)

    def _forget(self) -> None:
        """How one payment ended is never shown for the next, which may be another one of the same order."""
        self.outcome, self.ready = PayOutcome(), False

    async def _reload(self) -> None:
        outcome = await self._read(payments.outcome, order_number(self._query("o", 16)))
        if outcome.state == "pending" and self._query("failed", 1) == "1":
            outcome = replace(outcome, state="failed")
        async with self:
            if outcome != self.outcome or not self.ready:
                self.outcome, self.ready, self.problem = outcome, True, ""
