"""Settlements: batches, whom a day brought what, what matures next, what disputes hold. The address may name a batch."""

import reflex as rx

from servicehub import bus
from servicehub.domain.access import Permission
from servicehub.queries import taxes, vat
from servicehub.queries.operator.settlement_batches import batch_sheet
from servicehub.queries.operator.settlements import settlements
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, day_beside
from servicehub.viewmodels.settlement import BatchSheet, Settlements
from servicehub.viewmodels.taxes import Quarter, VatMonth

TABS = ("batches", "people", "lines", "due", "frozen", "tax")


@roles("operator")
class SettlementsState(OperatorPage, rx.State):
    """The page as it is shown."""

    shown: Settlements = Settlements()
    quarters: list[Quarter] = []
    vat_months: list[VatMonth] = []
    tab: str = "batches"
    batch: BatchSheet | None = None
    """The one that the address names, in place of everything else."""
    _asked: str = ""
    _wanted: str = ""
    """The chosen day, ISO; empty follows today."""

    @handler(background=True)
    async def watch(self) -> None:
        """Take the day or the batch of the address, then keep the page current."""
        actor = await self._admit(Permission.LEDGER_READ)
        if actor is None:
            return
        async with self:
            self._wanted, self._asked = self._query("day", 10), self._query("batch", 32)
            self.batch, self.ready = None, False
        await self._watch((bus.overview(str(actor.city_id)),), self._reload, settle_s=2 * SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        asked = self._asked
        if asked:
            batch = await self._read(batch_sheet, asked)
            async with self:
                if asked == self._asked:  # else the page was left for another meanwhile
                    self.batch, self.ready = batch, True
            return
        shown, quarters = await self._read(settlements, self._wanted), await self._read(taxes.quarters)
        months = await self._read(vat.months)
        async with self:
            if not self._asked:
                self.shown, self.quarters, self.vat_months, self.ready = shown, list(quarters), list(months), True

    @handler
    async def show(self, tab: str) -> None:
        """Open a tab."""
        self.tab = tab if tab in TABS else "batches"

    @handler
    async def pick(self, day: str) -> None:
        """Show another day."""
        self._wanted = str(day)[:10]
        self.shown = await self._read(settlements, self._wanted)

    @handler
    async def step(self, days: int) -> None:
        """The day before or after."""
        self._wanted = day_beside(self.shown.day, days)
        self.shown = await self._read(settlements, self._wanted)
