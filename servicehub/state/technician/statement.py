"""A technician's statement of a month, or of a year with what was withheld."""

import reflex as rx

from servicehub.errors import Invalid
from servicehub.queries import statements, taxes
from servicehub.state.base import handler, roles
from servicehub.state.technician.base import TechnicianPage
from servicehub.viewmodels.statement import Statement
from servicehub.viewmodels.taxes import TaxSheet


@roles("technician")
class StatementState(TechnicianPage, rx.State):
    """The month that is shown, or the year."""

    shown: Statement = Statement()
    year: TaxSheet = TaxSheet()
    by_year: bool = False

    @handler
    async def open(self) -> None:
        """The current month."""
        await self._show("")

    @handler
    async def turn(self, month: str) -> None:
        """Another month; what is none shows the current one."""
        await self._show(str(month)[:7])

    @handler
    async def turn_year(self, year: str) -> None:
        """A year; what is none shows the current one."""
        try:
            self.year = await self._read(taxes.year, str(year)[:4])
        except Invalid:
            self.year = await self._read(taxes.year, "")
        self.by_year = True

    async def _show(self, month: str) -> None:
        try:
            self.shown = await self._read(statements.statement, month)
        except Invalid:
            self.shown = await self._read(statements.statement, "")
        self.by_year, self.ready = False, True
