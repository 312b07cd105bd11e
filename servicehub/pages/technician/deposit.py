"""The guarantee deposit: what is held, how it grows, adding to it, asking for it back, and every wish with its state."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import btn, col, el, icon, money, row
from servicehub.components.forms import hidden, text_input
from servicehub.components.layout import closes, confirm, modal, navbar, note, opens, section
from servicehub.components.technician import technician_shell
from servicehub.pages.page import Page
from servicehub.pages.technician.parts import nothing, until_ready
from servicehub.state.technician.deposit import DepositState as S
from servicehub.texts import N_, _

D = S.shown


def _head() -> rx.Component:
    held = col(el.span(_("Deposit"), class_name="f13 soft"), el.span(D.held, class_name="num f34"), cls="g2")
    target = col(
        el.span(_("Deposit asked for"), class_name="f13 soft"), el.span(D.target, class_name="num f24"), cls="g2 ends"
    )
    return el.section(
        row(held, rx.cond(D.target != "", el.span(target, class_name="end"), rx.fragment()), cls="base-end"),
        class_name="money-card",
        aria_label=_("Deposit"),
    )


def _acts() -> rx.Component:
    aside = btn(_("Put aside"), block=True, **opens("aside"))
    full = note(_("The deposit is full. Nothing more is put aside."), "ok", "check")
    little = note(_("{amount} are missing. Nothing is available to put aside now.", amount=D.missing), "info")
    grows = rx.cond(D.most != "", aside, rx.cond(D.missing == "", full, little))
    back = rx.cond(D.may_ask, btn(_("Ask for it back"), kind="o", block=True, **opens("ask-back")), rx.fragment())
    waits = note(_("You have asked for it back. Until it is decided nothing is added by hand."), "info", "clock")
    usual = rx.cond(D.target != "", grows, rx.fragment())
    return col(rx.cond(D.is_asked, waits, rx.cond(D.by_company, rx.fragment(), usual)), back, cls="g12")


def _keeps() -> rx.Component:
    lines = el.ul(rx.foreach(D.keeps, lambda text: el.li(text, key=text)), class_name="col g4")
    return rx.cond(
        D.keeps.length() > 0,
        note(el.div(_("It can be given back when this is over:"), lines, class_name="col g4"), "info", "clock"),
        rx.fragment(),
    )


def _row(r: Any) -> rx.Component:
    tone = rx.cond(r.tone != "", "tag tag-" + r.tone, "tag")
    head = row(money(r.amount, "f18"), el.span(r.state_label, class_name=tone), cls="g8")
    why = rx.cond(r.note != "", el.span(r.note, class_name="f13 ink2"), rx.fragment())
    undo = rx.cond(
        r.may_cancel, btn(_("Take the request back"), kind="o", size="s", on_click=S.take_back(r.no)), rx.fragment()
    )
    words = col(head, el.span(r.when, class_name="f12 mut"), why, cls="g4 grow")
    return el.div(words, undo, class_name="cell g12", key=r.no)


def _dialogs() -> rx.Component:
    amount = text_input(
        "amount",
        _("Amount, ¥"),
        hint=_("{amount} are available", amount=D.available),
        default_value=D.most,
        input_mode="decimal",
        pattern=r"[0-9]{1,6}(\.[0-9]{1,2})?",
        required=True,
        cls="num",
    )
    form = el.form(
        el.p(
            _("It moves from what you can withdraw to your deposit. It comes back only when operations give it back."),
            class_name="f14 ink2",
        ),
        amount,
        hidden("wish", S.wish),
        row(
            btn(_("Keep"), kind="o", cls="grow", **closes()), btn(_("Put aside"), cls="grow", type="submit"), cls="g12"
        ),
        on_submit=S.put_aside,
        id="aside-form",
        class_name="col g16",
        key="aside-" + S.seq.to(str) + D.most,
    )
    ask = confirm(
        "ask-back",
        _("Ask for your deposit back"),
        _("You ask for all of it: {amount}. What you owe is taken off; the rest becomes available.", amount=D.held),
        _("Ask for it back"),
        S.ask_back,
        kind="p",
    )
    return rx.fragment(modal("aside", _("Put aside"), form), ask)


def view() -> rx.Component:
    """The page."""
    rules = el.ul(
        rx.foreach(D.rules, lambda rule: el.li(icon("check", "s"), rule, class_name="row g6", key=rule)),
        class_name="f12 mut side-p col g4",
    )
    off = note(_("Your city asks for no deposit."), "info")
    about = rx.cond(D.target != "", rules, off)
    something = (D.target != "") | D.may_ask | D.is_asked
    listed = el.div(rx.foreach(D.rows, _row), class_name="card")
    none = nothing(_("Nothing asked back yet"), _("When you ask for your deposit, every step appears here."))
    body = rx.fragment(
        el.div(_head(), rx.cond(something, _acts(), rx.fragment()), _keeps(), about, class_name="stack"),
        section(_("Asked back"), el.div(rx.cond(D.rows.length() > 0, listed, none), class_name="side-12")),
    )
    return technician_shell(
        until_ready(S.ready, body),
        active="income",
        header=navbar(_("Deposit"), "/technician/income/"),
        overlays=_dialogs(),
    )


PAGE = Page("/technician/deposit/", view, N_("Deposit"), S.open)
