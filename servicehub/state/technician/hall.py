"""The hall of open orders, kept live; a claim is decided by the service, of any number exactly one wins."""

from collections.abc import AsyncIterator

import reflex as rx

from servicehub import bus
from servicehub.queries.technician import hall
from servicehub.services import dispatching
from servicehub.state.base import handler, roles
from servicehub.state.technician.base import TechnicianPage, order_number
from servicehub.texts import N_
from servicehub.viewmodels.technician import Choice, HallRow

DISTANCES = (0, 3000, 5000, 10_000)
"""Metres; 0: as far as the technician's own radius."""


@roles("technician")
class HallState(TechnicianPage, rx.State):
    """What the hall shows, and by which filters."""

    rows: list[HallRow] = []
    skills: list[Choice] = []
    within_m: int = 0
    skill: str = ""
    sort: str = "near"
    claiming: str = ""
    """The order whose claim is under way."""

    @handler(background=True)
    async def open(self) -> None:
        """Read, then follow the city's board."""
        city = bus.dispatch(str((await self._actor()).city_id))
        await self._watch([city, *await self._topics()], self._reload, settle_s=0.4, every_s=60)

    async def _reload(self) -> None:
        rows = await self._read(hall.hall, within_m=self.within_m, skill=self.skill, sort=self.sort)
        skills = await self._read(hall.skills)
        async with self:
            self.rows, self.skills, self.ready = rows, skills, True

    @handler
    async def choose_distance(self, metres: int) -> None:
        """Only orders this near."""
        self.within_m = metres if metres in DISTANCES else 0
        await self._reload()

    @handler
    async def choose_skill(self, skill: str) -> None:
        """Only orders of one skill."""
        self.skill = str(skill)[:32]
        await self._reload()

    @handler
    async def choose_sort(self, sort: str) -> None:
        """Nearest, soonest or best paid first."""
        self.sort = sort if sort in hall.SORTS else "near"
        await self._reload()

    @handler
    async def claim(self, order_no: str) -> AsyncIterator[None]:
        """Take the order, unless somebody was faster."""
        number = order_number(order_no)
        self.claiming = number
        yield
        try:
            await self._write(dispatching.grab, number)
            await self._done(N_("Yours. It is in your schedule."), effect="sound:ok")
        finally:
            self.claiming = ""
            await self._reload()
