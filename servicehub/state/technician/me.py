"""The technician's profile and messages."""

import reflex as rx

from servicehub.queries.technician import profile
from servicehub.services import notices
from servicehub.state.base import handler, roles
from servicehub.state.technician.base import TechnicianPage
from servicehub.viewmodels.technician import Profile


@roles("technician")
class MeState(TechnicianPage, rx.State):
    """Who the technician is to the platform."""

    me: Profile | None = None

    @handler(background=True)
    async def open(self) -> None:
        """Read, then follow."""
        await self._watch(await self._topics(), self._reload, every_s=300)

    async def _reload(self) -> None:
        read = await self._read(profile.profile)
        async with self:
            self.me, self.ready = read, True

    @handler
    async def read_all(self) -> None:
        """Mark every message read."""
        await self._write(notices.mark_read, None)
