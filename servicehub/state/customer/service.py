"""A service's page: what is chosen of it and what that costs."""

from collections.abc import AsyncIterator
from dataclasses import replace

import reflex as rx

from servicehub.errors import NotFound
from servicehub.queries.customer import catalog
from servicehub.queries.customer.estimate import Estimate, estimate
from servicehub.state.base import handler, roles
from servicehub.state.customer.base import CustomerPage, Draft, whole
from servicehub.viewmodels.customer.catalog import AddOnChoice, FurtherChoice, ServiceDetail, ServiceReviews


@roles("public")
class ServiceState(CustomerPage, rx.State):
    """The chosen quantity and add-ons, their price, and the reviews. What never changes is baked into the page."""

    detail: ServiceDetail = ServiceDetail()
    add_ons: tuple[AddOnChoice, ...] = ()
    beside: tuple[FurtherChoice, ...] = ()
    """Other services that may be done in the same visit."""
    reviews: ServiceReviews = ServiceReviews()
    quantity: int = 1
    least: int = 1
    most: int = 1
    total: str = ""
    saved: str = ""
    duration: str = ""
    gone: bool = False
    """The service does not exist (any more)."""

    @handler
    async def load(self) -> AsyncIterator[None]:
        """Read the service that the address names and continue its draft, if there is one."""
        slug, draft = self._last_part(), await self._draft()
        if slug != self.detail.slug:
            self.detail, self.add_ons, self.beside, self.reviews = ServiceDetail(), (), (), ServiceReviews()
            self.total, self.saved, self.ready = "", "", False
            yield
        if draft.service != slug:
            draft = Draft(service=slug, address=draft.address, coupon="best")
        asked = self._query("t", 12)
        if asked.isdigit():
            draft = replace(draft, technician=int(asked))
        try:
            self.detail = await self._read(catalog.service, slug)
        except NotFound:
            self.gone, self.ready = True, True
            return
        self.gone, self.ready, self.problem = False, True, ""
        await self._show(draft)
        self.reviews = await self._read(catalog.service_reviews, slug)

    @handler
    async def change(self, by: int) -> None:
        """One unit more or less."""
        draft = await self._draft()
        await self._show(replace(draft, quantity=self.quantity + (1 if by == 1 else -1)))

    @handler
    async def add(self, slug: str, count: int) -> None:
        """So many of an add-on; 0 takes it off."""
        draft, name = await self._draft(), str(slug)
        kept = tuple(pair for pair in draft.add_ons if pair[0] != name)
        wanted = whole(count, 0, 99)
        await self._show(replace(draft, add_ons=(*kept, (name, wanted)) if wanted else kept))

    @handler
    async def also(self, slug: str, count: int) -> None:
        """So many of another service in the same visit; 0 takes it off."""
        draft, name = await self._draft(), str(slug)
        kept = tuple(pair for pair in draft.further if pair[0] != name)
        wanted = whole(count, 0, 999)
        await self._show(replace(draft, further=(*kept, (name, wanted)) if wanted else kept))

    async def _show(self, draft: Draft) -> None:
        """Keep the draft as far as the catalogue allows it, and price it."""
        found: Estimate = await self._read(estimate, draft.service, draft.quantity, draft.add_ons, draft.further)
        self.add_ons, self.quantity, self.least, self.most = found.choices, found.quantity, found.least, found.most
        self.beside = found.beside
        self.total, self.saved, self.duration = found.total, found.saved, found.duration
        await self._keep(replace(draft, quantity=found.quantity, add_ons=found.add_ons, further=found.further))
