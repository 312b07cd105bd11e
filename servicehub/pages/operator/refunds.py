"""`/operator/refunds/`: every refund of the city; what a channel refused is tried again or goes to the customer's balance."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import Child, Text, attrs, btn, el
from servicehub.components.layout import empty, modal
from servicehub.components.operator import abtn, page_head
from servicehub.components.tables import amount_td, pager, table, th, two_lines, view_tab, views
from servicehub.domain.payment import RefundStatus
from servicehub.pages.operator.frame import frame, loading, order_link, reason_dialog
from servicehub.pages.operator.narrowing import figures, filters, number, pick
from servicehub.pages.page import Page
from servicehub.queries.operator.words import REFUND
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.refunds import RefundsState
from servicehub.texts import N_, _

S = RefundsState
L = RefundsState.shown


def _row(r: rx.Var) -> rx.Component:
    def opens(may: rx.Var, name: str, text: Text, dialog: str, *, primary: bool = False) -> rx.Component:
        button = abtn(name, text, primary=primary, on_click=S.choose(r.no), **attrs(data_open=dialog))
        return rx.cond(may, button, rx.fragment())

    acts = el.div(
        opens(r.may_retry, "repeat", _("Try again"), "retry"),
        opens(r.may_propose, "wallet", _("To the balance"), "propose"),
        opens(r.may_give, "check", _("Agree"), "give", primary=True),
        class_name="row g6 end",
    )
    return el.tr(
        el.td(el.div(number(r, L.may_trace), el.span(r.at, class_name="f12 mut"), class_name="col g0")),
        el.td(el.div(order_link(r.order_no), el.span(r.reason, class_name="f12 mut"), class_name="col g0")),
        el.td(two_lines(r.method, r.payment), class_name="hide-m"),
        el.td(
            el.div(
                el.span(r.state_label, class_name=r.tone),
                el.span(r.note, class_name="f12 mut"),
                class_name="col g2 start",
            )
        ),
        amount_td(r.amount),
        el.td(acts),
        key=r.no,
    )


def _sure(
    id: str, title: Text, text: Text, action: Text, on_click: rx.event.EventHandler, *more: Child
) -> rx.Component:
    """A dialog that only asks whether to go on."""
    buttons = el.div(
        btn(_("Keep"), kind="o", cls="grow", **attrs(data_close="")),
        btn(action, cls="grow", on_click=on_click),
        class_name="row g12",
    )
    chosen = el.p(S.chosen_words, class_name="f16 w6")
    return modal(id, title, el.div(chosen, *more, el.p(text, class_name="f14 ink2"), buttons, class_name="col g16"))


def _dialogs() -> rx.Component:
    again = _sure(
        "retry",
        _("Try the refund again"),
        _("It is sent once more under the same number, so that it can never arrive twice."),
        _("Try again"),
        S.retry,
    )
    agree = _sure(
        "give",
        _("Give it to the balance"),
        _("The channel is asked once more first. Then the money is in the customer's balance and is never sent again."),
        _("Agree"),
        S.give,
        el.p(S.chosen_note, class_name="f14"),
    )
    propose = reason_dialog(
        "propose",
        _("To the customer's balance instead"),
        _(
            "For a refund that the channel can never carry out, such as to a closed account. A second person has to agree."
        ),
        _("Propose"),
        S.propose,
        el.p(S.chosen_words, class_name="f16 w6"),
        danger=False,
    )
    return rx.fragment(again, agree, propose)


def view() -> rx.Component:
    """The page."""
    tabs = [view_tab(_("All"), S.state == "", S.show(""))]
    tabs += [view_tab(_(REFUND[one.value]), S.state == one.value, S.show(one.value)) for one in RefundStatus]
    heads = [
        th(_("Refund")), th(_("Order")), th(_("Channel"), "hide-m"), th(_("State")), th(_("Amount"), "r"), th(""),
    ]  # fmt: skip
    nothing = empty(
        _("No refund matches"),
        _("Try another state, or clear the filters."),
        abtn("", _("Clear filters"), on_click=S.clear),
    )
    rows = table(_("Refunds"), heads, rx.foreach(L.rows, _row), empty=rx.cond(L.total == 0, nothing, rx.fragment()))
    reasons = pick("list-reason", _("Why"), _("All reasons"), S.choices.reasons, S.reason, S.because)
    body = el.section(
        el.h2(_("Refunds"), class_name="sr"),
        views(_("States"), *tabs),
        filters(S, _("Search refunds"), _("Refund, payment or order no."), reasons),
        rx.cond(S.ready, rows, loading(6)),
        pager(S.page, L.pages, el.span(_("{n} refunds in all", n=L.total)), S.turn),
        class_name="panel",
    )
    head = page_head(_("Refunds"), _("What goes back to customers; what a channel refuses waits for people"))
    return frame(head, figures(L.sums), body, active="refunds", state=S, overlays=_dialogs())


PAGE = Page(
    "/operator/refunds/", view, N_("Refunds"), [OperatorShellState.watch, S.watch],
    description=N_("Every refund with its state; refused ones are tried again or go to the balance."),
)  # fmt: skip
