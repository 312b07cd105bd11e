"""A technician's statement of a month."""

import reflex as rx

from servicehub.errors import Invalid
from servicehub.queries import statements
from servicehub.state.base import handler, roles
from servicehub.state.technician.base import TechnicianPage
from servicehub.viewmodels.statement import Statement


@roles("technician")
class StatementState(TechnicianPage, rx.State):
    """The month that is shown."""

    shown: Statement = Statement()

    @handler
    async def open(self) -> None:
        """The current month."""
        await self._show("")

    @handler
    async def turn(self, month: str) -> None:
        """Another month; what is none shows the current one."""
        await self._show(str(month)[:7])

    async def _show(self, month: str) -> None:
        try:
            self.shown = await self._read(statements.statement, month)
        except Invalid:
            self.shown = await self._read(statements.statement, "")
        self.ready = True
