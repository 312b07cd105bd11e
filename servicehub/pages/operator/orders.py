"""`/operator/orders/`: saved views, search, filters, sorting, paging and CSV of the city's orders."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import avatar, cx, el
from servicehub.components.forms import option, search_box, select
from servicehub.components.layout import empty
from servicehub.components.operator import abtn, alink, page_head
from servicehub.components.order import status_pill
from servicehub.components.tables import amount_td, filter_bar, pager, sla, sort_th, table, th, two_lines, views
from servicehub.pages.operator.frame import frame, loading, order_link
from servicehub.pages.page import Page
from servicehub.queries.operator.orders import DATES
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.orders import OrderDeskState
from servicehub.texts import N_, _

S = OrderDeskState


def _views() -> rx.Component:
    def tab(view: rx.Var) -> rx.Component:
        count = el.span(view.count, class_name=cx("c", rx.cond(view.is_hot, "hot", "")))
        chosen = rx.cond(S.view == view.key, "true", "false")
        return el.button(
            view.text, count, type="button", role="tab", aria_selected=chosen, on_click=S.show(view.key), key=view.key
        )

    return views(_("Order views"), rx.foreach(S.views, tab))


def _filters() -> rx.Component:
    category = rx.fragment(
        option("", _("All categories")), rx.foreach(S.categories, lambda c: option(c.value, c.text, key=c.value))
    )
    district = rx.fragment(
        option("", _("All districts")), rx.foreach(S.districts, lambda c: option(c.value, c.text, key=c.value))
    )
    dates = [("", _("Any day")), *((key, _(text)) for key, (text, _first, _last) in DATES.items())]
    day = el.input(type="date", class_name="inp", aria_label=_("Visit on"), on_change=S.on_date)
    day = el.div(day, class_name="range")
    return filter_bar(
        search_box(
            "desk-q",
            _("Search orders"),
            S.search.debounce(250),
            placeholder=_("Order no., phone or name"),
            default_value=S.q,
            slash=True,
        ),
        select("desk-category", _("Category"), category, hidden_label=True, on_change=S.in_category),
        select("desk-district", _("District"), district, hidden_label=True, on_change=S.in_district),
        select("desk-date", _("Visit day"), dates, hidden_label=True, on_change=S.on_date),
        day,
        el.span(class_name="grow"),
        abtn("rotate-ccw", _("Clear"), on_click=S.clear),
        abtn("download", "CSV", on_click=S.export, aria_label=_("Export as CSV")),
    )


def _heads() -> list[rx.Component]:
    def sortable(label: str, key: str, cls: str = "") -> rx.Component:
        return sort_th(label, key, S.sort, S.desc, S.sort_by, cls)

    return [
        sortable(_("Order no."), "placed"),
        th(_("Service")),
        th(_("Customer"), "hide-m"),
        th(_("Technician")),
        sortable(_("Visit time"), "visit", "hide-m"),
        th(_("District"), "hide-l"),
        th(_("Status")),
        sortable(_("Time limit"), "sla"),
        sortable(_("Amount"), "amount", "r"),
    ]


def _row(r: rx.Var) -> rx.Component:
    worker = el.div(avatar(r.portrait, 28), r.technician, class_name="row g6")
    place = rx.cond(
        r.status == "matching",
        alink("user-plus", _("Assign"), rx.Var.create("/operator/dispatch/?order=") + r.no),
        el.span("—", class_name="dim"),
    )
    late = rx.cond(r.is_risky, el.span(_("Late risk"), class_name="tag tag-r"), rx.fragment())
    return el.tr(
        el.td(el.div(order_link(r.no), el.span(r.placed, class_name="f12 mut"), class_name="col g0")),
        el.td(two_lines(r.service, r.quantity)),
        el.td(two_lines(r.customer, r.phone), class_name="hide-m"),
        el.td(rx.cond(r.technician != "", worker, place)),
        el.td(el.div(el.span(r.visit), late, class_name="col g2"), class_name="hide-m"),
        el.td(r.district, class_name="hide-l"),
        el.td(status_pill(r.status, r.status_text)),
        el.td(sla(r.sla_s, r.has_sla)),
        amount_td(r.amount),
        key=r.no,
    )


def _table() -> rx.Component:
    nothing = empty(
        _("No order matches"),
        _("Try another view or clear the filters."),
        abtn("", _("Clear filters"), on_click=S.clear),
    )
    rows = table(_("Orders"), _heads(), rx.foreach(S.rows, _row), empty=rx.cond(S.total == 0, nothing, rx.fragment()))
    total = el.span(_("{n} orders in all", n=S.total))
    return el.section(
        el.h2(_("Order list"), class_name="sr"),
        _views(),
        _filters(),
        rx.cond(S.ready, rows, loading(8)),
        pager(S.page, S.pages, total, S.turn),
        class_name="panel",
    )


def view() -> rx.Component:
    """The page."""
    return frame(page_head(_("Orders"), _("Every order of the city, live")), _table(), active="orders", state=S)


PAGE = Page(
    "/operator/orders/", view, N_("Orders"), [OperatorShellState.watch, S.watch],
    description=N_("Search, filter and export the city's orders."),
)  # fmt: skip
