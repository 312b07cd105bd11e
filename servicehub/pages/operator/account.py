"""`/operator/ledger/account/?code=…`: one account's statement, newest first; every entry leads on to what it is about."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import el, link
from servicehub.components.layout import panel
from servicehub.components.operator import facts_table, page_head
from servicehub.components.tables import amount_td, pager, table, th, two_lines
from servicehub.pages.operator.entries import LEDGER, account_link, group_link, refs, trace_link
from servicehub.pages.operator.frame import frame, loading, not_here
from servicehub.pages.page import Page
from servicehub.state.operator.accounts import AccountState as S
from servicehub.state.operator.base import OperatorShellState
from servicehub.texts import N_, _

A = S.shown


def _about() -> rx.Component:
    facts = facts_table(
        (_("Group"), group_link(A.group, A.name)),
        (_("Kind"), A.kind),
        (_("Belongs to"), refs(A.owners)),
        (_("Balance"), el.span(A.balance, class_name="num w6")),
    )
    return panel(_("Account"), facts, note=_("Balances: + debit, − credit"))


def _line(one: Any) -> rx.Component:
    return el.tr(
        el.td(trace_link(one.key, el.span("#", one.id, class_name="num"))),
        el.td(two_lines(one.title, one.at)),
        el.td(refs(one.refs), class_name="hide-m"),
        el.td(
            el.div(rx.foreach(one.others, lambda code: el.span(account_link(code), key=code)), class_name="col g0"),
            class_name="hide-m",
        ),
        amount_td(one.debit), amount_td(one.credit), amount_td(one.balance), key=one.key,
    )  # fmt: skip


def _sum(text: str, amount: Any) -> rx.Component:
    return el.tr(
        el.td(""), el.td(text, class_name="w5"), *[el.td("", class_name=cls) for cls in ("hide-m", "hide-m", "", "")],
        el.td(el.span(amount, class_name="num w6"), class_name="r"),
    )  # fmt: skip


def _lines() -> rx.Component:
    heads = [
        th("#"), th(_("Entry")), th(_("Refers to"), "hide-m"), th(_("Other accounts"), "hide-m"),
        th(_("Debit"), "r"), th(_("Credit"), "r"), th(_("Balance"), "r"),
    ]  # fmt: skip
    rows = rx.fragment(
        _sum(_("After these entries"), A.closing),
        rx.foreach(A.lines, _line),
        _sum(_("Before these entries"), A.opening),
    )
    body = table(_("Statement of the account"), heads, rows, dense=True)
    pages = pager(A.page, A.pages, _("{n} entries, newest first", n=A.total), S.turn)
    return panel(_("Statement of the account"), body, pages)


def view() -> rx.Component:
    """The page."""
    head = page_head(
        el.span(_("Account"), " ", el.code(A.code, lang="en")), A.name, link(_("Ledger"), to=LEDGER, cls="abtn")
    )
    none = not_here(_("There is no such account"), _("Nothing was ever posted to it."), _("Ledger"), LEDGER)
    blank = rx.fragment(page_head(_("Account"), _("Loading")), loading(7))
    body = rx.cond(A.code != "", rx.fragment(head, _about(), _lines()), rx.cond(S.ready, none, blank))
    return frame(body, active="ledger", state=S)


PAGE = Page(
    "/operator/ledger/account/", view, N_("Account"), [OperatorShellState.watch, S.watch],
    description=N_("One account of the books: every posting with the balance after it."),
)  # fmt: skip
