"""The overview: figures, trend, exceptions and the newest orders, kept current."""

import plotly.graph_objects as go
import reflex as rx

from servicehub.domain.access import Permission
from servicehub.queries.operator.attention import attention
from servicehub.queries.operator.orders import latest
from servicehub.queries.operator.overview import overview
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics
from servicehub.texts import Locale, say
from servicehub.viewmodels.operator import Alert, FunnelStep, HourRow, Kpi, OrderRow, TrendRow

METRICS = ("gmv", "orders", "ticket")
_PRIMARY = "#0B7D6C"


@roles("operator")
class OverviewState(OperatorPage, rx.State):
    """The page as it is shown."""

    heading: str = ""
    kpis: list[Kpi] = []
    alerts: list[Alert] = []
    funnel: list[FunnelStep] = []
    latest: list[OrderRow] = []
    metric: str = "gmv"
    figure: go.Figure = go.Figure(layout={"template": "none"})
    trend: list[TrendRow] = []
    as_table: bool = False
    _hours: tuple[HourRow, ...] = ()

    @handler(background=True)
    async def watch(self) -> None:
        """Keep the page current; once a second at most, once a minute at least."""
        actor = await self._admit(Permission.OVERVIEW_READ)
        if actor is not None:
            await self._watch(city_topics(actor), self._reload, settle_s=SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        page, alerts, newest = await self._read(overview), await self._read(attention), await self._read(latest)
        async with self:
            self.heading, self.kpis, self.funnel = page.heading, list(page.kpis), list(page.funnel)
            self.alerts, self.latest, self.ready = list(alerts), list(newest), True
            if page.hours != self._hours:
                self._hours = page.hours
                self._draw()

    @handler
    async def choose(self, metric: str) -> None:
        """Show GMV, orders or the average ticket."""
        if metric in METRICS:
            self.metric = metric
            self._draw()

    @handler
    async def toggle_table(self) -> None:
        """The chart's figures as a table, or the chart."""
        self.as_table = not self.as_table

    def _draw(self) -> None:
        points = [_points(row, self.metric) for row in self._hours]
        hours = [row.hour for row in self._hours]
        self.figure = _figure(hours, points, self._locale())
        unit = "" if self.metric == "orders" else "¥"
        self.trend = [
            TrendRow(hour=hour, today="–" if now is None else f"{unit}{now:,.0f}", last=f"{unit}{before:,.0f}")
            for hour, (now, before) in zip(hours, points, strict=True)
        ]


def _points(row: HourRow, metric: str) -> tuple[float | None, float]:
    match metric:
        case "orders":
            return row.orders, row.last_orders
        case "ticket":
            return row.ticket_yuan, row.last_ticket_yuan
        case _:
            return row.gmv_yuan, row.last_gmv_yuan


def _figure(hours: list[str], points: list[tuple[float | None, float]], locale: Locale) -> go.Figure:
    come = [(hour, now) for hour, (now, _before) in zip(hours, points, strict=True) if now is not None]
    last = go.Scatter(
        x=hours, y=[before for _now, before in points], name=say(locale, "Last week"), mode="lines",
        line={"color": "#8FA39D", "width": 2, "dash": "dash", "shape": "spline", "smoothing": 0.5},
    )  # fmt: skip
    today = go.Scatter(
        x=[hour for hour, _now in come], y=[now for _hour, now in come], name=say(locale, "Today"), mode="lines+markers",
        line={"color": _PRIMARY, "width": 3, "shape": "spline", "smoothing": 0.5}, fill="tozeroy", fillcolor="rgba(11,125,108,.14)",
        marker={"color": _PRIMARY, "size": [0] * max(0, len(come) - 1) + [9]},
    )  # fmt: skip
    return go.Figure(data=[last, today], layout={"template": None})
