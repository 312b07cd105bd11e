"""`/operator/payments/`: every payment of the city with its state, narrowed and summed up."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import el
from servicehub.components.layout import empty
from servicehub.components.operator import abtn, page_head
from servicehub.components.tables import pager, table, th, two_lines, view_tab, views
from servicehub.domain.payment import PaymentStatus
from servicehub.pages.operator.frame import frame, loading, order_link
from servicehub.pages.operator.narrowing import figures, filters, number
from servicehub.pages.page import Page
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.payments import PaymentsState
from servicehub.texts import N_, _
from servicehub.texts.money import PAYMENT_STATUSES

S = PaymentsState
L = PaymentsState.shown


def _row(r: rx.Var) -> rx.Component:
    return el.tr(
        el.td(el.div(number(r, L.may_trace), el.span(r.at, class_name="f12 mut"), class_name="col g0")),
        el.td(el.div(order_link(r.order_no), el.span(r.item, class_name="f12 mut"), class_name="col g0")),
        el.td(two_lines(r.method, r.channel_no), class_name="hide-m"),
        el.td(el.span(r.state_label, class_name=r.tone)),
        el.td(
            el.div(el.span(r.amount, class_name="num"), el.span(r.returned, class_name="f12 mut"), class_name="col g0"),
            class_name="r",
        ),
        key=r.no,
    )


def view() -> rx.Component:
    """The page."""
    tabs = [view_tab(_("All"), S.state == "", S.show(""))]
    tabs += [view_tab(_(PAYMENT_STATUSES[one.value]), S.state == one.value, S.show(one.value)) for one in PaymentStatus]
    heads = [th(_("Payment")), th(_("Order")), th(_("Channel"), "hide-m"), th(_("State")), th(_("Amount"), "r")]
    nothing = empty(
        _("No payment matches"),
        _("Try another state, or clear the filters."),
        abtn("", _("Clear filters"), on_click=S.clear),
    )
    rows = table(_("Payments"), heads, rx.foreach(L.rows, _row), empty=rx.cond(L.total == 0, nothing, rx.fragment()))
    body = el.section(
        el.h2(_("Payments"), class_name="sr"),
        views(_("States"), *tabs),
        filters(S, _("Search payments"), _("Payment, channel or order no.")),
        rx.cond(S.ready, rows, loading(5)),
        pager(S.page, L.pages, el.span(_("{n} payments in all", n=L.total)), S.turn),
        class_name="panel",
    )
    head = page_head(_("Payments"), _("What customers have paid and how, live"))
    return frame(head, figures(L.sums), body, active="payments", state=S)


PAGE = Page(
    "/operator/payments/", view, N_("Payments"), [OperatorShellState.watch, S.watch],
    description=N_("Every payment with its state, channel and order."),
)  # fmt: skip
