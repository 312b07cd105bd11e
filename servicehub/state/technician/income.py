"""Earnings: today, pending, available; and one order's price traced to its ledger entries."""

import functools
from collections.abc import Sequence

import reflex as rx

from servicehub import bus
from servicehub.errors import NotFound
from servicehub.queries import income
from servicehub.state.base import handler, roles
from servicehub.state.technician.base import TechnicianPage
from servicehub.viewmodels.money import Income, IncomeDay, IncomeDetail
from servicehub.viewmodels.technician import Bar


@roles("technician")
class IncomeState(TechnicianPage, rx.State):
    """The balances and the latest lines."""

    income: Income | None = None
    bars: list[Bar] = []

    @handler(background=True)
    async def open(self) -> None:
        """Read, then follow."""
        await self._watch(await self._topics(), self._reload, every_s=300)

    async def _reload(self) -> None:
        read = await self._read(income.income)
        async with self:
            self.income, self.bars, self.ready = read, _bars(read.days), True


@roles("technician")
class EarningState(TechnicianPage, rx.State):
    """One order's earning."""

    earning: IncomeDetail = IncomeDetail()

    @handler(background=True)
    async def open(self) -> None:
        """Read the order of the address, then follow it."""
        number = self._order_no()
        async with self:
            self.earning, self.ready = IncomeDetail(), False
        await self._watch([bus.order(number), *await self._topics()], functools.partial(self._reload, number))

    async def _reload(self, number: str) -> None:
        try:
            read = await self._read(income.income_detail, number)
        except NotFound:
            read = IncomeDetail()
        async with self:
            self.earning, self.ready = read, True


def _bars(days: Sequence[IncomeDay]) -> list[Bar]:
    highest = max((day.fen for day in days), default=0)
    return [Bar(day.day, day.net, max(0, day.fen) * 100 // highest if highest > 0 else 0) for day in days]
