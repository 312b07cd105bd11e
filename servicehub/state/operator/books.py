"""Whether the books tie, as a badge for every operator."""

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.queries.operator.books import tie
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import OperatorPage

EVERY_S = 30.0


@roles("operator")
class BooksBadgeState(OperatorPage, rx.State):
    """Sound or not; `known` once it was read."""

    known: bool = False
    sound: bool = True

    @handler(background=True)
    async def watch(self) -> None:
        """Look again every half minute."""
        if await self._admit(Permission.OVERVIEW_READ) is not None:
            await self._watch((), self._reload, every_s=EVERY_S)

    async def _reload(self) -> None:
        sound = await self._read(tie)
        async with self:
            self.sound, self.known = sound, True
