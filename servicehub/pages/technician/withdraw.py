"""Withdrawing: the amount, the account, the rules, and every withdrawal with its state."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import btn, card, col, el, icon, lbtn, money, out_link, row
from servicehub.components.forms import group, radio_option, text_input
from servicehub.components.layout import navbar, note, section
from servicehub.components.technician import technician_shell
from servicehub.domain.withdrawal import WECHAT
from servicehub.pages.page import Page
from servicehub.pages.technician.parts import nothing, until_ready
from servicehub.state.technician.withdraw import WithdrawState as S
from servicehub.texts import LOCALE, N_, _, localized_path
from servicehub.texts.refusals import REFUSALS

W = S.shown
ICONS = {"alipay": "wallet", WECHAT: "message-circle"}


def _channels() -> rx.Component:
    """Where the money goes, where there is a choice."""
    names = {"alipay": _("Alipay"), WECHAT: _("WeChat wallet")}
    options = [
        rx.cond(
            S.channels.contains(key),
            radio_option("channel", key, name, lead=icon(ICONS[key]), checked=S.channel == key, on_pick=S.choose(key)),
            rx.fragment(),
        )
        for key, name in names.items()
    ]
    return group(_("Pay out to"), *options)


def _wallet() -> rx.Component:
    how = _("You say yes in WeChat when it has been approved, within 24 hours.")
    return note(el.span(_("WeChat is connected."), " ", how), "info", "message-circle")


def _log_in() -> rx.Component:
    """Which wallet it is: WeChat's log-in says so, which only its own browser has."""
    why = el.p(_("Your wallet is found by your log-in in WeChat. Nothing else is read there."), class_name="f13 ink2")
    here = out_link(
        icon("message-circle", "s"),
        _("Connect WeChat"),
        to="/api/wechat/authorize?next=" + localized_path("/technician/withdraw/", LOCALE.get()),
        cls="btn btn-o",
    )
    there = el.div(
        el.img(src=S.picture, alt=_("Open this page in WeChat"), width=180, height=180, class_name="qr"),
        el.p(_("Scan the code with WeChat, log in and connect it there."), class_name="f13 mut"),
        class_name="col g8 mid center",
    )
    return el.div(why, rx.cond(S.can_log_in, here, there), class_name="col g12")


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
    to_wechat = S.channel == WECHAT
    payee = row(
        el.span(_("Paid to"), class_name="mut"), el.span(W.payee, class_name="end w6"), cls="f14", aria_label=_("Payee")
    )
    form = el.form(
        amount,
        rx.cond(S.channels.length() > 1, _channels(), rx.fragment()),
        rx.cond(to_wechat, rx.cond(W.in_wechat, _wallet(), _log_in()), account),
        payee,
        btn(_("Withdraw"), type="submit", size="l", block=True, disabled=to_wechat & ~W.in_wechat),
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
    company = col(
        note(_(REFUSALS["partner_pays"]), "info", "building-2"),
        el.p(_("What you earned here before stays yours: operations tell you how it is paid."), class_name="f13 mut"),
        cls="g8",
    )
    return card(rx.cond(W.by_company, company, rx.cond(S.channels.length() > 0, usual, closed)))


def _row(r: Any) -> rx.Component:
    tone = rx.cond(r.tone != "", "tag tag-" + r.tone, "tag")
    head = row(money(r.amount, "f18"), el.span(r.state_label, class_name=tone), cls="g8")
    why = rx.cond(r.note != "", el.span(r.note, class_name="f13 ink2"), rx.fragment())
    words = col(head, el.span(r.line, class_name="f12 mut"), why, cls="g4 grow")
    confirm = rx.cond(
        r.waits,
        lbtn(_("Confirm"), to="/technician/withdraw/confirm/?no=" + r.no, size="s"),
        rx.fragment(),
    )
    undo = rx.cond(
        r.may_cancel,
        btn(_("Take the withdrawal back"), kind="o", on_click=S.take_back(r.no), size="s"),
        rx.fragment(),
    )
    return el.div(words, undo, confirm, class_name="cell g12", key=r.no)


def view() -> rx.Component:
    """The page."""
    head = el.section(
        col(
            el.span(rx.cond(W.by_company, _("Earned here before"), _("Available")), class_name="f13 soft"),
            el.span(W.available, class_name="num f34"),
            cls="g2",
        ),
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
        el.div(head, _form(), rx.cond(W.by_company, rx.fragment(), rules), class_name="stack"),
        section(_("Withdrawals"), el.div(rx.cond(W.rows.length() > 0, listed, none), class_name="side-12")),
    )
    return technician_shell(
        until_ready(S.ready, body), active="income", header=navbar(_("Withdraw"), "/technician/income/")
    )


PAGE = Page("/technician/withdraw/", view, N_("Withdraw"), S.open)
