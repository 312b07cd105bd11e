"""The cashier's sheet for one order: amount, countdown, method; and how the payment ended."""

from __future__ import annotations

from collections.abc import Sequence

import reflex as rx

from servicehub.components.base import card, el, icon, joined, lbtn, price
from servicehub.components.customer import customer_shell
from servicehub.components.elements import countdown
from servicehub.components.forms import check_option, group, hidden, plain_form, radio_option
from servicehub.components.layout import empty, expire_button, navbar, note
from servicehub.domain.payment import POINTS, WALLET
from servicehub.pages.customer.book import GUARANTEES
from servicehub.pages.customer.parts import loaded
from servicehub.pages.page import Page
from servicehub.state.customer.pay import PayState
from servicehub.texts import LOCALE, N_, _

P = PayState.item
METHODS: tuple[tuple[str, str, str], ...] = (
    ("wechat", N_("WeChat Pay"), "message-circle"),
    ("alipay", N_("Alipay"), "wallet"),
    ("card", N_("Card"), "credit-card"),
    ("cash", N_("Cash to the professional"), "banknote"),
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
    methods = _methods([(key, word, "", name) for key, word, name in METHODS])
    uses = (PayState.with_balance & (P.balance != "")) | (PayState.with_points & (P.points != ""))
    alone = uses & (P.rest == "")
    pay = el.button(
        _("Confirm payment {amount}", amount=rx.cond(uses & (P.rest != ""), P.rest, P.amount_text)),
        type="submit",
        class_name="btn btn-p btn-l btn-b",
        id="pay-ok",
    )
    form = plain_form(
        _points(),
        _balance(),
        rx.cond(alone, rx.fragment(), group(_("Payment method"), *methods)),
        hidden("no", P.no),
        hidden("tip", P.tip),
        hidden("addon", P.addon),
        hidden("locale", LOCALE.get()),
        pay,
        action="/api/payments/start",
        id="pay",
        cls="col g16",
    )
    agree = plain_form(
        group(_("Guarantee"), *_methods(GUARANTEES)),
        hidden("no", P.no),
        hidden("locale", LOCALE.get()),
        el.button(_("Go on to agree"), type="submit", class_name="btn btn-p btn-l btn-b", id="agree"),
        el.p(_("Nothing is charged before the visit. Cancelling in time costs nothing."), class_name="f12 mut"),
        action="/api/guarantees/start",
        id="guarantee",
        cls="col g16",
    )
    told = rx.cond(P.note != "", note(P.note, "info", "wallet"), rx.fragment())
    closed = note(_("Nothing can be paid online at the moment. Please call us; your order stays as it is."), "warn")
    about = el.div(el.span(P.title, class_name="f16 w6"), el.span(P.when, class_name="f13 mut"), class_name="col g4")
    act = rx.cond((offered.length() > 0) | alone, card(rx.cond(P.secures, agree, form)), closed)
    return el.div(card(head), told, card(about), act, class_name="stack")


def _points() -> rx.Component:
    """The customer's points."""
    says = rx.cond(PayState.with_points, _("{n} points pay {amount}", n=P.points_count, amount=P.points), "")
    title = _("Use points, {amount} off", amount=P.points)
    tick = check_option(POINTS, "1", title, says, checked=PayState.with_points, on_toggle=PayState.toggle_points)
    return rx.cond(P.points != "", tick, rx.fragment())


def _balance() -> rx.Component:
    """The customer's balance, and what it leaves to be paid."""
    split = _("{part} from your balance, {rest} with the method below", part=P.balance, rest=P.rest)
    every = rx.cond(PayState.with_points, _("Your balance pays the rest"), _("Your balance pays all of it"))
    says = rx.cond(PayState.with_balance, rx.cond(P.rest == "", every, split), "")
    title = _("Use my balance ({amount})", amount=P.balance)
    tick = check_option(WALLET, "1", title, says, checked=PayState.with_balance, on_toggle=PayState.toggle_balance)
    return rx.cond(P.balance != "", tick, rx.fragment())


def _methods(rows: Sequence[tuple[str, str, str, str]]) -> list[rx.Component]:
    """Those of `rows` (key, word, what it means, icon) that are offered."""
    offered = PayState.methods
    return [
        rx.cond(
            offered.contains(key),
            radio_option(
                "method", key, _(word), _(what) if what else "", lead=icon(name, "l"), checked=offered[0] == key
            ),
            rx.fragment(),
        )
        for key, word, what, name in rows
    ]


def view() -> rx.Component:
    """The page."""
    details = lbtn(_("Order details"), to=joined("/orders/", P.no, "/"))
    nothing = empty(
        _("Nothing to pay here"),
        rx.cond(P.addon != "", _("This add-on is no longer open"), _("This order is paid or closed")),
        rx.cond(P.no != "", details, lbtn(_("My orders"), to="/orders/")),
    )
    body = loaded(PayState, rx.cond(P.is_due, _sheet(), nothing), of=PayState.asked)
    return customer_shell(body, header=navbar(_("Payment"), "/orders/"), overlays=expire_button(PayState.expired))


PAGE = Page("/pay/", view, N_("Payment"), PayState.watch)
