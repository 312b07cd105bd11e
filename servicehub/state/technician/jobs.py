"""The list of jobs: today, upcoming, done."""

import reflex as rx

from servicehub.queries.technician import jobs
from servicehub.state.base import handler, roles
from servicehub.state.technician.base import TechnicianPage
from servicehub.viewmodels.technician import JobRow


@roles("technician")
class JobsState(TechnicianPage, rx.State):
    """The rows of the chosen list."""

    rows: list[JobRow] = []
    tab: str = "today"

    @handler(background=True)
    async def open(self) -> None:
        """Read, then follow."""
        await self._watch(await self._topics(), self._reload, every_s=300)

    async def _reload(self) -> None:
        rows = await self._read(jobs.jobs, self.tab)
        async with self:
            self.rows, self.ready = rows, True

    @handler
    async def choose(self, tab: str) -> None:
        """Another list."""
        self.tab = tab if tab in jobs.TABS else "today"
        await self._reload()
