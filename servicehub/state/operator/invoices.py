"""Invoices: what waits to be issued, and what became of the others."""

from typing import Any

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.domain.invoice import InvoiceStatus
from servicehub.queries.invoices import invoice_list
from servicehub.services import invoices
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics, reason_of
from servicehub.texts import N_, say
from servicehub.viewmodels.invoice import InvoiceList


@roles("operator")
class InvoicesState(OperatorPage, rx.State):
    """The list as it is shown."""

    shown: InvoiceList = InvoiceList()
    state: str = ""
    chosen: str = ""
    """The number that a dialog is about."""
    chosen_words: str = ""

    @handler(background=True)
    async def watch(self) -> None:
        """Keep the list current."""
        actor = await self._admit(Permission.INVOICE_ISSUE)
        if actor is not None:
            await self._watch(city_topics(actor), self._reload, settle_s=SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        shown = await self._read(invoice_list, self.state)
        async with self:
            self.shown, self.ready = shown, True

    @handler
    async def show(self, state: str) -> None:
        """Narrow to a state."""
        self.state = state if state in tuple(InvoiceStatus) else ""
        self.shown = await self._read(invoice_list, self.state)

    @handler
    async def choose(self, no: str) -> None:
        """Remember which one a dialog is about."""
        found = next((row for row in self.shown.rows if row.no == no), None)
        self.chosen = found.no if found else ""
        self.chosen_words = " · ".join(filter(None, (found.title, found.tax_no, found.amount))) if found else ""

    @handler
    async def issue(self, form: dict[str, Any]) -> None:
        """Issue it, with or without a fiscal number."""
        await self._write(invoices.issue, self.chosen, fiscal_no=str(form.get("fiscal_no", ""))[:20])
        self.shown = await self._read(invoice_list, self.state)
        await self._done(say(self._locale(), N_("Issued. The customer was told.")), "issue")

    @handler
    async def end(self, form: dict[str, Any]) -> None:
        """Refuse or void, with a reason."""
        await self._write(invoices.end, self.chosen, reason=reason_of(form))
        self.shown = await self._read(invoice_list, self.state)
        await self._done(say(self._locale(), N_("Done. The customer reads your reason and may ask again.")), "end")
