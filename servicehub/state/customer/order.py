"""One order's page and the commands on it."""

from typing import Any

import reflex as rx

from servicehub import bus
from servicehub.errors import ProposalGone, ServiceHubError
from servicehub.queries.customer.order import order_page
from servicehub.services import orders, proposals
from servicehub.state.base import handler, roles
from servicehub.state.customer.base import CustomerPage, whole
from servicehub.texts import N_, say
from servicehub.viewmodels.customer.orders import OrderDetail

EVERY_S = 15
"""The estimated arrival moves on without a hint."""
LONGEST_REASON = 200
MOST_ID = 10**12


@roles("customer")
class OrderState(CustomerPage, rx.State):
    """The order that the address names."""

    order: OrderDetail = OrderDetail()

    @handler(background=True)
    async def watch(self) -> None:
        """Read, and again with everything that happens to the order."""
        async with self:
            if self.order.no != self._last_part():
                self.order, self.ready = OrderDetail(), False
        await self._watch([bus.order(self._order_no())], self._reload, every_s=EVERY_S)

    async def _reload(self) -> None:
        found = await self._read(order_page, self._order_no())
        async with self:
            if found != self.order:
                self.order = found
            self.ready, self.problem = True, ""

    @handler
    async def show(self) -> None:
        """Read again, when a countdown ended."""
        self.order = await self._read(order_page, self._order_no())

    @handler
    async def confirm(self) -> None:
        """The work is done."""
        await self._write(orders.confirm, self._order_no())
        await self._done(say(self._locale(), N_("Thank you for confirming")), "done")

    @handler
    async def accept(self, proposal: int) -> None:
        """Add what was proposed; it is paid with the balance."""
        await self._write(proposals.accept, self._order_no(), whole(proposal, 1, MOST_ID))
        await self._done(say(self._locale(), N_("Added to your visit")), "")

    @handler
    async def decline(self, proposal: int) -> None:
        """No, thank you."""
        await self._write(proposals.decline, self._order_no(), whole(proposal, 1, MOST_ID))
        await self._done(say(self._locale(), N_("Declined. Nothing changes.")), "")

    async def _refuse(self, error: ServiceHubError) -> Any:
        """A proposal that has ended meanwhile is taken off the page."""
        if isinstance(error, ProposalGone):
            self.order = await self._read(order_page, self._order_no())
        return await super()._refuse(error)

    @handler
    async def dispute(self, form: dict) -> None:
        """Open an after-sales case."""
        reason = str(form.get("reason", ""))[:LONGEST_REASON]
        await self._write(orders.dispute, self._order_no(), reason=reason)
        await self._done(say(self._locale(), N_("After-sales has your report")), "dispute")

    async def _done(self, text: str, dialog: str) -> None:
        self.order = await self._read(order_page, self._order_no())
        if dialog:
            await self._effect(f"close:{dialog}")
        await self._toast(text)
