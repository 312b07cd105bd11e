"""`/operator/settlements/`: what became available to technicians on a day, what matures next, what a dispute holds."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import Child, Text, avatar, el, ibtn, icon, link, out_link
from servicehub.components.layout import empty
from servicehub.components.operator import kpis, page_head
from servicehub.components.tables import amount_td, table, th, view_tab, views
from servicehub.pages.operator.frame import frame, loading, order_link
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


def _tile(name: Text, value: Child, hint: Text) -> rx.Component:
    return el.div(
        el.span(name, class_name="f13 mut"),
        el.span(value, class_name="v num"),
        el.span(hint, class_name="f11 mut"),
        class_name="kpi",
    )


def _batches() -> rx.Component:
    def one(b: Any) -> rx.Component:
        to = rx.Var.create("/operator/technicians/") + b.technician_id.to(str) + "/"
        who = el.div(avatar(b.portrait, 28), link(b.name, to=to, cls="brand w5"), class_name="row g8")
        repaid, aside = (rx.cond(part != "", part, "—") for part in (b.repaid, b.aside))
        return el.tr(
            el.td(who), el.td(el.span(b.count, class_name="num"), class_name="r"), amount_td(b.available),
            el.td(el.span(repaid, class_name="num"), class_name="r hide-m"),
            el.td(el.span(aside, class_name="num"), class_name="r hide-m"), amount_td(b.total), key=b.technician_id,
        )  # fmt: skip

    heads = [
        th(_("Professional")), th(_("Jobs"), "r"), th(_("Available"), "r"), th(_("Repaid a debt"), "r hide-m"),
        th(_("Put aside"), "r hide-m"), th(_("Sum"), "r"),
    ]  # fmt: skip
    nothing = rx.cond(
        D.batches.length() == 0,
        empty(_("Nothing became available on this day"), _("Earnings mature some days after the visit, by level.")),
        rx.fragment(),
    )
    return table(_("Batches"), heads, rx.foreach(D.batches, one), empty=nothing)


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
    return table(_("Withheld tax"), heads, rows, empty=calm)


def view() -> rx.Component:
    """The page."""
    figures = kpis(
        _tile(_("Became available"), D.total, _("{n} jobs", n=D.count)),
        _tile(_("Pending"), D.pending, _("Not matured yet, of everybody")),
        _tile(_("Held by disputes"), D.frozen_sum, _("{n} jobs", n=D.frozen.length())),
    )
    names = (
        ("batches", _("Batches"), None), ("lines", _("Lines"), None), ("due", _("Matures next"), None),
        ("frozen", _("Held by disputes"), D.frozen.length()), ("tax", _("Withheld tax"), None),
    )  # fmt: skip
    tabs = [view_tab(text, S.tab == key, S.show(key), count) for key, text, count in names]
    body = rx.match(
        S.tab,
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
    return frame(head, _day(), figures, panel, active="settlements", state=S)


PAGE = Page(
    "/operator/settlements/", view, N_("Settlements"), [OperatorShellState.watch, S.watch],
    description=N_("A day's batches of earnings, what matures next, and what disputes hold."),
)  # fmt: skip
