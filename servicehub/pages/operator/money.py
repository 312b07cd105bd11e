"""`/operator/money/`: a day's money, how it flowed, the days before, and what is held for whom now."""

from __future__ import annotations

import plotly.graph_objects as go
import reflex as rx

from servicehub.components.base import el, ibtn, link
from servicehub.components.layout import empty, note, panel
from servicehub.components.operator import abtn, alink, columns, kpis, page_head
from servicehub.components.plot import plot, themed
from servicehub.components.sankey import sankey
from servicehub.components.tables import amount_td, table, th, two_lines
from servicehub.pages.operator.entries import group_link
from servicehub.pages.operator.frame import frame, waiting_panel
from servicehub.pages.page import Page
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.books import BooksBadgeState
from servicehub.state.operator.money import MoneyState
from servicehub.texts import N_, _

S = MoneyState
M = MoneyState.shown


def _day() -> rx.Component:
    today = M.day == M.last_day
    return el.div(
        ibtn("chevron-left", _("Day before"), on_click=S.step(-1)),
        el.input(
            type="date", id="money-day", value=M.day, max=M.last_day, on_change=S.pick, class_name="inp",
            aria_label=_("Day"),
        ),
        ibtn("chevron-right", _("Day after"), on_click=S.step(1), disabled=today),
        class_name="row g6 range",
    )  # fmt: skip


def _figures() -> rx.Component:
    return kpis(
        rx.foreach(
            M.figures,
            lambda f: link(
                el.span(f.name, class_name="f13 mut"),
                el.span(f.value, class_name="v num"),
                el.span(f.hint, class_name="f11 mut"),
                to=f.link,
                cls="kpi",
                key=f.key,
            ),
        )
    )


def _flows() -> rx.Component:
    title = _("Flow of a day's money")
    heads = [th(_("From")), th(_("To")), th(_("Amount"), "r")]
    rows = rx.foreach(
        M.sankey.ribbons,
        lambda r: el.tr(
            el.td(link(r.start, to=r.start_link, cls="brand")), el.td(link(r.end, to=r.end_link, cls="brand")), amount_td(r.amount),
            key=r.key,
        ),
    )  # fmt: skip
    as_table = abtn("table-2", rx.cond(S.as_table, _("Show as chart"), _("Show as table")), on_click=S.toggle)
    nothing = empty(_("No money moved on this day"), _("Choose another day, or wait for the first payment."))
    drawn = el.div(
        sankey(M.sankey, _("From where this day's money came, for whom it is held, and where it went")),
        class_name="panel-b",
    )
    body = rx.cond(M.sankey.bars.length() == 0, nothing, rx.cond(S.as_table, table(title, heads, rows), drawn))
    trace = alink("scale", _("Entries of the ledger"), "/operator/ledger/?tab=entries")
    about = _("{n} entries", n=M["entries"])
    return panel(title, body, note=about, tail=el.div(trace, as_table, class_name="row g8 wrap"))


def _days() -> rx.Component:
    title = _("Last 30 days")
    figure = themed(go.Figure(), unit="¥").update_layout(template=None, barmode="relative", bargap=0.25)
    figure.update_xaxes(type="category", tickmode="linear", dtick=5, tickangle=0, fixedrange=True)
    figure.update_yaxes(fixedrange=True)
    layout = figure.layout.to_plotly_json()
    drawn = plot(S.figure, _("Money taken in, given back and withdrawn on each of the last 30 days"), layout=layout)
    heads = [
        th(_("Day")),
        th(_("Taken in"), "r"),
        th(_("Given back"), "r"),
        th(_("Withdrawals paid"), "r"),
        th(_("Platform's income"), "r"),
    ]
    rows = rx.foreach(
        M.days,
        lambda d: el.tr(
            el.td(el.button(d.day, type="button", class_name="brand", on_click=S.pick(d.iso))),
            amount_td(d.taken), amount_td(d.returned), amount_td(d.paid_out), amount_td(d.income), key=d.iso,
        ),
    )  # fmt: skip
    as_table = abtn("table-2", rx.cond(S.days_as_table, _("Show as chart"), _("Show as table")), on_click=S.toggle_days)
    return panel(title, rx.cond(S.days_as_table, table(title, heads, rows, dense=True), drawn), tail=as_table)


def _held() -> rx.Component:
    heads = [th(_("Account")), th(_("Now"), "r")]
    rows = rx.foreach(
        M.held,
        lambda h: el.tr(
            el.td(two_lines(group_link(h.group, h.name), _("{n} accounts", n=h.accounts))),
            amount_td(h.value),
            key=h.group,
        ),
    )
    title = _("Held now")
    return panel(title, table(title, heads, rows, dense=True))


def view() -> rx.Component:
    """The page."""
    sound = el.span(_("Books tie: Σ = 0"), class_name="tag tag-g")
    broken = note(_("Books do not tie"), "bad", "triangle-alert")
    badge = rx.cond(BooksBadgeState.known, rx.cond(BooksBadgeState.sound, sound, broken), rx.fragment())
    about = _("Every figure is a sum of the ledger's postings, of all cities of this installation")
    body = el.div(_day(), _figures(), _flows(), columns(_days(), _held()), class_name="col g16")
    head = page_head(_("Money"), about, badge)
    return frame(head, rx.cond(S.ready, body, waiting_panel()), active="money", state=S)


PAGE = Page(
    "/operator/money/", view, N_("Money"), [OperatorShellState.watch, S.watch, BooksBadgeState.watch],
    description=N_("A day's money: figures, flows, the days before, and what is held now."),
)  # fmt: skip
