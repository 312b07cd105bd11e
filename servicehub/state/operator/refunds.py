"""All refunds: narrowed and summed up; refused ones are tried again, or go to the customer's balance."""

import asyncio
from typing import Any

import reflex as rx

from servicehub import clock
from servicehub.db import database
from servicehub.domain.access import Permission
from servicehub.errors import Conflict
from servicehub.queries.operator.refunds import refund_list
from servicehub.services import failed_refunds
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import reason_of
from servicehub.state.operator.narrowing import NarrowedList
from servicehub.texts import N_, say
from servicehub.viewmodels.operator_payments import RefundList
from servicehub.workflows import refunds

REASON_CHARS = 40


@roles("operator")
class RefundsState(NarrowedList, rx.State):
    """The list as it is shown."""

    shown: RefundList = RefundList()
    chosen: str = ""
    """The number that a dialog is about."""
    chosen_words: str = ""
    chosen_note: str = ""

    def _permission(self) -> Permission:
        return Permission.ORDER_REFUND

    async def _found(self) -> RefundList:
        return await self._read(refund_list, self._wanted())

    @handler
    async def because(self, value: str) -> None:
        """Only for this reason."""
        await self._narrow(reason=str(value)[:REASON_CHARS])

    @handler
    async def choose(self, no: str) -> None:
        """Remember which one a dialog is about."""
        found = next((row for row in self.shown.rows if row.no == no), None)
        self.chosen = found.no if found else ""
        self.chosen_words = f"{found.amount} · {found.method} · {found.order_no}" if found else ""
        self.chosen_note = found.note if found else ""

    @handler
    async def retry(self) -> None:
        """Send it once more."""
        await self._act(failed_refunds.retry, self.chosen)
        await self._done(say(self._locale(), N_("It is sent once more, under the same number.")), "retry")

    @handler
    async def propose(self, form: dict[str, Any]) -> None:
        """Propose the balance, with a reason."""
        await self._act(failed_refunds.propose, self.chosen, reason=reason_of(form))
        await self._done(say(self._locale(), N_("Noted. A second person has to agree.")), "propose")

    @handler
    async def give(self) -> None:
        """Agree that it goes to the balance; the channel is asked first."""
        actor = await self._actor()
        actor.require(Permission.WALLET_CREDIT)
        try:
            await asyncio.to_thread(refunds.give_to_balance, database(), actor, self.chosen, now=clock.now())
        finally:
            await self._load()
        await self._done(say(self._locale(), N_("The money is in the customer's balance.")), "give")

    async def _act(self, command: Any, *args: Any, **kwargs: Any) -> None:
        """Do it, and show what there is now also when somebody was faster."""
        try:
            await self._write(command, *args, **kwargs)
        except Conflict:
            await self._load()
            raise
        await self._load()
