"""The technician's guarantee deposit: put aside by hand, asked back, and what became of it."""

import secrets
from typing import Any

import reflex as rx

from servicehub.domain.money import fen_of
from servicehub.queries import deposits as reading
from servicehub.services import deposits
from servicehub.state.base import handler, roles
from servicehub.state.technician.base import TechnicianPage, field
from servicehub.texts import N_
from servicehub.viewmodels.deposit import Depositing

NUMBER_CHARS = 32


@roles("technician")
class DepositState(TechnicianPage, rx.State):
    """The page as it is shown."""

    shown: Depositing = Depositing()
    seq: int = 0
    """Changes when the form begins anew."""
    wish: str = ""
    """Names what is put aside next. The form carries it, so that it is booked once, however often it is sent."""

    @handler(background=True)
    async def open(self) -> None:
        """Read, then follow."""
        async with self:
            self.wish = secrets.token_hex(8)
        await self._watch(await self._topics(), self._reload, every_s=60)

    async def _reload(self) -> None:
        shown = await self._read(reading.mine)
        async with self:
            self.shown, self.ready = shown, True

    @handler
    async def put_aside(self, form: dict[str, Any]) -> None:
        """Add to it from what is available."""
        await self._write(deposits.put_aside, fen_of(field(form, "amount", 12)), key=field(form, "wish", 16))
        self.wish = secrets.token_hex(8)
        await self._after(N_("Put aside. It stays yours."), "aside")

    @handler
    async def ask_back(self) -> None:
        """Ask for all of it."""
        await self._write(deposits.ask_back)
        await self._after(N_("Asked for. You hear as soon as it is decided."), "ask-back")

    @handler
    async def take_back(self, no: str) -> None:
        """Take the wish back while nobody has decided."""
        await self._write(deposits.cancel, str(no)[:NUMBER_CHARS])
        await self._after(N_("Your request is taken back. The deposit stays."))

    async def _after(self, msgid: str, *dialogs: str) -> None:
        self.shown, self.seq = await self._read(reading.mine), self.seq + 1
        await self._done(msgid, *dialogs)
