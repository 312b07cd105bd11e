"""One technician: shown live; suspended and restored with a reason."""

import secrets
from typing import Any

import reflex as rx

from servicehub import bus
from servicehub.domain.access import Permission
from servicehub.domain.money import fen_of
from servicehub.errors import NotFound
from servicehub.queries.operator.technicians import page
from servicehub.services import adjustments, technicians_admin
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, id_of, reason_of
from servicehub.texts import N_, say
from servicehub.viewmodels.operator_supply import TechnicianPage


@roles("operator")
class TechnicianSheetState(OperatorPage, rx.State):
    """The page as it is shown; `shown` is None until the first reading."""

    shown: TechnicianPage | None = None
    _wish: str = ""

    @handler(background=True)
    async def watch(self) -> None:
        """Keep the page current."""
        actor = await self._admit(Permission.TECHNICIAN_READ)
        if actor is None:
            return
        async with self:
            self.shown, self.ready, technician_id = None, False, self._id()
            self._wish = secrets.token_hex(8)
        await self._watch((bus.technician(technician_id),), self._reload, settle_s=SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        try:
            found = await self._read(page, self._id())
        except NotFound:
            found = None
        async with self:
            self.shown, self.ready = found, True

    def _id(self) -> int:
        return id_of(self._last_part())

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

    @handler
    async def bonus(self, form: dict) -> None:
        """More money, with a reason."""
        await self._adjust(adjustments.bonus, form, "bonus", N_("The bonus is booked"))

    @handler
    async def penalty(self, form: dict) -> None:
        """Less money, with a reason."""
        await self._adjust(adjustments.penalty, form, "penalty", N_("The penalty is booked"))

    async def _adjust(self, service: Any, form: dict, dialog: str, msgid: str) -> None:
        """One wish is booked once, however often it is sent: its key changes only when it has worked."""
        fen, reason = fen_of(form.get("amount")), reason_of(form)
        await self._write(service, self._id(), fen, reason=reason, key=self._wish)
        self._wish = secrets.token_hex(8)
        await self._after(dialog, msgid)

    async def _after(self, dialog: str, msgid: str) -> None:
        await self._done(say(self._locale(), msgid), f"act-{dialog}")
        self.shown = await self._read(page, self._id())
