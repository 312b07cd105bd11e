"""`/operator/ledger/group/?name=…`: the accounts of one group of the trial balance, the largest balance first."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import el, link
from servicehub.components.layout import panel
from servicehub.components.operator import page_head
from servicehub.components.tables import amount_td, pager, table, th
from servicehub.pages.operator.entries import LEDGER, account_link, refs
from servicehub.pages.operator.frame import frame, loading, not_here
from servicehub.pages.page import Page
from servicehub.state.operator.accounts import AccountGroupState as S
from servicehub.state.operator.base import OperatorShellState
from servicehub.texts import N_, _

G = S.shown


def _line(one: Any) -> rx.Component:
    return el.tr(
        el.td(account_link(one.code)), el.td(refs(one.owners)), el.td(el.span(one.postings, class_name="num"), class_name="r"),
        amount_td(one.balance), key=one.code,
    )  # fmt: skip


def view() -> rx.Component:
    """The page."""
    heads = [th(_("Account")), th(_("Belongs to")), th(_("Postings"), "r"), th(_("Balance"), "r")]
    calm = rx.cond(
        G.total == 0, el.p(_("Nothing was ever posted to this group."), class_name="mut f13 panel-b"), rx.fragment()
    )
    rows = table(_("Accounts"), heads, rx.foreach(G.lines, _line), empty=calm, dense=True)
    pages = pager(G.page, G.pages, _("{n} accounts, the largest balance first", n=G.total), S.turn)
    sums = el.span(_("Together {sum}; + debit, − credit", sum=G.balance), class_name="num")
    head = page_head(G.name, sums, link(_("Ledger"), to=LEDGER, cls="abtn"))
    none = not_here(
        _("There is no such group"), _("The trial balance lists the groups of accounts."), _("Ledger"), LEDGER
    )
    blank = rx.fragment(page_head(_("Accounts"), _("Loading")), loading(4))
    body = rx.fragment(head, panel(_("Accounts"), rows, pages))
    return frame(rx.cond(G.group != "", body, rx.cond(S.ready, none, blank)), active="ledger", state=S)


PAGE = Page(
    "/operator/ledger/group/", view, N_("Accounts of a group"), [OperatorShellState.watch, S.watch],
    description=N_("What is on each account of a group, the largest balance first."),
)  # fmt: skip
