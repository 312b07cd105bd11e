"""The hall of open orders, kept live; a claim is decided by the service, of any number exactly one wins."""

from collections.abc import AsyncIterator

import reflex as rx

from servicehub import bus
from servicehub.domain.hall import WAVE_EVERY
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
    """The order whose claim is being sent."""
    waiting: list[str] = []
    """Orders whose claims are being decided."""

    @handler(background=True)
    async def open(self) -> None:
        """Read, then follow the city's board."""
        city = bus.dispatch(str((await self._actor()).city_id))
        await self._watch([city, *await self._topics()], self._reload, settle_s=0.4, every_s=WAVE_EVERY.total_seconds())

    async def _reload(self) -> None:
        rows = await self._read(hall.hall, within_m=self.within_m, skill=self.skill, sort=self.sort)
        skills = await self._read(hall.skills)
        open_now = {row.no for row in rows if row.claimed}
        decided = {no: await self._read(hall.outcome, no) for no in self.waiting if no not in open_now}
        async with self:
            self.rows, self.skills, self.ready = rows, skills, True
            self.waiting = sorted(open_now)
            for result in decided.values():
                await self._tell(result)

    async def _tell(self, result: str) -> None:
        if result == "won":
            await self._done(N_("Yours. It is in your schedule."), effect="sound:ok")
        elif result == "lost":
            await self._done(N_("Another claim was better placed this time."))

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
            seconds = await self._write(dispatching.claim, number)
            if seconds:
                await self._done(N_("Claimed. Decided in {seconds} s."), seconds=seconds)
            else:
                await self._tell("won")
        finally:
            self.claiming = ""
            await self._reload()
