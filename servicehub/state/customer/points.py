"""The customer's points."""

import reflex as rx

from servicehub import bus
from servicehub.queries.customer.points import points
from servicehub.state.base import handler, roles
from servicehub.state.customer.base import CustomerPage
from servicehub.viewmodels.customer.wallet import Points


@roles("customer")
class PointsState(CustomerPage, rx.State):
    """How many there are and what moved them."""

    shown: Points = Points()

    @handler(background=True)
    async def watch(self) -> None:
        """Read, and again when something of this customer changes."""
        await self._watch([bus.customer((await self._actor()).user_id)], self._reload)

    async def _reload(self) -> None:
        shown = await self._read(points)
        async with self:
            self.shown, self.ready, self.problem = shown, True, ""
