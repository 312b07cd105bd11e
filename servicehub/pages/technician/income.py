"""Earnings: what is available, what is still pending, the last days, and every line with the way to its origin."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import col, css, el, lbtn, row
from servicehub.components.layout import navbar, note, section
from servicehub.components.technician import ledger_row, technician_shell
from servicehub.pages.page import Page
from servicehub.pages.technician.parts import nothing, until_ready
from servicehub.state.technician.income import IncomeState as S
from servicehub.texts import N_, _


def _head() -> rx.Component:
    pairs = ((_("Today"), S.income.today), (_("Last 7 days"), S.income.week), (_("Last 30 days"), S.income.month))
    sums = [
        col(el.span(value, class_name="num f18"), el.span(word, class_name="f12 soft"), cls="g0 grow")
        for word, value in pairs
    ]
    available = col(
        el.span(_("Available"), class_name="f13 soft"), el.span(S.income.available, class_name="num f34"), cls="g2"
    )
    pending = col(
        el.span(_("Pending"), class_name="f13 soft"), el.span(S.income.pending, class_name="num f24"), cls="g2 ends"
    )
    return el.section(
        row(available, el.span(pending, class_name="end"), cls="base-end"),
        el.div(class_name="hr"),
        row(*sums, cls="top"),
        class_name="money-card",
        aria_label=_("Balances"),
    )


def _bar(bar: Any) -> rx.Component:
    column = el.span(class_name="bar", **css(p=bar.percent))
    return el.li(el.span(bar.net, class_name="sr"), column, el.span(bar.day, class_name="f11 mut cut"), key=bar.day)


def _line(r: Any) -> rx.Component:
    tone = rx.cond(r.state == "frozen", "mut", "c-price")
    words = r.title, r.when + " · " + r.state_label, r.net
    led = ledger_row(*words, tone=tone, to="/technician/income/" + r.no + "/")
    return el.div(rx.cond(r.no != "", led, ledger_row(*words, tone=tone)), key=r.id)


def view() -> rx.Component:
    """The page."""
    debt = rx.cond(
        S.income.debt != "",
        note(
            _("You owe {amount}; it is taken from your next earnings.", amount=S.income.debt), "warn", "triangle-alert"
        ),
        rx.fragment(),
    )
    explain = el.p(
        _("Earnings become available some days after the customer confirmed, depending on your level."),
        class_name="f12 mut side-p",
    )
    withdraw = row(
        lbtn(_("Withdraw"), to="/technician/withdraw/", cls="grow"),
        lbtn(_("Statement"), to="/technician/statement/", kind="o", cls="grow"),
        cls="g12",
    )
    target = rx.cond(
        S.income.deposit_target != "",
        _("of {amount}; a share of your earnings goes there", amount=S.income.deposit_target),
        _("Asked for no longer: you can have it back"),
    )
    deposit = rx.cond(
        S.income.deposit != "",
        el.div(ledger_row(_("Deposit"), target, S.income.deposit, to="/technician/deposit/"), class_name="card"),
        rx.fragment(),
    )
    chart = el.div(el.ol(rx.foreach(S.bars, _bar), class_name="bars"), class_name="card card-p")
    rows = el.div(
        rx.foreach(
            S.income.rows,
            _line,
        ),
        class_name="card",
    )
    none = nothing(_("No earnings yet"), _("The first settled job appears here."))
    body = rx.fragment(
        el.div(_head(), withdraw, explain, debt, deposit, chart, class_name="stack"),
        section(_("Lines"), el.div(rx.cond(S.income.rows.length() > 0, rows, none), class_name="side-12")),
    )
    return technician_shell(until_ready(S.ready, body), active="income", header=navbar(_("Earnings"), "/technician/"))


PAGE = Page("/technician/income/", view, N_("Earnings"), S.open)
