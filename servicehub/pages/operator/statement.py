"""A technician's statement of a month on the technician's page: balances, movements, and the files to keep."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import el, ibtn, icon, out_link
from servicehub.components.layout import panel
from servicehub.components.tables import amount_td, table, th
from servicehub.pages.operator.frame import order_link
from servicehub.state.operator.statement import TechnicianStatementState as S
from servicehub.texts import LOCALE, _

T = S.shown


def _months() -> rx.Component:
    def turn(month: rx.Var, name: str, icon_name: str) -> rx.Component:
        return ibtn(icon_name, name, cls="ib-s", disabled=month == "", on_click=S.turn(month))

    title = el.span(T.month, class_name="num w6", aria_live="polite")
    return el.div(
        turn(T.before, _("Month before"), "chevron-left"),
        title,
        turn(T.after, _("Next month"), "chevron-right"),
        class_name="row g6",
    )


def _files() -> list[rx.Component]:
    base = rx.Var.create("/api/operator/technicians/") + S.technician_id.to(str) + "/statements/"
    return [
        out_link(icon("download"), name, cls="abtn", to=base + T.month + f".{kind}?locale={LOCALE.get()}")
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


def statement_panel() -> rx.Component:
    """The panel; nothing for those who do not read the ledger."""
    tail = el.div(_months(), *_files(), class_name="row g12 wrap")
    body = panel(_("Statement"), _sums(), _rows(), note=T.made, tail=tail)
    return rx.cond(S.allowed & (T.month != ""), body, rx.fragment())
