"""The list of technicians: filter and search."""

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.queries.operator.technicians import STATES, directory
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics
from servicehub.viewmodels.operator_supply import TechnicianRow


@roles("operator")
class TechnicianListState(OperatorPage, rx.State):
    """The list as it is shown."""

    rows: list[TechnicianRow] = []
    state: str = ""
    q: str = ""

    @handler(background=True)
    async def watch(self) -> None:
        """Take the filter of the address, then keep the list current."""
        actor = await self._admit(Permission.TECHNICIAN_READ)
        if actor is None:
            return
        async with self:
            wanted = self._query("state")
            self.state = wanted if wanted in STATES else ""
        await self._watch(city_topics(actor), self._refresh, settle_s=2 * SETTLE_S, every_s=60)

    async def _refresh(self) -> None:
        rows = await self._read(directory, self.state, self.q)
        async with self:
            self.rows, self.ready = list(rows), True

    @handler
    async def show(self, state: str) -> None:
        """Narrow to a state."""
        self.state = state if state in STATES else ""
        self.rows = list(await self._read(directory, self.state, self.q))

    @handler
    async def search(self, q: str) -> None:
        """Narrow to names and skills."""
        self.q = str(q)[:40]
        self.rows = list(await self._read(directory, self.state, self.q))
