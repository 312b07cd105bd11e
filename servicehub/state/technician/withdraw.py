"""Taking money out: how much, where to, what became of it, and the payee's own yes where a channel asks for it."""

import asyncio
import json
from typing import Any

import reflex as rx
import segno

from servicehub.db import database
from servicehub.domain.channel import PayoutState, Scene, scene_of
from servicehub.domain.money import fen_of
from servicehub.domain.withdrawal import WECHAT
from servicehub.queries import withdrawals as reading
from servicehub.services import withdrawals
from servicehub.settings import get_settings
from servicehub.state.base import handler, roles
from servicehub.state.technician.base import TechnicianPage, field
from servicehub.texts import N_
from servicehub.viewmodels.withdrawal import Confirming, Withdrawing
from servicehub.workflows import payouts

WITHDRAWALS = "/technician/withdraw/"
NUMBER_CHARS = 32


def _picture(address: str) -> str:
    """The address as a code, a data address."""
    return str(segno.make(address, error="m").svg_data_uri(scale=8, border=2))


class _InABrowser(TechnicianPage, mixin=True):
    """What depends on where the browser runs, as it says itself: good for what is offered, never for rights."""

    def _scene(self) -> Scene:
        return scene_of(str(self.router.headers.user_agent))  # type: ignore[attr-defined]

    def _address(self, path: str) -> str:
        """A page of ours as another device opens it."""
        return f"{get_settings().base_url.rstrip('/')}{self._to(path)}"


@roles("technician")
class WithdrawState(_InABrowser, rx.State):
    """The page as it is shown."""

    shown: Withdrawing = Withdrawing()
    channels: tuple[str, ...] = ()
    """What pays out here; empty when nothing does."""
    channel: str = ""
    """The chosen one."""
    can_log_in: bool = False
    """Whether WeChat's log-in answers this browser."""
    picture: str = ""
    """This page as a code that WeChat opens; empty when it is not needed."""
    seq: int = 0
    """Changes when the form begins anew."""

    @handler(background=True)
    async def open(self) -> None:
        """Read, then follow. What was chosen stays: the log-in at WeChat leads away and back."""
        await self._watch(await self._topics(), self._reload, every_s=60)

    async def _reload(self) -> None:
        shown, channels = await self._read(reading.mine), payouts.payout_channels()
        async with self:
            self.shown, self.ready, self.channels = shown, True, channels
            if self.channel not in channels:
                self.channel = shown.channel if shown.channel in channels else next(iter(channels), "")
            self.can_log_in = payouts.can_log_in(self._scene())
            needed = WECHAT in channels and not (shown.in_wechat or self.can_log_in)
            self.picture = _picture(self._address(WITHDRAWALS)) if needed else ""

    @handler
    async def choose(self, channel: str) -> None:
        """Where the money goes."""
        self.channel = channel if channel in self.channels else self.channel

    @handler
    async def ask(self, form: dict[str, Any]) -> None:
        """Freeze the amount and ask for its payout."""
        await self._write(
            payouts.request, fen_of(field(form, "amount", 12)), field(form, "account", 80), field(form, "channel", 16)
        )
        self.shown, self.seq = await self._read(reading.mine), self.seq + 1
        await self._done(N_("Asked for. You hear as soon as it is decided."))

    @handler
    async def take_back(self, no: str) -> None:
        """Take it back while nobody has decided."""
        await self._write(withdrawals.cancel, str(no)[:NUMBER_CHARS])
        self.shown, self.seq = await self._read(reading.mine), self.seq + 1
        await self._done(N_("Taken back. The money is available again."))


@roles("technician")
class ConfirmState(_InABrowser, rx.State):
    """The technician's yes to a transfer: inside WeChat its own sheet, elsewhere a code that leads there."""

    shown: Confirming = Confirming()
    params: str = ""
    """JSON that WeChat's browser is called with."""
    picture: str = ""
    """This page as a code that WeChat opens."""
    demo: str = ""
    """Where a visitor of a demo says yes."""

    @handler(background=True)
    async def watch(self) -> None:
        """Ask the channel once, then follow what is booked."""
        async with self:
            self.shown, self.ready, self.params, self.picture, self.demo = Confirming(), False, "", "", ""
        shown = await self._read(reading.confirming, self._no())
        if shown.waits:
            await self._ask_channel(shown.no)
        await self._watch(await self._topics(), self._reload, every_s=4)

    async def _ask_channel(self, no: str) -> None:
        found = await asyncio.to_thread(payouts.confirmation, database(), await self._actor(), no)
        async with self:
            if found.params and self._scene() is Scene.WECHAT:
                self.params = json.dumps(dict(found.params))
            elif found.params:
                self.picture = _picture(self._address(f"{withdrawals.CONFIRM_PAGE}?no={no}"))
            self.demo = payouts.demo_confirm(found.params, f"{self._to(withdrawals.CONFIRM_PAGE)}?no={no}")

    async def _reload(self) -> None:
        shown = await self._read(reading.confirming, self._no())
        async with self:
            self.shown, self.ready = shown, True

    @handler
    async def done(self) -> rx.event.EventSpec:
        """WeChat's browser says yes: the channel is asked."""
        found = await asyncio.to_thread(payouts.confirmation, database(), await self._actor(), self.shown.no)
        waits = found.state is PayoutState.CONFIRMING
        await self._done(N_("Not confirmed yet.") if waits else N_("Thank you. The page shows how it stands."))
        return rx.redirect(self._to(WITHDRAWALS))

    @handler
    async def gave_up(self) -> rx.event.EventSpec:
        """Not now: it goes on waiting."""
        await self._done(N_("Not confirmed yet. You can do it until the time is over."))
        return rx.redirect(self._to(WITHDRAWALS))

    @handler
    async def take_back(self) -> rx.event.EventSpec:
        """Take it back at the channel; who was faster is told there."""
        state = await asyncio.to_thread(payouts.give_up, database(), await self._actor(), self.shown.no)
        back = state is PayoutState.UNCONFIRMED
        await self._done(
            N_("Taken back. The money is available again.")
            if back
            else N_("The channel has not taken it back yet. The page shows how it stands.")
        )
        return rx.redirect(self._to(WITHDRAWALS))

    def _no(self) -> str:
        """The number that the address names, as the browser says."""
        return self._query("no", NUMBER_CHARS)
