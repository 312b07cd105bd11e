"""Journal entries on screen, each line with its account; every order and account leads to its trace. Used by several pages."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import el, link
from servicehub.components.tables import amount_td, table, th, two_lines
from servicehub.texts import _


def entry_table(entries: Any, caption: str, on_account: Any = None) -> rx.Component:
    """`entries` is a Var of `EntryRow`s; `on_account` an event that takes an account's code."""

    def account(line: Any) -> rx.Component:
        if on_account is None:
            return el.code(line.account, class_name="f12")
        return el.button(
            el.code(line.account), type="button", class_name="f12 brand", on_click=on_account(line.account)
        )

    def one(line: Any, entry: Any, index: Any) -> rx.Component:
        first = index == 0
        order = rx.cond(
            entry.order_no != "",
            link(
                el.span(entry.order_no, class_name="num"),
                to=rx.Var.create("/operator/orders/") + entry.order_no + "/",
                cls="brand",
            ),
            el.span("—", class_name="dim"),
        )
        return el.tr(
            el.td(rx.cond(first, el.span("#", entry.id, class_name="num mut"), rx.fragment())),
            el.td(rx.cond(first, two_lines(entry.title, entry.at), rx.fragment())),
            el.td(rx.cond(first, order, rx.fragment()), class_name="hide-m"),
            el.td(el.div(el.span(line.name), el.span(account(line)), class_name="col g0")),
            amount_td(line.debit),
            amount_td(line.credit),
            key=entry.key + line.account,
        )

    heads = [
        th("#"),
        th(_("Entry")),
        th(_("Order"), "hide-m"),
        th(_("Account")),
        th(_("Debit"), "r"),
        th(_("Credit"), "r"),
    ]
    rows = rx.foreach(entries, lambda entry: rx.foreach(entry.lines, lambda line, i: one(line, entry, i)))
    return table(caption, heads, rows, dense=True)
