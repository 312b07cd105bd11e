"""The home page, and the place that all pages look from."""

import reflex as rx

from servicehub import bus
from servicehub.errors import Invalid
from servicehub.queries.customer import places
from servicehub.queries.customer.home import home
from servicehub.services import coupons
from servicehub.state.base import handler, roles
from servicehub.state.customer.base import CustomerPage, KeptState
from servicehub.texts import N_, say
from servicehub.viewmodels.customer.account import DistrictChoice, Home

EVERY_S = 120
"""Free times move on by themselves."""


@roles("public")
class HomeState(CustomerPage, rx.State):
    """What the home page shows."""

    home: Home = Home()
    districts: tuple[DistrictChoice, ...] = ()

    @handler(background=True)
    async def watch(self) -> None:
        """Read, then again when something of this customer changes, and every two minutes."""
        actor = await self._viewer()
        topics = [bus.customer(actor.user_id)] if actor.user_id else []
        await self._watch(topics, self._reload, every_s=EVERY_S)

    async def _reload(self) -> None:
        async with self:
            place = await self._place()
        found = await self._read(home, place)
        districts = await self._read(places.districts)
        async with self:
            self.home, self.districts, self.ready, self.problem = found, districts, True, ""

    @handler
    async def choose_district(self, code: str) -> None:
        """Look from the middle of a district."""
        if str(code) not in {row.code for row in self.districts if row.is_open}:
            raise Invalid("district")
        kept = await self.get_state(KeptState)
        kept.place = f"d:{code}"
        self.home = await self._read(home, kept.place)
        await self._effect("close:place")

    @handler
    async def claim(self) -> rx.event.EventSpec | None:
        """Take the coupon of the big card; strangers log in first."""
        actor = await self._viewer()
        if not actor.user_id:
            return rx.redirect(self._to("/coupons/"))
        await self._write(coupons.claim, self.home.hero.slug)
        self.home = await self._read(home, await self._place())
        await self._toast(say(self._locale(), N_("The coupon is yours")))
        return None
