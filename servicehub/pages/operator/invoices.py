"""`/operator/invoices/`: invoices that customers ask for: issued, refused, voided."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import attrs, btn, el, icon, out_link
from servicehub.components.forms import text_input
from servicehub.components.layout import empty, modal
from servicehub.components.operator import abtn, page_head
from servicehub.components.tables import amount_td, table, th, two_lines, view_tab, views
from servicehub.pages.operator.frame import frame, loading, order_link, reason_dialog
from servicehub.pages.page import Page
from servicehub.queries.invoices import STATES
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.invoices import InvoicesState
from servicehub.texts import LOCALE, N_, _

S = InvoicesState
L = InvoicesState.shown


def _row(r: rx.Var) -> rx.Component:
    tone = rx.cond(r.tone != "", "tag tag-" + r.tone, "tag")
    stale = rx.cond(r.is_stale, el.span(_("Amount no longer right"), class_name="tag tag-r"), rx.fragment())
    issue = abtn("", _("Issue"), primary=True, on_click=S.choose(r.no), **attrs(data_open="issue"))
    end = abtn(
        "",
        rx.cond(r.state == "issued", _("Void"), _("Refuse")),
        cls="abtn-d",
        on_click=S.choose(r.no),
        **attrs(data_open="end"),
    )
    file = out_link(
        icon("download"), "PDF", cls="abtn", to=rx.Var.create("/api/invoices/") + r.no + f".pdf?locale={LOCALE.get()}"
    )
    acts = el.div(
        rx.cond((r.state == "issued") | (r.state == "voided"), file, rx.fragment()),
        rx.cond(r.may_issue, issue, rx.fragment()),
        rx.cond(r.may_end, end, rx.fragment()),
        class_name="row g6 end",
    )
    return el.tr(
        el.td(two_lines(r.title, r.tax_no)),
        el.td(order_link(r.order_no), class_name="hide-m"),
        el.td(el.span(r.asked, class_name="num"), class_name="hide-m"),
        el.td(
            el.div(
                el.span(r.state_label, class_name=tone),
                stale,
                el.span(r.note, class_name="f12 mut"),
                class_name="col g2 start",
            )
        ),
        amount_td(r.amount),
        el.td(acts),
        key=r.no,
    )


def _issue() -> rx.Component:
    return modal(
        "issue",
        _("Issue the invoice"),
        el.form(
            el.p(S.chosen_words, class_name="f16 w6"),
            text_input(
                "fiscal_no", _("Number in the tax system"), name="fiscal_no", input_mode="numeric", pattern="[0-9]{8,20}",
                hint=_("Without a number the document calls itself a receipt."), required=False,
            ),
            el.div(
                btn(_("Keep"), kind="o", cls="grow", **attrs(data_close="")),
                btn(_("Issue"), cls="grow", type="submit"),
                class_name="row g12",
            ),
            on_submit=S.issue,
            reset_on_submit=True,
            class_name="col g16",
        ),
    )  # fmt: skip


def view() -> rx.Component:
    """The page."""
    tabs = [view_tab(_("All"), S.state == "", S.show(""))]
    tabs += [view_tab(_(text), S.state == key, S.show(key)) for key, text in STATES.items()]
    heads = [
        th(_("Buyer")), th(_("Order no."), "hide-m"), th(_("Asked for"), "hide-m"), th(_("State")), th(_("Amount"), "r"), th(""),
    ]  # fmt: skip
    nothing = rx.cond(
        L.rows.length() == 0, empty(_("Nothing here"), _("Invoices that customers ask for appear here.")), rx.fragment()
    )
    rows = table(_("Invoices"), heads, rx.foreach(L.rows, _row), empty=nothing)
    body = el.section(
        el.h2(_("Invoices"), class_name="sr"),
        views(_("States"), *tabs),
        rx.cond(S.ready, rows, loading(5)),
        class_name="panel",
    )
    say_no = reason_dialog(
        "end", _("Refuse or void the invoice"), _("The customer reads your reason and may ask for another one."), _("Go on"), S.end,
        el.p(S.chosen_words, class_name="f16 w6"),
    )  # fmt: skip
    head = page_head(_("Invoices"), _("What was paid and not given back; what is issued is voided, never edited"))
    return frame(head, body, active="invoices", state=S, overlays=rx.fragment(_issue(), say_no))


PAGE = Page(
    "/operator/invoices/", view, N_("Invoices"), [OperatorShellState.watch, S.watch],
    description=N_("Invoices that customers ask for: issued, refused or voided."),
)  # fmt: skip
