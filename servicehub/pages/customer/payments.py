"""Everything that the customer paid and got back, each with the way to its order."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import el, icon, joined, lbtn, link
from servicehub.components.customer import customer_shell
from servicehub.components.layout import empty, navbar
from servicehub.pages.customer.parts import loaded
from servicehub.pages.page import Page
from servicehub.state.customer.pay import PaymentHistoryState
from servicehub.texts import N_, _

S = PaymentHistoryState


def _row(row: Any) -> rx.Component:
    words = el.div(
        el.span(row.title, class_name="f15 w6 cut"),
        el.span(row.what, " · ", row.sub, class_name="f12 mut"),
        class_name="col g2 grow",
    )
    gone = rx.cond(row.is_hold, icon("shield-check", cls="mut"), icon("wallet", cls="brand"))
    mark = rx.cond(row.is_points, icon("coins", cls="c-ok"), rx.cond(row.is_back, icon("undo-2", cls="c-ok"), gone))
    amount = el.span(
        row.amount, class_name=rx.cond(row.is_back, "num f16 c-ok", rx.cond(row.is_hold, "num f16 mut", "num f16"))
    )
    return link(mark, words, amount, to=joined("/orders/", row.order_no, "/"), cls="cell g12", key=row.id)


def view() -> rx.Component:
    """The page."""
    nothing = empty(
        _("No payments yet"),
        _("What you pay and get back appears here"),
        lbtn(_("Look around"), to="/"),
        pic="empty-orders",
    )
    listed = el.div(el.div(rx.foreach(S.rows, _row), class_name="card"), class_name="stack")
    return customer_shell(
        loaded(S, rx.cond(S.rows.length() > 0, listed, nothing)), header=navbar(_("Payments and refunds"), "/me/")
    )


PAGE = Page("/me/payments/", view, N_("Payments and refunds"), PaymentHistoryState.watch)
