"""The statement of a month, movement by movement, or of a year, month by month with the tax; and the files to keep."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import btn, el, icon, out_link, row, seg
from servicehub.components.layout import navbar, section
from servicehub.components.technician import ledger_row, technician_shell
from servicehub.pages.page import Page
from servicehub.pages.technician.parts import nothing, until_ready
from servicehub.state.technician.statement import StatementState as S
from servicehub.texts import LOCALE, N_, _

T = S.shown
Y = S.year


def _span() -> rx.Component:
    return seg([(_("Month"), ~S.by_year, S.turn("")), (_("Year"), S.by_year, S.turn_year(""))], _("Month or year"))


def _steps(period: Any, before: Any, after: Any, turn: Any, names: tuple[str, str]) -> rx.Component:
    def step(to: Any, name: str, icon_name: str) -> rx.Component:
        return btn(icon(icon_name, "s"), kind="o", size="s", disabled=to == "", on_click=turn(to), aria_label=name)

    title = el.h2(period, class_name="num f20 w7 grow center", aria_live="polite")
    return row(step(before, names[0], "chevron-left"), title, step(after, names[1], "chevron-right"), cls="g12")


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


def _files(period: Any) -> rx.Component:
    kinds = (("pdf", _("PDF file")), ("xlsx", _("Excel file")))
    return row(
        *[
            out_link(
                icon("download", "s"), name, cls="btn btn-o grow",
                to="/api/technician/statements/" + period + f".{kind}?locale={LOCALE.get()}",
            )
            for kind, name in kinds
        ],
        cls="g12",
    )  # fmt: skip


def _month() -> rx.Component:
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
    steps = _steps(T.month, T.before, T.after, S.turn, (_("Month before"), _("Next month")))
    return rx.fragment(
        el.div(_span(), steps, _balances(), _files(T.month), class_name="stack"),
        section(_("Lines"), el.div(rx.cond(T.rows.length() > 0, rows, none), class_name="side-12")),
    )


def _year() -> rx.Component:
    def words(one: Any) -> Any:
        parts = [(_("Gross"), one.gross), (_("Platform commission"), one.commission), (_("Tax withheld"), one.tax)]
        first, *more = [rx.Var.create(f"{name} ") + amount for name, amount in parts]
        for part in more:
            first = first + " · " + part
        return first

    names = (
        (_("Gross"), Y.total.gross), (_("Platform commission"), Y.total.commission), (_("Tax base"), Y.total.base),
        (_("Tax withheld"), Y.total.tax), (_("Net"), Y.total.net), (_("Taken out"), Y.total.paid),
    )  # fmt: skip
    totals = [
        el.div(el.span(name, class_name="f14 grow"), el.span(amount, class_name="num f14"), class_name="row")
        for name, amount in names
    ]
    sums = el.section(
        *totals, el.div(class_name="hr"), rx.foreach(Y.sums, _line),
        class_name="card card-p col g8", aria_label=_("Sum"),
    )  # fmt: skip
    rows = el.div(
        rx.foreach(Y.lines, lambda one: ledger_row(one.label, words(one), one.net, tone="c-price", key=one.label)),
        class_name="card",
    )
    none = nothing(_("Nothing moved in this year"), _("Earnings, tips and withdrawals appear here."))
    steps = _steps(Y.period, Y.before, Y.after, S.turn_year, (_("Year before"), _("Next year")))
    return rx.fragment(
        el.div(_span(), steps, sums, _files(Y.period), class_name="stack"),
        section(_("Months"), el.div(rx.cond(Y.lines.length() > 0, rows, none), class_name="side-12")),
    )


def view() -> rx.Component:
    """The page."""
    body = rx.cond(S.by_year, _year(), _month())
    return technician_shell(
        until_ready(S.ready, body), active="income", header=navbar(_("Statement"), "/technician/income/")
    )


PAGE = Page("/technician/statement/", view, N_("Statement"), S.open)
