"""Taking money out: how much, where to, and what became of it."""

from typing import Any

import reflex as rx

from servicehub.domain.money import fen_of
from servicehub.queries import withdrawals as reading
from servicehub.services import withdrawals
from servicehub.state.base import handler, roles
from servicehub.state.technician.base import TechnicianPage, field
from servicehub.texts import N_
from servicehub.viewmodels.withdrawal import Withdrawing
from servicehub.workflows import payouts


@roles("technician")
class WithdrawState(TechnicianPage, rx.State):
    """The page as it is shown."""

    shown: Withdrawing = Withdrawing()
    is_open: bool = True
    """Whether anything can be paid out here."""
    seq: int = 0
    """Changes when the form begins anew."""

    @handler(background=True)
    async def open(self) -> None:
        """Read, then follow."""
        await self._watch(await self._topics(), self._reload, every_s=60)

    async def _reload(self) -> None:
        shown = await self._read(reading.mine)
        async with self:
            self.shown, self.ready, self.is_open = shown, True, payouts.is_open()

    @handler
    async def ask(self, form: dict[str, Any]) -> None:
        """Freeze the amount and ask for its payout."""
        await self._write(payouts.request, fen_of(field(form, "amount", 12)), field(form, "account", 80))
        self.shown, self.seq = await self._read(reading.mine), self.seq + 1
        await self._done(N_("Asked for. You hear as soon as it is decided."))

    @handler
    async def take_back(self, no: str) -> None:
        """Take it back while nobody has decided."""
        await self._write(withdrawals.cancel, str(no)[:32])
        self.shown, self.seq = await self._read(reading.mine), self.seq + 1
        await self._done(N_("Taken back. The money is available again."))
