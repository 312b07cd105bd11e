"""The settlement mode and its shares; what a channel refused is tried again."""

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.queries.operator.settlement_mode import mode_page
from servicehub.services import shares
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics
from servicehub.texts import N_, say
from servicehub.viewmodels.settlement_mode import ModePage


@roles("operator")
class SettlementModeState(OperatorPage, rx.State):
    """The page as it is shown."""

    shown: ModePage = ModePage()
    chosen: str = ""
    """The number that the dialog is about."""
    chosen_words: str = ""

    @handler(background=True)
    async def watch(self) -> None:
        """Keep the page current."""
        actor = await self._admit(Permission.LEDGER_READ)
        if actor is not None:
            await self._watch(city_topics(actor), self._reload, settle_s=SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        shown = await self._read(mode_page)
        async with self:
            self.shown, self.ready = shown, True

    @handler
    async def choose(self, no: str) -> None:
        """Remember which one the dialog is about."""
        found = next((row for row in self.shown.rows if row.no == no), None)
        self.chosen = found.no if found else ""
        self.chosen_words = f"{found.kind} · {found.amount} · {found.channel}" if found else ""

    @handler
    async def retry(self) -> None:
        """Try again, under a new number."""
        await self._write(shares.retry, self.chosen)
        self.shown = await self._read(mode_page)
        await self._done(say(self._locale(), N_("Sent again. The list shows what the channel says.")), "retry-share")
