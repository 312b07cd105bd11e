"""Withdrawing: the amount, the account, the rules, and every withdrawal with its state."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import btn, card, col, el, icon, money, row
from servicehub.components.forms import text_input
from servicehub.components.layout import navbar, note, section
from servicehub.components.technician import technician_shell
from servicehub.pages.page import Page
from servicehub.pages.technician.parts import nothing, until_ready
from servicehub.state.technician.withdraw import WithdrawState as S
from servicehub.texts import N_, _

W = S.shown


def _form() -> rx.Component:
    amount = text_input(
        "amount",
        _("Amount in yuan"),
        default_value=W.most,
        input_mode="decimal",
        pattern=r"[0-9]{1,6}(\.[0-9]{1,2})?",
        required=True,
        cls="num",
    )
    account = text_input(
        "account",
        _("Alipay account"),
        hint=rx.cond(
            W.account != "",
            _("Leave it empty for {account}", account=W.account),
            _("The mobile number or mail address that you log in to Alipay with"),
        ),
        required=W.account == "",
        auto_complete="off",
        max_length=80,
    )
    payee = row(
        el.span(_("Paid to"), class_name="mut"), el.span(W.payee, class_name="end w6"), cls="f14", aria_label=_("Payee")
    )
    form = el.form(
        amount,
        account,
        payee,
        btn(_("Withdraw"), type="submit", size="l", block=True),
        on_submit=S.ask,
        id="withdraw-form",
        class_name="col g16",
        key="withdraw-" + S.seq.to(str) + W.most,
    )
    waits = note(
        _("Your last withdrawal is still on its way. The next one can follow when it is done."), "info", "clock"
    )
    little = note(_("There is not enough to withdraw yet."), "info")
    closed = note(_("Withdrawals are not open yet. Your money is safe; please ask operations."), "warn")
    usual = rx.cond(W.is_waiting, waits, rx.cond(W.most != "", form, little))
    return card(rx.cond(S.is_open, usual, closed))


def _row(r: Any) -> rx.Component:
    tone = rx.cond(r.tone != "", "tag tag-" + r.tone, "tag")
    head = row(money(r.amount, "f18"), el.span(r.state_label, class_name=tone), cls="g8")
    why = rx.cond(r.note != "", el.span(r.note, class_name="f13 ink2"), rx.fragment())
    words = col(head, el.span(r.line, class_name="f12 mut"), why, cls="g4 grow")
    undo = rx.cond(
        r.may_cancel,
        btn(_("Take the withdrawal back"), kind="o", on_click=S.take_back(r.no), size="s"),
        rx.fragment(),
    )
    return el.div(words, undo, class_name="cell g12", key=r.no)


def view() -> rx.Component:
    """The page."""
    head = el.section(
        col(el.span(_("Available"), class_name="f13 soft"), el.span(W.available, class_name="num f34"), cls="g2"),
        class_name="money-card",
        aria_label=_("Balances"),
    )
    rules = el.ul(
        rx.foreach(W.rules, lambda rule: el.li(icon("check", "s"), rule, class_name="row g6", key=rule)),
        class_name="f12 mut side-p col g4",
    )
    listed = el.div(rx.foreach(W.rows, _row), class_name="card")
    none = nothing(_("No withdrawals yet"), _("What you withdraw appears here, with every step."))
    body = rx.fragment(
        el.div(head, _form(), rules, class_name="stack"),
        section(_("Withdrawals"), el.div(rx.cond(W.rows.length() > 0, listed, none), class_name="side-12")),
    )
    return technician_shell(
        until_ready(S.ready, body), active="income", header=navbar(_("Withdraw"), "/technician/income/")
    )


PAGE = Page("/technician/withdraw/", view, N_("Withdraw"), S.open)
