"""The customer's points: how many, what expires next, how they are earned and used, and everything that moved them."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import card, el, icon, joined, lbtn, link
from servicehub.components.customer import customer_shell
from servicehub.components.layout import empty, navbar, note, section
from servicehub.pages.customer.parts import loaded
from servicehub.pages.page import Page
from servicehub.state.customer.points import PointsState as S
from servicehub.texts import N_, _

P = S.shown


def _row(row: Any) -> rx.Component:
    words = el.div(
        el.span(row.title, class_name="f15 w6 cut"), el.span(row.when, class_name="f12 mut"), class_name="col g2 grow"
    )
    mark = rx.cond(row.is_in, icon("plus", cls="c-ok"), icon("coins", cls="brand"))
    amount = el.span(row.amount, class_name=rx.cond(row.is_in, "num f16 c-ok", "num f16"))
    to = rx.cond(row.order_no != "", joined("/orders/", row.order_no, "/"), "/me/payments/")
    return link(mark, words, amount, to=to, cls="cell g12", key=row.id)


def view() -> rx.Component:
    """The page."""
    taken = note(_("{n} of them are reserved for a payment that is still open.", n=P.reserved), "info", "clock")
    head = card(
        el.div(
            el.p(_("Points"), class_name="f13 mut"),
            el.p(P.balance, class_name="num f28 w7"),
            el.p(_("They pay {amount} of your next orders.", amount=P.worth), class_name="f13 mut"),
            rx.cond(P.expires != "", el.p(P.expires, class_name="f13 c-warn"), rx.fragment()),
            class_name="col g8 mid center",
        )
    )
    rules = card(
        el.h2(_("How points work"), class_name="f15 w6"),
        el.ul(rx.foreach(P.rules, lambda text: el.li(text, key=text)), class_name="col g4 f13 ink2"),
        cls="col g8",
    )
    nothing = empty(
        _("No points yet"),
        _("Complete an order to earn your first points."),
        lbtn(_("Look around"), to="/"),
        pic="empty-coupons",
    )
    rows = section(
        _("Points history"), el.div(el.div(rx.foreach(P.moves, _row), class_name="card"), class_name="side-12")
    )
    body = el.div(
        el.div(head, rx.cond(P.reserved != "", taken, rx.fragment()), rules, class_name="stack"),
        rx.cond(P.moves.length() > 0, rows, nothing),
    )
    return customer_shell(loaded(S, body), header=navbar(_("My points"), "/me/"))


PAGE = Page("/points/", view, N_("My points"), S.watch)
