"""The customer's balance: what it holds, what is reserved, and everything that moved it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import card, el, icon, joined, lbtn, link, price
from servicehub.components.customer import customer_shell
from servicehub.components.layout import empty, navbar, note, section
from servicehub.pages.customer.parts import loaded
from servicehub.pages.page import Page
from servicehub.state.customer.wallet import WalletState as S
from servicehub.texts import N_, _

W = S.shown


def _row(row: Any) -> rx.Component:
    words = el.div(
        el.span(row.title, class_name="f15 w6 cut"),
        rx.cond(row.note != "", el.span(row.note, class_name="f13 ink2"), rx.fragment()),
        el.span(row.when, class_name="f12 mut"),
        class_name="col g2 grow",
    )
    mark = rx.cond(row.is_in, icon("plus", cls="c-ok"), icon("wallet", cls="brand"))
    amount = el.span(row.amount, class_name=rx.cond(row.is_in, "num f16 c-ok", "num f16"))
    to = rx.cond(row.order_no != "", joined("/orders/", row.order_no, "/"), "/me/payments/")
    return link(mark, words, amount, to=to, cls="cell g12", key=row.id)


def view() -> rx.Component:
    """The page."""
    taken = note(_("{amount} of it is reserved for a payment that is still open.", amount=W.reserved), "info", "clock")
    head = card(
        el.div(
            el.p(_("Balance"), class_name="f13 mut"),
            price(W.balance, size="xl"),
            el.p(_("Choose it when you pay; what it does not cover is paid as usual."), class_name="f13 mut"),
            class_name="col g8 mid center",
        )
    )
    nothing = empty(
        _("Your balance is empty"),
        _("Credits from us, and refunds of what your balance paid, appear here."),
        lbtn(_("Look around"), to="/"),
        pic="empty-coupons",
    )
    rows = section(_("Movements"), el.div(el.div(rx.foreach(W.moves, _row), class_name="card"), class_name="side-12"))
    body = el.div(
        el.div(head, rx.cond(W.reserved != "", taken, rx.fragment()), class_name="stack"),
        rx.cond(W.moves.length() > 0, rows, nothing),
    )
    return customer_shell(loaded(S, body), header=navbar(_("My balance"), "/me/"))


PAGE = Page("/wallet/", view, N_("My balance"), S.watch)
