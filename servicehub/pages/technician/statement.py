"""The statement of a month: balances, sums, every movement, and the files to keep."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import btn, el, icon, out_link, row
from servicehub.components.layout import navbar, section
from servicehub.components.technician import ledger_row, technician_shell
from servicehub.pages.page import Page
from servicehub.pages.technician.parts import nothing, until_ready
from servicehub.state.technician.statement import StatementState as S
from servicehub.texts import LOCALE, N_, _

T = S.shown


def _months() -> rx.Component:
    def turn(month: rx.Var, name: str, icon_name: str) -> rx.Component:
        return btn(
            icon(icon_name, "s"), kind="o", size="s", disabled=month == "", on_click=S.turn(month), aria_label=name
        )

    title = el.h2(T.month, class_name="num f20 w7 grow center", aria_live="polite")
    return row(
        turn(T.before, _("Month before"), "chevron-left"),
        title,
        turn(T.after, _("Next month"), "chevron-right"),
        cls="g12",
    )


def _line(one: Any) -> rx.Component:
    return el.div(
        el.span(one.name, class_name="f14 grow"),
        el.span(one.amount, class_name="num f14"),
        class_name="row",
        key=one.name,
    )


def _balances() -> rx.Component:
    strong = [
        el.div(
            el.span(one.name, class_name="f15 w6 grow"), el.span(one.amount, class_name="num f18 w6"), class_name="row"
        )
        for one in (T.opening, T.closing)
    ]
    return el.section(
        strong[0], rx.foreach(T.sums, _line), el.div(class_name="hr"), strong[1], rx.foreach(T.parts, _line),
        rx.foreach(T.withheld, _line),
        class_name="card card-p col g8", aria_label=_("Balances"),
    )  # fmt: skip


def _files() -> rx.Component:
    kinds = (("pdf", _("PDF file")), ("xlsx", _("Excel file")))
    return row(
        *[
            out_link(
                icon("download", "s"), name, cls="btn btn-o grow",
                to="/api/technician/statements/" + T.month + f".{kind}?locale={LOCALE.get()}",
            )
            for kind, name in kinds
        ],
        cls="g12",
    )  # fmt: skip


def view() -> rx.Component:
    """The page."""
    rows = el.div(
        rx.foreach(
            T.rows,
            lambda r: ledger_row(
                r.title,
                rx.cond(r.order_no != "", r.at + " · " + r.order_no, r.at)
                + rx.cond(r.deducted != "", " · " + r.deducted, ""),
                r.amount,
                tone=rx.cond(r.amount_fen < 0, "mut", "c-price"),
                key=r.id,
            ),
        ),
        class_name="card",
    )
    none = nothing(_("Nothing moved in this month"), _("Earnings, tips and withdrawals appear here."))
    body = rx.fragment(
        el.div(_months(), _balances(), _files(), class_name="stack"),
        section(_("Lines"), el.div(rx.cond(T.rows.length() > 0, rows, none), class_name="side-12")),
    )
    return technician_shell(
        until_ready(S.ready, body), active="income", header=navbar(_("Statement"), "/technician/income/")
    )


PAGE = Page("/technician/statement/", view, N_("Statement"), S.open)
