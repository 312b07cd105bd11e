"""How a payment ended: paid, not completed, or still being asked for."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import Child, el, icon, joined, lbtn, price
from servicehub.components.customer import customer_shell
from servicehub.components.layout import navbar
from servicehub.pages.customer.parts import loaded
from servicehub.pages.page import Page
from servicehub.state.customer.pay import ResultState
from servicehub.texts import N_, _

R = ResultState.outcome


def _shape(name: str, tone: str, title: str, *buttons: Child) -> rx.Component:
    amount = rx.cond(R.amount != "", price(R.amount, size="l"), rx.fragment())
    return el.div(
        icon(name, "xl", tone),
        el.h2(title, class_name="f20 w7"),
        amount,
        el.p(R.text, class_name="f14 mut"),
        el.p(R.title, class_name="f15 w6"),
        el.p(R.when, class_name="f13 mut"),
        *buttons,
        class_name="empty",
        role="status",
    )


def view() -> rx.Component:
    """The page."""
    order = lbtn(_("View order"), to=joined("/orders/", R.no, "/"), size="l")
    paid = _shape("circle-check", "c-ok", _("Payment received"), order, lbtn(_("Home"), to="/", kind="g"))
    sheet = joined("/pay/?o=", R.no, rx.cond(R.addon != "", "&addon=", ""), R.addon)
    closed = _shape("circle-alert", "c-warn", _("Not paid"), lbtn(_("Pay again"), to=sheet), order)
    again = lbtn(_("Not paid yet? Choose again"), to=sheet, kind="g")
    waiting = _shape("clock", "brand", _("Payment is being confirmed"), order, again)
    failed = _shape(
        "circle-alert", "c-warn", _("The payment did not go through"), lbtn(_("Choose again"), to=sheet), order
    )
    body = rx.match(R.state, ("paid", paid), ("closed", closed), ("failed", failed), waiting)
    return customer_shell(loaded(ResultState, body, of=R.no), header=navbar(_("Payment"), "/orders/"))


PAGE = Page("/pay/result/", view, N_("Payment"), ResultState.watch)
