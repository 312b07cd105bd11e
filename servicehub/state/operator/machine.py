"""How many orders are in each state of the order's machine now; the diagram itself is made when pages are compiled."""

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.queries.operator.machine import census
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics


@roles("operator")
class MachineState(OperatorPage, rx.State):
    """Counts by status code."""

    counts: dict[str, int] = {}

    @handler(background=True)
    async def watch(self) -> None:
        """Keep the counts current."""
        actor = await self._admit(Permission.ORDER_READ)
        if actor is not None:
            await self._watch(city_topics(actor), self._reload, settle_s=2 * SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        counts = await self._read(census)
        async with self:
            self.counts, self.ready = counts, True
