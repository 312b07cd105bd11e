"""All payments: narrowed, summed up, page by page."""

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.queries.operator.narrowing import choices
from servicehub.queries.operator.payments import payment_list
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, city_topics
from servicehub.state.operator.narrowing import NarrowedList, number_of, page_of, word_of
from servicehub.viewmodels.operator_payments import PaymentList


@roles("operator")
class PaymentsState(NarrowedList, rx.State):
    """The list as it is shown."""

    shown: PaymentList = PaymentList()

    @handler(background=True)
    async def watch(self) -> None:
        """Take state and number of the address, then keep the list current."""
        actor = await self._admit(Permission.LEDGER_READ)
        if actor is None:
            return
        offered = await self._read(choices)
        async with self:
            self.choices = offered
            self._from_address()
        await self._watch(city_topics(actor), self._refresh, settle_s=SETTLE_S, every_s=60)

    async def _refresh(self) -> None:
        shown = await self._read(payment_list, self._wanted())
        async with self:
            self.shown, self.page, self.ready = shown, shown.page, True

    async def _load(self) -> None:
        self.shown = await self._read(payment_list, self._wanted())
        self.page, self.ready = self.shown.page, True

    @handler
    async def show(self, state: str) -> None:
        """Only payments in this state."""
        await self._narrow(state=word_of(state))

    @handler
    async def search(self, q: str) -> None:
        """By a number of ours, the channel's or the order's."""
        await self._narrow(q=number_of(q))

    @handler
    async def in_channel(self, value: str) -> None:
        """Only of this channel."""
        await self._narrow(channel=word_of(value))

    @handler
    async def of_item(self, value: str) -> None:
        """Only for this part of a price."""
        await self._narrow(item=word_of(value))

    @handler
    async def from_day(self, value: str) -> None:
        """From this day on."""
        await self._narrow(first=word_of(value))

    @handler
    async def to_day(self, value: str) -> None:
        """Until the end of this day."""
        await self._narrow(last=word_of(value))

    @handler
    async def turn(self, page: int) -> None:
        """Go to a page."""
        await self._narrow(page=page_of(page))

    @handler
    async def clear(self) -> None:
        """Back to all payments."""
        await self._clear()
