"""The cashier's sheet for one order: amount, countdown, method; and how the payment ended."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import card, el, icon, lbtn, price
from servicehub.components.customer import customer_shell
from servicehub.components.elements import countdown
from servicehub.components.forms import group, hidden, plain_form, radio_option
from servicehub.components.layout import empty, expire_button, navbar, note
from servicehub.pages.customer.parts import joined, loaded
from servicehub.pages.page import Page
from servicehub.state.customer.pay import PayState
from servicehub.texts import LOCALE, N_, _

P = PayState.item
METHODS: tuple[tuple[str, str, str], ...] = (
    ("wechat", N_("WeChat Pay"), "message-circle"),
    ("alipay", N_("Alipay"), "wallet"),
)


def _sheet() -> rx.Component:
    """What the browser posts by itself; the answer leads to the cashier."""
    clock = rx.cond(
        P.seconds_left > 0,
        el.p(_("Please pay within"), " ", countdown(P.seconds_left, warn=180, expire=True), class_name="f13 mut"),
        rx.fragment(),
    )
    held = rx.cond(P.seconds_left > 0, el.p(_("The time is held for you"), class_name="f12 mut"), rx.fragment())
    head = el.div(el.p(P.what, class_name="f13 mut"), price(P.amount, size="xl"), clock, held, class_name="col g8 mid")
    offered = PayState.methods
    methods = [
        rx.cond(
            offered.contains(key),
            radio_option("method", key, _(word), lead=icon(name, "l"), checked=offered[0] == key),
            rx.fragment(),
        )
        for key, word, name in METHODS
    ]
    pay = el.button(
        _("Confirm payment {amount}", amount=P.amount_text),
        type="submit",
        class_name="btn btn-p btn-l btn-b",
        id="pay-ok",
    )
    form = plain_form(
        group(_("Payment method"), *methods),
        hidden("no", P.no),
        hidden("locale", LOCALE.get()),
        pay,
        action="/api/payments/start",
        id="pay",
        cls="col g16",
    )
    closed = note(_("Nothing can be paid online at the moment. Please call us; your order stays as it is."), "warn")
    about = el.div(el.span(P.title, class_name="f16 w6"), el.span(P.when, class_name="f13 mut"), class_name="col g4")
    return el.div(card(head), card(about), rx.cond(offered.length() > 0, card(form), closed), class_name="stack")


def view() -> rx.Component:
    """The page."""
    details = lbtn(_("Order details"), to=joined("/orders/", P.no, "/"))
    nothing = empty(
        _("Nothing to pay here"),
        _("This order is paid or closed"),
        rx.cond(P.no != "", details, lbtn(_("My orders"), to="/orders/")),
    )
    body = loaded(PayState, rx.cond(P.is_due, _sheet(), nothing))
    return customer_shell(body, header=navbar(_("Payment"), "/orders/"), overlays=expire_button(PayState.expired))


PAGE = Page("/pay/", view, N_("Payment"), PayState.watch)
