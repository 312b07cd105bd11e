"""The ledger: its health, trial balance, entries, cases that wait, and the trace of any number."""

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.queries.money import ledger_health
from servicehub.queries.operator.books import failed_refunds, suspects
from servicehub.queries.tracing import trace
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics
from servicehub.viewmodels.books import Trace
from servicehub.viewmodels.money import LedgerHealth
from servicehub.viewmodels.operator import CaseRow

LONGEST = 80
TABS = ("accounts", "days", "entries", "refunds", "suspects")


@roles("operator")
class LedgerState(OperatorPage, rx.State):
    """The page as it is shown."""

    health: LedgerHealth = LedgerHealth()
    tab: str = "accounts"
    refunds: list[CaseRow] = []
    suspects: list[CaseRow] = []
    q: str = ""
    asked: str = ""
    """What the address asked for; a search that was typed stays until the address asks for another."""
    found: Trace = Trace()

    @handler(background=True)
    async def watch(self) -> None:
        """Take tab and number of the address, then keep the page current."""
        actor = await self._admit(Permission.LEDGER_READ)
        if actor is None:
            return
        async with self:
            tab, self.asked = self._query("tab"), self._query("q", LONGEST)
            self.tab = tab if tab in TABS else self.tab
            if self.asked and self.asked != self.q:
                self.q, self.found = self.asked, Trace()
        await self._watch(city_topics(actor), self._reload, settle_s=2 * SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        """What was asked for comes first: the books are a long sum."""
        q = self.q
        found = await self._read(trace, q) if q else Trace()
        async with self:
            if q == self.q:
                self.found = found
        health = await self._read(ledger_health)
        refunds, parked = await self._read(failed_refunds), await self._read(suspects)
        async with self:
            self.health, self.refunds, self.suspects = health, list(refunds), list(parked)
            self.ready = True

    @handler
    async def show(self, tab: str) -> None:
        """Open a tab."""
        self.tab = tab if tab in TABS else "accounts"

    @handler
    async def search(self, q: str) -> None:
        """Trace an order, payment, refund, entry or account."""
        self.q = str(q).strip()[:LONGEST]
        self.found = await self._read(trace, self.q) if self.q else Trace()
