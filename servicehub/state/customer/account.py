"""The customer's own corner: profile, address book, coupons, messages, rules."""

import asyncio

import reflex as rx

from servicehub import bus
from servicehub.adapters.geocoder import geocoder
from servicehub.errors import BadPhone, Invalid, OutsideArea, ServiceHubError
from servicehub.queries.customer import account
from servicehub.queries.customer import coupons as own_coupons
from servicehub.queries.customer.rules import DOCUMENTS, legal
from servicehub.services import addresses, coupons, notices
from servicehub.services.addresses import AddressInput
from servicehub.state.base import handler, roles
from servicehub.state.customer.base import CustomerPage, KeptState, whole
from servicehub.texts import N_, say
from servicehub.texts.refusals import refusal
from servicehub.viewmodels.customer.account import Coupons, LegalDoc, Me, Message
from servicehub.viewmodels.customer.booking import AddressCard, AddressForm, PlaceFound

__all__ = ["DOCUMENTS", "AddressState", "CouponState", "LegalState", "MeState", "MessageState"]
FIELDS: dict[str, str] = {
    "area": N_("Please choose a place from the list"),
    "detail": N_("Please enter the door number"),
    "contact": N_("Please enter a name"),
    "phone": N_("Please enter a mobile number of 11 digits"),
}


@roles("customer")
class MeState(CustomerPage, rx.State):
    """Profile and counts."""

    me: Me = Me()

    @handler(background=True)
    async def watch(self) -> None:
        """Read, and again when something of this customer changes."""
        await self._watch([bus.customer((await self._actor()).user_id)], self._reload)

    async def _reload(self) -> None:
        me = await self._read(account.me)
        async with self:
            self.me, self.ready, self.problem = me, True, ""


@roles("customer")
class AddressState(CustomerPage, rx.State):
    """The address book and the form of one address."""

    rows: tuple[AddressCard, ...] = ()
    form: AddressForm = AddressForm()
    found: tuple[PlaceFound, ...] = ()
    place: str = ""
    """Name of the chosen place."""
    errors: dict[str, str] = {}
    seq: int = 0

    @handler
    async def load(self) -> None:
        """Read the book."""
        await self._show()
        if self._query("new", 1):
            await self._edit(AddressForm(is_default=not self.rows))

    @handler
    async def new(self) -> None:
        """An empty form."""
        await self._edit(AddressForm(is_default=not self.rows))

    @handler
    async def edit(self, address: int) -> None:
        """The form of one address."""
        await self._edit(await self._read(account.address_form, whole(address, 1, 10**12)))

    @handler
    async def search(self, text: str) -> None:
        """Places whose name contains the text."""
        wanted, zh = str(text)[:60].strip(), self._locale() == "zh"
        hits = await asyncio.to_thread(geocoder().geocode, wanted) if wanted else []
        self.found = tuple(PlaceFound(p.name if zh else p.name_en, p.address, p.lat, p.lng) for p in hits)

    @handler
    async def choose(self, index: int) -> None:
        """Take one of the found places."""
        hit = self.found[whole(index, 0, max(0, len(self.found) - 1))]
        self.form = AddressForm(
            self.form.id,
            hit.title,
            self.form.detail,
            self.form.contact,
            self.form.phone,
            hit.lat,
            hit.lng,
            self.form.is_default,
        )
        self.place, self.found, self.errors = hit.title, (), {}
        await self._effect("focus:detail")

    @handler
    async def save(self, form: dict) -> rx.event.EventSpec | None:
        """Store the address; who came from a booking goes back to it."""
        entry = AddressInput(
            area=self.place,
            detail=str(form.get("detail", ""))[:80],
            contact=str(form.get("contact", ""))[:32],
            phone=str(form.get("phone", ""))[:20],
            lat=self.form.lat,
            lng=self.form.lng,
            is_default=bool(form.get("is_default")),
            id=self.form.id or None,
        )
        saved = await self._write(addresses.save, entry)
        (await self.get_state(KeptState)).place = f"a:{saved}"
        await self._show()
        await self._effect("close:address")
        await self._toast(say(self._locale(), N_("Address saved")))
        booking = self._query("new", 1) and (await self._draft()).service
        return rx.redirect(self._to("/book/")) if booking else None

    @handler
    async def remove(self) -> None:
        """Take the address of the form out of the book."""
        await self._write(addresses.remove, self.form.id)
        await self._show()
        await self._effect("close:address")

    async def _refuse(self, error: ServiceHubError) -> None:
        """What is wrong with a field is said under it."""
        field = {BadPhone: "phone", OutsideArea: "area"}.get(type(error)) or str(error.params.get("field", ""))
        if not self.ready or field not in FIELDS or not isinstance(error, (BadPhone, OutsideArea, Invalid)):
            return await super()._refuse(error)
        locale = self._locale()
        said = refusal(locale, error) if isinstance(error, OutsideArea) else say(locale, FIELDS[field])
        self.errors = {field: said}
        await self._effect(f"focus:{'place' if field == 'area' else field}")
        return None

    async def _edit(self, form: AddressForm) -> None:
        self.form, self.place, self.found, self.errors = form, form.area, (), {}
        self.seq += 1
        await self._effect("open:address")

    async def _show(self) -> None:
        self.rows = await self._read(account.addresses)
        self.ready, self.problem = True, ""


@roles("customer")
class CouponState(CustomerPage, rx.State):
    """Coupons to claim and to use."""

    coupons: Coupons = Coupons()

    @handler
    async def load(self) -> None:
        """Read them."""
        self.coupons = await self._read(own_coupons.coupons)
        self.ready, self.problem = True, ""

    @handler
    async def claim(self, slug: str) -> None:
        """Take one."""
        await self._write(coupons.claim, str(slug)[:32])
        self.coupons = await self._read(own_coupons.coupons)
        await self._toast(say(self._locale(), N_("The coupon is yours")))


@roles("customer")
class MessageState(CustomerPage, rx.State):
    """The inbox."""

    rows: tuple[Message, ...] = ()
    unread: int = 0

    @handler(background=True)
    async def watch(self) -> None:
        """Read, and again when something arrives."""
        await self._watch([bus.customer((await self._actor()).user_id)], self._reload)

    async def _reload(self) -> None:
        rows = await self._read(account.messages)
        async with self:
            self.rows, self.unread = rows, sum(row.is_new for row in rows)
            self.ready, self.problem = True, ""

    @handler
    async def open(self, message: int, link: str) -> rx.event.EventSpec | None:
        """Mark one read and go where it leads."""
        await self._write(notices.mark_read, [whole(message, 1, 10**15)])
        known = {row.link for row in self.rows}
        return rx.redirect(self._to(str(link))) if link and str(link) in known else None

    @handler
    async def read_all(self) -> None:
        """Mark everything read."""
        await self._write(notices.mark_read, None)


@roles("public")
class LegalState(CustomerPage, rx.State):
    """The rules in force, from the same data that prices and charges."""

    doc: LegalDoc = LegalDoc()

    @handler
    async def load(self) -> None:
        """Read the document that the address names."""
        self.doc = await self._read(legal, self._last_part())
        self.ready, self.problem = True, ""
