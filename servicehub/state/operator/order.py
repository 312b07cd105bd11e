"""One order: shown live, and the interventions that its machine and the operator's role allow. Every one asks a reason."""

import json
import secrets

import reflex as rx

from servicehub import bus
from servicehub.domain.access import Permission
from servicehub.domain.money import fen_of
from servicehub.errors import NotFound
from servicehub.queries.operator.order import page
from servicehub.services import contacts, orders, wallets
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, order_number_of, reason_of
from servicehub.texts import N_, say
from servicehub.viewmodels.operator import OrderPage, OrderSheet


def _pin(sheet: OrderSheet) -> str:
    return json.dumps(
        [{"id": "here", "lat": sheet.lat, "lng": sheet.lng, "kind": "home", "label": sheet.area}], ensure_ascii=False
    )


@roles("operator")
class OrderSheetState(OperatorPage, rx.State):
    """The page as it is shown; `shown` is None until the first reading."""

    shown: OrderPage | None = None
    contact: str = ""
    """Name, phone and address in clear, after a reason was given; forgotten when the page is left."""
    place: str = "[]"
    """JSON of the map's one point."""
    _wish: str = ""

    @handler(background=True)
    async def watch(self) -> None:
        """Keep the order current."""
        actor = await self._admit(Permission.ORDER_READ)
        if actor is None:
            return
        async with self:
            self.shown, self.ready, self.contact, no = None, False, "", self._no()
            self._wish = secrets.token_hex(8)
        await self._watch((bus.order(no),), self._reload, settle_s=SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        """An order of another city or district is not there."""
        try:
            found = await self._read(page, self._no())
        except NotFound:
            found = None
        async with self:
            self.shown, self.ready = found, True
            self.place = _pin(found.sheet) if found else "[]"

    def _no(self) -> str:
        return order_number_of(self._last_part())

    @handler
    async def credit(self, form: dict) -> None:
        """Balance for the customer; one wish is booked once, however often it is sent."""
        fen, reason = fen_of(form.get("amount")), reason_of(form)
        await self._write(wallets.credit, self._no(), fen, reason=reason, key=self._wish)
        self._wish = secrets.token_hex(8)
        await self._finish("credit", N_("The credit is booked"))

    @handler
    async def cancel(self, form: dict) -> None:
        """Cancel for the customer, with everything paid going back."""
        await self._write(orders.force_cancel, self._no(), reason=reason_of(form))
        await self._finish("cancel", N_("Order cancelled by you"))

    @handler
    async def resolve(self, form: dict) -> None:
        """End an after-sales case, with or without a refund."""
        fen = fen_of(form.get("amount") or "0")
        await self._write(orders.resolve, self._no(), refund_fen=fen, reason=reason_of(form))
        await self._finish("resolve", N_("After-sales case resolved"))

    @handler
    async def reveal(self, form: dict) -> None:
        """Show the customer's contact; audited before it is shown."""
        found = await self._write(contacts.reveal, self._no(), reason=reason_of(form))
        self.contact = f"{found.name} · {found.phone} · {found.address}"
        await self._finish("reveal", N_("Contact data shown; this was recorded"))

    async def _finish(self, dialog: str, msgid: str) -> None:
        await self._done(say(self._locale(), msgid), f"act-{dialog}")
        self.shown = await self._read(page, self._no())
