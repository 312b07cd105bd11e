"""`/operator/settlements/`: batches, what became available to technicians on a day, what matures next, what a dispute holds.

With `?batch=…` it is one batch with its earnings.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import Text, avatar, el, ibtn, icon, link, out_link
from servicehub.components.layout import empty
from servicehub.components.operator import kpis, page_head
from servicehub.components.tables import amount_td, table, th, view_tab, views
from servicehub.pages.operator.batch import PATH, batch_view, dash_td, number, technician_link
from servicehub.pages.operator.frame import frame, loading, order_link, tile
from servicehub.pages.page import Page
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.settlements import SettlementsState
from servicehub.texts import LOCALE, N_, _

S = SettlementsState
D = SettlementsState.shown


def _day() -> rx.Component:
    return el.div(
        ibtn("chevron-left", _("Day before"), on_click=S.step(-1)),
        el.input(
            type="date", id="settle-day", value=D.day, max=D.last_day, on_change=S.pick, class_name="inp", aria_label=_("Day"),
        ),
        ibtn("chevron-right", _("Day after"), on_click=S.step(1), disabled=D.day == D.last_day),
        class_name="row g6 range",
    )  # fmt: skip


def _batches() -> rx.Component:
    """The newest ones up to the day."""

    def one(b: Any) -> rx.Component:
        lead = link(number(b.no), to=rx.Var.create(f"{PATH}?batch=") + b.no, cls="brand")
        held = rx.cond(b.held > 0, el.span(b.held, " · ", b.held_sum, class_name="num"), el.span("—", class_name="num"))
        return el.tr(
            el.td(lead), el.td(el.span(b.cut_off, class_name="num")),
            el.td(el.span(b.earnings, class_name="num"), class_name="r"),
            amount_td(b.available), dash_td(b.repaid), dash_td(b.aside), amount_td(b.total), el.td(held, class_name="r hide-m"),
            key=b.no,
        )  # fmt: skip

    heads = [
        th(_("Number")), th(_("Cut-off")), th(_("Jobs"), "r"), th(_("Available"), "r"), th(_("Repaid a debt"), "r hide-m"),
        th(_("Put aside"), "r hide-m"), th(_("Sum"), "r"), th(_("Left out: held"), "r hide-m"),
    ]  # fmt: skip
    nothing = rx.cond(
        D.batches.length() == 0,
        empty(_("No batch up to this day"), _("Each run that makes earnings available makes one.")),
        rx.fragment(),
    )
    return table(_("Batches"), heads, rx.foreach(D.batches, one), empty=nothing)


def _people() -> rx.Component:
    def one(b: Any) -> rx.Component:
        who = el.div(avatar(b.portrait, 28), technician_link(b.technician_id, b.name), class_name="row g8")
        return el.tr(
            el.td(who), el.td(el.span(b.count, class_name="num"), class_name="r"), amount_td(b.available),
            dash_td(b.repaid), dash_td(b.aside), amount_td(b.total), key=b.technician_id,
        )  # fmt: skip

    heads = [
        th(_("Professional")), th(_("Jobs"), "r"), th(_("Available"), "r"), th(_("Repaid a debt"), "r hide-m"),
        th(_("Put aside"), "r hide-m"), th(_("Sum"), "r"),
    ]  # fmt: skip
    nothing = rx.cond(
        D.people.length() == 0,
        empty(_("Nothing became available on this day"), _("Earnings mature some days after the visit, by level.")),
        rx.fragment(),
    )
    return table(_("By professional"), heads, rx.foreach(D.people, one), empty=nothing)


def _lines(rows: Any, caption: Text, nothing: Text) -> rx.Component:
    heads = [th(_("Order no.")), th(_("Professional")), th(_("Time"), "hide-m"), th(""), th(_("Amount"), "r")]
    body = rx.foreach(
        rows,
        lambda line: el.tr(
            el.td(order_link(line.order_no)), el.td(line.name), el.td(el.span(line.when, class_name="num"), class_name="hide-m"),
            el.td(el.span(line.note, class_name="f12 mut")), amount_td(line.amount), key=line.order_no,
        ),
    )  # fmt: skip
    calm = rx.cond(rows.length() == 0, el.p(nothing, class_name="mut f13 panel-b"), rx.fragment())
    return table(caption, heads, body, empty=calm, dense=True)


def _due() -> rx.Component:
    heads = [th(_("Day")), th(_("Jobs"), "r"), th(_("Amount"), "r")]
    body = rx.foreach(
        D.due,
        lambda d: el.tr(
            el.td(d.day, class_name="w5"), el.td(el.span(d.count, class_name="num"), class_name="r"), amount_td(d.amount), key=d.day
        ),
    )  # fmt: skip
    calm = rx.cond(D.due.length() == 0, el.p(_("Nothing is pending."), class_name="mut f13 panel-b"), rx.fragment())
    return table(_("Matures next"), heads, body, empty=calm, dense=True)


def _tax() -> rx.Component:
    """What each quarter withheld, to take home with everybody's part."""

    def file(period: Any) -> rx.Component:
        to = rx.Var.create("/api/operator/taxes/") + period + f".xlsx?locale={LOCALE.get()}"
        return out_link(icon("download"), _("Excel file"), cls="abtn", to=to)

    heads = [th(_("Quarter")), th(_("Tax withheld"), "r"), th(_("Everybody's part"))]
    rows = rx.foreach(
        S.quarters,
        lambda q: el.tr(
            el.td(el.span(q.period, class_name="num w5")), amount_td(q.tax), el.td(file(q.period)), key=q.period
        ),
    )
    calm = rx.cond(
        S.quarters.length() == 0, el.p(_("Nothing was ever posted."), class_name="mut f13 panel-b"), rx.fragment()
    )
    withheld = table(_("Withheld tax"), heads, rows, empty=calm)
    return rx.fragment(_title(_("Withheld tax")), withheld, rx.cond(S.vat_months.length() > 0, _vat(), rx.fragment()))


