"""Technicians' deposits: wishes to have one back, and the rules, adopted as a new version with a reason."""

from typing import Any

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.domain.money import fen_of
from servicehub.errors import Invalid
from servicehub.queries.deposits import desk
from servicehub.services import deposits, policies
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics, reason_of
from servicehub.texts import N_, say
from servicehub.viewmodels.deposit import DepositDesk

AMOUNTS = ("target_fen", "share_bp")
"""Typed in yuan, or in percent: both are hundredths."""
REFUSED: dict[str, str] = {
    "": N_("Something in this request is not right. Please check it."),
    "target_fen": N_("A deposit is at most ¥100,000; 0 asks for none."),
    "share_bp": N_("At most 100 % of an earning is put aside."),
    "hold_days": N_("Between 0 and 365 days."),
}


def _days(text: object) -> int:
    written = str(text or "").strip()
    return int(written) if written.isascii() and written.isdigit() and len(written) <= 3 else -1


@roles("operator")
class DepositsState(OperatorPage, rx.State):
    """The panel as it is shown."""

    shown: DepositDesk = DepositDesk()
    chosen: str = ""
    """The number that a dialog is about."""
    chosen_name: str = ""
    chosen_amount: str = ""
    chosen_owed: str = ""
    _fen: int = 0
    """What was shown of it."""

    @handler(background=True)
    async def watch(self) -> None:
        """Keep the panel current."""
        actor = await self._admit(Permission.WITHDRAWAL_REVIEW)
        if actor is not None:
            await self._watch(city_topics(actor), self._reload, settle_s=SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        shown = await self._read(desk)
        async with self:
            self.shown, self.ready = shown, True

    @handler
    async def choose(self, no: str) -> None:
        """Remember which one a dialog is about, and what was shown of it."""
        found = next((row for row in self.shown.rows if row.no == no), None)
        self.chosen, self._fen = (found.no, found.fen) if found else ("", 0)
        self.chosen_name, self.chosen_amount = (found.name, found.amount) if found else ("", "")
        self.chosen_owed = found.owed if found else ""

    @handler
    async def give_back(self) -> None:
        """Give it back."""
        await self._write(deposits.give_back, self.chosen, self._fen)
        self.shown = await self._read(desk)
        text = N_("Given back. It is available to the technician now.")
        await self._done(say(self._locale(), text), "deposit-give")

    @handler
    async def refuse(self, form: dict[str, Any]) -> None:
        """Keep it, with a reason."""
        await self._write(deposits.refuse, self.chosen, reason=reason_of(form))
        self.shown = await self._read(desk)
        await self._done(say(self._locale(), N_("Refused. The technician reads your reason.")), "deposit-refuse")

    @handler
    async def adopt(self, form: dict[str, Any]) -> None:
        """Adopt other rules, on top of the version that the form was made from."""
        wanted = {name: fen_of(form.get(name) or "") for name in AMOUNTS} | {"hold_days": _days(form.get("hold_days"))}
        try:
            await self._write(policies.adopt_deposit, wanted, base=self.shown.rules.version, note=reason_of(form))
        except Invalid as refusal:
            text = REFUSED.get(str(refusal.params.get("field")), REFUSED[""])
            await self._toast(say(self._locale(), text), "bad")
            return
        self.shown = await self._read(desk)
        await self._done(say(self._locale(), N_("The rules of deposits are in force")), "deposit-rules")
