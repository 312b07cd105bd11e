"""`/operator/`: today's figures against last week, the trend, what needs a hand, the funnel, the newest orders."""

from __future__ import annotations

import plotly.graph_objects as go
import reflex as rx

from servicehub.components.base import avatar, el, icon, link, seg
from servicehub.components.charts import bar_row, funnel, legend
from servicehub.components.layout import empty, panel
from servicehub.components.operator import abtn, alert_row, alink, columns, kpi, kpis, page_head
from servicehub.components.order import status_pill
from servicehub.components.plot import plot, themed
from servicehub.components.tables import amount_td, table, th, two_lines
from servicehub.pages.operator.frame import frame, loading, order_link
from servicehub.pages.page import Page
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.books import BooksBadgeState
from servicehub.state.operator.overview import OverviewState
from servicehub.texts import N_, _

S = OverviewState


def _head() -> rx.Component:
    sound = el.span(icon("scale", "xs"), _("Books tie: Σ = 0"), class_name="tag tag-g")
    broken = el.span(icon("triangle-alert", "xs"), _("Books do not tie"), class_name="tag tag-r")
    badge = rx.cond(BooksBadgeState.known, rx.cond(BooksBadgeState.sound, sound, broken), rx.fragment())
    return page_head(
        _("Overview"), S.heading, badge, alink("route", _("Dispatch board"), "/operator/dispatch/", primary=True)
    )


def _kpis() -> rx.Component:
    cards = rx.foreach(
        S.kpis,
        lambda k: kpi(
            k.label, k.value, k.unit, k.delta, k.hint, k.spark, up=k.rises, good=k.good, key=k.key, to=k.link
        ),
    )
    blank = [el.div(el.div(class_name="sk sk-l"), el.div(class_name="sk sk-l sk-50"), class_name="kpi")] * 6
    return rx.cond(S.ready, kpis(cards), el.div(*blank, class_name="kpis", role="status", aria_label=_("Loading")))


def _trend() -> rx.Component:
    names = (("gmv", _("GMV")), ("orders", _("Orders")), ("ticket", _("Average ticket")))
    choose = seg([(text, S.metric == key, S.choose(key)) for key, text in names], _("Metric"))
    as_table = abtn("table-2", rx.cond(S.as_table, _("Show as chart"), _("Show as table")), on_click=S.toggle_table)
    figure = themed(go.Figure()).update_layout(showlegend=False, template=None)
    figure.update_xaxes(type="category", tickmode="linear", dtick=3, tickangle=0, fixedrange=True)
    figure.update_yaxes(rangemode="tozero", fixedrange=True)
    layout = figure.layout.to_plotly_json()
    chart = plot(S.figure, _("Today's hours against the same weekday last week"), layout=layout, height="17.5rem")
    heads = [th(_("Hour")), th(_("Today"), "r"), th(_("Last week"), "r")]
    rows = rx.foreach(S.trend, lambda r: el.tr(el.td(r.hour), amount_td(r.today), amount_td(r.last), key=r.hour))
    lines = table(_("Trend by hour"), heads, rows, dense=True)
    tail = el.div(legend((_("Today"), "area"), (_("Last week"), "dash")), choose, as_table, class_name="row g12 wrap")
    return panel(_("Trend"), rx.cond(S.as_table, el.div(lines, class_name="trend-t"), chart), tail=tail)


def _alerts() -> rx.Component:
    rows = rx.foreach(
        S.alerts,
        lambda a: alert_row(a.tone, a.icon, a.title, a.note, alink("", a.action, a.link), key=a.key),
    )
    calm = empty(_("Nothing needs a hand"), _("Late orders, refunds and cases would be listed here."))
    body = rx.cond(S.ready & (S.alerts.length() == 0), calm, rows)
    steps = funnel(_("Today's funnel"), rx.foreach(S.funnel, lambda f: bar_row(f.name, f.width, f.value)))
    return panel(_("Needs a hand"), body, el.span(class_name="grow"), steps, note=S.alerts.length())


def _latest() -> rx.Component:
    heads = [
        th(_("Order no.")), th(_("Service")), th(_("Customer"), "hide-m"), th(_("Technician")), th(_("Visit time"), "hide-m"),
        th(_("Status")), th(_("Amount"), "r"),
    ]  # fmt: skip
    rows = rx.foreach(S.latest, _row)
    body = rx.cond(S.ready, table(_("Newest orders"), heads, rows), loading(6))
    more = link(_("All orders"), icon("chevron-right", "xs"), to="/operator/orders/", cls="more")
    return panel(_("Newest orders"), body, tail=more)


def _row(r: rx.Var) -> rx.Component:
    worker = el.div(avatar(r.portrait, 28), r.technician, class_name="row g6")
    return el.tr(
        el.td(order_link(r.no)),
        el.td(two_lines(r.service, r.placed)),
        el.td(two_lines(r.customer, r.phone), class_name="hide-m"),
        el.td(rx.cond(r.technician != "", worker, el.span("—", class_name="dim"))),
        el.td(two_lines(r.visit, r.district), class_name="hide-m"),
        el.td(status_pill(r.status, r.status_text)),
        amount_td(r.amount),
        key=r.no,
    )


def view() -> rx.Component:
    """The page."""
    return frame(_head(), _kpis(), columns(_trend(), _alerts()), _latest(), active="overview", state=S)


PAGE = Page(
    "/operator/", view, N_("Overview"), [OperatorShellState.watch, S.watch, BooksBadgeState.watch],
    description=N_("Today's figures, exceptions and newest orders of the city."),
)  # fmt: skip
