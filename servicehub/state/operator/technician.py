"""One technician: shown live; suspended and restored with a reason."""

import reflex as rx

from servicehub import bus
from servicehub.domain.access import Permission
from servicehub.errors import NotFound
from servicehub.queries.operator.technicians import page
from servicehub.services import technicians_admin
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, reason_of
from servicehub.texts import N_, say
from servicehub.viewmodels.operator_supply import TechnicianPage


@roles("operator")
class TechnicianSheetState(OperatorPage, rx.State):
    """The page as it is shown; `shown` is None until the first reading."""

    shown: TechnicianPage | None = None

    @handler(background=True)
    async def watch(self) -> None:
        """Keep the page current."""
        actor = await self._admit(Permission.TECHNICIAN_READ)
        if actor is None:
            return
        async with self:
            self.shown, self.ready, technician_id = None, False, self._id()
        await self._watch((bus.technician(technician_id),), self._reload, settle_s=SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        try:
            found = await self._read(page, self._id())
        except NotFound:
            found = None
        async with self:
            self.shown, self.ready = found, True

    def _id(self) -> int:
        text = str(self.technician_no)
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 0

    @handler
    async def suspend(self, form: dict) -> None:
        """No more work until restored."""
        await self._write(technicians_admin.suspend, self._id(), reason=reason_of(form))
        await self._after("suspend", N_("Technician suspended"))

    @handler
    async def restore(self, form: dict) -> None:
        """May work again."""
        await self._write(technicians_admin.restore, self._id(), reason=reason_of(form))
        await self._after("restore", N_("Technician restored"))

    async def _after(self, dialog: str, msgid: str) -> None:
        await self._done(say(self._locale(), msgid), f"act-{dialog}")
        self.shown = await self._read(page, self._id())
