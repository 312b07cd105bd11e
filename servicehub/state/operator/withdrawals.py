"""Withdrawals: what waits for a yes or a no, and what became of the others."""

from typing import Any

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.domain.money import fen_of
from servicehub.errors import Invalid
from servicehub.queries.withdrawals import STATUSES, review
from servicehub.services import policies, withdrawals
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics, reason_of
from servicehub.texts import N_, say
from servicehub.viewmodels.withdrawal import Review

AMOUNTS = ("least_fen", "most_fen", "fee_bp", "least_fee_fen", "second_from_fen")
"""Typed in yuan, or in percent: both are hundredths."""
LIMIT_TEXTS: dict[str, str] = {
    "": N_("Something in this request is not right. Please check it."),
    "least_fen": N_("The smallest withdrawal has to be at least ¥0.10 and not above the largest one."),
    "most_fen": N_("The largest withdrawal has to be at least the smallest one, and at most ¥100,000."),
    "a_day": N_("Between 1 and 20 withdrawals in 24 hours."),
    "fee_bp": N_("The fee is at most 10 %."),
    "least_fee_fen": N_("The smallest fee has to be below the smallest withdrawal."),
    "second_from_fen": N_("The amount from which two people decide is between ¥0.01 and ¥100,000."),
}


def _count(text: object) -> int:
    written = str(text or "").strip()
    return int(written) if written.isascii() and written.isdigit() and len(written) <= 3 else 0


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
    async def limit(self, form: dict[str, Any]) -> None:
        """Adopt other limits, on top of the version that the form was made from."""
        wanted = {name: fen_of(form.get(name) or "0") for name in AMOUNTS} | {"a_day": _count(form.get("a_day"))}
        base = self.shown.limits.version if self.shown.limits else 0
        try:
            await self._write(policies.adopt_withdrawal, wanted, base=base, note=reason_of(form))
        except Invalid as refusal:
            locale = self._locale()
            await self._toast(say(locale, LIMIT_TEXTS.get(str(refusal.params.get("field")), LIMIT_TEXTS[""])))
            return
        self.shown = await self._read(review, self.state)
        await self._done(say(self._locale(), N_("The limits are in force")), "limits")

    @handler
    async def reject(self, form: dict[str, Any]) -> None:
        """Say no, with a reason."""
        await self._write(withdrawals.reject, self.chosen, reason=reason_of(form))
        self.shown = await self._read(review, self.state)
        await self._done(
            say(self._locale(), N_("Not approved. The money is available to the technician again.")), "reject"
        )
