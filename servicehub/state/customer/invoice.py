"""The invoice of an order: asked for, waited for, downloaded."""

import reflex as rx

from servicehub import bus
from servicehub.queries.invoices import invoice_page
from servicehub.services import invoices
from servicehub.state.base import handler, roles
from servicehub.state.customer.base import CustomerPage
from servicehub.texts import N_, say
from servicehub.viewmodels.invoice import InvoicePage


@roles("customer")
class InvoiceState(CustomerPage, rx.State):
    """What there is, and the form."""

    shown: InvoicePage = InvoicePage()
    is_company: bool = False

    @handler(background=True)
    async def watch(self) -> None:
        """Read, and again when the order changes."""
        async with self:
            self.shown, self.ready, no = InvoicePage(), False, self._order_no()
        await self._watch([bus.order(no)], self._reload)

    async def _reload(self) -> None:
        shown = await self._read(invoice_page, self._order_no())
        async with self:
            if not self.ready:
                self.is_company = shown.is_company
            self.shown, self.ready, self.problem = shown, True, ""

    @handler
    async def choose(self, kind: str) -> None:
        """For a person or a company."""
        self.is_company = kind == "company"

    @handler
    async def submit(self, form: dict) -> None:
        """Ask for it, or change what was asked for."""
        kind = "company" if str(form.get("kind")) == "company" else "person"
        tax_no = str(form.get("tax_no", ""))[:18] if kind == "company" else ""
        title = str(form.get("title", ""))[:100]
        await self._write(invoices.request, self._order_no(), kind=kind, title=title, tax_no=tax_no)
        self.shown = await self._read(invoice_page, self._order_no())
        await self._toast(say(self._locale(), N_("Noted. You are told when it is issued.")))
