"""Withdrawals: what waits for a yes or a no, and what became of the others."""

from typing import Any

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.queries.withdrawals import STATUSES, review
from servicehub.services import withdrawals
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics, reason_of
from servicehub.texts import N_, say
from servicehub.viewmodels.withdrawal import Review


@roles("operator")
class WithdrawalsState(OperatorPage, rx.State):
    """The list as it is shown."""

    shown: Review = Review()
    state: str = ""
    chosen: str = ""
    """The number that a dialog is about."""
    chosen_words: str = ""

    @handler(background=True)
    async def watch(self) -> None:
        """Keep the list current."""
        actor = await self._admit(Permission.WITHDRAWAL_REVIEW)
        if actor is not None:
            await self._watch(city_topics(actor), self._reload, settle_s=SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        shown = await self._read(review, self.state)
        async with self:
            self.shown, self.ready = shown, True

    @handler
    async def show(self, state: str) -> None:
        """Narrow to a state."""
        self.state = state if state in STATUSES else ""
        self.shown = await self._read(review, self.state)

    @handler
    async def choose(self, no: str) -> None:
        """Remember which one a dialog is about."""
        found = next((row for row in self.shown.rows if row.no == no), None)
        self.chosen = found.no if found else ""
        self.chosen_words = f"{found.name} · {found.amount} · {found.account}" if found else ""

    @handler
    async def approve(self) -> None:
        """Say yes."""
        goes = await self._write(withdrawals.approve, self.chosen)
        self.shown = await self._read(review, self.state)
        text = N_("Approved. It is being paid out.") if goes else N_("Noted. A second person has to say yes.")
        await self._done(say(self._locale(), text), "approve")

    @handler
    async def reject(self, form: dict[str, Any]) -> None:
        """Say no, with a reason."""
        await self._write(withdrawals.reject, self.chosen, reason=reason_of(form))
        self.shown = await self._read(review, self.state)
        await self._done(
            say(self._locale(), N_("Not approved. The money is available to the technician again.")), "reject"
        )
