"""The ledger: its health, trial balance, entries, messages that fit nothing, and the trace of any number."""

from typing import Any

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.queries.money import ledger_health
from servicehub.queries.operator.books import suspects as parked
from servicehub.queries.tracing import trace
from servicehub.services import suspects
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics, reason_of
from servicehub.texts import N_, say
from servicehub.viewmodels.books import Trace
from servicehub.viewmodels.money import LedgerHealth
from servicehub.viewmodels.operator_payments import SuspectRow

LONGEST = 80
TABS = ("accounts", "days", "entries", "suspects")


@roles("operator")
class LedgerState(OperatorPage, rx.State):
    """The page as it is shown."""

    health: LedgerHealth = LedgerHealth()
    tab: str = "accounts"
    suspects: list[SuspectRow] = []
    may_close: bool = False
    """Whether this operator may put suspect messages away."""
    chosen: str = ""
    """The key of the message that a dialog is about."""
    chosen_words: str = ""
    q: str = ""
    asked: str = ""
    """What the address asked for; a search that was typed stays until the address asks for another."""
    found: Trace = Trace()

    @handler(background=True)
    async def watch(self) -> None:
        """Take tab and number of the address, then keep the page current."""
        actor = await self._admit(Permission.LEDGER_READ)
        if actor is None:
            return
        async with self:
            tab, self.asked = self._query("tab"), self._query("q", LONGEST)
            self.tab = tab if tab in TABS else self.tab
            if self.asked and self.asked != self.q:
                self.q, self.found = self.asked, Trace()
            self.may_close = actor.may(Permission.RECONCILE)
        await self._watch(city_topics(actor), self._reload, settle_s=2 * SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        """What was asked for comes first: the books are a long sum."""
        q = self.q
        found = await self._read(trace, q) if q else Trace()
        async with self:
            if q == self.q:
                self.found = found
        health = await self._read(ledger_health)
        messages = await self._read(parked)
        async with self:
            self.health, self.suspects, self.ready = health, list(messages), True

    @handler
    async def show(self, tab: str) -> None:
        """Open a tab."""
        self.tab = tab if tab in TABS else "accounts"

    @handler
    async def search(self, q: str) -> None:
        """Trace an order, payment, refund, entry or account."""
        self.q = str(q).strip()[:LONGEST]
        self.found = await self._read(trace, self.q) if self.q else Trace()

    @handler
    async def choose(self, key: str) -> None:
        """Remember which message a dialog is about."""
        found = next((row for row in self.suspects if row.key == key), None)
        self.chosen = found.key if found else ""
        self.chosen_words = f"{found.channel_name} · {found.event_id} · {found.when}" if found else ""

    @handler
    async def close(self, form: dict[str, Any]) -> None:
        """Put the message away, with what was found out."""
        channel, _colon, event_id = self.chosen.partition(":")
        try:
            await self._write(suspects.close, channel, event_id, reason=reason_of(form))
        finally:
            self.health, self.suspects = await self._read(ledger_health), list(await self._read(parked))
        await self._done(say(self._locale(), N_("Noted. It waits no more.")), "close-suspect")
