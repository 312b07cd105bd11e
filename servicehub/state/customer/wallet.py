"""The customer's balance."""

import reflex as rx

from servicehub import bus
from servicehub.queries.customer.wallet import wallet
from servicehub.state.base import handler, roles
from servicehub.state.customer.base import CustomerPage
from servicehub.viewmodels.customer.wallet import Wallet


@roles("customer")
class WalletState(CustomerPage, rx.State):
    """What it holds and what moved it."""

    shown: Wallet = Wallet()

    @handler(background=True)
    async def watch(self) -> None:
        """Read, and again when something of this customer changes."""
        await self._watch([bus.customer((await self._actor()).user_id)], self._reload)

    async def _reload(self) -> None:
        shown = await self._read(wallet)
        async with self:
            self.shown, self.ready, self.problem = shown, True, ""
