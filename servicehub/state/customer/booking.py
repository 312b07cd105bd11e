"""The booking page: address, time, technician, wishes, coupon, every line of the price, and placing the order."""

from dataclasses import replace

import reflex as rx

from servicehub.errors import (
    Invalid,
    NobodyAvailable,
    NotFound,
    PriceChanged,
    ServiceHubError,
    SlotTaken,
    SlotUnavailable,
)
from servicehub.queries.customer import account, payments
from servicehub.queries.customer.rules import cancellation_rules
from servicehub.queries.customer.words import REQUIREMENTS
from servicehub.routes import Face, login_path
from servicehub.services import orders
from servicehub.services.orders import FLEXIBLE
from servicehub.state.base import handler, roles
from servicehub.state.customer.base import CustomerPage, Draft, KeptState, order_number, whole
from servicehub.state.customer.slots import SlotState
from servicehub.texts.refusals import refusal
from servicehub.viewmodels.customer.booking import AddressCard, CouponChoice, Summary
from servicehub.workflows import guaranteeing
from servicehub.workflows.quoting import Quoted, quoted, rebooked, request_of

LONGEST_NOTE = 200
__all__ = ["REQUIREMENTS", "BookState"]


@roles("public")
class BookState(CustomerPage, rx.State):
    """The order before it exists. Prices come from the same computation as the order's."""

    summary: Summary = Summary()
    addresses: tuple[AddressCard, ...] = ()
    address: int = 0
    coupons: tuple[CouponChoice, ...] = ()
    requirements: list[str] = []
    technician: str = ""
    art: str = ""
    is_now: bool = False
    has_time: bool = False
    may_flex: bool = False
    """Whether the visit is far enough ahead for its start to be settled later."""
    flexible: int = 0
    is_known: bool = False
    """Whether somebody is logged in."""
    guarantee: str = ""
    """What the customer secures the payment after the service with; "" for nothing."""
    guarantees: tuple[str, ...] = ()
    """What he may choose."""
    rules: tuple[str, ...] = ()
    """The cancellation table in force, in sentences."""
    trouble: str = ""
    """Why the order cannot be placed as it stands."""
    note: str = ""
    seq: int = 0

    @handler
    async def load(self) -> None:
        """Read the draft, made from an earlier order if the address names one."""
        again, slug, draft = self._query("again", 16), self._query("s", 48), await self._draft()
        if again:
            draft = await self._read(rebooked, order_number(again))
        elif slug and slug != draft.service:
            draft = Draft(service=slug)
        if not draft.service:
            raise NotFound("nothing is being booked")
        self.rules = await self._read(cancellation_rules, draft.service)
        self.is_known = (await self._viewer()).user_id != 0
        await self._show(draft)
        self.ready, self.problem = True, ""

    @handler
    async def show(self) -> None:
        """Read again: an address was added, or a sheet was closed."""
        await self._show(await self._draft())

    @handler
    async def pick_address(self, address: int) -> None:
        """Where to come."""
        wanted = whole(address, 1, 10**12)
        (await self.get_state(KeptState)).place = f"a:{wanted}"
        await self._show(replace(await self._draft(), address=wanted))
        await self._effect("close:addresses")

    @handler
    async def pick_when(self, when: str) -> None:
        """As soon as possible, or at a time."""
        draft = await self._draft()
        slot = (await self.get_state(SlotState)).picked
        await self._show(replace(draft, start="now" if str(when) == "now" else slot))

    @handler
    async def pick_flexible(self, minutes: int) -> None:
        """By how much later the visit may begin."""
        wanted = whole(minutes, 0, 999)
        if wanted not in FLEXIBLE:
            raise Invalid("flexible")
        await self._show(replace(await self._draft(), flexible=wanted))

    @handler
    async def pick_coupon(self, coupon: str) -> None:
        """best, none, or one of the customer's coupons."""
        name = str(coupon)[:15]
        if name not in ("best", "none") and not name.isdigit():
            raise Invalid("coupon")
        await self._show(replace(await self._draft(), coupon=name))

    @handler
    async def pick_guarantee(self, guarantee: str) -> None:
        """wechat, alipay, or none."""
        name = str(guarantee)[:8]
        if name not in ("none", *guaranteeing.offered()):
            raise Invalid("guarantee")
        await self._show(replace(await self._draft(), guarantee="" if name == "none" else name))

    @handler
    async def wish(self, key: str, on: bool) -> None:  # noqa: FBT001 - as the checkbox says
        """Add or drop a requirement; saying it twice changes nothing."""
        if str(key) not in REQUIREMENTS:
            raise Invalid("requirement")
        draft = await self._draft()
        kept = set(draft.requirements) - {str(key)} | ({str(key)} if on is True else set())
        draft = replace(draft, requirements=tuple(name for name in REQUIREMENTS if name in kept))
        self.requirements = list(draft.requirements)
        await self._keep(draft)

    @handler
    async def pick_gender(self, gender: str) -> None:
        """A woman, a man, or anybody ("")."""
        wanted = str(gender) if gender in ("female", "male") else ""
        await self._show(replace(await self._draft(), gender=wanted))

    @handler
    async def write_note(self, text: str) -> None:
        """A note for the technician."""
        self.note = str(text)[:LONGEST_NOTE]

    @handler
    async def submit(self) -> rx.event.EventSpec | None:
        """Place the order; strangers log in first and come back here."""
        if not (await self._viewer()).user_id:
            prefix = "/en" if self._locale() == "en" else ""
            return rx.redirect(login_path(Face.CUSTOMER, f"{prefix}/book/", prefix))
        draft = await self._draft()
        if not draft.service:  # a second press: the order is placed
            return None
        request = request_of(draft, self.address, self.note, self.summary.price_hash)
        no = await self._write(orders.create, request)
        await self._keep(Draft())
        self.note, self.ready = "", False
        await self._effect("forget:note")
        item = await self._read(payments.pay_item, no)
        return rx.redirect(self._to(f"/pay/?o={no}" if item.is_due else f"/orders/{no}/"))

    async def _refuse(self, error: ServiceHubError) -> None:
        """A lost time opens the sheet again, with what is free now; a new price is shown before it is asked for."""
        if isinstance(error, (SlotTaken, SlotUnavailable, NobodyAvailable)) and self.ready:
            slots = await self.get_state(SlotState)
            await slots._show(await self._draft(), day="")
            await self._effect("open:slots")
        elif isinstance(error, PriceChanged):
            await self._show(await self._draft())
        await super()._refuse(error)

    async def _show(self, draft: Draft) -> None:
        """Price the draft as it stands; what stands in the way is said on the page."""
        self.addresses = await self._read(account.addresses)
        open_ones = [row.id for row in self.addresses if row.is_open]
        self.address = draft.address if draft.address in open_ones else next(iter(open_ones), 0)
        await self._keep(replace(draft, address=self.address))
        found: Quoted = await self._read(quoted, draft, self.address)
        self.summary, self.coupons, self.trouble = found.summary, found.coupons, ""
        if found.refused is not None:
            self.trouble = refusal(self._locale(), found.refused)
        self.technician, self.art = found.technician, found.art
        self.may_flex, self.flexible = found.may_flex, draft.flexible if found.may_flex else 0
        self.guarantees = found.secured
        self.guarantee = draft.guarantee if draft.guarantee in found.secured else ""
        self.requirements, self.is_now = list(draft.requirements), draft.start == "now"
        self.has_time, self.seq = draft.start != "", self.seq + 1