def _title(text: Text) -> rx.Component:
    return el.h3(text, class_name="f15 w6 panel-b")


def _vat() -> rx.Component:
    """What each month's sales contain of value-added tax."""
    heads = [th(_("Month")), th(_("Sold, tax included"), "r"), th(_("Tax rate"), "r"), th(_("VAT owed"), "r")]
    rows = rx.foreach(
        S.vat_months,
        lambda m: el.tr(
            el.td(el.span(m.period, class_name="num w5")), amount_td(m.sold),
            el.td(el.span(m.rates, class_name="num"), class_name="r"), amount_td(m.tax), key=m.period,
        ),
    )  # fmt: skip
    note = el.p(
        _("Booked after midnight for the day that is over, by all cities; a day that gave back more than it sold lowers it."), " ",
        link(_("Every day's entry"), to="/operator/ledger/account/?code=vat_payable:output", cls="brand"),
        class_name="mut f13 panel-b",
    )  # fmt: skip
    return rx.fragment(_title(_("Value-added tax")), table(_("Value-added tax"), heads, rows), note)


def _day_view() -> rx.Component:
    figures = kpis(
        tile(_("Became available"), D.total, _("{n} jobs", n=D.count)),
        tile(_("Pending"), D.pending, _("Not matured yet, of everybody")),
        tile(_("Held by disputes"), D.frozen_sum, _("{n} jobs", n=D.frozen.length())),
    )
    names = (
        ("batches", _("Batches"), None), ("people", _("By professional"), None), ("lines", _("Lines"), None),
        ("due", _("Matures next"), None), ("frozen", _("Held by disputes"), D.frozen.length()), ("tax", _("Taxes"), None),
    )  # fmt: skip
    tabs = [view_tab(text, S.tab == key, S.show(key), count) for key, text, count in names]
    body = rx.match(
        S.tab,
        ("people", _people()),
        ("lines", _lines(D.lines, _("Lines"), _("Nothing became available on this day"))),
        ("due", _due()),
        ("tax", _tax()),
        ("frozen", _lines(D.frozen, _("Held by disputes"), _("No dispute holds any earning."))),
        _batches(),
    )
    panel = el.section(
        el.h2(_("Settlements"), class_name="sr"),
        views(_("Parts of the settlements"), *tabs),
        rx.cond(S.ready, body, loading(4)),
        class_name="panel",
    )
    head = page_head(
        _("Settlements"),
        _("Earnings become available some days after the visit, by level; a dispute holds only its own"),
    )
    return rx.fragment(head, _day(), figures, panel)


def view() -> rx.Component:
    """The page."""
    return frame(rx.cond(S.batch, batch_view(), _day_view()), active="settlements", state=S)


PAGE = Page(
    "/operator/settlements/", view, N_("Settlements"), [OperatorShellState.watch, S.watch],
    description=N_("Settlement batches, a day's earnings, what matures next, and what disputes hold."),
)  # fmt: skip
