"""Fair shares: read when the page opens, and every few minutes."""

import plotly.graph_objects as go
import reflex as rx

from servicehub.domain.access import Permission
from servicehub.queries.operator.fairness import fairness
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import OperatorPage
from servicehub.texts import N_, Locale, say
from servicehub.viewmodels.operator_fairness import Fairness

_BELOW, _FINE = "#C4472B", "#0B7D6C"


@roles("operator")
class FairnessState(OperatorPage, rx.State):
    """The page as it is shown."""

    shown: Fairness = Fairness()
    figure: go.Figure = go.Figure(layout={"template": "none"})

    @handler(background=True)
    async def watch(self) -> None:
        """Show the last week."""
        if await self._admit(Permission.DISPATCH_READ) is not None:
            await self._watch((), self._reload, every_s=300)

    async def _reload(self) -> None:
        shown = await self._read(fairness)
        async with self:
            self.shown, self.ready = shown, True
            self.figure = _figure(shown, self._locale())


def _figure(shown: Fairness, locale: Locale) -> go.Figure:
    colours = [_BELOW if yuan < shown.floor_yuan else _FINE for yuan in shown.yuan]
    bars = go.Bar(
        x=list(range(1, len(shown.yuan) + 1)), y=list(shown.yuan), text=list(shown.names), textposition="none",
        marker={"color": colours}, hovertemplate="%{text}<br>¥%{y:.0f}/h<extra></extra>", showlegend=False,
    )  # fmt: skip
    ends = [0.5, len(shown.yuan) + 0.5]
    lines = [
        go.Scatter(
            x=ends, y=[at, at], mode="lines", name=say(locale, name), hoverinfo="skip",
            line={"color": colour, "width": 2, "dash": dash},
        )
        for name, at, colour, dash in (
            (N_("Median"), shown.median_yuan, "#4150C9", "solid"),
            (N_("Floor"), shown.floor_yuan, _BELOW, "dash"),
        )
    ]  # fmt: skip
    return go.Figure(data=[bars, *lines], layout={"template": None})
