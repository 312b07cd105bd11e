"""The schedule: one day of the week strip, kept live."""

import reflex as rx

from servicehub.queries.technician import schedule
from servicehub.state.base import handler, roles
from servicehub.state.technician.base import TechnicianPage
from servicehub.viewmodels.technician import DaySchedule


@roles("technician")
class ScheduleState(TechnicianPage, rx.State):
    """The day that the page shows."""

    day: DaySchedule | None = None
    on: str = ""
    """The chosen day, ISO; "" is today."""

    @handler(background=True)
    async def open(self) -> None:
        """Read, then follow; the marker of now moves every minute."""
        await self._watch(await self._topics(), self._reload, every_s=60)

    async def _reload(self) -> None:
        day = await self._read(schedule.schedule, self.on)
        async with self:
            self.day, self.ready = day, True

    @handler
    async def choose(self, on: str) -> None:
        """Another day; anything that is no day is today."""
        self.on = str(on)[:10]
        await self._reload()
