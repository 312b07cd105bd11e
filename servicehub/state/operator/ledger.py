"""The ledger: its health, trial balance, entries, cases that wait, and the trace of any number."""

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.queries.money import ledger_health, trace
from servicehub.queries.operator.books import failed_refunds, suspects
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics
from servicehub.viewmodels.money import LedgerHealth, Trace
from servicehub.viewmodels.operator import CaseRow

TABS = ("accounts", "days", "entries", "refunds", "suspects")


@roles("operator")
class LedgerState(OperatorPage, rx.State):
    """The page as it is shown."""

    health: LedgerHealth = LedgerHealth()
    tab: str = "accounts"
    refunds: list[CaseRow] = []
    suspects: list[CaseRow] = []
    q: str = ""
    found: Trace = Trace()

    @handler(background=True)
    async def watch(self) -> None:
        """Take tab and order of the address, then keep the page current."""
        actor = await self._admit(Permission.LEDGER_READ)
        if actor is None:
            return
        async with self:
            tab, wanted = self._query("tab"), self._query("order")
            self.tab, self.q = tab if tab in TABS else "accounts", wanted
        await self._watch(city_topics(actor), self._reload, settle_s=2 * SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        health = await self._read(ledger_health)
        refunds, parked = await self._read(failed_refunds), await self._read(suspects)
        found = await self._read(trace, self.q) if self.q else Trace()
        async with self:
            self.health, self.refunds, self.suspects = health, list(refunds), list(parked)
            self.found, self.ready = found, True

    @handler
    async def show(self, tab: str) -> None:
        """Open a tab."""
        self.tab = tab if tab in TABS else "accounts"

    @handler
    async def search(self, q: str) -> None:
        """Trace an order, payment, refund, entry or account."""
        self.q = str(q).strip()[:80]
        self.found = await self._read(trace, self.q) if self.q else Trace()
