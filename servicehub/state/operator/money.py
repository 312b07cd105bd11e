"""The overview of money: one day's figures and flows, the month up to it, and what is held now."""

import plotly.graph_objects as go
import reflex as rx

from servicehub import bus
from servicehub.domain.access import Permission
from servicehub.queries.operator.money_overview import money_overview
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, day_beside
from servicehub.texts import N_, Locale, say
from servicehub.viewmodels.money_overview import DayFlow, MoneyOverview

_TAKEN, _INCOME, _RETURNED, _OUT = "#0B7D6C", "#4150C9", "#C4472B", "#B26A00"


@roles("operator")
class MoneyState(OperatorPage, rx.State):
    """The page as it is shown."""

    shown: MoneyOverview = MoneyOverview()
    figure: go.Figure = go.Figure(layout={"template": "none"})
    as_table: bool = False
    days_as_table: bool = False
    _wanted: str = ""
    """The chosen day, ISO; empty follows today."""

    @handler(background=True)
    async def watch(self) -> None:
        """Take the day of the address, then keep the page current."""
        actor = await self._admit(Permission.LEDGER_READ)
        if actor is None:
            return
        async with self:
            self._wanted = self._query("day", 10)
        await self._watch((bus.overview(str(actor.city_id)),), self._reload, settle_s=2 * SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        shown = await self._read(money_overview, self._wanted)
        async with self:
            self._show(shown)

    def _show(self, shown: MoneyOverview) -> None:
        if shown.days != self.shown.days:
            self.figure = _figure(shown.days, self._locale())
        self.shown, self.ready = shown, True

    @handler
    async def pick(self, day: str) -> None:
        """Show another day."""
        self._wanted = str(day)[:10]
        self._show(await self._read(money_overview, self._wanted))

    @handler
    async def step(self, days: int) -> None:
        """The day before or after."""
        self._wanted = day_beside(self.shown.day, days)
        self._show(await self._read(money_overview, self._wanted))

    @handler
    async def toggle(self) -> None:
        """The flows as a table, or drawn."""
        self.as_table = not self.as_table

    @handler
    async def toggle_days(self) -> None:
        """The days as a table, or drawn."""
        self.days_as_table = not self.days_as_table


def _figure(days: tuple[DayFlow, ...], locale: Locale) -> go.Figure:
    names = [day.iso[5:] for day in days]

    def bar(name: str, values: list[float], colour: str) -> go.Bar:
        text = f"%{{x}}<br>{say(locale, name)} ¥%{{y:,.2f}}<extra></extra>"
        return go.Bar(x=names, y=values, name=say(locale, name), marker={"color": colour}, hovertemplate=text)

    income = go.Scatter(
        x=names, y=[day.income_yuan for day in days], name=say(locale, N_("Platform's income")), mode="lines+markers",
        line={"color": _INCOME, "width": 2}, marker={"size": 4}, hovertemplate="¥%{y:,.2f}<extra></extra>",
    )  # fmt: skip
    bars = [
        bar(N_("Taken in"), [day.taken_yuan for day in days], _TAKEN),
        bar(N_("Given back"), [-day.returned_yuan for day in days], _RETURNED),
        bar(N_("Withdrawals paid"), [-day.paid_out_yuan for day in days], _OUT),
    ]
    return go.Figure(data=[*bars, income], layout={"template": None})
