"""The list of a customer's orders."""

import reflex as rx

from servicehub import bus
from servicehub.queries.customer import orders
from servicehub.state.base import handler, roles
from servicehub.state.customer.base import CustomerPage
from servicehub.viewmodels.customer.orders import OrderCard


@roles("customer")
class OrdersState(CustomerPage, rx.State):
    """One tab of the list."""

    tab: str = "all"
    rows: tuple[OrderCard, ...] = ()
    page: int = 1
    more: bool = False

    @handler(background=True)
    async def watch(self) -> None:
        """Read, and again when something of this customer changes."""
        asked = self._query("tab", 10)
        async with self:
            self.tab, self.page = asked if asked in orders.TABS else "all", 1
        actor = await self._actor()
        await self._watch([bus.customer(actor.user_id)], self._reload)

    async def _reload(self) -> None:
        rows = await self._read(orders.cards, self.tab, page=self.page)
        async with self:
            self._take(rows)

    @handler
    async def show(self, tab: str) -> None:
        """Another tab."""
        self.tab, self.page = str(tab) if tab in orders.TABS else "all", 1
        self._take(await self._read(orders.cards, self.tab))

    @handler
    async def next(self) -> None:
        """More of the list."""
        self.page = min(self.page + 1, 20)
        self._take(await self._read(orders.cards, self.tab, page=self.page))

    def _take(self, rows: tuple[OrderCard, ...]) -> None:
        self.rows, self.ready, self.problem = rows, True, ""
        self.more = len(rows) == orders.PAGE * self.page
