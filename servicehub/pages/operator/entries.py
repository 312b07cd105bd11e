"""Journal entries on screen: accounts lead to their statements, entries and numbers to their traces or pages."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import el, link
from servicehub.components.tables import amount_td, table, th, two_lines
from servicehub.texts import _

LEDGER, ACCOUNT, GROUP = "/operator/ledger/", "/operator/ledger/account/", "/operator/ledger/group/"


def account_link(code: Any) -> rx.Component:
    """An account's code that leads to its statement."""
    return link(el.code(code, lang="en"), to=rx.Var.create(f"{ACCOUNT}?code=") + code, cls="brand f12")


def trace_link(number: Any, *words: Any) -> rx.Component:
    """Words that lead to the trace of a number or of an entry's key."""
    return link(*words, to=rx.Var.create(f"{LEDGER}?q=") + number, cls="brand")


def group_link(group: Any, *words: Any) -> rx.Component:
    """Words that lead to the accounts of a group."""
    return link(*words, to=rx.Var.create(f"{GROUP}?name=") + group, cls="brand w5")


def refs(rows: Any) -> rx.Component:
    """What something is about, one below the other; `rows` is a Var of `Ref`s."""

    def one(ref: Any) -> rx.Component:
        text = el.span(ref.text, class_name="num", title=ref.full)
        lead = rx.cond(ref.link != "", link(text, to=ref.link, cls="brand"), text)
        return el.span(el.span(ref.kind, class_name="mut"), " ", lead, class_name="f12", key=ref.kind + ref.full)

    nothing = rx.cond(rows.length() == 0, el.span("—", class_name="dim"), rx.fragment())
    return el.div(rx.foreach(rows, one), nothing, class_name="col g0")


def entry_table(entries: Any, caption: str) -> rx.Component:
    """`entries` is a Var of `EntryRow`s."""

    def one(line: Any, entry: Any, index: Any) -> rx.Component:
        first = index == 0
        number = trace_link(entry.key, el.span("#", entry.id, class_name="num"))
        return el.tr(
            el.td(rx.cond(first, number, rx.fragment())),
            el.td(rx.cond(first, two_lines(entry.title, entry.at), rx.fragment())),
            el.td(rx.cond(first, refs(entry.refs), rx.fragment()), class_name="hide-m"),
            el.td(el.div(el.span(line.name), account_link(line.account), class_name="col g0")),
            amount_td(line.debit),
            amount_td(line.credit),
            key=entry.key + line.account,
        )

    heads = [
        th("#"),
        th(_("Entry")),
        th(_("Refers to"), "hide-m"),
        th(_("Account")),
        th(_("Debit"), "r"),
        th(_("Credit"), "r"),
    ]
    rows = rx.foreach(entries, lambda entry: rx.foreach(entry.lines, lambda line, i: one(line, entry, i)))
    return table(caption, heads, rows, dense=True)
