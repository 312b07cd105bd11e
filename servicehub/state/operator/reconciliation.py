"""Bills: pulled, looked at, worked on and closed."""

import asyncio
from datetime import date
from typing import Any

import reflex as rx

from servicehub import clock
from servicehub.db import database
from servicehub.domain.access import Permission
from servicehub.errors import Invalid
from servicehub.queries import reconciliation as reading
from servicehub.services import reconciliation
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics, id_of, reason_of
from servicehub.texts import N_, say
from servicehub.viewmodels.reconciliation import Bills
from servicehub.workflows import reconciling


@roles("operator")
class ReconciliationState(OperatorPage, rx.State):
    """The page as it is shown."""

    shown: Bills = Bills()
    channels: list[str] = []
    bill: int = 0
    difference: int = 0
    """What a dialog is about."""
    words: str = ""

    @handler(background=True)
    async def watch(self) -> None:
        """Take the bill of the address, then keep the bills current."""
        actor = await self._admit(Permission.RECONCILE)
        if actor is not None:
            async with self:
                self.bill = id_of(self._query("bill")) or self.bill
            await self._watch(city_topics(actor), self._reload, settle_s=SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        shown = await self._read(reading.bills, self.bill)
        async with self:
            self.shown, self.ready, self.channels = shown, True, list(reconciling.bill_channels())

    async def _again(self) -> None:
        self.shown = await self._read(reading.bills, self.bill)

    @handler
    async def show(self, bill: int) -> None:
        """Look at another bill."""
        self.bill = int(bill)
        await self._again()

    @handler
    async def pull(self, form: dict[str, Any]) -> None:
        """Ask the channel for a day's bill now."""
        (await self._actor()).require(Permission.RECONCILE)
        channel, day = str(form.get("channel", "")), _day(form.get("day"))
        if channel not in reconciling.bill_channels():
            raise Invalid("channel")
        waits = await asyncio.to_thread(reconciling.pull, database(), channel, day, now=clock.now())
        await self._again()
        text = N_("The bill fits.") if not waits else N_("{n} differences wait.")
        await self._done(say(self._locale(), text, n=waits))

    @handler
    async def choose(self, difference: int) -> None:
        """Remember which one a dialog is about."""
        found = next((row for row in self.shown.differences if row.id == difference), None)
        self.difference = found.id if found else 0
        self.words = f"{found.kind} · {found.no} · {found.net}" if found else ""

    @handler
    async def propose(self, form: dict[str, Any]) -> None:
        """Say why it does not fit."""
        await self._write(reconciliation.propose, self.difference, reason=reason_of(form))
        await self._again()
        await self._done(say(self._locale(), N_("Noted. A second person has to agree.")), "propose")

    @handler
    async def agree(self) -> None:
        """Agree as the second person."""
        await self._write(reconciliation.agree, self.difference)
        await self._again()
        await self._done(say(self._locale(), N_("Resolved. The difference is in suspense.")), "agree")

    @handler
    async def close_day(self) -> None:
        """Close the chosen bill's day."""
        key = await self._read(reading.key_of, self.shown.chosen)
        if key is None:
            raise Invalid("bill")
        await self._write(reconciliation.close, *key)
        await self._again()
        await self._done(say(self._locale(), N_("The day is closed.")), "close-day")


def _day(text: object) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError as error:
        raise Invalid("day") from error
