"""Paying: what is due, how long the time is held, and how it ended. The payment itself is a form post (`api.payments`)."""

import asyncio

import reflex as rx

from servicehub import bus
from servicehub.db import database
from servicehub.queries.customer import payments
from servicehub.state.base import handler, roles
from servicehub.state.customer.base import CustomerPage, order_number
from servicehub.viewmodels.customer.booking import PayItem, PayOutcome
from servicehub.viewmodels.customer.orders import MoneyMove
from servicehub.workflows import checkout


@roles("customer")
class PayState(CustomerPage, rx.State):
    """The cashier's sheet."""

    item: PayItem = PayItem()
    methods: list[str] = []
    """What may be paid with, the first one chosen at first."""

    @handler(background=True)
    async def watch(self) -> None:
        """Read, and again when the order changes: it may be paid or closed elsewhere. Without an order nothing is due."""
        if not self._query("o", 16):
            async with self:
                self.item, self.ready = PayItem(), True
            return
        await self._watch([bus.order(order_number(self._query("o", 16)))], self._reload)

    async def _reload(self) -> None:
        item = await self._read(payments.pay_item, order_number(self._query("o", 16)))
        async with self:
            self.item, self.ready, self.problem = item, True, ""
            self.methods = list(checkout.methods())

    @handler
    async def expired(self) -> None:
        """The countdown reached 0."""
        self.item = await self._read(payments.pay_item, order_number(self._query("o", 16)))


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
        asking = asyncio.create_task(checkout.look(database(), await self._actor(), no))
        try:
            await self._watch([bus.order(no)], self._reload, every_s=4)
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def _reload(self) -> None:
        outcome = await self._read(payments.outcome, order_number(self._query("o", 16)))
        async with self:
            if outcome != self.outcome or not self.ready:
                self.outcome, self.ready, self.problem = outcome, True, ""
