"""`/operator/vouchers/`: what only people book, with two pairs of eyes: bank transfers, tax paid on, suspense emptied."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import attrs, btn, el
from servicehub.components.layout import empty, modal, panel
from servicehub.components.operator import abtn, columns, page_head
from servicehub.components.tables import amount_td, table, th
from servicehub.pages.operator.frame import amount_field, frame, loading, reason_dialog
from servicehub.pages.page import Page
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.vouchers import VouchersState
from servicehub.texts import N_, _

S = VouchersState
V = VouchersState.shown


def _position(p: rx.Var) -> rx.Component:
    name = el.div(
        el.span(p.name, class_name="w5"), el.code(p.code, class_name="f12 mut", lang="en"), class_name="col g0"
    )
    action = rx.cond(
        p.action != "",
        abtn("", p.action, on_click=S.begin(p.key), **attrs(data_open="voucher")),
        el.span(_("First book what was paid out to the bank."), class_name="f12 mut"),
    )
    return el.tr(el.td(name, class_name="wraps"), amount_td(p.amount), el.td(action, class_name="r"), key=p.key)


def _positions() -> rx.Component:
    nothing = rx.cond(
        V.positions.length() == 0,
        empty(_("Nothing to book by hand"), _("Money at channels, tax withheld and differences to bills appear here.")),
        rx.fragment(),
    )
    heads = [th(_("Account")), th(_("Balance"), "r"), th("")]
    rows = table(_("What only people move"), heads, rx.foreach(V.positions, _position), empty=nothing)
    return panel(_("What only people move"), rx.cond(S.ready, rows, loading(4)))


def _row(r: rx.Var) -> rx.Component:
    agree = rx.cond(
        r.may_agree,
        abtn("", _("Agree"), primary=True, on_click=S.choose(r.id), **attrs(data_open="agree")),
        rx.fragment(),
    )
    drop = rx.cond(r.may_drop, abtn("", _("Drop"), on_click=S.choose(r.id), **attrs(data_open="drop")), rx.fragment())
    what = el.div(
        el.span(r.title, class_name="w5"),
        el.span(r.note, class_name="f13"),
        el.span(r.when, " · ", r.people, class_name="num f12 mut"),
        class_name="col g0",
    )
    state = el.div(
        el.span(r.state_label, class_name="tag tag-" + r.tone),
        el.div(agree, drop, class_name="row g6 wrap"),
        class_name="col g4 start",
    )
    return el.tr(el.td(what, class_name="wraps"), amount_td(r.amount), el.td(state), key=r.id)


def _rows() -> rx.Component:
    nothing = rx.cond(
        V.rows.length() == 0,
        empty(_("No vouchers yet"), _("Choose first what was paid or is to be written off.")),
        rx.fragment(),
    )
    heads = [th(_("What")), th(_("Amount"), "r"), th(_("State"))]
    rows = table(_("Vouchers"), heads, rx.foreach(V.rows, _row), empty=nothing)
    return panel(_("Vouchers"), rx.cond(S.ready, rows, loading(6)))


def _dialogs() -> rx.Component:
    chosen = S.chosen
    about = el.p(rx.cond(chosen, chosen.action + " · " + chosen.name, ""), class_name="f15 w6")
    amount = amount_field(
        "voucher-amount", _("Amount, ¥"), required=True, default_value=rx.cond(chosen, chosen.most, ""),
        key="amount-" + S.form_key.to(str),
    )  # fmt: skip
    propose = reason_dialog(
        "voucher", _("Book by hand"), _("A second person reads this and agrees, or asks you."), _("Propose"), S.propose,
        about, amount, danger=False,
    )  # fmt: skip
    buttons = el.div(
        btn(_("Keep"), kind="o", cls="grow", **attrs(data_close="")),
        btn(_("Agree"), cls="grow", on_click=S.agree),
        class_name="row g12",
    )
    lead = el.p(S.words, class_name="f15 w6")
    text = el.p(_("It is booked for good, with both names."), class_name="f14 ink2")
    agree = modal("agree", _("Agree to the voucher"), el.div(lead, text, buttons, class_name="col g16"))
    drop = reason_dialog(
        "drop", _("Drop the voucher"), _("Nothing is booked; it stays in the list."), _("Drop"), S.drop,
        el.p(S.words, class_name="f15 w6"),
    )  # fmt: skip
    return rx.fragment(propose, agree, drop)


def view() -> rx.Component:
    """The page."""
    head = page_head(_("Vouchers"), _("Bank transfers, tax paid on and differences cleared: two people for each"))
    return frame(head, columns(_positions(), _rows(), kind="h"), active="vouchers", state=S, overlays=_dialogs())


PAGE = Page(
    "/operator/vouchers/", view, N_("Vouchers"), [OperatorShellState.watch, S.watch],
    description=N_("Bookings that two people make by hand: bank transfers, tax paid on, suspense emptied."),
)  # fmt: skip
