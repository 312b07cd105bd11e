"""A technician's statement of a month or a year, on the technician's page for those who read the ledger."""

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.errors import Invalid, NotFound
from servicehub.queries import statements, taxes
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import OperatorPage, id_of
from servicehub.viewmodels.statement import Statement
from servicehub.viewmodels.taxes import TaxSheet


@roles("operator")
class TechnicianStatementState(OperatorPage, rx.State):
    """The month or the year that is shown; `allowed` once it may be."""

    shown: Statement = Statement()
    year: TaxSheet = TaxSheet()
    by_year: bool = False
    allowed: bool = False
    technician_id: int = 0

    @handler
    async def open(self) -> None:
        """The current month."""
        self.allowed = (await self._actor()).may(Permission.LEDGER_READ)
        self.technician_id = id_of(self._last_part())
        if self.allowed:
            await self._show("")

    @handler
    async def turn(self, month: str) -> None:
        """Another month; what is none shows the current one."""
        await self._show(str(month)[:7])

    @handler
    async def turn_year(self, year: str) -> None:
        """A year; what is none shows the current one."""
        try:
            self.year = await self._read(taxes.year_of, self.technician_id, str(year)[:4])
        except Invalid:
            self.year = await self._read(taxes.year_of, self.technician_id, "")
        self.by_year = True

    async def _show(self, month: str) -> None:
        self.by_year = False
        try:
            self.shown = await self._read(statements.statement_of, self.technician_id, month)
        except Invalid:
            self.shown = await self._read(statements.statement_of, self.technician_id, "")
        except NotFound:
            self.allowed = False
