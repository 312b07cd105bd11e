"""Vouchers: proposed by one person, agreed to or dropped by another."""

from typing import Any

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.domain.money import fen_of
from servicehub.domain.voucher import VoucherKind
from servicehub.errors import Invalid
from servicehub.queries import vouchers as reading
from servicehub.services import vouchers
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics, reason_of
from servicehub.texts import N_, formats, say
from servicehub.viewmodels.voucher import Position, Vouchers


@roles("operator")
class VouchersState(OperatorPage, rx.State):
    """The page as it is shown."""

    shown: Vouchers = Vouchers()
    chosen: Position | None = None
    form_key: int = 0
    voucher: int = 0
    """What a dialog is about."""
    words: str = ""

    @handler(background=True)
    async def watch(self) -> None:
        """Keep the page current."""
        actor = await self._admit(Permission.RECONCILE)
        if actor is not None:
            await self._watch(city_topics(actor), self._reload, settle_s=SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        shown = await self._read(reading.page)
        async with self:
            self.shown, self.ready = shown, True

    async def _again(self) -> None:
        self.shown = await self._read(reading.page)

    @handler
    async def begin(self, key: str) -> None:
        """Open the form about a position."""
        self.chosen = next((row for row in self.shown.positions if row.key == key), None)
        self.form_key += 1

    @handler
    async def propose(self, form: dict[str, Any]) -> None:
        """Say what was paid or is written off."""
        if self.chosen is None:
            raise Invalid("position")
        kind, channel = VoucherKind(self.chosen.kind), self.chosen.channel
        try:
            await self._write(vouchers.propose, kind, channel, fen_of(form.get("amount") or ""), reason=reason_of(form))
        except vouchers.NoRoom as refused:
            await self._short(refused)
            return
        await self._again()
        await self._done(say(self._locale(), N_("Noted. A second person has to agree.")), "voucher")

    async def _short(self, refused: vouchers.NoRoom) -> None:
        most = formats.yuan(int(refused.params["most_fen"]), always_decimals=True)
        await self._again()
        await self._toast(say(self._locale(), N_("There is {amount} on the account now."), amount=most), "bad")

    @handler
    async def choose(self, voucher: int) -> None:
        """Remember which one a dialog is about."""
        found = next((row for row in self.shown.rows if row.id == voucher), None)
        self.voucher = found.id if found else 0
        self.words = f"{found.title} · {found.amount} · {found.note}" if found else ""

    @handler
    async def agree(self) -> None:
        """Agree as the second person."""
        try:
            await self._write(vouchers.agree, self.voucher)
        except vouchers.NoRoom as refused:
            await self._short(refused)
            return
        await self._again()
        await self._done(say(self._locale(), N_("Booked.")), "agree")

    @handler
    async def drop(self, form: dict[str, Any]) -> None:
        """Take it back, or refuse it."""
        await self._write(vouchers.drop, self.voucher, reason=reason_of(form))
        await self._again()
        await self._done(say(self._locale(), N_("Dropped. Nothing was booked.")), "drop")
