"""A technician's statement on the technician's page: a month's movements, or a year with the tax; and the files to keep."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import el, ibtn, icon, out_link, seg
from servicehub.components.layout import panel
from servicehub.components.tables import amount_td, table, th
from servicehub.pages.operator.frame import order_link
from servicehub.state.operator.statement import TechnicianStatementState as S
from servicehub.texts import LOCALE, _

T = S.shown
Y = S.year


def _steps(period: Any, before: Any, after: Any, turn: Any, names: tuple[str, str]) -> rx.Component:
    def step(to: Any, name: str, icon_name: str) -> rx.Component:
        return ibtn(icon_name, name, cls="ib-s", disabled=to == "", on_click=turn(to))

    title = el.span(period, class_name="num w6", aria_live="polite")
    return el.div(
        step(before, names[0], "chevron-left"), title, step(after, names[1], "chevron-right"), class_name="row g6"
    )


def _files(period: Any) -> list[rx.Component]:
    base = rx.Var.create("/api/operator/technicians/") + S.technician_id.to(str) + "/statements/"
    return [
        out_link(icon("download"), name, cls="abtn", to=base + period + f".{kind}?locale={LOCALE.get()}")
        for kind, name in (("pdf", "PDF"), ("xlsx", "Excel"))
    ]


def _sums() -> rx.Component:
    def one(s: Any, cls: str = "") -> rx.Component:
        return el.div(
            el.span(s.name, class_name="f12 mut"), el.span(s.amount, class_name=f"num {cls}"), class_name="col g2", key=s.name
        )  # fmt: skip

    parts = rx.foreach(T.parts, one)
    return el.div(one(T.opening, "w6"), rx.foreach(T.sums, one), one(T.closing, "w6"), parts, class_name="quad panel-b")


def _rows() -> rx.Component:
    heads = [
        th(_("Time")), th(_("What")), th(_("Order no.")), th(_("Rule"), "hide-m"), th(_("Amount"), "r"),
    ]  # fmt: skip
    rows = rx.foreach(
        T.rows,
        lambda r: el.tr(
            el.td(el.span(r.at, class_name="num")), el.td(r.title), el.td(rx.cond(r.order_no != "", order_link(r.order_no), "—")),
            el.td(el.code(r.note, class_name="f12 mut"), class_name="hide-m"), amount_td(r.amount), key=r.id,
        ),
    )  # fmt: skip
    calm = rx.cond(
        T.rows.length() == 0, el.p(_("Nothing moved in this month"), class_name="mut f13 panel-b"), rx.fragment()
    )
    return table(_("Statement"), heads, rows, empty=calm, dense=True)


def _year() -> rx.Component:
    heads = [
        th(_("Month")), th(_("Gross"), "r"), th(_("Platform commission"), "r"), th(_("Tax base"), "r"),
        th(_("Tax withheld"), "r"), th(_("Net"), "r"), th(_("Taken out"), "r"),
    ]  # fmt: skip

    def line(one: Any) -> rx.Component:
        return el.tr(
            el.td(el.span(one.label, class_name="num")), amount_td(one.gross), amount_td(one.commission), amount_td(one.base),
            amount_td(one.tax), amount_td(one.net), amount_td(one.paid), key=one.label,
        )  # fmt: skip

    balances = rx.foreach(
        Y.sums,
        lambda s: el.div(
            el.span(s.name, class_name="f12 mut"),
            el.span(s.amount, class_name="num w6"),
            class_name="col g2",
            key=s.name,
        ),
    )
    rows = rx.fragment(rx.foreach(Y.lines, line), line(Y.total))
    return el.div(el.div(balances, class_name="quad panel-b"), table(_("Statement"), heads, rows, dense=True))


def statement_panel() -> rx.Component:
    """The panel; nothing for those who do not read the ledger."""
    month = _steps(T.month, T.before, T.after, S.turn, (_("Month before"), _("Next month")))
    year = _steps(Y.period, Y.before, Y.after, S.turn_year, (_("Year before"), _("Next year")))
    span = seg([(_("Month"), ~S.by_year, S.turn("")), (_("Year"), S.by_year, S.turn_year(""))], _("Month or year"))
    body = rx.cond(
        S.by_year,
        panel(_("Statement"), _year(), note=Y.made, tail=el.div(span, year, *_files(Y.period), class_name="row g12 wrap")),
        panel(
            _("Statement"), _sums(), _rows(), note=T.made,
            tail=el.div(span, month, *_files(T.month), class_name="row g12 wrap"),
        ),
    )  # fmt: skip
    return rx.cond(S.allowed & (T.month != ""), body, rx.fragment())
